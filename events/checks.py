"""System checks that look into the database: `manage.py check --database default`."""

import sys
from collections.abc import Sequence

from django.apps import AppConfig
from django.conf import settings
from django.core.checks import ERROR, WARNING, CheckMessage, Tags, register
from django.db import DEFAULT_DB_ALIAS

from events import clock, privileges
from events.audit import triggers


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
def weak_role(
    app_configs: Sequence[AppConfig] | None, *, databases: Sequence[str] | None = None, **_: object
) -> list[CheckMessage]:
    """The application's role in PostgreSQL cannot change the log, whoever speaks through it."""
    return [
        CheckMessage(
            WARNING if settings.PLAIN_HTTP else _level(),
            f"The role in PostgreSQL by which the application reaches the database {alias!r} may "
            f"do more than it has to: {'; '.join(beyond)}.",
            hint="Set DATABASE_URL and MIGRATE_DATABASE_URL to two roles, then run manage.py "
            "database_roles.",
            id="events.E013",
        )
        for alias in databases or ()
        if (beyond := privileges.excess(alias))
    ]


def _level() -> int:
    """`migrate` is told and goes on: it is what puts things right."""
    return WARNING if sys.argv[1:2] == ["migrate"] else ERROR
