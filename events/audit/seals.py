"""The seals of entries, one after the other: which key has to be it, and whether it was."""

from typing import Any

from events.audit import body, seal, stored
from events.audit.attached import Attached
from events.audit.chain import KEY_ADDED, KEY_LOST, KEY_REPLACED
from events.audit.seal import Key
from events.audit.stored import Row
from events.models import AuditEntry


class Seals:
    """What is known of keys up to an entry; `before` are the fields of the one before the first.

    The first key is believed if it is here. Another one is only if an entry of the key before
    says so. Entries from before there were seals, and those of a key that is lost, are noted.
    """

    def __init__(self, before: dict[str, Any]) -> None:
        self._current = ""
        self._follow(before)
        self._lost = _lost_keys()
        self._bare, self._unproven_terms = 0, 0
        self._unchecked: dict[str, tuple[int, int]] = {}

    def fault(self, row: Row, fields: dict[str, Any]) -> str:
        """What is wrong with the seal of an entry whose body and columns agree."""
        if "key" not in body.SHAPES[fields["v"]].keys:
            if self._current:
                return "it is not sealed, though entries before it are: no key wrote it"
            self._bare = row["seq"]
            return "" if row["is_bare"] else "its column mac was changed"
        key_id = fields["key"]
        is_lost = fields["action"] == KEY_LOST and _find(self._current) is None
        if self._current not in ("", key_id) and not is_lost:
            return f"it is sealed by key {key_id}, and the log's key was {self._current}"
        self._follow(fields)
        if key_id in self._lost:
            first, _ = self._unchecked.setdefault(key_id, (row["seq"], row["seq"]))
            self._unchecked[key_id] = (first, row["seq"])
            return ""
        if _find(key_id) is None:
            return f"it is sealed by key {key_id}, which is not here: {seal.where()}"
        if not seal.is_genuine(key_id, row["hash"], row["mac"] or ""):
            return "its seal is wrong: somebody without the key wrote it"
        return ""

    def terms_fault(self, fields: dict[str, Any], digests: list[str], found: Attached) -> str:
        """What is wrong with the search terms of an entry whose seal is right."""
        if "terms" not in body.SHAPES[fields["v"]].keys:
            return self._bare_terms_fault(digests, found)
        key = _find(fields["key"])
        if key is None:
            # Of a lost key: whether there are any can still be told.
            is_right = bool(fields["terms"]) == bool(digests)
        else:
            is_right = key.terms(fields["prev"], digests) == fields["terms"]
        return "" if is_right else "its search terms were changed"

    def notes(self) -> tuple[str, ...]:
        """What could not be proven, in sentences."""
        told = []
        if self._bare:
            told.append(
                f"Entries 1 to {self._bare} are from before entries were sealed. Their hashes "
                "are in order; only a head that was noted shows that they were not written anew."
            )
        if self._unproven_terms:
            told.append(f"The search terms of {self._unproven_terms} of them cannot be proven.")
        for key, (first, last) in self._unchecked.items():
            told.append(
                f"Entries {first} to {last} are sealed by key {key}, which was said to be lost. "
                "Their hashes are in order; their seals were not looked at."
            )
        return tuple(told)

    def _bare_terms_fault(self, digests: list[str], found: Attached) -> str:
        if found.terms is not None:
            is_right = sorted(found.terms) == sorted(digests)
            return "" if is_right else "its search terms are not those of its payload"
        self._unproven_terms += bool(digests)
        return ""

    def _follow(self, fields: dict[str, Any]) -> None:
        """Which key has to seal what comes after the entry of `fields`."""
        is_change = fields.get("action") == KEY_ADDED
        self._current = str(fields.get("object_id" if is_change else "key", self._current))


def _find(key_id: object) -> Key | None:
    return seal.find(key_id) if isinstance(key_id, str) else None


def _lost_keys() -> frozenset[str]:
    """The keys that a key which is here says to be lost."""
    lost = set()
    for digest, mac, text in stored.fetch(
        f"SELECT {stored.texts('hash', 'mac', 'body')} FROM {AuditEntry._meta.db_table}"  # noqa: S608
        " WHERE action = %s",
        (KEY_LOST,),
    ):
        said = stored.text(text) or ""
        fields = body.parsed(said)
        is_whole = body.digest(said) == stored.text(digest) and fields.get("action") == KEY_LOST
        key_id, seen = str(fields.get("key")), stored.text(mac) or ""
        if is_whole and seal.is_genuine(key_id, body.digest(said), seen):
            lost.add(str(fields.get("reason")).removeprefix(KEY_REPLACED))
    return frozenset(key for key in lost if seal.find(key) is None)
