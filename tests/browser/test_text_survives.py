"""What is typed is kept on the server while it is typed, and survives a lost session."""

import re
import time

import pytest
from playwright.sync_api import expect

from tests.browser.test_main_job import fill, pk, send, state
from tests.desk import PASSWORD

pytestmark = pytest.mark.browser


def says(page, pattern, selector="[data-saved]"):
    """Wait until the element says what `pattern` finds."""
    expect(page.locator(selector)).to_have_text(re.compile(pattern), timeout=6_000)


def is_save(route):
    """Whether this is the draft being kept while it is typed."""
    return route.request.headers.get("x-part") == "saved"


def saved(page):
    says(page, r"draft saved \d\d:\d\d:\d\d UTC")


def test_typing_is_saved_within_five_seconds_and_offered_again(ana, somebody, desk):
    page = ana.open("/events/new/")
    page.fill("[name=event]", "TYPED AND NEVER SAVED BY HAND")
    saved(page)
    assert re.search(r"/events/[0-9a-f-]{36}/edit/", page.url)
    ana.context.close()
    later = somebody()
    page = later.sign_in("analyst")
    page.click("text=TYPED AND NEVER SAVED BY HAND >> nth=0")
    assert page.input_value("[name=event]") == "TYPED AND NEVER SAVED BY HAND"


def test_a_form_that_was_saved_while_typing_is_sent_once(ana, desk):
    page = ana.open("/events/new/")
    fill(page, "SAVED, THEN SENT")
    saved(page)
    send(page)
    assert state(page) == "created"
    assert len(desk.sandbox.ledger.events(pk(page))) == 1
    assert ana.said == []


def test_a_session_that_ended_is_renewed_in_place(ana, desk):
    page = ana.open("/events/new/")
    page.fill("[name=event]", "WRITTEN BEFORE THE SESSION ENDED")
    saved(page)
    ana.context.clear_cookies(name="sessionid")
    page.fill("[name=insight]", "WRITTEN AFTER IT")
    page.wait_for_selector("dialog[open]", timeout=6_000)
    page.fill("#again_password", "not the password")
    page.click("dialog button")
    says(page, r"\w", "dialog [role=alert]")
    page.fill("#again_password", PASSWORD)
    page.click("dialog button")
    page.wait_for_selector("dialog:not([open])", state="attached")
    saved(page)
    assert page.input_value("[name=insight]") == "WRITTEN AFTER IT"
    page.reload()
    assert page.input_value("[name=insight]") == "WRITTEN AFTER IT"


def test_two_tabs_do_not_overwrite_each_other_silently(ana, desk):
    one = ana.open("/events/new/")
    one.fill("[name=event]", "FROM THE FIRST TAB")
    saved(one)
    two = ana.context.new_page()
    two.goto(one.url)
    two.fill("[name=event]", "FROM THE SECOND TAB")
    saved(two)
    one.fill("[name=insight]", "more from the first tab")
    says(one, "somewhere else")
    assert one.input_value("[name=event]") == "FROM THE FIRST TAB"
    two.reload()
    assert two.input_value("[name=event]") == "FROM THE SECOND TAB"


def test_leaving_with_unsaved_text_asks_first(ana, desk):
    page = ana.open("/events/new/")
    page.route(
        "**/events/**",
        lambda route: route.abort() if route.request.method == "POST" else route.continue_(),
    )
    page.click("[name=event]")
    page.keyboard.type("not saved anywhere")
    asked = []
    page.on("dialog", lambda dialog: (asked.append(dialog.type), dialog.dismiss()))
    page.click("text=Events >> nth=0")
    page.wait_for_timeout(300)
    assert asked == ["beforeunload"]
    assert page.input_value("[name=event]") == "not saved anywhere"


@pytest.mark.parametrize("trouble", ["gone", "busy", "asked to wait"])
def test_a_save_that_failed_is_tried_again_by_itself(ana, desk, trouble):
    page = ana.open("/events/new/")
    tried = []

    def answer(route):
        if not is_save(route) or len(tried) >= 2:
            route.continue_()
            return
        tried.append(time.monotonic())
        if trouble == "gone":
            route.abort()
        else:
            route.fulfill(status=503 if trouble == "busy" else 429, body="later")

    page.route("**/events/**", answer)
    page.fill("[name=event]", f"TRIED AGAIN: {trouble}")
    says(page, "Not saved yet, trying again by itself.*Your text is still here")
    assert page.get_attribute("[data-saved]", "role") == "status"
    expect(page.locator("[data-saved]")).to_have_text(re.compile("draft saved"), timeout=12_000)
    assert tried[1] - tried[0] > 1.5
    page.reload()
    assert page.input_value("[name=event]") == f"TRIED AGAIN: {trouble}"


def test_typing_on_while_the_server_is_gone_does_not_ask_it_at_every_key(ana, desk):
    page = ana.open("/events/new/")
    tried = []
    page.route(
        "**/events/new/",
        lambda route: (tried.append(1), route.abort()) if is_save(route) else route.continue_(),
    )
    page.click("[name=event]")
    for _ in range(45):
        page.keyboard.type("x")
        page.wait_for_timeout(150)
    assert 1 <= len(tried) <= 3


def test_the_sign_in_says_that_the_server_is_gone(ana, desk):
    page = ana.open("/events/new/")
    page.fill("[name=event]", "BEFORE THE SERVER WENT")
    saved(page)
    ana.context.clear_cookies(name="sessionid")
    page.fill("[name=insight]", "AFTER IT")
    page.wait_for_selector("dialog[open]", timeout=6_000)
    page.route("**/accounts/login/", lambda route: route.abort())
    page.fill("#again_password", PASSWORD)
    page.click("dialog button")
    says(page, "does not answer", "dialog [role=alert]")


def test_a_server_that_is_gone_is_said_and_the_text_stays(ana, desk):
    page = ana.open("/events/new/")
    page.route(
        "**/events/**",
        lambda route: route.abort() if route.request.method == "POST" else route.continue_(),
    )
    page.fill("[name=event]", "STILL HERE")
    says(page, "Not saved")
    assert page.input_value("[name=event]") == "STILL HERE"
