"""Lists in a narrow window: everything of a row is seen without scrolling sideways."""

import pytest

from tests.browser.test_main_job import fill, send

pytestmark = pytest.mark.browser


@pytest.mark.parametrize("path", ["/events/", "/"])
def test_a_list_fits_360_pixels(ana, desk, path):
    page = ana.open("/events/new/")
    fill(page, "A rather long text of an event that goes on for more than a line or two")
    send(page)
    page.set_viewport_size({"width": 360, "height": 740})
    page.goto(desk.url + path)
    for selector in ("html", ".scroll"):
        assert page.eval_on_selector(selector, "each => each.scrollWidth <= each.clientWidth")
    assert page.locator("main td:visible").count() >= 5
    assert ana.violations() == []


def test_looking_at_cloudflare_keeps_the_focus_and_does_not_contradict_itself(ana):
    page = ana.open("/events/new/")
    fill(page)
    page.wait_for_selector("[data-checks] [data-summary]")
    button = page.locator("[data-look-there]")
    button.focus()
    page.keyboard.press("Enter")
    page.wait_for_selector("[data-there] .checks-summary")
    assert page.evaluate("document.activeElement.matches('[data-look-there]')")
    assert button.get_attribute("aria-disabled") is None
    assert not page.locator("[data-checks]:has-text('Nothing to look at')").is_visible()
