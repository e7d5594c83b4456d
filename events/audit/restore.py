"""Putting triggers back after a migration, and saying so in the log."""

from django.apps import AppConfig
from django.db import DEFAULT_DB_ALIAS

from events.audit import triggers
from events.audit.chain import head, record
from events.audit.facts import Actor, Fact


def restore_triggers(sender: AppConfig, *, using: str, **kwargs: object) -> None:
    """Receive `post_migrate`: install what is missing.

    Where entries exist already, the time without triggers becomes an entry of its own: either a
    migration rebuilt the table, or somebody took them away.
    """
    absent = triggers.missing(using)
    if not absent:
        return
    triggers.install(using)
    if using == DEFAULT_DB_ALIAS and head().seq:
        actor = Actor.system("migrate")
        record(Fact("audit.triggers_restored", actor, reason=f"missing: {', '.join(absent)}"))
