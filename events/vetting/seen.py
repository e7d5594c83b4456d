"""Indicators of earlier submissions: written when one is frozen, asked when one is typed."""

from collections.abc import Iterator, Mapping, Sequence

from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.models import AnonymousUser
from django.db.models import Count, Max
from django.urls import reverse

from events.models import State, Submission, SubmissionIndicator
from events.payload import EventCreate
from events.vetting.findings import Entry, Finding, Level, row_field, shown
from events.vetting.values import Value, value_of

_SHOWN = ("submission__state", "submission__updated_at", "submission__author_name")


def remember(submission: Submission, payload: EventCreate, *, is_new: bool) -> None:
    """Keep what `submission` is about, for `findings` to find: one insert.

    To be called in the transaction that freezes it. Unless `is_new`, it may have been frozen
    before with other indicators, which are forgotten first.
    """
    if not is_new:
        SubmissionIndicator.objects.filter(submission=submission).delete()
    keys = {value_of(row.indicator_type, row.value).key for row in payload.rows}
    SubmissionIndicator.objects.bulk_create(
        SubmissionIndicator(submission=submission, key=key) for key in keys
    )


def findings(
    entry: Entry, values: Mapping[int, Value], user: AbstractBaseUser | AnonymousUser
) -> Iterator[Finding]:
    """A finding per row whose value stands in a submission that `user` may see: two queries.

    `values` are by the rows' indexes. What `user` may not see counts nowhere, so that not even
    its existence shows.
    """
    rows: dict[str, list[int]] = {}
    for row, value in values.items():
        rows.setdefault(value.key, []).append(row)
    times = _times(list(rows), entry, user)
    if not times:
        return
    newest = SubmissionIndicator.objects.filter(pk__in=[last for last, _ in times.values()])
    for found in newest.select_related("submission").only("key", *_SHOWN):
        for row in rows[found.key]:
            yield _finding(row, values[row], found.submission, times[found.key][1])


def _times(
    keys: Sequence[str], entry: Entry, user: AbstractBaseUser | AnonymousUser
) -> dict[str, tuple[int, int]]:
    """By key: the newest row of it that `user` may see, and how many there are."""
    if not keys:
        return {}
    others = Submission.objects.visible_to(user).exclude(state=State.DISCARDED).order_by()
    if entry.submission_id is not None:
        others = others.exclude(pk=entry.submission_id)
    seen = (
        others.filter(indicators__key__in=keys)
        .values("indicators__key")
        .annotate(last=Max("indicators__pk"), times=Count("pk"))
    )
    return {row["indicators__key"]: (row["last"], row["times"]) for row in seen}


def _finding(row: int, value: Value, submission: Submission, times: int) -> Finding:
    events = "an event" if times == 1 else f"{times:,} events"
    state = submission.get_state_display().lower()
    return Finding(
        "seen.here",
        Level.INFORM,
        f"{shown(value.normal)} is in {events} here already.",
        "Check that this is not the same event again.",
        row_field(row),
        link=reverse("event_detail", args=[submission.pk]),
        link_text=f"{state}, {submission.updated_at:%Y-%m-%d}, by {submission.author_name}",
    )
