"""Looking for what is unknown: when, how, and what each finding means. Nothing is sent again."""

from dataclasses import replace

import pytest

from events.cloudflare import Client
from events.models import AuditEntry, State, Submission
from events.outbox import search as searching
from tests.outbox.support import (
    actions,
    carry_out,
    creates,
    held,
    looks,
    pass_time,
    payload,
    person,
    send,
    send_and_die,
    work,
)


@pytest.fixture
def known(ana, sandbox):
    """An event that is there for certain."""
    return send(ana, event=payload("Known", "known.example"))


def unknown(ana, sandbox, behaviour="drop-before", event=None):
    sandbox.behave("create", behaviour, times=1)
    submission = send(ana, event=event)
    assert submission.state == State.UNKNOWN
    return submission


def state(submission):
    return Submission.objects.get(pk=submission.pk).state


def reasons(submission):
    entries = AuditEntry.objects.filter(object_id=str(submission.pk)).order_by("seq")
    return [entry.body for entry in entries]


def test_an_expired_lease_is_unknown_and_says_that_sending_was_interrupted(ana, sandbox, fate):
    dead = send_and_die(ana, fate, "before")
    work()
    assert state(dead) == State.SENDING
    pass_time(seconds=40)
    work()

    dead.refresh_from_db()
    assert dead.state == State.UNKNOWN
    assert dead.lease_until is None
    assert dead.outcome_values["kind"] == "interrupted"
    assert "interrupted" in reasons(dead)[-1]
    assert creates(sandbox) == []


def test_nothing_is_looked_for_within_the_quiet_period(ana, sandbox, known):
    submission = unknown(ana, sandbox, "drop-after")
    for _ in range(17):
        pass_time(seconds=10)
        work()
    assert looks(sandbox) == 0
    pass_time(seconds=11)
    work()
    assert state(submission) == State.CREATED


@pytest.mark.parametrize(
    "times", [(150, (180, 600), 180), (150, (3600,), 3600), (900, (1, 2), 900)]
)
def test_the_first_look_waits_for_the_quiet_period_and_the_first_time_set(
    ana, sandbox, known, settings, times
):
    settings.RECONCILE_QUIET, settings.RECONCILE_AFTER, first = times
    unknown(ana, sandbox)
    pass_time(seconds=first - 10)
    work()
    assert looks(sandbox) == 0
    pass_time(seconds=11)
    work()
    assert looks(sandbox) > 0


def test_what_is_found_once_is_created_with_the_answer_of_the_api(ana, sandbox, known):
    submission = unknown(ana, sandbox, "500-after")
    pass_time(seconds=200)
    work()

    submission.refresh_from_db()
    assert submission.state == State.CREATED
    assert [submission.event_uuid] == held(sandbox, submission)
    assert submission.answer_values["uuid"] == submission.event_uuid
    assert submission.answer_values["killChain"] > 0
    assert actions(submission)[-2:] == ["unknown", "found"]
    assert len(creates(sandbox)) == 2


def test_what_is_found_twice_is_duplicated_with_both_uuids(ana, sandbox, known):
    submission = unknown(ana, sandbox, "drop-after")
    carry_out(sandbox, bytes(submission.body))
    pass_time(seconds=200)
    work()

    submission.refresh_from_db()
    assert submission.state == State.DUPLICATED
    assert submission.found_uuids == sorted(held(sandbox, submission))
    assert len(submission.found_uuids) == 2
    assert all(uuid in reasons(submission)[-1] for uuid in submission.found_uuids)


def test_three_negatives_at_3_10_and_30_minutes_make_it_absent(ana, sandbox, known):
    submission = unknown(ana, sandbox)
    for seconds, negatives in ((181, 1), (419, 1), (2, 2), (1190, 2)):
        pass_time(seconds=seconds)
        work()
        submission.refresh_from_db()
        assert (submission.state, submission.negatives) == (State.UNKNOWN, negatives)
    pass_time(seconds=20)
    work()

    assert state(submission) == State.ABSENT
    assert actions(submission)[-3:] == ["looked_for", "looked_for", "absent"]
    assert len(creates(sandbox)) == 2


def test_looks_are_not_made_up_for_in_a_row_after_the_worker_was_away(ana, sandbox, known):
    submission = unknown(ana, sandbox)
    pass_time(hours=5)
    for _ in range(5):
        work()
    submission.refresh_from_db()
    assert (submission.state, submission.negatives) == (State.UNKNOWN, 1)
    for seconds in (421, 1201):
        pass_time(seconds=seconds)
        work()
    assert state(submission) == State.ABSENT


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
    assert (submission.state, submission.negatives) == (State.UNKNOWN, 1)


def wrapped_list(monkeypatch, change):
    """The API's list, changed on its way."""
    original = Client.list_events

    def list_events(client, **query):
        return change(original, client, query)

    monkeypatch.setattr(Client, "list_events", list_events)


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


def test_an_api_that_tidies_texts_up_is_not_believed_by_the_control(
    ana, sandbox, known, monkeypatch
):
    """It stores another text than was sent, and finds events by what it stored."""
    submission = unknown(ana, sandbox, event=payload("Text", "MiXed.example"))

    def tidied(original, client, query):
        filters = query.get("filters") or ()
        if any(each.value != str(each.value).upper() for each in filters):
            query["filters"] = [replace(each, value="no such") for each in filters]
        return original(client, **query)

    wrapped_list(monkeypatch, tidied)
    pass_time(seconds=200)
    work()
    submission.refresh_from_db()
    assert (submission.state, submission.negatives) == (State.UNKNOWN, 0)


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


def test_each_look_in_vain_is_followed_by_another_question(ana, sandbox, known):
    unknown(ana, sandbox, event=payload("The text", "the.example"))
    for seconds in (200, 430):
        pass_time(seconds=seconds)
        work()
    asked = [r.query for r in sandbox.requests if r.path.endswith("/events")]
    assert any("the.example" in query for query in asked)
    assert any("The+text" in query for query in asked)


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
    sandbox.behave(operation, "500-before", times=1)
    pass_time(seconds=200)
    work()
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


def test_the_sweep_finds_a_second_event_and_shows_both(ana, sandbox):
    created = send(ana)
    second = carry_out(sandbox, bytes(created.body))
    pass_time(minutes=11)
    work()
    created.refresh_from_db()
    assert created.state == State.DUPLICATED
    assert created.found_uuids == sorted([created.event_uuid, second])


def test_the_sweep_tells_a_second_event_even_if_the_first_is_not_listed(ana, sandbox, monkeypatch):
    created = send(ana)
    second = carry_out(sandbox, bytes(created.body))

    def without_first(original, client, query):
        page = original(client, **query)
        rows = tuple(row for row in page.events if row["uuid"] != created.event_uuid)
        return replace(page, events=rows)

    wrapped_list(monkeypatch, without_first)
    pass_time(minutes=11)
    work()
    created.refresh_from_db()
    assert created.state == State.DUPLICATED
    assert created.found_uuids == sorted([created.event_uuid, second])


def test_the_sweep_logs_a_created_event_that_is_not_there(ana, sandbox, known, monkeypatch):
    created = send(ana, event=payload("Gone", "gone.example"))

    def without_gone(original, client, query):
        page = original(client, **query)
        return replace(page, events=tuple(row for row in page.events if row["event"] != "Gone"))

    wrapped_list(monkeypatch, without_gone)
    pass_time(minutes=11)
    work()
    assert state(created) == State.CREATED
    assert actions(created)[-1] == "looked_for"
    assert "was not found there" in reasons(created)[-1]


def test_a_late_event_of_something_absent_is_found_by_the_sweep(ana, sandbox, known):
    submission = unknown(ana, sandbox)
    for seconds in (200, 430, 1210):
        pass_time(seconds=seconds)
        work()
    assert state(submission) == State.ABSENT
    uuid = carry_out(sandbox, bytes(submission.body))
    pass_time(hours=7)
    work()
    submission.refresh_from_db()
    assert (submission.state, submission.event_uuid) == (State.CREATED, uuid)


def test_a_process_that_stood_still_after_its_claim_does_not_send(ana, sandbox, monkeypatch):
    from events import outbox, services

    deliver = outbox.deliver

    def slept(submission, **rest):
        pass_time(seconds=36)
        submission.refresh_from_db()
        return deliver(submission, **rest)

    monkeypatch.setattr(outbox, "deliver", slept)
    submission = send(ana)
    assert submission.state == State.READY
    assert submission.outcome_values["kind"] == "not_sent"
    assert creates(sandbox) == []
    assert services.take_back(person=person(ana), submission=submission).state == State.DRAFT
