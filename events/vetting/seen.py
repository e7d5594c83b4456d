"""Indicators of earlier submissions: written when one is frozen, asked when one is typed."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.models import AnonymousUser, User
from django.core.exceptions import EmptyResultSet
from django.db.models import Count, F, Window
from django.db.models.functions import RowNumber
from django.urls import reverse

from events.models import State, Submission, SubmissionIndicator
from events.payload import EventCreate
from events.vetting.findings import Entry, Finding, Level, row_field, shown
from events.vetting.values import Value, value_of


class _Statement(NamedTuple):
    """A query as SQL; `parameters` hold a mark where each key belongs."""

    sql: str
    parameters: tuple[Any, ...]


_KEPT_MOST = 512
_kept: dict[tuple[object, ...], _Statement | None] = {}


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
    """A finding per row whose value stands in a submission that `user` may see: one query.

    `values` are by the rows' indexes. What `user` may not see counts nowhere, so that not even
    its existence shows.
    """
    rows: dict[str, list[int]] = {}
    for row, value in values.items():
        rows.setdefault(value.key, []).append(row)
    for found in _newest(list(rows), entry, user):
        for row in rows[found.key]:
            yield _finding(row, values[row], found)


def _newest(keys: Sequence[str], entry: Entry, user: AbstractBaseUser | AnonymousUser) -> Any:
    """Per key the newest submission, with `key` and `times`: in how many it stands."""
    if not keys or not isinstance(user, User):
        return ()
    # A few sizes of statements serve all: the last key is said again until one is full.
    size = 1 << (len(keys) - 1).bit_length()
    statement = _statement(user, size, has_own=entry.submission_id is not None)
    if statement is None:
        return ()
    given = iter([*keys, *[keys[-1]] * (size - len(keys))])
    parameters = [
        next(given) if each == _MARK else _own(entry) if each == _OWN else each
        for each in statement.parameters
    ]
    return Submission.objects.raw(statement.sql, parameters)


