"""The session engine: a person's session counts while it is in use, and never beyond its end."""

import logging
from typing import Any

from django.contrib.auth import SESSION_KEY
from django.contrib.sessions.backends.base import UpdateError
from django.contrib.sessions.backends.db import SessionStore as DatabaseStore
from django.db import DatabaseError

from events.services import sessions

_log = logging.getLogger(__name__)


class SessionStore(DatabaseStore):
    """Sessions in the database; `standing` says when a signed-in one began and was last used."""

    standing: sessions.Standing | None = None
    # Why the session that the browser named does not count any more.
    ended = ""

    def load(self) -> dict[str, Any]:
        """What the session holds; nothing, and another key, if it has ended."""
        found = sessions.read(self.session_key) if self.session_key else None
        if found is None:
            self.ended = sessions.GONE if self.session_key else ""
            self._session_key = None
            return {}
        values: dict[str, Any] = self.decode(found[0])
        if SESSION_KEY not in values:
            return values
        self.standing = found[1]
        is_its = self.standing and values[SESSION_KEY] == str(self.standing.user_id)
        self.ended = self.standing.ended if self.standing and is_its else sessions.GONE
        if self.ended:
            self._forget()
            return {}
        return values

    def cycle_key(self) -> None:
        """Take another key and keep everything else."""
        values, old = self._session, self.session_key  # type: ignore[attr-defined]
        self.create()
        self._session_cache = values
        if old and self.session_key:
            sessions.move(old, self.session_key)
            super().delete(old)

    def save(self, must_create: bool = False) -> None:
        """Keep it, unless it was ended meanwhile.

        What the request did is done: its answer must not be replaced by one that says it was not.
        """
        try:
            super().save(must_create)
        except UpdateError:
            _log.warning("a session could not be kept: it was ended during the request")

    def _forget(self) -> None:
        """What has ended is taken away when it is seen, so that no setting and no clock revives it.

        If that cannot be written it does not count all the same.
        """
        key, self._session_key, self.standing = self.session_key, None, None
        try:
            sessions.end(str(key))
        except DatabaseError as error:
            _log.warning("an ended session could not be deleted: %s", type(error).__name__)

    def delete(self, session_key: str | None = None) -> None:
        """End the session, its row included."""
        if key := session_key or self.session_key:
            sessions.end(key)
