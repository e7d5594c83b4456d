"""The pickers: typed at any speed, by every name, with every state that a screen reader needs."""

import pytest
from playwright.sync_api import expect

from tests.browser.test_main_job import fill

pytestmark = pytest.mark.browser
COUNTRY = "#id_attacker_country_picker"


def new(person):
    page = person.open("/events/new/")
    page.wait_for_selector(COUNTRY)
    return page


def shown(page):
    return page.locator("#id_attacker_country_options [role=option]").all_text_contents()


@pytest.mark.parametrize("delay", [0, 20, 60])
def test_germ_and_enter_is_germany_every_time(ana, delay):
    page = new(ana)
    runs = {0: 100, 20: 100, 60: 100}[delay]
    found = []
    for _ in range(runs):
        page.evaluate("document.querySelector('#id_attacker_country').value = ''")
        page.focus("[name=attacker_country]")
        page.keyboard.type("germ", delay=delay)
        page.keyboard.press("Enter")
        found.append(page.input_value("[name=attacker_country]"))
    assert found == ["DE"] * runs
    assert page.input_value(COUNTRY) == "Germany (DE)"


@pytest.mark.parametrize(
    ("typed", "code"),
    [
        ("uk", "GB"),
        ("GB", "GB"),
        ("gbr", "GB"),
        ("burma", "MM"),
        ("holland", "NL"),
        ("cote d", "CI"),
        ("turkiye", "TR"),
        ("Åland", "AX"),
        ("aland", "AX"),
        ("in", "IN"),
        ("niger", "NE"),
        ("korea", "KR"),
        ("guinea-b", "GW"),
        ("viet nam", "VN"),
        ("us", "US"),
        ("futuna", "WF"),
    ],
)
def test_a_country_by_any_of_its_names(ana, typed, code):
    page = new(ana)
    page.focus("[name=attacker_country]")
    page.keyboard.type(typed)
    page.keyboard.press("Tab")
    assert page.input_value("[name=attacker_country]") == code


def test_the_native_field_stays_the_field(ana):
    page = new(ana)
    fill(page)
    shown_as = {
        "category": "Domain Resolution",
        "attacker_country": "China (CN)",
        "target_country": "United States (US)",
        "target_industry": "Agriculture",
    }
    for name, text in shown_as.items():
        assert page.input_value(f"#id_{name}_picker") == text
    page.select_option("[name=category]", "")
    assert page.input_value("#id_category_picker") == ""
    page.click("[name=category]")
    assert page.get_attribute("#id_category_picker", "aria-expanded") == "true"
    page.keyboard.press("Escape")
    page.fill("[name=tags]", "one, two")
    assert page.locator(".chip").all_text_contents() == ["one", "two"]
    assert page.locator(".options:visible").count() == 0
    assert ana.said == []


def test_a_category_shows_what_it_stands_for(ana):
    page = new(ana)
    page.focus("[name=category]")
    page.keyboard.type("T1590")
    row = page.locator("#id_category_options [aria-selected=true]")
    assert row.text_content() == "Domain Resolution kill chain 2 · T1583.001 · T1590.002"


def test_what_a_screen_reader_hears(ana):
    page = new(ana)
    box = page.get_by_role("combobox", name="From country")
    assert box.get_attribute("aria-expanded") == "false"
    box.focus()
    page.keyboard.type("ger")
    assert box.get_attribute("aria-expanded") == "true"
    active = box.get_attribute("aria-activedescendant")
    assert page.text_content(f"#{active}") == "Germany (DE) DEU · Deutschland"
    assert page.get_attribute(f"#{active}", "aria-selected") == "true"
    counted = page.locator("main > [role=status]")
    assert counted.text_content() == f"{len(shown(page))} to choose from"
    page.keyboard.press("ArrowDown")
    assert box.get_attribute("aria-activedescendant") != active
    page.keyboard.type("zzz")
    assert box.get_attribute("aria-expanded") == "false"
    assert counted.text_content() == "Nothing matches gerzzz"
    page.keyboard.press("Escape")
    assert box.input_value() == ""
    assert box.evaluate("element => element === document.activeElement")


def test_a_choice_is_made_with_the_mouse_and_taken_back(ana):
    page = new(ana)
    page.click("[name=target_country]")
    page.click("#id_target_country_options >> text=Albania")
    assert page.input_value("[name=target_country]") == "AL"
    expect(page.locator("[data-saved]")).to_contain_text("draft saved")
    page.keyboard.press("Control+a")
    page.keyboard.press("Delete")
    page.keyboard.press("Tab")
    assert page.input_value("[name=target_country]") == ""


def test_a_half_typed_name_changes_nothing_on_leaving(ana):
    page = new(ana)
    page.select_option("[name=target_country]", "FR")
    page.focus("[name=target_country]")
    page.keyboard.type("germ")
    page.click("h1")
    assert page.input_value("[name=target_country]") == "FR"
    assert page.input_value("#id_target_country_picker") == "France (FR)"


def test_tags_are_several_and_free(ana):
    page = new(ana)
    page.focus("[name=tags]")
    page.keyboard.type("my own, phis")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    assert page.input_value("[name=tags]").startswith("my own, phishing")
    page.keyboard.press("Tab")
    page.get_by_role("button", name="Remove tag my own").click()
    assert "my own" not in page.input_value("[name=tags]")
    assert page.evaluate("document.activeElement.name") == "tags"


def test_an_attacker_is_suggested_and_free(ana):
    page = new(ana)
    page.focus("[name=attacker]")
    page.keyboard.type("nobody knows them")
    page.keyboard.press("Tab")
    assert page.input_value("[name=attacker]") == "nobody knows them"
    page.fill("[name=attacker]", "")
    page.focus("[name=attacker]")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    assert page.input_value("[name=attacker]") not in {"", "nobody knows them"}
    assert page.url.endswith("/events/new/") or "/edit/" in page.url


def test_a_fault_leads_to_the_picker(ana):
    page = new(ana)
    page.click("button[value=send]")
    page.wait_for_selector("[aria-invalid=true]")
    page.click("#problems a[href='#id_category']")
    assert page.evaluate("document.activeElement.id") == "id_category_picker"
    assert page.get_attribute("#id_category_picker", "aria-invalid") == "true"


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_an_open_picker_has_nothing_for_axe(somebody, scheme):
    person = somebody(color_scheme=scheme)
    person.sign_in("analyst")
    page = new(person)
    found = {}
    for name in ("category", "attacker_country", "dataset_id"):
        page.click(f"[name={name}]")
        found[name] = person.violations()
        page.keyboard.press("Escape")
    page.fill("[name=tags]", "one, two")
    page.focus("[name=tags]")
    page.keyboard.press("ArrowDown")
    found["tags"] = person.violations()
    assert {name: faults for name, faults in found.items() if faults} == {}


def test_on_a_telephone_a_tap_opens_the_list(somebody):
    person = somebody(has_touch=True)
    person.sign_in("analyst")
    page = new(person)
    page.tap("[name=attacker_country]")
    assert page.get_attribute(COUNTRY, "aria-expanded") == "true"
    page.tap("#id_attacker_country_options >> text=Albania")
    assert page.input_value("[name=attacker_country]") == "AL"


def test_what_was_chosen_last_comes_first(somebody):
    person = somebody()
    person.sign_in("reviewer")
    page = new(person)
    fill(page)
    page.select_option("[name=target_country]", "NZ")
    page.click("button[value=save]")
    page.wait_for_selector("[data-state=draft]")
    page = new(person)
    with page.expect_response(lambda answer: "x-part" in answer.request.headers):
        page.focus("[name=target_country]")
    page.keyboard.press("ArrowDown")
    rows = page.locator("#id_target_country_options [role=option]")
    assert rows.nth(1).text_content() == "New Zealand (NZ) NZL"
    assert rows.filter(has_text="Afghanistan (AF) AFG").count() == 1
    page.keyboard.type("new")
    assert rows.nth(0).text_content() == "New Zealand (NZ) NZL"


@pytest.mark.parametrize("is_long", [False, True])
def test_an_attacker_by_another_name(ana, is_long):
    page = new(ana)
    listed = [["Local Gang", ""], ["Turla", "Secret Blizzard · Venomous Bear"]]
    if is_long:
        # As the page of a desk with a long catalogue: the list comes when the form is touched.
        page.route(
            "**/events/new/",
            lambda route: (
                route.fulfill(json={"options": listed})
                if route.request.headers.get("x-part") == "attackers"
                else route.continue_()
            ),
        )
        page.evaluate("document.querySelector('#attackers').dataset.more = 'attackers'")
        page.evaluate("document.querySelector('#attackers').replaceChildren()")
    page.focus("[name=event]")
    page.wait_for_selector("#attackers option[value=Turla]", state="attached")
    page.focus("[name=attacker]")
    page.keyboard.type("venomous b")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    assert page.input_value("[name=attacker]") == "Turla"
