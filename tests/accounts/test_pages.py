"""The pages of signing in: the desk's own, no others, and the admin's lead to them."""

import re

import pytest
from django.contrib import admin
from django.test import Client

from tests.accounts.support import LOGIN, entries, gets_in, try_in
from tests.conftest import PASSWORD, make_user


@pytest.mark.parametrize(
    "path",
    [
        *("signup/", "email/", "confirm-email/", "confirm-email/x/", "inactive/"),
        *("password/reset/", "password/set/", "password/change/", "login/code/", "social/login/"),
        *("2fa/", "sessions/list/", "phone/verify/"),
    ],
)
def test_what_the_library_has_beside_signing_in_is_not_there(as_ana, path):
    assert as_ana.get(f"/accounts/{path}").status_code == 404
    assert as_ana.post(f"/accounts/{path}").status_code == 404


def test_the_librarys_tables_have_no_admin_pages():
    shown = {model._meta.app_label for model in admin.site._registry}
    assert shown == {"auth", "events"}


@pytest.mark.parametrize(
    "given", ["", "/events/", "https://evil.example/", "//evil.example", "/\\evil.example"]
)
def test_it_goes_on_where_the_person_wanted_to_and_never_elsewhere(ana, given):
    answer = try_in("ana", PASSWORD, next=given)
    assert answer["Location"] == (given if given == "/events/" else "/")


def test_it_answers_with_a_page_whatever_is_asked_for(ana):
    answer = Client().post(
        LOGIN, {"username": "ana", "password": "x"}, headers={"Accept": "application/json"}
    )
    assert answer["Content-Type"].startswith("text/html")


def test_nothing_is_said_of_signing_in_on_the_next_page(ana):
    client = Client()
    assert gets_in("ana", client=client)
    assert "Successfully" not in client.get("/").content.decode()


def test_signing_out_needs_a_post(as_ana):
    assert as_ana.get("/accounts/logout/").status_code == 405
    assert as_ana.post("/accounts/logout/")["Location"] == f"{LOGIN}?why=out"
    assert as_ana.get("/").status_code == 302


@pytest.mark.parametrize("role", ["administrator", "auditor"])
def test_the_admins_pages_for_the_own_account_lead_to_the_desks(db, role):
    client = Client()
    make_user("vera", role)
    assert gets_in("vera", client=client)
    for path in ("password_change/", "password_change/done/"):
        assert client.get(f"/admin/{path}")["Location"] == "/accounts/password/"
        answer = client.post(f"/admin/{path}", {"old_password": PASSWORD})
        assert answer["Location"] == "/accounts/password/"
    assert client.get("/admin/logout/")["Location"] == "/"
    assert client.post("/admin/logout/")["Location"] == f"{LOGIN}?why=out"
    assert client.get("/").status_code == 302
    assert entries("session.signed_out") == [("vera", "")]
    assert client.get("/admin/login/?next=/admin/")["Location"].startswith(LOGIN)


SHORT = "too short"


@pytest.mark.parametrize(
    "given, at, sentence",
    [
        ((PASSWORD, SHORT, SHORT), "new_password1", "This password is too short."),
        ((PASSWORD, "a long pass phrase", "another one"), "new_password2", "are not the same."),
        (
            ("wrong", "a long pass phrase", "a long pass phrase"),
            "old_password",
            "not your password",
        ),
    ],
)
def test_what_is_wrong_with_a_new_password_is_said_where_it_is(as_ana, given, at, sentence):
    fields = dict(zip(("old_password", "new_password1", "new_password2"), given, strict=True))
    page = as_ana.post("/accounts/password/", fields).content.decode()
    note = page.partition(f'id="id_{at}_note"')[2].partition("</div>")[0]
    assert sentence in note
    # One field may have several: too short, and easy to guess.
    assert page.partition("</main>")[0].count('class="error"') == note.count('class="error"')
    focused = re.findall(r'<input id="id_(\w+)"[^>]* autofocus', page)
    assert focused == [at]


@pytest.mark.parametrize("tried, focused", [(None, "username"), ("ana", "password")])
def test_the_focus_is_where_one_goes_on(ana, tried, focused):
    page = (try_in(tried) if tried else Client().get(LOGIN)).content.decode()
    assert re.findall(r'<input id="id_(\w+)"[^>]* autofocus', page) == [focused]


def test_the_text_of_who_was_signed_out_comes_along(ana):
    client = Client()
    fields = {"form_token": "x", "carried": "/events/new/", "event": "MY LOST TEXT"}
    page = try_in("ana", PASSWORD, client=client, **fields).content.decode()
    assert "MY LOST TEXT" in page and "You are signed in again" in page
    assert "_auth_user_id" in client.session


def test_a_wrong_password_keeps_the_text_too(ana):
    fields = {"form_token": "x", "carried": "/events/new/", "event": "MY LOST TEXT"}
    assert "MY LOST TEXT" in try_in("ana", **fields).content.decode()
