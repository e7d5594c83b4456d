"""One exchange ends by its deadline and within its memory, whatever the server does."""

import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from events.cloudflare import NotSent, Unknown, deadline
from tests.cloudflare.support import BODY, CREATED, client_for
from tests.servers import (
    TEST_AUTHORITY,
    MisbehavingServer,
    Peer,
    drip,
    gzip_bomb,
    hang,
    reply,
    reply_bytes,
    send_all,
    zeros,
)

HEAD = b"HTTP/1.1 200 OK\r\n"
ANSWER = HEAD + b"Content-Length: %d\r\n\r\n" % len(CREATED) + CREATED
PROJECT = Path(__file__).parents[2]
MEGABYTE = 1024 * 1024

ENDLESS = {
    "headers": drip(ANSWER, every=0.05),
    "body": drip(ANSWER, at_once=60, every=0.05),
    "body without length": drip(HEAD + b"\r\n" + CREATED, at_once=60, every=0.05),
    "chunk sizes": drip(
        HEAD + b"Transfer-Encoding: chunked\r\n\r\n" + b"1\r\n{\r\n" * 500, at_once=50, every=0.02
    ),
    "interim answers": drip(b"HTTP/1.1 100 Continue\r\n\r\n" * 50, every=0.02),
    "redirect body": drip(b"HTTP/1.1 307 No\r\nLocation: /\r\n\r\n" + b" " * 900, at_once=40),
    "error body": drip(b"HTTP/1.1 500 No\r\n\r\n" + b" " * 900, at_once=30),
}


@pytest.mark.parametrize("tls", [False, True], ids=["plain", "tls"])
@pytest.mark.parametrize("part", ENDLESS)
def test_a_dripping_server_is_left_at_the_deadline(part: str, tls: bool) -> None:
    with MisbehavingServer(ENDLESS[part], tls=tls) as server:
        client = client_for(server.url, deadline=0.5, ca_bundle=TEST_AUTHORITY)
        started = time.monotonic()
        with pytest.raises(Unknown):
            client.create_event(BODY)
        assert time.monotonic() - started < 8
        assert len(server.requests) == 1


def test_a_handshake_that_drips_is_left_at_the_deadline() -> None:
    def greet(peer: Peer) -> bool:
        peer.sock.recv(65536)
        for byte in b"\x16\x03\x03\x40\x00" + b"\x02" * 1000:
            peer.send(bytes([byte]))
            if not peer.pause(0.05):
                break
        return False

    with MisbehavingServer(greet=greet) as server:
        client = client_for(
            f"https://localhost:{server.port}", deadline=0.5, ca_bundle=TEST_AUTHORITY
        )
        started = time.monotonic()
        with pytest.raises(NotSent):
            client.create_event(BODY)
        assert time.monotonic() - started < 8


def test_a_server_that_does_not_read_the_request_is_left_at_the_deadline() -> None:
    def greet(peer: Peer) -> bool:
        return peer.pause(3600)

    with MisbehavingServer(greet=greet) as server:
        started = time.monotonic()
        with pytest.raises(Unknown):
            client_for(server.url, deadline=0.5).create_event(b" " * 32 * MEGABYTE)
        assert time.monotonic() - started < 8


@pytest.mark.parametrize(("connect_timeout", "seconds"), [(0.2, 5.0), (5.0, 0.3)])
def test_nothing_is_sent_after_a_name_lookup_that_hung(
    monkeypatch: pytest.MonkeyPatch, connect_timeout: float, seconds: float
) -> None:
    looked_up, answered = threading.Event(), threading.Event()
    real = socket.getaddrinfo

    def slow(*args: object, **kwargs: object) -> object:
        looked_up.wait(10)
        found = real("127.0.0.1", server.port, type=socket.SOCK_STREAM)
        answered.set()
        return found

    with MisbehavingServer(reply(200, CREATED)) as server:
        monkeypatch.setattr(deadline.socket, "getaddrinfo", slow)
        client = client_for(
            f"http://localhost:{server.port}", deadline=seconds, connect_timeout=connect_timeout
        )
        started = time.monotonic()
        with pytest.raises(NotSent):
            client.create_event(BODY)
        assert time.monotonic() - started < 8
        looked_up.set()
        assert answered.wait(5)
        time.sleep(0.2)
        assert (server.connections, server.requests) == (0, [])


def test_the_deadline_covers_the_exchange_not_each_part() -> None:
    # Half of the time goes before the headers, half in the body: each alone would do.
    def slowly(peer: Peer, request: object) -> bool:
        peer.pause(0.4)
        peer.send(ANSWER[:100])
        peer.pause(0.4)
        peer.send(ANSWER[100:])
        return False

    with MisbehavingServer(slowly) as server:
        with pytest.raises(Unknown, match=r"within 0\.6 seconds"):
            client_for(server.url, deadline=0.6).create_event(BODY)
        assert client_for(server.url, deadline=5).create_event(BODY).event


def huge_headers() -> Iterator[bytes]:
    yield HEAD
    for number in range(300):
        yield b"X-%d: " % number + b"x" * MEGABYTE + b"\r\n"


def one_huge_chunk() -> Iterator[bytes]:
    yield HEAD + b"Transfer-Encoding: chunked\r\n\r\n-1\r\n"
    for _ in range(300):
        yield b"0" * MEGABYTE


def huge_chunk_line() -> Iterator[bytes]:
    yield HEAD + b"Transfer-Encoding: chunked\r\n\r\n"
    for _ in range(300):
        yield b"0" * MEGABYTE


def many_interim_answers() -> Iterator[bytes]:
    for _ in range(300):
        yield b"HTTP/1.1 100 Continue\r\n\r\n" * (MEGABYTE // 25)


def body_of(status: bytes) -> Iterator[bytes]:
    yield b"HTTP/1.1 " + status + b"\r\nLocation: /\r\n\r\n"
    for _ in range(300):
        yield b"0" * MEGABYTE


WORST_JSON = b'{"a":[' + b"{}," * 170_000 + b"0]}"

HEAVY = {
    "300 MB, chunked": send_all(lambda: zeros(300)),
    "300 MB, to the end": send_all(lambda: body_of(b"200 OK")),
    "300 MB of headers": send_all(huge_headers),
    "300 MB in a chunk of negative size": send_all(one_huge_chunk),
    "300 MB of chunk size": send_all(huge_chunk_line),
    "300 MB of interim answers": send_all(many_interim_answers),
    "300 MB with a redirect": send_all(lambda: body_of(b"307 Elsewhere")),
    "300 MB with an error": send_all(lambda: body_of(b"500 Broken")),
    "gzip bomb": reply_bytes(gzip_bomb(300)),
    "JSON of many small objects": reply(200, WORST_JSON),
}

MEASURE = """
import pathlib, sys
from events.cloudflare import ApiError
from tests.cloudflare.support import BODY, client_for

def peak():
    lines = pathlib.Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM"))

warm, heavy = sys.argv[1:3]
client_for(warm).create_event(BODY)
before = peak()
try:
    client_for(heavy, deadline=20).create_event(BODY)
except ApiError as error:
    print(type(error).__name__, peak() - before)
"""


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="peak memory is read from /proc")
@pytest.mark.parametrize("load", HEAVY)
def test_a_send_takes_less_than_20_mb_of_extra_memory(load: str) -> None:
    with MisbehavingServer(reply(200, CREATED)) as warm, MisbehavingServer(HEAVY[load]) as heavy:
        done = subprocess.run(
            [sys.executable, "-c", MEASURE, warm.url, heavy.url],
            cwd=PROJECT,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert len(heavy.requests) == 1
    assert done.stderr == ""
    outcome, kilobytes = done.stdout.split()
    assert outcome == "Unknown"
    assert int(kilobytes) < 20 * 1024


def test_an_answer_just_within_the_limit_is_read_and_one_byte_more_is_not() -> None:
    with MisbehavingServer(reply(200, CREATED)) as server:
        exact = client_for(server.url, max_bytes=len(CREATED))
        assert exact.create_event(BODY).event
        with pytest.raises(Unknown, match="too long"):
            client_for(server.url, max_bytes=len(CREATED) - 1).create_event(BODY)


def test_a_hanging_server_holds_nobody_else_up() -> None:
    with ThreadPoolExecutor(1) as threads:
        with MisbehavingServer(hang()) as slow, MisbehavingServer(reply(200, CREATED)) as quick:
            stuck = threads.submit(client_for(slow.url, deadline=60).create_event, BODY)
            client = client_for(quick.url)
            for _ in range(20):
                client.create_event(BODY)
            client.close()
            assert not stuck.done()
        assert isinstance(stuck.exception(), Unknown)
