"""A database for each lane: migrated once, then copied, on SQLite and on PostgreSQL."""

import os
import shutil
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Any, NamedTuple
from uuid import UUID, uuid4

import psycopg
from django.contrib.auth.models import Group, User
from django.core.management import call_command
from django.db import connections

from tests.databases import roles
from tests.killmatrix import processes
from tests.killmatrix.victim import ANALYST

_COLUMNS = "state, typed, event_uuid, found, body, unknown_since"


class Row(NamedTuple):
    """A submission as it is stored, read without the product's code."""

    state: str
    typed: str
    event_uuid: str
    found: str
    body: bytes | None
    unknown_since: object


class Store:
    """A lane's database, read beside Django."""

    def __init__(self, name: str, url: str | None) -> None:
        self._name = name
        self._postgresql = psycopg.connect(url, autocommit=True) if url else None

    def row(self, token: UUID) -> Row | None:
        """The submission of that id."""
        where = f"SELECT {_COLUMNS} FROM events_submission WHERE id = "
        if self._postgresql:
            rows = self._postgresql.execute(f"{where}%s", [token]).fetchall()
        else:
            rows = self._sqlite(f"{where}?", [token.hex])
        return Row(*rows[0]) if rows else None

    def ids(self) -> set[str]:
        """The ids of all submissions."""
        sql = "SELECT id FROM events_submission"
        rows = self._postgresql.execute(sql).fetchall() if self._postgresql else self._sqlite(sql)
        return {str(UUID(str(row[0]))) for row in rows}

    def _sqlite(self, sql: str, values: Sequence[Any] = ()) -> list[Any]:
        """A connection for each question, because none may be open across a fork."""
        with closing(sqlite3.connect(self._name, timeout=20)) as connection:
            return connection.execute(sql, values).fetchall()


class Databases:
    """The lanes' databases in `folder`, or on the PostgreSQL of the settings."""

    def __init__(self, folder: Path) -> None:
        self.config = connections.databases["default"]
        self.is_sqlite = self.config["ENGINE"].endswith("sqlite3")
        # A pool's threads would be made anew, and be lost, in each of thousands of processes.
        self.config.get("OPTIONS", {}).pop("pool", None)
        self._folder = folder
        self._server = os.environ.get(roles.SUPERUSER_URL, "")
        self._names: list[str] = []
        self._template = self._new()
        self.use(self._template)
        processes.run(_prepare)

    def lane(self) -> str:
        """The name of a new copy."""
        name = self._new(self._template)
        if self.is_sqlite:
            shutil.copyfile(self._template, name)
        return name

    def use(self, name: str) -> None:
        """Make Django's next connection go there."""
        self.config["NAME"] = name

    def store(self, name: str) -> Store:
        """What is in it."""
        addresses = {} if self.is_sqlite else roles.addresses(self._server, name)
        return Store(name, addresses.get("DATABASE_URL"))

    def drop(self) -> None:
        """Remove them all."""
        if not self.is_sqlite:
            for statement in (f'DROP DATABASE "{name}" WITH (FORCE)' for name in self._names):
                self._execute(statement)

    def _new(self, template: str = "template0") -> str:
        if self.is_sqlite:
            return str(self._folder / f"matrix_{uuid4().hex}.sqlite3")
        name = roles.new_database("matrix", template)
        self._names.append(name)
        return name

    def _execute(self, sql: str) -> None:
        with psycopg.connect(self._server, autocommit=True) as connection:
            connection.execute(sql)


def _prepare(say: processes.Say) -> None:
    """In a process of its own, so that the one that forks the lanes never had a connection."""
    call_command("migrate", verbosity=0)
    analyst = User.objects.create(username=ANALYST)
    analyst.groups.set(Group.objects.filter(name="analyst"))
    connections.close_all()
