"""What each failure of a create means, row by row of the decision table, over real sockets."""

import contextlib
import json
import socket
import ssl
import threading
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from events.cloudflare import Created, NotSent, RateLimited, Refused, Unknown
from events.cloudflare.deadline import BoundedConnection, tls_context
from events.cloudflare.transport import Transport
from tests.cloudflare.support import (
    BODY,
    CREATED,
    EVENT,
    TOKEN,
    UUID,
    client_for,
    envelope,
    failure,
)
from tests.servers import (
    TEST_AUTHORITY,
    TLS_FOLDER,
    MisbehavingServer,
    Peer,
    close,
    drip,
    gzipped,
    hang,
    packed_answer,
    reply,
    reply_bytes,
    reset,
    then_close,
    tunnel,
)

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
FULL = HEAD + b"Content-Length: %d\r\n\r\n" % len(CREATED) + CREATED

UNKNOWN = {
    "reset before any answer": reset(),
    "reset in the headers": reset(HEAD),
    "reset in the body": reset(FULL[:-5]),
    "closed without reply": close(),
    "no reply": hang(),
    "headers stall": hang(HEAD),
    "body stalls": hang(FULL[:-5]),
    "headers drip": drip(FULL, every=0.1),
    "body drips": drip(FULL, at_once=len(FULL) - 200, every=0.1),
    "truncated body": reply_bytes(FULL[:-5]),
    "truncated chunk": reply_bytes(HEAD + b"Transfer-Encoding: chunked\r\n\r\nff\r\n{"),
    "no last chunk": reply_bytes(HEAD + b"Transfer-Encoding: chunked\r\n\r\n1\r\n{\r\n"),
    "negative chunk": reply_bytes(HEAD + b"Transfer-Encoding: chunked\r\n\r\n-1\r\n" + CREATED),
    "two lengths": reply(200, CREATED, [("Content-Length", "3")]),
    "a length that is none": reply_bytes(HEAD + b"Content-Length: 5,5\r\n\r\n" + CREATED),
    "a 5,000-digit length": reply_bytes(HEAD + b"Content-Length: %s\r\n\r\n{" % (b"9" * 5000)),
    "a garbled header": reply_bytes(HEAD + b"no colon here\r\n\r\n" + CREATED),
    "garbage chunk": reply_bytes(HEAD + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n" + CREATED),
    "bad gzip": reply_bytes(packed_answer(b"this is not gzip")),
    "truncated gzip": reply_bytes(packed_answer(gzipped(CREATED).partition(b"\r\n\r\n")[2][:-4])),
    "unknown packing": reply(200, CREATED, [("Content-Encoding", "br")]),
    "garbage status line": reply_bytes(b"SSH-2.0-OpenSSH_9.2\r\n"),
    "garbage status code": reply_bytes(b"HTTP/1.1 abc OK\r\n\r\n" + CREATED),
    "endless header line": reply_bytes(b"HTTP/1.1 200 OK\r\nX: " + b"x" * 70_000 + b"\r\n\r\n"),
    "too many headers": reply_bytes(b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 200 + b"\r\n"),
    "truncated headers": reply_bytes(HEAD),
    "truncated header line": reply_bytes(HEAD + b"Content-Le"),
    "body without length, cut": reply_bytes(HEAD + b"\r\n" + CREATED[:-5]),
    "interim answer only": reply_bytes(b"HTTP/1.1 103 Early Hints\r\n\r\n", keep=True),
    "interim answer first": reply_bytes(b"HTTP/1.1 103 Early Hints\r\n\r\n" + FULL, keep=True),
    "HTML": reply(200, b"<html><body>Welcome</body></html>"),
    "nothing": reply(200, b""),
    "204": reply_bytes(b"HTTP/1.1 204 No Content\r\n\r\n", keep=True),
    "bad JSON": reply(200, CREATED[:-1]),
    "two JSON values": reply(200, CREATED + CREATED),
    "not UTF-8": reply(200, b'{"uuid":"\xff"}'),
    "very deep JSON": reply(200, b"[" * 100_000),
    "deep but whole JSON": reply(
        200, b'{"uuid":"%s","a":' % UUID.encode() + b"[" * 70 + b"]" * 70 + b"}"
    ),
    "a 5,000-digit number": reply(200, b'{"uuid":"%s","a":%s}' % (UUID.encode(), b"9" * 5000)),
    "NaN": reply(200, b'{"uuid":"%s","a":NaN}' % UUID.encode()),
    "a list": reply(200, b"[" + CREATED + b"]"),
    "a list of an envelope": reply(200, b"[" + envelope(EVENT) + b"]"),
    "a string": reply(200, json.dumps(UUID).encode()),
    "null": reply(200, b"null"),
    "an object without uuid": reply(200, b'{"event":"x"}'),
    "a uuid that is none": reply(200, b'{"uuid":"12345"}'),
    "a uuid that is a number": reply(200, b'{"uuid":12345}'),
    "a uuid in the wrong place": reply(200, envelope({"event": EVENT})),
    "success false": reply(200, envelope(EVENT, success=False)),
    "success false, bare": reply(200, json.dumps({**EVENT, "success": False}).encode()),
    "success false, no result": reply(200, failure({"message": "no"})),
    "success of another type": reply(200, envelope(EVENT, success=1.5)),
    "empty envelope": reply(200, envelope(None)),
    **{
        f"redirect {status}": reply(status, CREATED, [("Location", "/elsewhere")])
        for status in (300, 301, 302, 303, 304, 307, 308)
    },
    **{
        f"status {status}": reply(status, CREATED)
        for status in (402, 406, 408, 409, 410, 411, 418, 421, 423, 426, 431, 451, 600)
    },
    **{
        f"status {status}": reply(status, CREATED)
        for status in (500, 501, 502, 503, 504, 505, 507, 599, *range(520, 528), 530)
    },
}

REFUSED = (400, 401, 403, 404, 405, 413, 415, 422)


@pytest.mark.parametrize("row", UNKNOWN)
def test_everything_not_on_a_list_is_unknown_and_sent_once(row: str) -> None:
    with MisbehavingServer(UNKNOWN[row]) as server:
        with pytest.raises(Unknown):
            client_for(server.url, deadline=0.6).create_event(BODY)
        assert len(server.requests) == 1
        assert server.connections == 1


@pytest.mark.parametrize("status", REFUSED)
@pytest.mark.parametrize("body", [failure({"message": "no"}), b"<html>", b"", b'{"a":', CREATED])
def test_a_refusing_status_is_final_whatever_the_body(status: int, body: bytes) -> None:
    with MisbehavingServer(reply(status, body, [("CF-Ray", "8f1a2b3c4d5e6f70-FRA")])) as server:
        with pytest.raises(Refused) as caught:
            client_for(server.url).create_event(BODY)
        assert len(server.requests) == 1
    assert (caught.value.status, caught.value.cf_ray) == (status, "8f1a2b3c4d5e6f70-FRA")


@pytest.mark.parametrize("status", [*REFUSED, 429])
@pytest.mark.parametrize("end", [hang, reset, reply_bytes])
def test_a_deciding_status_counts_though_its_body_breaks(status: int, end) -> None:
    raw = b"HTTP/1.1 %d No\r\nContent-Length: 500\r\n\r\n{" % status
    expected = RateLimited if status == 429 else Refused
    with MisbehavingServer(end(raw)) as server, pytest.raises(expected):
        client_for(server.url, deadline=0.6).create_event(BODY)


def test_a_name_that_does_not_exist_is_not_sent() -> None:
    with pytest.raises(NotSent) as caught:
        client_for("https://no-such-host.invalid", deadline=10, connect_timeout=5).create_event(
            BODY
        )
    assert not caught.value.configuration
    assert "no-such-host.invalid" in caught.value.detail


def test_a_refused_connection_is_not_sent() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    with pytest.raises(NotSent) as caught:
        client_for(f"http://127.0.0.1:{port}").create_event(BODY)
    assert not caught.value.configuration


@contextmanager
def full_backlog() -> Iterator[int]:
    """A port on which nobody answers any more: Linux drops what does not fit into the queue."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        port = listener.getsockname()[1]
        waiting = [socket.socket() for _ in range(4)]
        for sock in waiting:
            sock.setblocking(False)
            sock.connect_ex(("127.0.0.1", port))
        yield port
        for sock in waiting:
            sock.close()


@pytest.mark.parametrize(("connect_timeout", "deadline"), [(0.3, 5.0), (5.0, 0.3)])
def test_a_connection_that_nobody_accepts_in_time_is_not_sent(
    connect_timeout: float, deadline: float
) -> None:
    with full_backlog() as port, pytest.raises(NotSent) as caught:
        client_for(
            f"http://127.0.0.1:{port}", connect_timeout=connect_timeout, deadline=deadline
        ).create_event(BODY)
    assert not caught.value.configuration


@pytest.mark.parametrize(
    ("host", "bundle"), [("localhost", None), ("127.0.0.1", TEST_AUTHORITY)], ids=["issuer", "name"]
)
def test_a_bad_certificate_is_not_sent_and_a_matter_of_configuration(host: str, bundle) -> None:
    with MisbehavingServer(reply(200, CREATED), tls=True) as server:
        with pytest.raises(NotSent) as caught:
            client_for(f"https://{host}:{server.port}", ca_bundle=bundle).create_event(BODY)
        assert server.requests == []
    assert caught.value.configuration
    assert "certificate" in caught.value.detail


@pytest.mark.parametrize(
    "url",
    [
        "http://",
        "ftp://127.0.0.1/",
        "127.0.0.1/no-scheme",
        "http://[::1/",
        "http://127.0.0.1:port/",
        f"http://{'a' * 64}.example/",
        "http://a..example/",
    ],
)
def test_a_bad_url_is_not_sent_and_a_matter_of_configuration(url: str) -> None:
    transport = Transport(token=TOKEN, user_agent="x", deadline=2, connect_timeout=1)
    with pytest.raises(NotSent) as caught:
        transport.send("POST", url, body=BODY, limit=1000)
    assert caught.value.configuration


@pytest.mark.parametrize("user_agent", ["two\nlines", " blank first", "a \N{EURO SIGN}"])
def test_a_bad_header_is_not_sent_and_a_matter_of_configuration(user_agent: str) -> None:
    with MisbehavingServer(reply(200, CREATED)) as server:
        transport = Transport(token=TOKEN, user_agent=user_agent, deadline=2, connect_timeout=1)
        with pytest.raises(NotSent) as caught:
            transport.send("POST", server.url, body=BODY, limit=1000)
        assert server.requests == []
    assert caught.value.configuration


def greet_with(data: bytes):
    def greet(peer: Peer) -> bool:
        peer.sock.recv(65536)
        peer.send(data)
        return False

    return greet


def greet_with_reset(peer: Peer) -> bool:
    peer.sock.recv(65536)
    peer.reset()
    return False


def greet_with_reset_in_the_middle(peer: Peer) -> bool:
    peer.sock.recv(65536)
    peer.send(b"\x16\x03\x03\x00\x7a\x02\x00")
    peer.reset()
    return False


def greet_with_silence(peer: Peer) -> bool:
    return peer.pause(3600)


def greet_with_drips(peer: Peer) -> bool:
    peer.sock.recv(65536)
    for byte in b"\x16\x03\x03\x10\x00\x02\x00\x0f\xfc\x03\x03":
        peer.send(bytes([byte]))
        if not peer.pause(0.2):
            break
    return False


def greet_with_old_tls(peer: Peer) -> bool:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(TLS_FOLDER / "localhost.pem")
    context.set_ciphers("ALL:@SECLEVEL=0")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        context.minimum_version = context.maximum_version = ssl.TLSVersion.TLSv1_1
    with contextlib.suppress(OSError):
        context.wrap_socket(peer.sock, server_side=True)
    return False


GREETINGS = {
    "not TLS": greet_with(b"HTTP/1.1 400 This is not TLS\r\n\r\n"),
    "alert": greet_with(b"\x15\x03\x03\x00\x02\x02\x28"),
    "closed": greet_with(b""),
    "cut": greet_with(b"\x16\x03\x03\x00\x7a\x02\x00"),
    "reset": greet_with_reset,
    "reset in the middle": greet_with_reset_in_the_middle,
    "old version": greet_with_old_tls,
    "silence": greet_with_silence,
    "drips": greet_with_drips,
}


@pytest.mark.parametrize("greeting", GREETINGS)
def test_a_handshake_that_fails_or_hangs_is_not_sent(greeting: str) -> None:
    with MisbehavingServer(greet=GREETINGS[greeting]) as server:
        start = time.monotonic()
        with pytest.raises(NotSent) as caught:
            client_for(
                f"https://localhost:{server.port}",
                ca_bundle=TEST_AUTHORITY,
                deadline=20,
                connect_timeout=2,
            ).create_event(BODY)
        assert time.monotonic() - start < 10
        assert (server.connections, server.requests) == (1, [])
    assert not caught.value.configuration
    assert "localhost" in caught.value.detail


@pytest.mark.parametrize("greeting", GREETINGS)
def test_a_handshake_that_fails_behind_a_proxy_is_not_sent(greeting: str) -> None:
    with (
        MisbehavingServer(tunnel()) as proxy,
        MisbehavingServer(greet=GREETINGS[greeting]) as server,
    ):
        with pytest.raises(NotSent):
            client_for(
                f"https://localhost:{server.port}",
                proxy=proxy.url,
                ca_bundle=TEST_AUTHORITY,
                connect_timeout=2,
            ).create_event(BODY)
        assert [request.method for request in proxy.requests] == ["CONNECT"]


def test_a_proxy_that_breaks_off_in_the_handshake_is_not_sent() -> None:
    opened = b"HTTP/1.1 200 Connection established\r\n\r\n"
    for script in (reply_bytes(opened), reset(opened), hang(opened)):
        with MisbehavingServer(script) as proxy, pytest.raises(NotSent):
            client_for(
                "https://localhost:1",
                proxy=proxy.url,
                ca_bundle=TEST_AUTHORITY,
                connect_timeout=2,
            ).create_event(BODY)


def test_a_connection_that_is_gone_before_the_handshake_is_never_used_in_the_clear() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener, socket.socket() as sock:
        sock.connect(listener.getsockname())
        peer, _ = listener.accept()
        Peer(peer, threading.Event()).reset()
        _take_reset(sock)
        with pytest.raises(ConnectionResetError):
            tls_context(TEST_AUTHORITY).wrap_socket(sock, server_hostname="localhost")


def _take_reset(sock: socket.socket) -> None:
    """Takes the pending error off `sock`, after which it is merely not connected."""
    end = time.monotonic() + 5
    while not sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR):
        assert time.monotonic() < end


def test_whatever_fails_before_the_request_is_not_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    def no_more_threads(*_: object) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(BoundedConnection, "_resolve", no_more_threads)
    with MisbehavingServer(reply(200, CREATED)) as server:
        with pytest.raises(NotSent, match="RuntimeError"):
            client_for(server.url).create_event(BODY)
        assert server.requests == []


def test_tls_that_closes_as_soon_as_it_stands_is_unknown() -> None:
    def greet(peer: Peer) -> bool:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(TLS_FOLDER / "localhost.pem")
        with (
            contextlib.suppress(OSError),
            context.wrap_socket(peer.sock, server_side=True) as standing,
        ):
            standing.unwrap()
        return False

    with MisbehavingServer(greet=greet) as server, pytest.raises(Unknown):
        client_for(f"https://localhost:{server.port}", ca_bundle=TEST_AUTHORITY).create_event(BODY)


def test_tls_that_breaks_after_the_request_is_unknown() -> None:
    with MisbehavingServer(reset(FULL[:-5]), tls=True) as server:
        with pytest.raises(Unknown):
            client_for(server.url, ca_bundle=TEST_AUTHORITY).create_event(BODY)
        assert len(server.requests) == 1


def test_a_kept_connection_that_the_server_drops_is_unknown_or_replaced_but_never_resent() -> None:
    with MisbehavingServer(reply(200, CREATED), reset()) as server:
        client = client_for(server.url)
        client.create_event(BODY)
        with pytest.raises(Unknown):
            client.create_event(BODY)
        assert (len(server.requests), server.connections) == (2, 1)
        client.close()


def test_a_kept_connection_that_the_server_closed_meanwhile_is_not_used() -> None:
    with MisbehavingServer(then_close(reply(200, CREATED))) as server:
        client = client_for(server.url)
        for _ in range(3):
            client.create_event(BODY)
            time.sleep(0.1)  # the server's FIN is on its way
        assert (len(server.requests), server.connections) == (3, 3)
        client.close()


@pytest.mark.parametrize(
    "script",
    [
        reply(200, CREATED),
        reply(201, CREATED),
        reply(202, envelope(EVENT)),
        reply(200, envelope(EVENT, success="true")),
        reply(200, json.dumps({"result": EVENT}).encode()),
        reply(200, b"\xef\xbb\xbf" + CREATED),
        reply_bytes(HEAD + b"\r\n" + CREATED),
        reply_bytes(
            HEAD
            + b"Transfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\n0\r\n\r\n" % (len(CREATED), CREATED)
        ),
        reply_bytes(b"HTTP/1.1 100 Continue\r\n\r\n" + FULL),
        reply_bytes(gzipped(CREATED)),
        drip(FULL, at_once=len(FULL) - 4),
    ],
)
def test_an_answer_that_names_the_event_is_created(script) -> None:
    with MisbehavingServer(script) as server:
        created = client_for(server.url).create_event(BODY)
    assert isinstance(created, Created)
    assert created.uuid == UUID
    assert created.event == EVENT
    assert UUID in created.body


def test_created_carries_what_the_log_and_the_worker_need() -> None:
    headers = [("CF-Ray", "8f1a2b3c4d5e6f70"), ("Ratelimit", '"default";r=50;t=30')]
    with MisbehavingServer(reply(201, CREATED, headers)) as server:
        created = client_for(server.url).create_event(BODY)
    assert (created.status, created.cf_ray, created.body) == (
        201,
        "8f1a2b3c4d5e6f70",
        CREATED.decode(),
    )
    assert created.rate is not None
    assert (created.rate.remaining, created.rate.reset_seconds) == (50, 30)
