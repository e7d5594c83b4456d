"""Tables on a phone: what one presses is in sight, and names are whole."""

import pytest

pytestmark = pytest.mark.browser
PHONE = {"width": 360, "height": 740}


def test_which_session_can_be_ended_is_in_sight(somebody):
    somebody().sign_in("auditor")
    person = somebody()
    page = person.sign_in("auditor")
    page.set_viewport_size(PHONE)
    person.open("/accounts/sessions/")
    ends = page.get_by_role("button", name="End the session of")
    for part in (ends.first, page.get_by_text("this one", exact=True)):
        box = part.bounding_box()
        assert box["x"] >= 0 and box["x"] + box["width"] <= PHONE["width"]
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    assert person.violations() == []


def test_names_in_the_log_are_not_broken(somebody):
    person = somebody()
    page = person.sign_in("auditor")
    page.set_viewport_size(PHONE)
    person.open("/admin/events/auditentry/")
    rows = page.locator("main tbody tr")
    heights = rows.evaluate_all("rows => rows.map(r => r.getBoundingClientRect().height)")
    assert max(heights) < 60
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
