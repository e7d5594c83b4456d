"""What people do with submissions: each verb checks permission and state, acts, and is logged."""

import json
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils import timezone

from events import audit, outbox
from events.models import EDITABLE, AuditEntry, FormToken, State, Submission
from events.payload import EventCreate, Tlp
from events.services.api import client
from events.services.people import NotAllowed, Person

SEND = "events.send_submission"
WRITE = "events.add_submission"
SEND_WINDOW = timedelta(minutes=5)


class Conflict(Exception):
    """The submission changed meanwhile; the text tells the person."""


class TooMany(Exception):
    """The person sends faster than people do; the text says when to go on."""


class _Spent(Exception):
    """This form has been sent before."""


def save_draft(
    *, person: Person, token: UUID, typed: dict[str, Any], submission: Submission | None = None
) -> Submission:
    """Keep what was typed. Nothing is sent.

    The same `token` saves into the same submission. Raises `NotAllowed`, and `Conflict` if the
    submission is no longer a draft.
    """
    person.must(WRITE)
    with transaction.atomic():
        draft, is_new = _draft(person, token, submission)
        now = timezone.now()
        _type(draft, typed, now)
        _store(draft, is_new=is_new)
        FormToken.objects.get_or_create(token=token, defaults={"submission": draft})
        if is_new:
            audit.append(outbox.fact(draft, "submission.drafted", person.actor))
    return draft


def send(
    *,
    person: Person,
    token: UUID,
    typed: dict[str, Any],
    payload: EventCreate,
    submission: Submission | None = None,
) -> Submission:
    """Send what was typed, once per form.

    Returns the submission in whatever state it got to; trouble with the API is a state, not an
    exception. The same `token` again returns the same submission and sends nothing. Raises
    `NotAllowed`, `Conflict`, `TooMany` and `outbox.TooLarge`.
    """
    person.must(SEND)
    try:
        with transaction.atomic():
            draft = _freeze_and_claim(person, token, typed, payload, submission)
    except (_Spent, IntegrityError):
        return _sent_with(token, person)
    except outbox.Lost:
        raise Conflict("Somebody changed this event meanwhile. Load the page again.") from None
    return _deliver(draft, person)


def send_again(*, person: Person, submission: Submission, reason: str) -> Submission:
    """ABSENT → READY → SENDING: a person decides to send what was not found, and says why.

    The bytes are frozen anew with the next attempt's number, so that both sends can be told apart
    if the first one turns up after all. Raises `NotAllowed`, `Conflict`, and `ValueError` for an
    empty reason.
    """
    person.must(SEND)
    _must_be_own(person, submission)
    reason = _reason(reason)
    payload = EventCreate.model_validate_json(bytes(submission.body or b""))
    with transaction.atomic():
        now = timezone.now()
        frozen = outbox.frozen(payload, submission)
        _move(submission, State.READY, at=now, next_at=now, **frozen)
        decided = outbox.fact(
            submission,
            "submission.sent_again",
            person.actor,
            reason=reason,
            attachments={"payload": frozen["body"].decode()},
        )
        audit.append(decided, *_claim_unless_paused(submission, person, now))
    return _deliver(submission, person)


def declare_absent(*, person: Person, submission: Submission, reason: str) -> Submission:
    """UNKNOWN → ABSENT: a person looked in Cloudforce One and did not find it, and says so.

    Not before the quiet period is over: an event may still appear until then.
    """
    person.must(SEND)
    _must_be_own(person, submission)
    reason = _reason(reason)
    now = timezone.now()
    earliest = (submission.unknown_since or now) + outbox.quiet()
    if now < earliest:
        raise Conflict(f"It may still appear. Look again after {earliest:%H:%M:%S} UTC.")
    with transaction.atomic():
        _move(submission, State.ABSENT, at=now, next_at=None)
        audit.append(
            outbox.fact(submission, "submission.declared_absent", person.actor, reason=reason)
        )
    return submission


def _deliver(submission: Submission, person: Person) -> Submission:
    if submission.state != State.SENDING:
        return submission
    return outbox.deliver(submission, client=client(), actor=person.actor)


def _move(submission: Submission, to: State, **changes: Any) -> None:
    try:
        outbox.move(submission, to, **changes)
    except (outbox.Lost, ValueError):
        raise Conflict("It changed meanwhile. Load the page again.") from None


def _reason(text: str) -> str:
    reason = text.strip()
    if not reason:
        raise ValueError("Write the reason: it is kept in the audit log.")
    return reason


def discard(*, person: Person, submission: Submission) -> None:
    """Delete a draft or a refused submission of one's own; what was sent stays in the log."""
    person.must(WRITE)
    with transaction.atomic():
        _must_be_editable(person, submission)
        rows, _ = Submission.objects.filter(
            pk=submission.pk, state=submission.state, version=submission.version
        ).delete()
        if not rows:
            raise Conflict("Somebody changed this event meanwhile. Load the page again.")
        audit.append(outbox.fact(submission, "submission.discarded", person.actor))


def take_back(*, person: Person, submission: Submission) -> Submission:
    """READY → DRAFT: stop a submission that is still waiting here, to change it."""
    person.must(SEND)
    _must_be_own(person, submission)
    with transaction.atomic():
        _move(submission, State.DRAFT, at=timezone.now(), next_at=None)
        audit.append(outbox.fact(submission, "submission.taken_back", person.actor))
    return submission


def _freeze_and_claim(
    person: Person,
    token: UUID,
    typed: dict[str, Any],
    payload: EventCreate,
    submission: Submission | None,
) -> Submission:
    """∅, DRAFT or REJECTED → READY → SENDING in one commit, before any socket opens."""
    draft, is_new = _draft(person, token, submission)
    now = timezone.now()
    _must_not_run_away(person, now)
    facts = [outbox.fact(draft, "submission.drafted", person.actor)] if is_new else []
    _type(draft, typed, now)
    if is_new:
        _store(draft, is_new=True)
    _spend(token, draft, now, is_new=is_new)
    frozen = outbox.frozen(payload, draft)
    outbox.move(draft, State.READY, at=now, typed=draft.typed, **frozen)
    facts.append(
        outbox.fact(
            draft,
            "submission.frozen",
            person.actor,
            attachments={"payload": frozen["body"].decode()},
            terms=tuple(row.value for row in payload.rows),
        )
    )
    facts += _claim_unless_paused(draft, person, now)
    audit.append(*facts)
    return draft


def _claim_unless_paused(draft: Submission, person: Person, now: datetime) -> list[audit.Fact]:
    """READY → SENDING, or READY with a time to go, while the API's rate limit is used up."""
    until = outbox.paused_until(now)
    if until is None:
        return [outbox.claim(draft, actor=person.actor, now=now)]
    detail = "The API's rate limit is used up."
    outcome = json.dumps({"kind": "rate_limited", "detail": detail})
    Submission.objects.filter(pk=draft.pk).update(next_at=until, outcome=outcome)
    draft.next_at, draft.outcome = until, outcome
    return [
        outbox.fact(draft, "submission.deferred", person.actor, outcome="failed", reason=detail)
    ]


def _must_not_run_away(person: Person, now: datetime) -> None:
    """At most `SEND_LIMIT` sends in five minutes, counted in the log, which misses none."""
    recent = AuditEntry.objects.filter(
        actor=person.actor.name, at__gt=now - SEND_WINDOW, action="submission.frozen"
    ).order_by("-at")[: settings.SEND_LIMIT]
    times = list(recent.values_list("at", flat=True))
    if len(times) >= settings.SEND_LIMIT:
        raise TooMany(
            f"You sent {len(times)} events within five minutes. Nothing was sent now, and your "
            f"text is kept. Go on at {times[-1] + SEND_WINDOW:%H:%M:%S} UTC."
        )


def _draft(person: Person, token: UUID, submission: Submission | None) -> tuple[Submission, bool]:
    """The submission that this form writes to, and whether it is new."""
    known = FormToken.objects.select_related("submission").filter(token=token).first()
    if known is not None:
        if known.spent_at is not None:
            raise _Spent
        if known.submission is None:
            raise Conflict(
                "This draft was discarded meanwhile. Press the button again to keep it anew."
            )
        submission = known.submission
    if submission is None:
        now = timezone.now()
        return (
            Submission(
                id=token,
                author=person.user,
                author_name=person.actor.name,
                created_at=now,
                updated_at=now,
            ),
            True,
        )
    _must_be_editable(person, submission)
    return submission, False


def _must_be_editable(person: Person, submission: Submission) -> None:
    _must_be_own(person, submission)
    if submission.state not in EDITABLE:
        raise Conflict(
            f"This event is {submission.get_state_display().lower()} by now and cannot be changed."
        )


def _must_be_own(person: Person, submission: Submission) -> None:
    if submission.author_id != person.user.pk:
        raise NotAllowed("this belongs to somebody else")


def _type(draft: Submission, typed: dict[str, Any], now: datetime) -> None:
    """Keep the text as ASCII JSON, and copies of what the lists show."""
    draft.typed = json.dumps(typed)
    draft.updated_at = now
    if draft.state == State.DRAFT:
        draft.category = _plain(typed.get("category"))
        draft.event = _plain(typed.get("event"))
        draft.tlp = tlp if (tlp := _plain(typed.get("tlp"))) in set(Tlp) else ""


def _plain(value: object) -> str:
    """`value` as text that every database stores: PostgreSQL takes neither NUL nor surrogates."""
    text = value if isinstance(value, str) else ""
    return text.replace("\x00", "").encode(errors="replace").decode()[:10_000]


def _store(draft: Submission, *, is_new: bool) -> None:
    if is_new:
        draft.save(force_insert=True)
        return
    rows = Submission.objects.filter(pk=draft.pk, state=draft.state, version=draft.version).update(
        version=draft.version + 1,
        typed=draft.typed,
        updated_at=draft.updated_at,
        category=draft.category,
        event=draft.event,
        tlp=draft.tlp,
    )
    if rows != 1:
        raise Conflict("This draft was changed somewhere else meanwhile. Load the page again.")
    draft.version += 1


def _spend(token: UUID, draft: Submission, now: datetime, *, is_new: bool) -> None:
    """Mark the form as sent. The unique token lets only one of many parallel posts through."""
    if is_new or not FormToken.objects.filter(token=token, spent_at=None).update(spent_at=now):
        FormToken.objects.create(token=token, submission=draft, spent_at=now)


def _sent_with(token: UUID, person: Person) -> Submission:
    known = FormToken.objects.select_related("submission").filter(token=token).first()
    if known is None or known.submission is None:
        raise Conflict("This form was sent before, and the event was discarded since.")
    _must_be_own(person, known.submission)
    return known.submission
