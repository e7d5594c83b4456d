"""Bodies are bounded before anybody is known, and a part of one is never taken for the whole."""

import socket
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import pytest
import requests
from django.core.files.uploadedfile import SimpleUploadedFile

from events.models import Submission
from tests.desk import Desk, hidden

MEGABYTE = 1024 * 1024
FORM = "Content-Type: application/x-www-form-urlencoded\r\n"


@pytest.fixture(scope="module")
def desk():
    class Small(Desk):
        threads = 4

    with Small(BODY_SECONDS="2") as desk:
        yield desk


@contextmanager
def posted(desk, headers, start=b"", session=None, path="/events/new/"):
    """A connection that has sent this much of a POST."""
    cookies = (
        "; ".join(f"{name}={value}" for name, value in session.cookies.items()) if session else ""
    )
    lines = f"POST {path} HTTP/1.1\r\nHost: localhost\r\n{headers}Cookie: {cookies}\r\n\r\n"
    with socket.create_connection(("127.0.0.1", desk.port), timeout=10) as connection:
        connection.sendall(lines.encode() + start)
        yield connection


def answer(connection):
    return connection.makefile("rb").read().decode()


@pytest.mark.parametrize(
    ("length", "is_signed_in"), [(17 * MEGABYTE, True), (3 * MEGABYTE, False), (10**15, False)]
)
def test_what_is_too_large_is_refused_before_it_is_read(desk, length, is_signed_in):
    session = desk.sign_in("analyst") if is_signed_in else None
    began = time.monotonic()
    with posted(desk, f"{FORM}Content-Length: {length}\r\n", session=session) as connection:
        told = connection.recv(65_536).decode()
    assert time.monotonic() - began < 1.5
    assert told.startswith("HTTP/1.1 413")
    assert "Content-Security-Policy" in told


def test_those_who_are_signed_in_may_send_more(desk):
    session = desk.sign_in("analyst")
    token = hidden(session.get(f"{desk.url}/events/new/").text, "csrfmiddlewaretoken")
    form = {"csrfmiddlewaretoken": token, "action": "preview", "event": "a" * 3 * MEGABYTE}
    assert session.post(f"{desk.url}/events/new/", form).status_code == 200
    refused = requests.post(f"{desk.url}/events/new/", form)
    assert refused.status_code == 413
    assert "Sign in in another tab" in refused.text


def test_the_text_of_a_session_that_ended_goes_along_up_to_a_bound(desk):
    form = {"form_token": "x", "event": "my text", "insight": "a" * MEGABYTE}
    answer = requests.post(f"{desk.url}/events/new/", form)
    assert answer.status_code in {401, 403}
    assert "my text" in answer.text


def test_a_body_without_a_length_is_refused(desk):
    with posted(desk, f"{FORM}Transfer-Encoding: chunked\r\n", b"5\r\nevent\r\n") as connection:
        assert connection.recv(65_536).startswith(b"HTTP/1.1 411")


def test_slow_bodies_are_ended_and_then_others_are_served(desk):
    def drip(_):
        with posted(desk, f"{FORM}Content-Length: 1000\r\n", b"event=") as connection:
            connection.settimeout(0.2)
            end = time.monotonic() + 12
            while time.monotonic() < end:
                connection.sendall(b"a")
                try:
                    return connection.recv(100)
                except TimeoutError:
                    continue
        return b""

    with ThreadPoolExecutor(12) as slow:
        answers = slow.map(drip, range(12))
        time.sleep(0.5)
        assert requests.get(f"{desk.url}/healthz", timeout=12).status_code == 200
        assert {told[:12] for told in answers} == {b"HTTP/1.1 408"}


def test_a_part_of_a_form_is_not_taken_for_the_form(desk):
    session = desk.sign_in("analyst")
    page = session.get(f"{desk.url}/events/new/").text
    names = ("csrfmiddlewaretoken", "form_token")
    fields = "&".join(f"{name}={hidden(page, name)}" for name in names)
    start = f"{fields}&action=save&event=the+first+half".encode()
    length = len(start) + 500
    with posted(desk, f"{FORM}Content-Length: {length}\r\n", start, session) as connection:
        connection.shutdown(socket.SHUT_WR)
        told = answer(connection)
    assert told.startswith("HTTP/1.1 408")
    assert "the first half" not in session.get(f"{desk.url}/events/").text


def test_files_are_written_nowhere(as_ana, settings, tmp_path):
    settings.FILE_UPLOAD_TEMP_DIR = str(tmp_path / "nowhere")
    settings.FILE_UPLOAD_MAX_MEMORY_SIZE = 1
    page = as_ana.get("/events/new/").content.decode()
    form = {"form_token": hidden(page, "form_token"), "action": "save", "event": "with a file"}
    file = SimpleUploadedFile("x.bin", b"x" * 200_000)
    assert as_ana.post("/events/new/", form | {"upload": file}).status_code in {200, 302}
    assert Submission.objects.count() == 1
