"""The worker's rounds: what a request could not finish is taken up here, one claim at a time."""

from collections.abc import Iterator
from datetime import datetime

from django.db import connection, transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from events import audit
from events.cloudflare import Client
from events.models import State, Submission
from events.outbox import pace
from events.outbox.deliver import claim, deliver, first_look
from events.outbox.freeze import lease_until
from events.outbox.reconcile import SWEEP_AFTER, SWEEP_EVERY, SWEEP_FOR, reconcile
from events.outbox.transitions import Lost, fact, move

WORKER = audit.Actor.system("worker")


def work(client: Client) -> Iterator[Submission]:
    """One round: each submission that was moved. Stop iterating to stop between two of them."""
    yield from _expired()
    while (submission := _claim_ready()) is not None:
        yield deliver(submission, client=client, actor=WORKER)
    while (submission := _claim_unknown()) is not None:
        yield reconcile(submission, client=client, actor=WORKER)
    while (submission := _claim_sweep()) is not None:
        yield reconcile(submission, client=client, actor=WORKER)


def _expired() -> Iterator[Submission]:
    """SENDING whose lease ran out: the process died, nobody knows whether the request arrived."""
    while True:
        with transaction.atomic(durable=True):
            now = timezone.now()
            lost = _lock(
                Submission.objects.filter(state=State.SENDING, lease_until__lt=now)
            ).first()
            if lost is None:
                return
            _to_unknown(lost, now)
        yield lost


def _to_unknown(submission: Submission, now: datetime) -> None:
    move(
        submission,
        State.UNKNOWN,
        at=now,
        lease_until=None,
        unknown_since=now,
        negatives=0,
        next_at=now + first_look(),
        outcome='{"kind": "interrupted"}',
    )
    reason = "sending was interrupted before the answer was recorded"
    audit.append(fact(submission, "submission.unknown", WORKER, outcome="unknown", reason=reason))


def _claim_ready() -> Submission | None:
    with transaction.atomic(durable=True):
        now = timezone.now()
        if pace.paused_until(now):
            return None
        due = _lock(Submission.objects.filter(state=State.READY, next_at__lte=now)).first()
        if due is None:
            return None
        try:
            audit.append(claim(due, actor=WORKER, now=now))
        except Lost:
            return None
        return due


def _claim_unknown() -> Submission | None:
    """An UNKNOWN that is due; pushed back by a lease, so that no two workers look at once."""
    now = timezone.now()
    return _claim(Submission.objects.filter(state=State.UNKNOWN, next_at__lte=now), "next_at")


def _claim_sweep() -> Submission | None:
    """What is CREATED or ABSENT here, compared with what is there, now and then for some days."""
    now = timezone.now()
    recent = Submission.objects.filter(
        Q(swept_at__isnull=True) | Q(swept_at__lt=now - SWEEP_EVERY),
        state__in=(State.CREATED, State.ABSENT),
        updated_at__gt=now - SWEEP_FOR,
        updated_at__lt=now - SWEEP_AFTER,
    )
    return _claim(recent, "swept_at")


def _claim(due: "QuerySet[Submission]", column: str) -> Submission | None:
    with transaction.atomic(durable=True):
        submission = _lock(due).first()
        if submission is None:
            return None
        until = lease_until(timezone.now())
        Submission.objects.filter(pk=submission.pk).update(**{column: until})
        setattr(submission, column, until)
        return submission


def _lock(rows: "QuerySet[Submission]") -> "QuerySet[Submission]":
    """Rows that no other worker holds. SQLite needs nothing: its transaction is the only one."""
    ordered = rows.order_by("next_at", "updated_at")
    if connection.features.has_select_for_update_skip_locked:
        return ordered.select_for_update(skip_locked=True)
    return ordered
