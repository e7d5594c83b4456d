"""Indicators of earlier submissions: written when one is frozen, asked when one is typed."""

from collections.abc import Iterator, Mapping, Sequence

from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.models import AnonymousUser
from django.db import connection
from django.urls import reverse

from events import rows
from events.models import Submission, SubmissionIndicator
from events.payload import EventCreate, Indicator
from events.payload.values import Value, value_of
from events.vetting.findings import Entry, Finding, Level, row_field, shown
from events.vetting.newest import Newest, newest


def remember(submission: Submission, payload: EventCreate, *, is_new: bool) -> None:
    """`remember_rows` of `payload`."""
    remember_rows(submission, payload.rows, is_new=is_new)


def remember_rows(submission: Submission, indicators: Sequence[Indicator], *, is_new: bool) -> None:
    """Keep what `submission` is about, for `findings` to find: one insert.

    To be called in the transaction that freezes it. Unless `is_new`, it may have been frozen
    before with other indicators, which are forgotten first.
    """
    if not is_new:
        SubmissionIndicator.objects.filter(submission=submission).delete()
    keys = {value_of(row.indicator_type, row.value).key for row in indicators}
    with connection.cursor() as cursor:
        found = [(submission.pk, key) for key in keys]
        rows.insert(cursor, SubmissionIndicator, ("submission_id", "key"), found)


def findings(
    entry: Entry, values: Mapping[int, Value], user: AbstractBaseUser | AnonymousUser
) -> Iterator[Finding]:
    """A finding per row whose value stands in a submission that `user` may see: one query.

    `values` are by the rows' indexes. What `user` may not see counts nowhere, so that not even
    its existence shows.
    """
    places: dict[str, list[int]] = {}
    for row, value in values.items():
        places.setdefault(value.key, []).append(row)
    for found in newest(list(places), user=user, besides=entry.submission_id):
        for row in places[found.key]:
            yield _finding(row, values[row], found)


def _finding(row: int, value: Value, found: Newest) -> Finding:
    events = "an event" if found.times == 1 else f"{found.times:,} events"
    state = found.submission.get_state_display().lower()
    day = f"{found.submission.updated_at:%Y-%m-%d}"
    return Finding(
        "seen.here",
        Level.INFORM,
        f"{shown(value.normal)} is in {events} here already.",
        "Check that this is not the same event again.",
        row_field(row),
        link=reverse("event_detail", args=[found.submission.pk]),
        link_text=f"{state}, {day}, by {found.submission.author_name}",
        about=found.submission.pk,
    )
