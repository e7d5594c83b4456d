"""Dispatching: from a text to frozen bytes that are claimed for sending, in one statement."""

import json
from datetime import datetime
from typing import Any

from events import audit
from events.models import State, Submission
from events.outbox.freeze import frozen, lease_until
from events.outbox.pace import paused_until
from events.outbox.transitions import check_path, fact, move
from events.payload import EventCreate

PAUSED = "The API's rate limit is used up."


def dispatch(
    submission: Submission,
    payload: EventCreate,
    *,
    actor: audit.Actor,
    now: datetime,
    action: str = "submission.frozen",
    reason: str = "",
    **changes: Any,
) -> list[audit.Fact]:
    """∅, DRAFT, REJECTED or ABSENT → READY → SENDING, inside the caller's transaction.

    While the API's rate limit is used up it stays READY with a time to go. A submission that is
    not stored yet is inserted: `IntegrityError` if its id is taken. Returns what is to be logged.
    Raises `Lost` and `TooLarge`.
    """
    changes |= frozen(payload, submission)
    until = paused_until(now)
    path: tuple[State, ...] = (State.READY,)
    if until is None:
        path = (State.READY, State.SENDING)
        changes |= {"attempt": submission.attempt + 1, "lease_until": lease_until(now)}
        changes |= {"next_at": None}
    else:
        outcome = json.dumps({"kind": "rate_limited", "detail": PAUSED})
        changes |= {"next_at": until, "outcome": outcome}
    facts = []
    if submission._state.adding:
        facts.append(fact(submission, "submission.drafted", actor))
        _insert(submission, path, now, changes)
    else:
        move(submission, *path, at=now, **changes)
    facts.append(_frozen(submission, payload, actor, action, reason))
    if until is None:
        facts.append(fact(submission, "submission.sending", actor))
    else:
        facts.append(
            fact(submission, "submission.deferred", actor, outcome="failed", reason=PAUSED)
        )
    return facts


def _insert(
    submission: Submission, path: tuple[State, ...], now: datetime, changes: dict[str, Any]
) -> None:
    check_path(State.DRAFT, *path)
    for name, value in changes.items():
        setattr(submission, name, value)
    submission.state = path[-1]
    submission.created_at = submission.updated_at = now
    submission.save(force_insert=True)


def _frozen(
    submission: Submission, payload: EventCreate, actor: audit.Actor, action: str, reason: str
) -> audit.Fact:
    return fact(
        submission,
        action,
        actor,
        reason=reason,
        attachments={"payload": bytes(submission.body or b"").decode()},
        terms=tuple(row.value for row in payload.rows),
    )
