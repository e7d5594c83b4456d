"""Sending: once per form, and again only where a person decides so and says why."""

from typing import Any, NamedTuple
from uuid import UUID

from django.db import IntegrityError, transaction
from django.utils import timezone

from events import audit, outbox, reference, vetting
from events.models import EDITABLE, FormToken, State, Submission
from events.payload import EventCreate
from events.services.api import client
from events.services.drafts import Changed, columns, new_draft, of_form, update
from events.services.people import Person
from events.services.rules import (
    SEND,
    Conflict,
    move,
    must_be_editable,
    must_be_own,
    must_not_run_away,
)


class _Form(NamedTuple):
    """What one press of Send carries."""

    token: UUID
    typed: dict[str, Any]
    payload: EventCreate
    reason: str


def send(
    *,
    person: Person,
    token: UUID,
    typed: dict[str, Any],
    payload: EventCreate,
    submission: Submission | None = None,
    version: int | None = None,
    reason: str = "",
) -> Submission:
    """Send what was typed, once per form.

    Returns the submission in whatever state it got to; trouble with the API is a state, not an
    exception. The same `token` again returns the same submission and sends nothing. `version` as
    in `save_draft`. `reason` is why a check that stops sending is overridden; it is logged. Raises
    `NotAllowed`, `Conflict`, `TooMany`, `vetting.Blocked` and `outbox.TooLarge`.
    """
    person.must(SEND)
    form = _Form(token, typed, payload, reason)
    if submission is None:
        try:
            return _deliver(_first(person, form), person)
        except IntegrityError:
            submission = of_form(token, person)
        if submission.state != State.DRAFT or submission.attempt:
            return _kept(submission, typed)
    elif token == submission.pk:
        if submission.state != State.DRAFT or submission.attempt:
            return _kept(submission, typed)
    elif spent := FormToken.objects.select_related("submission").filter(token=token).first():
        must_be_own(person, spent.submission)
        return _kept(spent.submission, typed)
    must_be_editable(person, submission)
    if version is not None and version != submission.version:
        raise Changed(submission)
    try:
        claimed = _later(person, form, submission)
    except (IntegrityError, outbox.Lost):
        submission.refresh_from_db()
        if submission.state in EDITABLE:
            raise Changed(submission) from None
        # Another post of the same form was first, and delivers it.
        return submission
    return _deliver(claimed, person)


def _kept(submission: Submission, typed: dict[str, Any]) -> Submission:
    """A form that was sent before sends nothing more; what was mended in it since is kept."""
    if submission.state in EDITABLE and submission.typed_values != typed:
        return update(submission, typed)
    return submission


def send_again(*, person: Person, submission: Submission, reason: str) -> Submission:
    """ABSENT → READY → SENDING: a person decides to send what was not found, and says why.

    The bytes are frozen anew with the next attempt's number, so that both sends can be told apart
    if the first one turns up after all. Raises `NotAllowed`, `Conflict`, `TooMany`, and
    `ValueError` for an empty reason.
    """
    person.must(SEND)
    must_be_own(person, submission)
    reason = _reason(reason)
    if submission.state != State.ABSENT or submission.body is None:
        raise Conflict("It is no longer missing. Load the page again.")
    payload = EventCreate.model_validate_json(bytes(submission.body))
    with transaction.atomic(durable=True):
        must_not_run_away(person, timezone.now())
        try:
            _dispatch(submission, payload, person, action="submission.sent_again", reason=reason)
        except outbox.Lost:
            raise Conflict("It changed meanwhile. Load the page again.") from None
    return _deliver(submission, person)


def declare_absent(*, person: Person, submission: Submission, reason: str) -> Submission:
    """UNKNOWN → ABSENT: a person looked in Cloudforce One and did not find it, and says so.

    Not before the quiet period is over: an event may still appear until then.
    """
    person.must(SEND)
    must_be_own(person, submission)
    reason = _reason(reason)
    now = timezone.now()
    earliest = (submission.unknown_since or now) + outbox.quiet()
    if now < earliest:
        raise Conflict(f"It may still appear. Look again after {earliest:%H:%M:%S} UTC.")
    with transaction.atomic():
        move(submission, State.ABSENT, at=now, next_at=None)
        audit.append(
            outbox.fact(submission, "submission.declared_absent", person.actor, reason=reason)
        )
    return submission


def _first(person: Person, form: _Form) -> Submission:
    """A new submission whose id is the form's token: many parallel posts insert it once."""
    with transaction.atomic(durable=True):
        must_not_run_away(person, timezone.now())
        draft = new_draft(person, form.token, form.typed)
        overridden = _vetted(draft, form, person)
        _dispatch(draft, form.payload, person, overridden)
    return draft


def _later(person: Person, form: _Form, submission: Submission) -> Submission:
    """A stored draft or refused submission; its form's token is spent with the same commit."""
    with transaction.atomic(durable=True):
        now = timezone.now()
        must_not_run_away(person, now)
        if form.token != submission.pk:
            FormToken.objects.create(token=form.token, submission=submission, spent_at=now)
        overridden = _vetted(submission, form, person)
        _dispatch(submission, form.payload, person, overridden, **columns(form.typed))
    return submission


def _vetted(submission: Submission, form: _Form, person: Person) -> tuple[audit.Fact, ...]:
    """What the log says of checks that were overridden. Raises `vetting.Blocked` for others."""
    entry = vetting.Entry.of(form.payload, submission.pk)
    found = vetting.blocks(entry, references=reference.load())
    if standing := vetting.enforce(found, user=person.user, reason=form.reason):
        raise vetting.Blocked(standing)
    submission.tlp = outbox.copies(form.payload)["tlp"]
    return vetting.overridden(found, submission=submission, actor=person.actor, reason=form.reason)


def _dispatch(
    submission: Submission,
    payload: EventCreate,
    person: Person,
    overridden: tuple[audit.Fact, ...] = (),
    **changes: Any,
) -> None:
    is_new = submission._state.adding
    facts = outbox.dispatch(submission, payload, actor=person.actor, now=timezone.now(), **changes)
    vetting.remember(submission, payload, is_new=is_new)
    audit.append(*facts, *overridden)


def _deliver(submission: Submission, person: Person) -> Submission:
    if submission.state != State.SENDING:
        return submission
    return outbox.deliver(submission, client=client(), actor=person.actor)


def _reason(text: str) -> str:
    reason = text.strip()
    if not reason:
        raise ValueError("Write the reason: it is kept in the audit log.")
    return reason
