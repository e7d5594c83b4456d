"""A session says before it ends; when it has ended, what was typed is still there."""

import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta

import psycopg
import pytest
from playwright.sync_api import expect

from tests.browser.test_text_survives import saved
from tests.desk import PASSWORD

pytestmark = pytest.mark.browser
AGE = "UPDATE usersessions_usersession SET last_seen_at = {}, created_at = {}"


def age(desk, minutes, began=None):
    """Let every session have been used, and have begun, so many minutes ago."""
    now = datetime.now(UTC)
    moments = [now - timedelta(minutes=m) for m in (minutes, began or minutes)]
    url = desk.environment["DATABASE_URL"]
    if url.startswith("sqlite"):
        texts = [at.replace(tzinfo=None).isoformat(" ", "microseconds") for at in moments]
        with closing(sqlite3.connect(url.removeprefix("sqlite:///"), timeout=20)) as database:
            database.execute(AGE.format("?", "?"), texts)
            database.commit()
    else:
        with psycopg.connect(url, autocommit=True) as database:
            database.execute(AGE.format("%s", "%s"), moments)


def sign_in_again(page):
    expect(page.get_by_role("dialog", name="Sign in to go on")).to_be_visible()
    page.fill("#again_password", PASSWORD)
    page.click("[data-sign-in] button")
    expect(page.get_by_role("dialog")).to_have_count(0)


def test_it_is_said_and_one_press_goes_on(ana, desk):
    page = ana.page
    page.clock.install()
    ana.open("/events/")
    age(desk, 29)
    page.clock.fast_forward("29:00")
    notice = page.get_by_role("alert").filter(has_text="because nothing was done")
    expect(notice).to_be_visible()
    assert notice.evaluate(
        "e => e.getBoundingClientRect().bottom <= "
        "document.querySelector('header').getBoundingClientRect().top"
    )
    assert [fault for fault in ana.violations() if "region" not in fault] == []
    page.focus(".nav a >> nth=0")
    page.keyboard.press("Home")
    notice.get_by_role("button", name="Stay signed in").focus()
    page.keyboard.press("Enter")
    expect(notice).to_have_count(0)
    expect(page.get_by_role("status").filter(has_text="You stay signed in.")).to_be_visible()
    expect(page.locator(".nav a").first).to_be_focused()
    page.clock.fast_forward("29:00")
    page.wait_for_timeout(300)
    expect(notice).to_have_count(0)
    assert ana.said == []


def test_typed_text_outlives_the_idle_end(ana, desk):
    page = ana.page
    ana.open("/events/new/")
    page.fill("[name=event]", "TYPED BEFORE THE IDLE END")
    saved(page)
    page.clock.install()
    page.reload()
    age(desk, 31)
    page.clock.fast_forward("29:00")
    sign_in_again(page)
    assert page.input_value("[name=event]") == "TYPED BEFORE THE IDLE END"
    page.fill("[name=insight]", "AND AFTER IT")
    page.clock.run_for(2_000)
    saved(page)
    page.reload()
    assert page.input_value("[name=event]") == "TYPED BEFORE THE IDLE END"
    assert page.input_value("[name=insight]") == "AND AFTER IT"


def test_what_is_typed_keeps_a_page_of_which_nothing_is_sent(somebody, desk):
    person = somebody()
    page = person.sign_in("admin")
    page.clock.install()
    person.open("/accounts/password/")
    age(desk, 20)
    page.clock.fast_forward("20:00")
    page.locator("main input[type=password]").first.press_sequentially("x")
    page.wait_for_timeout(300)
    page.clock.fast_forward("09:30")
    page.wait_for_timeout(300)
    expect(page.get_by_text("because nothing was done")).to_have_count(0)


def test_the_last_end_is_said_without_a_button(ana, desk):
    page = ana.page
    page.clock.install()
    ana.open("/events/")
    age(desk, 1, began=12 * 60 - 1)
    page.clock.fast_forward("29:00")
    notice = page.get_by_role("alert").filter(has_text="whatever you do")
    expect(notice).to_be_visible()
    expect(notice.get_by_role("button")).to_have_count(0)


def test_the_admin_signs_in_on_the_spot_too(somebody, desk):
    person = somebody()
    page = person.sign_in("admin")
    page.clock.install()
    person.open("/admin/events/knownvalue/add/")
    page.fill("[name=value]", "typed.example")
    age(desk, 31)
    page.clock.fast_forward("29:00")
    sign_in_again(page)
    assert page.input_value("[name=value]") == "typed.example"
    page.select_option("[name=kind]", index=1)
    page.click("[name=_save]")
    expect(page.locator(".errornote, .success")).to_have_count(1)


@pytest.fixture
def ended(ana, desk):
    """A form with text, the session of which has ended."""
    page = ana.page
    page.clock.install()
    ana.open("/events/new/")
    page.fill("[name=event]", "MARKED TEXT")
    age(desk, 31)
    page.clock.fast_forward("29:30")
    expect(page.get_by_role("dialog", name="Sign in to go on")).to_be_visible()
    return page


def test_nothing_is_read_behind_it_and_escape_does_not_put_it_away(ended):
    dialog = ended.locator("[data-sign-in]")
    for _ in range(3):
        ended.keyboard.press("Escape")
        ended.wait_for_timeout(100)
        expect(dialog).to_be_visible()
    colour = dialog.evaluate("e => getComputedStyle(e, '::backdrop').backgroundColor")
    assert colour.startswith("rgb("), colour


def test_the_password_has_the_focus(ended):
    expect(ended.locator("#again_password")).to_be_focused()


def test_another_person_gets_pages_of_their_own(ended, somebody):
    assert ended.locator("[data-sign-in] [name=username]").get_attribute("type") == "hidden"
    ended.get_by_role("link", name="Not you?").click()
    ended.fill("#id_username", "reviewer")
    ended.fill("#id_password", PASSWORD)
    ended.click("main button")
    expect(ended.locator("header .name")).to_have_text("reviewer")
    assert "MARKED TEXT" not in ended.content()


def test_a_page_closes_when_somebody_else_signs_in_in_another_tab(ana, desk):
    page = ana.page
    ana.open("/events/new/")
    page.fill("[name=event]", "MARKED TEXT")
    saved(page)
    ana.page = ana.context.new_page()
    ana.open("/events/").click("header >> text=Sign out")
    ana.sign_in("reviewer")
    page.fill("[name=insight]", "MORE MARKED TEXT")
    expect(page.get_by_role("dialog", name="Sign in to go on")).to_be_visible()
    page.fill("#again_password", PASSWORD)
    page.click("[data-sign-in] button")
    expect(page.get_by_text("Somebody else is signed in in this browser now")).to_be_visible()
    ana.page.click("header >> text=Sign out")
    sign_in_again(page)
    saved(page)
    page.reload()
    assert page.input_value("[name=insight]") == "MORE MARKED TEXT"
