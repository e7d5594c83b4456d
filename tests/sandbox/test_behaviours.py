"""Each misbehaviour does on the wire what its name says, and the ledger tells what was accepted."""

import socket
import time
from collections.abc import Callable
from urllib.parse import urlsplit

import pytest
import requests

from events.sandbox import BEHAVIOURS, Sandbox

from .conftest import Client, Contract

PATIENCE = 20.0


def _held(sandbox: Sandbox) -> int:
    return len(sandbox.ledger.events())


def _until(is_true: Callable[[], object]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not is_true():
        assert time.monotonic() < deadline
        time.sleep(0.01)


@pytest.mark.parametrize(
    ("behaviour", "status", "held"),
    [
        ("ok", 200, 1),
        ("400", 400, 0),
        ("401", 401, 0),
        ("403", 403, 0),
        ("429", 429, 0),
        ("500-before", 500, 0),
        ("500-after", 500, 1),
        ("503-before", 503, 0),
    ],
)
def test_a_status_and_what_it_holds(
    *,
    behaviour: str,
    status: int,
    held: int,
    sandbox: Sandbox,
    client: Client,
    contract: Contract,
) -> None:
    sandbox.behave("create", behaviour)
    answer = client.create()
    assert (answer.status_code, _held(sandbox)) == (status, held)
    if status != 200:
        contract.is_failure(answer)
    [attempt] = sandbox.ledger.attempts("sub-1")
    assert (attempt.behaviour, attempt.outcome) == (behaviour, "accepted" if held else "refused")


def test_403_has_one_of_two_codes(sandbox: Sandbox, client: Client) -> None:
    sandbox.behave("create", "403", times=1)
    sandbox.behave("create", "403", times=1, seconds=10000)
    codes = [client.create().json()["errors"][0]["code"] for _ in range(2)]
    assert codes == [9109, 10000]


def test_429_says_how_long_to_wait(sandbox: Sandbox, client: Client) -> None:
    sandbox.behave("create", "429", times=1, seconds=7)
    assert client.create().headers["Retry-After"] == "7"
    assert client.create().status_code == 200


def test_an_event_may_be_gone_for_its_readers(
    sandbox: Sandbox, client: Client, contract: Contract
) -> None:
    event = client.create().json()
    path = f"/dataset/{event['datasetId']}/events/{event['uuid']}"
    sandbox.behave("read", "gone", times=1)
    answer = client.call("GET", path)
    contract.is_failure(answer)
    assert (answer.status_code, answer.json()["errors"]) == (404, [{"message": "Event not found"}])
    assert client.call("GET", path).json() == event


def test_html_instead_of_json(sandbox: Sandbox, client: Client) -> None:
    sandbox.behave("all", "html-200")
    answer = client.create()
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, "text/html")
    assert answer.text.startswith("<!doctype html>")
    assert _held(sandbox) == 0


@pytest.mark.parametrize(("behaviour", "held"), [("drop-before", 0), ("drop-after", 1)])
def test_a_dropped_connection(behaviour: str, held: int, sandbox: Sandbox, client: Client) -> None:
    sandbox.behave("create", behaviour)
    with pytest.raises(requests.ConnectionError):
        client.create()
    assert (_held(sandbox), len(sandbox.ledger.attempts())) == (held, 1)


@pytest.mark.parametrize(("behaviour", "held"), [("hang-before", 0), ("hang-after", 1)])
def test_a_hanging_request(behaviour: str, held: int, sandbox: Sandbox, client: Client) -> None:
    sandbox.behave("create", behaviour)
    with pytest.raises(requests.ReadTimeout):
        client.create(timeout=0.3)
    assert _held(sandbox) == held
    assert [attempt.behaviour for attempt in sandbox.ledger.attempts()] == [behaviour]


def test_a_hang_ends_after_its_seconds(sandbox: Sandbox, client: Client) -> None:
    sandbox.behave("create", "hang-before", seconds=0.2)
    with pytest.raises(requests.ConnectionError):
        client.create()


def test_a_truncated_answer(sandbox: Sandbox, client: Client) -> None:
    sandbox.behave("create", "truncate", times=1)
    with pytest.raises(requests.exceptions.ChunkedEncodingError):
        client.create()
    assert _held(sandbox) == 1
    assert client.create().status_code == 200


def test_a_slow_answer_drips_but_comes_whole(sandbox: Sandbox, client: Client) -> None:
    sandbox.behave("create", "slow", seconds=0.5)
    started = time.monotonic()
    answer = client.create()
    assert time.monotonic() - started > 0.4
    assert answer.json()["uuid"] == sandbox.ledger.events()[0].uuid


def test_late_accepts_though_the_client_has_gone(sandbox: Sandbox, client: Client) -> None:
    sandbox.behave("create", "late", seconds=0.5, times=1)
    with pytest.raises(requests.ReadTimeout):
        client.create(timeout=0.1)
    assert [attempt.outcome for attempt in sandbox.ledger.attempts()] == ["waiting"]
    _until(lambda: _held(sandbox))
    assert [attempt.outcome for attempt in sandbox.ledger.attempts()] == ["accepted"]


def test_late_refuses_what_is_wrong(sandbox: Sandbox, client: Client) -> None:
    sandbox.behave("create", "late", seconds=0.01)
    assert client.create(tlp="white").status_code == 400
    assert [attempt.outcome for attempt in sandbox.ledger.attempts()] == ["refused"]


def test_counts_are_used_up_in_order_before_what_is_always(
    sandbox: Sandbox, client: Client
) -> None:
    for name, times in (("500-before", None), ("400", 1), ("403", 2)):
        sandbox.behave("create", name, times)
    assert [client.create().status_code for _ in range(5)] == [400, 403, 403, 500, 500]
    sandbox.behave("create", "ok")
    assert client.create().status_code == 200


def test_an_operations_own_behaviour_comes_before_that_of_all(
    sandbox: Sandbox, client: Client
) -> None:
    sandbox.behave("all", "403")
    sandbox.behave("create", "ok")
    assert client.create().status_code == 200
    assert client.call("GET").status_code == 403


def test_aspects_combine(sandbox: Sandbox, client: Client) -> None:
    sandbox.behave("create", "envelope")
    sandbox.behave("create", "slow", times=1, seconds=0.05)
    assert client.create().json()["result"]["uuid"]
    sandbox.well()
    assert client.create().json()["uuid"]


def test_a_request_that_is_not_let_in_uses_nothing_up(
    sandbox: Sandbox, client: Client, connect: Callable[..., Client]
) -> None:
    sandbox.behave("create", "500-before", times=1)
    assert connect(sandbox, "wrong").create().status_code == 401
    assert client.create().status_code == 500


def test_a_bulk_create_misbehaves_too(sandbox: Sandbox, client: Client) -> None:
    sandbox.behave("bulk", "500-before", times=1)
    sandbox.behave("bulk", "500-after", times=1)
    event = {"category": "Phishing", "date": "2026-01-01T00:00:00Z", "event": "x", "tlp": "red"}
    data = [
        {**event, "raw": {"data": {"event_desk": {"submission": str(number)}}}}
        for number in range(3)
    ]
    body = {"data": data, "datasetId": sandbox.ledger.datasets()[0].uuid}
    for _ in range(2):
        assert client.call("POST", "/create/bulk", json=body).status_code == 500
    tally = sandbox.ledger.tally()
    assert {key: (each.requests, len(each.events)) for key, each in tally.items()} == {
        "0": (2, 1),
        "1": (2, 1),
        "2": (2, 1),
    }


@pytest.mark.parametrize(
    "text",
    [
        "create",
        "create=explode",
        "nothing=ok",
        "create=ok:0",
        "create=ok:many",
        "create=late@soon",
        "create=slow@-1",
        "create=ignore-filters",
        "indicators=search-parallel",
        "read=text-cut",
        "create=gone",
    ],
)
def test_a_behaviour_that_is_not_understood_is_refused_in_one_line(text: str) -> None:
    with pytest.raises(ValueError, match=r"^.+\.$"):
        Sandbox(behave=[text])


def test_behaviours_can_be_given_at_the_start(connect: Callable[..., Client]) -> None:
    behave = ["create=500-after:1", "list=stale-list@60", "create=clock@-5"]
    with Sandbox(behave=behave) as sandbox:
        client = connect(sandbox)
        assert [client.create().status_code for _ in range(2)] == [500, 200]
        assert client.uuids() == []


def test_every_behaviour_is_tested_here_or_with_the_lists() -> None:
    shapes = {name for name, kind in BEHAVIOURS.items() if kind.aspect != "conduct"}
    assert set(BEHAVIOURS) - shapes == {
        *("ok", "400", "401", "403", "429", "500-before", "500-after", "503-before", "html-200"),
        *("gone", "truncate"),
        *("drop-before", "drop-after", "hang-before", "hang-after", "slow", "late"),
    }


def test_stop_cuts_what_hangs_and_idles(connect: Callable[..., Client]) -> None:
    sandbox = Sandbox(behave=["list=hang-after", "create=late@60"])
    sandbox.start()
    head = "Host: localhost\r\nAuthorization: Bearer sandbox-token\r\n"
    path = urlsplit(connect(sandbox).events).path
    sent = (
        "",
        f"GET {path} HTTP/1.1\r\n",
        f"GET {path} HTTP/1.1\r\n{head}\r\n",
        f"POST {path}/create HTTP/1.1\r\n{head}\r\n",
    )
    connections = [socket.create_connection(_address(sandbox), PATIENCE / 4) for _ in sent]
    for connection, text in zip(connections, sent, strict=True):
        connection.sendall(text.encode())
    _until(lambda: sandbox.ledger.attempts() and sandbox.requests)
    sandbox.stop()
    for connection in connections:
        with connection:
            assert connection.recv(1) == b""
    with pytest.raises(ConnectionRefusedError), socket.create_connection(_address(sandbox)):
        raise AssertionError("still listens")


@pytest.mark.parametrize(
    ("request_text", "status"),
    [
        (b"NONSENSE\r\n\r\n", 400),
        (b"BREW / HTTP/1.1\r\nHost: localhost\r\n\r\n", 501),
        (b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: -1\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 999999999\r\n\r\n", 413),
        (b"POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n", 411),
    ],
)
def test_broken_http_is_refused(request_text: bytes, status: int, sandbox: Sandbox) -> None:
    with socket.create_connection(_address(sandbox), timeout=PATIENCE) as connection:
        connection.sendall(request_text)
        answer = connection.makefile("rb").read()
    assert answer.startswith(f"HTTP/1.1 {status} ".encode())
    assert b'"success":false' in answer


def test_a_body_that_ends_early_is_no_create(sandbox: Sandbox, client: Client) -> None:
    path = urlsplit(client.events).path
    head = f"POST {path}/create HTTP/1.1\r\nHost: localhost\r\nContent-Length: 500\r\n\r\n"
    with socket.create_connection(_address(sandbox), timeout=PATIENCE) as connection:
        connection.sendall(head.encode() + b'{"category"')
        connection.shutdown(socket.SHUT_WR)
        assert connection.recv(1) == b""
    assert sandbox.ledger.attempts() == []


def _address(sandbox: Sandbox) -> tuple[str, int]:
    parts = urlsplit(sandbox.url)
    assert parts.hostname and parts.port
    return parts.hostname, parts.port
