"""System checks that look into the database: `manage.py check --database default`."""

import sys
from collections.abc import Sequence

from django.apps import AppConfig
from django.conf import settings
from django.contrib.auth.models import User
from django.core.checks import ERROR, WARNING, CheckMessage, Tags, register
from django.db import DEFAULT_DB_ALIAS, connection

from events import audit, clock, privileges
from events.audit import triggers
from events.models import Account, AuditEntry
from events.services import start


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
def no_demo_accounts(
    app_configs: Sequence[AppConfig] | None, *, databases: Sequence[str] | None = None, **_: object
) -> list[CheckMessage]:
    """Nobody signs in with a password that is known, where events go to Cloudflare."""
    if DEFAULT_DB_ALIAS not in (databases or ()) or settings.CLOUDFLARE.sandbox:
        return []
    if not _has_accounts() or not (told := start.demo_trouble()):
        return []
    return [CheckMessage(_level(), told, id="events.E003")]


@register(Tags.database)
def every_account_has_a_name(
    app_configs: Sequence[AppConfig] | None, *, databases: Sequence[str] | None = None, **_: object
) -> list[CheckMessage]:
    """Every account can sign in: its name is usable, and it is the only one with it."""
    if DEFAULT_DB_ALIAS not in (databases or ()) or not _has_accounts():
        return []
    nameless = User.objects.filter(account=None, is_active=True).order_by("pk")
    names = nameless.values_list("username", flat=True)[:10]
    hint = "Give each another name at /admin/auth/user/, or switch it off."
    told = (
        "Accounts cannot sign in, because their names are unusable or another account has the name "
        f"in another spelling: {', '.join(map(ascii, names))}."
    )
    return [CheckMessage(WARNING, told, hint=hint, id="events.W004")] if names else []


def _has_accounts() -> bool:
    """Whether the table is there, and may be read: before a `migrate` it may not be."""
    table = Account._meta.db_table
    return table in connection.introspection.table_names() and table not in privileges.lacking()


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
    """Whether the database is migrated as far as seals, and may be read."""
    table = AuditEntry._meta.db_table
    if table in privileges.lacking():
        return False
    with connection.cursor() as cursor:
        if table not in connection.introspection.table_names(cursor):
            return False
        columns = connection.introspection.get_table_description(cursor, table)
    return "mac" in {column.name for column in columns}


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


@register(Tags.database)
def granted_role(
    app_configs: Sequence[AppConfig] | None, *, databases: Sequence[str] | None = None, **_: object
) -> list[CheckMessage]:
    """The application's role in PostgreSQL may use the desk's tables."""
    return [
        CheckMessage(
            _level(),
            f"The application's role may not use {len(absent)} tables of the database {alias!r}, "
            f"such as {absent[0]}.",
            hint="A restored backup brings no rights: run manage.py migrate, which grants them.",
            id="events.E014",
        )
        for alias in databases or ()
        if (absent := privileges.lacking(alias))
    ]


def _level() -> int:
    """`migrate` is told and goes on: it is what puts things right."""
    return WARNING if sys.argv[1:2] == ["migrate"] else ERROR
