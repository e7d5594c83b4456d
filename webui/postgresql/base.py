"""The connection: what is set once on each, before Django or its pool hands it out."""

from typing import Any

from django.db.backends.postgresql import base

from webui.commits import BeforeCommit

# Longer than any transaction here takes, shorter than people and proxies wait.
LOCK_TIMEOUT = "5s"


class DatabaseWrapper(BeforeCommit, base.DatabaseWrapper):
    """PostgreSQL, where no statement waits longer than `LOCK_TIMEOUT` for a lock.

    It is a statement and not the startup parameter `options`, which proxies that pool
    transactions refuse.
    """

    def _configure_connection(self, connection: Any) -> bool:
        super()._configure_connection(connection)  # type: ignore[misc] # the stubs lack it
        with connection.cursor() as cursor:
            cursor.execute(f"SET lock_timeout = '{LOCK_TIMEOUT}'")
        return True
