"""Claims: what is due is taken by one worker at a time, in a transaction of its own."""

import json
from collections.abc import Iterator

from django.db import connection, transaction
from django.db.models import Q, QuerySet

from events import audit, clock
from events.audit.alterations import ALTERED
from events.models import State, Submission
from events.outbox import locked
from events.outbox.deliver import claim, first_look, quiet
from events.outbox.freeze import lease_until
from events.outbox.gate import looks_begin_at
from events.outbox.transitions import Lost, fact, move

WORKER = audit.Actor.system("worker")


def expired() -> Iterator[Submission]:
    """SENDING whose lease ran out: the process died, nobody knows whether the request arrived."""
    while (due := _lost()).exists():
        with transaction.atomic(durable=True):
            lost = _lock(due).first()
            if lost is None:
                return
            to_unknown(lost)
        yield lost


def to_unknown(submission: Submission) -> None:
    """SENDING → UNKNOWN, inside the caller's transaction. Raises `Lost`."""
    now = clock.now()
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


def to_send() -> Submission | None:
    """A READY that is due, claimed for sending; one that is not as it was locked is stopped."""
    ready = _ready().exclude(_may_be_a_copy())
    while ready.exists():
        with transaction.atomic(durable=True):
            due = _lock(ready).first()
            if due is None:
                return None
            try:
                if altered := locked.false_wait(due):
                    _stop(due, altered)
                    continue
                audit.append(claim(due, actor=WORKER, now=clock.now()))
            except Lost:
                return None
            return due
    return None


def _stop(submission: Submission, altered: locked.Alteration) -> None:
    """READY → REJECTED, inside the caller's transaction: a person looks at it. Raises `Lost`."""
    now, evidence = clock.now(), locked.evidence_of(submission)
    changes = locked.restored(submission, altered.locked) if altered.locked else {}
    if submission.unknown_since is not None:
        changes["sweep_at"] = now + first_look()
    outcome = {
        "kind": "altered",
        "detail": altered.reason,
        "is_put_back": altered.locked is not None,
    }
    move(
        submission,
        State.REJECTED,
        at=now,
        next_at=None,
        outcome=json.dumps(outcome),
        **changes,
    )
    audit.append(locked.alarm(submission, altered, WORKER, evidence, ALTERED))


def to_look_first() -> Submission | None:
    """A READY that another desk may have sent, pushed back by a lease."""
    begin = looks_begin_at()
    if begin is None or clock.now() < begin + quiet():
        return None
    return _pushed_back(_ready().filter(_may_be_a_copy()), "next_at")


def to_search() -> Submission | None:
    """An UNKNOWN that is due; pushed back by a lease, so that no two workers look at once."""
    due = Submission.objects.filter(state=State.UNKNOWN, next_at__lte=clock.now())
    return _pushed_back(due, "next_at")


def to_sweep() -> Submission | None:
    """What is settled and due to be compared with what is there, the longest due first."""
    due = Submission.objects.filter(sweep_at__lte=clock.now())
    return _pushed_back(due, "sweep_at")


def _lost() -> "QuerySet[Submission]":
    return Submission.objects.filter(state=State.SENDING, lease_until__lt=clock.now())


def _ready() -> "QuerySet[Submission]":
    return Submission.objects.filter(state=State.READY, next_at__lte=clock.now())


def _may_be_a_copy() -> Q:
    """`gate.must_be_looked_for`, as a condition."""
    begin = looks_begin_at()
    if begin is None:
        return Q(pk__isnull=True)
    return Q(created_at__lt=begin) & (Q(searched_at=None) | Q(searched_at__lt=begin))


def _pushed_back(due: "QuerySet[Submission]", column: str) -> Submission | None:
    if not due.exists():
        return None
    with transaction.atomic(durable=True):
        submission = _lock(due, column).first()
        if submission is None:
            return None
        until = lease_until(clock.now())
        Submission.objects.filter(pk=submission.pk).update(**{column: until})
        setattr(submission, column, until)
        return submission


def _lock(rows: "QuerySet[Submission]", order: str = "next_at") -> "QuerySet[Submission]":
    """Rows that no other worker holds. SQLite needs nothing: its transaction is the only one."""
    ordered = rows.order_by(order)
    if connection.features.has_select_for_update_skip_locked:
        return ordered.select_for_update(skip_locked=True)
    return ordered
