"""The one way a submission changes state: compare-and-swap, with its audit entry beside it."""

from datetime import datetime
from typing import Any

from django.db.models import F

from events import audit
from events.models import TRANSITIONS, State, Submission


class Lost(Exception):
    """Somebody else moved the submission first; nothing was changed."""


def move(submission: Submission, to: State, *, at: datetime, **changes: Any) -> None:
    """Move `submission` from the state it was read in to `to`, writing `changes` with it.

    To be called inside a transaction, together with `audit.append`. Raises `Lost` if the row is
    no longer as it was read, `ValueError` for a transition that does not exist.
    """
    origin = State(submission.state)
    if (origin, to) not in TRANSITIONS:
        raise ValueError(f"{origin} does not lead to {to}")
    changes |= {"state": to, "updated_at": at}
    rows = Submission.objects.filter(
        pk=submission.pk, state=origin, version=submission.version
    ).update(version=F("version") + 1, **changes)
    if rows != 1:
        raise Lost(submission.pk)
    submission.version += 1
    for name, value in changes.items():
        setattr(submission, name, value)


def fact(submission: Submission, action: str, actor: audit.Actor, **details: Any) -> audit.Fact:
    """What the log says of `submission`: `details` are further fields of `audit.Fact`."""
    return audit.Fact(
        action=action,
        actor=actor,
        object_id=str(submission.pk),
        tlp=submission.tlp,
        attempt=submission.attempt or None,
        **details,
    )
