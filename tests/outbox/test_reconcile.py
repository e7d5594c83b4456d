"""Reconciling: when an unknown is looked for, and what each finding means."""

from dataclasses import replace

import pytest

from events import outbox, services
from events.models import State
from tests.outbox.support import (
    actions,
    carry_out,
    creates,
    held,
    looks,
    pass_time,
    person,
    reasons,
    send,
    send_and_die,
    state,
    unknown,
    work,
    wrapped_list,
)


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
