"""Typed text survives an expired session, a CSRF failure, a database that fails, a large body."""

import re
from html import unescape

import pytest
from django.db import OperationalError
from django.test import Client

from events import services
from events.models import Submission
from tests.conftest import PASSWORD
from tests.forms.support import NEW, Page, press, rows
from tests.views.test_main_job import EXAMPLE, form, state

TEXT = 'MY TEXT\n  with "quotes", <b>tags</b> & 🦊'


def given_back(page):
    """The form that a page offers, as a browser would post it."""
    found = re.findall(r'<textarea name="([^"]+)" hidden>\n(.*?)</textarea>', page, re.DOTALL)
    return {name: unescape(value) for name, value in found}


def test_an_expired_session_signs_in_on_the_spot_and_goes_on(as_ana, sandbox):
    posted = form(as_ana, event=TEXT)
    as_ana.logout()

    asked = as_ana.post("/events/new/", posted)
    page = asked.content.decode()
    assert asked.status_code == 401
    assert "Nothing is lost" in page
    carried = given_back(page)
    assert carried["event"] == TEXT

    wrong = as_ana.post(
        "/accounts/login/",
        carried | {"carried": "/events/new/", "username": "ana", "password": "wrong"},
    )
    assert given_back(wrong.content.decode())["event"] == TEXT

    signed_in = as_ana.post(
        "/accounts/login/",
        carried | {"carried": "/events/new/", "username": "ana", "password": PASSWORD},
    ).content.decode()
    back = as_ana.post("/events/new/", given_back(signed_in) | {"action": "preview"})
    assert "with &quot;quotes&quot;" in back.content.decode()
    sent = as_ana.post("/events/new/", given_back(signed_in) | {"action": "send"}, follow=True)
    assert state(sent.content.decode()) == "created"
    assert Submission.objects.get().typed_values["event"].split() == TEXT.split()


def _form_with_every_field(client):
    """A draft that was copied from what is RED, from a template, with a finding to answer."""
    press(client, "save", was_red="1", template="Mine")
    draft = Submission.objects.get()
    posted = EXAMPLE | {"was_red": "1", "template": "Mine", "version": draft.version}
    # Benign everywhere, and less than RED: findings that somebody may send over.
    page = Page(client.post(f"/events/{draft.pk}/edit/", posted | rows(("domain", "google.com"))))
    (found,) = [each for each in page.tags("form") if "data-entry" in each.attrs]
    return {each.attrs["name"] for each in found.inside if each.attrs.get("name")}


# What is the page's own, and rows that are not there yet.
FIXED = re.compile("action|csrfmiddlewaretoken|indicators-(?:M(?:IN|AX)_NUM_FORMS|__prefix__-.*)")


def test_every_field_of_the_form_comes_back(as_rita, sandbox):
    named = _form_with_every_field(as_rita)
    names = {name for name in named if not FIXED.fullmatch(name)}
    assert {"was_red", "version", "template", "override_reason", "template_for"} <= names
    as_rita.logout()
    page = as_rita.post(NEW, dict.fromkeys(names, "1")).content.decode()
    assert given_back(page).keys() == names


def test_f6_a_copy_of_red_is_red_when_its_session_ended(as_ana, sandbox):
    posted = form(as_ana, event=TEXT, tlp="") | {"was_red": "1"}
    as_ana.logout()
    fields = given_back(as_ana.post(NEW, posted).content.decode())
    person = {"carried": NEW, "username": "ana", "password": PASSWORD}
    page = as_ana.post("/accounts/login/", fields | person).content.decode()
    assert "was_red" not in re.findall("<dt>(.*?)</dt>", page), "nobody typed it"
    as_ana.post(NEW, given_back(page) | {"action": "save"})
    draft = Submission.objects.get()
    assert (draft.was_red, draft.tlp) == (True, "red")


def test_f6_a_copy_of_red_is_red_when_its_token_is_worthless(ana, sandbox):
    client = Client(enforce_csrf_checks=True)
    client.force_login(ana)
    answer = client.post(NEW, EXAMPLE | {"form_token": "x", "was_red": "1"})
    assert answer.status_code == 403
    assert given_back(answer.content.decode())["was_red"] == "1"


def test_a_csrf_failure_gives_the_text_back(ana, sandbox):
    client = Client(enforce_csrf_checks=True)
    client.force_login(ana)
    answer = client.post("/events/new/", EXAMPLE | {"form_token": "x", "event": TEXT})
    assert answer.status_code == 403
    assert given_back(answer.content.decode())["event"] == TEXT


@pytest.mark.parametrize("action", ["send", "save"])
def test_a_database_that_fails_gives_the_text_back(as_ana, sandbox, monkeypatch, action):
    def fail(**_):
        raise OperationalError("database or disk is full")

    monkeypatch.setattr(services, "send", fail)
    monkeypatch.setattr(services, "save_draft", fail)
    as_ana.raise_request_exception = False
    answer = as_ana.post("/events/new/", form(as_ana, event=TEXT, action=action))
    assert answer.status_code in {500, 503}
    assert "MY TEXT" in answer.content.decode()


def test_a_body_that_is_too_large_is_said_to_be(as_ana, settings):
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 10_000
    answer = as_ana.post(
        "/events/new/",
        "form_token=x&event=" + "a" * 20_000,
        content_type="application/x-www-form-urlencoded",
    )
    assert answer.status_code == 413
    assert "too large" in answer.content.decode()


def test_nobody_is_sent_elsewhere_with_the_text(as_ana):
    answer = as_ana.post(
        "/accounts/login/",
        {
            "carried": "https://evil.example/events/",
            "form_token": "x",
            "username": "ana",
            "password": PASSWORD,
        },
    )
    assert "evil.example" not in answer.content.decode()
