"""The main job in a real browser: by mouse, by keyboard, without scripts, with the API unwell."""

import re

import pytest

pytestmark = pytest.mark.browser

TEXT = "An attacker registered the domain domain.com"


def fill(page, text=TEXT, tlp="amber"):
    page.select_option("[name=category]", "Domain Resolution")
    page.fill("[name=date]", "2022-04-01T00:00:00Z")
    page.fill("[name=event]", text)
    page.fill("[name=attacker]", "Flying Yeti")
    page.select_option("[name=attacker_country]", "CN")
    page.select_option("[name=target_country]", "US")
    page.select_option("[name=target_industry]", "Agriculture")
    page.select_option("[name=indicators-0-indicator_type]", "domain")
    page.fill("[name=indicators-0-value]", "domain.com")
    page.check(f'input[name=tlp][value="{tlp}"]', force=True)


def send(page):
    page.click("button[value=send]")
    page.wait_for_selector("main[data-state]:not([data-state=sending])", timeout=15_000)


def state(page):
    return page.get_attribute("main", "data-state")


def pk(page):
    return re.search(r"/events/([0-9a-f-]{36})/", page.url)[1]


def test_by_mouse(ana, desk):
    page = ana.open("/")
    page.click("text=New event >> nth=0")
    fill(page)
    send(page)
    assert state(page) == "created"
    (held,) = desk.sandbox.ledger.events(pk(page))
    assert held.uuid in page.text_content("main")
    page.reload()
    assert state(page) == "created"
    assert len(desk.sandbox.ledger.events(pk(page))) == 1
    assert ana.said == []


def test_without_scripts(somebody, desk):
    person = somebody(java_script_enabled=False)
    page = person.sign_in("analyst")
    page.goto(f"{desk.url}/events/new/")
    fill(page)
    page.click("button[value=add_row]")
    page.fill("[name=indicators-1-value]", "192.0.2.1")
    page.select_option("[name=indicators-1-indicator_type]", "ip")
    page.click("button[value=preview]")
    assert '"indicators"' in page.text_content("main")
    page.click("button[value=send]")
    assert state(page) == "created"
    (held,) = desk.sandbox.ledger.events(pk(page))
    assert held.uuid in page.text_content("main")


def test_by_keyboard(ana, desk):
    page = ana.open("/")
    page.keyboard.press("n")
    page.wait_for_url("**/events/new/")
    page.focus("[name=category]")
    page.keyboard.type("Domain Res")
    page.keyboard.press("Tab")
    page.keyboard.type("2022-04-01T00:00:00Z")
    page.keyboard.press("Tab")
    page.keyboard.type(TEXT)
    page.focus("[name=tlp] >> nth=0")
    page.keyboard.press("Space")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Control+Enter")
    page.wait_for_selector("main[data-state=created]", timeout=15_000)
    assert ana.said == []


def test_refused_comes_back_to_the_form(ana, desk):
    desk.sandbox.behave("create", "400", times=1)
    page = ana.open("/events/new/")
    fill(page)
    send(page)
    assert state(page) == "rejected"
    assert page.input_value("[name=event]") == TEXT
    assert page.input_value("[name=indicators-0-value]") == "domain.com"
    send(page)
    assert state(page) == "created"


def test_an_api_that_hangs_is_unknown_and_never_sent_twice(ana, desk):
    desk.sandbox.behave("create", "hang-after", times=1)
    page = ana.open("/events/new/")
    fill(page)
    send(page)
    assert state(page) == "unknown"
    assert "Do not type it again" in page.text_content("main")
    page.go_back()
    page.reload()
    assert len(desk.sandbox.ledger.events()) >= 1


def test_an_api_that_is_down_means_waiting(ana, desk):
    desk.sandbox.behave("create", "429", times=1, seconds=1)
    page = ana.open("/events/new/")
    fill(page)
    send(page)
    assert state(page) == "ready"
    assert "delivery worker is not running" in page.text_content("main")


def test_errors_are_linked_and_nothing_is_lost(ana):
    page = ana.open("/events/new/")
    page.fill("[name=event]", TEXT)
    page.fill("[name=date]", "yesterday-ish")
    page.fill("[name=raw_data]", '{"a": NaN}')
    page.click("button[value=send]")
    page.wait_for_selector("[aria-invalid=true]")
    assert page.input_value("[name=event]") == TEXT
    assert page.input_value("[name=date]") == "yesterday-ish"
    assert page.input_value("[name=raw_data]") == '{"a": NaN}'
    link = page.locator("main .notice a, main [role=alert] a").first
    target = link.get_attribute("href")
    assert page.locator(target).count() == 1


def test_the_auditor_finds_payload_and_answer(ana, somebody, desk):
    page = ana.open("/events/new/")
    fill(page, "FOUND-BY-THE-AUDITOR")
    send(page)
    (held,) = desk.sandbox.ledger.events(pk(page))
    auditor = somebody()
    log = auditor.sign_in("auditor")
    log.goto(f"{desk.url}/admin/events/auditentry/?q={pk(page)}")
    log.click("main table tbody tr:has-text('reated') a >> nth=0")
    shown = log.text_content("main")
    assert held.uuid in shown
    assert "FOUND-BY-THE-AUDITOR" in shown
    assert auditor.said == []
