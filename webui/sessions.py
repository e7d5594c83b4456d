"""The session engine: a person's session counts while it is in use, and never beyond its end."""

import logging
from typing import Any

from django.contrib.auth import SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore as DatabaseStore
from django.db import DatabaseError

from events.services import sessions

_log = logging.getLogger(__name__)


class SessionStore(DatabaseStore):
    """Sessions in the database; `standing` says when a signed-in one began and was last used."""

    standing: sessions.Standing | None = None

    def load(self) -> dict[str, Any]:
        """What the session holds; nothing, and another key, if it has ended."""
        found = sessions.read(self.session_key) if self.session_key else None
        values: dict[str, Any] = self.decode(found[0]) if found else {}
        self.standing = found[1] if found else None
        owner = str(self.standing.user_id) if self.standing else None
        if found is not None and values.get(SESSION_KEY) == owner:
            return values
        self._forget(is_there=found is not None)
        return {}

    def cycle_key(self) -> None:
        """Take another key and keep everything else."""
        values, old = self._session, self.session_key  # type: ignore[attr-defined]
        self.create()
        self._session_cache = values
        if old and self.session_key:
            sessions.move(old, self.session_key)
            super().delete(old)

    def _forget(self, *, is_there: bool) -> None:
        """What has ended is taken away when it is seen, so that no setting and no clock revives it.

        If that cannot be written it does not count all the same.
        """
        key, self._session_key, self.standing = self.session_key, None, None
        if not (key and is_there):
            return
        try:
            sessions.end(key)
        except DatabaseError as error:
            _log.warning("an ended session could not be deleted: %s", type(error).__name__)

    def delete(self, session_key: str | None = None) -> None:
        """End the session, its row included."""
        if key := session_key or self.session_key:
            sessions.end(key)
