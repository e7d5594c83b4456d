"""The connection: statements that take the write lock stand in line for it."""

import re
from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path
from typing import Any

from django.db.backends.sqlite3 import base

from events import private
from webui.commits import BeforeCommit
from webui.sqlite3.queue import Queue

# What takes the lock where it stands alone; inside a transaction BEGIN has taken it.
_TAKES_LOCK = re.compile(
    r"\s*(?:BEGIN\s+(?:IMMEDIATE|EXCLUSIVE)|INSERT|UPDATE|DELETE|REPLACE|CREATE|DROP|ALTER)\b",
    re.IGNORECASE,
)
_DEFAULT_TIMEOUT = 5.0


@lru_cache(maxsize=256)
def _with_question_marks(query: str) -> str:
    return str(base.FORMAT_QMARK_REGEX.sub("?", query).replace("%%", "%"))


class QueuedCursor(base.SQLiteCursorWrapper):
    """A cursor whose `queue`, if it has one, is passed before the write lock is taken."""

    queue: Queue | None = None

    def execute(self, query: str, params: Any = None) -> Any:
        """Run one statement."""
        if self.queue is None or self.connection.in_transaction or not _TAKES_LOCK.match(query):
            return super().execute(query, params)
        run = super().execute
        return self.queue.run(self.connection, lambda: run(query, params))

    def convert_query(self, query: str, *, param_names: Iterable[str] | None = None) -> str:
        """`query` with the marks of SQLite; kept, because the same few are run again and again."""
        if param_names is not None:
            return str(super().convert_query(query, param_names=param_names))
        return _with_question_marks(query)

    def executemany(self, query: str, param_list: Iterable[Any]) -> Any:
        """Run one statement for each of `param_list`."""
        if self.queue is None or self.connection.in_transaction or not _TAKES_LOCK.match(query):
            return super().executemany(query, param_list)
        run, rows = super().executemany, list(param_list)
        return self.queue.run(self.connection, lambda: run(query, rows))


class DatabaseWrapper(BeforeCommit, base.DatabaseWrapper):
    """SQLite on disk, whose writers take turns. In memory everything is as in Django."""

    _queue: Queue | None = None

    def get_new_connection(self, conn_params: Any) -> Any:
        """Connect, and find the queue of that database. A new file is its owner's alone."""
        path = str(self.settings_dict["NAME"])
        if not self.is_in_memory_db() and not path.startswith("file:"):
            if not Path(path).exists():
                private.make_database(Path(path))
            self._queue = Queue(path, conn_params.get("timeout", _DEFAULT_TIMEOUT))
        return super().get_new_connection(conn_params)

    def create_cursor(self, name: str | None = None) -> QueuedCursor:
        """A cursor that stands in line."""
        cursor: QueuedCursor = self.connection.cursor(factory=QueuedCursor)
        cursor.queue = self._queue
        return cursor
