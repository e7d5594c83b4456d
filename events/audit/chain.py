"""Appending: the only code that writes entries, one after the other whoever writes."""

import secrets
from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

from django.db import connection, transaction
from django.db.backends.utils import CursorWrapper
from django.db.transaction import TransactionManagementError

from events import clock, rows
from events.audit import body
from events.audit.body import COPIED
from events.audit.facts import Fact
from events.audit.order import chain_is_held
from events.models import AuditAttachment, AuditEntry, AuditTerm

_COLUMNS = ("seq", "prev", "hash", "body", "at", *COPIED)
LOCK_TIMEOUT = "5s"

_HEAD = f"SELECT seq, hash FROM {AuditEntry._meta.db_table} ORDER BY seq DESC LIMIT 1"  # noqa: S608
# Released at the end of the transaction. The head is read by a statement of its own, because under
# READ COMMITTED a statement sees what was committed before it began, and this one begins after
# the wait. All travel in one message. The bound is set here too, because behind a proxy that
# pools transactions a setting of the session may have been made on another connection.
_LOCK = (
    f"SET LOCAL lock_timeout = '{LOCK_TIMEOUT}'; SELECT pg_advisory_xact_lock(6004789371); {_HEAD}"
)


class Head(NamedTuple):
    """The number and hash of an entry, usually the last; 0 and 64 zeros while there is none."""

    seq: int
    hash: str

    def __str__(self) -> str:
        return f"{self.seq}:{self.hash}"


def head() -> Head:
    """The last entry as it is now."""
    with connection.cursor() as cursor:
        cursor.execute(_HEAD)
        return Head(*(cursor.fetchone() or (0, body.GENESIS)))


def record(*facts: Fact) -> tuple[Head, ...]:
    """Append `facts` in a transaction of their own."""
    with transaction.atomic():
        return append(*facts)


def append(*facts: Fact) -> tuple[Head, ...]:
    """Append one entry for each of `facts`, in order, inside the caller's transaction.

    Other writers wait from here until that transaction ends: append last. A statement that writes
    to other tables afterwards raises `LockOrder`. Raises `TransactionManagementError` outside a
    transaction, because an entry and the change that it records stand or fall together.
    """
    if not connection.in_atomic_block:
        raise TransactionManagementError("audit.append has to be inside transaction.atomic()")
    if not facts:
        return ()
    with connection.cursor() as cursor:
        last, at = _locked_head(cursor), clock.now()
        links = []
        for fact in facts:
            links.append(_link(fact, last, at))
            last = links[-1].head
        chain_is_held(cursor.db)
        _store(cursor, links)
    return tuple(link.head for link in links)


class _Link(NamedTuple):
    """An entry to be stored, as values of `_COLUMNS`, with the rows that go with it."""

    head: Head
    entry: tuple[Any, ...]
    attachments: list[tuple[int, str, str, str]]
    terms: list[tuple[int, str]]


def _link(fact: Fact, last: Head, at: datetime) -> _Link:
    """The entry of `fact` after `last`."""
    seq = last.seq + 1
    attachments = [
        (seq, name, secrets.token_hex(16), body.escaped(content))
        for name, content in fact.attachments.items()
    ]
    commitments = {name: body.commitment(salt, text) for _, name, salt, text in attachments}
    fields = body.fields(fact, seq=seq, prev=last.hash, at=at, commitments=commitments)
    text = body.canonical(fields)
    head = Head(seq, body.digest(text))
    entry = (seq, last.hash, head.hash, text, at, *(fields[name] for name in COPIED))
    terms = [(seq, term) for term in {*map(body.term, fact.terms)}]
    return _Link(head, entry, attachments, terms)


def _store(cursor: CursorWrapper, links: Sequence[_Link]) -> None:
    attachments = [row for link in links for row in link.attachments]
    terms = [row for link in links for row in link.terms]
    rows.insert(cursor, AuditEntry, _COLUMNS, [link.entry for link in links])
    rows.insert(cursor, AuditAttachment, ("entry_id", "name", "salt", "content"), attachments)
    rows.insert(cursor, AuditTerm, ("entry_id", "digest"), terms)


def _locked_head(cursor: CursorWrapper) -> Head:
    """The head, and nobody else appends until our transaction ends.

    On SQLite the transaction has been the only writer since BEGIN IMMEDIATE.
    """
    if cursor.db.vendor == "postgresql":
        cursor.execute(_LOCK)
        cursor.nextset()
        cursor.nextset()
    else:
        cursor.execute(_HEAD)
    return Head(*(cursor.fetchone() or (0, body.GENESIS)))
