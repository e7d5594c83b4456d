"""Acting as the role that owns the tables, for what the application's role may not do."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.conf import settings
from django.db import DEFAULT_DB_ALIAS, connections
from django.db.utils import load_backend

_OF_THE_ROLE = ("USER", "PASSWORD", "HOST", "PORT", "OPTIONS")


@contextmanager
def as_owner(using: str = DEFAULT_DB_ALIAS) -> Iterator[None]:
    """Let `connections[using]` of this thread be the owner's until the block ends.

    It is another connection: it sees nothing that the application's has not committed, and leaves
    that one as it was. Where `MIGRATE_DATABASE_URL` is not set there is one role only, and
    nothing changes.
    """
    owner = settings.MIGRATE_DATABASE
    if owner is None:
        yield
        return
    application = connections[using]
    config = application.settings_dict | {name: owner[name] for name in _OF_THE_ROLE}
    connections[using] = load_backend(config["ENGINE"]).DatabaseWrapper(config, using)
    try:
        yield
    finally:
        connections[using].close()
        connections[using] = application
