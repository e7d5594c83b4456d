"""What stands beside entries, read back for verifying: texts, and the terms they are found by."""

from collections.abc import Iterable, Iterator
from typing import Any

from events.audit import body, stored
from events.audit.report import Fault
from events.audit.stored import Row
from events.models import AuditAttachment, AuditTerm
from events.payload import Indicator, ValidationError

_TEXTS = AuditAttachment._meta.db_table
_TERMS = AuditTerm._meta.db_table
_PAGE = 5000

# The actions whose entries have search terms, and the attachment that holds their indicators.
_TERMS_IN = {
    "submission.frozen": "payload",
    "submission.sent_again": "payload",
    "submission.recovered": "answer",
}


class Attached:
    """The texts of one entry: what they hash to, by name, and the indicators of its event.

    `terms` is None where they are not needed, or cannot be told.
    """

    def __init__(self) -> None:
        self.commitments: dict[str, str] = {}
        self.terms: set[str] | None = None

    def add(self, name: str | None, salt: str | None, content: str | None) -> None:
        """One more; only the digest is kept, because the text may be large."""
        name = stored.UNREADABLE if name is None else name
        while name in self.commitments:
            name += " (again)"
        is_read = salt is not None and content is not None
        made = body.commitment(salt or "", content or "") if is_read else stored.UNREADABLE
        self.commitments[name] = made

    def fault(self, committed: object) -> str:
        """What is not as the entry `committed` to it."""
        if committed == self.commitments:
            return ""
        wanted = committed if isinstance(committed, dict) else {}
        for name in sorted(wanted.keys() | self.commitments.keys()):
            if name not in self.commitments:
                return f"its attachment {name} is missing"
            if name not in wanted:
                return f"an attachment {name} was added to it"
            if wanted[name] != self.commitments[name]:
                return f"its attachment {name} was changed"
        return "its body names no attachments"


def attached(entries: list[Row]) -> dict[int, Attached]:
    """The texts of `entries`, which are in order, by number.

    The terms are told of those of version 1, whose bodies commit to none.
    """
    found: dict[int, Attached] = {}
    if not entries:
        return found
    told = {row["seq"]: _TERMS_IN.get(row["action"]) for row in entries if row["is_bare"]}
    rows = stored.stream(
        f"SELECT entry_id, {stored.texts('name', 'salt', 'content')} FROM {_TEXTS}"  # noqa: S608
        " WHERE entry_id BETWEEN %s AND %s",
        (entries[0]["seq"], entries[-1]["seq"]),
    )
    for seq, *rest in rows:
        name, salt, content = map(stored.text, rest)
        entry = found.setdefault(seq, Attached())
        entry.add(name, salt, content)
        if name is not None and told.get(seq) == name:
            entry.terms = _terms_in(content or "", is_answer=name == "answer")
    return found


def stray_attachment(last: int) -> Fault | None:
    """A text of an entry that is not there; `last` is the last one that is."""
    rows = stored.fetch(
        f"SELECT entry_id FROM {_TEXTS} WHERE entry_id < 1 OR entry_id > %s LIMIT 1",  # noqa: S608
        (last,),
    )
    return _stray(rows[0][0], last + 1, "a text is attached to it") if rows else None


class Terms:
    """The search terms, read once from the first to the last: they are stored as entries are.

    So none of an earlier entry may follow; `after` is the last entry whose terms are left out.
    """

    def __init__(self, after: int) -> None:
        self._rows = _term_rows(_last_id(after) if after else 0)
        self._next = next(self._rows, None)

    def of(self, seq: int) -> list[str]:
        """The digests of the entry `seq`, which follows the one that was asked for before.

        What `stray` tells of is passed over.
        """
        found = []
        while self.stray(seq) is not None:
            self._next = next(self._rows, None)
        while self._next is not None and self._next[0] == seq:
            digest = self._next[1]
            found.append(stored.UNREADABLE if digest is None else digest)
            self._next = next(self._rows, None)
        return found

    def stray(self, seq: int, *, is_end: bool = False) -> Fault | None:
        """A term that belongs to none of the entries from `seq` on; `is_end` if there are none."""
        if self._next is None:
            return None
        entry = stored.number(self._next[0])
        if entry is None or entry < seq or is_end:
            return _stray(entry, seq, "a search term was added to it")
        return None


def _stray(entry: object, near: int, reason: str) -> Fault:
    """Something that belongs to no entry; `near` is a number for what names none."""
    number = stored.number(entry)
    return Fault(near if number is None else number, reason)


def _term_rows(after: int) -> Iterator[tuple[Any, str | None]]:
    """Each term's entry and digest, in the order in which they were stored."""
    while True:
        rows = stored.fetch(
            f"SELECT id, entry_id, {stored.texts('digest')} FROM {_TERMS}"  # noqa: S608
            f" WHERE id > %s ORDER BY id LIMIT {_PAGE}",
            (after,),
        )
        for _, entry, digest in rows:
            yield entry, stored.text(digest)
        if len(rows) < _PAGE:
            return
        after = rows[-1][0]


def _last_id(entry: int) -> int:
    """The id of the last term of `entry` or an earlier one: looked for from the end."""
    before: int | None = None
    while True:
        rows = stored.fetch(
            f"SELECT id, entry_id FROM {_TERMS} WHERE id < %s ORDER BY id DESC LIMIT {_PAGE}",  # noqa: S608
            (2**62 if before is None else before,),
        )
        for found, seq in rows:
            if type(seq) is int and seq <= entry:
                return int(found)
        if len(rows) < _PAGE:
            return 0
        before = rows[-1][0]


def _terms_in(content: str, *, is_answer: bool) -> set[str] | None:
    """The digests of the indicators in a payload or an answer; None if they cannot be told."""
    event = body.parsed(content)
    if is_answer:
        return {*map(body.term, _shown(event))}
    rows = event.get("indicators", [{"value": event["indicator"]}] if "indicator" in event else [])
    try:
        return {body.term(row["value"]) for row in rows}
    except (TypeError, KeyError, AttributeError):
        return None


def _shown(event: dict[str, Any]) -> Iterable[str]:
    """The indicator that an answer shows, if it is one."""
    try:
        row = {"indicatorType": event.get("indicatorType"), "value": event.get("indicator")}
        yield Indicator.model_validate(row).value
    except ValidationError:
        return
