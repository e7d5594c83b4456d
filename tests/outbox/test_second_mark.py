"""One mark in an event, and it is the desk's: nobody writes another one beside it."""

import json
from uuid import uuid4

import pytest

from events import outbox
from events.cloudflare import RawData
from events.models import State, Submission
from events.outbox.recover import mark_of
from tests.outbox.support import pass_time, payload, send, state, unknown, work
from tests.outbox.test_recover import run

SPELLINGS = ("Event_Desk", " event_desk ", "EVENT_DESK", "\uff25vent_desk", "event\uff3fdesk\u3000")


@pytest.fixture(autouse=True)
def folder(settings, tmp_path):
    """This machine's own folder."""
    settings.STATE_DIR = tmp_path


def with_second_mark(victim, spelling="Event_Desk"):
    """An event whose raw data bears the mark of `victim`, under a key spelled otherwise."""
    fields = payload("By ben", "domain.com")
    data = {spelling: {"submission": str(victim), "attempt": 1}, "source": "kept"}
    return fields.model_copy(update={"raw": fields.raw.model_copy(update={"data": data})})


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_what_is_sent_has_one_mark(spelling):
    victim, own = uuid4(), uuid4()
    marked = outbox.mark(with_second_mark(victim, spelling), own, 3)
    assert marked.raw.data == {
        "source": "kept",
        "event_desk": {"submission": str(own), "attempt": 3},
    }


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_of_two_marks_the_one_that_a_desk_writes_counts(spelling):
    victim, own = uuid4(), uuid4()
    second = {spelling: {"submission": str(victim), "attempt": 1}}
    data = second | {"event_desk": {"submission": str(own), "attempt": 2}}
    assert mark_of(RawData(data)) == (own, 2)
    assert mark_of(RawData(second)) == (victim, 1)


def test_a_colleagues_second_mark_is_no_mark_of_ours(ana, ben, sandbox, known):
    """Ben's event is unknown as well, so that its uuid is known to nobody."""
    ours = unknown(ana, sandbox, "drop-before")
    sandbox.behave("create", "drop-after", times=1)
    bens = send(ben, event=with_second_mark(ours.pk))
    for _ in range(3):
        pass_time(minutes=20)
        work()
    assert state(bens) == State.CREATED
    assert state(ours) != State.CREATED


def test_a_colleagues_second_mark_does_not_misfile_a_recovered_event(ana, ben, sandbox, known):
    ours = send(ana, event=payload("Ours", "ours.example"))
    bens = send(ben, event=with_second_mark(ours.pk))
    assert set(json.loads(bytes(bens.body))["raw"]["data"]) == {"source", "event_desk"}
    uuid = bens.event_uuid
    Submission.objects.filter(pk=bens.pk).delete()
    run("--take-in")
    assert state(ours) == State.CREATED
    assert Submission.objects.get(pk=bens.pk).event_uuid == uuid
