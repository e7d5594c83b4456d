"""The seals of entries, one after the other: which key has to be it, and whether it was.

An entry whose key is not here proves nothing by its own seal. But a later one that is sealed by a
key that is here commits, by the chain of hashes, to all that came before. So such entries are as
good as their hashes once a genuine one follows, which is told, and a fault while none does.
"""

from typing import Any

from events.audit import body, seal, stored
from events.audit.attached import Attached
from events.audit.chain import KEY_ADDED, KEY_LOST, KEY_REPLACED
from events.audit.seal import Key
from events.audit.stored import Row
from events.models import AuditEntry


class Seals:
    """What is known of keys up to an entry; `before` are the fields of the one before the first.

    The first key is believed. Another one follows it only if an entry of the key before says so,
    or one that is genuine says that the key before is lost. Entries from before there were seals
    are noted.
    """

    def __init__(self, before: dict[str, Any]) -> None:
        ring = seal.keys()
        self._keys = {key.id: key for key in ring}
        self._current = ""
        self._used = _used_keys(before)
        self._follow(before)
        self._lost = _lost_keys()
        self._bare, self._unproven_terms = 0, 0
        # Key that is not here → its first and last entry: until a genuine one follows, and since.
        self._open: dict[str, tuple[int, int]] = {}
        self._unchecked: dict[str, tuple[int, int]] = {}

    def fault(self, row: Row, fields: dict[str, Any]) -> str:
        """What is wrong with the seal of an entry whose body and columns agree."""
        if "key" not in body.SHAPES[fields["v"]].keys:
            if self._current:
                return "it is not sealed, though entries before it are: no key wrote it"
            self._bare = row["seq"]
            return "" if row["is_bare"] else "its column mac was changed"
        key_id, key = str(fields["key"]), self._find(fields["key"])
        if key is not None and not key.is_genuine(row["hash"], row["mac"]):
            return "its seal is wrong: somebody without the key wrote it"
        if self._current not in ("", key_id) and not self._goes_on_without(fields, key):
            return f"it is sealed by key {key_id}, and the log's key was {self._current}"
        self._follow(fields)
        self._note(key_id, row["seq"], is_here=key is not None)
        return ""

    def fault_at_end(self) -> tuple[int, str] | None:
        """The first entry that no genuine one follows, and what is missing."""
        if not self._open:
            return None
        key_id, (first, _) = min(self._open.items(), key=lambda item: item[1])
        return first, f"it is sealed by key {key_id}, which is not here: {seal.where()}"

    def terms_fault(self, fields: dict[str, Any], digests: list[str], found: Attached) -> str:
        """What is wrong with the search terms of an entry whose seal is right."""
        if "terms" not in body.SHAPES[fields["v"]].keys:
            return self._bare_terms_fault(digests, found)
        key = self._find(fields["key"])
        if key is None:
            # Whether there are any can still be told.
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
                f"Entries {first} to {last} are sealed by key {key}, which is not here. Their "
                "hashes are in order, and sealed entries follow; their own seals were not looked "
                "at."
            )
        return tuple(told)

    def _goes_on_without(self, fields: dict[str, Any], key: Key | None) -> bool:
        """Whether an entry, sealed by `key`, says that the log's key so far is lost.

        A key that the log left behind does not come back in this way: others may have it. Without
        the key of the entry itself it is believed if the one before is not here either, or if a
        genuine entry says that the entry's key is lost in turn.
        """
        if fields["action"] != KEY_LOST or fields["key"] in self._used:
            return False
        is_unknown = self._current not in self._keys
        return key is not None or is_unknown or str(fields["key"]) in self._lost

    def _note(self, key_id: str, seq: int, *, is_here: bool) -> None:
        if is_here:
            self._unchecked |= self._open
            self._open = {}
            return
        first, _ = self._open.get(key_id) or self._unchecked.get(key_id) or (seq, seq)
        self._open[key_id] = (first, seq)

    def _bare_terms_fault(self, digests: list[str], found: Attached) -> str:
        if found.terms is not None:
            is_right = sorted(found.terms) == sorted(digests)
            return "" if is_right else "its search terms are not those of its payload"
        self._unproven_terms += bool(digests)
        return ""

    def _find(self, key_id: object) -> Key | None:
        return self._keys.get(key_id) if isinstance(key_id, str) else None

    def _follow(self, fields: dict[str, Any]) -> None:
        """Which key has to seal what comes after the entry of `fields`."""
        is_change = fields.get("action") == KEY_ADDED
        self._current = str(fields.get("object_id" if is_change else "key", self._current))
        self._used.add(self._current)


def _used_keys(before: dict[str, Any]) -> set[str]:
    """The keys that sealed entries up to the one of these fields."""
    changes = stored.fetch(
        f"SELECT {stored.texts('body')} FROM {AuditEntry._meta.db_table}"  # noqa: S608
        " WHERE action IN (%s, %s) AND seq <= %s",
        (KEY_ADDED, KEY_LOST, before.get("seq", 0)),
    )
    said = [body.parsed(stored.text(text) or "") for (text,) in changes]
    return {str(change.get(name)) for change in said for name in ("key", "object_id")}


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
    return frozenset(lost)
