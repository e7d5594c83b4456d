"""What nobody types into an address: each parameter with each odd value is no error of ours."""

import re

import pytest
from django.contrib.auth.models import Group, User
from django.test import Client

from events.models import KnownValue
from tests.conftest import make_user

ADDRESSES = {
    "/events/": ["q", "state", "before", "after", "mine", "all", "tlp", "dataset", "page", "s"],
    "/events/new/": ["like", "template"],
    "/accounts/login/": ["next"],
    "/": ["before", "page"],
    "/templates/": ["q", "page"],
    "/admin/events/auditentry/": [
        *("who", "action", "outcome", "tlp", "from", "to", "q", "before", "after", "oldest"),
    ],
    "/admin/events/knownvalue/": [
        *("q", "p", "o", "all", "e", "kind", "kind__exact", "level__exact", "match__exact"),
        *("active__exact", "id", "id__exact", "id__in", "_popup", "_to_field"),
    ],
    "/admin/auth/user/": [
        *("q", "p", "o", "all", "is_active__exact", "is_staff__exact", "groups__id__exact", "id"),
        *("date_joined__gte", "date_joined__year", "last_login__lt", "password__startswith"),
    ],
}
VALUES = {
    "NUL": "%00",
    "NUL within": "a%00b",
    "year 1": "0001-01-01T00:00:00%2B14:00",
    "year 9999": "9999-12-31T23:59:59-14:00",
    "day of year 1": "0001-01-01",
    "day of year 9999": "9999-12-31",
    "year 0": "0000-00-00",
    "place at year 1": "0001-01-01T00:00:00%2B14:00_5",
    "place at year 9999": "9999-12-31T23:59:59.999999-23:59_5",
    "place of a uuid": "9999-12-31T23:59:59-23:59_7c1d7f0e-3a52-4c0b-9d6e-5f3b0a1c2d4e",
    "huge number": "9" * 400,
    "beyond 64 bits": str(2**63),
    "negative": "-1",
    "infinite": "1e999",
    "other digits": "%D9%A1%D9%A2",
    "surrogate": "%ED%A0%80",
    "no UTF-8": "%FF%FE",
    "beyond 16 bits": "%F0%9F%A6%84",
    "long": "x" * 3000,
    "quote": "%27%22%3B--",
    "template": "%7B%7B7*7%7D%7D",
    "line break": "a%0d%0ab",
    "empty": "",
    "list": "1,2,%2C,",
    "text order": "-id.zz.-99",
}


@pytest.fixture
def clients(db):
    """Who may open each kind of page, without being a superuser."""
    KnownValue.objects.create(value="example.org", kind="domain", match="exact", level="warn")
    everybody = make_user("everybody", "analyst", "reviewer", "auditor", "administrator")
    User.objects.filter(pk=everybody.pk).update(is_staff=True)
    assert Group.objects.count() >= 4
    signed_in, stranger = Client(), Client()
    signed_in.force_login(everybody)
    for client in (signed_in, stranger):
        client.raise_request_exception = False
    return {"/accounts/login/": stranger}, signed_in


@pytest.mark.parametrize("value", VALUES.values(), ids=VALUES)
@pytest.mark.parametrize("address", ADDRESSES)
def test_no_parameter_of_an_address_is_an_error_of_ours(clients, address, value):
    own, signed_in = clients
    client = own.get(address, signed_in)
    statuses = {
        name: client.get(f"{address}?{name}={value}").status_code for name in ADDRESSES[address]
    }
    assert {name: status for name, status in statuses.items() if status >= 500} == {}
    assert set(statuses.values()) & {200, 302} or "%00" in value or address == "/events/new/"


@pytest.mark.parametrize("value", VALUES.values(), ids=VALUES)
@pytest.mark.parametrize(
    "place",
    [
        "/events/{}/",
        "/admin/events/auditentry/{}/change/",
        "/admin/events/knownvalue/{}/change/",
        "/admin/auth/user/{}/change/",
        "/admin/auth/user/{}/password/",
        "/templates/{}/delete/",
    ],
)
def test_no_place_in_an_address_is_an_error_of_ours(clients, place, value):
    _, client = clients
    assert client.get(place.format(value)).status_code < 500


@pytest.mark.parametrize(
    "asked",
    [
        "user/?date_joined__year=2026",
        "user/?password__startswith=a",
        "user/?submission__event__contains=a",
        "user/?groups__permissions__codename=a",
        "knownvalue/?id__in=1",
        "knownvalue/?added_by__username=a",
    ],
)
def test_a_list_is_asked_by_the_filters_beside_it_and_nothing_else(clients, asked):
    app = "auth" if asked.startswith("user") else "events"
    _, client = clients
    assert client.get(f"/admin/{app}/{asked}").status_code == 400


def test_the_filters_beside_a_list_work(clients):
    _, client = clients
    for address in ("/admin/auth/user/", "/admin/events/knownvalue/"):
        page = client.get(address).content.decode()
        links = set(re.findall(r'href="\?([a-z_]+=[^"&]+)"', page))
        assert len(links) > 4
        for link in links:
            assert client.get(f"{address}?{link}").status_code == 200, link
