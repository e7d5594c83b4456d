"""Getting past the audit log's triggers: for teardown, and to play the one who tampers."""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest.mock import patch

from django.apps import apps
from django.db import connection
from django.test import TransactionTestCase

from events import audit, privileges
from events.audit import triggers
from events.roles import grant
from tests.databases import roles


def behind(*statements: tuple[str, Sequence[Any]]) -> None:
    """Run SQL as one who may do everything with the database, within the test's transaction."""
    with connection.cursor() as cursor:
        for sql, params in statements:
            if connection.vendor == "postgresql":
                roles.execute_as_superuser(cursor, sql, params)
            else:
                cursor.execute(sql, params)


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
        found = cursor.fetchall()
    for name, table in found:
        on = f" ON {table}" if connection.vendor == "postgresql" else ""
        behind((f"DROP TRIGGER {name}{on}", ()))


@contextmanager
def flushable_tables() -> Iterator[None]:
    """Let tests with real transactions empty the tables when they end.

    Such a test's teardown truncates, which only the owner may, and the triggers refuse; the flush
    that follows sends `post_migrate`, which puts them back; so are the groups. For a fixture of
    the whole session.
    """
    original = TransactionTestCase._fixture_teardown

    def teardown(case: TransactionTestCase) -> None:
        drop_triggers()
        # The groups came with a migration, which the log does not tell, and went with the flush.
        with privileges.as_owner(), patch.object(audit, "append_at_end"):
            original(case)
            grant(apps)

    TransactionTestCase._fixture_teardown = teardown
    try:
        yield
    finally:
        TransactionTestCase._fixture_teardown = original


def tamper(*statements: tuple[str, Sequence[Any]]) -> None:
    """Run SQL behind the log's back: no triggers, no foreign keys; then guard again."""
    is_postgresql = connection.vendor == "postgresql"
    if is_postgresql:
        with connection.cursor() as cursor:
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
    drop_triggers()
    if is_postgresql:
        behind(("SET session_replication_role = replica", ()))
    behind(*statements)
    if is_postgresql:
        behind(("SET session_replication_role = origin", ()))
    behind(*((statement, ()) for statement in triggers.statements(connection)))


def addresses(path: Path) -> dict[str, str]:
    """The variables by which another process reaches the tests' PostgreSQL, or SQLite at `path`."""
    if connection.vendor == "sqlite":
        return {"DATABASE_URL": f"sqlite:///{path}"}
    return roles.addresses(os.environ[roles.SUPERUSER_URL], connection.settings_dict["NAME"])
