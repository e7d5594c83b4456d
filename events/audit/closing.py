"""What a transaction appends at its very end: entries that compare before and after.

Who notes something here may write on: the facts are made, and appended, right before the commit,
inside the transaction, so that entry and change stand or fall together, and the chain comes last.
"""

from collections.abc import Callable, Hashable, Sequence
from typing import Any

from django.db import connection
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.transaction import TransactionManagementError

from events.audit.chain import append
from events.audit.facts import Fact


class _Note:
    """A commit hook that does nothing at the commit: Django keeps exactly those as long as needed.

    They go with a rollback, and with a rollback to a savepoint from before.
    """

    def __init__(self, key: Hashable, facts: Callable[[], Sequence[Fact]]) -> None:
        self.key = key
        self.facts = facts
        self.is_done = False

    def __call__(self) -> None:
        """Nothing is left to be done."""


def is_noted(key: Hashable) -> bool:
    """Whether this transaction has a note under `key` already."""
    return any(note.key == key for note in _notes(connection))


def append_at_end(key: Hashable, facts: Callable[[], Sequence[Fact]]) -> None:
    """Append what `facts` returns before this transaction commits; once for each `key`.

    Raises `TransactionManagementError` outside a transaction.
    """
    if not connection.in_atomic_block:
        raise TransactionManagementError("append_at_end has to be inside transaction.atomic()")
    if not is_noted(key):
        connection.on_commit(_Note(key, facts))


def watch(*, connection: BaseDatabaseWrapper, **_: object) -> None:
    """Receive `connection_created`: `connection` asks here before each commit from now on."""
    connection.before_commit = _close  # type: ignore[attr-defined] # webui's connections have it


def _close(connection: BaseDatabaseWrapper) -> None:
    """Append what is noted. The transaction is still open."""
    notes = _notes(connection)
    for note in notes:
        note.is_done = True
    append(*(fact for note in notes for fact in note.facts()))


def _notes(connection: Any) -> list[_Note]:
    hooks = [hook for _, hook, *_ in connection.run_on_commit]
    return [hook for hook in hooks if isinstance(hook, _Note) and not hook.is_done]
