"""The token reaches the API and nobody else: no text, no traceback, no chained exception."""

import logging
import pickle
import socket
import ssl
import traceback

import certifi
import pytest
import requests
from django.test import RequestFactory
from django.views.debug import ExceptionReporter

from events.cloudflare import ApiError, Client, Unknown
from events.cloudflare.deadline import tls_context
from events.cloudflare.transport import Transport
from tests.cloudflare.support import BODY, CREATED, TOKEN, client_for, envelope, failure
from tests.servers import MisbehavingServer, close, hang, reply, reply_bytes

ECHO = f"Invalid token {TOKEN}".encode()

FAILURES = {
    "hang": hang(),
    "close": close(),
    "garbage": reply_bytes(b"garbage\r\n"),
    "echo as text": reply(200, ECHO),
    "echo in an error": reply(400, failure({"message": ECHO.decode(), "code": 6003})),
    "echo in a rate limit": reply(429, failure({"message": ECHO.decode()})),
    "echo in a status": reply(500, failure({"message": ECHO.decode()})),
    "echo in headers": reply(403, b"", [("CF-Ray", f"{TOKEN} {TOKEN}"), ("Retry-After", TOKEN)]),
    "echo in a header line": reply_bytes(b"HTTP/1.1 200 " + ECHO + b"\r\nX" + ECHO + b"\r\n\r\n"),
    "deep": reply(200, b"[" * 100_000),
}


ESCAPED = {
    "every character": "".join(f"\\u{ord(c):04x}" for c in TOKEN),
    "in capitals": "".join(f"\\u{ord(c):04X}" for c in TOKEN),
    "one character": f"{TOKEN[:4]}\\u{ord(TOKEN[4]):04x}{TOKEN[5:]}",
    "a text in a text": "".join(f"\\\\u{ord(c):04x}" for c in TOKEN),
}


def failed(client: Client, caplog: pytest.LogCaptureFixture) -> ApiError:
    with caplog.at_level(logging.DEBUG), pytest.raises(ApiError) as caught:
        client.create_event(BODY)
    return caught.value


@pytest.mark.parametrize("kind", FAILURES)
def test_no_failure_shows_the_token(kind: str, caplog: pytest.LogCaptureFixture) -> None:
    with MisbehavingServer(FAILURES[kind]) as server:
        error = failed(client_for(server.url, deadline=0.4), caplog)
        assert f"Bearer {TOKEN}" == server.requests[0].headers["authorization"]
    shown = [
        str(error),
        repr(error),
        repr(vars(error)),
        "".join(traceback.TracebackException.from_exception(error, capture_locals=True).format()),
        caplog.text,
    ]
    assert not any(TOKEN in text for text in shown)
    assert error.__cause__ is None
    assert error.__context__ is None


def test_a_connection_that_fails_does_not_show_the_token(caplog: pytest.LogCaptureFixture) -> None:
    error = failed(client_for("http://127.0.0.1:1"), caplog)
    text = "".join(traceback.TracebackException.from_exception(error, capture_locals=True).format())
    assert TOKEN not in text + caplog.text


def test_djangos_debug_page_does_not_show_the_token(settings, caplog) -> None:
    settings.DEBUG = True
    with MisbehavingServer(close()) as server:
        error = failed(client_for(server.url), caplog)
    reporter = ExceptionReporter(
        RequestFactory().get("/"), type(error), error, error.__traceback__, is_email=False
    )
    page = reporter.get_traceback_html() + reporter.get_traceback_text()
    assert "create_event" in page
    assert TOKEN not in page


def test_an_answer_that_repeats_the_token_is_stored_without_it() -> None:
    body = CREATED.replace(b"Flying Yeti", TOKEN.encode())
    with MisbehavingServer(reply(200, body)) as server:
        created = client_for(server.url).create_event(BODY)
    assert TOKEN not in repr(created)


@pytest.mark.parametrize("spelling", ESCAPED)
def test_a_token_that_is_repeated_in_escapes_is_removed(spelling: str, caplog) -> None:
    body = b'{"success": false, "errors": [{"message": "bad %s"}]}' % ESCAPED[spelling].encode()
    with MisbehavingServer(reply(400, body)) as server:
        error = failed(client_for(server.url), caplog)
    assert [problem.message for problem in error.problems] == ["bad [token]"]
    assert TOKEN not in repr(vars(error)) + caplog.text


def test_what_looks_like_an_escape_is_left_alone() -> None:
    said = 'a\\ \\u0041 "b" / \u2028 \x7f'
    server = MisbehavingServer(reply(400, failure({"message": said})))
    with server, pytest.raises(ApiError) as caught:
        client_for(server.url).create_event(BODY)
    assert caught.value.problems[0].message == 'a\\ \\u0041 "b" /'


def test_no_variable_of_the_environment_writes_tls_keys_to_a_file(monkeypatch, tmp_path) -> None:
    """Whoever has that file and the traffic has the token."""
    monkeypatch.setenv("SSLKEYLOGFILE", str(tmp_path / "keys"))
    tls_context.cache_clear()
    context = tls_context(certifi.where())
    tls_context.cache_clear()
    assert context.keylog_filename is None


def test_a_query_stays_out_of_every_error() -> None:
    with MisbehavingServer(close(), reply(500), reply(404)) as server:
        client = client_for(server.url)
        for _ in range(3):
            with pytest.raises(ApiError) as caught:
                client.tags(search="marked-text")
            assert "marked-text" not in repr(caught.value) + str(vars(caught.value))


@pytest.mark.parametrize("token", [f"{TOKEN}\n", f" {TOKEN}", f"{TOKEN}\r\nX: y", f"{TOKEN}\u00e9"])
def test_a_token_that_cannot_be_right_is_refused_without_being_shown(token: str) -> None:
    with pytest.raises(ValueError, match="API token") as caught:
        client_for("https://api.example", token=token)
    assert TOKEN not in str(caught.value)


def test_a_client_does_not_show_its_token() -> None:
    client = client_for("https://api.example", proxy="http://user:hunter2@proxy.example:3128")
    shown = repr(client) + repr(vars(client)) + repr(vars(vars(client)["_transport"])["_bearer"])
    assert TOKEN not in shown
    assert "hunter2" not in shown


def test_errors_survive_a_trip_to_another_process_without_the_token() -> None:
    server = MisbehavingServer(reply(400, envelope(None)))
    with server, pytest.raises(ApiError) as caught:
        client_for(server.url).create_event(BODY)
    copy = pickle.loads(pickle.dumps(caught.value))
    assert (str(copy), copy.status) == (str(caught.value), 400)


@pytest.mark.parametrize(
    "error",
    [
        Exception(f"Authorization: Bearer {TOKEN}"),
        MemoryError(TOKEN),
        requests.exceptions.InvalidURL(TOKEN),
        requests.exceptions.InvalidHeader(TOKEN),
        UnicodeEncodeError("ascii", TOKEN, 0, 1, TOKEN),
        ssl.SSLCertVerificationError(TOKEN),
        socket.gaierror(TOKEN),
    ],
)
def test_any_exception_after_sending_is_unknown_and_bare(
    monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    def broken(*_: object) -> None:
        raise error

    with MisbehavingServer(reply(200, CREATED)) as server:
        client = client_for(server.url)
        monkeypatch.setattr(Transport, "_answer", broken)
        with pytest.raises(Unknown) as caught:
            client.create_event(BODY)
        client.close()
    assert TOKEN not in "".join(traceback.format_exception(caught.value))
