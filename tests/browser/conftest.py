"""A real Chromium in front of a real desk: one of each per test process."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from tests.desk import PASSWORD, Desk
from tests.run import BROWSERS

AXE = Path(__file__).parents[1] / "vendor" / "axe.min.js"


@pytest.fixture(scope="session")
def desk() -> Iterator[Desk]:
    """A served desk beside its sandbox."""
    with Desk() as desk:
        yield desk


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Debian's Chromium, or whichever is installed. CI fails without one, a laptop skips aloud."""
    path = next(filter(None, map(shutil.which, BROWSERS)), None)
    if path is None:
        if os.environ.get("CI"):
            pytest.fail("no browser: install chromium")
        pytest.skip("NO BROWSER: install chromium to run these tests")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=path,
            args=["--no-sandbox", "--disable-gpu", "--disable-background-networking"],
        )
        yield browser
        browser.close()


@pytest.fixture(autouse=True)
def _well(desk: Desk) -> Iterator[None]:
    """The API behaves again after each test, and the desk asks it again."""
    yield
    desk.sandbox.well()
    desk.open_gate()


class Person:
    """Somebody at a browser; `said` is what the console said, which has to stay empty."""

    def __init__(self, browser: Browser, desk: Desk, **options: object) -> None:
        self.context = browser.new_context(viewport={"width": 1366, "height": 768}, **options)
        self.page: Page = self.context.new_page()
        self.desk = desk
        self.said: list[str] = []
        self._listening = True
        self.page.on("console", lambda m: self._hear(m.type, m.text))
        self.page.on("pageerror", lambda error: self._hear("error", str(error)))

    def _hear(self, kind: str, text: str) -> None:
        if self._listening and kind in {"error", "warning"}:
            self.said.append(text)

    def open(self, path: str) -> Page:
        """Go to a page of the desk."""
        self.page.goto(self.desk.url + path)
        return self.page

    def sign_in(self, name: str) -> Page:
        """Sign in as one of the demo accounts."""
        self.open("/accounts/login/")
        self.page.fill("#id_username", name)
        self.page.fill("#id_password", PASSWORD)
        self.page.click("main button")
        return self.page

    def violations(self) -> list[str]:
        """What axe finds wrong with the page as it is now.

        It runs in an isolated world, so that the page's own policy stays in force; what axe's own
        styles provoke in the console is not the page's doing.
        """
        self._listening = False
        session = self.context.new_cdp_session(self.page)
        frame = session.send("Page.getFrameTree")["frameTree"]["frame"]["id"]
        world = session.send("Page.createIsolatedWorld", {"frameId": frame})
        where = {"contextId": world["executionContextId"]}
        session.send("Runtime.evaluate", {"expression": AXE.read_text(), **where})
        found = session.send(
            "Runtime.evaluate",
            {
                "expression": "axe.run().then(r => r.violations.map(v => v.id + ': ' + "
                "v.nodes.map(n => n.target.join(' ') + ' ' + n.failureSummary).join(' | ')))",
                "awaitPromise": True,
                "returnByValue": True,
                **where,
            },
        )
        assert "value" in found["result"], found
        self.page.wait_for_timeout(50)
        self._listening = True
        return list(found["result"]["value"])


@pytest.fixture
def somebody(browser: Browser, desk: Desk) -> Iterator[object]:
    """Make people: `somebody(color_scheme="dark", java_script_enabled=False)`."""
    people: list[Person] = []

    def make(**options: object) -> Person:
        people.append(Person(browser, desk, **options))
        return people[-1]

    yield make
    for person in people:
        person.context.close()


@pytest.fixture
def ana(somebody: object) -> Person:
    """The demo analyst, signed in."""
    person = somebody()
    person.sign_in("analyst")
    return person
