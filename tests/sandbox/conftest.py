"""A sandbox, a client without a library's opinions, and the contract."""

import json
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import quote

import pytest
import requests

from events.sandbox import DATASETS, DEFAULT_DATASET, Sandbox
from tests.contract import judge

EXAMPLE: dict[str, Any] = {
    "category": "Domain Resolution",
    "date": "2022-04-01T00:00:00Z",
    "event": "An attacker registered the domain domain.com",
    "raw": {"data": {"event_desk": {"submission": "sub-1", "attempt": 1}}, "source": "example.com"},
    "tlp": "amber",
    "attacker": "Flying Yeti",
    "attackerCountry": "CN",
    "indicator": "domain.com",
    "indicatorType": "domain",
    "insight": "Seen once before",
    "tags": ["malware"],
    "targetCountry": "US",
    "targetIndustry": "Agriculture",
}

DEFAULT, READ_ONLY, CREATE_ONLY, DELETED = (
    DEFAULT_DATASET.uuid,
    *(
        next(dataset.uuid for dataset in DATASETS if wanted(dataset))
        for wanted in (
            lambda dataset: dataset.write_mode == "read_only",
            lambda dataset: dataset.write_mode == "create_only",
            lambda dataset: dataset.deleted_at,
        )
    ),
)


def an_event(**changes: Any) -> dict[str, Any]:
    """The reference example with `changes`; None leaves a field out."""
    return {name: value for name, value in {**EXAMPLE, **changes}.items() if value is not None}


def as_query(*filters: tuple[str, str, Any]) -> str:
    """The query of a GET that asks for filters, each (field, op, value)."""
    return "?search=" + quote(json.dumps(as_search(*filters)))


def as_search(*filters: tuple[str, str, Any]) -> list[dict[str, Any]]:
    """The conditions of a search, each (field, op, value)."""
    return [{"field": field, "op": op, "value": value} for field, op, value in filters]


class Client:
    """Requests to one sandbox with its token; paths below `…/cloudforce-one/events`."""

    def __init__(self, sandbox: Sandbox, token: str | None = None) -> None:
        self.sandbox = sandbox
        self.session = requests.Session()
        self.session.trust_env = False
        self.session.headers["Authorization"] = f"Bearer {token or sandbox.settings.token}"
        self.events = (
            f"{sandbox.base_url}/accounts/{sandbox.settings.account}/cloudforce-one/events"
        )

    def call(self, method: str, path: str = "", timeout: float = 20, **rest: Any) -> Any:
        return self.session.request(method, self.events + path, timeout=timeout, **rest)

    def create(self, timeout: float = 20, **changes: Any) -> requests.Response:
        return self.call("POST", "/create", timeout, json=an_event(**changes))

    def uuids(self, query: str = "") -> list[str]:
        answer = self.call("GET", query)
        assert answer.status_code == 200, answer.text
        return [event["uuid"] for event in answer.json()]

    def post_list(self, query: str = "", **body: Any) -> Any:
        return self.call("POST", query, json=body)

    def posted(self, *filters: tuple[str, str, Any], query: str = "", **body: Any) -> list[str]:
        """The uuids that a list by POST finds."""
        answer = self.post_list(query, search=as_search(*filters), **body)
        assert answer.status_code == 200, answer.text
        return [event["uuid"] for event in answer.json()]


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with Sandbox() as running:
        yield running


@pytest.fixture
def connect() -> Iterator[Callable[..., Client]]:
    """Makes clients, and closes their connections in the end."""
    clients: list[Client] = []

    def make(sandbox: Sandbox, token: str | None = None) -> Client:
        clients.append(Client(sandbox, token))
        return clients[-1]

    yield make
    for each in clients:
        each.session.close()


@pytest.fixture
def client(sandbox: Sandbox, connect: Callable[..., Client]) -> Client:
    return connect(sandbox)


class Contract:
    """Validates exchanges with the published contract."""

    def check(self, response: requests.Response) -> None:
        """Operation, parameters, body, status, content type and answer of one exchange."""
        asked = _asked(response)
        judge.check_request(asked)
        judge.check_answer(asked, response.status_code, response.headers, response.content)

    def is_answer(self, response: requests.Response) -> None:
        """The answer alone fits, whatever was asked."""
        judge.check_answer(
            _asked(response), response.status_code, response.headers, response.content
        )

    def is_failure(self, response: requests.Response) -> None:
        """An envelope that says no, in the contract's shape."""
        assert response.status_code >= 400
        judge.check_value(response.json(), {"$ref": "#/components/schemas/Failure"})


def _asked(response: requests.Response) -> judge.Asked:
    sent = response.request
    body = sent.body if isinstance(sent.body, bytes) or sent.body is None else sent.body.encode()
    return judge.Asked(sent.method or "", sent.path_url, sent.headers, body)


@pytest.fixture(scope="session")
def contract() -> Contract:
    return Contract()
