"""Appending: the only code that writes entries, one after the other whoever writes."""

import secrets
from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

from django.db import connection, transaction
from django.db.backends.utils import CursorWrapper
from django.db.transaction import TransactionManagementError

from events import clock, rows
from events.audit import body, seal
from events.audit.body import COPIED
from events.audit.facts import Actor, Fact
from events.audit.order import chain_is_held
from events.audit.seal import Key
from events.keyring import BadKey
from events.models import AuditAttachment, AuditEntry, AuditTerm

_COLUMNS = ("seq", "prev", "hash", "body", "at", "mac", *COPIED)
# Another key seals from the next entry on; sealed by the one before it.
KEY_ADDED = "audit.key_added"
# Another key seals from this entry on, because the one before is lost.
KEY_LOST = "audit.key_lost"
KEY_REPLACED = "in place of "
LOCK_TIMEOUT = "5s"

_ENTRY = AuditEntry._meta.db_table
_HEAD = f"SELECT seq, hash, body FROM {_ENTRY} ORDER BY seq DESC LIMIT 1"  # noqa: S608
_CHANGES_OF_KEY = f"SELECT body FROM {_ENTRY} WHERE action IN ('{KEY_ADDED}', '{KEY_LOST}')"  # noqa: S608
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
        return _last(cursor).head


def key_trouble() -> str:
    """Why this process could not append; empty if it could: the log's key has to be here."""
    with connection.cursor() as cursor:
        cursor.execute(_HEAD)
        current = _last(cursor).key
        try:
            # Only asked for: the first entry makes one if there is none.
            _sealing(cursor, current) if current else seal.keys()
        except (seal.UnknownKey, BadKey) as error:
            return str(error)
    return ""


def record(*facts: Fact) -> tuple[Head, ...]:
    """Append `facts` in a transaction of their own."""
    with transaction.atomic():
        return append(*facts)


def append(*facts: Fact) -> tuple[Head, ...]:
    """Append one entry for each of `facts`, in order, inside the caller's transaction.

    Other writers wait from here until that transaction ends: append last. A statement that writes
    to other tables afterwards raises `LockOrder`. Raises `TransactionManagementError` outside a
    transaction, because an entry and the change that it records stand or fall together, and
    `UnknownKey` if the log is sealed by a key that is not here.

    If there is a newer key than the one that sealed the log so far, an entry says so first.
    """
    if not connection.in_atomic_block:
        raise TransactionManagementError("audit.append has to be inside transaction.atomic()")
    if not facts:
        return ()
    with connection.cursor() as cursor:
        last, at = _locked_head(cursor), clock.now()
        key, links = _sealing(cursor, last.key), []
        if last.key and key.id != last.key:
            added = _change_of_key(KEY_ADDED, Actor.system("desk"), key, last.key)
            links.append(_link(added, last.head, at, _key(last.key)))
        for fact in facts:
            links.append(_link(fact, links[-1].head if links else last.head, at, key))
        chain_is_held(cursor.db)
        _store(cursor, links)
    return tuple(link.head for link in links[-len(facts) :])


def replace_lost_key(actor: Actor) -> str:
    """Go on with the newest key here, because the one that sealed the log is lost; its id.

    What the lost one sealed can no longer be verified by its seal, and stays as it is. Raises
    `ValueError` if the log's key is here, or none sealed it yet.
    """
    with transaction.atomic(), connection.cursor() as cursor:
        last = _locked_head(cursor)
        if not last.key or seal.find(last.key):
            raise ValueError("The key that sealed the log is here: it is not lost.")
        key = seal.newest()
        lost = _change_of_key(KEY_LOST, actor, key, last.key)
        chain_is_held(cursor.db)
        _store(cursor, [_link(lost, last.head, clock.now(), key)])
    return key.id


def _change_of_key(action: str, actor: Actor, key: Key, old: str) -> Fact:
    return Fact(action, actor, object_id=key.id, reason=f"{KEY_REPLACED}{old}")


def _key(key_id: str) -> Key:
    key = seal.find(key_id)
    if key is None:
        raise seal.UnknownKey(key_id)
    return key


def _sealing(cursor: CursorWrapper, current: str) -> Key:
    """The key that seals what follows an entry of the key `current`, empty for none.

    It is the newest one here, unless the log has left that one behind: then other machines have
    newer ones, and this one may have them too by now, in another order. Raises `UnknownKey`.
    """
    key = _key(current) if current else seal.newest()
    newest = seal.newest()
    return key if newest.id == key.id or _was_used(cursor, newest.id) else newest


def _was_used(cursor: CursorWrapper, key_id: str) -> bool:
    cursor.execute(_CHANGES_OF_KEY)
    changes = [body.parsed(text) for (text,) in cursor.fetchall()]
    return any(key_id in (change.get("key"), change.get("object_id")) for change in changes)


class _Last(NamedTuple):
    """The last entry, and the id of the key that sealed it; empty if none did."""

    head: Head
    key: str


def _last(cursor: CursorWrapper) -> _Last:
    """What `_HEAD` found."""
    row = cursor.fetchone()
    if row is None:
        return _Last(Head(0, body.GENESIS), "")
    seq, digest, text = row
    key = body.parsed(text).get("key")
    return _Last(Head(seq, digest), key if isinstance(key, str) else "")


class _Link(NamedTuple):
    """An entry to be stored, as values of `_COLUMNS`, with the rows that go with it."""

    head: Head
    entry: tuple[Any, ...]
    attachments: list[tuple[int, str, str, str]]
    terms: list[tuple[int, str]]


def _link(fact: Fact, last: Head, at: datetime, key: Key) -> _Link:
    """The entry of `fact` after `last`, sealed by `key`."""
    seq = last.seq + 1
    attachments = [
        (seq, name, secrets.token_hex(16), body.escaped(content))
        for name, content in fact.attachments.items()
    ]
    commitments = {name: body.commitment(salt, text) for _, name, salt, text in attachments}
    terms = sorted({*map(body.term, fact.terms)})
    fields = body.fields(
        fact,
        body.Place(seq, last.hash, at),
        key=key.id,
        commitments=commitments,
        terms=key.terms(last.hash, terms),
    )
    text = body.canonical(fields)
    head = Head(seq, body.digest(text))
    copied = (fields[name] for name in COPIED)
    entry = (seq, last.hash, head.hash, text, at, key.seal(head.hash), *copied)
    return _Link(head, entry, attachments, [(seq, term) for term in terms])


def _store(cursor: CursorWrapper, links: Sequence[_Link]) -> None:
    attachments = [row for link in links for row in link.attachments]
    terms = [row for link in links for row in link.terms]
    rows.insert(cursor, AuditEntry, _COLUMNS, [link.entry for link in links])
    rows.insert(cursor, AuditAttachment, ("entry_id", "name", "salt", "content"), attachments)
    rows.insert(cursor, AuditTerm, ("entry_id", "digest"), terms)


def _locked_head(cursor: CursorWrapper) -> _Last:
    """The head, and nobody else appends until our transaction ends.

    On SQLite the transaction has been the only writer since BEGIN IMMEDIATE.
    """
    if cursor.db.vendor == "postgresql":
        cursor.execute(_LOCK)
        cursor.nextset()
        cursor.nextset()
    else:
        cursor.execute(_HEAD)
    return _last(cursor)
