"""Guessing slows down whoever guesses, and nobody else."""

import re
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from unittest.mock import patch

import pytest
from django.contrib.auth.models import User
from django.db import DatabaseError, connection, connections
from django.test import Client
from django.test.utils import CaptureQueriesContext

from events import clock
from events.audit import chain
from events.models import AuditEntry, Throttle
from events.services import accounts, attempts, throttle
from tests.accounts.support import HOME_ADDRESS, LOGIN, SLOWED, entries, gets_in, try_in
from tests.conftest import PASSWORD, make_user

ELSEWHERE = "192.0.2.9"

pytestmark = pytest.mark.usefixtures("still")


def guess(name, times, **more):
    """So many wrong passwords, one after another."""
    for _ in range(times):
        answer = try_in(name, **more)
    return answer.content.decode()


@pytest.mark.django_db(transaction=True)
def test_of_forty_guesses_at_once_no_more_are_judged_than_one_after_another():
    make_user("ana", "analyst")
    judged = []
    verify = accounts.verify_password

    def counted(password, hashed):
        judged.append(password)
        return verify(password, hashed)

    def one(_):
        try:
            return try_in("ana").status_code
        finally:
            connections.close_all()

    with patch.object(accounts, "verify_password", counted), ThreadPoolExecutor(20) as threads:
        assert set(threads.map(one, range(40))) == {200}
    assert len(judged) == attempts.FREE_HERE
    assert not gets_in("ana")


def test_the_page_says_how_long_to_wait_and_in_which_time(ana):
    page = guess("ana", attempts.FREE_HERE + 1)
    assert "Try again in 30 seconds, at " in page and " UTC, or ask an administrator." in page
    until = clock.now() + attempts.FIRST_WAIT
    assert f"{until:%H:%M}" in page or f"{until + timedelta(seconds=2):%H:%M}" in page


def test_after_the_wait_the_right_password_opens(ana, still):
    guess("ana", attempts.FREE_HERE)
    assert not gets_in("ana")
    still.pass_by(attempts.FIRST_WAIT)
    assert gets_in("ana")
    assert gets_in("ana")


def test_waits_grow_with_each_failure_up_to_a_quarter_of_an_hour(ana, still):
    guess("ana", attempts.FREE_HERE)
    for wait in (30, 60, 120, 240, 480, 900, 900):
        still.pass_by(timedelta(seconds=wait - 2))
        assert SLOWED in try_in("ana").content.decode()
        still.pass_by(timedelta(seconds=2))
        assert SLOWED not in try_in("ana").content.decode()


def test_a_refused_attempt_makes_nobody_wait_longer(ana, still):
    guess("ana", attempts.FREE_HERE + 30)
    still.pass_by(attempts.FIRST_WAIT)
    assert gets_in("ana")


def test_an_hour_later_all_is_forgotten(ana, still):
    guess("ana", attempts.FREE_HERE)
    still.pass_by(attempts.FORGOTTEN_AFTER)
    assert SLOWED not in guess("ana", attempts.FREE_HERE)


def test_strangers_lock_nobody_out_who_is_elsewhere(ana):
    for number in range(60):
        guess("ana", 2, address=f"203.0.113.{number}")
    assert gets_in("ana", address=HOME_ADDRESS)


def test_who_guesses_from_everywhere_has_fewer_guesses_at_each_place(ana):
    for number in range(attempts.PRESSURE):
        guess("ana", 1, address=f"203.0.113.{number}")
    page = guess("ana", attempts.FREE_UNDER_PRESSURE, address=ELSEWHERE)
    assert SLOWED not in page
    assert SLOWED in try_in("ana", address=ELSEWHERE).content.decode()


def test_one_network_of_ipv6_is_one_place(ana):
    for number in range(attempts.FREE_HERE):
        guess("ana", 1, address=f"2001:db8:1:2::{number + 1:x}")
    assert SLOWED in try_in("ana", address="2001:db8:1:2:ffff::1").content.decode()
    assert gets_in("ana", address="2001:db8:1:3::1")


@pytest.mark.parametrize(
    "spelt", ["198.51.100.7:4711", "::ffff:198.51.100.7", "[::ffff:198.51.100.7]:4711"]
)
def test_every_spelling_of_an_address_is_one_place(ana, settings, spelt):
    """Some proxies write the port behind the address."""
    settings.TRUST_PROXY = True
    for _ in range(attempts.FREE_HERE):
        try_in("ana", client=Client(headers={"X-Forwarded-For": spelt}))
    assert SLOWED in try_in("ana", address=HOME_ADDRESS).content.decode()
    assert gets_in("ana", address=ELSEWHERE)


@pytest.mark.parametrize("spelt", ["[2001:db8::7]", "[2001:db8::7]:443", "2001:db8::7%eth0"])
def test_so_is_every_spelling_of_one_of_ipv6(ana, settings, spelt):
    settings.TRUST_PROXY = True
    for _ in range(attempts.FREE_HERE):
        try_in("ana", client=Client(headers={"X-Forwarded-For": spelt}))
    assert SLOWED in try_in("ana", address="2001:db8::8").content.decode()
    assert gets_in("ana", address="2001:db8:0:1::8")


def test_an_address_that_tries_many_names_has_to_wait_and_a_known_device_there_does_not(ana, ben):
    device = Client()
    assert gets_in("ana", client=device)
    device.post("/accounts/logout/")
    for number in range(attempts.FREE_AT_ADDRESS):
        try_in(f"nobody{number}")
    assert SLOWED in try_in("ben", PASSWORD).content.decode()
    assert gets_in("ana", client=device)
    assert gets_in("ben", address=ELSEWHERE)


def test_a_colleague_at_the_same_address_keeps_nobody_off_a_device_of_theirs(ana):
    device = Client()
    assert gets_in("ana", client=device)
    device.post("/accounts/logout/")
    guess("ana", attempts.FREE_HERE)
    assert not gets_in("ana")
    assert gets_in("ana", client=device)


def test_a_device_of_before_the_password_was_changed_is_an_unknown_one(ana):
    """Whoever had the old password once keeps no lanes of guesses of their own."""
    devices = [Client() for _ in range(4)]
    for device in devices:
        assert gets_in("ana", client=device)
        device.post("/accounts/logout/")
    ana.set_password("another horse battery staple")
    ana.save()
    pages = [guess("ana", 2, client=device) for device in devices]
    assert [SLOWED in page for page in pages] == [False, False, True, True]


def test_a_device_may_guess_no_more_than_its_share(ana):
    device = Client()
    gets_in("ana", client=device)
    device.post("/accounts/logout/")
    assert SLOWED not in guess("ana", attempts.FREE_ON_DEVICE, client=device)
    assert SLOWED in try_in("ana", client=device).content.decode()


def test_somebody_elses_device_or_a_forged_one_is_unknown(ana, ben, settings):
    device = Client()
    assert gets_in("ben", client=device)
    device.post("/accounts/logout/")
    guess("ana", attempts.FREE_HERE)
    assert not gets_in("ana", client=device)
    device.cookies[settings.DEVICE_COOKIE_NAME] = '[1, "x"]:1abcde:forged'
    assert not gets_in("ana", client=device)


def test_the_devices_cookie_is_for_the_server_alone(ana, settings):
    settings.SESSION_COOKIE_SECURE = True
    cookie = try_in("ana", PASSWORD).cookies[settings.DEVICE_COOKIE_NAME]
    assert cookie["httponly"] and cookie["secure"] and cookie["samesite"] == "Lax"
    assert "ana" not in cookie.value


def test_tries_that_have_to_wait_are_summed_up_in_the_log(ana):
    guess("ana", attempts.FREE_HERE + 120)
    told = entries("session.slowed_down")
    assert len(told) == 3
    assert told[-1][1].endswith("; 100 refused so far")
    assert len(entries("session.sign_in_failed")) == attempts.FREE_HERE
    assert Throttle.objects.count() == 4


def test_an_address_that_has_to_wait_is_summed_up_whatever_names_it_tries(ana):
    for number in range(attempts.FREE_AT_ADDRESS):
        try_in(f"nobody{number}")
    rows, told = Throttle.objects.count(), AuditEntry.objects.count()
    for number in range(100):
        assert SLOWED in try_in(f"somebody{number}").content.decode()
    assert Throttle.objects.count() == rows + 1
    assert AuditEntry.objects.count() == told + 3
    _, reason = entries("session.slowed_down")[-1]
    assert reason.startswith("too many failed at this address: refused until ")
    assert reason.endswith("; 100 refused so far")


def test_who_is_refused_sweeps_old_rows_away_too(ana):
    guess("ana", attempts.FREE_HERE)
    old = clock.now() - throttle.KEPT - timedelta(minutes=1)
    Throttle.objects.create(key="sign-in x1 anywhere", since=old, count=1)
    assert SLOWED in try_in("ana").content.decode()
    assert not Throttle.objects.filter(since__lte=old).exists()


def test_failures_beyond_the_tenth_are_told_in_one_entry_with_their_number(ana):
    for number in range(12):
        guess("ana", 3, address=f"203.0.113.{number}")
    assert len(entries("session.sign_in_failed")) == 10
    assert gets_in("ana")
    assert entries("session.sign_in_failed")[-1] == (
        "ana",
        "the right password came after others: 36 failed so far",
    )


def test_names_that_nobody_has_are_stored_nowhere(db):
    guess("hunter2-hunter2", attempts.FREE_HERE + 1)
    kept = [*Throttle.objects.values_list("key", flat=True)]
    kept += AuditEntry.objects.values_list("body", flat=True)
    assert kept and not any("hunter2" in text for text in kept)


def test_an_unknown_name_and_a_wrong_password_look_and_cost_the_same(ana):
    def seen(name):
        with CaptureQueriesContext(connection) as queries:
            page = try_in(name).content.decode()
        # What every process asks now and then is not about the name.
        asked = [one["sql"] for one in queries if "apigate" not in one["sql"]]
        return page.replace(name, "NAME"), len(asked)

    Client().get(LOGIN)
    for _ in range(attempts.FREE_HERE + 2):
        (known, known_cost), (unknown, unknown_cost) = seen("ana"), seen("eve")
        assert without_tokens(known) == without_tokens(unknown)
        assert known_cost == unknown_cost


def without_tokens(page):
    page = re.sub(r'name="csrfmiddlewaretoken" value="[^"]+"', "", page)
    return re.sub(r"in \d+ seconds, at [0-9:]+", "", page)


@pytest.mark.parametrize("name", ["ana", "eve"])
def test_a_password_is_hashed_whether_or_not_there_is_such_an_account(ana, settings, name):
    settings.PASSWORD_HASHERS = settings.PASSWORD_HASHERS[-1:]
    ana.set_password(PASSWORD)
    ana.save()
    hasher = "django.contrib.auth.hashers.Argon2PasswordHasher"
    with (
        patch(f"{hasher}.encode", return_value="argon2$x") as encode,
        patch(f"{hasher}.verify", return_value=False) as verify,
        patch(f"{hasher}.must_update", return_value=False),
    ):
        try_in(name)
    assert encode.call_count + verify.call_count == 1


def test_who_is_switched_off_learns_no_more_than_a_stranger(ana):
    User.objects.filter(pk=ana.pk).update(is_active=False)
    answer = try_in("ana", PASSWORD)
    assert answer.status_code == 200
    assert "Name or password is wrong" in answer.content.decode()


def test_old_rows_are_swept_away_by_new_attempts(db):
    old = clock.now() - throttle.KEPT - timedelta(minutes=1)
    Throttle.objects.bulk_create(
        Throttle(key=f"sign-in x{number} anywhere", since=old, count=1) for number in range(50)
    )
    guess("eve", 3)
    assert not Throttle.objects.filter(since__lte=old).exists()


def test_an_administrator_sees_who_has_to_wait_and_lets_them_in_again(ana, client):
    guess("ana", attempts.FREE_HERE)
    guess("eve", attempts.FREE_HERE)
    assert not gets_in("ana")
    vera = make_user("vera", "administrator")
    client.force_login(vera)
    page = client.get("/admin/").content.decode()
    assert "Sign-in slowed down" in page and "ana, until" in page
    assert client.get("/admin/unlock/").status_code == 405
    client.post("/admin/unlock/", {"user": "ana"})
    assert entries("user.unlocked") == [("vera", "ana")]
    assert "Sign-in slowed down" not in client.get("/admin/").content.decode()
    assert gets_in("ana")


@pytest.mark.parametrize("role", ["analyst", "reviewer", "auditor"])
def test_nobody_else_lets_people_in_again_or_sees_who_waits(ana, client, role):
    guess("ana", attempts.FREE_HERE)
    client.force_login(make_user("otto", role))
    assert client.post("/admin/unlock/", {"user": "ana"}).status_code == 403
    assert "Sign-in slowed down" not in client.get("/admin/").content.decode()
    assert not gets_in("ana")


def test_an_administrator_lets_everybody_at_an_address_in_again(ana, client):
    for number in range(attempts.FREE_AT_ADDRESS):
        try_in(f"nobody{number}")
    assert not gets_in("ana")
    client.force_login(make_user("vera", "administrator"))
    assert f"all accounts at {HOME_ADDRESS}, until" in client.get("/admin/").content.decode()
    client.post("/admin/unlock/", {"address": HOME_ADDRESS})
    assert entries("address.unlocked") == [("vera", HOME_ADDRESS)]
    assert gets_in("ana")


@pytest.mark.parametrize("posted", [{"user": "ana"}, {"address": HOME_ADDRESS}])
def test_nobody_is_let_in_again_without_an_entry(ana, posted):
    guess("ana", attempts.FREE_HERE)
    for number in range(attempts.FREE_AT_ADDRESS):
        try_in(f"nobody{number}")
    browser = Client(raise_request_exception=False)
    browser.force_login(make_user("vera", "administrator"))
    before = attempts.waiting()
    with patch.object(chain, "_store", side_effect=DatabaseError("the log is locked")):
        assert browser.post("/admin/unlock/", posted).status_code >= 500
    assert attempts.waiting() == before
    assert len(before) == 2


def test_letting_in_an_address_lets_in_no_other_one(ana, client, monkeypatch):
    monkeypatch.setattr(attempts, "FREE_AT_ADDRESS", 3)
    for address in ("10.0.0.1", "10.0.0.17"):
        for number in range(4):
            try_in(f"nobody{number}", address=address)
    client.force_login(make_user("vera", "administrator"))
    client.post("/admin/unlock/", {"address": "10.0.0.1"})
    assert [one.address for one in attempts.waiting()] == ["10.0.0.17"]
    assert list(Throttle.objects.filter(key__contains="refused")) == [
        Throttle(key="sign-in from 10.0.0.17 refused")
    ]


def test_letting_in_a_network_of_ipv6_names_it(ana, client, monkeypatch):
    monkeypatch.setattr(attempts, "FREE_AT_ADDRESS", 3)
    for number in range(3):
        try_in(f"nobody{number}", address=f"2001:db8::{number}")
    (waits,) = attempts.waiting()
    assert waits.address == "2001:db8::/64"
    client.force_login(make_user("vera", "administrator"))
    client.post("/admin/unlock/", {"address": waits.address})
    assert entries("address.unlocked") == [("vera", "2001:db8::/64")]
    assert not attempts.waiting()


@pytest.mark.parametrize("text", ["ana is innocent", "fe80::1%ana is innocent"])
def test_the_log_names_the_place_that_was_let_in_and_no_text_of_ones_own(client, db, text):
    for address in ("no address", "fe80::1"):
        try_in("nobody", address=address)
    client.force_login(make_user("vera", "administrator"))
    client.post("/admin/unlock/", {"address": text})
    ((_, reason),) = entries("address.unlocked")
    assert reason in {"nowhere", "fe80::/64"}


@pytest.mark.parametrize("posted", [{}, {"address": "\0"}, {"address": "x y"}, {"user": "nobody"}])
def test_letting_in_whom_nobody_knows_changes_nothing(ana, client, posted):
    guess("ana", attempts.FREE_HERE)
    client.force_login(make_user("vera", "administrator"))
    assert client.post("/admin/unlock/", posted).status_code in {302, 404}
    assert not gets_in("ana") and not entries("user.unlocked", "address.unlocked")
