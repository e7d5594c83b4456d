"""Delivering: one POST for a claimed submission, and what each answer means for its state."""

import json
import logging
import random
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import DatabaseError

from events import audit, clock
from events.cloudflare import ApiError, Client, Created, NotSent, RateLimited, Refused
from events.models import State, Submission
from events.outbox import gate
from events.outbox.freeze import lease_until
from events.outbox.settle import Said, settle
from events.outbox.sweeps import first_sweep
from events.outbox.transitions import fact, move

BACKOFF_FIRST = 5.0
BACKOFF_MOST = 300.0
# A desk that is refused gains nothing by asking often.
REFUSED_FIRST = 60.0
RETRY_AFTER_MOST = 900.0
# With waits of up to five minutes this is about a day.
TRIES_MOST = 300

log = logging.getLogger("events.outbox")


def claim(submission: Submission, *, actor: audit.Actor, now: datetime) -> audit.Fact:
    """READY → SENDING with a lease, inside the caller's transaction. Raises `Lost`."""
    move(
        submission,
        State.SENDING,
        at=now,
        attempt=submission.attempt + 1,
        tries=submission.tries + 1,
        lease_until=lease_until(now),
        next_at=None,
    )
    return fact(submission, "submission.sending", actor)


def deliver(submission: Submission, *, client: Client, actor: audit.Actor) -> Submission:
    """Send a claimed submission once, outside any transaction, and record what came of it.

    Returns the submission as it is now. Never raises for anything the API or the network does.
    """
    if submission.body is None or submission.lease_until is None:
        raise ValueError("nothing is frozen and claimed")
    try:
        _must_fit(submission.lease_until)
        answer: Created | ApiError = client.create_event(bytes(submission.body))
    except ApiError as error:
        answer = error
    settled = settle(submission, actor, _said(submission, answer, clock.now()))
    try:
        _tell_gate(answer)
    except DatabaseError as error:
        log.warning("the gate was not told: %s", type(error).__name__)
    return settled


def _must_fit(lease_until: datetime) -> None:
    """Raise `NotSent` unless the whole exchange ends within the lease.

    A process that was stopped since its claim (a laptop that slept, a machine that swapped) would
    send what others already look for, or have given up.
    """
    if clock.now() + timedelta(seconds=settings.CLOUDFLARE.deadline) > lease_until:
        raise TooSlow("This machine was too slow to send within the time set aside for it.")


class TooSlow(NotSent):
    """Nothing was sent, and the API is not to blame."""


def _tell_gate(answer: Created | ApiError) -> None:
    if isinstance(answer, Created):
        gate.answered(create=True)
        gate.heed(answer.rate)
    elif not isinstance(answer, TooSlow):
        gate.failed(answer, create=True)


def _said(submission: Submission, answer: Created | ApiError, now: datetime) -> Said:
    if isinstance(answer, Created):
        return _after_created(answer, now)
    return _after_error(submission, answer, now)


def _after_created(created: Created, now: datetime) -> Said:
    answer = json.dumps(created.event)
    changes = {
        "event_uuid": created.uuid,
        "answer": answer,
        "outcome": json.dumps({"kind": "created", "status": created.status}),
        "next_at": None,
        "sweep_at": first_sweep(now),
    }
    details = {
        "status": created.status,
        "cf_ray": created.cf_ray,
        "reason": f"uuid {created.uuid}",
        "attachments": {"answer": answer},
    }
    return Said(State.CREATED, "submission.created", changes, details, created.uuid)


def _after_error(submission: Submission, error: ApiError, now: datetime) -> Said:
    changes: dict[str, Any] = {"outcome": outcome_text(error), "next_at": None}
    outcome: audit.Outcome = "failed"
    if isinstance(error, RateLimited | NotSent) or gate.is_access_refused(error):
        to, action = State.READY, "submission.deferred"
        changes["next_at"] = _next_try(error, submission.tries, now)
    elif isinstance(error, Refused):
        to, action = State.REJECTED, "submission.refused"
        if submission.unknown_since is not None:
            changes["sweep_at"] = now + first_look()
    else:
        to, action, outcome = State.UNKNOWN, "submission.unknown", "unknown"
        changes |= {"unknown_since": now, "negatives": 0, "next_at": now + first_look()}
    details = {
        "outcome": outcome,
        "reason": error.detail,
        "status": error.status,
        "cf_ray": error.cf_ray,
    }
    return Said(to, action, changes, details)


def outcome_text(error: ApiError) -> str:
    """The error for the submission's page, as ASCII JSON."""
    kinds = {Refused: "refused", RateLimited: "rate_limited", NotSent: "not_sent"}
    kind = next((name for kind, name in kinds.items() if isinstance(error, kind)), "unknown")
    return json.dumps(
        {
            "kind": "access_refused" if gate.is_access_refused(error) else kind,
            "status": error.status,
            "detail": error.detail,
            "problems": [{"message": p.message, "code": p.code} for p in error.problems],
            "cf_ray": error.cf_ray,
            "administrator": getattr(error, "for_administrator", False)
            or getattr(error, "configuration", False),
        }
    )


def quiet() -> timedelta:
    """How long an UNKNOWN is left alone before it is looked for.

    A request that was cut off may still be carried out this late: without the wait, the search
    comes too early and says "not there" of an event that is about to be.
    """
    return timedelta(seconds=settings.RECONCILE_QUIET)


def first_look() -> timedelta:
    """How long after the outcome became unknown an event is looked for the first time."""
    return max(quiet(), timedelta(seconds=settings.RECONCILE_AFTER[0]))


def _next_try(error: ApiError, tries: int, now: datetime) -> datetime | None:
    """When to try again; None after `TRIES_MOST`, when only a person goes on."""
    return now + wait_after(error, tries) if tries < TRIES_MOST else None


def wait_after(error: ApiError, tries: int) -> timedelta:
    """How long to leave a submission that was not processed: as the API asks, else doubling.

    Jitter of up to a quarter is added, never taken away, so that many do not return at once.
    """
    if isinstance(error, RateLimited) and error.retry_after is not None:
        seconds = min(max(error.retry_after, 1.0), RETRY_AFTER_MOST)
    else:
        first = REFUSED_FIRST if isinstance(error, Refused) else BACKOFF_FIRST
        seconds = min(first * 2 ** min(max(tries - 1, 0), 10), BACKOFF_MOST)
    return timedelta(seconds=seconds * (1 + random.random() / 4))  # noqa: S311 (not a secret)


__all__ = ["claim", "deliver", "first_look", "outcome_text", "quiet", "wait_after"]
