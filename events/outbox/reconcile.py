"""Reconciling: what a search for a submission means for its state. Nothing is ever sent from here.

Looked for are UNKNOWN submissions; what waits and may have been sent by a desk of which this one is
a copy; and, now and then, what is settled: CREATED and ABSENT ones, and what was refused after an
earlier send had come to an unknown end.
"""

import json
import logging
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import transaction

from events import audit, clock
from events.cloudflare import ApiError
from events.models import PRIVATE, State, Submission
from events.outbox import locked
from events.outbox.api import Api
from events.outbox.gate import Held
from events.outbox.look import look
from events.outbox.returned import Event, columns_of, strictest, told_marking_of, wire_of
from events.outbox.search import Search, search
from events.outbox.sweeps import SWEEP_EVERY, is_time_to_look, next_sweep
from events.outbox.transitions import Lost, fact, move, touch

INCONCLUSIVE_WAIT = timedelta(minutes=5)

log = logging.getLogger("events.outbox")

Write = Callable[[], None]


def reconcile(submission: Submission, *, api: Api, actor: audit.Actor) -> Submission:
    """Look for an UNKNOWN submission once and record what that showed.

    Found once: CREATED. Found more often: DUPLICATED. Not found as often as `RECONCILE_AFTER`
    says: ABSENT.
    """
    found = _searched(submission, api, actor)
    if isinstance(found, Held):
        return _put_off(submission, "next_at", found)
    return _recorded(submission, lambda: _record_unknown(submission, found, actor))


def look_first(submission: Submission, *, api: Api, actor: audit.Actor) -> Submission:
    """Look for a READY submission that another desk may have sent; not found, it may go."""
    found = _searched(submission, api, actor)
    if isinstance(found, Held):
        return _put_off(submission, "next_at", found)
    return _recorded(submission, lambda: _record_waiting(submission, found, actor))


def sweep(submission: Submission, *, api: Api, actor: audit.Actor) -> Submission:
    """Compare what is settled with what is there; a sweep that fails is made again soon."""
    is_sure = submission.state == State.CREATED and submission.unknown_since is None
    found = _searched(submission, api, actor, is_thorough=not is_sure)
    if is_sure and isinstance(found, Search) and _is_blind(submission, found):
        # Not even the event that is there is found this way: others would not be either.
        found = _searched(submission, api, actor)
    if isinstance(found, Held):
        return _put_off(submission, "sweep_at", found)
    swept = _recorded(submission, lambda: _record_sweep(submission, found, actor))
    if swept.state != State.CREATED or found.has_failed:
        return swept
    if _is_blind(swept, found) or is_time_to_look(swept.updated_at, swept.looked_at, clock.now()):
        return look(swept, api=api, actor=actor)
    return swept


def settle_found(submission: Submission, events: dict[str, Event], *, actor: audit.Actor) -> None:
    """Record that `events`, by uuid, bear the mark of `submission`, as if a search had found them.

    CREATED, or DUPLICATED if they are several or another one is known. Raises `Lost`.
    """
    with transaction.atomic(durable=True):
        _there(submission, Search(matches=events), actor, clock.now())


def _is_blind(submission: Submission, found: Search) -> bool:
    """Whether a search was answered and did not even find the event that is there for certain."""
    return not found.has_failed and submission.event_uuid.lower() not in found.matches


def _searched(
    submission: Submission, api: Api, actor: audit.Actor, *, is_thorough: bool = True
) -> Search | Held:
    """What a search showed; trouble with the API proves nothing, and the note says so.

    Nor does a search by a text that is not what was sent: that is put right first.
    """
    if doubt := _put_right(submission, actor):
        return Search(note=doubt, has_failed=True)
    try:
        return search(submission, api, is_thorough=is_thorough)
    except Held as held:
        return held
    except ApiError as error:
        return Search(note=error.detail, has_failed=True)


def _put_right(submission: Submission, actor: audit.Actor) -> str:
    """Make the row what was locked, if it is not; why that cannot be done, empty if it can."""
    found = locked.alteration(submission)
    if found is None or not locked.is_known_here(submission):
        return ""
    if found.locked is None:
        log.critical("submission %s cannot be looked for: %s", submission.pk, found.reason)
        return found.reason
    _recorded(submission, lambda: locked.put_back(submission, found, actor))
    return ""


def _recorded(submission: Submission, write: Write) -> Submission:
    try:
        with transaction.atomic(durable=True):
            write()
    except Lost:
        submission.refresh_from_db()
    return submission


def _put_off(submission: Submission, column: str, held: Held) -> Submission:
    """Nothing was asked, so nothing was learned: it is looked for when the way is open."""
    return _recorded(submission, lambda: touch(submission, **{column: held.until}))


def _record_unknown(submission: Submission, found: Search, actor: audit.Actor) -> None:
    now = clock.now()
    if found.matches:
        _there(submission, found, actor, now)
    elif not found.is_conclusive:
        touch(submission, next_at=now + _patience(submission.unknown_since, now))
        _log(submission, actor, found.note, outcome="unknown")
    elif submission.negatives + 1 < len(settings.RECONCILE_AFTER):
        negatives = submission.negatives + 1
        touch(submission, negatives=negatives, next_at=_next_look(submission, negatives, now))
        _log(submission, actor, f"not found, {negatives} of {len(settings.RECONCILE_AFTER)} times")
    elif submission.found_uuids:
        # A late answer named it, so it was created, though the list does not show it.
        _there(submission, found, actor, now)
    else:
        _absent(submission, actor, now)


def _absent(submission: Submission, actor: audit.Actor, now: datetime) -> None:
    negatives = submission.negatives + 1
    move(
        submission,
        State.ABSENT,
        at=now,
        negatives=negatives,
        next_at=None,
        searched_at=now,
        sweep_at=now + SWEEP_EVERY,
    )
    audit.append(
        fact(submission, "submission.absent", actor, reason=f"not found {negatives} times")
    )


def _record_waiting(submission: Submission, found: Search, actor: audit.Actor) -> None:
    now = clock.now()
    if found.matches:
        _there(submission, found, actor, now)
    elif found.is_conclusive:
        touch(submission, searched_at=now, next_at=now)
        _log(submission, actor, "not found: it was not sent before")
    else:
        touch(submission, next_at=now + _patience(submission.updated_at, now))
        _log(submission, actor, found.note, outcome="unknown")


def _record_sweep(submission: Submission, found: Search, actor: audit.Actor) -> None:
    now = clock.now()
    if found.matches:
        _there(submission, found, actor, now)
    elif found.has_failed:
        touch(submission, sweep_at=now + _patience(submission.updated_at, now))
    else:
        touch(submission, sweep_at=next_sweep(submission.updated_at, now))


def _there(submission: Submission, found: Search, actor: audit.Actor, now: datetime) -> None:
    """It is there: once as far as is known, or more often."""
    known = {*found.matches, *submission.found_uuids, submission.event_uuid}
    uuids = sorted({uuid.lower() for uuid in known} - {""})
    changes: dict[str, Any] = {"found": json.dumps(uuids), "next_at": None, "lease_until": None}
    if submission.state not in {State.CREATED, State.DUPLICATED}:
        changes |= _told(submission, found)
    if len(uuids) > 1:
        if submission.state == State.DUPLICATED:
            touch(submission, **changes)
        else:
            move(submission, State.DUPLICATED, at=now, sweep_at=None, **changes)
        named = f"there {len(uuids)} times: {', '.join(uuids)}"
        audit.append(fact(submission, "submission.duplicated", actor, reason=named))
        return
    if submission.state == State.CREATED:
        touch(submission, sweep_at=next_sweep(submission.updated_at, now), **changes)
        return
    event = found.matches.get(uuids[0], {"uuid": uuids[0]})
    answer = json.dumps(event)
    changes |= {
        "event_uuid": str(event["uuid"]),
        "answer": answer,
        "outcome": '{"kind": "found"}',
    }
    move(submission, State.CREATED, at=now, sweep_at=next_sweep(now, now), **changes)
    audit.append(
        fact(
            submission,
            "submission.found",
            actor,
            reason=f"uuid {uuids[0]}",
            attachments={"answer": answer},
        )
    )


def _told(submission: Submission, found: Search) -> dict[str, Any]:
    """What the events that were found say of themselves, where that is not known here.

    What a draft shows in lists is text that nobody was shown yet, and not what was sent: it gives
    way to what the event says. Of all labels the strictest counts: of the events, of what was sent,
    and of the draft, whose older text may bear a weaker label than the event.
    """
    event = next(iter(found.matches.values()), None)
    if event is None:
        return {}
    there = [told_marking_of(each) for each in found.matches.values()]
    wire = wire_of(submission) if submission.body is not None else {}
    sent = [told_marking_of(wire), told_marking_of(wire.get("raw") or {})]
    is_typed = submission.body is None or submission.state in PRIVATE
    columns = columns_of(event, submission.dataset_id) if is_typed else {}
    return columns | {"tlp": strictest(submission.marking, *there, *sent).value}


def _log(
    submission: Submission, actor: audit.Actor, reason: str, outcome: audit.Outcome = "ok"
) -> None:
    audit.append(fact(submission, "submission.looked_for", actor, outcome=outcome, reason=reason))


def _patience(since: datetime | None, now: datetime) -> timedelta:
    """How long after a search that proved nothing: longer, the longer it has been in vain."""
    age = now - (since or now)
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
