"""Reading tables as they are stored, whatever was put there, in one snapshot of the database.

SQLite keeps any bytes in any column, and may hold them under another type than the column's, which
hides a row from searches. So columns are read as what they are, and not as what they should be.
"""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from django.db import DatabaseError, connection

from events.audit.body import moment_in_utc

# A column's name → what stands there.
Row = dict[str, Any]

UNREADABLE = "(unreadable)"


@contextmanager
def snapshot() -> Iterator[None]:
    """Everything that is read inside is of one moment, and nobody who writes waits for it.

    A transaction that is open already is used as it is.
    """
    if connection.in_atomic_block:
        yield
        return
    begin = "BEGIN"
    if connection.vendor == "postgresql":
        begin = "BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY"
    # Django's own would take SQLite's lock for writing.
    with connection.cursor() as cursor:
        cursor.execute(begin)
    try:
        yield
    finally:
        _end()


def texts(*names: str) -> str:
    """The columns `names` of a SELECT, in a form that `text` reads."""
    if connection.vendor == "sqlite":
        form = "CASE typeof({0}) WHEN 'text' THEN CAST({0} AS BLOB) END"
    else:
        form = "CAST({0} AS TEXT)"
    return ", ".join(map(form.format, names))


def text(stored: object) -> str | None:
    """What stands in a column of text; None for whatever is no text in UTF-8."""
    if isinstance(stored, bytes | memoryview):
        try:
            return bytes(stored).decode()
        except UnicodeDecodeError:
            return None
    return stored if isinstance(stored, str) else None


def number(stored: object) -> int | None:
    """What stands in a column of whole numbers; None for anything else."""
    return stored if type(stored) is int else None


def is_moment(found: str | None, at: datetime) -> bool:
    """Whether a column holds the moment `at`, in the one way in which it is written.

    Lists are in order of SQLite's text: another spelling of the same moment moves a row.
    """
    if connection.vendor == "sqlite":
        return found == str(at.replace(tzinfo=None))
    return moment_in_utc(found or "") == at


def fetch(sql: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
    """The rows that `sql` finds."""
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        return list(cursor.fetchall())


def stream(sql: str, values: Sequence[Any] = (), *, at_once: int = 50) -> Iterator[tuple[Any, ...]]:
    """The same, a few at a time, because their texts may be large."""
    with connection.chunked_cursor() as cursor:
        cursor.execute(sql, values)
        while rows := cursor.fetchmany(at_once):
            yield from rows


def marks(values: Iterable[Any]) -> str:
    """The placeholders of `IN (…)`; a list that holds nothing finds nothing."""
    return ", ".join("%s" for _ in values) or "NULL"


def _end() -> None:
    try:
        with connection.cursor() as cursor:
            cursor.execute("ROLLBACK")
    except DatabaseError:
        connection.close()
