"""SQL injection at every filter, parameter, part of an address, cookie and header.

What is judged is the statements themselves and not the time they take: no payload may stand in the
text of a statement, and a payload finds what a word finds that nobody ever wrote.
"""

from contextlib import contextmanager
from urllib.parse import quote
from uuid import uuid4

import pytest
from django.contrib.auth.models import User
from django.db import connection

from events.models import EventTemplate, Submission
from tests.conftest import PASSWORD
from tests.forms.support import EXAMPLE, NEW, rows
from tests.hostile.injections import MARK, PAYLOADS
from tests.vetting.support import sent

AUDIT = "/admin/events/auditentry/"
KNOWN = "/admin/events/knownvalue/"
USERS = "/admin/auth/user/"
QUERIES = {
    "/events/": ("state", "mine", "before", "q"),
    NEW: ("like", "template"),
    AUDIT: ("who", "action", "outcome", "tlp", "from", "to", "q", "before", "after", "oldest"),
    KNOWN: ("q", "o", "p", "all", "kind__exact", "level__exact", "active__exact", "value"),
    USERS: ("q", "o", "p", "_to_field", "is_active__exact", "groups__id__exact", "username"),
    "/accounts/login/": ("next",),
}
FORMS = {
    "/events/": ("q", "state", "before"),
    NEW: (*EXAMPLE, "indicators-0-value", "indicators-0-indicator_type", "override_reason"),
    "/events/check/": ("event", "indicators-0-value", "dataset_id", "date", "tlp"),
    "/accounts/preferences/": ("dataset_id", "time_zone", "theme"),
}
PATHS = (
    "/events/{}/",
    "/events/{}/edit/",
    "/templates/{}/rename/",
    "/admin/{}/",
    AUDIT + "{}/change/",
    KNOWN + "{}/change/",
    KNOWN + "{}/history/",
    USERS + "{}/change/",
    USERS + "{}/password/",
    "/admin/auth/group/{}/change/",
    "/admin/r/{}/1/",
    "/admin/r/1/{}/",
)
HEADERS = ("X-Forwarded-For", "X-Part", "User-Agent", "Referer", "Accept-Language", "X-Request-ID")
COOKIES = ("sessionid", "csrftoken", "messages")


@contextmanager
def no_payload_becomes_sql():
    """Fail if a payload stands in the text of a statement instead of among what it binds."""

    def look(execute, sql, params, many, context):
        assert MARK not in sql and "5821" not in sql, sql
        return execute(sql, params, many, context)

    with connection.execute_wrapper(look):
        yield


def some(number):
    """A third of the payloads, another third for each place in turn."""
    return PAYLOADS[number % 3 :: 3]


@pytest.fixture
def browser(sara, client):
    """A browser that nobody refuses anything, so that every payload gets as far as it can."""
    client.force_login(sara)
    client.raise_request_exception = False
    return client


@pytest.fixture
def seeded(ben):
    """Rows that a condition that is always true would show."""
    for number in range(3):
        sent(ben, f"seeded-{number}.example", event=f"seeded {number}")


def held():
    """What no payload may change."""
    return (
        sorted(User.objects.values_list("username", "is_superuser", "is_active")),
        sorted(map(str, Submission.objects.values_list("pk", flat=True))),
        EventTemplate.objects.count(),
    )


def asked(browser, method, path, data, **more):
    answer = getattr(browser, method)(path, data, **more)
    assert answer.status_code < 500, (path, data, more)
    return answer


@pytest.mark.parametrize("path", QUERIES)
def test_no_parameter_of_an_address_becomes_sql(browser, seeded, path):
    before = held()
    with no_payload_becomes_sql():
        for number, name in enumerate(QUERIES[path]):
            for payload in some(number):
                asked(browser, "get", path, {name: payload})
    assert held() == before


@pytest.mark.parametrize("path", FORMS)
def test_no_field_of_a_form_becomes_sql(browser, seeded, path):
    before = held()
    form = EXAMPLE | rows(("domain", "x.example")) if path.startswith("/events/") else {}
    with no_payload_becomes_sql():
        for number, name in enumerate(FORMS[path]):
            # These pages take longer than the lists.
            for payload in some(number)[:: 1 if path == "/events/" else 3]:
                asked(browser, "post", path, form | {name: payload})
    assert held() == before


def test_no_part_of_an_address_becomes_sql(browser, seeded):
    before = held()
    with no_payload_becomes_sql():
        for number, path in enumerate(PATHS):
            for payload in some(number):
                asked(browser, "get", path.format(quote(payload, safe="")), {})
    assert held() == before


def test_no_header_and_no_cookie_becomes_sql(sara, client):
    client.raise_request_exception = False
    with no_payload_becomes_sql():
        for payload in PAYLOADS[::2]:
            for name in HEADERS:
                asked(client, "get", "/accounts/login/", {}, headers={name: payload})
            for name in COOKIES:
                client.cookies[name] = payload
                asked(client, "get", "/events/", {})
                del client.cookies[name]


@pytest.mark.parametrize("field", ["username", "password"])
def test_no_name_and_no_password_becomes_sql(sara, client, field):
    with no_payload_becomes_sql():
        for payload in PAYLOADS[::4]:
            fields = {"username": "sara", "password": PASSWORD} | {field: payload}
            asked(client, "post", "/accounts/login/", fields)
            assert "_auth_user_id" not in client.session


def test_what_is_stored_does_not_become_sql_later(browser, ben):
    """Payloads that were entered as names and texts come back in other statements."""
    for payload in PAYLOADS:
        sent(ben, payload, event=payload, dataset_id=payload, category=payload)
        name = {"username": f"ben-{uuid4()}", "first_name": payload[:100]}
        User.objects.create(**name)
    before = held()
    with no_payload_becomes_sql():
        for path in ("/", "/events/", AUDIT, USERS, NEW):
            asked(browser, "get", path, {})
        for submission in Submission.objects.all()[:5]:
            asked(browser, "get", f"/events/{submission.pk}/", {})
            asked(browser, "post", f"/events/{submission.pk}/duplicate/", {})
            asked(browser, "get", NEW, {"like": str(submission.pk)})
    assert held()[0] == before[0]


def listed(answer):
    return [str(each.pk) for each in answer.context["submissions"]]


def test_a_payload_finds_what_an_unknown_word_finds(browser, seeded):
    """Always true, always false, or a union: the same nothing."""
    for payload in PAYLOADS:
        assert listed(browser.post("/events/", {"q": payload})) == []
        assert len(listed(browser.get("/events/", {"state": payload}))) == 3
        assert browser.get(AUDIT, {"who": payload}).context["rows"] == ""
        assert browser.get(AUDIT, {"q": payload}).context["rows"] == ""
        users = browser.get(USERS, {"q": payload}).context["cl"].result_count
        assert users == 0, payload
