"""Hostile input gets an error beside its field, keeps the text, and is never a 500."""

import time
from urllib.parse import urlencode

import pytest

from events.payload import INDICATORS_MAX
from tests.forms.support import EXAMPLE, NEW, Page, press, rows

LONE_SURROGATE = '{"a": "\\ud800"}'
TEXT_FIELDS = ("event", "insight", "attacker", "tags", "raw_source", "category", "target_industry")
HOSTILE = {
    "NUL": ("a\x00b", "the control character U+0000"),
    "bidi override": ("invoice\u202efdp.exe", "U+202E RIGHT-TO-LEFT OVERRIDE"),
    "bidi isolate": ("a\u2066b", "U+2066 LEFT-TO-RIGHT ISOLATE"),
    "escape": ("a\x1bb", "the control character U+001B"),
    "C1": ("a\x9bb", "the control character U+009B"),
}


@pytest.mark.parametrize("name", TEXT_FIELDS)
@pytest.mark.parametrize("case", HOSTILE)
def test_characters_that_deceive_or_cannot_be_stored(as_ana, name, case):
    text, words = HOSTILE[case]
    page = press(as_ana, "send", **{name: text})
    assert page.status == 200
    assert words in page.error(name)
    assert page.value(name) == text


@pytest.mark.parametrize("case", HOSTILE)
def test_the_same_in_an_indicator(as_ana, case):
    text, words = HOSTILE[case]
    page = press(as_ana, **rows(("domain", text), (text, "x.example")))
    assert words in page.error("indicators-0-value")
    assert words in page.error("indicators-1-indicator_type")
    assert page.rows == [("domain", text), (text, "x.example")]


ANY_TEXT = (
    "\x00",
    "\u202e",
    "9" * 5000,
    "NaN",
    "[" * 100_000,
    "'; --",
    "%s{0}",
    "\ufffe",
    "𝔘" * 99,
)


@pytest.mark.parametrize("name", [*EXAMPLE, "indicators-0-value", "indicators-TOTAL_FORMS"])
def test_any_text_in_any_field_is_answered(as_ana, name):
    for text in ANY_TEXT:
        posted = EXAMPLE | rows(("domain", "x")) | {"tlp": "", "action": "send"} | {name: text}
        assert as_ana.post(NEW, posted).status_code == 200
    assert as_ana.post(NEW, posted | {"action": "parse"}).status_code == 200


@pytest.mark.parametrize("name", [*TEXT_FIELDS, "date", "raw_data", "indicator_text"])
def test_a_draft_keeps_any_text(as_ana, name):
    text = "\x00\u202e lone \\ud800 \ufffd"
    saved = as_ana.post(NEW, EXAMPLE | rows(("", "")) | {name: text, "action": "save"})
    assert saved.status_code == 302
    assert Page(as_ana.get(saved["Location"])).value(name) == text


def test_bytes_that_are_not_utf_8_are_answered(as_ana):
    body = b"event=%ED%A0%80%FF%00&tlp=%80&action=send&indicators-0-value=%ED%A0%80"
    answer = as_ana.post(NEW, body, content_type="application/x-www-form-urlencoded")
    assert answer.status_code == 200


@pytest.mark.parametrize(
    "total", ["-1", "1000000000", "many", "", "1.0", "٣", "9" * 5000, "0", "2"]
)
def test_a_count_of_rows_that_is_not_true(as_ana, total):
    posted = rows(("domain", "a.example")) | {"indicators-TOTAL_FORMS": total}
    page = press(as_ana, "send", **posted)
    assert page.status == 200
    assert "1 indicator rows arrived, but the form" in page.id("id_indicators").text
    assert page.rows == [("domain", "a.example")]
    assert page.value("indicators-TOTAL_FORMS") == "1"


def test_a_form_without_a_count_of_rows(as_ana):
    page = Page(as_ana.post(NEW, EXAMPLE | {"action": "send"}))
    assert "did not say how many" in page.id("id_indicators").text


def test_rows_beyond_the_count_are_not_dropped(as_ana):
    posted = rows(("domain", "a.example"), ("domain", "b.example"), ("domain", "c.example"))
    page = press(as_ana, "send", **posted | {"indicators-TOTAL_FORMS": "1"})
    assert [value for _, value in page.rows] == ["a.example", "b.example", "c.example"]


def test_row_numbers_of_any_size(as_ana):
    for number in ("999999999999", "9" * 5000, "-1", "0x1"):
        body = urlencode(EXAMPLE | {f"indicators-{number}-value": "a.example"})
        answer = as_ana.post(NEW, body, content_type="application/x-www-form-urlencoded")
        assert answer.status_code == 200


def test_ten_thousand_rows_come_back_whole_and_quickly(as_ana):
    values = [f"host-{number}.example" for number in range(10_000)]
    posted = EXAMPLE | rows(*(("domain", value) for value in values)) | {"action": "send"}
    start = time.monotonic()
    page = Page(as_ana.post(NEW, posted))
    assert time.monotonic() - start < 20
    assert "10,000 indicators are more than one event holds" in page.summary[0]
    assert [value for _, value in page.rows] == values[:INDICATORS_MAX]
    rest = [line.split("\t")[1] for line in page.value("indicator_text").splitlines()]
    assert rest == values[INDICATORS_MAX:]


def test_as_many_rows_as_an_event_holds_are_fine(as_ana):
    posted = rows(*(("domain", f"host-{number}.example") for number in range(INDICATORS_MAX)))
    assert press(as_ana, **posted).summary == []


def test_a_body_that_is_too_large_is_refused_not_crashed_on(as_ana, settings):
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 100_000
    settings.DATA_UPLOAD_MAX_NUMBER_FIELDS = 100
    assert as_ana.post(NEW, {"event": "x" * 100_001}).status_code in {400, 413}
    assert as_ana.post(NEW, {f"f{n}": "" for n in range(101)}).status_code in {400, 413}


@pytest.mark.parametrize("action", ["remove_row-0", "remove_row-", "remove_row-x", "remove_row--1"])
def test_removing_rows_that_may_not_be_there(as_ana, action):
    assert press(as_ana, action).status == 200
    assert press(as_ana, "remove_row-99999999999999999999").rows == [("domain", "domain.com")]


@pytest.mark.parametrize("token", ["", "x", "00000000", "\x00"])
def test_a_form_without_its_token_sends_nothing_and_gets_a_new_one(as_ana, token):
    page = press(as_ana, "send", form_token=token)
    assert page.summary == [
        "This form came without its one-time token. Check it and press the button again."
    ]
    assert len(page.value("form_token")) == 36


def test_unknown_keys_change_nothing(as_ana):
    page = press(as_ana, owner="1", state="created", id="x", author="ben", uuid="x")
    assert page.summary == []


def test_an_unknown_button_sends_nothing(as_ana):
    for action in ("", "SEND", "delete", "send-now-"):
        assert press(as_ana, action).status == 200
