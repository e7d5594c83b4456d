"""The event form while it is written: checks, the exact preview, and how it looks in each state."""

import json
import re

import pytest
from playwright.sync_api import expect

from tests.browser.test_main_job import fill

pytestmark = pytest.mark.browser
SEND = "button[value=send]"


def checks(page):
    return page.locator("[data-checks]")


def test_checks_are_there_while_one_types(ana):
    page = ana.open("/events/new/")
    fill(page)
    page.fill("[name=indicators-0-value]", "10.0.0.1")
    page.select_option("[name=indicators-0-indicator_type]", "ip")
    expect(checks(page)).to_contain_text("10.0.0.1 is private")
    expect(page.locator("[data-check-status]")).to_have_text("1 to look at")
    page.click("[data-checks] a >> text=Row 1")
    assert page.evaluate("document.activeElement.name") == "indicators-0-value"
    page.fill("[name=indicators-0-value]", "45.12.7.8")
    expect(checks(page)).not_to_contain_text("is private")
    assert ana.said == []


def test_a_reason_is_not_taken_away_while_it_is_written(somebody):
    reviewer = somebody()
    reviewer.sign_in("reviewer")
    page = reviewer.open("/events/new/")
    fill(page, tlp="red")
    expect(checks(page)).to_contain_text("Stops sending")
    assert reviewer.violations() == []
    page.focus("[name=override_reason]")
    page.keyboard.type("the customer agreed", delay=40)
    page.wait_for_timeout(700)
    page.keyboard.type(" today")
    assert page.input_value("[name=override_reason]") == "the customer agreed today"
    page.focus("[name=insight]")
    page.wait_for_timeout(900)
    assert page.input_value("[name=override_reason]") == "the customer agreed today"


def test_cloudflare_is_asked_by_a_button(ana):
    page = ana.open("/events/new/")
    fill(page)
    page.click("text=Look at Cloudflare")
    there = page.locator("[data-there]")
    expect(there).to_contain_text("At Cloudflare")
    assert ana.violations() == []
    page.fill("[name=indicators-0-value]", "other.example")
    expect(there).to_be_empty()


def test_the_preview_shows_defanged_and_copies_exactly(ana):
    ana.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page = ana.open("/events/new/")
    fill(page, 'Seen at http://bad.example/a, it said "it\'s 100 %"')
    shown = page.locator("pre.json")
    expect(shown).to_contain_text("bad.example")
    as_seen = page.evaluate(
        """() => [...document.querySelectorAll('pre.json i')].map(each =>
        getComputedStyle(each, '::before').content + getComputedStyle(each).fontSize)"""
    )
    assert {'"[.]"0px', '"xx"0px', '"[:]//"0px'} <= set(as_seen)
    page.click("text=Copy JSON")
    expect(page.locator("[data-copied]")).to_have_text("Copy JSON: done")
    copied = page.evaluate("navigator.clipboard.readText()")
    assert json.loads(copied)["indicator"] == "domain.com"
    size = int(re.search(r"(\d+) bytes", page.text_content("[data-preview]"))[1])
    assert len(copied.encode()) == size
    page.click("summary >> text=curl")
    page.click("text=Copy curl")
    expect(page.locator("[data-copied]")).to_have_text("Copy curl: done")
    command = page.evaluate("navigator.clipboard.readText()")
    assert "$CLOUDFLARE_API_TOKEN" in command
    assert "it'\"'\"'s 100 %" in command
    with page.expect_download() as download:
        page.click("button[value=download]")
    assert download.value.path().read_text() == copied
    assert ana.violations() == []
    assert ana.said == []


def test_the_preview_is_downloaded_without_scripts(somebody):
    person = somebody(java_script_enabled=False)
    person.sign_in("analyst")
    page = person.open("/events/new/")
    fill(page)
    page.click("button[value=preview]")
    with page.expect_download() as download:
        page.click("button[value=download]")
    assert json.loads(download.value.path().read_text())["tlp"] == "amber"
    assert page.locator(".checks-summary").count() == 1


def visible(page, selector):
    """Whether the whole element is in the window as it is."""
    return page.evaluate(
        """selector => { const box = document.querySelector(selector).getBoundingClientRect();
        return box.width > 0 && box.top >= 0 && box.bottom <= innerHeight; }""",
        selector,
    )


def test_send_is_in_sight_for_a_typical_event(ana):
    page = ana.open("/events/new/")
    fill(page)
    page.fill("[name=indicator_text]", "8.8.8.8 evil.example")
    page.click("[value=parse]")
    expect(page.locator("[data-rows] .row")).to_have_count(3)
    expect(page.locator("pre.json")).to_contain_text("evil.example")
    page.evaluate("scrollTo(0, 0)")
    assert visible(page, SEND)


@pytest.mark.parametrize("width", [320, 360, 768, 1024])
def test_nothing_is_cut_off_in_a_narrow_window(ana, width):
    page = ana.open("/events/new/")
    page.set_viewport_size({"width": width, "height": 740})
    fill(page)
    expect(page.locator("pre.json")).to_be_visible()
    wide = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    assert page.evaluate(wide) == 0
    page.click("[name=target_country]")
    assert page.evaluate(wide) == 0
    page.keyboard.press("Escape")
    assert ana.violations() == []


@pytest.mark.parametrize(("theme", "scheme"), [("dark", "light"), ("light", "dark")])
def test_a_chosen_theme_wins_over_the_systems(somebody, theme, scheme):
    person = somebody(color_scheme=scheme)
    person.sign_in("analyst")
    page = person.open("/events/new/")
    page.evaluate("theme => { document.documentElement.dataset.theme = theme; }", theme)
    fill(page)
    expect(page.locator("pre.json")).to_be_visible()
    colour = "getComputedStyle(document.body).backgroundColor"
    assert (
        page.evaluate(colour) == {"dark": "rgb(13, 18, 24)", "light": "rgb(244, 246, 248)"}[theme]
    )
    page.click("[name=category]")
    assert person.violations() == []


def test_on_paper(ana):
    page = ana.open("/events/new/")
    fill(page)
    expect(page.locator("pre.json")).to_be_visible()
    page.emulate_media(media="print")
    assert not page.is_visible(SEND)
    assert not page.is_visible("nav")
    assert page.is_visible("pre.json")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_signing_in_again_has_nothing_for_axe(somebody, scheme):
    person = somebody(color_scheme=scheme)
    person.sign_in("analyst")
    page = person.open("/events/new/")
    page.fill("[name=event]", "x")
    page.evaluate("document.querySelector('[data-sign-in]').showModal()")
    assert person.violations() == []
