"""The tests' roles in PostgreSQL: the application's, the owner's, and the server's superuser."""

import os
from typing import Any
from urllib.parse import urlsplit, urlunsplit
from uuid import uuid4

import psycopg

APPLICATION = "eventdesk"
OWNER = "eventdesk_owner"
# Of the tests alone: the product has no such setting.
SUPERUSER_URL = "TESTS_SUPERUSER_URL"
# A role that is no superuser may end its own sessions only.
END_OTHERS = """
SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
WHERE usename = current_user AND datname = current_database() AND pid <> pg_backend_pid()"""
_URLS = {"DATABASE_URL": APPLICATION, "MIGRATE_DATABASE_URL": OWNER}

# The tests' way past the application's role, within its own transaction. It is in the tests'
# databases only.
_BACK_DOOR = """
CREATE SCHEMA tests;
CREATE FUNCTION tests.as_superuser(statement text) RETURNS void
  LANGUAGE plpgsql SECURITY DEFINER AS $$ BEGIN EXECUTE statement; END $$;
GRANT USAGE ON SCHEMA tests TO PUBLIC"""


def make(superuser_url: str) -> dict[str, str]:
    """Make both roles on the server at `superuser_url`, and a database; the variables for them."""
    with psycopg.connect(superuser_url, autocommit=True) as server:
        server.execute(f"CREATE ROLE {APPLICATION} LOGIN")
        # Django makes the tests' databases by it.
        server.execute(f"CREATE ROLE {OWNER} LOGIN CREATEDB")
        server.execute(f"CREATE DATABASE {APPLICATION} OWNER {OWNER}")
    return addresses(superuser_url, APPLICATION)


def new_database(prefix: str, template: str = "template0") -> str:
    """Make an empty database, or a copy of `template`; its name."""
    name = f"{prefix}_{uuid4().hex}"
    with psycopg.connect(os.environ[SUPERUSER_URL], autocommit=True) as server:
        server.execute(f'CREATE DATABASE "{name}" OWNER {OWNER} TEMPLATE "{template}"')
    return name


def addresses(superuser_url: str, database: str) -> dict[str, str]:
    """The variables by which `database` is reached under each role."""
    parts = urlsplit(superuser_url)._replace(path=f"/{database}")
    host = parts.netloc.rpartition("@")[2]
    found = {
        name: urlunsplit(parts._replace(netloc=f"{role}@{host}")) for name, role in _URLS.items()
    }
    return found | {SUPERUSER_URL: urlunsplit(parts)}


def open_back_door(database: str) -> None:
    """Make `execute_as_superuser` work in `database`."""
    url = addresses(os.environ[SUPERUSER_URL], database)[SUPERUSER_URL]
    with psycopg.connect(url, autocommit=True) as server:
        server.execute(_BACK_DOOR)


def execute_as_superuser(cursor: Any, statement: str, values: Any = ()) -> None:
    """Execute one statement past the rights of the cursor's role, in its transaction."""
    session = cursor.db.connection
    whole = psycopg.ClientCursor(session).mogrify(statement, values) if values else statement
    cursor.execute("SELECT tests.as_superuser(%s)", [whole])
