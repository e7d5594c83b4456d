"""Hostile texts in a real browser: the exact text is there, no dialog opens, nothing is loaded."""

import pytest

from tests.browser.test_main_job import fill, send
from tests.hostile.naughty import SHOWN

pytestmark = pytest.mark.browser

KINDS = ("closes", "attribute", "tags", "entities", "templates", "right to left", "emoji")


def test_hostile_texts_are_shown_to_the_letter_and_run_nowhere(ana):
    """All of them in one event, from the form to its page and the lists."""
    text = "\n".join(SHOWN[kind] for kind in KINDS)
    dialogs, asked = [], []
    ana.page.on("dialog", lambda dialog: (dialogs.append(dialog.message), dialog.dismiss()))
    ana.page.on("request", lambda request: asked.append(request.url))
    page = ana.open("/events/new/")
    fill(page)
    page.fill("[name=event]", text)
    page.fill("[name=insight]", text)
    assert page.input_value("[name=event]") == text
    send(page)
    page.wait_for_selector("main[data-state=created]")
    shown = page.evaluate("document.querySelector('main').textContent")
    for kind in KINDS:
        assert SHOWN[kind] in shown, kind
    for path in ("/", "/events/", "/events/new/?like=" + page.url.rstrip("/").split("/")[-1]):
        ana.open(path)
    page.wait_for_timeout(200)
    assert dialogs == [] and ana.said == []
    assert all(url.startswith((ana.desk.url, "data:")) for url in asked)
