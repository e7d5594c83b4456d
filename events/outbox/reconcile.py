"""Reconciling: what a search for an unknown or created submission means for its state."""

import json
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from events import audit
from events.cloudflare import ApiError, Client
from events.models import State, Submission
from events.outbox.search import Search, search
from events.outbox.transitions import Lost, fact, move

INCONCLUSIVE_WAIT = timedelta(minutes=5)
SWEEP_AFTER = timedelta(minutes=10)
SWEEP_EVERY = timedelta(hours=6)
SWEEP_FOR = timedelta(days=3)


def reconcile(submission: Submission, *, client: Client, actor: audit.Actor) -> Submission:
    """Look for an UNKNOWN (or ABSENT) submission once and record what that showed.

    Found once: CREATED. Found more often: DUPLICATED. Not found as often as `RECONCILE_AFTER`
    says: ABSENT. Nothing is ever sent from here.
    """
    try:
        found = search(submission, client)
    except ApiError as error:
        found = Search(note=error.detail)
    now = timezone.now()
    try:
        with transaction.atomic(durable=True):
            _record(submission, found, actor, now)
    except Lost:
        submission.refresh_from_db()
    return submission


def _record(submission: Submission, found: Search, actor: audit.Actor, now: datetime) -> None:
    if found.matches:
        _there(submission, found, actor, now)
    elif submission.state == State.UNKNOWN:
        _not_found(submission, found, actor, now)
    else:
        _touch(submission, now, next_at=None, swept_at=now)
        if submission.state == State.CREATED and found.is_conclusive:
            reason = f"uuid {submission.event_uuid} was not found there"
            audit.append(
                fact(submission, "submission.looked_for", actor, outcome="failed", reason=reason)
            )


def _there(submission: Submission, found: Search, actor: audit.Actor, now: datetime) -> None:
    uuids = sorted({*found.matches, submission.event_uuid} - {""})
    changes: dict[str, Any] = {"found": json.dumps(uuids), "next_at": None, "swept_at": now}
    if len(uuids) > 1:
        move(submission, State.DUPLICATED, at=now, **changes)
        named = f"there {len(uuids)} times: {', '.join(uuids)}"
        audit.append(fact(submission, "submission.duplicated", actor, reason=named))
        return
    if submission.state == State.CREATED:
        _touch(submission, now, **changes)
        return
    answer = json.dumps(found.matches[uuids[0]])
    changes |= {"event_uuid": uuids[0], "answer": answer, "outcome": '{"kind": "found"}'}
    move(submission, State.CREATED, at=now, **changes)
    audit.append(
        fact(
            submission,
            "submission.found",
            actor,
            reason=f"uuid {uuids[0]}",
            attachments={"answer": answer},
        )
    )


def _not_found(submission: Submission, found: Search, actor: audit.Actor, now: datetime) -> None:
    if not found.is_conclusive:
        _touch(submission, now, next_at=now + _patience(submission, now))
        audit.append(
            fact(submission, "submission.looked_for", actor, outcome="unknown", reason=found.note)
        )
        return
    negatives = submission.negatives + 1
    if negatives < len(settings.RECONCILE_AFTER):
        _touch(submission, now, negatives=negatives, next_at=_next_look(submission, negatives, now))
        reason = f"not found, {negatives} of {len(settings.RECONCILE_AFTER)} times"
        audit.append(fact(submission, "submission.looked_for", actor, reason=reason))
        return
    move(submission, State.ABSENT, at=now, negatives=negatives, next_at=None, swept_at=now)
    audit.append(
        fact(submission, "submission.absent", actor, reason=f"not found {negatives} times")
    )


def _patience(submission: Submission, now: datetime) -> timedelta:
    """How long after a search that proved nothing: longer, the longer it has been in vain."""
    age = now - (submission.unknown_since or now)
    return min(max(age / 4, INCONCLUSIVE_WAIT), SWEEP_EVERY)


def _next_look(submission: Submission, negatives: int, now: datetime) -> datetime:
    """When to look again after so many searches in vain.

    The gaps between the looks are kept even if the worker was away, because looks in quick
    succession would all ask the same stale list.
    """
    after = settings.RECONCILE_AFTER
    since = submission.unknown_since or now
    gap = timedelta(seconds=after[negatives] - after[negatives - 1])
    return max(since + timedelta(seconds=after[negatives]), now + gap)


def _touch(submission: Submission, now: datetime, **changes: Any) -> None:
    """Write what was learned without changing the state. Raises `Lost` like `move`."""
    rows = Submission.objects.filter(
        pk=submission.pk, state=submission.state, version=submission.version
    ).update(version=submission.version + 1, **changes)
    if rows != 1:
        raise Lost(submission.pk)
    submission.version += 1
    for name, value in changes.items():
        setattr(submission, name, value)
