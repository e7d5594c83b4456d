"""The one way a submission changes state: compare-and-swap, with its audit entry beside it."""

from datetime import datetime
from itertools import pairwise
from typing import Any

from django.db import connection

from events import audit, rows
from events.models import TRANSITIONS, State, Submission


class Lost(Exception):
    """Somebody else moved the submission first; nothing was changed."""


def move(submission: Submission, *path: State, at: datetime, **changes: Any) -> None:
    """Move `submission` from the state it was read in along `path`, writing `changes` with it.

    Several steps are one statement. To be called inside a transaction, together with
    `audit.append`. Raises `Lost` if the row is no longer as it was read, `ValueError` for a step
    that does not exist.
    """
    check_path(State(submission.state), *path)
    _write(submission, changes | {"state": path[-1], "updated_at": at})


def touch(submission: Submission, **changes: Any) -> None:
    """Write what was learned without changing the state. Raises `Lost` like `move`."""
    _write(submission, changes)


def _write(submission: Submission, changes: dict[str, Any]) -> None:
    """Compare and swap: the version says whether the row is as it was read."""
    read = {"id": submission.pk, "state": submission.state, "version": submission.version}
    changes = changes | {"version": submission.version + 1}
    with connection.cursor() as cursor:
        if not rows.swap(cursor, Submission, where=read, changes=changes):
            raise Lost(submission.pk)
    for name, value in changes.items():
        setattr(submission, name, value)


def check_path(*path: State) -> None:
    """Raise `ValueError` unless each state of `path` leads to the next."""
    for origin, to in pairwise(path):
        if (origin, to) not in TRANSITIONS:
            raise ValueError(f"{origin} does not lead to {to}")


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
