"""System checks that look into the database: `manage.py check --database default`."""

import sys
from collections.abc import Sequence

from django.apps import AppConfig
from django.core.checks import ERROR, WARNING, CheckMessage, Tags, register

from events.audit import triggers


@register(Tags.database)
def audit_triggers(
    app_configs: Sequence[AppConfig] | None, *, databases: Sequence[str] | None = None, **_: object
) -> list[CheckMessage]:
    """The audit log's triggers are in place. `migrate` is told and goes on: it puts them back."""
    level = WARNING if sys.argv[1:2] == ["migrate"] else ERROR
    return [
        CheckMessage(
            level,
            f"The audit log in the database {alias!r} lacks triggers that keep it from being "
            f"changed: {', '.join(absent)}.",
            hint="Find out who removed them, then run manage.py migrate, which puts them back.",
            id="events.E001",
        )
        for alias in databases or ()
        if (absent := triggers.missing(alias))
    ]
