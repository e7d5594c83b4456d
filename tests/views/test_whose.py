"""A form belongs to the account in whose page it was typed: nobody else goes on with it."""

import pytest
from django.test import Client

from events.models import Submission
from events.services import whose
from tests.accounts.support import LOGIN, entries
from tests.conftest import PASSWORD
from tests.views.test_main_job import form, hidden
from tests.views.test_text_survives import given_back

TEXT = "WHAT ANA TYPED"
NEW = "/events/new/"


@pytest.fixture
def typed(as_ana, sandbox):
    """What Ana's form holds."""
    page = as_ana.get(NEW).content.decode()
    return form(as_ana, event=TEXT) | {"whose": hidden(page, "whose")}


def shown(page):
    """The page without the fields that only travel with it."""
    return "".join(part.rpartition("</textarea>")[2] for part in page.split("<textarea"))


@pytest.mark.parametrize("action", ["save", "send", "preview", "save_template", "download"])
def test_nobody_saves_or_sends_what_another_typed(typed, as_ben, action):
    answer = as_ben.post(NEW, typed | {"action": action})
    page = answer.content.decode()
    assert answer.status_code == 401
    assert not Submission.objects.exists()
    assert given_back(page)["event"] == TEXT and TEXT not in shown(page)
    assert "This form is of ana" in page


def test_whose_form_it_is_goes_on_with_it(typed, as_ben, as_ana):
    kept = given_back(as_ben.post(NEW, typed | {"action": "save"}).content.decode())
    as_ana.post(NEW, kept | {"action": "save"})
    assert Submission.objects.get().typed_values["event"] == TEXT


@pytest.mark.parametrize("path", [NEW, "/events/check/"])
@pytest.mark.parametrize("checks", [False, True])
def test_the_scripts_of_a_page_are_told_to_sign_in(typed, ben, path, checks):
    as_ben = Client(enforce_csrf_checks=checks)
    as_ben.force_login(ben)
    for headers in ({"X-Part": "saved"}, {"Sec-Fetch-Dest": "empty"}):
        answer = as_ben.post(path, typed | {"action": "save"}, headers=headers)
        assert (answer.status_code, TEXT in answer.content.decode()) == (401, False)
    assert not Submission.objects.exists()


@pytest.mark.parametrize("is_signed_in", [True, False])
def test_a_form_that_is_out_of_date_is_given_back_to_nobody_else(typed, ben, is_signed_in):
    client = Client(enforce_csrf_checks=True)
    if is_signed_in:
        client.force_login(ben)
    page = client.post(NEW, typed | {"action": "save"}).content.decode()
    assert given_back(page)["event"] == TEXT and TEXT not in shown(page)


def test_nobody_else_signs_in_with_it(typed, ben, as_ana):
    client = Client()
    asked = client.post(NEW, typed | {"action": "save"})
    page = asked.content.decode()
    assert asked.status_code == 401
    assert hidden(page, "username") == "ana"
    carried = given_back(page) | {"carried": NEW, "password": PASSWORD}
    refused = client.post(LOGIN, carried | {"username": "ben"}).content.decode()
    assert "_auth_user_id" not in client.session and entries("session.signed_in") == []
    assert given_back(refused)["event"] == TEXT and TEXT not in shown(refused)
    back = client.post(LOGIN, carried | {"username": "ana"}).content.decode()
    assert TEXT in shown(back)


def test_what_a_deleted_account_typed_is_shown_to_nobody(typed, ben, ana):
    ana.delete()
    carried = typed | {"carried": NEW, "username": "ben", "password": PASSWORD}
    client = Client()
    assert TEXT not in client.post(LOGIN, carried).content.decode()
    assert "_auth_user_id" in client.session


def test_the_blank_page_that_is_kept_names_each_reader(as_ana, as_ben, ana, ben, sandbox):
    for client, user in ((as_ana, ana), (as_ben, ben), (as_ana, ana)):
        page = client.get(NEW).content.decode()
        assert page.count(whose.mark(user)) == 2
        assert client.get("/accounts/session/").json()["whose"] == whose.mark(user)


def test_a_mark_of_another_key_keeps_nobody_from_what_they_typed(typed, as_ana, settings):
    settings.SECRET_KEY = "another key"
    assert whose.named(typed["whose"]) is None
