"""A sandbox, a client without a library's opinions, and the contract."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
from openapi_core import OpenAPI
from openapi_core.testing import MockRequest, MockResponse
from openapi_schema_validator import OAS30Validator

from events.sandbox import DATASETS, DEFAULT_DATASET, Sandbox

CONTRACT = Path(__file__).parents[1] / "contract" / "threat-events.openapi.yaml"
CLOUDFLARE = "https://api.cloudflare.com"
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

    def __init__(self) -> None:
        self._openapi = OpenAPI.from_file_path(str(CONTRACT))
        self._document = self._openapi.spec.read_value()

    def check(self, response: requests.Response) -> None:
        """Operation, parameters, body, status, content type and answer, all by openapi-core."""
        sent = response.request
        path, _, query = sent.path_url.partition("?")
        args = [pair.split("=", 1) for pair in query.split("&") if pair]
        body = (
            sent.body if isinstance(sent.body, bytes) or sent.body is None else sent.body.encode()
        )
        request = MockRequest(
            CLOUDFLARE,
            (sent.method or "").lower(),
            path,
            args=dict(args),
            headers=dict(sent.headers),
            data=body,
            content_type=sent.headers.get("Content-Type", ""),
        )
        answer = MockResponse(
            response.content,
            status_code=response.status_code,
            headers=dict(response.headers),
            content_type=response.headers["Content-Type"],
        )
        self._openapi.validate_response(request, answer)

    def is_schema(self, value: Any, schema: dict[str, Any]) -> None:
        """`value` against a schema of the contract, or one that refers to its components."""
        whole = {**schema, "components": self._document["components"]}
        OAS30Validator(whole, format_checker=OAS30Validator.FORMAT_CHECKER).validate(value)

    def is_failure(self, response: requests.Response) -> None:
        """An envelope that says no, in the contract's shape."""
        assert response.status_code >= 400
        self.is_schema(response.json(), {"$ref": "#/components/schemas/Failure"})

    def answer_schema(self, template: str, method: str, status: int) -> dict[str, Any]:
        responses = self._document["paths"][template][method]["responses"]
        response = responses[str(status)]
        if "$ref" in response:
            response = self._document["components"]["responses"][
                response["$ref"].rpartition("/")[2]
            ]
        schema: dict[str, Any] = response["content"]["application/json"]["schema"]
        return schema


@pytest.fixture(scope="session")
def contract() -> Contract:
    return Contract()
