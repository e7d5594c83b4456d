"""Getting past the audit log's triggers: for teardown, and to play the one who tampers."""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest.mock import patch
from urllib.parse import urlsplit, urlunsplit

from django.apps import apps
from django.db import connection
from django.test import TransactionTestCase

from events import audit
from events.audit import triggers
from events.roles import grant


def drop_triggers() -> None:
    """Take every trigger of the audit log away, as a database's owner can."""
    names = "SELECT name, tbl_name FROM sqlite_master WHERE type = 'trigger'"
    if connection.vendor == "postgresql":
        names = (
            "SELECT t.tgname, c.relname FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid"
            " WHERE NOT t.tgisinternal"
        )
    with connection.cursor() as cursor:
        cursor.execute(names)
        for name, table in cursor.fetchall():
            on = f" ON {table}" if connection.vendor == "postgresql" else ""
            cursor.execute(f"DROP TRIGGER {name}{on}")


@contextmanager
def flushable_tables() -> Iterator[None]:
    """Let tests with real transactions empty the tables when they end.

    Such a test's teardown truncates, which the triggers refuse; the flush that follows sends
    `post_migrate`, which puts them back; so are the groups. For a fixture of the whole session.
    """
    original = TransactionTestCase._fixture_teardown

    def teardown(case: TransactionTestCase) -> None:
        drop_triggers()
        original(case)
        # The groups came with a migration, which the log does not tell, and went with the flush.
        with patch.object(audit, "append_at_end"):
            grant(apps)

    TransactionTestCase._fixture_teardown = teardown
    try:
        yield
    finally:
        TransactionTestCase._fixture_teardown = original


def tamper(*statements: tuple[str, Sequence[Any]]) -> None:
    """Run SQL behind the log's back: no triggers, no foreign keys; then guard again."""
    is_postgresql = connection.vendor == "postgresql"
    with connection.cursor() as cursor:
        if is_postgresql:
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        drop_triggers()
        if is_postgresql:
            cursor.execute("SET session_replication_role = replica")
        for sql, params in statements:
            cursor.execute(sql, params)
        if is_postgresql:
            cursor.execute("SET session_replication_role = origin")
    triggers.install()


def database_url(path: Path) -> str:
    """The URL by which another process reaches the tests' PostgreSQL, or an SQLite at `path`."""
    if connection.vendor == "sqlite":
        return f"sqlite:///{path}"
    parts = urlsplit(os.environ["DATABASE_URL"])
    return urlunsplit(parts._replace(path=f"/{connection.settings_dict['NAME']}"))
