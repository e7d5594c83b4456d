"""The mark alone decides whether an event is ours, whatever the API did to the rest of it."""

import pytest

from events.cloudflare import RawData
from events.models import State
from events.outbox.search import marks
from events.outbox.traits import is_covered
from tests.outbox.support import (
    carry_out,
    filters,
    held,
    pass_time,
    payload,
    reasons,
    send,
    state,
    unknown,
    work,
)

TEXT = "  Phishing & C2 <b>“Bé”</b>:  an ﬁne attacker's Page, " + "told at length " * 8
STORED = ("text-escaped", "text-trimmed", "text-cut", "text-upper", "text-lower", "text-nfd")
OURS = "7c1d7f0e-3a52-4c0b-9d6e-5f3b0a1c2d4e"
OTHERS = "00000000-3a52-4c0b-9d6e-5f3b0a1c2d4e"


def looked_for(seconds=(200, 430, 1210)):
    for each in seconds:
        pass_time(seconds=each)
        work()


@pytest.mark.parametrize("stored", STORED)
@pytest.mark.parametrize("value", ["", "MiXed.Example"])
def test_an_event_that_was_stored_in_another_form_is_found(ana, sandbox, known, stored, value):
    """B01: with and without an indicator, of which the case may change as well."""
    sandbox.behave("create", stored)
    submission = unknown(ana, sandbox, "drop-after", payload(TEXT, value))
    looked_for()
    submission.refresh_from_db()
    assert submission.state == State.CREATED
    assert [submission.event_uuid] == held(sandbox, submission)


@pytest.mark.parametrize("stored", STORED)
def test_the_sweep_sees_a_second_event_in_another_form(ana, sandbox, stored):
    sandbox.behave("create", stored)
    created = send(ana, event=payload(TEXT, "MiXed.Example"))
    second = carry_out(sandbox, bytes(created.body))
    pass_time(minutes=11)
    work()
    created.refresh_from_db()
    assert created.state == State.DUPLICATED
    assert created.found_uuids == sorted([created.event_uuid, second])


@pytest.mark.parametrize("given", ["raw-reordered", "raw-retyped", "data-text"])
def test_the_mark_is_read_in_any_order_and_type(ana, sandbox, known, given):
    submission = unknown(ana, sandbox, "drop-after")
    sandbox.behave("raw", given)
    looked_for()
    assert state(submission) == State.CREATED


def test_raw_data_that_is_not_given_back_proves_nothing(ana, sandbox, known):
    submission = unknown(ana, sandbox, "drop-after")
    sandbox.behave("raw", "raw-null")
    looked_for()
    submission.refresh_from_db()
    assert (submission.state, submission.negatives) == (State.UNKNOWN, 0)


@pytest.mark.parametrize("lie", ["incomplete", "ignore-filters", "stale-list"])
def test_a_list_that_is_not_whole_is_no_negative(ana, sandbox, known, lie):
    submission = unknown(ana, sandbox)
    sandbox.behave("list", lie)
    looked_for()
    submission.refresh_from_db()
    assert (submission.state, submission.negatives) == (State.UNKNOWN, 0)
    assert '"outcome":"unknown"' in reasons(submission)[-1]


def test_an_incomplete_list_does_not_keep_a_match_from_being_seen(ana, sandbox, known):
    submission = unknown(ana, sandbox, "drop-after")
    send(ana, event=payload("Newer", "newer.example"))
    sandbox.behave("list", "incomplete")
    looked_for()
    assert state(submission) in {State.CREATED, State.UNKNOWN}
    sandbox.well()
    looked_for((3600, 3600))
    assert state(submission) == State.CREATED


def test_a_cached_list_is_asked_past_its_cache(ana, sandbox, known):
    submission = unknown(ana, sandbox, "drop-after")
    sandbox.behave("list", "cached-list", seconds=3_600)
    looked_for((200,))
    assert state(submission) == State.CREATED


def test_a_list_in_any_order_is_read_to_its_end(ana, sandbox, known):
    sandbox.behave("list", "list-reordered")
    submission = unknown(ana, sandbox, "drop-after")
    looked_for((200,))
    assert state(submission) == State.CREATED


def test_the_control_goes_the_way_of_the_search(ana, sandbox, known):
    """A negative by text is worth nothing if no known text is as hard to keep as this one."""
    submission = unknown(ana, sandbox, event=payload("Ampersand & more", ""))
    looked_for((200,))
    submission.refresh_from_db()
    assert submission.negatives == 1
    asked = [each for conditions in filters(sandbox) for each in conditions]
    controls = [each["value"] for each in asked if each["field"] == "event"]
    assert set(controls) == {"Ampersand & more"}, "a text without & was taken for a control"
    assert sum(each["field"] == "date" for each in asked) > 1


@pytest.mark.parametrize(
    ("wanted", "known", "covers"),
    [
        ("evil.example", "known.example", True),
        ("Evil.example", "known.example", False),
        ("a & b", "known.example", False),
        ("a & b", "x & y & z", True),
        ("a & b", "x &amp; y &amp; z", False),
        ("é", "plain and long", False),
        ("é", "naïve", True),
        ("e\u0301", "naïve", False),
        ("two  blanks", "only single blanks here", False),
        ("a text of some length", "short", False),
        ("C:\\temp", "C:/temporary", False),
    ],
)
def test_a_known_text_covers_what_is_no_harder_to_keep(wanted, known, covers):
    assert is_covered(wanted, known) is covers


@pytest.mark.parametrize(
    ("raw", "verdict"),
    [
        (RawData({"event_desk": {"submission": OURS, "attempt": 1}}), True),
        (RawData({"Event_Desk": {"submission": OURS.upper()}}), True),
        (RawData({"event_desk": f'{{"submission": "{OURS}"}}'}), True),
        (RawData({"data": {"event_desk": {"submission": OURS}}}), True),
        (RawData({"event_desk": {"submission": OTHERS}}), False),
        (RawData({"copied": OURS, "event_desk": {"submission": OTHERS}}), False),
        (RawData({"note": f"see {OURS}"}), False),
        (RawData({"event_desk": {"submission": OURS}, " Event_Desk": OTHERS}), None),
        (RawData({}), False),
        (RawData(None, f'{{"event_desk": {{"submission": "{OURS}'), True),
        (RawData(None, f'{{"event_desk": {{"submission": "{OTHERS}"}}}}'), False),
        (RawData(None, '{"note": "cut before the mark'), None),
        (RawData(None), None),
    ],
)
def test_whose_a_mark_is(raw, verdict):
    assert marks(raw, OURS) is verdict


def test_a_text_that_is_too_long_as_the_api_counts_is_looked_for_in_another_way(
    ana, sandbox, known
):
    """The API counts a sign beyond the basic plane twice: as a filter the text is refused."""
    submission = unknown(ana, sandbox, "drop-after", payload("🦊" * 300))
    looked_for()
    assert state(submission) == State.CREATED


def test_a_known_text_that_is_too_long_as_the_api_counts_is_no_control(ana, sandbox):
    """What others created may have such a text: it neither fails nor proves the search."""
    carry_out(sandbox, payload("🦊" * 300, "other.example").to_bytes())
    submission = unknown(ana, sandbox, "drop-before", payload("🦊", ""))
    looked_for()
    assert "longer than" not in "".join(reasons(submission))
