"""Verifying: everything is computed again from what is stored, entry by entry, in order."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from events.audit import body
from events.audit.chain import COPIED, Head
from events.models import AuditAttachment, AuditEntry

_PAGE = 2000
_KEYS = ("seq", "prev", "at", *COPIED)

Commitments = dict[str, str]


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


def verify(expect: tuple[int, str] | None = None) -> Report:
    """Recompute the chain, its copied columns, and the commitments to all attachments.

    `expect` is the number and hash of an entry that was noted earlier, outside this database. Only
    with it are a tail that was cut off, and a chain rewritten up to its end, found. Entries that
    are appended meanwhile are verified too. Memory does not grow with the log.
    """
    last = Head(0, body.GENESIS)
    for row, commitments in _walk():
        fault = _fault_of(row, commitments, last) or _unexpected(row, expect)
        if fault is not None:
            return Report(last.seq, last, fault)
        last = Head(row[0], row[2])
    return Report(last.seq, last, _cut_off(last, expect))


def _walk() -> Iterator[tuple[tuple[Any, ...], Commitments]]:
    """Each entry's columns with what its attachments hash to, by number."""
    columns = ("seq", "prev", "hash", "body", "at", *COPIED)
    entries = AuditEntry.objects.order_by("seq").values_list(*columns)
    page = list(entries[:_PAGE])
    while page:
        first, final = page[0][0], page[-1][0]
        commitments = _commitments(first, final)
        for row in page:
            yield row, commitments.get(row[0], {})
        page = list(entries.filter(seq__gt=final)[:_PAGE])


def _commitments(first: int, final: int) -> dict[int, Commitments]:
    """Only digests are kept, because the texts may be large."""
    found: dict[int, Commitments] = defaultdict(dict)
    rows = AuditAttachment.objects.filter(entry_id__gte=first, entry_id__lte=final)
    texts = rows.values_list("entry_id", "name", "salt", "content").iterator(chunk_size=100)
    for seq, name, salt, content in texts:
        found[seq][name] = body.commitment(salt, content)
    return found


def _fault_of(row: tuple[Any, ...], commitments: Commitments, last: Head) -> Fault | None:
    seq, prev, stored_hash, text, at, *copied = row
    if seq > last.seq + 1:
        return Fault(last.seq + 1, "it is missing")
    if seq <= last.seq:
        return Fault(seq, "entries begin with number 1")
    if body.digest(text) != stored_hash:
        return Fault(seq, "its body or its hash was changed")
    if prev != last.hash:
        return Fault(seq, f"it does not follow entry {last.seq}: one of the two was replaced")
    fields = body.parsed(text)
    columns = [seq, prev, body.moment(at), *copied]
    said = [fields.get(name) for name in _KEYS]
    if columns != said:
        pairs = zip(_KEYS, columns, said, strict=True)
        name = next(name for name, column, value in pairs if column != value)
        return Fault(seq, f"its column {name} was changed: the body says otherwise")
    return _attachment_fault(seq, fields.get("attachments"), commitments)


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


def _unexpected(row: tuple[Any, ...], expect: tuple[int, str] | None) -> Fault | None:
    if expect is None or row[0] != expect[0] or row[2] == expect[1]:
        return None
    return Fault(row[0], f"its hash is {row[2]}, not the one that was noted")


def _cut_off(last: Head, expect: tuple[int, str] | None) -> Fault | None:
    if expect is None or expect[0] <= last.seq:
        return None
    return Fault(last.seq + 1, f"it is missing: entries up to {expect[0]} were there")
