"""Verifying: everything is computed again from what is stored, entry by entry, in order.

Each entry is judged by the version that its body names. Whatever stands in the tables, verifying
ends with a report: what cannot be read is a fault like any other.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from django.db import connection

from events.audit import body, stored
from events.audit.attached import Attached, Terms, attached, stray_attachment
from events.audit.chain import Head
from events.audit.report import Fault, Report
from events.audit.seals import Seals
from events.audit.stored import Row
from events.audit.submissions import Missing, compare
from events.models import AuditEntry

_PAGE = 2000
_TABLE = AuditEntry._meta.db_table
_MOMENT = re.compile(r"(\d{4}-\d\d-\d\d)T(\d\d:\d\d:\d\d)(\.\d{6})Z", re.ASCII)
_NO_FRACTION = ".000000"
_IS_SQLITE = connection.vendor == "sqlite"
_COPIED = dict.fromkeys(name for shape in body.SHAPES.values() for name in shape.copied)


def verify(
    expect: Iterable[tuple[int, str]] = (), *, pause: Callable[[], None] = lambda: None
) -> Report:
    """Recompute the chain and everything that its entries commit to, and compare the submissions.

    `expect` are numbers and hashes of entries that were noted outside this database. Only with them
    are a tail that was cut off, and a chain rewritten by somebody with the key, found. All is read
    as it was at one moment, and nobody who writes waits. Memory grows with neither. `pause` is
    called after each page, so that a long log leaves this process time for others.
    """
    with stored.snapshot():
        chain, missing = _Chain(Head(0, body.GENESIS), expect), Missing()
        for page in _pages():
            if (fault := chain.fault_of(page)) is not None:
                return chain.report(fault)
            missing.note(page)
            pause()
        if (fault := chain.fault_at_end() or missing.fault) is not None:
            return chain.report(fault)
        submissions, fault = compare()
        return chain.report(fault, submissions)


def verify_tail(after: Head) -> Report:
    """Recompute the entries that follow `after`, which was verified before; no submissions."""
    with stored.snapshot():
        found = _page("seq = %s", (after.seq,)) if after.seq else []
        chain = _Chain(after, (), found[0] if found else None)
        if after.seq and (not found or found[0]["hash"] != after.hash):
            return chain.report(Fault(after.seq, "it is no longer the one that was verified"))
        for page in _pages(after.seq):
            if (fault := chain.fault_of(page)) is not None:
                return chain.report(fault)
        return chain.report(chain.fault_at_end())


class _Chain:
    """The walk along the entries: `last` is the last good one."""

    def __init__(
        self, last: Head, expect: Iterable[tuple[int, str]], row: Row | None = None
    ) -> None:
        self.last = last
        self._expected: dict[int, set[str]] = {}
        for seq, digest in expect:
            self._expected.setdefault(seq, set()).add(digest)
        self._seals = Seals(body.parsed(row["body"] or "") if row else {})
        self._terms = Terms(after=last.seq)

    def report(self, fault: Fault | None, submissions: int = 0) -> Report:
        return Report(self.last.seq, self.last, fault, submissions, self._seals.notes())

    def fault_of(self, page: list[Row]) -> Fault | None:
        """The first fault among the next entries; a number that is none ends what can be read."""
        numbered = [row for row in page if type(row["seq"]) is int]
        found = attached(numbered)
        for row in page:
            fault = self._place_fault(row) or self._fault(row, found.get(row["seq"], Attached()))
            if fault is not None:
                return fault
            self.last = Head(row["seq"], row["hash"])
        if found.keys() - {row["seq"] for row in page}:
            return Fault(self.last.seq + 1, "a text is attached to a number that is none")
        return None

    def fault_at_end(self) -> Fault | None:
        """What is wrong behind the last entry."""
        missing = [seq for seq in self._expected if seq > self.last.seq]
        if missing:
            told = f"it is missing: entries up to {max(missing)} were there"
            return Fault(self.last.seq + 1, told)
        if (unsealed := self._seals.fault_at_end()) is not None:
            return Fault(*unsealed)
        stray = self._terms.stray(self.last.seq + 1, is_end=True)
        return stray or stray_attachment(self.last.seq)

    def _place_fault(self, row: Row) -> Fault | None:
        """Whether it is the next one, and hashes to what it is known by."""
        seq, last = row["seq"], self.last
        if type(seq) is not int:
            return Fault(last.seq + 1, f"its number is no number: {stored.text(seq) or seq!r}")
        if seq > last.seq + 1:
            return Fault(last.seq + 1, "it is missing")
        if seq <= last.seq:
            return Fault(seq, "entries begin with number 1")
        if row["body"] is None or body.digest(row["body"]) != row["hash"]:
            return Fault(seq, "its body or its hash was changed")
        if row["prev"] != last.hash:
            return Fault(seq, f"it does not follow entry {last.seq}: one of the two was replaced")
        return None

    def _fault(self, row: Row, found: Attached) -> Fault | None:
        seq, fields = row["seq"], body.parsed(row["body"])
        reason = (
            _body_fault(fields)
            or _column_fault(row, fields)
            or found.fault(fields["attachments"])
            or self._seals.fault(row, fields)
        )
        if reason:
            return Fault(seq, reason)
        if (stray := self._terms.stray(seq)) is not None:
            return stray
        if reason := self._seals.terms_fault(fields, self._terms.of(seq), found):
            return Fault(seq, reason)
        expected = self._expected.get(seq, {row["hash"]})
        if expected != {row["hash"]}:
            return Fault(seq, f"its hash is {row['hash']}, not the one that was noted")
        return None


def _pages(after: int | None = None) -> Iterator[list[Row]]:
    """The entries by number, a page at a time; from the first one that is stored, whatever it is.

    Ends at a number that is none: nothing can be in order behind it.
    """
    page = _page("1 = 1", ()) if after is None else _page("seq > %s", (after,))
    while page:
        yield page
        if type(final := page[-1]["seq"]) is not int:
            return
        page = _page("seq > %s", (final,))


def _page(condition: str, values: tuple[Any, ...]) -> list[Row]:
    """Up to `_PAGE` entries with every column that some version copies."""
    names = ("prev", "hash", "body", "at", "mac", *_COPIED)
    found = stored.fetch(
        f"SELECT seq, mac IS NULL, {stored.texts(*names)} FROM {_TABLE}"  # noqa: S608
        f" WHERE {condition} ORDER BY seq LIMIT {_PAGE}",
        values,
    )
    return [
        {"seq": seq, "is_bare": bool(is_bare)}
        | dict(zip(names, map(stored.text, rest), strict=True))
        for seq, is_bare, *rest in found
    ]


def _body_fault(fields: dict[str, Any]) -> str:
    """What is wrong with the body itself, judged by the version that it was written in."""
    shape = body.shape(fields)
    if "v" not in fields:
        return "its body is not the body of an entry"
    if shape is None:
        known = ", ".join(map(str, body.SHAPES))
        return f"its version {fields['v']!r} is not known here, only {known}: use a newer program"
    if wrong := sorted(fields.keys() ^ shape.keys):
        return f"its body is not of version {fields['v']}: see {', '.join(wrong)}"
    return ""


def _column_fault(row: Row, fields: dict[str, Any]) -> str:
    """The first column that does not say what the body says, of those that its version copies."""
    shape = body.SHAPES[fields["v"]]
    if not _is_moment(row["at"], str(fields["at"])):
        return "its column at was changed: the body says otherwise"
    for name in ("seq", "prev", *shape.copied):
        if row[name] != fields[name]:
            return f"its column {name} was changed: the body says otherwise"
    return ""


def _is_moment(found: str | None, said: str) -> bool:
    """Whether the column holds the moment of the body, in the one way in which it is written."""
    if (parts := _MOMENT.fullmatch(said)) is None:
        return False
    if _IS_SQLITE:
        day, clock, fraction = parts.groups()
        return found == f"{day} {clock}{'' if fraction == _NO_FRACTION else fraction}"
    at = body.moment_in_utc(said)
    return at is not None and stored.is_moment(found, at)
