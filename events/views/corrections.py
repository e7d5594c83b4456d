"""How a submission stands to its correction, or to what it corrects, for who looks at it."""

from collections.abc import Sequence
from typing import NamedTuple
from uuid import UUID

from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.models import AnonymousUser
from django.db.models import Q

from events.models import THERE, State, Submission
from events.models.submission import SubmissionQuerySet

Viewer = AbstractBaseUser | AnonymousUser
_SEND_MAY_EXIST = ", which was refused. An earlier send of that may still exist."


class Relation(NamedTuple):
    """A line about the other one: words, the link to it, words."""

    before: str
    other: Submission
    after: str


class Corrections(NamedTuple):
    """`lines` to read; `is_open`: nothing takes its place yet; `twice`: what is said of both.

    `names_corrected`: the one that it corrects may be named.

    `twice` is empty unless Cloudforce One holds the event and its correction.
    """

    lines: tuple[Relation, ...]
    is_open: bool
    names_corrected: bool
    twice: str


def of(submission: Submission, viewer: Viewer) -> Corrections:
    """What `viewer` is told; the other one is named only to those who may see it."""
    related = Submission.objects.filter(Q(pk=submission.corrects_id) | Q(corrects=submission))
    # A correction that was discarded takes no place.
    related = related.exclude(state=State.DISCARDED, corrects=submission)
    others = list(related.defer("body", "typed", "answer").order_by("created_at"))
    seen = set(related.visible_to(viewer).values_list("pk", flat=True)) if others else set()
    return Corrections(
        lines=tuple(_line(submission, other) for other in others if other.pk in seen),
        is_open=all(other.pk == submission.corrects_id for other in others),
        names_corrected=submission.corrects_id in seen,
        twice=_twice(submission, [other for other in others if other.state in THERE], seen),
    )


def twice_among(rows: Sequence[Submission]) -> set[UUID | None]:
    """The keys of those that Cloudforce One holds together with their correction."""
    ids = [row.pk for row in rows if row.state in THERE]
    if not ids:
        return set()
    return keys(Submission.objects.both_there().filter(Q(pk__in=ids) | Q(corrects__in=ids)))


def keys(pairs: SubmissionQuerySet) -> set[UUID | None]:
    """The keys of corrections and of what they correct."""
    return {key for pair in pairs.values_list("pk", "corrects_id") for key in pair}


def _line(submission: Submission, other: Submission) -> Relation:
    state = f" ({other.get_state_display()})."
    if other.pk == submission.corrects_id:
        if other.state in THERE:
            return Relation("Its first send was found after all: ", other, state)
        after = _SEND_MAY_EXIST if other.may_exist else ", which was refused."
        return Relation("It takes the place of ", other, after)
    if other.state == State.DRAFT:
        return Relation("A correction is being written: ", other, state)
    return Relation("It was corrected in ", other, state)


def _twice(submission: Submission, there: list[Submission], seen: set[UUID]) -> str:
    if submission.state not in THERE or not there:
        return ""
    if any(other.pk not in seen for other in there):
        both = f"this event ({_uuids(submission)}) and another one, which you may not see"
    else:
        first, *later = sorted([submission, *there], key=lambda each: each.created_at)
        corrections = ", ".join(map(_uuids, later))
        both = f"the first send ({_uuids(first)}) and its correction ({corrections})"
    return f"Cloudforce One holds this twice: {both}. Tell the administrator which should go."


def _uuids(submission: Submission) -> str:
    found = submission.found_uuids if submission.state == State.DUPLICATED else []
    return f"uuid {', '.join(found or [submission.event_uuid])}"
