"""Which connections the client opens, keeps, shares and refuses to use."""

import contextlib
import os
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from events.cloudflare import Client, NotSent, Unknown, deadline
from tests.cloudflare.support import BODY, CREATED, EVENT, UUID, client_for
from tests.servers import (
    TEST_AUTHORITY,
    MisbehavingServer,
    Peer,
    Received,
    hang,
    reply,
    reply_bytes,
    tunnel,
)


@pytest.mark.parametrize("tls", [False, True], ids=["plain", "tls"])
def test_requests_share_one_kept_connection(tls: bool) -> None:
    with MisbehavingServer(reply(200, CREATED), tls=tls) as server:
        client = client_for(server.url, ca_bundle=TEST_AUTHORITY)
        for _ in range(5):
            client.create_event(BODY)
        assert (len(server.requests), server.connections) == (5, 1)
        client.close()


def test_an_idle_connection_is_not_used_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(deadline, "MAX_IDLE_SECONDS", 0.05)
    with MisbehavingServer(reply(200, CREATED)) as server:
        client = client_for(server.url)
        client.create_event(BODY)
        time.sleep(0.1)
        client.create_event(BODY)
        assert server.connections == 2
        client.close()


@pytest.mark.parametrize(
    "first",
    [
        b"HTTP/1.1 204 No Content\r\n\r\n",
        b"HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n",
        b"HTTP/1.1 103 Early Hints\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 2\r\n\r\n{}",
    ],
    ids=["204", "304", "103", "two framings", "two lengths"],
)
def test_the_rest_of_one_answer_is_never_taken_for_the_answer_to_the_next(first: bytes) -> None:
    stray = b"HTTP/1.1 200 OK\r\nContent-Length: 56\r\n\r\n" + (
        b'{"uuid":"00000000-0000-4000-8000-000000000000"}' + b" " * 9
    )

    def late(peer: Peer) -> None:
        with contextlib.suppress(OSError):
            peer.send(stray)

    def answer(peer: Peer, request: Received) -> bool:
        peer.send(first)
        threading.Timer(0.2, late, [peer]).start()
        return True

    def in_time(peer: Peer, request: Received) -> bool:
        peer.pause(0.4)
        return reply(200, CREATED)(peer, request)

    with MisbehavingServer(answer, in_time) as server:
        client = client_for(server.url, deadline=5)
        with pytest.raises(Unknown):
            client.create_event(BODY)
        assert client.create_event(BODY).uuid == UUID
        client.close()


def test_an_answer_nobody_asked_for_is_never_taken_for_an_answer() -> None:
    stray = b'{"uuid":"00000000-0000-4000-8000-000000000000"}'
    twice = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s"
    raw = twice % (len(CREATED), CREATED) + twice % (len(stray), stray)
    with MisbehavingServer(reply_bytes(raw, keep=True), reply(200, CREATED)) as server:
        client = client_for(server.url)
        assert [client.create_event(BODY).uuid for _ in range(3)] == [UUID] * 3
        client.close()


def test_many_threads_share_a_client_without_mixing_answers() -> None:
    def echo(peer: Peer, request: Received) -> bool:
        return reply(200, CREATED.replace(UUID.encode(), request.body))(peer, request)

    uuids = [f"00000000-0000-4000-8000-{number:012d}" for number in range(200)]
    with MisbehavingServer(echo) as server, ThreadPoolExecutor(16) as threads:
        client = client_for(server.url, deadline=20)
        got = threads.map(lambda uuid: client.create_event(uuid.encode()).uuid, uuids)
        assert list(got) == uuids
        assert len(server.requests) == 200
        assert server.connections <= 16
        client.close()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_forked_process_opens_its_own_connection() -> None:
    with MisbehavingServer(reply(200, CREATED)) as server:
        client = client_for(server.url)
        client.create_event(BODY)
        child = os.fork()
        if child == 0:
            os._exit(0 if client.create_event(BODY).uuid == UUID else 1)
        assert os.waitpid(child, 0)[1] == 0
        client.create_event(BODY)
        assert (len(server.requests), server.connections) == (3, 2)
        client.close()


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_not_followed(status: int) -> None:
    with MisbehavingServer(reply(200, CREATED)) as other:
        away = reply(status, b"", [("Location", f"{other.url}/client/v4/take")])
        with MisbehavingServer(away) as server:
            client = client_for(server.url)
            with pytest.raises(Unknown, match="redirect"):
                client.create_event(BODY)
            with pytest.raises(Unknown, match="redirect"):
                client.datasets()
            assert len(server.requests) == 2
            client.close()
        assert other.requests == []


def test_no_cookie_is_kept() -> None:
    cookie = [("Set-Cookie", "session=abc; Path=/")]
    with MisbehavingServer(reply(200, CREATED, cookie)) as server:
        client = client_for(server.url)
        client.create_event(BODY)
        client.create_event(BODY)
        assert all("cookie" not in request.headers for request in server.requests)
        client.close()


def test_the_environment_is_not_asked(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    with (
        MisbehavingServer(reply(200, CREATED)) as proxy,
        MisbehavingServer(reply(200, CREATED)) as plain,
        MisbehavingServer(reply(200, CREATED), tls=True) as tls,
    ):
        netrc = tmp_path / ".netrc"
        netrc.write_text("machine 127.0.0.1 login me password secret\ndefault login a password b\n")
        netrc.chmod(0o600)
        monkeypatch.setenv("NETRC", str(netrc))
        monkeypatch.setenv("HOME", str(tmp_path))
        for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
            monkeypatch.setenv(name, proxy.url)
            monkeypatch.setenv(name.lower(), proxy.url)
        monkeypatch.delenv("NO_PROXY", raising=False)
        monkeypatch.delenv("no_proxy", raising=False)
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", TEST_AUTHORITY)
        monkeypatch.setenv("SSL_CERT_FILE", TEST_AUTHORITY)

        client_for(plain.url).create_event(BODY)
        client_for(tls.url, ca_bundle=TEST_AUTHORITY).create_event(BODY)
        with pytest.raises(NotSent, match="certificate"):
            client_for(tls.url).create_event(BODY)

        sent = [plain.requests[0], tls.requests[0]]
        assert all(request.headers["authorization"].startswith("Bearer ") for request in sent)
        assert proxy.requests == []


def test_an_explicit_proxy_carries_https_and_never_sees_the_token() -> None:
    with (
        MisbehavingServer(tunnel()) as proxy,
        MisbehavingServer(reply(200, CREATED), tls=True) as server,
    ):
        client = client_for(server.url, proxy=_with_user(proxy.url), ca_bundle=TEST_AUTHORITY)
        assert client.create_event(BODY).event == EVENT
        assert client.create_event(BODY).event == EVENT
        assert [request.method for request in proxy.requests] == ["CONNECT"]
        assert "authorization" not in proxy.requests[0].headers
        assert proxy.requests[0].headers["proxy-authorization"].startswith("Basic ")
        client.close()


def test_a_proxy_is_not_used_for_an_api_on_this_machine() -> None:
    with (
        MisbehavingServer(reply(500)) as proxy,
        MisbehavingServer(reply(200, CREATED)) as server,
    ):
        assert client_for(server.url, proxy=proxy.url).create_event(BODY).uuid == UUID
        assert proxy.requests == []


@pytest.mark.parametrize(
    ("answer", "configuration"),
    [
        (b"HTTP/1.1 407 Proxy Authentication Required\r\n\r\n", True),
        (b"HTTP/1.1 403 Forbidden\r\n\r\n", True),
        (b"HTTP/1.1 502 Bad Gateway\r\n\r\n", False),
        (b"garbage\r\n", False),
        (b"", False),
    ],
)
def test_a_proxy_that_opens_no_way_means_not_sent(answer: bytes, configuration: bool) -> None:
    with MisbehavingServer(reply_bytes(answer)) as proxy:
        client = _through(proxy.url)
        with pytest.raises(NotSent) as caught:
            client.create_event(BODY)
        assert len(proxy.requests) == 1
    assert caught.value.configuration is configuration
    assert "hunter2" not in repr(caught.value)


def test_a_proxy_that_is_away_or_hangs_means_not_sent() -> None:
    with MisbehavingServer(hang()) as proxy, pytest.raises(NotSent):
        _through(proxy.url).create_event(BODY)
    with pytest.raises(NotSent):
        _through(proxy.url).create_event(BODY)


def _through(proxy: str) -> Client:
    return client_for("https://localhost:1", proxy=_with_user(proxy), deadline=0.6)


def _with_user(url: str) -> str:
    return url.replace("//", "//user:hunter2@")
