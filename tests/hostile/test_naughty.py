"""Naughty strings in each field: kept, sent and shown to the letter, and run nowhere."""

import json

import pytest
from django.db import connection

from events.models import State, Submission
from tests.forms.support import EXAMPLE, NEW, Page, press, rows
from tests.hostile.naughty import SHOWN

FREE = ("event", "insight", "attacker", "raw_source")


def safe(page, text):
    """Nothing of `text` is markup: no element and no attribute came of it."""
    tags = {each.tag for each in page.all}
    names = {name for each in page.all for name in each.attrs}
    assert not tags & {"foo", "iframe", "img"}, text
    assert not {name for name in names if name.startswith("on")}, text
    assert not any(each.tag == "script" and "src" not in each.attrs for each in page.all), text
    for each in page.all:
        for name in ("href", "src", "action", "formaction"):
            aim = each.attrs.get(name, "").strip().lower()
            assert not aim.startswith(("javascript:", "data:text", "vbscript:", "//")), text


def _lines(text):
    return text.replace("\r\n", "\n")


@pytest.mark.parametrize("kind", SHOWN)
def test_the_form_and_its_preview_show_the_exact_text(as_ana, kind):
    text = SHOWN[kind]
    page = press(as_ana, **dict.fromkeys(FREE, text), tags=text.replace(",", ""))
    assert page.status == 200
    safe(page, text)
    for name in FREE:
        assert _lines(page.value(name)) == text, name
    found = page.tags("pre")
    if found:
        assert json.loads(found[0].text)["event"] == text.strip()


@pytest.mark.parametrize("kind", SHOWN)
def test_what_was_sent_is_on_every_page_to_the_letter(as_ana, as_rita, sandbox, kind):
    text = SHOWN[kind]
    fields = EXAMPLE | rows(("domain", "x.example")) | dict.fromkeys(FREE, text)
    as_ana.post(NEW, fields | {"attacker": "", "action": "send"})
    submission = Submission.objects.get()
    assert submission.state == State.CREATED
    shown = " ".join(text.split())
    for client, path in (
        (as_ana, f"/events/{submission.pk}/"),
        (as_ana, "/"),
        (as_rita, "/events/"),
    ):
        page = Page(client.get(path))
        assert page.status == 200
        safe(page, text)
        assert shown[:40] in " ".join("".join(page.texts).split()), path
    (held,) = sandbox.ledger.events()
    assert held.sent["event"] == text.strip()


@pytest.mark.parametrize("kind", ["script", "closes", "attribute", "entities", "templates"])
def test_a_search_and_a_refused_sign_in_show_it_and_run_nothing(as_ana, client, kind):
    text = SHOWN[kind]
    page = Page(as_ana.post("/events/", {"q": text}))
    assert page.value("q") == text
    safe(page, text)
    page = Page(client.post("/accounts/login/", {"username": text, "password": "x"}))
    safe(page, text)
    page = Page(as_ana.get("/nowhere", {"x": text}))
    safe(page, text)


@pytest.mark.skipif(connection.vendor != "sqlite", reason="the database has no part in it")
@pytest.mark.parametrize("kind", ["script", "closes", "attribute", "tags", "entities"])
def test_a_name_of_a_template_or_a_known_value_is_text(as_ana, as_adam, kind):
    text = SHOWN[kind]
    name = " ".join(text.split())[:100]
    page = press(as_ana, "save_template", template_name=name)
    safe(page, text)
    listed = Page(as_ana.get("/templates/"))
    safe(listed, text)
    assert name in " ".join("".join(listed.texts).split())
    fields = {"value": text, "match": "exact", "kind": "own", "level": "inform", "note": text}
    as_adam.post("/admin/events/knownvalue/add/", fields | {"active": "on"})
    assert "<script>alert" not in as_adam.get("/admin/events/knownvalue/").content.decode()
