"""One account for all spellings of a name: looked up, counted and logged as one."""

import unicodedata

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.db import IntegrityError, transaction
from hypothesis import given
from hypothesis import strategies as st

from events.models import Account, UnusableName, canonical
from events.services import attempts
from tests.accounts.support import SLOWED, entries, gets_in, try_in
from tests.conftest import PASSWORD, make_user, unlogged

SPELLINGS = ["ana", "ana ", "\tana", "ANA", "ａna", "ＡＮＡ", "ana\u3000", "aNa\u00a0"]
UNSEEN = ["an\u200ba", "ana\u200d", "\u2060ana", "an\u00ada", "ana\ufe0f", "ana\u3164", "\u202eana"]

pytestmark = pytest.mark.usefixtures("still")


@pytest.mark.parametrize("name", SPELLINGS)
def test_every_spelling_is_the_same_account(ana, name):
    assert gets_in(name)
    assert entries("session.signed_in") == [("ana", "")]


def test_guesses_are_counted_together_however_the_name_is_spelt(ana):
    for number in range(attempts.FREE_HERE):
        assert SLOWED not in try_in(SPELLINGS[number]).content.decode()
    for name in SPELLINGS:
        assert SLOWED in try_in(name).content.decode()
        assert not gets_in(name)
    assert {actor for actor, _ in entries("session.sign_in_failed", "session.slowed_down")} == {
        "ana"
    }


@pytest.mark.parametrize("name", UNSEEN)
def test_a_name_with_what_cannot_be_seen_is_nobodys(ana, name):
    assert not gets_in(name)
    assert entries("session.sign_in_failed") == [("(no such account)", "wrong name or password")]


@pytest.mark.parametrize("name", ["ana\0", "\0", "a" * 10_000, "\ud800", "ﷺ" * 150, "\r\n", "́"])
def test_whatever_is_posted_as_a_name_gets_the_forms_error(ana, name):
    answer = try_in(name.encode("utf-8", "surrogatepass"), PASSWORD)
    assert answer.status_code == 200
    assert 'role="alert"' in answer.content.decode()


@pytest.mark.parametrize("name", ["ana", "ANA", "ａna", "Ana"])
def test_a_name_that_exists_makes_no_second_account(ana, name):
    with pytest.raises((UnusableName, IntegrityError)), transaction.atomic():
        User.objects.create_user(name, password=PASSWORD)
    assert User.objects.count() == 1


@pytest.mark.parametrize("name", ["ANA", "ａna", "an\u3164a"])
def test_administrators_make_no_second_account_in_another_spelling(ana, client, name):
    client.force_login(make_user("vera", "administrator"))
    fields = {"username": name, "password1": PASSWORD, "password2": PASSWORD}
    answer = client.post("/admin/auth/user/add/", fields | {"usable_password": "true"})
    assert answer.status_code == 200
    assert "errornote" in answer.content.decode()
    assert set(User.objects.values_list("username", flat=True)) == {"ana", "vera"}


def test_administrators_rename_no_account_to_one_that_exists(ana, ben, client):
    client.force_login(make_user("vera", "administrator"))
    fields = {"username": "ANA", "is_active": "on"}
    moment = {"date_joined_0": "2026-11-23", "date_joined_1": "12:00:00"}
    answer = client.post(f"/admin/auth/user/{ben.pk}/change/", fields | moment)
    assert "There is an account with this name" in answer.content.decode()
    ben.refresh_from_db()
    assert ben.username == "ben"


def test_the_command_makes_no_second_account(ana, monkeypatch):
    monkeypatch.setenv("DJANGO_SUPERUSER_PASSWORD", PASSWORD)
    with pytest.raises(CommandError, match="There is an account with this name"):
        call_command("createsuperuser", "--noinput", "--username=ANA")


def test_a_renamed_account_signs_in_with_its_new_name_alone(ana):
    ana.username = "Anna"
    ana.save()
    assert gets_in("anna") and not gets_in("ana")


def test_an_account_that_lost_its_name_is_named_by_the_check(ana, capsys):
    call_command("check", databases=["default"])
    Account.objects.all().delete()
    assert not gets_in("ana")
    call_command("check", databases=["default"])
    assert "events.W004" in capsys.readouterr().err


@pytest.fixture(params=["ANA", "ａna", "an\u200ba"])
def nameless(request, ana):
    """An account that an upgrade found beside Ana's, or with a name that nobody can see."""
    with unlogged():
        User.objects.bulk_create([User(username=request.param, password="!")])
    return User.objects.get(username=request.param)


def test_who_has_no_name_gets_a_password_that_opens_nothing(nameless, client):
    client.force_login(make_user("vera", "administrator"))
    new = "another long pass phrase"
    fields = {"password1": new, "password2": new, "usable_password": "true"}
    assert client.post(f"/admin/auth/user/{nameless.pk}/password/", fields).status_code == 302
    nameless.refresh_from_db()
    assert nameless.check_password(new)
    assert not gets_in(nameless.username, new)
    assert gets_in("ana")


def test_who_has_no_name_is_switched_off_as_they_are(ana, client):
    with unlogged():
        User.objects.bulk_create([User(username="ANA")])
    user = User.objects.get(username="ANA")
    client.force_login(make_user("vera", "administrator"))
    fields = {"username": "ANA", "date_joined_0": "2026-11-23", "date_joined_1": "12:00:00"}
    assert client.post(f"/admin/auth/user/{user.pk}/change/", fields).status_code == 302
    user.refresh_from_db()
    assert (user.username, user.is_active) == ("ANA", False)
    assert gets_in("ana")


def test_who_has_no_name_gets_one(nameless):
    nameless.username = "Anna"
    nameless.set_password(PASSWORD)
    nameless.save()
    assert gets_in("anna")


def test_who_has_no_name_gets_it_when_it_is_free(ana):
    with unlogged():
        User.objects.bulk_create([User(username="ANA")])
    second = User.objects.get(username="ANA")
    ana.username = "anna"
    ana.save()
    second.set_password(PASSWORD)
    second.save()
    assert User.objects.get(account__name="ana") == second


@given(st.text(max_size=60))
def test_what_is_canonical_stays_as_it_is(name):
    try:
        once = canonical(name)
    except UnusableName:
        return
    assert canonical(once) == once
    assert once == unicodedata.normalize("NFKC", once)
