"""`make screenshots`: every page, light and dark, into docs/, for the README and for our eyes."""

import shutil
import sys
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

import tests.environment  # noqa: F401 (sets the environment of the desk)
from tests.desk import PASSWORD, Desk
from tests.run import BROWSERS

DOCS = Path(__file__).resolve().parents[2] / "docs"
WIDE = {"width": 1366, "height": 768}
PAGES = {
    "home": "/",
    "events": "/events/",
    "templates": "/templates/",
    "preferences": "/accounts/preferences/",
    "password": "/accounts/password/",
    "not-found": "/nowhere/",
}
ADMIN_PAGES = {
    "admin": "/admin/",
    "admin-users": "/admin/auth/user/",
    "admin-known-values": "/admin/events/knownvalue/",
}
REPORT = (
    "The mail led to hxxps://login-verify[.]example/owa, served from 203.0.113[.]9 and "
    "10.0.0.1; dropper 44d88612fea8a8f36de82e1278abb02f."
)
NARROW = {"width": 360, "height": 740}


def main() -> int:
    """Write the pictures; 1 if there is no browser."""
    path = next(filter(None, map(shutil.which, BROWSERS)), None)
    if path is None:
        print("no browser: install chromium")
        return 1
    DOCS.mkdir(exist_ok=True)
    with Desk() as desk, sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=path, args=["--no-sandbox", "--disable-gpu"]
        )
        for scheme in ("light", "dark"):
            _analyst(browser, desk, scheme)
            _auditor(browser, desk, scheme)
            _administrator(browser, desk, scheme)
        browser.close()
    print(f"{len(list(DOCS.glob('*.png')))} pictures in docs/")
    return 0


def _signed_in(browser: Browser, desk: Desk, scheme: str, name: str) -> Page:
    page = browser.new_context(viewport=WIDE, color_scheme=scheme).new_page()
    page.goto(f"{desk.url}/accounts/login/")
    if name == "analyst":
        _shot(page, "sign-in", scheme)
    page.fill("#id_username", name)
    page.fill("#id_password", PASSWORD)
    page.click("main button")
    return page


def _analyst(browser: Browser, desk: Desk, scheme: str) -> None:
    page = _signed_in(browser, desk, scheme, "analyst")
    if scheme == "light":
        _shot(page, "home-empty", scheme)
    _fill(page, desk, "An attacker registered the domain domain.com")
    page.wait_for_timeout(1_500)
    page.evaluate("scrollTo(0, 0)")
    _shot(page, "new-event", scheme)
    _send(page)
    _shot(page, "created", scheme, whole=True)
    page.goto(f"{desk.url}/events/new/")
    page.click("button[value=send]")
    page.wait_for_selector("[aria-invalid=true]")
    _shot(page, "errors", scheme)
    for behaviour, name in (("400", "refused"), ("500-after", "unknown"), ("429", "waiting")):
        desk.sandbox.behave("create", behaviour, times=1, seconds=1)
        _fill(page, desk, f"The API was told to answer {behaviour}")
        _send(page)
        _shot(page, name, scheme, whole=True)
    page.wait_for_timeout(1_300)
    for name, path in PAGES.items():
        page.goto(desk.url + path)
        _shot(page, name, scheme)
    page.goto(f"{desk.url}/events/new/")
    page.fill("[name=indicator_text]", REPORT)
    page.click("button[value=parse]")
    page.check('input[name=tlp][value="amber+strict"]', force=True)
    page.wait_for_timeout(1_500)
    page.evaluate("scrollTo(0, 0)")
    _shot(page, "checks", scheme)
    page.click("button[value=save]")
    page.click("text=Discard")
    _shot(page, "discard", scheme)
    page.keyboard.press("?")
    _shot(page, "keys", scheme)
    page.set_viewport_size(NARROW)
    for name, path in (("home", "/"), ("events", "/events/"), ("new-event", "/events/new/")):
        page.goto(desk.url + path)
        _shot(page, f"{name}-360", scheme, whole=True)
    page.context.close()


def _auditor(browser: Browser, desk: Desk, scheme: str) -> None:
    page = _signed_in(browser, desk, scheme, "auditor")
    page.goto(f"{desk.url}/admin/events/auditentry/")
    _shot(page, "audit", scheme)
    page.click("main table tbody tr:has-text('reated') a >> nth=0")
    _shot(page, "audit-entry", scheme, whole=True)
    page.goto(f"{desk.url}/events/new/")
    _shot(page, "refused-page", scheme)
    page.context.close()


def _administrator(browser: Browser, desk: Desk, scheme: str) -> None:
    page = _signed_in(browser, desk, scheme, "admin")
    for name, path in ADMIN_PAGES.items():
        page.goto(desk.url + path)
        _shot(page, name, scheme)
    page.context.close()


def _fill(page: Page, desk: Desk, text: str) -> None:
    page.goto(f"{desk.url}/events/new/")
    page.select_option("[name=category]", "Domain Resolution")
    page.fill("[name=date]", "2022-04-01T00:00:00Z")
    page.fill("[name=event]", text)
    page.fill("[name=attacker]", "Flying Yeti")
    page.select_option("[name=attacker_country]", "CN")
    page.select_option("[name=target_country]", "US")
    page.select_option("[name=target_industry]", "Agriculture")
    page.select_option("[name=indicators-0-indicator_type]", "domain")
    page.fill("[name=indicators-0-value]", "domain.com")
    page.check("input[name=tlp][value=amber]", force=True)


def _send(page: Page) -> None:
    page.click("button[value=send]")
    page.wait_for_selector("main[data-state]:not([data-state=sending])", timeout=15_000)


def _shot(page: Page, name: str, scheme: str, *, whole: bool = False) -> None:
    page.screenshot(path=DOCS / f"{name}-{scheme}.png", full_page=whole)


if __name__ == "__main__":
    sys.exit(main())
