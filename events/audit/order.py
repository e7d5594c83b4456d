"""The one order of locks, held by the code: rows first, the chain last.

A transaction that wrote to another table after it appended could wait for a row while everybody
waits for its chain: a deadlock, which shows only under load. So such a statement is refused, on
every connection and database, and each test that takes the road finds it.
"""

import re
from collections.abc import Callable
from functools import lru_cache
from typing import Any

from django.db.backends.base.base import BaseDatabaseWrapper

from events.audit.triggers import TABLES

_WRITTEN = re.compile(
    r"\b(?:INSERT\s+(?:OR\s+\w+\s+)?INTO|REPLACE\s+INTO|MERGE\s+INTO|UPDATE(?:\s+ONLY)?"
    r"|DELETE\s+FROM(?:\s+ONLY)?|TRUNCATE(?:\s+TABLE)?|LOCK\s+TABLE)\s+[\"`\[]?(\w+)",
    re.IGNORECASE,
)
_LOCKING = re.compile(r"\bFOR\s+(?:NO\s+KEY\s+UPDATE|UPDATE|KEY\s+SHARE|SHARE)\b", re.IGNORECASE)


class LockOrder(RuntimeError):
    """A row is written or locked after the log was appended to; the text names the table.

    Not a database error: nothing that treats those as trouble of the moment may swallow it.
    """


def chain_is_held(connection: BaseDatabaseWrapper) -> None:
    """Note that the transaction of `connection` has appended, until it ends.

    The note is a commit hook, because Django keeps exactly those as long as what they are about:
    they go with a commit, a rollback, and a rollback to a savepoint from before.
    """
    if not _is_chain_held(connection):
        connection.on_commit(_appended)


def watch(*, connection: BaseDatabaseWrapper, **_: object) -> None:
    """Receive `connection_created`: look at each statement of `connection` from now on."""
    if _guard not in connection.execute_wrappers:
        connection.execute_wrappers.append(_guard)


def _appended() -> None:
    """The note: nothing is to be done at the commit."""


def _guard(
    execute: Callable[..., Any], sql: str, params: Any, many: bool, context: dict[str, Any]
) -> Any:
    """Run a statement, unless it comes too late. Raises `LockOrder`."""
    connection = context["connection"]
    if connection.run_on_commit and _is_chain_held(connection) and (table := _late(sql)):
        raise LockOrder(
            f"{table} is written or locked after the audit log was appended to. Append last: "
            "who holds the chain must wait for no row."
        )
    return execute(sql, params, many, context)


def _is_chain_held(connection: BaseDatabaseWrapper) -> bool:
    notes = [savepoints for savepoints, hook, *_ in connection.run_on_commit if hook is _appended]
    # Tests run inside transactions of the test runner that never commit. There, the outermost
    # block of the product is a savepoint, and ends without a commit.
    around = sum(getattr(block, "_from_testcase", False) for block in connection.atomic_blocks)
    if not notes or not around:
        return bool(notes)
    own = connection.savepoint_ids[around - 1 : around]
    return any(savepoints.intersection(own) - {None} for savepoints in notes)


@lru_cache(maxsize=256)
def _late(sql: str) -> str:
    """The table that `sql` must not write or lock any more; empty if it does neither.

    Kept, because the few statements that end each transaction are long, and always the same.
    """
    for written in _WRITTEN.finditer(sql):
        if written[1] not in TABLES:
            return written[1]
    return "A row" if _LOCKING.search(sql) else ""
