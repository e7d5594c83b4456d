"""Dispatching: from a text to frozen bytes that are claimed for sending, in one statement."""

import json
from datetime import datetime
from typing import Any, NamedTuple

from django.db import connection

from events import audit, rows
from events.models import State, Submission
from events.outbox import gate
from events.outbox.freeze import frozen, lease_until
from events.outbox.transitions import check_path, fact, move
from events.payload import EventCreate

BUSY = "Many sends are under way: this one goes as soon as there is room."
MAY_BE_A_COPY = (
    "This desk was restored, or stood still: the event is looked for before its first send."
)
_COLUMNS = tuple(field.attname for field in Submission._meta.concrete_fields)


def dispatch(
    submission: Submission,
    payload: EventCreate,
    *,
    actor: audit.Actor,
    now: datetime,
    action: str = "submission.frozen",
    reason: str = "",
    is_busy: bool = False,
    **changes: Any,
) -> list[audit.Fact]:
    """∅, DRAFT, REJECTED or ABSENT → READY → SENDING, inside the caller's transaction.

    It stays READY, for the worker, while the gate is closed, if a desk of which this one is a copy
    may have sent it, or if it `is_busy` here. A submission that is not stored yet is inserted:
    `IntegrityError` if its id is taken. Returns what is to be logged. Raises `Lost` and `TooLarge`.
    """
    changes |= frozen(payload, submission)
    held = _held(submission, is_busy)
    path: tuple[State, ...] = (State.READY,)
    if held is None:
        path = (State.READY, State.SENDING)
        changes |= {"attempt": submission.attempt + 1, "tries": 1, "next_at": None}
        changes |= {"lease_until": lease_until(now)}
    else:
        next_at = max(now, held.until or now)
        outcome = {"kind": held.kind, "detail": held.detail}
        changes |= {"tries": 0, "next_at": next_at, "outcome": json.dumps(outcome)}
    facts = []
    if submission._state.adding:
        facts.append(fact(submission, "submission.drafted", actor))
        _insert(submission, path, now, changes)
    else:
        move(submission, *path, at=now, **changes)
    facts.append(_frozen(submission, payload, actor, action, reason))
    if held is None:
        facts.append(fact(submission, "submission.sending", actor))
    else:
        facts.append(
            fact(submission, "submission.deferred", actor, outcome="failed", reason=held.detail)
        )
    return facts


class _Hold(NamedTuple):
    """Why something is not sent at once, and until when at least."""

    kind: str
    detail: str
    until: datetime | None = None


def _held(submission: Submission, is_busy: bool) -> _Hold | None:
    if closed := gate.closed():
        is_pause = closed.kind is gate.Kind.PAUSED
        return _Hold(closed.kind, closed.sentence, closed.until if is_pause else None)
    if not submission._state.adding and gate.must_be_looked_for(
        submission.created_at, submission.searched_at
    ):
        return _Hold("copy", MAY_BE_A_COPY)
    return _Hold("busy", BUSY) if is_busy else None


def _insert(
    submission: Submission, path: tuple[State, ...], now: datetime, changes: dict[str, Any]
) -> None:
    check_path(State.DRAFT, *path)
    for name, value in changes.items():
        setattr(submission, name, value)
    submission.state = path[-1]
    submission.created_at = submission.updated_at = now
    with connection.cursor() as cursor:
        values = [getattr(submission, name) for name in _COLUMNS]
        rows.insert(cursor, Submission, _COLUMNS, [values])
    submission._state.adding = False


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
