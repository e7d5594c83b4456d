"""What changes an account asks for the password again, and guessing it there is slowed too."""

from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.test import Client

from events.services import attempts, confirming
from tests.accounts.support import SLOWED, entries, gets_in
from tests.conftest import PASSWORD, make_user

USERS = "/admin/auth/user/"
AGAIN = "/accounts/reauthenticate/"
NEW = "another long pass phrase"
SET = {"password1": NEW, "password2": NEW, "usable_password": "true"}
OWN = {"new_password1": NEW, "new_password2": NEW}

pytestmark = pytest.mark.usefixtures("still")


@pytest.fixture
def as_vera(db, settings):
    """An administrator, no superuser, who signed in a while ago."""
    client = Client()
    make_user("vera", "administrator")
    assert gets_in("vera", client=client)
    age(client, timedelta(seconds=settings.ACCOUNT_REAUTHENTICATION_TIMEOUT))
    return client


def age(client, by):
    """As if the password had been given that much earlier."""
    session = client.session
    session[confirming._KEY] -= by.total_seconds()
    session.save()


def pages(user, group):
    """Every page on which an administrator changes what somebody may do."""
    return [
        f"{USERS}add/",
        f"{USERS}{user.pk}/change/",
        f"{USERS}{user.pk}/password/",
        f"{USERS}%20{user.pk}/password/",
        f"/admin/auth/group/{group.pk}/change/",
    ]


def test_each_page_asks_and_goes_on_where_it_was_wanted(as_vera, ana):
    for page in pages(ana, ana.groups.get()):
        answer = as_vera.get(page)
        assert answer.status_code == 302 and answer["Location"].startswith(f"{AGAIN}?next=")
    wanted = f"{USERS}{ana.pk}/password/"
    asked = as_vera.get(as_vera.get(wanted)["Location"])
    assert "unsafe" not in asked["Content-Security-Policy"]
    assert f'name="next" value="{wanted}"' in asked.content.decode()
    answer = as_vera.post(AGAIN, {"password": PASSWORD, "next": wanted})
    assert answer["Location"] == wanted
    assert as_vera.get(wanted).status_code == 200
    assert as_vera.post(wanted, SET)["Location"] == f"{USERS}{ana.pk}/change/"
    assert gets_in("ana", NEW)


def test_nothing_is_changed_by_a_session_alone(as_vera, ana, settings):
    age(as_vera, confirming.TO_FILL_IN)
    before = list(User.objects.order_by("pk").values())
    for page in pages(ana, ana.groups.get()):
        assert as_vera.post(page, SET | {"username": "x"})["Location"].startswith(AGAIN)
    chosen = {"action": "delete_selected", "_selected_action": [ana.pk], "post": "yes"}
    assert as_vera.post(USERS, chosen)["Location"].startswith(AGAIN)
    assert list(User.objects.order_by("pk").values()) == before


def test_a_form_that_was_opened_in_time_may_be_sent(as_vera, ana):
    assert as_vera.post(f"{USERS}{ana.pk}/password/", SET)["Location"] == f"{USERS}{ana.pk}/change/"


def test_who_is_asked_after_a_form_hears_that_nothing_was_saved(as_vera, ana):
    age(as_vera, confirming.TO_FILL_IN)
    page = f"{USERS}{ana.pk}/change/"
    asked = as_vera.post(page, {"username": "ana"}, follow=True)
    assert "Not saved yet." in asked.content.decode()
    given = {"password": "wrong", "next": page, "unsaved": "1"}
    assert "Not saved yet." in as_vera.post(AGAIN, given).content.decode()
    back = as_vera.post(AGAIN, given | {"password": PASSWORD}, follow=True)
    assert back.request["PATH_INFO"] == page
    assert "Nothing was saved" in back.content.decode()


def test_who_is_asked_before_a_form_hears_nothing_of_saving(as_vera, ana):
    asked = as_vera.get(f"{USERS}{ana.pk}/change/", follow=True)
    assert "saved" not in asked.content.decode()
    back = as_vera.post(AGAIN, {"password": PASSWORD, "next": USERS}, follow=True)
    assert "Nothing was saved" not in back.content.decode()


def test_who_may_not_is_refused_and_not_asked(ana, client, settings):
    settings.ACCOUNT_REAUTHENTICATION_TIMEOUT = 0
    client.force_login(make_user("otto", "auditor"))
    assert client.get(f"{USERS}{ana.pk}/change/").status_code == 403


def test_a_wrong_password_there_is_logged_and_slowed_down(as_vera):
    for _ in range(attempts.FREE_ON_DEVICE):
        page = as_vera.post(AGAIN, {"password": "wrong"}).content.decode()
        assert "This is not your password" in page
    assert entries("session.password_wrong")[0] == ("vera", "wrong password, asked again")
    assert SLOWED in as_vera.post(AGAIN, {"password": PASSWORD}).content.decode()
    assert as_vera.get(f"{USERS}add/").status_code == 302


def test_it_leads_to_no_other_site(as_vera):
    answer = as_vera.post(AGAIN, {"password": PASSWORD, "next": "https://evil.example/"})
    assert answer["Location"] == "/"


def test_a_wrong_old_password_is_logged_and_slowed_down(ana):
    client = Client()
    client.force_login(ana)
    for _ in range(attempts.FREE_HERE):
        page = client.post("/accounts/password/", OWN | {"old_password": "wrong"})
        assert "This is not your password" in page.content.decode()
    assert entries("session.password_wrong") == [("ana", "wrong password, asked again")] * 5
    page = client.post("/accounts/password/", OWN | {"old_password": PASSWORD})
    assert SLOWED in page.content.decode()
    ana.refresh_from_db()
    assert ana.check_password(PASSWORD)


def test_the_own_password_is_changed_and_the_session_goes_on(ana):
    client = Client()
    assert gets_in("ana", client=client)
    answer = client.post("/accounts/password/", OWN | {"old_password": PASSWORD}, follow=True)
    assert "Your password is changed." in answer.content.decode()
    assert [actor for actor, _ in entries("account.password_changed")] == ["ana"]
    assert gets_in("ana", NEW)
