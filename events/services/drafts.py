"""Drafts: keeping what was typed, discarding it, and restoring what was discarded."""

import json
from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction

from events import audit, clock, outbox
from events.models import State, Submission
from events.outbox import gate
from events.payload import Tlp
from events.services.people import Person
from events.services.rules import WRITE, Conflict, move, must_be_editable, must_be_own

COPY_MAX = 10_000
# In what a form held: that its text was copied from what was TLP:RED.
WAS_RED = "was_red"


class Changed(Conflict):
    """Another tab or person saved this draft meanwhile; `current` is how it is now."""

    def __init__(self, current: Submission) -> None:
        super().__init__(
            f"This draft was saved somewhere else at {current.updated_at:%H:%M:%S} UTC. "
            "Your text is still here and was not saved over it."
        )
        self.current = current


def save_draft(
    *,
    person: Person,
    token: UUID,
    typed: dict[str, Any],
    submission: Submission | None = None,
    version: int | None = None,
    corrects: Submission | None = None,
) -> Submission:
    """Keep what was typed. Nothing is sent.

    Without a `submission`, the form's `token` is the id of the draft, so that saving again saves
    into the same one. `version` is the draft's version that the form was made from: if it has
    been saved since, `Changed` is raised and nothing is written. `corrects` is the submission whose
    place a new draft takes. Raises `NotAllowed`, `Conflict`.
    """
    person.must(WRITE)
    if submission is None:
        try:
            with transaction.atomic():
                return _insert(new_draft(person, token, typed), person, corrects)
        except IntegrityError:
            submission = of_form(token, person)
    must_be_editable(person, submission)
    if version is not None and version != submission.version:
        raise Changed(submission)
    return update(submission, typed)


def new_draft(person: Person, token: UUID, typed: dict[str, Any]) -> Submission:
    """A draft that is not stored yet; the form's `token` becomes its id."""
    now = clock.now()
    return Submission(
        id=token,
        author_id=person.user.pk,
        author_name=person.actor.name,
        created_at=now,
        updated_at=now,
        **columns(typed),
    )


def of_form(token: UUID, person: Person) -> Submission:
    """The submission whose first form had `token`. Raises `NotAllowed`, `Conflict` for none."""
    known = Submission.objects.filter(pk=token).first()
    if known is None:
        raise Conflict("This form could not be kept. Press the button again.")
    must_be_own(person, known)
    return known


def columns(typed: dict[str, Any], draft: Submission | None = None) -> dict[str, Any]:
    """The columns of a draft: the text as ASCII JSON, and copies of what lists show.

    What `draft`, which gets this text, remembers of a copied text's label is not forgotten.
    """
    was_red = bool(typed.get(WAS_RED)) or (draft is not None and draft.was_red)
    label = label_of(typed, was_red=was_red)
    return {
        "typed": json.dumps(typed),
        "was_red": was_red,
        "category": _plain(typed.get("category")),
        "event": _plain(typed.get("event")),
        "tlp": label.value if label else "",
    }


def label_of(typed: Mapping[str, Any], *, was_red: bool) -> Tlp | None:
    """The label that a form's text is treated by: the stricter of those that were chosen.

    Before one was chosen what `was_red` is RED, and so is an event whose raw data is; None else.
    """
    chosen, raw = (_label(typed.get(name)) for name in ("tlp", "raw_tlp"))
    if chosen is None:
        return Tlp.RED if was_red or raw is Tlp.RED else None
    return max(chosen, raw or chosen, key=lambda label: label.strictness)


def discard(*, person: Person, submission: Submission) -> Submission:
    """DRAFT or REJECTED → DISCARDED. The text is kept, out of sight, and can be restored."""
    person.must(WRITE)
    must_be_editable(person, submission)
    return _moved(submission, State.DISCARDED, "submission.discarded", person)


def restore(*, person: Person, submission: Submission) -> Submission:
    """DISCARDED → DRAFT."""
    person.must(WRITE)
    must_be_own(person, submission)
    if submission.may_exist:
        raise Conflict(
            "An earlier send of this event may still exist. Enter another event instead."
        )
    with transaction.atomic():
        _must_be_the_correction(submission)
        return _moved(submission, State.DRAFT, "submission.restored", person)


def take_back(*, person: Person, submission: Submission) -> Submission:
    """READY → DRAFT: stop a submission that is still waiting here, to change it."""
    person.must(WRITE)
    must_be_own(person, submission)
    if submission.may_exist:
        raise Conflict(
            "An earlier send of it may still turn up, and is looked for by this text. "
            "Enter another event instead of changing this one."
        )
    if gate.must_be_looked_for(submission.created_at, submission.searched_at):
        raise Conflict(
            "This desk was restored or stood still, and the event may have been sent before. "
            "It is looked for by this text first; wait for that."
        )
    return _moved(submission, State.DRAFT, "submission.taken_back", person)


def _must_be_the_correction(submission: Submission) -> None:
    """Raise `Conflict` for a correction whose place another one took: both could be sent."""
    if submission.corrects_id is None:
        return
    old = Submission.objects.select_for_update().get(pk=submission.corrects_id)
    if Submission.objects.live().filter(corrects=old).exists():
        raise Conflict(
            "The event that this one corrects was corrected in another event meanwhile. "
            "Go on with that one, or discard it first."
        )


def _moved(submission: Submission, to: State, action: str, person: Person) -> Submission:
    with transaction.atomic():
        move(submission, to, at=clock.now(), next_at=None)
        audit.append(outbox.fact(submission, action, person.actor))
    return submission


def _insert(draft: Submission, person: Person, corrects: Submission | None) -> Submission:
    draft.corrects = corrects
    draft.save(force_insert=True)
    reason = f"in place of {corrects.pk}, whose first send may still exist" if corrects else ""
    audit.append(outbox.fact(draft, "submission.drafted", person.actor, reason=reason))
    return draft


def update(draft: Submission, typed: dict[str, Any]) -> Submission:
    """Write the text of a stored draft or refused submission. Raises `Changed`."""
    now = clock.now()
    changes = columns(typed, draft)
    if draft.state == State.REJECTED:
        # What was refused stays in the lists as it was sent; only the text goes on.
        changes = {name: changes[name] for name in ("typed", "was_red")}
    rows = Submission.objects.filter(pk=draft.pk, state=draft.state, version=draft.version).update(
        version=draft.version + 1, updated_at=now, **changes
    )
    if rows != 1:
        raise Changed(Submission.objects.get(pk=draft.pk))
    draft.version += 1
    draft.updated_at = now
    for name, value in changes.items():
        setattr(draft, name, value)
    return draft


def _label(text: object) -> Tlp | None:
    return Tlp(text) if isinstance(text, str) and text in set(Tlp) else None


def _plain(value: object) -> str:
    """`value` as text that every database stores: PostgreSQL takes neither NUL nor surrogates."""
    text = value if isinstance(value, str) else ""
    return text.replace("\x00", "").encode(errors="replace").decode()[:COPY_MAX]
