"""Several workers at once: each takes what no other has, on SQLite and on PostgreSQL."""

from collections import Counter
from threading import Thread

import pytest
from django.db import connection

from events import audit
from events.models import State, Submission
from tests.outbox.support import (
    actions,
    creates,
    held,
    looks,
    pass_time,
    payload,
    send,
    send_and_die,
    work,
)

WORKERS = 6
pytestmark = pytest.mark.django_db(transaction=True)


def side_by_side():
    """A round of several workers."""
    failures = []

    def one():
        try:
            work()
        except Exception as error:  # reported by the test
            failures.append(error)
        finally:
            connection.close()

    threads = [Thread(target=one) for _ in range(WORKERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []


def test_what_waits_is_sent_once_by_several_workers(ana, sandbox):
    sandbox.behave("create", "429", times=20)
    waiting = []
    for number in range(20):
        waiting.append(send(ana, event=payload(f"Event {number}")))
        pass_time(minutes=20)
    assert len(creates(sandbox)) == 20
    side_by_side()

    assert len(creates(sandbox)) == 40
    assert set(Submission.objects.values_list("state", flat=True)) == {State.CREATED}
    assert all(len(held(sandbox, each)) == 1 for each in waiting)
    assert audit.verify().is_whole


def test_an_expired_lease_is_taken_over_once(ana, sandbox, fate):
    dead = [send_and_die(ana, fate, "before", payload(f"Event {number}")) for number in range(8)]
    pass_time(minutes=2)
    side_by_side()
    for each in dead:
        assert actions(each).count("unknown") == 1
    assert creates(sandbox) == []


def test_an_unknown_is_looked_for_by_one_worker_at_a_time(ana, sandbox):
    send(ana, event=payload("Known", "known.example"))
    sandbox.behave("create", "drop-before", times=1)
    submission = send(ana)
    pass_time(seconds=200)
    side_by_side()
    assert looks(sandbox) == 1
    submission.refresh_from_db()
    assert submission.negatives == 1
    assert Counter(actions(submission))["looked_for"] == 1


def test_a_worker_that_died_while_looking_is_followed_by_another(ana, sandbox, monkeypatch):
    send(ana, event=payload("Known", "known.example"))
    sandbox.behave("create", "drop-after", times=1)
    submission = send(ana)
    pass_time(seconds=200)
    with monkeypatch.context() as patch:
        patch.setattr("events.outbox.worker.reconcile", lambda *args, **rest: submission)
        work()
    work()
    assert looks(sandbox) == 0
    pass_time(seconds=61)
    work()
    assert Submission.objects.get(pk=submission.pk).state == State.CREATED
