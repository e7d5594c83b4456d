"""The proxy of the documents before a real gunicorn: TLS, addresses, bounds, slow clients, logs."""

import http.client
import ssl
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests

from tests.deploy.proxied import ProxiedDesk
from tests.desk import hidden

CANARY = "canary-that-somebody-looks-for"
SLOW = 40
MEGABYTE = 1024 * 1024


@pytest.fixture(scope="module")
def desk():
    with ProxiedDesk() as desk:
        yield desk


def test_every_page_comes_by_tls_with_the_desks_own_headers_once(desk):
    answer = desk.browser().get(f"{desk.url}/accounts/login/")
    assert answer.status_code == 200
    names = [name.lower() for name in answer.raw.headers]
    once = (
        "strict-transport-security",
        "content-security-policy",
        "x-content-type-options",
        "x-frame-options",
        "referrer-policy",
        "cache-control",
    )
    assert {name: len(answer.raw.headers.getlist(name)) for name in once} == dict.fromkeys(once, 1)
    assert "x-powered-by" not in names
    assert answer.headers["Server"] == "nginx"


@pytest.mark.parametrize("old", [ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1])
def test_old_tls_is_refused(desk, old):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    context.set_ciphers("ALL:@SECLEVEL=0")
    with pytest.warns(DeprecationWarning):
        context.minimum_version = context.maximum_version = old
    client = http.client.HTTPSConnection("localhost", desk.secure, context=context, timeout=10)
    with pytest.raises(OSError):
        client.request("GET", "/healthz")


def test_without_tls_there_is_only_the_way_to_it(desk):
    forged = {"X-Forwarded-Proto": "https"}
    answer = requests.get(f"{desk.plain}/events/?a=b", headers=forged, allow_redirects=False)
    assert answer.status_code == 301
    assert answer.headers["Location"] == f"{desk.url}/events/?a=b"
    split = requests.get(f"{desk.plain}/%0d%0aX-Evil:%201", allow_redirects=False)
    assert "X-Evil" not in split.headers


def test_other_names_get_no_answer(desk):
    for url in (desk.plain, desk.url):
        with pytest.raises(requests.ConnectionError):
            desk.browser({"Host": "evil.example"}).get(f"{url}/healthz", allow_redirects=False)


def test_cookies_are_for_tls_and_this_host_alone(desk):
    session = desk.signed_in("analyst")
    assert {cookie.name[:7] for cookie in session.cookies} == {"__Host-"}
    assert all(cookie.secure for cookie in session.cookies)
    assert session.get(f"{desk.url}/events/").status_code == 200


def test_what_a_client_says_of_its_address_does_not_reach_the_log(desk):
    forged = {
        "X-Forwarded-For": "203.0.113.66, 203.0.113.67",
        "Forwarded": "for=203.0.113.68;proto=http",
        "X-Real-IP": "203.0.113.69",
        "X-Forwarded-Proto": "http",
        "X-Forwarded-Host": "evil.example",
    }
    desk.signed_in("reviewer", forged)
    told = desk.manage("export_audit").stdout
    assert "203.0.113." not in told
    assert "127.0.0.1" in told


def test_a_large_form_is_read_and_a_too_large_one_is_refused_in_words(desk):
    session = desk.signed_in("analyst")
    page = session.get(f"{desk.url}/events/new/").text
    form = {"csrfmiddlewaretoken": hidden(page, "csrfmiddlewaretoken"), "action": "preview"}
    fits = session.post(f"{desk.url}/events/new/", form | {"event": "a" * 4 * MEGABYTE})
    assert fits.status_code == 200
    ours = session.post(f"{desk.url}/events/new/", form | {"event": "a" * (16 * MEGABYTE + 1)})
    assert ours.status_code == 413
    assert "more than 50,000 fields" in ours.text
    with desk.tls() as connection:
        connection.sendall(
            b"POST /events/new/ HTTP/1.1\r\nHost: localhost\r\nContent-Length: 900000000\r\n\r\n"
        )
        told = connection.recv(65_536).decode()
    assert told.startswith("HTTP/1.1 413")
    assert "Go back with your browser" in told
    assert "Strict-Transport-Security" in told


def test_a_form_in_chunks_arrives_whole(desk):
    session = desk.signed_in("analyst")
    page = session.get(f"{desk.url}/events/new/").text
    fields = f"csrfmiddlewaretoken={hidden(page, 'csrfmiddlewaretoken')}&action=preview&event=whole"
    answer = session.post(
        f"{desk.url}/events/new/",
        iter([fields[:20].encode(), fields[20:].encode()]),
        headers={"Content-Type": "application/x-www-form-urlencoded"},
    )
    assert answer.status_code == 200
    assert "whole" in answer.text


def test_slow_bodies_keep_nobody_waiting(desk):
    session = desk.signed_in("analyst")

    def begin(number):
        connection = desk.tls()
        head = "POST /events/new/ HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100000\r\n\r\n"
        connection.sendall(head.encode() if number % 2 else head.encode()[:40])
        return connection

    with ThreadPoolExecutor(SLOW) as people:
        slow = list(people.map(begin, range(SLOW)))
    try:
        for _ in range(3):
            for connection in slow[1::2]:
                connection.sendall(b"a")
            began = time.monotonic()
            assert session.get(f"{desk.url}/").status_code == 200
            assert time.monotonic() - began < 5
    finally:
        for connection in slow:
            connection.close()


def test_guessing_at_the_sign_in_is_slowed_and_pages_are_not(desk):
    browser = desk.browser()
    posts = [browser.post(f"{desk.url}/accounts/login/").status_code for _ in range(45)]
    assert 429 in posts
    assert {browser.get(f"{desk.url}/accounts/login/").status_code for _ in range(20)} == {200}


def test_no_log_holds_what_somebody_looked_for(desk):
    browser = desk.browser({"Referer": f"{desk.url}/events/?q={CANARY}"})
    browser.get(f"{desk.url}/events/?q={CANARY}")
    browser.get(f"{desk.url}/no-such-page/?q={CANARY}")
    browser.get(f"{desk.plain}/events/?q={CANARY}", allow_redirects=False)
    browser.post(f"{desk.url}/events/new/?q={CANARY}", b"a" * 18 * MEGABYTE)
    desk.stop()
    try:
        away = browser.get(f"{desk.url}/events/?q={CANARY}")
        assert away.status_code == 502
        assert "look at Events before you send it again" in away.text
    finally:
        desk.start()
    written = desk.written()
    assert CANARY not in written
    assert '"/no-such-page/"' in written
    assert " 502 " in written
