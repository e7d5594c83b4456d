"""The invariants of delivery, one by one: each row of the specification has a test of its name."""

import json
from contextlib import suppress
from threading import Thread
from uuid import uuid4

import pytest
from django.db import DatabaseError, connection

from events import audit, outbox, services
from events.audit import chain
from events.cloudflare import Client
from events.cloudflare.deadline import BoundedSocket
from events.models import TRANSITIONS, State, Submission
from tests.conftest import make_user
from tests.outbox.support import (
    TYPED,
    actions,
    carry_out,
    creates,
    held,
    pass_time,
    payload,
    person,
    send,
    send_and_die,
    stored_text,
    work,
)

HOSTILE = (
    "NUL \x00, half a pair \ud83e, turned \u202e round, CRLF \r\n, 🦊, é, <script>, ' \" \\u0041"
)


def typed(event):
    return TYPED | {"event": event}


def broken(*args, **kwargs):
    raise DatabaseError("disk full")


@pytest.mark.parametrize("behaviour", ["ok", "400", "429", "500-before", "drop-after"])
def test_invariant_1_what_was_acknowledged_is_stored_byte_for_byte(ana, sandbox, behaviour):
    token, who = uuid4(), person(ana)
    draft = services.save_draft(person=who, token=token, typed=typed(HOSTILE))
    assert stored_text(draft) == json.dumps(typed(HOSTILE))

    sandbox.behave("create", behaviour, times=1)
    sent = services.send(person=who, token=token, typed=typed(HOSTILE + "!"), payload=payload())
    assert stored_text(sent) == json.dumps(typed(HOSTILE + "!"))
    pass_time(hours=1)
    work()
    assert stored_text(sent) == json.dumps(typed(HOSTILE + "!"))
    assert bytes(Submission.objects.get().body) == creates(sandbox)[0]


def test_invariant_1_a_save_that_fails_leaves_the_text_before_it(ana, sandbox, monkeypatch):
    token = uuid4()
    draft = services.save_draft(person=person(ana), token=token, typed=typed("first"))
    monkeypatch.setattr(outbox, "frozen", broken)
    monkeypatch.setattr(chain, "_store", broken)
    with pytest.raises(DatabaseError):
        services.send(person=person(ana), token=token, typed=typed("second"), payload=payload())
    assert stored_text(draft) == json.dumps(typed("first"))
    assert creates(sandbox) == []


@pytest.mark.django_db(transaction=True)
def test_invariant_2_sending_is_committed_before_the_socket_opens(ana, sandbox, monkeypatch):
    seen, connect = [], BoundedSocket.connect

    def look():
        seen.append(Submission.objects.values_list("state", "attempt").get())
        connection.close()

    def connecting(sock, address):
        other = Thread(target=look)
        other.start()
        other.join()
        return connect(sock, address)

    monkeypatch.setattr(BoundedSocket, "connect", connecting)
    assert send(ana).state == State.CREATED
    assert seen == [(State.SENDING, 1)]


@pytest.mark.parametrize("dies", ["before", "after"])
def test_invariant_3_nothing_resends_by_itself_from_sending(ana, sandbox, fate, dies):
    send(ana, event=payload("Known", "known.example"))
    dead = send_and_die(ana, fate, dies)
    for _ in range(40):
        pass_time(minutes=7)
        work()
    assert len(fate.bodies) == 2
    dead.refresh_from_db()
    assert dead.state == {"before": State.ABSENT, "after": State.CREATED}[dies]


@pytest.mark.parametrize(
    "behaviour",
    ["500-before", "500-after", "drop-before", "drop-after", "hang-before", "truncate", "html-200"],
)
def test_invariant_3_nothing_resends_by_itself_from_unknown(ana, sandbox, behaviour):
    send(ana, event=payload("Known", "known.example"))
    sandbox.behave("create", behaviour, times=1)
    token = uuid4()
    assert send(ana, token).state == State.UNKNOWN
    for _ in range(40):
        pass_time(minutes=7)
        work()
        send(ana, token)
    assert len(creates(sandbox)) == 2


@pytest.mark.parametrize(
    "behaviour", ["ok", "envelope", "429", "500-after", "drop-after", "truncate"]
)
def test_invariant_4_created_means_exactly_one_there_with_that_uuid(ana, sandbox, behaviour):
    send(ana, event=payload("Known", "known.example"))
    sandbox.behave("create", behaviour, times=1)
    submission = send(ana)
    for _ in range(3):
        pass_time(seconds=200)
        work()
    submission.refresh_from_db()
    assert submission.state == State.CREATED
    assert held(sandbox, submission) == [submission.event_uuid]


def test_invariant_5_rejected_means_none(ana, sandbox):
    sandbox.behave("create", "429", times=1)
    sandbox.behave("create", "400", times=1)
    submission = send(ana)
    assert submission.state == State.READY
    pass_time(minutes=20)
    work()
    submission.refresh_from_db()
    assert submission.state == State.REJECTED
    assert held(sandbox, submission) == []


@pytest.mark.parametrize("seen_as", [State.UNKNOWN, State.ABSENT, State.CREATED])
def test_invariant_6_two_there_is_duplicated_and_shown(ana, sandbox, seen_as):
    send(ana, event=payload("Known", "known.example"))
    if seen_as != State.CREATED:
        sandbox.behave("create", "drop-before", times=1)
    submission = send(ana)
    if seen_as == State.ABSENT:
        for seconds in (200, 430, 1210):
            pass_time(seconds=seconds)
            work()
    assert Submission.objects.get(pk=submission.pk).state == seen_as
    while len(held(sandbox, submission)) < 2:
        carry_out(sandbox, bytes(submission.body))
    pass_time(hours=7)
    work()
    submission.refresh_from_db()
    assert submission.state == State.DUPLICATED
    assert submission.found_uuids == sorted(held(sandbox, submission))


def test_invariant_6_an_attempt_that_turns_up_after_a_resend_is_told(ana, sandbox):
    send(ana, event=payload("Known", "known.example"))
    sandbox.behave("create", "drop-before", times=1)
    submission = send(ana)
    first = bytes(submission.body)
    for seconds in (200, 430, 1210):
        pass_time(seconds=seconds)
        work()
    submission.refresh_from_db()
    again = services.send_again(person=person(ana), submission=submission, reason="not there")
    assert again.state == State.CREATED
    late = carry_out(sandbox, first)
    pass_time(minutes=11)
    work()
    again.refresh_from_db()
    assert again.state == State.DUPLICATED
    assert again.found_uuids == sorted([again.event_uuid, late])


STEPS = {
    "send": lambda ana, submission: send(ana),
    "refuse": lambda ana, submission: work(),
    "take back": lambda ana, submission: services.take_back(
        person=person(ana), submission=submission
    ),
}


@pytest.mark.parametrize("step", STEPS)
def test_invariant_7_no_transition_without_its_entry(ana, sandbox, monkeypatch, step):
    sandbox.behave("create", "429", times=1)
    submission = None if step == "send" else send(ana)
    pass_time(minutes=20)
    before = list(Submission.objects.values())
    monkeypatch.setattr(chain, "_store", broken)
    with pytest.raises(DatabaseError):
        STEPS[step](ana, Submission.objects.first())
    assert list(Submission.objects.values()) == before
    assert len(creates(sandbox)) == (submission is not None)


def test_invariant_7_no_entry_without_its_transition(ana, sandbox):
    sandbox.behave("create", "429", times=1)
    waiting = send(ana)
    stale = Submission.objects.get()
    services.take_back(person=person(ana), submission=waiting)
    logged = actions(waiting)
    with pytest.raises(services.Conflict):
        services.take_back(person=person(ana), submission=stale)
    assert actions(waiting) == logged


def test_invariant_7_every_state_is_that_of_its_last_entry(ana, sandbox, fate):
    send_and_die(ana, fate, "before")
    for behaviour in ("ok", "400", "500-after", "drop-before", "429"):
        sandbox.behave("create", behaviour, times=1)
        send(ana)
    last = {actions(each)[-1] for each in Submission.objects.all()}
    assert last == {"created", "refused", "deferred", "unknown", "sending"}
    assert audit.verify().is_whole


@pytest.mark.django_db(transaction=True)
def test_invariant_7_no_transaction_is_open_across_http(ana, sandbox, monkeypatch):
    open_during = []

    def watched(call):
        def watching(*args, **kwargs):
            open_during.append(connection.in_atomic_block)
            return call(*args, **kwargs)

        return watching

    for name in ("create_event", "list_events", "read_raw"):
        monkeypatch.setattr(Client, name, watched(getattr(Client, name)))
    sandbox.behave("create", "drop-after", times=1)
    send(ana)
    sandbox.behave("create", "429", times=1)
    send(ana)
    for _ in range(3):
        pass_time(minutes=15)
        work()
    assert open_during
    assert not any(open_during)


def test_invariant_8_a_transition_changes_exactly_one_row_or_nothing(ana, sandbox):
    sandbox.behave("create", "429", times=1)
    first = send(ana)
    second = Submission.objects.get()
    outbox.move(first, State.DRAFT, at=first.updated_at)
    with pytest.raises(outbox.Lost):
        outbox.move(second, State.SENDING, at=second.updated_at)
    assert Submission.objects.get().state == State.DRAFT


def test_invariant_8_only_the_transitions_of_the_table_exist(ana, sandbox):
    submission = send(ana)
    for origin in State:
        for to in State:
            if (origin, to) not in TRANSITIONS:
                submission.state = origin
                with pytest.raises(ValueError, match="does not lead to"):
                    outbox.move(submission, to, at=submission.updated_at)
    assert Submission.objects.get().state == State.CREATED


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("was_saved", [False, True])
def test_invariant_9_fifty_parallel_posts_of_one_form_send_one_post(ana, sandbox, was_saved):
    token, states = uuid4(), []
    if was_saved:
        services.save_draft(person=person(ana), token=token, typed=TYPED)

    def post():
        with suppress(services.Conflict):
            states.append(send(ana, token).state)
        connection.close()

    threads = [Thread(target=post) for _ in range(50)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(creates(sandbox)) == 1
    submission = Submission.objects.get()
    assert submission.state == State.CREATED
    assert held(sandbox, submission) == [submission.event_uuid]
    assert set(states) <= {State.SENDING, State.CREATED}
    assert actions(submission).count("sending") == 1


@pytest.mark.django_db(transaction=True)
def test_invariant_9_fifty_parallel_posts_of_the_form_of_a_refused_event_send_one_more(sandbox):
    ana = make_user("eva", "analyst")
    sandbox.behave("create", "400", times=1)
    refused, token = send(ana), uuid4()

    def post():
        with suppress(services.Conflict):
            send(ana, token, submission=Submission.objects.get(pk=refused.pk))
        connection.close()

    threads = [Thread(target=post) for _ in range(50)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(creates(sandbox)) == 2
    assert Submission.objects.get().state == State.CREATED
