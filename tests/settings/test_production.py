"""The settings of production, on a served desk: what its answers say, cookies and headers first.

One desk serves all these tests, behind a stand-in for the proxy: headers that a proxy would set.
"""

import re
import subprocess
import sys
from http.cookies import SimpleCookie

import pytest
import requests
from django.db import connection

from tests.desk import PASSWORD, ROOT, Desk, hidden

pytestmark = pytest.mark.skipif(connection.vendor != "sqlite", reason="once is enough")

HOST = "desk.example.org"
SIGN_IN = "/accounts/login/"
PAGES = (SIGN_IN, "/", "/nowhere", "/events/", "/admin/", "/healthz", "/static/css/desk.css")
DIRECTIVES = {
    "default-src": "'none'",
    "base-uri": "'none'",
    "connect-src": "'self'",
    "font-src": "'self'",
    "form-action": "'self'",
    "frame-ancestors": "'none'",
    "img-src": "'self' data:",
    "manifest-src": "'self'",
    "script-src": "'self'",
    "style-src": "'self'",
}
MAKE_ANA = (
    "import django; django.setup()\n"
    "from django.contrib.auth.models import Group, User\n"
    f"ana = User.objects.create_user('ana', password={PASSWORD!r})\n"
    "ana.groups.set(Group.objects.filter(name='analyst'))\n"
)
TOLD = (
    "import django; django.setup()\n"
    "from django.contrib.auth.models import User\n"
    "from events.models import AuditEntry\n"
    "print(User.objects.get(username='ana').password.split('$')[0])\n"
    "print(*AuditEntry.objects.values_list('body', flat=True), sep='\\n')\n"
)


class Production(Desk):
    """A desk with the settings of production, a token and a proxy in front."""

    def __init__(self) -> None:
        super().__init__(
            PLAIN_HTTP="",
            ALLOWED_HOSTS=HOST,
            TRUST_PROXY="1",
            SECRET_KEY="",
            CLOUDFLARE_API_TOKEN="production-token",
            CLOUDFLARE_ACCOUNT_ID="0123456789abcdef",
            CLOUDFLARE_API_BASE_URL="",
            DJANGO_SETTINGS_MODULE="webui.settings",
        )

    def __enter__(self) -> "Production":
        self.manage("migrate")
        self.manage("collectstatic", "--no-input")
        self.run(MAKE_ANA)
        self.start()
        return self

    def run(self, script: str) -> str:
        """What a script prints that runs with this desk's settings."""
        done = subprocess.run(
            [sys.executable, "-c", script],
            cwd=ROOT,
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def ask(self, path: str, method: str = "GET", **more):
        """One request as the proxy passes it on; `forwarded` is what it says of the client."""
        headers = {"Host": HOST, "X-Forwarded-Proto": "https", "X-Forwarded-For": "203.0.113.9"}
        headers |= more.pop("headers", {})
        with requests.Session() as session:
            session.trust_env = False
            return session.request(
                method, self.url + path, headers=headers, allow_redirects=False, **more
            )

    def sign_in_as_ana(self, *, before: SimpleCookie, form: str, **changes: str):
        """Post the sign-in page."""
        fields = {"username": "ana", "password": PASSWORD, "csrfmiddlewaretoken": form} | changes
        headers = {
            "Cookie": "; ".join(f"{name}={each.value}" for name, each in before.items()),
            "Referer": f"https://{HOST}{SIGN_IN}",
            "Origin": f"https://{HOST}",
            "X-Forwarded-For": "198.51.100.66, 203.0.113.9",
        }
        return self.ask(SIGN_IN, "POST", data=fields, headers=headers)


def cookies(answer) -> SimpleCookie:
    """Every cookie that an answer sets, with its attributes."""
    jar: SimpleCookie = SimpleCookie()
    for line in answer.raw.headers.getlist("Set-Cookie"):
        jar.load(line)
    return jar


@pytest.fixture(scope="module")
def desk():
    with Production() as desk:
        yield desk


@pytest.fixture(scope="module")
def page(desk):
    """The sign-in page as somebody gets it who comes for the first time."""
    return desk.ask(SIGN_IN)


@pytest.fixture(scope="module")
def signed_in(desk, page):
    """The answer to the right password."""
    form = hidden(page.text, "csrfmiddlewaretoken")
    answer = desk.sign_in_as_ana(before=cookies(page), form=form)
    assert answer.status_code == 302, answer.text
    return answer


def test_every_cookie_belongs_to_this_host_and_to_tls_alone(page, signed_in):
    set_here = cookies(page) | cookies(signed_in)
    assert {"__Host-sessionid", "__Host-csrftoken"} <= set(set_here)
    for name, cookie in set_here.items():
        assert name.startswith("__Host-"), name
        assert cookie["secure"] and cookie["httponly"], name
        assert cookie["path"] == "/" and not cookie["domain"], name
        assert cookie["samesite"] in {"Lax", "Strict"}, name


def test_a_session_is_kept_for_twelve_hours_at_most(signed_in):
    cookie = cookies(signed_in)["__Host-sessionid"]
    assert not cookie["max-age"] or int(cookie["max-age"]) <= 12 * 60 * 60


def test_signing_in_starts_another_session_and_another_csrf_token(desk, page, signed_in):
    """Whoever planted cookies before knows neither."""
    planted = SimpleCookie({"__Host-sessionid": "p" * 32})
    planted |= cookies(page)
    form = hidden(page.text, "csrfmiddlewaretoken")
    after = cookies(desk.sign_in_as_ana(before=planted, form=form))
    assert after["__Host-sessionid"].value not in {"p" * 32, ""}
    assert after["__Host-csrftoken"].value != planted["__Host-csrftoken"].value


@pytest.mark.parametrize("path", PAGES)
def test_browsers_are_told_to_use_tls_for_a_year(desk, path):
    told = desk.ask(path).headers["Strict-Transport-Security"]
    assert int(re.search(r"max-age=(\d+)", told)[1]) >= 365 * 24 * 60 * 60
    assert "includeSubDomains" in told


@pytest.mark.parametrize("path", [*PAGES[:-1], "/%00"])
def test_every_page_has_the_whole_policy(desk, path):
    answer = desk.ask(path)
    parts = answer.headers["Content-Security-Policy"].split(";")
    policy = {name: value for name, _, value in (part.strip().partition(" ") for part in parts)}
    assert policy == DIRECTIVES
    assert "no-store" in answer.headers["Cache-Control"]
    assert answer.headers["Cross-Origin-Opener-Policy"] == "same-origin"
    for feature in ("camera", "geolocation", "microphone", "payment", "usb"):
        assert f"{feature}=()" in answer.headers["Permissions-Policy"]


@pytest.mark.parametrize("path", PAGES[:-1])
def test_old_browsers_are_told_not_to_frame_a_page(desk, path):
    assert desk.ask(path).headers["X-Frame-Options"] == "DENY"


@pytest.mark.parametrize("path", PAGES)
def test_types_are_not_guessed_and_addresses_are_not_told(desk, path):
    headers = desk.ask(path).headers
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "same-origin"


def test_what_comes_without_tls_is_led_to_it(desk):
    for path in (SIGN_IN, "/", "/events/new/", "/admin/", "/healthz/x"):
        answer = desk.ask(path, headers={"X-Forwarded-Proto": "http"})
        assert answer.status_code == 301, path
        assert answer.headers["Location"] == f"https://{HOST}{path}"
    assert desk.ask("/healthz", headers={"X-Forwarded-Proto": "http"}).status_code == 200


@pytest.mark.parametrize(
    "host", ["evil.example", f"{HOST}.evil.example", "127.0.0.1", "other.example.org"]
)
def test_another_host_is_refused(desk, host):
    assert desk.ask(SIGN_IN, headers={"Host": host}).status_code == 400
    spoofed = desk.ask(SIGN_IN, headers={"X-Forwarded-Host": host})
    assert spoofed.status_code == 200
    assert host not in spoofed.headers.get("Location", "") + spoofed.text


def test_the_address_in_the_log_is_the_one_that_the_proxy_saw(desk, signed_in):
    hasher, *bodies = desk.run(TOLD).splitlines()
    (entry,) = [body for body in bodies if "session.signed_in" in body][:1]
    assert '"203.0.113.9"' in entry
    assert not any("198.51.100.66" in body for body in bodies)
    assert hasher == "argon2"


@pytest.mark.parametrize(
    "aim", ["https://evil.example/", "//evil.example/", "https:evil.example", "javascript:alert(1)"]
)
def test_signing_in_leads_nowhere_else(desk, page, aim):
    form = hidden(page.text, "csrfmiddlewaretoken")
    answer = desk.sign_in_as_ana(before=cookies(page), form=form, next=aim)
    assert answer.status_code == 302
    assert answer.headers["Location"].startswith("/")
    assert "evil" not in answer.headers["Location"]


def test_a_request_id_from_outside_is_not_taken(desk):
    answer = desk.ask(SIGN_IN, headers={"X-Request-ID": "forged", "Request-Id": "forged"})
    assert re.fullmatch("[0-9a-f]{32}", answer.headers["X-Request-ID"])
