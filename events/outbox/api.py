"""The API as delivery asks it: through the gate, and telling the gate what came of it."""

from collections.abc import Callable
from typing import Any, TypeVar

from events.cloudflare import ApiError, Client, Page, RawData
from events.outbox import gate

T = TypeVar("T")


class Api:
    """The reads of `client`, each through the gate. Raises `ApiError`, `gate.Held` among them.

    `pulse` is called before every request, so that whoever watches sees long work go on.
    """

    def __init__(self, client: Client, pulse: Callable[[], None] = lambda: None) -> None:
        self.client = client
        self.pulse = pulse

    def list_events(self, **query: Any) -> Page:
        """One page of events; see `Client.list_events`."""
        page = self.ask(lambda: self.client.list_events(**query))
        gate.heed(page.rate)
        return page

    def read_event(self, dataset_id: str, event_id: str) -> dict[str, Any]:
        """The fields of one event."""
        return self.ask(lambda: self.client.read_event(dataset_id, event_id))

    def read_raw(self, dataset_id: str, event_id: str) -> RawData:
        """What one event was created from."""
        return self.ask(lambda: self.client.read_raw(dataset_id, event_id))

    def ask(self, ask: Callable[[], T]) -> T:
        """What `ask` returns, which makes one read or a few. Raises `ApiError`."""
        gate.must_be_open()
        self.pulse()
        try:
            result = ask()
        except ApiError as error:
            gate.failed(error, create=False)
            raise
        gate.answered(create=False)
        return result


def probe(client: Client) -> None:
    """Ask the API for next to nothing, and tell the gate."""
    try:
        client.list_events(page_size=1)
    except ApiError as error:
        gate.probed(error)
    else:
        gate.probed(None)
