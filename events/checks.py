"""System checks that look into the database: `manage.py check --database default`."""

import sys
from collections.abc import Sequence

from django.apps import AppConfig
from django.core.checks import ERROR, WARNING, CheckMessage, Tags, register
from django.db import DEFAULT_DB_ALIAS, connection

from events import audit, clock
from events.audit import triggers
from events.models import AuditEntry


@register(Tags.database)
def audit_triggers(
    app_configs: Sequence[AppConfig] | None, *, databases: Sequence[str] | None = None, **_: object
) -> list[CheckMessage]:
    """The audit log's triggers are in place."""
    return [
        CheckMessage(
            _level(),
            f"The audit log in the database {alias!r} lacks triggers that keep it from being "
            f"changed: {', '.join(absent)}.",
            hint="Find out who removed them, then run manage.py migrate, which puts them back.",
            id="events.E001",
        )
        for alias in databases or ()
        if (absent := triggers.missing(alias))
    ]


@register(Tags.database)
def clock_agrees(
    app_configs: Sequence[AppConfig] | None, *, databases: Sequence[str] | None = None, **_: object
) -> list[CheckMessage]:
    """This machine's clock agrees with the database's, by which everything that ends is timed."""
    if DEFAULT_DB_ALIAS not in (databases or ()) or not (told := clock.trouble()):
        return []
    hint = "On Linux: timedatectl set-ntp true. Compare with: SELECT clock_timestamp()."
    return [CheckMessage(_level(), told, hint=hint, id="events.E002")]


@register(Tags.database)
def audit_key(
    app_configs: Sequence[AppConfig] | None, *, databases: Sequence[str] | None = None, **_: object
) -> list[CheckMessage]:
    """The key that seals the audit log is here: with another one, nothing could be logged."""
    if DEFAULT_DB_ALIAS not in (databases or ()) or not _is_sealed() or not audit.key_trouble():
        return []
    hint = "docs/operations.md says how keys are kept, changed and carried to another machine."
    return [CheckMessage(_level(), audit.key_trouble(), hint=hint, id="events.E010")]


def _is_sealed() -> bool:
    """Whether the database is migrated as far as seals."""
    with connection.cursor() as cursor:
        table = AuditEntry._meta.db_table
        if table not in connection.introspection.table_names(cursor):
            return False
        columns = connection.introspection.get_table_description(cursor, table)
    return "mac" in {column.name for column in columns}


def _level() -> int:
    """`migrate` is told and goes on: it is what puts things right."""
    return WARNING if sys.argv[1:2] == ["migrate"] else ERROR
