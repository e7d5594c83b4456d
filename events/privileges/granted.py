"""What the application's role may do in PostgreSQL: one table, from which the SQL comes.

Everything is granted by the owner after each migrate, by name: what was not granted is refused, so
that a table of a later migration is closed until then. Sequences need no grant, because identity
columns take their numbers without one.
"""

from typing import NamedTuple

from django.apps import AppConfig
from django.conf import settings
from django.db import DEFAULT_DB_ALIAS, connections
from django.db.backends.utils import CursorWrapper
from django.db.migrations.recorder import MigrationRecorder
from psycopg import sql

from events.audit import triggers

SCHEMA = "public"

ORDINARY = frozenset({"SELECT", "INSERT", "UPDATE", "DELETE"})
LOGGED = frozenset({"SELECT", "INSERT"})
# What only migrations write: the application could otherwise hide that one is missing, or give a
# right that nobody meant.
MIGRATED = frozenset({"SELECT"})

_PRIVILEGES = {
    **dict.fromkeys(triggers.TABLES, LOGGED),
    **dict.fromkeys(
        (MigrationRecorder.Migration._meta.db_table, "django_content_type", "auth_permission"),
        MIGRATED,
    ),
}
_EVERY = ("SELECT", "INSERT", "UPDATE", "DELETE", "TRUNCATE", "REFERENCES", "TRIGGER")

# A right to a column counts as one to the table.
_HELD = """
SELECT c.relname,
  c.relowner = to_regrole(quote_ident(current_user)),
  pg_has_role(%(role)s, c.relowner, 'MEMBER'),
  ARRAY(SELECT p FROM unnest(%(every)s::text[]) p
    WHERE CASE WHEN p IN ('DELETE', 'TRUNCATE', 'TRIGGER')
      THEN has_table_privilege(%(role)s, c.oid, p)
      ELSE has_any_column_privilege(%(role)s, c.oid, p) END)
FROM pg_class c
WHERE c.relnamespace = to_regnamespace(%(schema)s) AND c.relkind IN ('r', 'p', 'v', 'm', 'f')
ORDER BY c.relname"""
# PUBLIC is every role there is: it may connect, and make temporary tables, unless told not.
_OPEN = """
DO $$ BEGIN
  IF has_database_privilege({name}, current_database(), 'TEMPORARY, CREATE')
      AND (SELECT pg_has_role(datdba, 'MEMBER') FROM pg_database
        WHERE datname = current_database()) THEN
    EXECUTE format('REVOKE ALL ON DATABASE %I FROM PUBLIC, %I', current_database(), {name});
    EXECUTE format('GRANT CONNECT ON DATABASE %I TO %I', current_database(), {name});
  END IF;
  IF NOT has_schema_privilege({name}, {schema_name}, 'USAGE') THEN
    GRANT USAGE ON SCHEMA {schema} TO {role};
  END IF;
END $$"""
_GRANT = "REVOKE ALL ON {table} FROM PUBLIC, {role}; GRANT {rights} ON {table} TO {role}"
_ROLE = """
SELECT array_remove(ARRAY[
    CASE WHEN rolsuper THEN 'it is a superuser' END,
    CASE WHEN rolcreaterole THEN 'it may make roles' END,
    CASE WHEN rolcreatedb THEN 'it may make databases' END,
    CASE WHEN rolreplication THEN 'it may replicate' END,
    CASE WHEN rolbypassrls THEN 'it passes by row security' END,
    CASE WHEN EXISTS (SELECT FROM pg_auth_members WHERE member = r.oid)
        THEN 'it is a member of other roles' END,
    CASE WHEN has_schema_privilege(rolname, %s, 'CREATE')
        THEN 'it may make tables and functions' END,
    CASE WHEN has_database_privilege(rolname, current_database(), 'CREATE')
        THEN 'it may make schemas' END,
    CASE WHEN has_database_privilege(rolname, current_database(), 'TEMPORARY')
        THEN 'it may make temporary tables' END
], NULL) FROM pg_roles r WHERE rolname = current_user"""


class _Held(NamedTuple):
    """What a role may do with a table that is ours to grant, or that it owns itself, or neither.

    `is_own` also for a member of the owner, and a superuser.
    """

    table: str
    is_ours: bool
    is_own: bool
    privileges: frozenset[str]


def privileges(table: str) -> frozenset[str]:
    """What the application's role may do with `table`."""
    return _PRIVILEGES.get(table, ORDINARY)


def grant_after_migrate(sender: AppConfig, *, using: str, **kwargs: object) -> None:
    """Receive `post_migrate`: as the owner, give the application's role its rights, no others."""
    if settings.MIGRATE_DATABASE is None or connections[using].vendor != "postgresql":
        return
    role = str(settings.DATABASES[using]["USER"])
    with connections[using].cursor() as cursor:
        cursor.execute(_text(_OPEN, role))
        for held in _held(cursor, role):
            if held.is_ours and held.privileges != privileges(held.table):
                cursor.execute(_text(_GRANT, role, **_parts(held.table)))


def may_create(using: str = DEFAULT_DB_ALIAS) -> bool:
    """Whether the connection's role may change the schema; always where there are no roles."""
    if connections[using].vendor != "postgresql":
        return True
    with connections[using].cursor() as cursor:
        cursor.execute("SELECT has_schema_privilege(%s, 'CREATE')", [SCHEMA])
        return bool(cursor.fetchone()[0])


def excess(using: str = DEFAULT_DB_ALIAS) -> list[str]:
    """What the connection's role may do beyond its task, each a sentence that begins with "it".

    Empty on SQLite, which has no roles.
    """
    if connections[using].vendor != "postgresql":
        return []
    with connections[using].cursor() as cursor:
        cursor.execute(_ROLE, [SCHEMA])
        found: list[str] = cursor.fetchone()[0]
        held = _held(cursor, _current(cursor))
    owned = [each.table for each in held if each.is_own]
    if owned:
        found.append(f"it owns {len(owned)} tables, such as {owned[0]}")
    return found + [_beyond(each) for each in held if not each.is_own and _too_much(each)]


def lacking(using: str = DEFAULT_DB_ALIAS) -> list[str]:
    """The desk's tables that the connection's role may not use as it has to, by name.

    So it is between a restore and the `migrate` that follows. Empty on SQLite, which has no roles.
    """
    if connections[using].vendor != "postgresql":
        return []
    ours = set(connections[using].introspection.django_table_names())
    with connections[using].cursor() as cursor:
        held = _held(cursor, _current(cursor))
    return [each.table for each in held if each.table in ours and _too_little(each)]


def _current(cursor: CursorWrapper) -> str:
    cursor.execute("SELECT current_user")
    return str(cursor.fetchone()[0])


def _too_little(held: _Held) -> frozenset[str]:
    return frozenset() if held.is_own else privileges(held.table) - held.privileges


def _too_much(held: _Held) -> frozenset[str]:
    return held.privileges - privileges(held.table)


def _beyond(held: _Held) -> str:
    return f"it may {', '.join(sorted(_too_much(held)))} {held.table}"


def _held(cursor: CursorWrapper, role: str) -> list[_Held]:
    cursor.execute(_HELD, {"role": role, "every": list(_EVERY), "schema": SCHEMA})
    return [
        _Held(table, is_ours, is_own, frozenset(rights))
        for table, is_ours, is_own, rights in cursor.fetchall()
    ]


def _parts(table: str) -> dict[str, sql.Composable]:
    rights = sql.SQL(", ").join(map(sql.SQL, sorted(privileges(table))))
    return {"table": sql.Identifier(SCHEMA, table), "rights": rights}


def _text(template: str, role: str, **parts: sql.Composable) -> str:
    names = {
        "role": sql.Identifier(role),
        "name": sql.Literal(role),
        "schema": sql.Identifier(SCHEMA),
        "schema_name": sql.Literal(SCHEMA),
    }
    return sql.SQL(template).format(**names, **parts).as_string()
