"""Restored desks, edges of the states, rows of before, and forms of long ago."""

import contextlib
from importlib import import_module
from uuid import uuid4

import pytest
from django.apps import apps
from django.db import connection

from events import clock, services
from events.cloudflare import RateLimited
from events.models import State, Submission
from events.outbox import gate
from tests.outbox.support import (
    TYPED,
    carry_out,
    creates,
    held,
    pass_time,
    payload,
    person,
    send,
    state,
    unknown,
    work,
)


def paused(ana, event=None, token=None):
    """A send that waits, because the gate is closed."""
    gate.failed(RateLimited("slow down", retry_after=600), create=True)
    submission = send(ana, token=token, event=event)
    assert submission.state == State.READY
    return submission


def test_what_a_restored_desk_waits_with_is_not_edited_into_another_event(ana, sandbox, known):
    """READY in the backup, sent by the original since: taken back, changed, and sent."""
    submission = paused(ana)
    carry_out(sandbox, bytes(submission.body))
    pass_time(minutes=11)
    gate.look_before(clock.now())
    try:
        draft = services.take_back(person=person(ana), submission=submission)
    except services.Conflict:
        return
    services.send(
        person=person(ana),
        token=uuid4(),
        typed=TYPED | {"event": "Another"},
        payload=payload("Another", "another.example", date=payload().date.replace(year=2023)),
        submission=draft,
    )
    for _ in range(6):
        pass_time(minutes=11)
        work()
    submission.refresh_from_db()
    assert len(held(sandbox, submission)) == 1 or submission.state == State.DUPLICATED, (
        submission.state,
        len(held(sandbox, submission)),
    )


def test_a_form_that_is_sent_again_to_a_restored_desk_is_looked_for(ana, sandbox, known):
    """The backup does not know the event; the tab in which it was entered is still open."""
    token = services.new_token()
    first = send(ana, token=token)
    assert first.state == State.CREATED
    with connection.cursor() as cursor:
        key = token.hex if connection.vendor == "sqlite" else token
        cursor.execute("DELETE FROM events_submissionindicator WHERE submission_id = %s", [key])
        cursor.execute("DELETE FROM events_submission WHERE id = %s", [key])
    gate.look_before(clock.now())
    send(ana, token=token)
    assert len(held(sandbox, first)) == 1


def migrated():
    """The data step of 0006 again."""
    import_module("events.migrations.0006_delivery").plan_sweeps(apps, None)


def test_what_was_refused_in_doubt_before_is_looked_for(ana, sandbox, known):
    """A row of before: REJECTED after an UNKNOWN. Its page says that it is looked for."""
    submission = unknown(ana, sandbox, "drop-after")
    Submission.objects.filter(pk=submission.pk).update(
        state=State.REJECTED, next_at=None, sweep_at=None, attempt=2
    )
    migrated()
    for _ in range(6):
        pass_time(hours=7)
        work()
    assert state(submission) == State.CREATED


@pytest.mark.parametrize("kept", [State.DRAFT, State.DISCARDED])
def test_what_was_taken_back_in_doubt_before_can_be_used_somehow(ana, sandbox, known, kept):
    """UNKNOWN, ABSENT, sent again, waited, taken back: a row that the old version could make."""
    submission = unknown(ana, sandbox, "drop-after")
    Submission.objects.filter(pk=submission.pk).update(
        state=kept, next_at=None, sweep_at=None, attempt=2
    )
    migrated()
    submission.refresh_from_db()
    who, done = person(ana), []
    verbs = {
        "send": lambda: services.send(
            person=who, token=uuid4(), typed=TYPED, payload=payload("x"), submission=submission
        ),
        "discard": lambda: services.discard(person=who, submission=submission),
        "restore": lambda: services.restore(person=who, submission=submission),
        "correct": lambda: services.correct(person=who, submission=submission),
        "duplicate": lambda: services.duplicate(person=who, submission=submission),
    }
    for name, verb in verbs.items():
        try:
            verb()
        except services.Conflict:
            continue
        done.append(name)
    for _ in range(6):
        pass_time(hours=7)
        work()
    assert done or state(submission) == State.CREATED, "no verb, and never looked for"


def test_pressing_send_in_an_old_tab_does_not_replace_what_was_saved_since(ana, sandbox):
    """Refused; corrected and saved in another tab; then Send once more in the first one."""
    token = uuid4()
    sandbox.behave("create", "400", times=1)
    submission = send(ana, token=token)
    corrected = TYPED | {"event": "Corrected, at length"}
    services.save_draft(
        person=person(ana),
        token=uuid4(),
        typed=corrected,
        submission=submission,
        version=submission.version,
    )
    with contextlib.suppress(services.Conflict):
        services.send(
            person=person(ana),
            token=token,
            typed=TYPED | {"event": "Old tab"},
            payload=payload("Old tab"),
        )
    submission.refresh_from_db()
    assert submission.typed_values["event"] == "Corrected, at length"


def test_an_old_form_of_an_edit_does_not_replace_what_was_saved_since(ana, sandbox):
    """The same with a form that says from which version it was made."""
    sandbox.behave("create", "400", times=2)
    submission = send(ana)
    token, version = uuid4(), submission.version
    old = {"person": person(ana), "token": token, "version": version}
    services.send(**old, typed=TYPED, payload=payload(), submission=submission)
    submission.refresh_from_db()
    corrected = TYPED | {"event": "Corrected, at length"}
    services.save_draft(
        person=person(ana),
        token=uuid4(),
        typed=corrected,
        submission=submission,
        version=submission.version,
    )
    with contextlib.suppress(services.Conflict):
        services.send(
            **old,
            typed=TYPED | {"event": "Old tab"},
            payload=payload("Old"),
            submission=Submission.objects.get(pk=submission.pk),
        )
    submission.refresh_from_db()
    assert submission.typed_values["event"] == "Corrected, at length"


def test_a_form_that_was_sent_and_taken_back_is_spent(ana, sandbox):
    """It waited, was taken back and changed; the first form is posted again (an old tab)."""
    token = uuid4()
    submission = paused(ana, token=token)
    pass_time(minutes=11)
    services.take_back(person=person(ana), submission=submission)
    changed = TYPED | {"event": "What I mean now"}
    services.save_draft(
        person=person(ana),
        token=uuid4(),
        typed=changed,
        submission=submission,
        version=submission.version,
    )
    with contextlib.suppress(services.Conflict):
        send(ana, token=token)
    submission.refresh_from_db()
    assert (len(creates(sandbox)), submission.typed_values["event"]) == (0, "What I mean now")
