"""The API as delivery asks it: through the gate, and telling the gate what came of it."""

from collections.abc import Callable
from typing import Any, TypeVar

from events.cloudflare import ApiError, Client, Page, RateLimited, RawData, Refused
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
        return self._ask_of_one(lambda: self.client.read_event(dataset_id, event_id))

    def read_raw(self, dataset_id: str, event_id: str) -> RawData:
        """What one event was created from."""
        return self._ask_of_one(lambda: self.client.read_raw(dataset_id, event_id))

    def ask(self, ask: Callable[[], T]) -> T:
        """What `ask` returns, which makes one list or a few. Raises `ApiError`."""
        gate.must_be_open()
        self.pulse()
        try:
            result = ask()
        except ApiError as error:
            gate.failed(error, create=False)
            raise
        gate.answered(create=False)
        return result

    def _ask_of_one(self, ask: Callable[[], T]) -> T:
        gate.must_be_open()
        self.pulse()
        try:
            return ask()
        except ApiError as error:
            gate.failed_for_one(error)
            raise


def probe(client: Client) -> bool:
    """Whether the API answers and lets this desk in.

    The datasets are asked for, to which no right to one of them is needed; who may not list them
    may still be let in, which the token's own status tells.
    """
    for ask in (client.datasets, client.verify_token):
        try:
            ask()
        except ApiError as error:
            gate.heed_refusal(error)
            if isinstance(error, RateLimited):
                return True
            if not isinstance(error, Refused):
                return False
            if not gate.is_access_refused(error):
                return True
        else:
            return True
    return False
