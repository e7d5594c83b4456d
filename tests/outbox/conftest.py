"""Fixtures of the outbox's tests."""

from collections.abc import Iterator

import pytest

from events.cloudflare import Client
from events.sandbox import Sandbox
from tests.outbox.support import Death, Fate, payload, send


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


@pytest.fixture
def known(ana, sandbox):
    """An event that is there for certain."""
    return send(ana, event=payload("Known", "known.example"))
