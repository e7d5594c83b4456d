"""Addresses, names and cookies that nobody types: never an error of ours, on either database."""

import pytest
from django.test import Client

POSITIONS = [
    "0001-01-01T00:00:00%2B14:00",
    "0001-01-01T00:00:00%2B00:00",
    "9999-12-31T23:59:59.999999-14:00",
    "9999-12-31T23:59:59%2B00:00",
    "2026-11-23T00:00:00",
    "now",
]


@pytest.mark.parametrize("moment", POSITIONS)
@pytest.mark.parametrize(
    "place",
    [
        "/events/?before={}_7c1d7f0e-3a52-4c0b-9d6e-5f3b0a1c2d4e",
        "/admin/events/auditentry/?before={}_5",
        "/admin/events/auditentry/?after={}_5",
    ],
)
def test_a_place_in_a_list_that_does_not_exist_is_no_error(as_rita, place, moment):
    assert as_rita.get(place.format(moment)).status_code == 200


@pytest.mark.parametrize("day", ["0001-01-01", "9999-12-31", "0000-01-01", "%00"])
@pytest.mark.parametrize("name", ["from", "to"])
def test_days_at_the_ends_of_the_calendar_are_no_error(as_rita, day, name):
    status = as_rita.get(f"/admin/events/auditentry/?{name}={day}").status_code
    assert status == (400 if day == "%00" else 200)


@pytest.mark.parametrize("name", ["a\x00b", "\x00", "ana\x00", "x" * 5000, "\u202eana", "e\u0301"])
def test_any_name_may_be_tried_at_the_sign_in(client, ana, name):
    answer = client.post("/accounts/login/", {"username": name, "password": "x"})
    assert answer.status_code == 200
    assert 'role="alert"' in answer.content.decode()
    assert "_auth_user_id" not in client.session


@pytest.mark.parametrize(
    "address",
    [
        "/admin/events/knownvalue/?kind=%00",
        "/admin/events/knownvalue/?q=%00",
        "/admin/auth/user/?username=%00",
        "/admin/events/auditentry/?who=%00",
        "/events/?state=%00",
        "/events/?before=%00",
        "/%00",
        "/accounts/login/?next=%00",
    ],
)
def test_a_nul_in_an_address_is_refused_and_named_unreadable(as_adam, address):
    answer = as_adam.get(address)
    assert answer.status_code == 400
    assert "could not be read" in answer.content.decode()


def test_a_nul_in_a_cookie_is_refused(db):
    client = Client(headers={"Cookie": r'sessionid="\000abcdefghijklmnop"'})
    assert client.get("/events/").status_code == 400


@pytest.mark.parametrize("date", ["0001-01-01 00:30", "9999-12-31 23:30"])
@pytest.mark.parametrize("zone", ["America/New_York", "Asia/Tokyo"])
def test_a_date_at_the_ends_of_the_calendar_is_shown_in_any_zone(as_ana, date, zone):
    as_ana.post("/accounts/preferences/", {"time_zone": zone, "dataset_id": "", "theme": ""})
    page = as_ana.post("/events/new/", {"date": date, "action": "preview", "event": "x"})
    assert page.status_code == 200
