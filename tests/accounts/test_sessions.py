"""Sessions end when nobody does anything, after half a day, and when somebody ends them."""

import json
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import timedelta

import pytest
from allauth.usersessions.models import UserSession
from django.conf import settings
from django.contrib.auth.models import User
from django.contrib.sessions.models import Session
from django.db import DatabaseError, OperationalError, connection
from django.test import Client

from events import clock
from events.models import AuditEntry, Preferences, Submission
from events.services import preferences, sessions, whose
from tests.accounts.support import gets_in, hash_as_before
from tests.conftest import PASSWORD
from tests.views.test_main_job import form
from tests.views.test_text_survives import TEXT, given_back

IDLE = settings.SESSION_IDLE
LONGEST = settings.SESSION_LONGEST
MINUTE = timedelta(minutes=1)
NAVIGATES = {"Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"}


def row(client):
    return UserSession.objects.get(session_key=client.session.session_key)


def age(client, *, used=timedelta(), began=None):
    """Let the session have been used so long ago, and have begun so long ago."""
    now = clock.now()
    UserSession.objects.filter(session_key=client.cookies["sessionid"].value).update(
        last_seen_at=now - used, created_at=now - (began or used)
    )


def is_in(client):
    """Whether the session counts, asked in a way that does not count as use."""
    return client.get("/accounts/session/").status_code == 200


def test_half_an_hour_and_twelve_hours():
    assert (timedelta(minutes=30), timedelta(hours=12)) == (IDLE, LONGEST)


def test_a_session_in_which_nothing_is_done_ends(as_ana):
    age(as_ana, used=IDLE - MINUTE)
    assert is_in(as_ana)
    age(as_ana, used=IDLE)
    assert not is_in(as_ana)
    assert as_ana.get("/").url.startswith("/accounts/login/")


@pytest.mark.parametrize(
    "used, began, sentence",
    [
        (IDLE, IDLE, "because nothing was done for 30 minutes."),
        (MINUTE, LONGEST, "because 12 hours have passed."),
    ],
)
def test_sign_in_says_why_one_is_there(as_ana, used, began, sentence):
    age(as_ana, used=used, began=began)
    page = as_ana.get("/events/", follow=True).content.decode()
    assert f"You were signed out {sentence}" in page
    assert 'name="next" value="/events/"' in page


def test_who_was_never_signed_in_is_told_of_no_end(client, db):
    assert "signed out" not in client.get("/", follow=True).content.decode()


def test_a_session_that_somebody_ended_is_said_to_be(as_ana):
    sessions.end(as_ana.cookies["sessionid"].value)
    assert "You were signed out. Sign in" in as_ana.get("/", follow=True).content.decode()


def test_signing_out_is_said(as_ana):
    assert "You are signed out." in as_ana.post("/accounts/logout/", follow=True).content.decode()


def test_what_ended_by_itself_lives_no_second_time(as_ana, settings):
    age(as_ana, used=IDLE)
    key = as_ana.cookies["sessionid"].value
    as_ana.get("/")
    as_ana.cookies["sessionid"] = key
    settings.SESSION_IDLE = timedelta(hours=2)
    assert as_ana.get("/").status_code == 302


def test_whoever_does_something_goes_on(as_ana):
    age(as_ana, used=IDLE - MINUTE)
    assert as_ana.get("/").status_code == 200
    assert clock.now() - row(as_ana).last_seen_at < MINUTE
    assert is_in(as_ana)


def test_nothing_moves_the_last_end(as_ana, sandbox):
    """Not requests, and not what writes to the session, such as preferences and messages."""
    age(as_ana, began=LONGEST - MINUTE)
    as_ana.get("/")
    as_ana.post("/accounts/preferences/", {"theme": "dark", "time_zone": "", "dataset_id": ""})
    assert is_in(as_ana)
    began = row(as_ana).created_at
    age(as_ana, began=LONGEST)
    assert clock.now() - began < LONGEST
    assert as_ana.get("/").status_code == 302


def test_the_check_while_typing_keeps_a_session_and_the_pages_timers_do_not(as_ana, ana, sandbox):
    posted = form(as_ana)
    as_ana.post("/events/new/", posted | {"action": "save"})
    pk = Submission.objects.get().pk
    for path in ("/accounts/session/", "/healthz", f"/events/{pk}/state/"):
        age(as_ana, used=IDLE / 2)
        as_ana.get(path)
        assert clock.now() - row(as_ana).last_seen_at >= IDLE / 2, path
    as_ana.post("/events/check/", posted)
    assert clock.now() - row(as_ana).last_seen_at < MINUTE


def test_a_page_that_loads_itself_again_does_not_keep_a_session(as_ana):
    age(as_ana, used=IDLE / 2)
    as_ana.get("/", headers=NAVIGATES)
    assert clock.now() - row(as_ana).last_seen_at >= IDLE / 2
    as_ana.get("/", headers=NAVIGATES | {"Sec-Fetch-User": "?1"})
    assert clock.now() - row(as_ana).last_seen_at < MINUTE


@pytest.mark.parametrize("site", ["same-site", "cross-site"])
@pytest.mark.parametrize("mode", ["no-cors", "cors", "navigate"])
def test_a_page_of_another_origin_does_not_keep_a_session(as_ana, site, mode):
    """Cookies that are Lax go along with the images and requests of a neighbour's page."""
    age(as_ana, used=IDLE / 2)
    headers = {"Sec-Fetch-Site": site, "Sec-Fetch-Mode": mode}
    as_ana.get("/events/", headers=headers)
    as_ana.post("/accounts/session/", headers=headers)
    assert clock.now() - row(as_ana).last_seen_at >= IDLE / 2
    as_ana.get("/", headers=NAVIGATES | {"Sec-Fetch-Site": site, "Sec-Fetch-User": "?1"})
    assert clock.now() - row(as_ana).last_seen_at < MINUTE


def test_who_says_to_be_there_stays_signed_in(as_ana, ana):
    age(as_ana, used=IDLE - MINUTE)
    assert as_ana.get("/accounts/session/").json()["left"] <= 60
    answer = as_ana.post("/accounts/session/").json()
    assert (answer["is_last"], answer["whose"]) == (False, whose.mark(ana))
    assert answer["left"] > 1700


def test_a_script_is_told_that_the_session_ended_by_a_status(as_ana):
    age(as_ana, used=IDLE)
    for headers in ({"Sec-Fetch-Dest": "empty"}, {"X-Part": "recent"}):
        assert as_ana.get("/events/new/", headers=headers).status_code == 401
    assert as_ana.get("/accounts/session/").status_code == 401


def test_typed_text_outlives_the_idle_end(as_ana, sandbox):
    posted = form(as_ana, event=TEXT)
    age(as_ana, used=IDLE)
    asked = as_ana.post("/events/new/", posted)
    assert asked.status_code == 401
    carried = given_back(asked.content.decode())
    back = as_ana.post(
        "/accounts/login/",
        carried | {"carried": "/events/new/", "username": "ana", "password": PASSWORD},
    )
    assert given_back(back.content.decode())["event"] == TEXT


def test_use_is_written_down_once_a_minute(as_ana):
    age(as_ana, used=MINUTE / 2)
    before = row(as_ana).last_seen_at
    as_ana.get("/")
    assert row(as_ana).last_seen_at == before


def test_a_page_is_shown_although_its_use_cannot_be_written(as_ana, monkeypatch):
    def fail(session):
        raise DatabaseError("the disk is full")

    monkeypatch.setattr(sessions, "used", fail)
    assert as_ana.get("/").status_code == 200


def test_a_session_counts_only_with_its_row(as_ana):
    row(as_ana).delete()
    assert Session.objects.exists()
    assert as_ana.get("/").status_code == 302


def test_a_row_of_somebody_else_is_no_row(as_ana, as_ben, ben):
    own = row(as_ana)
    own.user = ben
    own.save()
    assert as_ana.get("/").status_code == 302


def test_signing_in_gives_a_row_with_address_and_browser(ana):
    client = Client(headers={"User-Agent": "Mozilla/5.0 (X11; Linux x86_64) Firefox/140.0"})
    client.post("/accounts/login/", {"username": "ana", "password": PASSWORD})
    own = row(client)
    assert (own.user, own.ip) == (ana, "127.0.0.1")
    assert sessions.browser(own.user_agent) == "Firefox on Linux"


def test_signing_out_takes_the_row_away(as_ana):
    as_ana.post("/accounts/logout/")
    assert not UserSession.objects.exists()


def test_changing_ones_password_keeps_this_session_and_ends_the_others(as_ana, ana):
    other = Client()
    other.force_login(ana)
    new = "another long pass phrase"
    fields = {"old_password": PASSWORD, "new_password1": new, "new_password2": new}
    assert as_ana.post("/accounts/password/", fields).status_code == 302
    assert is_in(as_ana) and not is_in(other)
    assert UserSession.objects.count() == 1


def test_who_was_switched_off_is_not_signed_in_when_switched_on_again(as_ana, ana):
    ana.is_active = False
    ana.save()
    assert not is_in(as_ana)
    ana.is_active = True
    ana.save()
    assert not is_in(as_ana)
    assert not Session.objects.exists()


def test_a_password_that_an_administrator_sets_ends_every_session(as_ana, as_vera, ana):
    new = "another long pass phrase"
    fields = {"password1": new, "password2": new, "usable_password": "true"}
    as_vera.post(f"/admin/auth/user/{ana.pk}/password/", fields)
    assert not is_in(as_ana) and is_in(as_vera)
    assert not UserSession.objects.filter(user=ana).exists()


def test_the_list_shows_only_ones_own(as_ana, as_ben, ana):
    Client(headers={"User-Agent": "curl/8.1"}).force_login(ana)
    page = as_ana.get("/accounts/sessions/").content.decode()
    assert page.count("<tr>") == 3
    assert page.count("this one") == 1
    assert page.count(">End it<") == 1


def test_ended_sessions_are_not_listed_and_go_with_the_next_sign_in(as_ana, ana):
    other = Client()
    other.force_login(ana)
    age(other, used=IDLE)
    assert "End all others" not in as_ana.get("/accounts/sessions/").content.decode()
    Client().force_login(ana)
    assert UserSession.objects.filter(user=ana).count() == 2
    assert Session.objects.count() == 2


def test_a_timer_is_answered_without_the_database(as_ana, monkeypatch):
    """`/healthz` says that the database is away; it does not ask it first whose browser this is."""

    def fail(*_):
        raise OperationalError("the database is away")

    monkeypatch.setattr(sessions, "read", fail)
    assert as_ana.get("/healthz").status_code == 200


def test_what_a_request_did_is_told_although_its_session_was_ended_meanwhile(as_ana, monkeypatch):
    save = preferences.save

    def save_and_end(*arguments):
        save(*arguments)
        sessions.end(as_ana.cookies["sessionid"].value)

    monkeypatch.setattr(preferences, "save", save_and_end)
    chosen = {"theme": "dark", "time_zone": "", "dataset_id": ""}
    assert as_ana.post("/accounts/preferences/", chosen).status_code == 302
    assert Preferences.objects.get().theme == "dark"
    assert not is_in(as_ana)


def ended():
    bodies = AuditEntry.objects.filter(action="session.ended").values_list("actor", "body")
    return [(actor, json.loads(body)["reason"]) for actor, body in bodies]


def test_one_session_is_ended_and_logged(as_ana, ana):
    other, third = Client(), Client()
    other.force_login(ana)
    third.force_login(ana)
    as_ana.post("/accounts/sessions/", {"end": str(row(other).pk)})
    assert not is_in(other) and is_in(third) and is_in(as_ana)
    assert ended() == [("ana", "ana: 1 own: unknown address unknown browser")]


def test_all_others_are_ended_and_not_this_one(as_ana, as_ben, ana):
    others = [Client(), Client()]
    for other in others:
        other.force_login(ana)
    as_ana.post("/accounts/sessions/", {"end": "others"})
    assert not any(map(is_in, others)) and is_in(as_ana) and is_in(as_ben)


@pytest.mark.parametrize("pk", ["{}", "", "x", "-1", "9" * 30, "²"])
def test_nobody_ends_a_session_of_somebody_else(as_ana, as_ben, pk):
    as_ana.post("/accounts/sessions/", {"end": pk.format(row(as_ben).pk)})
    assert is_in(as_ben) and is_in(as_ana)
    assert ended() == []


def test_the_own_session_is_not_ended_by_the_list(as_ana):
    as_ana.post("/accounts/sessions/", {"end": str(row(as_ana).pk)})
    assert is_in(as_ana)


def test_an_administrator_ends_a_persons_sessions_and_it_is_logged(as_vera, as_ana, ana, as_ben):
    page = as_vera.get(f"/admin/auth/user/{ana.pk}/change/").content.decode()
    assert f"/admin/auth/user/{ana.pk}/sessions/end/" in page
    as_vera.post(f"/admin/auth/user/{ana.pk}/sessions/end/")
    assert not is_in(as_ana) and is_in(as_ben) and is_in(as_vera)
    assert ended() == [("vera", "ana: 1 all: unknown address unknown browser")]


@pytest.mark.parametrize("person", ["as_ana", "as_rita", "as_otto"])
def test_only_administrators_end_others_sessions(person, request, as_ben, ben):
    browser = request.getfixturevalue(person)
    assert browser.post(f"/admin/auth/user/{ben.pk}/sessions/end/").status_code == 403
    assert is_in(as_ben)


def test_a_superusers_sessions_are_not_for_administrators(as_vera, as_sara, sara):
    assert as_vera.post(f"/admin/auth/user/{sara.pk}/sessions/end/").status_code == 403
    assert is_in(as_sara)


def test_ending_sessions_takes_a_post(as_vera, ana, as_ana):
    assert as_vera.get(f"/admin/auth/user/{ana.pk}/sessions/end/").status_code == 405
    assert as_vera.post("/admin/auth/user/999999/sessions/end/").status_code == 404
    assert is_in(as_ana)


def test_the_account_page_names_roles_and_leads_on(as_rita):
    page = as_rita.get("/accounts/").content.decode()
    assert "reviewer" in page
    for path in ("/accounts/preferences/", "/accounts/password/", "/accounts/sessions/"):
        assert f'href="{path}"' in page


BROWSERS = {
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Chrome/140.0.0.0 Safari/537.36": "Chrome on Windows",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Chrome/140.0.0.0 Safari/537.36 Edg/140.0.0.0": "Edge on Windows",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 14_0) AppleWebKit/605.1.15 (KHTML, like Gecko) "
    "Version/17.0 Safari/605.1.15": "Safari on macOS",
    "Mozilla/5.0 (Linux; Android 14) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Chrome/140.0.0.0 Mobile Safari/537.36": "Chrome on Android",
    "curl/8.1": "curl/8.1",
    "": "unknown browser",
}


@pytest.mark.parametrize("agent", BROWSERS)
def test_a_browser_in_words(agent):
    assert sessions.browser(agent) == BROWSERS[agent]


@pytest.mark.parametrize("way", ["sign-in", "asked again"])
def test_a_hash_that_is_made_anew_ends_no_session(ana, way):
    there, here = Client(), Client()
    assert gets_in("ana", client=there)
    assert gets_in("ana", client=here)
    hash_as_before(ana)
    sessions.keep_all(None, ana)
    if way == "sign-in":
        assert gets_in("ana")
    else:
        assert here.post("/accounts/reauthenticate/", {"password": PASSWORD}).status_code == 302
    assert not User.objects.get(pk=ana.pk).password.startswith("argon2")
    assert is_in(there)
    assert is_in(here)


@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite has one writer at a time")
@pytest.mark.django_db(transaction=True)
def test_a_session_that_is_ended_and_swept_out_at_once_is_no_deadlock(as_ana, ben):
    key = as_ana.cookies["sessionid"].value
    age(as_ana, used=IDLE)
    has_begun = threading.Event()

    def pause(execute, sql, *rest):
        """The other one comes as far as it can, between the first DELETE and the second."""
        found = execute(sql, *rest)
        if sql.startswith("DELETE") and not has_begun.is_set():
            has_begun.set()
            time.sleep(1)
        return found

    def ended():
        with connection.execute_wrapper(pause), closing(connection):
            return sessions.end(key)

    with ThreadPoolExecutor(1) as thread:
        ending = thread.submit(ended)
        assert has_begun.wait(10)
        assert gets_in("ben")
        assert ending.result(10) == 1
