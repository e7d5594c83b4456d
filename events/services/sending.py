"""Sending: once per form, and again only where a person decides so and says why."""

from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from django.db import IntegrityError, transaction

from events import audit, clock, outbox, reference, vetting
from events.cloudflare import ApiError, Client
from events.models import FormToken, Heartbeat, State, Submission
from events.outbox import gate, history, locked
from events.payload import EventCreate
from events.services.api import client
from events.services.drafts import Changed, columns, new_draft, of_form, update
from events.services.looking import must_not_look_too_often
from events.services.people import Person
from events.services.rules import (
    SEND,
    Conflict,
    move,
    must_be_editable,
    must_be_own,
    must_not_run_away,
)
from events.services.slots import slots
from events.services.tokens import made_at


class _Form(NamedTuple):
    """What one press of Send carries."""

    token: UUID
    typed: dict[str, Any]
    payload: EventCreate
    reason: str
    is_busy: bool


class _Post(NamedTuple):
    """What one press of Send led to; `is_ours` if this press is the one that delivers it."""

    submission: Submission
    is_ours: bool


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
    history.pending.make_up()
    api = client()
    _probe_without_worker(api, person)
    with slots.slot() as has_place:
        form = _Form(token, typed, payload, reason, _is_left_to_worker(has_place))
        post = _posted(person, form, submission, version)
        if post.is_ours and post.submission.state == State.SENDING:
            return outbox.deliver(post.submission, client=api, actor=person.actor)
        return post.submission


def _posted(
    person: Person, form: _Form, submission: Submission | None, version: int | None
) -> _Post:
    """The submission of the form: claimed for sending if this post is the first of its form."""
    if submission is None:
        try:
            return _Post(_first(person, form), is_ours=True)
        except IntegrityError:
            submission = of_form(form.token, person)
        if _is_spent(submission):
            return _kept(submission, form.typed, version)
    elif form.token == submission.pk:
        if _is_spent(submission):
            return _kept(submission, form.typed, version)
    elif spent := FormToken.objects.select_related("submission").filter(token=form.token).first():
        must_be_own(person, spent.submission)
        return _kept(spent.submission, form.typed, version)
    must_be_editable(person, submission)
    if version is not None and version != submission.version:
        raise Changed(submission)
    try:
        return _Post(_later(person, form, submission), is_ours=True)
    except (IntegrityError, outbox.Lost):
        submission.refresh_from_db()
        if submission.is_editable:
            raise Changed(submission) from None
        return _kept(submission, form.typed, version)


def _is_spent(submission: Submission) -> bool:
    """Whether the first form of a submission was sent before, whatever became of that."""
    return submission.state != State.DRAFT or submission.body is not None


def _kept(submission: Submission, typed: dict[str, Any], version: int | None) -> _Post:
    """A form that was sent before sends nothing more; what was corrected in it since is kept.

    Not over what may have been saved since: the person is asked. Where it cannot be kept any more,
    the person is told. Raises `Changed` and `Conflict`.
    """
    if submission.typed_values == typed:
        return _Post(submission, is_ours=False)
    if submission.is_editable:
        if version != submission.version:
            raise Changed(submission)
        return _Post(update(submission, typed), is_ours=False)
    raise Conflict(
        "This form was sent before with another text, and that event is "
        f"{submission.get_state_display().lower()} now. What is written here was neither sent nor "
        "saved. If it is another event, enter it in a new form."
    )


def send_again(*, person: Person, submission: Submission, reason: str) -> Submission:
    """ABSENT → READY → SENDING: a person decides to send what was not found, and says why.

    The bytes are frozen anew with the next attempt's number, so that both sends can be told apart
    if the first one turns up after all. The checks hold as they did for the first send; the reason
    given overrides what this person may override. Raises `NotAllowed`, `Conflict`, `TooMany`,
    `vetting.Blocked`, and `ValueError` for an empty reason.
    """
    person.must(SEND)
    must_be_own(person, submission)
    reason = _reason(reason)
    if submission.state != State.ABSENT or submission.body is None:
        raise Conflict("It is no longer missing. Load the page again.")
    _must_be_as_locked(person, submission)
    payload = EventCreate.model_validate_json(bytes(submission.body))
    history.pending.make_up()
    api = client()
    with slots.slot() as has_place:
        form = _Form(submission.pk, {}, payload, reason, _is_left_to_worker(has_place))
        with transaction.atomic(durable=True):
            must_not_run_away(person, clock.now())
            overridden = _vetted(submission, form, person)
            try:
                _dispatch(
                    submission,
                    form,
                    person,
                    overridden,
                    action="submission.sent_again",
                    reason=reason,
                )
            except outbox.Lost:
                raise Conflict("It changed meanwhile. Load the page again.") from None
        if submission.state == State.SENDING:
            return outbox.deliver(submission, client=api, actor=person.actor)
        return submission


def _must_be_as_locked(person: Person, submission: Submission) -> None:
    """Raise `Conflict` unless the bytes are those that were locked; put back what was altered.

    What is sent again is made of the bytes in the row, and nobody has read those since.
    """
    found = locked.alteration(submission)
    if found is None:
        return
    if found.locked is None:
        raise Conflict(f"Nothing was sent. {found.reason} Tell the administrator.")
    try:
        with transaction.atomic(durable=True):
            locked.put_back(submission, found, person.actor)
    except outbox.Lost:
        raise Conflict("It changed meanwhile. Load the page again.") from None
    raise Conflict(
        f"Nothing was sent. {found.reason} It is as it was locked again. Tell the administrator, "
        "and read it before you send it."
    )


def try_now(*, person: Person, submission: Submission) -> Submission:
    """READY, due now: for what was tried so often that it is no longer tried by itself."""
    person.must(SEND)
    must_be_own(person, submission)
    if submission.state != State.READY:
        raise Conflict("It no longer waits. Load the page again.")
    if submission.next_at is not None:
        raise Conflict("It is tried by itself at the time that its page shows.")
    with transaction.atomic(durable=True):
        try:
            outbox.touch(submission, tries=0, next_at=clock.now())
        except outbox.Lost:
            raise Conflict("It changed meanwhile. Load the page again.") from None
        audit.append(outbox.fact(submission, "submission.hurried", person.actor))
    return submission


def declare_absent(*, person: Person, submission: Submission, reason: str) -> Submission:
    """UNKNOWN → ABSENT: a person looked in Cloudforce One and did not find it, and says so.

    Not before the quiet period is over: an event may still appear until then. Not if an answer
    that came late named the event.
    """
    person.must(SEND)
    must_be_own(person, submission)
    reason = _reason(reason)
    now = clock.now()
    earliest = (submission.unknown_since or now) + outbox.quiet()
    if now < earliest:
        raise Conflict(f"It may still appear. Look again after {earliest:%H:%M:%S} UTC.")
    if submission.found_uuids:
        raise Conflict(f"Cloudforce One named it: {', '.join(submission.found_uuids)}.")
    with transaction.atomic(durable=True):
        move(
            submission,
            State.ABSENT,
            at=now,
            next_at=None,
            searched_at=now,
            sweep_at=now + outbox.SWEEP_EVERY,
        )
        audit.append(
            outbox.fact(submission, "submission.declared_absent", person.actor, reason=reason)
        )
    return submission


def declare_unsent(*, person: Person, submission: Submission, reason: str) -> Submission:
    """A READY that may have been sent before this desk was restored goes without being found.

    A person looked in Cloudforce One, did not find it, and says so; it is then sent by the worker.
    """
    person.must(SEND)
    must_be_own(person, submission)
    reason = _reason(reason)
    if submission.state != State.READY:
        raise Conflict("It no longer waits. Load the page again.")
    if not gate.must_be_looked_for(submission.created_at, submission.searched_at):
        raise Conflict("It is not held back: it goes by itself. Load the page again.")
    now = clock.now()
    with transaction.atomic(durable=True):
        try:
            outbox.touch(submission, searched_at=now, next_at=now)
        except outbox.Lost:
            raise Conflict("It changed meanwhile. Load the page again.") from None
        audit.append(
            outbox.fact(submission, "submission.declared_unsent", person.actor, reason=reason)
        )
    return submission


def look_again(*, person: Person, submission: Submission) -> Submission:
    """Read a created event in Cloudforce One, and record whether it is still as it was sent.

    Raises `NotAllowed`, `TooMany`, and `Conflict` if it could not be looked at.
    """
    person.must(SEND)
    if submission.state != State.CREATED:
        raise Conflict("Only a created event can be looked at again.")
    must_not_look_too_often(person)
    with slots.slot() as has_place:
        if not has_place:
            raise Conflict("Many requests to Cloudflare are under way. Try again in a minute.")
        try:
            return outbox.look_or_raise(submission, api=outbox.Api(client()), actor=person.actor)
        except ApiError as error:
            raise Conflict(f"It could not be looked at: {error.detail}") from None


def _probe_without_worker(api: Client, person: Person) -> None:
    """Where no worker is there to find out that the API answers again, whoever sends does."""
    if outbox.breaker() and not Heartbeat.any_alive():
        for _ in outbox.probe_if_due(api, person.actor):
            pass


def _is_left_to_worker(has_place: bool) -> bool:
    """Without a place it waits for the worker, unless there is none: then it waits here."""
    return not has_place and Heartbeat.any_alive()


def _first(person: Person, form: _Form) -> Submission:
    """A new submission whose id is the form's token: many parallel posts insert it once."""
    with transaction.atomic(durable=True):
        must_not_run_away(person, clock.now())
        draft = new_draft(person, form.token, form.typed)
        draft.created_at = _since(form.token, draft.created_at)
        overridden = _vetted(draft, form, person)
        _dispatch(draft, form, person, overridden)
    return draft


def _since(token: UUID, now: datetime) -> datetime:
    """Since when a new submission is known: if its form is older than a restore, since the form.

    The desk that was restored may have sent that form.
    """
    made = made_at(token)
    return made if made and gate.must_be_looked_for(made, None) else now


def _later(person: Person, form: _Form, submission: Submission) -> Submission:
    """A stored draft or refused submission; its form's token is spent with the same commit."""
    with transaction.atomic(durable=True):
        now = clock.now()
        must_not_run_away(person, now)
        if form.token != submission.pk:
            FormToken.objects.create(token=form.token, submission=submission, spent_at=now)
        changes = columns(form.typed, submission)
        submission.was_red = changes["was_red"]
        overridden = _vetted(submission, form, person)
        _dispatch(submission, form, person, overridden, **changes)
    return submission


def _vetted(submission: Submission, form: _Form, person: Person) -> tuple[audit.Fact, ...]:
    """What the log says of checks that were overridden. Raises `vetting.Blocked` for others."""
    entry = vetting.Entry.of(form.payload, submission.pk, was_red=submission.was_red)
    found = vetting.blocks(entry, references=reference.load())
    if standing := vetting.enforce(found, user=person.user, reason=form.reason):
        raise vetting.Blocked(standing)
    submission.tlp = outbox.copies(form.payload)["tlp"]
    return vetting.overridden(found, submission=submission, actor=person.actor, reason=form.reason)


def _dispatch(
    submission: Submission,
    form: _Form,
    person: Person,
    overridden: tuple[audit.Fact, ...] = (),
    **changes: Any,
) -> None:
    is_new = submission._state.adding
    facts = outbox.dispatch(
        submission,
        form.payload,
        actor=person.actor,
        now=clock.now(),
        is_busy=form.is_busy,
        **changes,
    )
    vetting.remember(submission, form.payload, is_new=is_new)
    audit.append(*facts, *overridden)


def _reason(text: str) -> str:
    reason = text.strip()
    if not reason:
        raise ValueError("Write the reason: it is kept in the audit log.")
    return reason
