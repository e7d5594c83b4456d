"""Sends that wait for a slow API hold up nobody else: they have fewer places than threads."""

import threading
import time

import pytest
from django.db import connection

from events import outbox, services
from events.models import Heartbeat, State, Submission
from events.services import sending
from events.services.slots import Slots
from tests.outbox.support import creates, payload, person, send, work

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def two_places(monkeypatch):
    monkeypatch.setattr(sending, "slots", Slots(2))


def at_once(ana, count):
    """Sends side by side; how long the slowest took to return, in seconds."""
    seconds = []

    def one(number):
        began = time.monotonic()
        send(ana, event=payload(f"Event {number}"))
        seconds.append(time.monotonic() - began)
        connection.close()

    threads = [threading.Thread(target=one, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sorted(seconds)


def test_what_finds_no_place_waits_for_the_worker(ana, sandbox, api_at, two_places):
    api_at(sandbox.base_url, deadline=5.0)
    sandbox.behave("create", "slow", seconds=2)
    Heartbeat.beat("worker")
    at_once(ana, 6)
    states = list(Submission.objects.values_list("state", flat=True))
    assert sorted(states) == [State.CREATED] * 2 + [State.READY] * 4
    assert len(creates(sandbox)) == 2
    waiting = Submission.objects.filter(state=State.READY).first()
    assert "Many sends are under way" in waiting.outcome_values["detail"]
    sandbox.well()
    work()
    assert set(Submission.objects.values_list("state", flat=True)) == {State.CREATED}
    assert len(creates(sandbox)) == 6


def test_without_a_worker_everybody_sends_as_before(ana, sandbox, api_at, two_places):
    api_at(sandbox.base_url, deadline=5.0)
    sandbox.behave("create", "slow", seconds=1)
    at_once(ana, 4)
    assert set(Submission.objects.values_list("state", flat=True)) == {State.CREATED}


def test_a_quick_api_has_a_place_for_everybody(ana, sandbox, two_places):
    Heartbeat.beat("worker")
    at_once(ana, 12)
    assert set(Submission.objects.values_list("state", flat=True)) == {State.CREATED}


def test_a_place_is_given_back_whatever_happens(ana, sandbox, two_places, monkeypatch):
    Heartbeat.beat("worker")

    def broken(*args, **rest):
        raise RuntimeError("no")

    with monkeypatch.context() as patch:
        patch.setattr(outbox, "deliver", broken)
        for _ in range(4):
            with pytest.raises(RuntimeError):
                send(ana)
    assert send(ana).state == State.CREATED


def test_a_look_that_finds_no_place_says_so(ana, sandbox, two_places):
    created = send(ana)
    leave = threading.Event()

    def hold():
        with sending.slots.slot():
            leave.wait(20)

    holders = [threading.Thread(target=hold) for _ in range(2)]
    for holder in holders:
        holder.start()
    time.sleep(0.6)
    with pytest.raises(services.Conflict, match="Many requests"):
        services.look_again(person=person(ana), submission=created)
    leave.set()
    for holder in holders:
        holder.join()
