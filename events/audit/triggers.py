"""The database's own guards: triggers that refuse to change or delete what was logged.

They are put back after every migrate, because Django rebuilds an altered table on SQLite, which
drops its triggers silently. No SQLite trigger names another table than its own: a rebuild of that
other table would fail.
"""

from typing import NamedTuple

from django.db import DEFAULT_DB_ALIAS, connections
from django.db.backends.base.base import BaseDatabaseWrapper

from events.audit.body import GENESIS
from events.models import AuditAttachment, AuditEntry, AuditTerm

_ENTRY = AuditEntry._meta.db_table
_ATTACHMENT = AuditAttachment._meta.db_table
_TERM = AuditTerm._meta.db_table
TABLES = (_ENTRY, _ATTACHMENT, _TERM)

# What an INSERT must not do, per table, as a condition on NEW. INSERT OR REPLACE deletes without
# firing a DELETE trigger, so that the row that it would replace is looked for here. A process of
# an older release, which seals nothing, would break a sealed log for good: it is refused.
_FORBIDDEN_ROWS = {
    _ENTRY: (
        f"NEW.seq IS NOT coalesce((SELECT max(seq) FROM {_ENTRY}), 0) + 1 OR NEW.prev IS NOT "  # noqa: S608
        f"coalesce((SELECT hash FROM {_ENTRY} ORDER BY seq DESC LIMIT 1), '{GENESIS}')"
        " OR (NEW.mac IS NULL AND"
        f" (SELECT mac FROM {_ENTRY} ORDER BY seq DESC LIMIT 1) IS NOT NULL)"
    ),
    _ATTACHMENT: (
        f"EXISTS (SELECT 1 FROM {_ATTACHMENT} WHERE id = NEW.id)"  # noqa: S608
        f" OR EXISTS (SELECT 1 FROM {_ATTACHMENT}"
        " WHERE entry_id = NEW.entry_id AND name = NEW.name)"
    ),
    _TERM: (
        f"EXISTS (SELECT 1 FROM {_TERM} WHERE id = NEW.id)"  # noqa: S608
        f" OR EXISTS (SELECT 1 FROM {_TERM}"
        " WHERE digest = NEW.digest AND entry_id = NEW.entry_id)"
    ),
}


def _sqlite() -> dict[str, str]:
    """Trigger name → the statement that makes it."""
    made = {}
    for table in TABLES:
        for event in ("UPDATE", "DELETE", "INSERT"):
            name = f"{table}_{event.lower()}"
            when = f" WHEN {_FORBIDDEN_ROWS[table]}" if event == "INSERT" else ""
            made[name] = (
                f"CREATE TRIGGER {name} BEFORE {event} ON {table} FOR EACH ROW{when}"
                f" BEGIN SELECT RAISE(ABORT, 'the audit log refuses this {event}'); END"
            )
    return made


_REFUSE = """
BEGIN
  RAISE EXCEPTION 'the audit log refuses this %', TG_OP
    USING ERRCODE = 'integrity_constraint_violation';
END
"""
_CONTINUE = f"""
DECLARE
  last record;
BEGIN
  SELECT seq, hash, mac INTO last FROM {_ENTRY} ORDER BY seq DESC LIMIT 1;
  IF NEW.seq IS DISTINCT FROM coalesce(last.seq, 0) + 1
    OR NEW.prev IS DISTINCT FROM coalesce(last.hash, '{GENESIS}')
    OR (NEW.mac IS NULL AND last.mac IS NOT NULL) THEN
    RAISE EXCEPTION 'the audit log refuses this %', TG_OP
      USING ERRCODE = 'integrity_constraint_violation';
  END IF;
  RETURN NEW;
END
"""  # noqa: S608
FUNCTIONS = {"audit_refuse": _REFUSE, "audit_continue": _CONTINUE}


class _Trigger(NamedTuple):
    """A trigger of PostgreSQL; `bits` is its pg_trigger.tgtype."""

    table: str
    function: str
    when: str
    bits: int


def _postgresql() -> dict[str, _Trigger]:
    made = {f"{_ENTRY}_insert": _Trigger(_ENTRY, "audit_continue", "INSERT ON {} FOR EACH ROW", 7)}
    for table in TABLES:
        change, truncate = "UPDATE OR DELETE ON {} FOR EACH ROW", "TRUNCATE ON {}"
        made[f"{table}_change"] = _Trigger(table, "audit_refuse", change, 27)
        made[f"{table}_truncate"] = _Trigger(table, "audit_refuse", truncate, 34)
    return made


def install(using: str = DEFAULT_DB_ALIAS) -> None:
    """Put every trigger in place, as this version writes it. Running it again changes nothing."""
    connection = connections[using]
    with connection.cursor() as cursor:
        for statement in statements(connection):
            cursor.execute(statement)


def missing(using: str = DEFAULT_DB_ALIAS) -> list[str]:
    """The names of triggers that are absent, switched off, or not as this version writes them.

    Empty where the audit log's tables do not exist yet.
    """
    connection = connections[using]
    if not set(TABLES) <= set(connection.introspection.table_names()):
        return []
    if connection.vendor == "sqlite":
        return _missing_on_sqlite(connection)
    return _missing_on_postgresql(connection)


def statements(connection: BaseDatabaseWrapper) -> list[str]:
    """The SQL that puts every trigger in place on the database of `connection`."""
    if connection.vendor == "sqlite":
        return [
            statement
            for name, create in _sqlite().items()
            for statement in (f"DROP TRIGGER IF EXISTS {name}", create)
        ]
    made = [
        f"CREATE OR REPLACE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $${source}$$"
        for name, source in FUNCTIONS.items()
    ]
    for name, trigger in _postgresql().items():
        when = f"BEFORE {trigger.when.format(trigger.table)}"
        made += [
            f"CREATE OR REPLACE TRIGGER {name} {when} EXECUTE FUNCTION {trigger.function}()",
            f"ALTER TABLE {trigger.table} ENABLE ALWAYS TRIGGER {name}",
        ]
    return made


def _missing_on_sqlite(connection: BaseDatabaseWrapper) -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'")
        present = dict(cursor.fetchall())
    return [name for name, create in _sqlite().items() if present.get(name) != create]


def _missing_on_postgresql(connection: BaseDatabaseWrapper) -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT t.tgname, c.relname, p.proname, t.tgtype, p.prosrc FROM pg_trigger t"
            " JOIN pg_class c ON c.oid = t.tgrelid JOIN pg_proc p ON p.oid = t.tgfoid"
            " WHERE t.tgenabled = 'A' AND t.tgqual IS NULL AND t.tgattr::text = ''"
            " AND pg_table_is_visible(c.oid)"
        )
        present = {
            name: (table, function, bits)
            for name, table, function, bits, source in cursor.fetchall()
            if FUNCTIONS.get(function) == source
        }
    return [
        name
        for name, wanted in _postgresql().items()
        if present.get(name) != (wanted.table, wanted.function, wanted.bits)
    ]
