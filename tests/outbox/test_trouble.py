"""Answers that come while the database is in trouble, and jobs that fail in unknown ways."""

import contextlib
import threading

import pytest
from django.db import InternalError, OperationalError, connection

from events import audit, clock, outbox, services
from events.cloudflare import Client, NotSent
from events.models import State, Submission
from events.outbox import settle as settling
from tests.databases import roles
from tests.outbox.support import (
    creates,
    held,
    pass_time,
    payload,
    person,
    send,
)

pg = pytest.mark.skipif(connection.vendor != "postgresql", reason="needs PostgreSQL")


@pytest.mark.django_db(transaction=True)
def test_a_database_that_became_read_only_leaves_the_uuid_in_the_log(
    ana, sandbox, monkeypatch, caplog
):
    """After a failover: SQLSTATE 25006 is psycopg's InternalError, which settle does not expect."""
    monkeypatch.setattr(settling, "RETRY_WAITS", (0.0,))

    def refused(*args, **rest):
        raise InternalError("cannot execute UPDATE in a read-only transaction")

    monkeypatch.setattr(settling, "move", refused)
    with contextlib.suppress(InternalError):
        send(ana)
    submission = Submission.objects.get()
    (uuid,) = held(sandbox, submission)
    assert uuid in caplog.text


@pg
@pytest.mark.django_db(transaction=True)
def test_a_failover_during_the_send_leaves_the_uuid_somewhere(ana, sandbox, monkeypatch, caplog):
    """The same with the server's own error: the connection leads to what is a standby now."""
    monkeypatch.setattr(settling, "RETRY_WAITS", (0.0,))
    create = Client.create_event

    def create_event(client, body):
        created = create(client, body)
        with connection.cursor() as cursor:
            cursor.execute("SET default_transaction_read_only = on")
        return created

    monkeypatch.setattr(Client, "create_event", create_event)
    with contextlib.suppress(InternalError):
        send(ana)
    # The pool may hold the connection that was set so: the next test gets new ones.
    connection.close()
    connection.close_pool()
    submission = Submission.objects.get()
    (uuid,) = held(sandbox, submission)
    assert submission.state == State.CREATED or uuid in caplog.text


def cut_others():
    def cut():
        with connection.cursor() as cursor:
            cursor.execute(roles.END_OTHERS)
        connection.close()

    thread = threading.Thread(target=cut)
    thread.start()
    thread.join()


@pg
@pytest.mark.django_db(transaction=True)
def test_a_connection_lost_during_the_send_is_survived_when_the_clock_is_due(
    ana, sandbox, monkeypatch
):
    """`deliver` asks the clock before `settle`; every half minute that asks the database."""
    create = Client.create_event

    def create_event(client, body):
        created = create(client, body)
        cut_others()
        clock.forget()  # half a minute has passed since the clock was asked
        return created

    monkeypatch.setattr(Client, "create_event", create_event)
    try:
        send(ana)
    except OperationalError:
        connection.close()
    assert Submission.objects.get().state == State.CREATED


@pytest.mark.django_db(transaction=True)
def test_a_late_answer_that_needs_a_second_try_is_not_taken_for_the_next_attempt_s(
    ana, sandbox, known, monkeypatch
):
    """The first try of `settle` is rolled back, and leaves the later attempt's number in memory.

    Attempt 1 was not sent after all, and says so late; attempt 2 is under way. The row must not go
    back to READY, from where it is sent a third time beside the second.
    """
    monkeypatch.setattr(settling, "RETRY_WAITS", (0.0, 0.0))
    sandbox.behave("create", "drop-before", times=1)
    submission = send(ana)
    pass_time(seconds=200)
    submission.refresh_from_db()
    submission = services.declare_absent(person=person(ana), submission=submission, reason="no")
    create, append = Client.create_event, audit.append
    seen = []

    def late(client, body):
        if seen:
            return create(client, body)
        seen.append(body)
        stale = Submission.objects.get(pk=submission.pk)
        assert (stale.state, stale.attempt) == (State.SENDING, 2)
        stale.version, stale.attempt = stale.version - 1, 1
        failing = [True]

        def stumble(*facts):
            if failing:
                failing.pop()
                raise OperationalError("canceling statement due to lock timeout")
            return append(*facts)

        monkeypatch.setattr(audit, "append", stumble)
        from events.outbox.deliver import _said

        said = _said(stale, NotSent("The connection was not opened."), clock.now())
        settling.settle(stale, person(ana).actor, said)
        monkeypatch.setattr(audit, "append", append)
        row = Submission.objects.get(pk=submission.pk)
        assert (row.state, row.attempt) == (State.SENDING, 2), (row.state, row.attempt)
        return create(client, body)

    monkeypatch.setattr(Client, "create_event", late)
    services.send_again(
        person=person(ana), submission=Submission.objects.get(pk=submission.pk), reason="again"
    )


def outbox_claim():
    from events.outbox import claims

    return claims.to_send()


@pytest.mark.django_db(transaction=True)
def test_a_worker_survives_whatever_the_driver_calls_a_lost_connection(ana, sandbox, monkeypatch):
    """Django's InterfaceError is no DatabaseError; settle knows both, the worker only one."""
    from django.db import InterfaceError

    from events.management.commands import deliver

    worker = deliver._Worker(is_restored=False)

    def broken(*args):
        raise InterfaceError("connection already closed")
        yield

    monkeypatch.setattr(outbox, "work", broken)
    try:
        assert worker.round()
    finally:
        worker.end()


@pytest.mark.django_db(transaction=True)
def test_one_job_that_fails_for_an_unknown_reason_does_not_end_the_worker(
    ana, sandbox, monkeypatch
):
    from events.management.commands import deliver
    from events.outbox import worker as working

    sandbox.behave("create", "429", times=2)
    send(ana, event=payload("Poison"))
    pass_time(minutes=20)
    send(ana, event=payload("Fine"))
    pass_time(minutes=20)
    real = working.deliver

    def poisonous(submission, **rest):
        if b"Poison" in bytes(submission.body):
            raise RecursionError("maximum recursion depth exceeded")
        return real(submission, **rest)

    monkeypatch.setattr(working, "deliver", poisonous)
    worker = deliver._Worker(is_restored=False)
    try:
        for _ in range(3):
            worker.round()
    finally:
        worker.end()
    assert Submission.objects.filter(state=State.CREATED).count() == 1


@pytest.mark.django_db(transaction=True)
def test_the_page_after_a_failed_settling_is_the_event_s(as_ana, ana, sandbox, monkeypatch):
    """An error of the database after the POST leads to the event, not to the form."""
    monkeypatch.setattr(settling, "RETRY_WAITS", (0.0,))

    def refused(*args, **rest):
        raise InternalError("cannot execute UPDATE in a read-only transaction")

    monkeypatch.setattr(settling, "move", refused)
    from tests.views.test_entry import posted

    answer = as_ana.post("/events/new/", posted("send"))
    assert len(creates(sandbox)) == 1
    assert answer.status_code == 302, answer.status_code
