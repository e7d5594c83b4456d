"""While the server is away, or the state changes, nothing that was typed is taken off the page."""

import re

import pytest
from playwright.sync_api import expect

from tests.browser.test_main_job import fill, pk, send, state
from tests.browser.test_text_survives import saved, says

pytestmark = pytest.mark.browser
AWAY = "Not sent: the server does not answer. Your text is still here."


def cut(page):
    """Nothing that is posted arrives any more."""
    page.route(
        "**/events/**",
        lambda route: route.abort() if route.request.method == "POST" else route.continue_(),
    )


def test_a_send_to_a_server_that_is_away_leaves_the_form_and_goes_when_it_is_back(ana, desk):
    page = ana.open("/events/new/")
    fill(page, "WRITTEN BEFORE THE SERVER WENT")
    saved(page)
    cut(page)
    page.fill("[name=insight]", "AND AFTER IT")
    says(page, "Not saved")
    page.click("button[value=send]")
    says(page, re.escape(AWAY))
    assert page.input_value("[name=insight]") == "AND AFTER IT"
    assert page.is_enabled("button[value=send]")
    page.unroute("**/events/**")
    send(page)
    assert state(page) == "created"
    (held,) = desk.sandbox.ledger.events(pk(page))
    assert "AND AFTER IT" in str(held)


@pytest.mark.parametrize("button", ["save", "parse", "preview"])
def test_no_other_button_puts_an_error_page_in_its_place(ana, button):
    page = ana.open("/events/new/")
    cut(page)
    page.fill("[name=event]", "STILL HERE")
    says(page, "Not saved")
    page.click(f"button[value={button}]")
    says(page, "Not done: the server does not answer")
    assert page.input_value("[name=event]") == "STILL HERE"
    page.click("button[value=add_row]")
    expect(page.locator("[data-rows] > .row")).to_have_count(2)


def test_a_reason_that_is_being_written_is_not_thrown_away(ana, desk):
    page = ana.open("/events/new/")
    fill(page, "UNKNOWN FOR A WHILE")
    desk.sandbox.behave("create", "500-after", times=1)
    send(page)
    assert state(page) == "unknown"
    page.click("summary:has-text('it is not there')")
    page.fill("#id_reason", "LOOKED IN THE DASHBOARD")
    desk.manage("shell", "-c", FOUND.format(pk=pk(page)))
    says(page, "The state has changed", "[data-changed]")
    assert state(page) == "unknown"
    assert page.input_value("#id_reason") == "LOOKED IN THE DASHBOARD"
    page.click("text=Show it")
    expect(page.locator("main[data-state=created]")).to_be_visible()
    says(page, "You wrote: LOOKED IN THE DASHBOARD", "[data-changed]")


def test_without_a_reason_the_page_loads_itself(ana, desk):
    page = ana.open("/events/new/")
    fill(page, "UNKNOWN FOR A WHILE")
    desk.sandbox.behave("create", "500-after", times=1)
    send(page)
    assert state(page) == "unknown"
    desk.manage("shell", "-c", FOUND.format(pk=pk(page)))
    expect(page.locator("main[data-state=created]")).to_be_visible(timeout=10_000)


def test_without_scripts_a_page_that_takes_a_reason_does_not_load_itself(somebody, desk):
    person = somebody(java_script_enabled=False)
    page = person.sign_in("analyst")
    page.goto(f"{desk.url}/events/new/")
    fill(page, "WITHOUT SCRIPTS")
    desk.sandbox.behave("create", "500-after", times=1)
    send(page)
    assert state(page) == "unknown"
    assert page.locator("meta[http-equiv=refresh]").count() == 0
    page.click("text=Load again")
    assert state(page) == "unknown"


FOUND = (
    "from events.models import Submission; from django.db.models import F; "
    "Submission.objects.filter(pk='{pk}').update(state='created', version=F('version') + 1)"
)
