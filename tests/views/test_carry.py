"""A page elsewhere posts a form here, and the person presses the button of ours that follows."""

import posixpath
import re
from html import unescape
from urllib.parse import urlsplit

import pytest
from django.contrib.auth.models import User
from django.test import Client

from tests.conftest import PASSWORD
from tests.outbox.support import send
from tests.views.test_text_survives import given_back

NEW = "stranger-knows-this-1"
PASSWORDS = {"password1": NEW, "password2": NEW, "usable_password": "true"}


def strangers_page(client, path, fields):
    """The page that follows a form from elsewhere: without a cookie, thus without a session."""
    session = client.cookies.pop("sessionid")
    page = client.post(path, {"form_token": "x", **fields}).content.decode()
    client.cookies["sessionid"] = session.value
    return page


def pressed(client, page):
    """Every form of the page that gives text back, sent as a browser would."""
    for form in re.findall(r"<form .*?</form>", page, re.DOTALL):
        action = unescape(re.search(r'action="([^"]*)"', form)[1])
        hidden = re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', form)
        path = posixpath.normpath(urlsplit(action).path) + "/"
        client.post(path, dict(hidden) | given_back(form))


def browser_of(user):
    client = Client(enforce_csrf_checks=True)
    client.force_login(user)
    return client


@pytest.mark.parametrize(
    "aim",
    [
        "/events/../admin/auth/user/{user}/password/",
        "/events/new/../../admin/auth/user/{user}/password/",
        "/events/%2e%2e/admin/auth/user/{user}/password/",
        "/events\\..\\admin\\auth\\user\\{user}\\password\\",
        "/events/new/?next=/admin/auth/user/{user}/password/",
        "/admin/auth/user/{user}/password/",
    ],
)
@pytest.mark.parametrize("path", ["/events/new/", "/accounts/login/"])
def test_one_press_takes_no_account_over(adam, ben, path, aim):
    client = browser_of(adam)
    fields = PASSWORDS | {"carried": aim.format(user=ben.pk)}
    page = strangers_page(client, path, fields)
    assert "password1" not in page
    assert "auth/user" not in page
    pressed(client, page)
    assert User.objects.get(pk=ben.pk).check_password(PASSWORD)


@pytest.mark.parametrize("verb", ["look", "correct", "try-now", "take-back", "decide", "discard"])
@pytest.mark.parametrize("path", ["/events/new/", "/accounts/login/", ""])
def test_a_form_is_given_back_to_no_other_address_than_its_own(ana, sandbox, path, verb):
    aim = f"/events/{send(ana).pk}/{verb}/"
    page = strangers_page(browser_of(ana), path or aim, {"carried": aim})
    assert f'action="{aim}"' not in page


def test_only_fields_of_the_form_are_given_back(ana, sandbox):
    fields = {
        "event": "kept",
        "indicators-0-value": "kept.example",
        "indicators-TOTAL_FORMS": "1",
        "template": "kept",
    }
    others = {
        "password": "x",
        "password1": "x",
        "next": "/admin/",
        "action": "send",
        "_save": "x",
        "indicators-0-id": "x",
    }
    page = strangers_page(browser_of(ana), "/events/new/", fields | others)
    assert given_back(page) == fields | {"form_token": "x"}
