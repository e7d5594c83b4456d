"""Under pressure: refusals and outages in part, pauses that are not told, clocks that are set."""

import threading
from datetime import timedelta

import pytest

from events import clock, outbox, reference, services
from events.cloudflare import Client, RateLimited, Refused
from events.management.commands import deliver
from events.models import ApiGate, State, Submission
from events.outbox import gate
from tests.outbox.support import creates, pass_time, payload, send, work


def waiting(ana, sandbox, count):
    """So many events that wait, due now."""
    gate.failed(RateLimited("slow down", retry_after=600), create=True)
    for number in range(count):
        assert send(ana, event=payload(f"Event {number}")).state == State.READY
    pass_time(minutes=11)


@pytest.mark.parametrize("refusal", ["401", "403"])
def test_an_access_that_creates_lack_is_not_tried_with_every_event(ana, sandbox, refusal):
    """Lists are allowed, creates are not: each probe opens the way for one more refused create."""
    waiting(ana, sandbox, 30)
    sandbox.behave("create", refusal)
    for _ in range(40):
        gate.forget()
        work()
    assert len(creates(sandbox)) <= 5, len(creates(sandbox))


def test_a_429_that_names_no_time_pauses_too(ana, sandbox, monkeypatch):
    """The edge's own 429 has no Retry-After: every waiting event is POSTed into it."""
    waiting(ana, sandbox, 30)
    asked = []

    def limited(client, body):
        asked.append(body)
        raise RateLimited("slow down", status=429)

    monkeypatch.setattr(Client, "create_event", limited)
    for _ in range(3):
        gate.forget()
        work()
    assert len(asked) <= 5, len(asked)


def test_a_pause_holds_for_the_probe(ana, sandbox):
    """Access was refused and a pause is under way: the probe asks all the same."""
    gate.failed(RateLimited("slow down", retry_after=600), create=True)
    gate.failed(Refused("no", status=401), create=True)
    before = len(sandbox.requests)
    work()
    assert len(sandbox.requests) == before


def test_a_clock_that_was_set_back_does_not_pause_for_a_day(ana, sandbox):
    """A pause is 15 minutes at most; this one says a day, because the clock was ahead then."""
    ApiGate.objects.filter(pk=1).update(paused_until=clock.now() + timedelta(days=1))
    gate.forget()
    assert send(ana).state == State.CREATED


def test_a_clock_that_was_set_back_does_not_hold_the_probe_for_a_day(ana, sandbox):
    ahead = clock.now() + timedelta(days=1)
    ApiGate.objects.filter(pk=1).update(opened_at=ahead, probe_at=ahead + timedelta(seconds=5))
    gate.forget()
    for _ in range(3):
        work()
        gate.forget()
    assert gate.closed() is None


@pytest.mark.parametrize("failure", ["503-before", "hang-before"])
def test_creates_that_fail_for_hours_do_not_make_everything_unknown(ana, sandbox, failure):
    """Reads are answered, creates are not: each probe opens the way for one more create.

    The breaker is meant to keep what waits waiting. Four minutes of such an outage here; after each
    probe its wait begins anew with five seconds, so a day would use up 10,000 events.
    """
    waiting(ana, sandbox, 60)
    sandbox.behave("create", failure)
    for _ in range(40):
        pass_time(seconds=6)
        work()
    lost = Submission.objects.filter(state=State.UNKNOWN).count()
    assert lost < 15, lost


@pytest.mark.parametrize("behaviour", ["429", "500-before"])
def test_lists_for_pickers_go_through_the_gate_too(db, sandbox, behaviour):
    sandbox.behave("all", behaviour, seconds=600)
    api = outbox.Api(services.client())
    before = len(sandbox.requests)
    reference.refresh(api.client, api.ask)
    most = 1 if behaviour == "429" else gate.FAILURES_MOST
    assert len(sandbox.requests) - before == most
    assert gate.closed() is not None


@pytest.mark.django_db(transaction=True)
def test_what_waits_is_sent_while_the_lists_are_fetched_slowly(ana, sandbox, monkeypatch):
    waiting(ana, sandbox, 1)
    worker = deliver._Worker(is_restored=False)
    worker._is_checked = True
    fetching, leave = threading.Event(), threading.Event()

    def slow(client, ask):
        fetching.set()
        leave.wait(20)
        return []

    monkeypatch.setattr(reference, "refresh", slow)
    Submission.objects.update(next_at=clock.now() + timedelta(hours=1))
    try:
        worker.round()
        assert fetching.wait(10)
        Submission.objects.update(next_at=clock.now())
        worker.round()
        assert Submission.objects.get().state == State.CREATED
    finally:
        leave.set()
        worker.end()
