"""Searching: what an API that filters, pages or stores in its own way does to a search."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
from django.db import connection

from events.cloudflare import Unknown
from events.models import Heartbeat, State
from events.outbox import search as searching
from tests.outbox.support import (
    actions,
    carry_out,
    filters,
    pass_time,
    payload,
    reasons,
    send,
    state,
    unknown,
    work,
    wrapped_list,
)


def test_a_filter_that_is_ignored_does_not_hide_the_event(ana, sandbox, known, monkeypatch):
    monkeypatch.setattr(searching, "PAGE_SIZE", 7)
    submission = unknown(ana, sandbox, "drop-after")
    for number in range(30):
        carry_out(sandbox, payload(f"Noise {number}", f"{number}.example").to_bytes())
    sandbox.behave("list", "ignore-filters")
    pass_time(seconds=200)
    work()
    assert state(submission) == State.CREATED


def test_a_filter_that_is_ignored_does_not_pass_off_others_as_the_event(ana, sandbox, known):
    submission = unknown(ana, sandbox)
    carry_out(sandbox, payload().to_bytes())
    sandbox.behave("list", "ignore-filters")
    pass_time(seconds=200)
    work()
    submission.refresh_from_db()
    assert (submission.state, submission.negatives) == (State.UNKNOWN, 0)
    assert "did not keep to the filter" in reasons(submission)[-1]


def test_shorter_pages_than_asked_for_are_not_taken_for_the_end(ana, sandbox, known, monkeypatch):
    submission = unknown(ana, sandbox, "drop-after")
    for number in range(60):
        noise = payload(f"Noise {number}", date=payload().date.replace(year=2024))
        carry_out(sandbox, noise.to_bytes())

    def short(original, client, query):
        page = original(client, **query | {"page_size": 25, "cursor": None})
        return replace(page, cursor=None)

    wrapped_list(monkeypatch, short)
    pass_time(seconds=200)
    work()
    assert state(submission) == State.CREATED


def test_a_list_that_repeats_its_first_page_proves_nothing(ana, sandbox, known, monkeypatch):
    submission = unknown(ana, sandbox)
    for number in range(30):
        carry_out(sandbox, payload(f"Noise {number}").to_bytes())

    def stuck(original, client, query):
        return replace(
            original(client, **query | {"page": 1, "cursor": None, "page_size": 25}), cursor=None
        )

    wrapped_list(monkeypatch, stuck)
    pass_time(seconds=200)
    work()
    submission.refresh_from_db()
    assert (submission.state, submission.negatives) == (State.UNKNOWN, 0)
    assert "could be compared" in reasons(submission)[-1]


def test_a_stale_list_proves_nothing_because_the_control_lookup_fails(ana, sandbox, known):
    submission = unknown(ana, sandbox, "drop-after")
    sandbox.behave("list", "stale-list", seconds=60)
    pass_time(seconds=200)
    work()
    submission.refresh_from_db()
    assert (submission.state, submission.negatives) == (State.UNKNOWN, 0)
    assert "known to be there" in reasons(submission)[-1]
    sandbox.well()
    pass_time(minutes=6)
    work()
    assert state(submission) == State.CREATED


def test_without_any_known_event_nothing_is_believed_to_be_absent(ana, sandbox):
    submission = unknown(ana, sandbox)
    for _ in range(6):
        pass_time(hours=1)
        work()
    submission.refresh_from_db()
    assert (submission.state, submission.negatives) == (State.UNKNOWN, 0)


def test_the_control_looks_for_a_known_event_that_has_what_is_filtered_by(ana, sandbox, known):
    pass_time(minutes=1)
    send(ana, event=payload("The newest one has no indicator", ""))
    submission = unknown(ana, sandbox)
    pass_time(seconds=200)
    work()
    submission.refresh_from_db()
    assert submission.negatives == 1


def test_an_event_that_is_found_by_neither_its_indicator_nor_its_text_is_found_by_its_date(
    ana, sandbox, known, monkeypatch
):
    """The API stores another text than was sent, and finds events by what it stored."""
    submission = unknown(ana, sandbox, "drop-after", event=payload("Text", "MiXed.example"))

    def tidied(original, client, query):
        filters = query.get("filters") or ()
        if any(each.value != str(each.value).upper() for each in filters):
            query["filters"] = [replace(each, value="no such") for each in filters]
        return original(client, **query)

    wrapped_list(monkeypatch, tidied)
    pass_time(seconds=200)
    work()
    assert state(submission) == State.CREATED


def test_an_event_whose_text_was_tidied_up_is_still_ours(ana, sandbox, known, monkeypatch):
    submission = unknown(
        ana, sandbox, "drop-after", event=payload("Two  spaces, CAPITALS", "MiXed.example")
    )

    def tidied(original, client, query):
        page = original(client, **query)
        events = tuple(
            event
            | {"indicator": event["indicator"].lower(), "event": " ".join(event["event"].split())}
            for event in page.events
        )
        return replace(page, events=events)

    wrapped_list(monkeypatch, tidied)
    pass_time(seconds=200)
    work()
    assert state(submission) == State.CREATED


def test_every_look_asks_by_indicator_text_and_date(ana, sandbox, known):
    unknown(ana, sandbox, event=payload("The text", "the.example"))
    for seconds in (200, 430):
        pass_time(seconds=seconds)
        work()
    asked = [each["value"] for conditions in filters(sandbox) for each in conditions]
    assert {"the.example", "The text", "2022-04-01T00:00:00Z"} <= set(asked)


@pytest.mark.parametrize("shape", ["data-map", "data-text"])
def test_the_mark_is_read_however_the_api_gives_raw_data(ana, sandbox, known, shape):
    submission = unknown(ana, sandbox, "drop-after")
    sandbox.behave("raw", shape)
    pass_time(seconds=200)
    work()
    assert state(submission) == State.CREATED


@pytest.mark.parametrize("operation", ["list", "raw"])
def test_a_search_that_fails_proves_nothing_and_is_made_again(ana, sandbox, known, operation):
    submission = unknown(ana, sandbox, "drop-after")
    sandbox.behave(operation, "500-before")
    pass_time(seconds=200)
    work()
    sandbox.well()
    submission.refresh_from_db()
    assert (submission.state, submission.negatives) == (State.UNKNOWN, 0)
    assert actions(submission)[-1] == "looked_for"
    pass_time(minutes=6)
    work()
    assert state(submission) == State.CREATED


def test_the_same_text_of_another_submission_is_not_ours(ana, ben, sandbox, known):
    submission = unknown(ana, sandbox)
    assert send(ben).state == State.CREATED
    pass_time(seconds=200)
    work()
    submission.refresh_from_db()
    assert (submission.state, submission.negatives) == (State.UNKNOWN, 1)


@pytest.mark.django_db(transaction=True)
def test_the_api_may_fail_in_the_middle_of_a_control_lookup_while_others_write(
    ana, sandbox, known, monkeypatch
):
    """No query is left open meanwhile, beside which SQLite would refuse to write."""
    for number in range(4):
        send(ana, event=payload(f"Known {number}", f"known-{number}.example"))
    submission = unknown(ana, sandbox)

    def failing(original, client, query):
        if [each.value for each in query["filters"]] == ["known-3.example"]:
            with ThreadPoolExecutor() as pool:
                pool.submit(_beat).result()
            raise Unknown("the answer broke off")
        return original(client, **query)

    wrapped_list(monkeypatch, failing)
    pass_time(seconds=200)
    assert [each.pk for each in work()] == [submission.pk]
    assert reasons(submission)[-1].count("the answer broke off") == 1


def _beat():
    try:
        Heartbeat.beat("another worker")
    finally:
        connection.close()
