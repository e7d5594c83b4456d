"""Verifying: everything is computed again from what is stored, entry by entry, in order.

Each entry is judged by the version that its body names. Whatever stands in the tables, verifying
ends with a report: what cannot be read is a fault like any other.
"""

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from django.db import connection

from events.audit import body
from events.audit.chain import Head, head
from events.models import AuditAttachment, AuditEntry

_PAGE = 2000

Commitments = dict[str, str]
# A column's name → what stands there; each is text, but for the number.
Row = dict[str, Any]


@dataclass(frozen=True)
class Fault:
    """The first entry that is not as it was appended, and why that is known."""

    seq: int
    reason: str


@dataclass(frozen=True)
class Report:
    """What verifying found: `entries` are good, `head` is the last good one."""

    entries: int
    head: Head
    fault: Fault | None

    @property
    def is_whole(self) -> bool:
        """Whether nothing was found."""
        return self.fault is None


def _at_once() -> None:
    """No pause between two pages."""


def verify(expect: Sequence[Head] = (), *, pause: Callable[[], None] = _at_once) -> Report:
    """Recompute the chain, its copied columns, and the commitments to all attachments.

    `expect` are entries that were noted earlier, outside this database. Only with them are a tail
    that was cut off, and a chain rewritten up to its end, found. Entries that are appended
    meanwhile are verified too. `pause` is called after each page, so that a long log holds nobody
    else up. Memory does not grow with the log.
    """
    noted: dict[int, set[str]] = defaultdict(set)
    for each in expect:
        noted[each.seq].add(each.hash)
    last = Head(0, body.GENESIS)
    for row, commitments in _walk(pause=pause):
        fault = _fault_of(row, commitments, last) or _unexpected(row, noted)
        if fault is not None:
            return Report(last.seq, last, fault)
        last = Head(row["seq"], row["hash"])
    return Report(last.seq, last, _cut_off(last, max(noted, default=0)))


def verify_after(noted: Head) -> Report:
    """The same of the entries after `noted`, which has to be there as it was noted.

    Raises nothing for whatever stands there; the report's `entries` and `head` are those of the
    whole log, whose beginning is taken to be good.
    """
    if noted.seq < 1:
        return verify()
    last: Head | None = None
    for row, commitments in _walk(noted.seq):
        if last is None:
            last = Head(noted.seq - 1, row["prev"] or "")
        fault = _fault_of(row, commitments, last) or _unexpected(row, {noted.seq: {noted.hash}})
        if fault is not None:
            return Report(last.seq, last, fault)
        last = Head(row["seq"], row["hash"])
    last = last or head()
    return Report(last.seq, last, _cut_off(last, noted.seq))


def _walk(
    first: int | None = None, *, pause: Callable[[], None] = _at_once
) -> Iterator[tuple[Row, Commitments]]:
    """Each entry's columns with what its attachments hash to, by number, from `first` on.

    Ends early at a number that is none: nothing can be in order behind it.
    """
    page = _page("1 = 1", ()) if first is None else _page("seq >= %s", (first,))
    while page:
        numbered = [row for row in page if type(row["seq"]) is int]
        if numbered:
            first, final = numbered[0]["seq"], numbered[-1]["seq"]
            commitments = _commitments(first, final)
            for row in numbered:
                yield row, commitments.get(row["seq"], {})
        if len(numbered) < len(page):
            yield page[len(numbered)], {}
            return
        pause()
        page = _page("seq > %s", (final,))


def _page(condition: str, values: tuple[Any, ...]) -> list[Row]:
    """Up to `_PAGE` entries with every column that some version copies."""
    copied = dict.fromkeys(name for shape in body.SHAPES.values() for name in shape.copied)
    names = ("prev", "hash", "body", "at", *copied)
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT seq, {_readable(*names)} FROM {AuditEntry._meta.db_table}"  # noqa: S608
            f" WHERE {condition} ORDER BY seq LIMIT {_PAGE}",
            values,
        )
        return [
            {"seq": seq} | dict(zip(names, map(_text, rest), strict=True))
            for seq, *rest in cursor.fetchall()
        ]


def _readable(*names: str) -> str:
    """The columns in a form that can be read whatever was put there.

    SQLite keeps any bytes in any column, and reading them as text or time may fail.
    """
    form = "CAST({} AS BLOB)" if connection.vendor == "sqlite" else "CAST({} AS TEXT)"
    return ", ".join(map(form.format, names))


def _text(stored: object) -> str | None:
    """What stands in a column that is not a number; what is not UTF-8 is written out."""
    if isinstance(stored, bytes | memoryview):
        return bytes(stored).decode(errors="backslashreplace")
    return None if stored is None else str(stored)


def _commitments(first: int, final: int) -> dict[int, Commitments]:
    """Only digests are kept, because the texts may be large."""
    found: dict[int, Commitments] = defaultdict(dict)
    with connection.chunked_cursor() as cursor:
        cursor.execute(
            f"SELECT entry_id, {_readable('name', 'salt', 'content')}"  # noqa: S608
            f" FROM {AuditAttachment._meta.db_table} WHERE entry_id BETWEEN %s AND %s",
            (first, final),
        )
        while rows := cursor.fetchmany(100):
            for seq, *rest in rows:
                name, salt, content = (_text(each) or "" for each in rest)
                found[seq][name] = body.commitment(salt, content)
    return found


def _fault_of(row: Row, commitments: Commitments, last: Head) -> Fault | None:
    seq, text = row["seq"], row["body"] or ""
    if type(seq) is not int:
        return Fault(last.seq + 1, f"its number is no number: {_text(seq)}")
    if seq > last.seq + 1:
        return Fault(last.seq + 1, "it is missing")
    if seq <= last.seq:
        return Fault(seq, "entries begin with number 1")
    if body.digest(text) != row["hash"]:
        return Fault(seq, "its body or its hash was changed")
    if row["prev"] != last.hash:
        return Fault(seq, f"it does not follow entry {last.seq}: one of the two was replaced")
    fields = body.parsed(text)
    fault = _body_fault(fields) or _column_fault(row, fields)
    return (
        Fault(seq, fault) if fault else _attachment_fault(seq, fields["attachments"], commitments)
    )


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
    columns = row | {"at": _moment(row["at"])}
    for name in ("seq", "prev", "at", *shape.copied):
        if columns[name] != fields[name]:
            return f"its column {name} was changed: the body says otherwise"
    return ""


def _moment(stored: str | None) -> str | None:
    """A time as both databases write it, in the form that bodies have; None for anything else."""
    try:
        at = datetime.fromisoformat(stored or "")
        # SQLite's have no time zone, and are in UTC.
        return body.moment(at if at.tzinfo else at.replace(tzinfo=UTC))
    except (ValueError, OverflowError):
        return None


def _attachment_fault(seq: int, committed: object, found: Commitments) -> Fault | None:
    if committed == found:
        return None
    wanted = committed if isinstance(committed, dict) else {}
    for name in sorted(wanted.keys() | found.keys()):
        if name not in found:
            return Fault(seq, f"its attachment {name} is missing")
        if name not in wanted:
            return Fault(seq, f"an attachment {name} was added to it")
        if wanted[name] != found[name]:
            return Fault(seq, f"its attachment {name} was changed")
    return Fault(seq, "its body names no attachments")


def _unexpected(row: Row, noted: Mapping[int, Set[str]]) -> Fault | None:
    wanted = noted.get(row["seq"], {row["hash"]})
    if wanted == {row["hash"]}:
        return None
    return Fault(row["seq"], f"its hash is {row['hash']}, not the one that was noted")


def _cut_off(last: Head, noted: int) -> Fault | None:
    if noted <= last.seq:
        return None
    return Fault(last.seq + 1, f"it is missing: entries up to {noted} were there")
