"""With nothing listening where the API should be, an event is kept and goes later."""

import pytest

from tests.browser.conftest import Person
from tests.browser.test_main_job import fill, send, state
from tests.desk import Desk, free_port

pytestmark = [pytest.mark.browser, pytest.mark.slow]


def test_an_api_that_is_down(browser):
    nowhere = f"http://127.0.0.1:{free_port()}/client/v4"
    with Desk(CLOUDFLARE_API_BASE_URL=nowhere) as desk:
        person = Person(browser, desk)
        page = person.sign_in("analyst")
        page.goto(f"{desk.url}/events/new/")
        assert "built-in lists" in page.text_content("main")
        fill(page)
        send(page)
        assert state(page) == "ready"
        said = page.text_content("main")
        assert "Nothing has been created yet" in said
        # No worker runs here, so that nothing is promised.
        assert "The delivery worker is not running" in said
        assert "tried again at" not in said
        assert desk.sandbox.ledger.events() == []
        assert person.violations() == []
        person.context.close()
