"""Signing in, waiting, being let in again, the password once more: in a browser, light and dark."""

import pytest

from events.services import attempts

pytestmark = pytest.mark.browser


def guess(page, url):
    """One wrong password for the auditor."""
    page.goto(f"{url}/accounts/login/")
    page.fill("[name=username]", "Auditor ")
    page.fill("[name=password]", "not the right one")
    page.click("main button")
    return page.text_content("[role=alert]")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_who_has_to_wait_is_told_and_an_administrator_ends_it(somebody, desk, scheme):
    stranger, admin = somebody(color_scheme=scheme), somebody(color_scheme=scheme)
    for _ in range(attempts.FREE_HERE):
        assert guess(stranger.page, desk.url).startswith("Name or password is wrong.")
    assert "Try again in " in guess(stranger.page, desk.url)
    assert stranger.violations() == []
    page = admin.sign_in("admin")
    page.goto(f"{desk.url}/admin/")
    assert "auditor, until" in page.text_content("#slowed")
    assert admin.violations() == []
    page.click("#slowed button")
    assert not page.query_selector("#slowed")
    somebody().sign_in("auditor")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_password_is_asked_again(somebody, desk, scheme):
    person = somebody(color_scheme=scheme)
    page = person.sign_in("admin")
    page.goto(f"{desk.url}/accounts/reauthenticate/?next=/admin/auth/user/")
    assert person.violations() == []
    page.fill("[name=password]", "not the right one")
    page.click("main button")
    assert page.text_content("[role=alert]") == "This is not your password."
    assert person.violations() == []
    page.fill("[name=password]", desk.environment["DEMO_PASSWORD"])
    page.click("main button")
    assert page.url == f"{desk.url}/admin/auth/user/"
