"""The ledger is a judge that can be trusted: it outlives the sandbox and loses nothing."""

import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from events.sandbox import Ledger, Sandbox

from .conftest import Client, an_event

ROOT = Path(__file__).parents[2]


def _raw(submission: object, attempt: object = 1) -> dict[str, object]:
    return {"data": {"event_desk": {"submission": submission, "attempt": attempt}}}


def test_requests_and_events_are_counted_by_submission(sandbox: Sandbox, client: Client) -> None:
    client.create(raw=_raw("one"))
    client.create(raw=_raw("one", 2))
    client.create(raw=_raw("two"), tlp="white")
    client.create(raw={"data": {}})
    tally = sandbox.ledger.tally()
    found = {key: (each.requests, each.accepted, len(each.events)) for key, each in tally.items()}
    assert found == {"one": (2, 2, 2), "two": (1, 0, 0), "": (1, 1, 1)}
    assert [attempt.attempt for attempt in sandbox.ledger.attempts("one")] == ["1", "2"]
    assert [event.uuid for event in sandbox.ledger.events("one")] == list(tally["one"].events)
    assert sandbox.ledger.events("two") == []


@pytest.mark.parametrize(
    "data", [None, {}, {"event_desk": "x"}, {"event_desk": {"submission": ["x"]}}]
)
def test_data_without_a_submission_counts_as_none(
    data: object, sandbox: Sandbox, client: Client
) -> None:
    client.create(raw={"data": data})
    assert list(sandbox.ledger.tally()) == [""]


def test_the_body_is_kept_as_sent(sandbox: Sandbox, client: Client) -> None:
    client.create(raw={"data": {"text": "ü\u0000😀", "number": 1.5}})
    [event] = sandbox.ledger.events()
    assert event.sent == an_event(raw={"data": {"text": "ü\u0000😀", "number": 1.5}})
    assert sandbox.requests[-1].headers["authorization"] == "Bearer sandbox-token"
    assert b'"category"' in sandbox.requests[-1].body


def test_a_restart_on_the_same_file_goes_on(tmp_path: Path, connect: Callable[..., Client]) -> None:
    path = tmp_path / "ledger.sqlite3"
    with Sandbox(ledger=path) as sandbox:
        client = connect(sandbox)
        uuid = client.create(tags=["kept"]).json()["uuid"]
        new = client.call("POST", "/dataset/create", json={"name": "Kept", "isPublic": True}).json()
    with Sandbox(ledger=path) as sandbox:
        client = connect(sandbox)
        assert client.uuids() == [uuid]
        assert new in client.call("GET", "/dataset").json()
        assert "kept" in client.call("GET", "/tags?search=kept").text
    with Ledger(path) as ledger:
        assert ledger.tally()["sub-1"].events == (uuid,)


@pytest.fixture
def process(tmp_path: Path) -> Iterator[Callable[..., tuple[subprocess.Popen[str], str]]]:
    """Starts sandboxes in processes of their own, and returns them with their base URL."""
    started: list[subprocess.Popen[str]] = []

    def start(*options: str) -> tuple[subprocess.Popen[str], str]:
        child = subprocess.Popen(
            [sys.executable, "-m", "events.sandbox", "--port=0", *options],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            text=True,
        )
        started.append(child)
        assert child.stdout
        return child, child.stdout.readline().split()[-1]

    yield start
    for child in started:
        child.kill()
        child.communicate()


def test_what_was_answered_survives_sigkill(
    process: Callable[..., tuple[subprocess.Popen[str], str]],
    tmp_path: Path,
    connect: Callable[..., Client],
    sandbox: Sandbox,
) -> None:
    path = tmp_path / "ledger.sqlite3"
    child, base_url = process(f"--ledger={path}")
    client = connect(sandbox)
    client.events = client.events.replace(sandbox.base_url, base_url)
    answered: list[str] = []

    def create_until_it_dies() -> None:
        while True:
            try:
                answered.append(client.create(raw=_raw(f"sub-{len(answered)}")).json()["uuid"])
            except OSError:
                return

    thread = threading.Thread(target=create_until_it_dies)
    thread.start()
    with Ledger(path) as other_process:
        deadline = time.monotonic() + 20
        while len(other_process.events()) < 20 and time.monotonic() < deadline:
            time.sleep(0.01)
        child.send_signal(signal.SIGKILL)
        thread.join(20)
        held = [event.uuid for event in other_process.events()]
        accepted = [attempt.event for attempt in other_process.attempts()]
    assert len(held) >= 20
    assert accepted == held
    assert held[: len(answered)] == answered
    assert len(held) - len(answered) in {0, 1}


def test_a_create_cut_while_late_stays_undecided(
    tmp_path: Path, connect: Callable[..., Client]
) -> None:
    path = tmp_path / "ledger.sqlite3"
    with Sandbox(ledger=path, behave=["create=late@60"]) as sandbox:
        client = connect(sandbox)
        with pytest.raises(OSError, match="timed out"):
            client.create(timeout=0.2)
    with Ledger(path) as ledger:
        assert ledger.events() == []
        assert [attempt.outcome for attempt in ledger.attempts("sub-1")] == ["waiting"]


def test_parallel_creates_are_all_counted(sandbox: Sandbox, connect: Callable[..., Client]) -> None:
    clients = [connect(sandbox) for _ in range(8)]

    def work(client: Client) -> None:
        for _ in range(10):
            client.create()

    threads = [threading.Thread(target=work, args=(client,)) for client in clients]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    tally = sandbox.ledger.tally()["sub-1"]
    assert (tally.requests, tally.accepted, len(set(tally.events))) == (80, 80, 80)


def test_a_ledger_that_is_no_database_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "ledger.sqlite3"
    path.write_text("This is a letter, not a database. " * 100)
    with pytest.raises(sqlite3.DatabaseError):
        Ledger(path)
