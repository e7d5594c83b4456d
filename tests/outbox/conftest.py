"""Fixtures of the outbox's tests."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings as django_settings

from events.cloudflare import Client
from events.sandbox import Sandbox
from tests.audit.support import flushable_tables
from tests.outbox.support import Death, Fate

DATABASE = django_settings.DATABASES["default"]
if DATABASE["ENGINE"].endswith("sqlite3"):
    # In memory, where SQLite's tests are otherwise, several threads cannot write: a table that is
    # in use is refused at once. This is read when the test database is made, after collection.
    DATABASE.setdefault("TEST", {})["NAME"] = str(Path(os.environ["STATE_DIR"]) / "test.sqlite3")


@pytest.fixture(scope="session", autouse=True)
def _flushable() -> Iterator[None]:
    with flushable_tables():
        yield


@pytest.fixture
def sandbox(api_at: object, settings: object) -> Iterator[Sandbox]:
    """The app's API, and a client that does not wait long for it."""
    settings.SEND_LIMIT = 1_000
    with Sandbox() as sandbox:
        api_at(sandbox.base_url, deadline=0.5)
        yield sandbox


@pytest.fixture
def fate(monkeypatch: pytest.MonkeyPatch) -> Fate:
    """What happens to a process around its creates: `fate.dies = "before"` or `"after"`."""
    fate, create = Fate(), Client.create_event

    def create_event(client: Client, body: bytes) -> object:
        fate.bodies.append(body)
        if fate.dies == "before":
            raise Death
        created = create(client, body)
        if fate.dies == "after":
            raise Death
        return created

    monkeypatch.setattr(Client, "create_event", create_event)
    return fate
