"""The worker is fair: no kind of work keeps another waiting, however much there is of it."""

import time
from datetime import timedelta
from itertools import islice

import pytest
from django.db import connection

from events import clock, outbox, services
from events.cloudflare import Client, NotSent
from events.models import State, Submission
from events.outbox import claims, gate, worker
from tests.outbox.support import (
    creates,
    log_of_waiting,
    pass_time,
    payload,
    send,
    send_and_die,
    state,
    unknown,
    work,
)


def waiting(ana, count, **columns):
    """Submissions that are due to be sent, as an outage leaves them."""
    now = clock.now()
    rows = Submission.objects.bulk_create(
        Submission(
            author=ana,
            author_name="ana",
            state=State.READY,
            body=payload(f"Waiting {number}").to_bytes(),
            tlp="amber",
            created_at=now,
            updated_at=now,
            next_at=now,
            **columns,
        )
        for number in range(count)
    )
    return log_of_waiting(rows)


def test_an_api_that_is_down_keeps_no_lease_from_running_out(ana, sandbox, fate, monkeypatch):
    """B04: each send takes twenty seconds to fail, and a process died meanwhile."""
    dead = send_and_die(ana, fate, "before")
    waiting(ana, 20)
    tried = []

    def down(client, body):
        tried.append(body)
        pass_time(seconds=20)
        raise NotSent("4 addresses, 5 s each")

    monkeypatch.setattr(Client, "create_event", down)
    list(islice(outbox.work(services.client()), 250))
    assert state(dead) == State.UNKNOWN
    assert len(tried) == gate.FAILURES_MOST


def test_an_unknown_is_looked_for_although_hundreds_wait(ana, sandbox, known):
    submission = unknown(ana, sandbox, "drop-after")
    pass_time(seconds=200)
    waiting(ana, 50)
    moved = list(islice(outbox.work(services.client()), 3))
    assert submission.pk in {each.pk for each in moved}


def test_what_waits_is_sent_although_thousands_are_to_be_swept(ana, sandbox):
    """O6."""
    now = clock.now()
    Submission.objects.bulk_create(
        Submission(
            author=ana,
            author_name="ana",
            state=State.CREATED,
            body=payload(f"Old {number}", f"{number}.example").to_bytes(),
            event_uuid=f"00000000-0000-4000-8000-{number:012}",
            created_at=now,
            updated_at=now - timedelta(days=8),
            sweep_at=now - timedelta(days=1),
            looked_at=now,
        )
        for number in range(300)
    )
    (new,) = waiting(ana, 1)
    moved = list(islice(outbox.work(services.client()), 4))
    assert new.pk in {each.pk for each in moved}


def test_sweeps_are_made_although_hundreds_wait(ana, sandbox):
    created = send(ana)
    pass_time(minutes=11)
    waiting(ana, 60)
    moved = list(islice(outbox.work(services.client()), 6))
    assert created.pk in {each.pk for each in moved}


def test_a_round_ends(ana, sandbox, monkeypatch):
    monkeypatch.setattr(worker, "STEPS_MOST", 7)
    waiting(ana, 20)
    assert len(work()) == 7
    assert Submission.objects.filter(state=State.READY).count() == 13


def test_a_worker_keeps_to_its_share_of_the_requests(ana, sandbox, monkeypatch):
    monkeypatch.setattr(worker, "REQUESTS_MOST", worker.REQUESTS_KEPT * 2 + 10)
    waiting(ana, 60)
    crew = outbox.Crew()
    crew.share = 2
    assert len(list(outbox.work(services.client(), crew))) == 5
    assert list(outbox.work(services.client(), crew)) == []


def test_a_worker_that_is_told_to_stop_claims_no_more(ana, sandbox):
    waiting(ana, 10)
    crew = outbox.Crew()
    rounds = outbox.work(services.client(), crew)
    next(rounds)
    crew.stop()
    assert len(list(rounds)) == 0
    assert Submission.objects.filter(state=State.READY).count() == 9


@pytest.mark.django_db(transaction=True)
def test_several_sends_are_under_way_at_once_and_each_is_sent_once(ana, sandbox):
    sandbox.behave("create", "slow", seconds=0.25)
    waiting(ana, 16)
    crew = outbox.Crew(4)
    began = time.monotonic()
    list(outbox.work(services.client(), crew))
    seconds = time.monotonic() - began
    crew.close()
    assert len(creates(sandbox)) == 16
    assert set(Submission.objects.values_list("state", flat=True)) == {State.CREATED}
    assert seconds < 16 * 0.25


def test_the_pulse_is_felt_before_every_request_of_a_long_search(ana, sandbox, known):
    """A long reconcile: the heart beats as long as requests go out."""
    unknown(ana, sandbox)
    pass_time(seconds=200)
    felt = []
    before = len(sandbox.requests)
    list(outbox.work(services.client(), outbox.Crew(pulse=lambda: felt.append(1))))
    assert len(felt) == len(sandbox.requests) - before > 3


@pytest.mark.parametrize("claim", ["to_send", "to_search", "to_sweep"])
def test_claims_use_an_index(ana, claim, django_assert_max_num_queries):
    """O12: at a million submissions no claim reads them all."""
    queries = {
        "to_send": claims._ready(),
        "to_search": Submission.objects.filter(state=State.UNKNOWN, next_at__lte=clock.now()),
        "to_sweep": Submission.objects.filter(sweep_at__lte=clock.now()),
    }
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL enable_seqscan = off")
    order = "sweep_at" if claim == "to_sweep" else "next_at"
    plan = queries[claim].order_by(order)[:1].explain()
    name = "submission_sweep" if claim == "to_sweep" else "submission_due"
    assert name in plan, plan


def test_a_submission_that_breaks_its_job_stops_nobody_else(
    ana, sandbox, known, caplog, monkeypatch
):
    broken = unknown(ana, sandbox)
    reconcile = worker.reconcile

    def breaking(submission, **rest):
        if submission.pk == broken.pk:
            raise ValueError("it cannot be read")
        return reconcile(submission, **rest)

    monkeypatch.setattr(worker, "reconcile", breaking)
    submission = unknown(ana, sandbox, "drop-after", payload("Good", "good.example"))
    pass_time(seconds=200)
    work()
    assert state(submission) == State.CREATED
    assert state(broken) == State.UNKNOWN
    assert "failed" in caplog.text
