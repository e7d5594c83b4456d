"""Making the two roles and the database: SQL for whoever may do so, which can be run again.

Passwords go as SCRAM verifiers, so that neither a printed text nor the server's log holds one.
"""

import base64
import hashlib
import hmac
import secrets
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from django.apps import apps
from django.db.migrations.recorder import MigrationRecorder
from psycopg import sql

from events.audit import triggers
from events.privileges.granted import SCHEMA

_ITERATIONS = 4096

_MAKE = """
DO $$ BEGIN
  IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = {name}) THEN CREATE ROLE {role}; END IF;
END $$"""
# Each attribute only where it differs: to name one takes a superuser, even to switch it off.
_WEAKEN = """
DO $$ DECLARE given record; BEGIN
  SELECT * INTO given FROM pg_roles WHERE rolname = {name};
  IF given.rolsuper THEN ALTER ROLE {role} NOSUPERUSER; END IF;
  IF given.rolcreaterole THEN ALTER ROLE {role} NOCREATEROLE; END IF;
  IF given.rolcreatedb THEN ALTER ROLE {role} NOCREATEDB; END IF;
  IF given.rolreplication THEN ALTER ROLE {role} NOREPLICATION; END IF;
  IF given.rolbypassrls THEN ALTER ROLE {role} NOBYPASSRLS; END IF;
END $$"""
_LEAVE = """
DO $$ DECLARE each record; BEGIN
  FOR each IN SELECT roleid::regrole AS other, grantor::regrole AS giver
      FROM pg_auth_members WHERE member = to_regrole(quote_ident({name})) LOOP
    IF current_setting('server_version_num')::int >= 160000 THEN
      EXECUTE format('REVOKE %s FROM %I GRANTED BY %s', each.other, {name}, each.giver);
    ELSE
      EXECUTE format('REVOKE %s FROM %I', each.other, {name});
    END IF;
  END LOOP;
END $$"""
# Who is no superuser gives objects only to roles that it could be itself.
_BECOME = """
DO $$ BEGIN
  IF NOT (SELECT rolsuper FROM pg_roles WHERE rolname = current_user) THEN
    GRANT {owner} TO CURRENT_USER;
  END IF;
END $$"""
_GIVE = """
DO $$ DECLARE each record; BEGIN
  IF NOT has_schema_privilege({owner_name}, {schema_name}, 'CREATE') THEN
    GRANT USAGE, CREATE ON SCHEMA {schema} TO {owner};
  END IF;
  IF EXISTS (SELECT FROM pg_namespace, aclexplode(nspacl)
      WHERE nspname = {schema_name} AND privilege_type = 'CREATE'
      AND grantee IN (0, to_regrole(quote_ident({application_name})))) THEN
    REVOKE CREATE ON SCHEMA {schema} FROM PUBLIC, {application};
  END IF;
  FOR each IN SELECT oid::regclass AS name FROM pg_class
      WHERE relnamespace = {schema_name}::regnamespace AND relkind IN ('r', 'p')
      AND relname = ANY ({tables}) AND relowner <> to_regrole(quote_ident({owner_name})) LOOP
    EXECUTE format('ALTER TABLE %s OWNER TO %I', each.name, {owner_name});
  END LOOP;
  FOR each IN SELECT oid::regprocedure AS name FROM pg_proc
      WHERE pronamespace = {schema_name}::regnamespace
      AND proname = ANY ({functions}) AND proowner <> to_regrole(quote_ident({owner_name})) LOOP
    EXECUTE format('ALTER FUNCTION %s OWNER TO %I', each.name, {owner_name});
  END LOOP;
END $$"""


class Address(NamedTuple):
    """A role, its password (empty: it signs in by other means), and the database it is for."""

    role: str
    password: str
    database: str


class Steps(NamedTuple):
    """SQL in order: `server` in any database, then `create` unless the database exists, then
    `inside` the database itself."""

    server: list[str]
    create: str
    inside: list[str]


def steps(*, owner: Address, application: Address) -> Steps:
    """What makes both roles, or makes them right, and gives the owner the database and its tables.

    The application's rights are not in it: the owner grants them at the end of each migrate.
    Raises `ValueError` for a password that cannot be written as a verifier.
    """
    name = _names(owner, application)
    server = [
        *_role(owner, name, "owner"),
        *_role(application, name, "application"),
        _sql(_WEAKEN, role=name["application"], name=name["application_name"]),
        _sql(_LEAVE, name=name["application_name"]),
        _sql(_BECOME, **name),
    ]
    inside = [
        "ALTER DATABASE {database} OWNER TO {owner}",
        "REVOKE ALL ON DATABASE {database} FROM PUBLIC, {application}",
        "GRANT CONNECT ON DATABASE {database} TO {application}",
        _GIVE,
    ]
    return Steps(
        server,
        _sql("CREATE DATABASE {database} OWNER {owner}", **name),
        [_sql(each, **name) for each in inside],
    )


def _names(owner: Address, application: Address) -> Mapping[str, sql.Composable]:
    tables = [
        MigrationRecorder.Migration._meta.db_table,
        *(model._meta.db_table for model in apps.get_models(include_auto_created=True)),
    ]
    return {
        "owner": sql.Identifier(owner.role),
        "owner_name": sql.Literal(owner.role),
        "application": sql.Identifier(application.role),
        "application_name": sql.Literal(application.role),
        "database": sql.Identifier(owner.database),
        "schema": sql.Identifier(SCHEMA),
        "schema_name": sql.Literal(SCHEMA),
        "tables": _array(tables),
        "functions": _array(list(triggers.FUNCTIONS)),
    }


def _role(address: Address, name: Mapping[str, sql.Composable], which: str) -> list[str]:
    made = [_sql(_MAKE, role=name[which], name=name[f"{which}_name"])]
    if not address.password:
        return [*made, _sql("ALTER ROLE {role} LOGIN", role=name[which])]
    verifier = sql.Literal(_verifier(address.password, secrets.token_bytes(16)))
    login = "ALTER ROLE {role} LOGIN PASSWORD {verifier}"
    return [*made, _sql(login, role=name[which], verifier=verifier)]


def _verifier(password: str, salt: bytes) -> str:
    """RFC 5802, as PostgreSQL stores it."""
    if not password.isascii() or not password.isprintable():
        raise ValueError("A role's password may hold the characters of ASCII only.")
    salted = hashlib.pbkdf2_hmac("sha256", password.encode(), salt, _ITERATIONS)
    client = hmac.digest(salted, b"Client Key", "sha256")
    stored, server = hashlib.sha256(client).digest(), hmac.digest(salted, b"Server Key", "sha256")
    shown = [base64.b64encode(each).decode() for each in (salt, stored, server)]
    return f"SCRAM-SHA-256${_ITERATIONS}:{shown[0]}${shown[1]}:{shown[2]}"


def _array(texts: Sequence[str]) -> sql.Composable:
    return sql.SQL("ARRAY[{}]").format(sql.SQL(", ").join(map(sql.Literal, texts)))


def _sql(template: str, **parts: sql.Composable) -> str:
    return sql.SQL(template.strip()).format(**parts).as_string()
