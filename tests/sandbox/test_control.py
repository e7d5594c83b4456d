"""Control requests work from this machine, and from nowhere else."""

from collections.abc import Callable
from typing import Any

import pytest
import requests

from events.sandbox import Sandbox

from .conftest import Client, Contract

BEHAVE = {"operation": "create", "behaviour": "500-after", "times": 1}


@pytest.fixture
def send(sandbox: Sandbox) -> Callable[..., requests.Response]:
    def send(method: str, what: str, **rest: Any) -> requests.Response:
        return requests.request(method, f"{sandbox.url}/_sandbox/{what}", timeout=20, **rest)

    return send


def test_behave_ledger_and_reset(
    send: Callable[..., requests.Response], sandbox: Sandbox, client: Client
) -> None:
    assert send("POST", "behave", json=BEHAVE).json() == {"behaviours": ["create=500-after@0:1"]}
    assert client.create().status_code == 500
    assert send("GET", "behave").json() == {"behaviours": []}
    held = send("GET", "ledger").json()
    assert held["tally"]["sub-1"]["requests"] == 1
    assert held["events"][0]["uuid"] == held["attempts"][0]["event"]
    made = client.call("POST", "/dataset/create", json={"name": "New", "isPublic": True})
    assert made.status_code == 200
    send("POST", "behave", json={"operation": "all", "behaviour": "403"})
    assert send("POST", "reset", json={}).status_code == 200
    assert send("GET", "ledger").json() == {"events": [], "attempts": [], "tally": {}}
    assert client.create().status_code == 200
    assert "New" not in client.call("GET", "/dataset").text
    assert len(sandbox.requests) == 2


@pytest.mark.parametrize(
    ("method", "what", "rest", "status"),
    [
        ("POST", "behave", {"data": '{"operation": "create"}'}, 415),
        ("POST", "reset", {"data": "{}", "headers": {"Content-Type": "text/plain"}}, 415),
        ("POST", "reset", {"data": {"a": "b"}}, 415),
        ("POST", "behave", {"json": {**BEHAVE, "behaviour": "explode"}}, 400),
        ("POST", "behave", {"json": {**BEHAVE, "times": 0}}, 400),
        ("POST", "behave", {"json": {**BEHAVE, "times": "two"}}, 400),
        ("POST", "behave", {"json": {**BEHAVE, "seconds": "two"}}, 400),
        ("POST", "behave", {"json": []}, 400),
        ("GET", "nothing", {}, 404),
        ("GET", "reset", {}, 404),
        ("OPTIONS", "behave", {}, 501),
    ],
)
def test_what_is_not_understood_changes_nothing(
    *,
    method: str,
    what: str,
    rest: dict[str, Any],
    status: int,
    send: Callable[..., requests.Response],
    contract: Contract,
    client: Client,
) -> None:
    client.create()
    answer = send(method, what, **rest)
    assert answer.status_code == status
    assert "Access-Control-Allow-Origin" not in answer.headers
    contract.is_failure(answer)
    assert send("GET", "behave").json() == {"behaviours": []}
    assert len(send("GET", "ledger").json()["events"]) == 1


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:8009", "localhost.evil.example", "192.0.2.1", "", "[::1"]
)
def test_a_host_header_from_elsewhere_is_refused(
    host: str, send: Callable[..., requests.Response], sandbox: Sandbox, client: Client
) -> None:
    headers = {"Host": host}
    refused = host != "[::1"
    for answer in (
        send("GET", "ledger", headers=headers),
        send("POST", "reset", json={}, headers=headers),
        client.call("GET", "", headers=headers),
    ):
        assert (answer.status_code == 403) is refused


@pytest.mark.parametrize(
    "host", ["localhost", "LOCALHOST:8009", "127.0.0.1:1", "127.9.9.9", "[::1]:80"]
)
def test_a_host_header_of_this_machine_is_fine(
    host: str, send: Callable[..., requests.Response]
) -> None:
    assert send("GET", "ledger", headers={"Host": host}).status_code == 200


@pytest.mark.parametrize("host", ["0.0.0.0", "192.0.2.1", "::", "example.com", ""])
def test_it_listens_on_loopback_only(host: str) -> None:
    with pytest.raises(ValueError, match="loopback"):
        Sandbox(host=host)


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "127.0.0.2", "::1"])
def test_every_loopback_address_will_do(host: str, connect: Callable[..., Client]) -> None:
    try:
        sandbox = Sandbox(host=host)
    except OSError:
        pytest.skip(f"this machine has no {host}")
    with sandbox:
        assert connect(sandbox).create().status_code == 200
