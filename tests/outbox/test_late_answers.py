"""Whatever the API says is written down, also when the lease is gone by then."""

import threading
from uuid import uuid4

import pytest
from django.db import connection

from events import audit, outbox, services
from events.cloudflare import Client, NotSent, Refused, Unknown
from events.models import AuditEntry, State, Submission
from tests.databases import roles
from tests.outbox.support import (
    actions,
    carry_out,
    creates,
    held,
    pass_time,
    payload,
    person,
    reasons,
    send,
    work,
)


@pytest.fixture
def meanwhile(monkeypatch):
    """`meanwhile(act)`: `act` is done once, while the next create waits for its answer."""
    waiting, create = [], Client.create_event

    def create_event(client, body):
        act = waiting.pop() if waiting else None
        created = create(client, body)
        if act:
            act()
        return created

    monkeypatch.setattr(Client, "create_event", create_event)
    return waiting.append


def lease_runs_out():
    pass_time(seconds=40)
    work()


def test_a_201_after_the_lease_ran_out_settles_the_unknown(ana, sandbox, meanwhile):
    """B02."""
    meanwhile(lease_runs_out)
    submission = send(ana)
    assert submission.state == State.CREATED
    assert Submission.objects.get().event_uuid == submission.event_uuid
    assert [submission.event_uuid] == held(sandbox, submission)
    assert actions(submission)[-3:] == ["unknown", "answered_late", "found"]
    assert submission.event_uuid in reasons(submission)[-2]


def test_a_201_after_all_searches_settles_the_absent(ana, sandbox, known, meanwhile):
    def given_up():
        lease_runs_out()
        submission = Submission.objects.exclude(pk=known.pk).get()
        pass_time(seconds=200)
        submission.refresh_from_db()
        services.declare_absent(person=person(ana), submission=submission, reason="looked")

    meanwhile(given_up)
    submission = send(ana)
    assert submission.state == State.CREATED
    assert [submission.event_uuid] == held(sandbox, submission)


def test_a_second_201_makes_duplicated_with_both_uuids(ana, sandbox, known, meanwhile):
    """The first answer comes when a person has sent again and that send has been answered."""

    def sent_again():
        lease_runs_out()
        pass_time(seconds=200)
        other = Submission.objects.exclude(pk=known.pk).get()
        other = services.declare_absent(person=person(ana), submission=other, reason="looked")
        services.send_again(person=person(ana), submission=other, reason="again")

    meanwhile(sent_again)
    submission = send(ana)
    assert submission.state == State.DUPLICATED
    assert submission.found_uuids == sorted(held(sandbox, submission))
    assert len(submission.found_uuids) == 2
    log = " ".join(reasons(submission))
    assert all(uuid in log for uuid in submission.found_uuids)
    assert audit.verify().is_whole


def test_a_late_201_while_the_next_send_is_under_way_is_settled_by_both(
    ana, sandbox, known, meanwhile, monkeypatch
):
    """The late answer is noted; the answer of the send under way then tells the whole."""
    first = uuid4()

    def late_answer():
        row = Submission.objects.exclude(pk=known.pk).get()
        assert row.state == State.SENDING
        stale = Submission.objects.get(pk=row.pk)
        stale.version, stale.attempt = row.version - 1, row.attempt - 1
        outbox_settle(stale, first, sandbox)

    sandbox.behave("create", "drop-before", times=1)
    submission = send(ana)
    pass_time(seconds=200)
    submission.refresh_from_db()
    submission = services.declare_absent(person=person(ana), submission=submission, reason="no")
    meanwhile(late_answer)
    submission = services.send_again(person=person(ana), submission=submission, reason="again")
    assert submission.state == State.DUPLICATED
    assert str(first) in submission.found_uuids
    assert set(held(sandbox, submission)) < set(submission.found_uuids)


def outbox_settle(stale, uuid, sandbox):
    from events.outbox.settle import Said, settle

    said = Said(
        State.CREATED,
        "submission.created",
        {"event_uuid": str(uuid), "answer": "{}", "outcome": "{}", "next_at": None},
        {"reason": f"uuid {uuid}", "status": 200},
        str(uuid),
    )
    settle(stale, audit.Actor.system("late"), said)


@pytest.mark.parametrize(
    "error", [Refused("no", status=400), NotSent("down"), Unknown("broke off")]
)
def test_any_other_late_answer_is_logged_and_the_search_goes_on(ana, sandbox, monkeypatch, error):
    def create_event(client, body):
        lease_runs_out()
        raise error

    monkeypatch.setattr(Client, "create_event", create_event)
    submission = send(ana)
    assert submission.state == State.UNKNOWN
    assert actions(submission)[-1] == "answered_late"
    assert error.detail in reasons(submission)[-1]


def test_a_refusal_of_a_resend_whose_first_answer_came_late_is_created(ana, sandbox, known):
    sandbox.behave("create", "drop-before", times=1)
    submission = send(ana)
    pass_time(seconds=200)
    submission.refresh_from_db()
    services.declare_absent(person=person(ana), submission=submission, reason="no")
    first = uuid4()
    create = Client.create_event

    def refused(client, body):
        stale = Submission.objects.get(pk=submission.pk)
        stale.version, stale.attempt = stale.version - 1, 1
        outbox_settle(stale, first, sandbox)
        raise Refused("no", status=400)

    Client.create_event = refused
    try:
        again = services.send_again(
            person=person(ana), submission=Submission.objects.get(pk=submission.pk), reason="again"
        )
    finally:
        Client.create_event = create
    assert (again.state, again.event_uuid) == (State.CREATED, str(first))


@pytest.mark.django_db(transaction=True)
@pytest.mark.skipif(connection.vendor != "postgresql", reason="needs a server to lose")
def test_a_database_that_goes_away_during_the_send_gets_the_answer_afterwards(
    ana, sandbox, meanwhile
):
    """O4: the connection of the send is cut while the API works; the pool had no idle one."""

    def cut():
        done = threading.Thread(target=_terminate_others)
        done.start()
        done.join()

    meanwhile(cut)
    submission = send(ana)
    assert submission.state == State.CREATED
    assert Submission.objects.get().state == State.CREATED
    assert len(creates(sandbox)) == 1


def _terminate_others():
    with connection.cursor() as cursor:
        cursor.execute(roles.END_OTHERS)
    connection.close()


@pytest.mark.django_db(transaction=True)
def test_a_commit_whose_end_was_not_told_is_not_recorded_twice(ana, sandbox, monkeypatch):
    """The database commits the outcome, and then the connection breaks."""
    from django.db import OperationalError
    from django.db.backends.base.base import BaseDatabaseWrapper

    commit, broken = BaseDatabaseWrapper._commit, []

    def breaking(wrapper):
        commit(wrapper)
        if creates(sandbox) and not broken:
            broken.append(True)
            raise OperationalError("server closed the connection unexpectedly")

    monkeypatch.setattr(BaseDatabaseWrapper, "_commit", breaking)
    submission = send(ana)
    assert broken
    assert submission.state == State.CREATED
    assert actions(submission) == ["drafted", "frozen", "sending", "created"]


@pytest.mark.django_db(transaction=True)
def test_a_database_that_stays_away_leaves_the_uuid_in_the_log(ana, sandbox, monkeypatch, caplog):
    from django.db import OperationalError

    from events.outbox import settle

    monkeypatch.setattr(settle, "RETRY_WAITS", (0.0, 0.0))

    def gone(*args, **rest):
        raise OperationalError("could not connect to server")

    monkeypatch.setattr(settle, "_write", gone)
    submission = send(ana)
    assert submission.state == State.SENDING
    (uuid,) = held(sandbox, submission)
    assert uuid in caplog.text
    assert str(submission.pk) in caplog.text
    monkeypatch.undo()
    assert AuditEntry.objects.exists()


def test_the_late_event_is_looked_for_like_any_other(ana, sandbox, known):
    """What nobody wrote down is still found by its mark."""
    sandbox.behave("create", "drop-before", times=1)
    submission = send(ana, event=payload("Late", "late.example"))
    uuid = carry_out(sandbox, bytes(submission.body))
    pass_time(seconds=200)
    work()
    submission.refresh_from_db()
    assert submission.event_uuid == uuid
    assert outbox.MARK in bytes(submission.body).decode()
