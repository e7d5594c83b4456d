"""TLP labels in the texts that the API uses for them, today's and former ones."""

import json

import pytest

from events import vetting
from events.models import Submission
from events.outbox.freeze import copies
from events.payload import EventCreate, Raw, Tlp, label_of_wire, wire_values
from events.vetting.findings import Entry, label_of
from tests.forms.support import EXAMPLE, NEW, Page, rows

from .support import codes, entry, form

WIRE = wire_values({})
MEANT = {
    Tlp.CLEAR: ["clear", "CLEAR", "white", "WHITE", "TLP:WHITE"],
    Tlp.GREEN: ["green", "GREEN"],
    Tlp.AMBER: ["amber", "AMBER", " Amber "],
    Tlp.AMBER_STRICT: ["amber-strict", "AMBER-STRICT", "amber+strict", "AMBER+STRICT"],
    Tlp.RED: ["red", "RED", "TLP:RED"],
}
TEXTS = [(text, label) for label, texts in MEANT.items() for text in texts]
NO_LABEL = ["purple", "PURPLE", "", " ", "amber strict?", "pink", "null"]


def payload(tlp: str) -> EventCreate:
    return EventCreate(
        category="Phishing", date="2026-01-01T00:00:00Z", event="x", raw=Raw(data={}), tlp=tlp
    )


def test_strict_is_sent_as_the_api_writes_it():
    assert WIRE == {
        Tlp.CLEAR: "clear",
        Tlp.GREEN: "green",
        Tlp.AMBER: "amber",
        Tlp.AMBER_STRICT: "amber-strict",
        Tlp.RED: "red",
    }


@pytest.mark.parametrize("overrides", [{"amber": "AMBER-strict"}, {"amber+strict": "Amber"}])
def test_two_labels_never_differ_by_case_alone(overrides):
    with pytest.raises(ValueError, match="same text"):
        wire_values(overrides)


@pytest.mark.parametrize(("text", "label"), TEXTS)
def test_a_text_means_its_label_whatever_its_case(text, label):
    assert label_of_wire(text, WIRE) is label
    assert label_of(text) is label


@pytest.mark.parametrize("text", NO_LABEL)
def test_a_text_of_no_label_counts_as_red(text):
    assert label_of_wire(text, WIRE) is None
    assert label_of(text) is Tlp.RED


def test_what_an_operator_set_comes_first():
    wire = wire_values({"amber+strict": "Restricted", "clear": "white"})
    assert label_of_wire("RESTRICTED", wire) is Tlp.AMBER_STRICT
    assert label_of_wire("amber+strict", wire) is Tlp.AMBER_STRICT
    assert label_of_wire("clear", wire) is Tlp.CLEAR


@pytest.mark.parametrize("text", ["amber+strict", "amber-strict", "AMBER-STRICT"])
def test_an_event_that_was_frozen_with_either_text_is_strict(text):
    assert copies(payload(text))["tlp"] == "amber+strict"
    assert Entry.of(payload(text)).tlp is Tlp.AMBER_STRICT


def test_an_event_with_a_text_that_nobody_knows_is_hidden_as_red_is():
    assert copies(payload("purple"))["tlp"] == "red"


@pytest.mark.parametrize("text", ["AMBER", "PURPLE", "purple", "white", "WHITE", "", None, 7])
def test_no_text_in_an_answer_breaks_a_page(as_ana, sandbox, text):
    token = Page(as_ana.get(NEW)).value("form_token")
    sent = EXAMPLE | rows(("domain", "a.example")) | {"action": "send", "form_token": token}
    as_ana.post(NEW, sent)
    submission = Submission.objects.get()
    answer = submission.answer_values | {"tlp": text}
    Submission.objects.update(answer=json.dumps(answer))
    for url in (f"/events/{token}/", "/events/", "/"):
        page = as_ana.get(url)
        assert page.status_code == 200
    assert submission.tlp == "amber"


def test_an_api_that_answers_in_capitals_changes_nothing(as_ana, sandbox):
    sandbox.behave("all", "tlp-upper")
    token = Page(as_ana.get(NEW)).value("form_token")
    sent = EXAMPLE | rows(("domain", "a.example")) | {"action": "send", "form_token": token}
    as_ana.post(NEW, sent | {"tlp": "amber+strict"})
    submission = Submission.objects.get()
    assert submission.answer_values["tlp"] == "AMBER-STRICT"
    assert (submission.state, submission.tlp) == ("created", "amber+strict")
    assert "TLP:AMBER+STRICT" in as_ana.get(f"/events/{token}/").content.decode()


def test_f6_the_stricter_label_decides_what_goes_into_a_public_dataset(lists):
    public = next(d for d in lists.datasets if d.is_public and d.writable)
    weak = entry(tlp=Tlp.GREEN, raw_tlp=Tlp.RED, dataset_id=public.uuid)
    assert "tlp.public" in codes(vetting.blocks(weak, references=lists))


def test_f6_values_copied_from_red_are_not_sent_out_to_be_looked_up(as_ana, sandbox):
    before = len(sandbox.requests)
    answer = as_ana.post(
        "/events/check/cloudflare/", form("evil-site.ru", tlp="green", was_red="1")
    )
    assert "Not looked up" in answer.content.decode()
    assert len(sandbox.requests) == before
