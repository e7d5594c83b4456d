"""The gate: pauses, the circuit breaker, and access that is refused, for all processes together."""

from datetime import timedelta
from threading import Thread
from uuid import uuid4

import pytest
from django.db import connection

from events import clock, outbox, services
from events.cloudflare import RateLimit, RateLimited, Unknown
from events.models import ApiGate, State, Submission
from events.outbox import gate
from events.outbox.deliver import TRIES_MOST
from tests.outbox.support import (
    actions,
    creates,
    pass_time,
    payload,
    person,
    reasons,
    send,
    state,
    unknown,
    work,
)


def asked(sandbox):
    """How many requests of any kind arrived."""
    return len(sandbox.requests)


def outage(ana, sandbox, behaviour="500-before"):
    """As many failures in a row as open the breaker; what was sent meanwhile."""
    sandbox.behave("all", behaviour)
    return [send(ana, event=payload(f"Event {n}")) for n in range(gate.FAILURES_MOST)]


def test_a_pause_only_grows(db):
    """B07."""
    gate.failed(RateLimited("slow down", retry_after=600), create=True)
    before = gate.closed().until
    gate.heed(RateLimit(remaining=3, reset_seconds=2))
    gate.failed(RateLimited("slow down", retry_after=1), create=False)
    assert gate.closed().until == before
    gate.failed(RateLimited("slow down", retry_after=800), create=False)
    assert gate.closed().until > before


def test_a_pause_that_has_ended_does_not_lengthen_the_next(db):
    gate.failed(RateLimited("slow down", retry_after=600), create=True)
    pass_time(minutes=11)
    assert gate.closed() is None
    gate.heed(RateLimit(remaining=0, reset_seconds=2))
    assert gate.closed().until < clock.now() + timedelta(seconds=3)


def test_nothing_at_all_is_asked_during_a_pause(ana, ben, sandbox, known):
    """B08: neither sends nor searches nor sweeps nor looks."""
    submission = unknown(ana, sandbox)
    sandbox.behave("create", "429", times=1, seconds=1)
    waiting = send(ana, event=payload("Waiting"))
    pass_time(minutes=30)
    gate.failed(RateLimited("slow down", retry_after=600), create=True)
    before = asked(sandbox)
    assert send(ben).state == State.READY
    with pytest.raises(services.Conflict):
        services.look_again(person=person(ana), submission=known)
    for _ in range(3):
        work()
    assert asked(sandbox) == before
    pass_time(minutes=11)
    work()
    assert state(waiting) == State.CREATED
    assert Submission.objects.get(pk=submission.pk).negatives == 1


@pytest.mark.parametrize("operation", ["list", "raw"])
def test_a_429_of_any_request_pauses_all(ana, sandbox, known, operation):
    unknown(ana, sandbox, "drop-after")
    sandbox.behave(operation, "429", times=1, seconds=300)
    pass_time(seconds=200)
    work()
    assert gate.closed().kind == gate.Kind.PAUSED
    before = asked(sandbox)
    assert send(ana, event=payload("Later")).state == State.READY
    assert asked(sandbox) == before


def test_a_search_that_was_held_learned_nothing_and_is_made_when_the_way_is_open(
    ana, sandbox, known
):
    submission = unknown(ana, sandbox)
    sandbox.behave("list", "429", times=1, seconds=300)
    pass_time(seconds=200)
    work()
    logged = actions(submission)
    work()
    assert actions(submission) == logged
    pass_time(minutes=6)
    work()
    assert Submission.objects.get(pk=submission.pk).negatives == 1


def test_a_sweep_that_failed_is_made_again_soon(ana, sandbox):
    """B08: it does not count as done for six hours."""
    created = send(ana)
    outbox.work(services.client())
    sandbox.behave("list", "500-before", times=1)
    pass_time(minutes=11)
    work()
    due = Submission.objects.get(pk=created.pk).sweep_at
    assert due < clock.now() + timedelta(minutes=10)


def test_the_breaker_opens_after_failures_in_a_row_and_nothing_is_asked(ana, sandbox):
    outage(ana, sandbox)
    before = asked(sandbox)
    waiting = send(ana, event=payload("During the outage"))
    work()
    assert waiting.state == State.READY
    assert "has not answered" in waiting.outcome_values["detail"]
    assert asked(sandbox) == before


def test_failures_that_are_not_in_a_row_do_not_open_it(ana, sandbox):
    for number in range(gate.FAILURES_MOST * 2):
        if number % 2:
            sandbox.behave("create", "500-before", times=1)
        send(ana, event=payload(f"Event {number}"))
    assert gate.closed() is None


def test_reads_that_are_answered_do_not_hide_creates_that_are_not(ana, sandbox, known):
    for number in range(gate.FAILURES_MOST):
        sandbox.behave("create", "500-before", times=1)
        send(ana, event=payload(f"Event {number}"))
        gate.answered(create=False)
    assert gate.closed().kind == gate.Kind.AWAY


def test_one_process_probes_and_the_first_answer_opens_the_way(ana, sandbox):
    outage(ana, sandbox)
    waiting = send(ana, event=payload("During the outage"))
    sandbox.well()
    pass_time(seconds=6)
    before = asked(sandbox)
    work()
    assert asked(sandbox) > before
    assert state(waiting) == State.CREATED
    assert gate.closed() is None


def test_a_probe_that_fails_is_followed_by_another_only_after_a_while(ana, sandbox):
    outage(ana, sandbox)
    for _ in range(5):
        pass_time(seconds=61)
        before = asked(sandbox)
        for _ in range(3):
            work()
        assert asked(sandbox) == before + 1
    pass_time(hours=2)
    work()
    before = asked(sandbox)
    pass_time(seconds=50)
    work()
    assert asked(sandbox) == before


def test_after_a_probe_the_first_create_that_fails_closes_the_way_again(ana, sandbox):
    """Creates fail, reads are answered: no storm of five at every probe."""
    sandbox.behave("create", "500-before")
    for number in range(gate.FAILURES_MOST):
        send(ana, event=payload(f"Event {number}"))
    for number in range(20):
        send(ana, event=payload(f"Waiting {number}"))
    before = len(creates(sandbox))
    for seconds, more in ((6, 1), (7, 2), (6, 2), (10, 3), (10, 3)):
        pass_time(seconds=seconds)
        work()
        assert len(creates(sandbox)) == before + more
    assert gate.closed().kind == gate.Kind.AWAY


@pytest.mark.django_db(transaction=True)
def test_of_many_processes_one_probes(ana, sandbox):
    outage(ana, sandbox)
    pass_time(seconds=6)
    before, won = asked(sandbox), []

    def one():
        won.append(gate.claim_probe())
        connection.close()

    threads = [Thread(target=one) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert won.count(True) == 1
    assert asked(sandbox) == before


@pytest.mark.parametrize("status", ["401", "403"])
def test_access_that_is_refused_is_the_desk_s_trouble_not_the_event_s(ana, ben, sandbox, status):
    """401 says so at once; of 403, which may be about one event, the second in a row does."""
    sandbox.behave("all", status)
    submission = send(ana)
    if status == "403":
        assert gate.closed() is None
        assert send(ana, event=payload("Another")).state == State.READY
    assert submission.state == State.READY
    assert submission.outcome_values["kind"] == "access_refused"
    assert submission.outcome_values["administrator"]
    assert gate.closed().kind == gate.Kind.ACCESS
    before = len(creates(sandbox))
    assert send(ben).state == State.READY
    for _ in range(4):
        pass_time(minutes=2)
        work()
    assert len(creates(sandbox)) == before
    sandbox.well()
    pass_time(minutes=5)
    work()
    assert set(Submission.objects.values_list("state", flat=True)) == {State.CREATED}
    assert len(creates(sandbox)) == before + Submission.objects.count()


def test_one_event_that_is_always_refused_does_not_hold_up_the_others(ana, ben, sandbox):
    """The probe is answered, so only this one waits, by itself and ever longer."""
    sandbox.behave("create", "403", times=1)
    refused = send(ana)
    work()
    assert gate.closed() is None
    assert send(ben).state == State.CREATED
    assert state(refused) == State.READY
    assert Submission.objects.get(pk=refused.pk).next_at > clock.now() + timedelta(seconds=30)


def test_a_refusal_of_access_after_an_unknown_outcome_waits_and_is_not_taken_back(
    ana, sandbox, known
):
    submission = unknown(ana, sandbox)
    for seconds in (200, 430, 1210):
        pass_time(seconds=seconds)
        work()
    submission.refresh_from_db()
    sandbox.behave("create", "401", times=1)
    again = services.send_again(person=person(ana), submission=submission, reason="again")
    assert again.state == State.READY
    with pytest.raises(services.Conflict):
        services.take_back(person=person(ana), submission=again)


def test_after_many_tries_a_person_s_decision_starts_the_count_anew(ana, sandbox):
    """B10."""
    who = person(ana)
    sandbox.behave("create", "429", seconds=0)
    submission = send(ana)
    Submission.objects.update(tries=TRIES_MOST, attempt=TRIES_MOST, next_at=clock.now())
    pass_time(minutes=1)
    work()
    submission.refresh_from_db()
    assert submission.next_at is None
    services.try_now(person=who, submission=submission)
    pass_time(seconds=1)
    work()
    submission.refresh_from_db()
    assert submission.next_at is not None
    Submission.objects.update(tries=TRIES_MOST)
    submission.refresh_from_db()
    taken = services.take_back(person=who, submission=submission)
    gate.forget()
    ApiGate.objects.update(paused_until=None)
    again = services.send(person=who, token=uuid4(), typed={}, payload=payload(), submission=taken)
    assert again.next_at is not None


def test_after_many_tries_and_an_unknown_outcome_there_is_a_way_on_too(ana, sandbox, known):
    """B10b."""
    submission = unknown(ana, sandbox)
    pass_time(seconds=200)
    submission.refresh_from_db()
    services.declare_absent(person=person(ana), submission=submission, reason="looked")
    Submission.objects.filter(pk=submission.pk).update(tries=TRIES_MOST, attempt=TRIES_MOST)
    submission.refresh_from_db()
    sandbox.behave("create", "429", times=1, seconds=1)
    again = services.send_again(person=person(ana), submission=submission, reason="again")
    assert again.state == State.READY
    assert again.next_at is not None


def test_every_page_says_that_the_api_does_not_answer(as_ana, as_otto, ana, sandbox):
    outage(ana, sandbox)
    for browser, path in ((as_ana, "/"), (as_ana, "/events/new/"), (as_otto, "/events/")):
        page = browser.get(path).content.decode()
        assert "Cloudflare has not answered since" in page, path
    sandbox.well()
    pass_time(seconds=6)
    work()
    assert "Cloudflare has not answered" not in as_ana.get("/events/new/").content.decode()


def test_the_page_of_what_waits_for_access_tells_the_administrator(as_ana, ana, sandbox):
    sandbox.behave("all", "401")
    submission = send(ana)
    page = as_ana.get(f"/events/{submission.pk}/").content.decode()
    assert 'data-state="ready"' in page
    assert "The administrator has to set it right" in page
    assert "refuses this desk's access" in page.replace("&#x27;", "'")


def test_what_was_postponed_says_why_in_the_log(ana, sandbox):
    outage(ana, sandbox)
    waiting = send(ana, event=payload("Later"))
    assert actions(waiting) == ["drafted", "frozen", "deferred"]
    assert "has not answered" in reasons(waiting)[-1]


def test_an_error_without_an_answer_counts_and_one_with_an_answer_does_not(db):
    for _ in range(gate.FAILURES_MOST - 1):
        gate.failed(Unknown("broke off"), create=True)
    gate.failed(RateLimited("slow down"), create=True)
    pass_time(seconds=gate.PAUSE_UNTOLD + 1)
    for _ in range(gate.FAILURES_MOST - 1):
        gate.failed(Unknown("broke off"), create=True)
    assert gate.closed() is None
    gate.failed(Unknown("broke off"), create=True)
    assert gate.closed().kind == gate.Kind.AWAY
