"""Every page, light and dark: axe finds nothing, the console says nothing."""

import pytest

from tests.browser.test_main_job import fill, send

pytestmark = pytest.mark.browser

PAGES = {
    "analyst": [
        "/",
        "/events/",
        "/events/new/",
        "/accounts/",
        "/accounts/password/",
        "/accounts/sessions/",
        "/accounts/preferences/",
        "/templates/",
        "/nowhere/",
    ],
    "auditor": ["/admin/events/auditentry/", "/admin/", "/events/new/"],
    "admin": [
        "/admin/",
        "/admin/auth/user/",
        "/admin/auth/user/add/",
        "/admin/auth/group/",
    ],
}


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("name", PAGES)
def test_pages(somebody, name, scheme):
    person = somebody(color_scheme=scheme)
    person.open("/accounts/login/")
    found = {"/accounts/login/": person.violations()}
    person.sign_in(name)
    for page in PAGES[name]:
        person.open(page)
        found[page] = person.violations()
    assert {page: faults for page, faults in found.items() if faults} == {}
    expected = ("404", "403")
    assert [line for line in person.said if not any(code in line for code in expected)] == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_each_state_of_an_event(somebody, desk, scheme):
    person = somebody(color_scheme=scheme)
    page = person.sign_in("analyst")
    found = {}
    for behaviour in ("", "400", "429", "500-after"):
        if behaviour:
            desk.sandbox.behave("create", behaviour, times=1, seconds=1)
        page.goto(f"{desk.url}/events/new/")
        fill(page)
        send(page)
        found[behaviour] = person.violations()
        page.wait_for_timeout(1_300 if behaviour == "429" else 0)
    page.goto(f"{desk.url}/events/new/")
    page.click("button[value=send]")
    page.wait_for_selector("[aria-invalid=true]")
    found["errors"] = person.violations()
    page.goto(f"{desk.url}/")
    found["home"] = person.violations()
    assert {name: faults for name, faults in found.items() if faults} == {}
    assert person.said == []


def test_an_auditor_reads_an_entry(somebody):
    person = somebody()
    page = person.sign_in("auditor")
    page.goto(f"{person.desk.url}/admin/events/auditentry/")
    page.click("main table tbody a >> nth=0")
    assert person.violations() == []
    assert person.said == []
