"""Delivering: one POST for a claimed submission, and what each answer means for its state."""

import json
import random
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from events import audit
from events.cloudflare import ApiError, Client, Created, NotSent, RateLimited, Refused
from events.models import State, Submission
from events.outbox import pace
from events.outbox.freeze import lease_until
from events.outbox.transitions import Lost, fact, move

BACKOFF_FIRST = 5.0
BACKOFF_MOST = 300.0
RETRY_AFTER_MOST = 900.0
# With waits of up to five minutes this is about a day.
ATTEMPTS_MOST = 300


def claim(submission: Submission, *, actor: audit.Actor, now: datetime) -> audit.Fact:
    """READY → SENDING with a lease, inside the caller's transaction. Raises `Lost`."""
    move(
        submission,
        State.SENDING,
        at=now,
        attempt=submission.attempt + 1,
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
        created = client.create_event(bytes(submission.body))
    except ApiError as error:
        settled = _settle(submission, actor, _after_error(submission, error, timezone.now()))
        pace.heed_refusal(error)
        return settled
    settled = _settle(submission, actor, _after_created(created))
    pace.heed(created.rate)
    return settled


def _must_fit(lease_until: datetime) -> None:
    """Raise `NotSent` unless the whole exchange ends within the lease.

    A process that was stopped since its claim (a laptop that slept, a machine that swapped) would
    send what others already look for, or have given up.
    """
    if timezone.now() + timedelta(seconds=settings.CLOUDFLARE.deadline) > lease_until:
        raise NotSent("This machine was too slow to send within the time set aside for it.")


Settlement = tuple[State, dict[str, Any], str, dict[str, Any]]


def _settle(submission: Submission, actor: audit.Actor, settlement: Settlement) -> Submission:
    """One transaction: the transition and its entry. A lost lease leaves the row to its finder."""
    to, changes, action, details = settlement
    try:
        with transaction.atomic(durable=True):
            move(submission, to, at=timezone.now(), lease_until=None, **changes)
            audit.append(fact(submission, action, actor, **details))
    except Lost:
        submission.refresh_from_db()
    return submission


def _after_created(created: Created) -> Settlement:
    answer = json.dumps(created.event)
    changes = {
        "event_uuid": created.uuid,
        "answer": answer,
        "outcome": json.dumps({"kind": "created", "status": created.status}),
        "next_at": None,
        # A sweep comes soon, also if one was made before a person sent again.
        "swept_at": None,
    }
    details = {
        "status": created.status,
        "cf_ray": created.cf_ray,
        "reason": f"uuid {created.uuid}",
        "attachments": {"answer": answer},
    }
    return State.CREATED, changes, "submission.created", details


def _after_error(submission: Submission, error: ApiError, now: datetime) -> Settlement:
    match error:
        case Refused():
            to, action, outcome, next_at = State.REJECTED, "submission.refused", "failed", None
        case RateLimited() | NotSent():
            to, action, outcome = State.READY, "submission.deferred", "failed"
            next_at = _next_try(error, submission.attempt, now)
        case _:
            to, action, outcome = State.UNKNOWN, "submission.unknown", "unknown"
            next_at = now + first_look()
    changes: dict[str, Any] = {"outcome": outcome_text(error), "next_at": next_at}
    if to is State.UNKNOWN:
        changes |= {"unknown_since": now, "negatives": 0}
    details = {
        "outcome": outcome,
        "reason": error.detail,
        "status": error.status,
        "cf_ray": error.cf_ray,
    }
    return to, changes, action, details


def outcome_text(error: ApiError) -> str:
    """The error for the submission's page, as ASCII JSON."""
    kinds = {Refused: "refused", RateLimited: "rate_limited", NotSent: "not_sent"}
    return json.dumps(
        {
            "kind": next(
                (name for kind, name in kinds.items() if isinstance(error, kind)), "unknown"
            ),
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


def _next_try(error: ApiError, attempt: int, now: datetime) -> datetime | None:
    """When to try again; None after `ATTEMPTS_MOST`, when only a person goes on."""
    return now + wait_after(error, attempt) if attempt < ATTEMPTS_MOST else None


def wait_after(error: ApiError, attempt: int) -> timedelta:
    """How long to leave a submission that was not processed: as the API asks, else doubling.

    Jitter of up to a quarter is added, never taken away, so that many do not return at once.
    """
    if isinstance(error, RateLimited) and error.retry_after is not None:
        seconds = min(max(error.retry_after, 1.0), RETRY_AFTER_MOST)
    else:
        seconds = min(BACKOFF_FIRST * 2 ** min(attempt - 1, 10), BACKOFF_MOST)
    return timedelta(seconds=seconds * (1 + random.random() / 4))  # noqa: S311 (not a secret)


__all__ = ["claim", "deliver", "first_look", "outcome_text", "quiet", "wait_after"]
