"""The whole job without a mouse: keys, the order of the focus, and where it goes back to."""

import pytest
from playwright.sync_api import expect

from tests.browser.test_main_job import fill

pytestmark = pytest.mark.browser
PASTED = (
    "hxxps://login.evil[.]example/a, 203.0.113.9 | evil[.]example; bad@evil[.]example CVE-2024-3094"
)


def focused(page):
    return page.evaluate("(e => e.name || e.id || e.textContent.trim())(document.activeElement)")


def test_n_and_g_e_and_slash(ana):
    page = ana.open("/")
    page.keyboard.press("g")
    page.keyboard.press("e")
    page.wait_for_url("**/events/")
    page.keyboard.press("/")
    assert page.evaluate("document.activeElement.closest('.filters') !== null")
    page.keyboard.press("n")
    assert page.url.endswith("/events/")
    page.evaluate("document.activeElement.blur()")
    page.keyboard.press("n")
    page.wait_for_url("**/events/new/")
    page.keyboard.press("/")
    page.wait_for_url("**/events/")
    assert ana.said == []


def test_letters_in_fields_are_letters(ana):
    page = ana.open("/events/new/")
    page.focus("[name=event]")
    page.keyboard.type("g e n ? /")
    assert page.input_value("[name=event]") == "g e n ? /"
    page.focus("[name=category]")
    page.keyboard.type("?")
    assert page.locator("dialog[open]").count() == 0


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_list_of_keys_opens_and_gives_the_focus_back(somebody, scheme):
    person = somebody(color_scheme=scheme)
    person.sign_in("analyst")
    page = person.open("/events/new/")
    page.focus("button[value=save]")
    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="Keys")).to_be_visible()
    assert person.violations() == []
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)
    assert page.evaluate("document.activeElement.value") == "save"
    page.click("[data-show-keys]")
    page.keyboard.press("Enter")
    expect(page.get_by_role("dialog")).to_have_count(0)
    assert focused(page) == "Keys"


def test_the_order_of_the_focus_is_the_order_of_the_page(ana):
    page = ana.open("/events/new/")
    page.focus("[name=category]")
    passed = [focused(page)]
    for _ in range(21):
        page.keyboard.press("Tab")
        passed.append(focused(page))
    wanted = ["id_category_picker", "date", "event", "insight", "indicator_text"]
    wanted += ["indicators-0-indicator_type", "indicators-0-value", "attacker"]
    wanted += ["id_attacker_country_picker", "id_target_industry_picker"]
    wanted += ["id_target_country_picker", "raw_data", "raw_source", "raw_tlp"]
    wanted += ["source_id", "account_id", "source_title", "tlp"]
    assert [name for name in passed if name in wanted] == wanted
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("Shift+Tab")
    assert focused(page) != "body"


def test_rows_give_the_focus_on(ana):
    page = ana.open("/events/new/")
    page.click("[data-add-row]")
    assert focused(page) == "indicators-1-indicator_type"
    page.click(".row >> nth=0 >> .remove")
    assert page.evaluate("document.activeElement.value") == "remove_row-0"
    page.fill("[name=indicator_text]", "8.8.8.8 d41d8cd98f00b204e9800998ecf8427e")
    page.click("[value=parse]")
    page.wait_for_selector(".row .note")
    expect(page.locator("[data-row-count]")).to_have_text("2 rows, 1 to look at")
    assert focused(page) == "indicators-1-indicator_type"


def test_a_value_without_a_type_gets_the_one_it_looks_like(ana):
    page = ana.open("/events/new/")
    page.focus("[name=indicators-0-value]")
    page.keyboard.type("evil.example")
    page.keyboard.press("Tab")
    expect(page.locator("[name=indicators-0-indicator_type]")).to_have_value("domain")


def test_the_reference_example_in_under_25_keys(ana, desk):
    """Keys beyond the text itself: to get there, from field to field, to choose, to send."""
    ana.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page = ana.open("/")
    page.evaluate("text => navigator.clipboard.writeText(text)", PASTED)
    keys = []

    def press(*names):
        for name in names:
            keys.append(name)
            page.keyboard.press(name)

    press("n")
    page.wait_for_url("**/events/new/")
    page.wait_for_selector("#id_category_picker")
    press("Tab", "Enter", "Tab")
    texts = ("Domain Res", "2022-04-01T00:00:00Z", "An attacker registered the domain")
    for text in (*texts, ""):
        page.keyboard.type(text)
        press("Tab")
    press("Control+v")
    expect(page.locator("[data-rows] .row")).to_have_count(5)
    press("Tab")
    for text in ("Flying Yeti", "china", "agri", "us", *[""] * 6):
        page.keyboard.type(text)
        press("Tab")
    press("Space", "ArrowRight", "ArrowRight", "Control+Enter")
    page.wait_for_selector("main[data-state=created]", timeout=15_000)
    (held,) = desk.sandbox.ledger.events(page.url.split("/")[-2])
    sent = held.answer
    assert (sent["category"], sent["tlp"].lower()) == ("Domain Resolution", "amber")
    assert (sent["attackerCountry"], sent["targetCountry"]) == ("CN", "US")
    assert sent["targetIndustry"] == "Agriculture"
    print(f"\nreference example with five indicators: {len(keys)} keys beyond the text")
    assert len(keys) < 25
    assert ana.said == []


def test_ctrl_enter_sends_from_an_open_picker(ana):
    page = ana.open("/events/new/")
    fill(page)
    page.focus("[name=target_country]")
    page.keyboard.type("germ")
    page.keyboard.press("Control+Enter")
    page.wait_for_selector("main[data-state=created]", timeout=15_000)
    assert '"DE"' in page.text_content("main")
