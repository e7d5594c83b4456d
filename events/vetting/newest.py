"""The newest submission about each of some indicators, among those that a person may see.

It is asked at every pause in somebody's typing, and Django would take longer to write the SQL
than the database takes to answer. So the SQL of `visible_to` is written once per set of rights.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple
from uuid import UUID

from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.models import AnonymousUser, User
from django.core.exceptions import EmptyResultSet
from django.db import connection
from django.db.models import Count, F, Window
from django.db.models.functions import RowNumber

from events.models import State, Submission, may_see_red

_KEY = "mark of a key"
_NOBODYS = UUID("7c1d7f0e-3a52-4c0b-9d6e-5f3b0a1c2d4e")
_KEPT_MOST = 512


class Newest(NamedTuple):
    """A submission with the `key` of `SubmissionIndicator`, and in how many that stands."""

    key: str
    times: int
    submission: Submission


class _Statement(NamedTuple):
    """SQL and what it binds, with marks for the keys and for the submission to leave out."""

    sql: str
    parameters: tuple[Any, ...]


_kept: dict[tuple[object, ...], _Statement | None] = {}


def newest(
    keys: Sequence[str], *, user: AbstractBaseUser | AnonymousUser, besides: UUID | None = None
) -> list[Newest]:
    """The newest submission for each of `keys` that `user` sees, `besides` left out: one query."""
    if not keys or not isinstance(user, User):
        return []
    # A few sizes of statements serve all: the last key is said again until one is full.
    size = 1 << (len(keys) - 1).bit_length()
    statement = _statement(user, size)
    if statement is None:
        return []
    given = iter([*keys, *[keys[-1]] * (size - len(keys))])
    nobodys, other = _bound(_NOBODYS), _bound(besides or _NOBODYS)
    parameters = [
        next(given) if each == _KEY else other if each == nobodys else each
        for each in statement.parameters
    ]
    found: Any = Submission.objects.raw(statement.sql, parameters)
    return [Newest(each.key, each.times, each) for each in found]


def _bound(identifier: UUID) -> object:
    return Submission._meta.pk.get_db_prep_value(identifier, connection)


def _statement(user: User, size: int) -> _Statement | None:
    """The statement for what `user` may do now; None if that is to see nothing."""
    rights = (
        connection.vendor,
        user.pk,
        frozenset(user.get_all_permissions()),
        may_see_red(user),
        size,
    )
    if rights not in _kept:
        if len(_kept) >= _KEPT_MOST:
            _kept.clear()
        _kept[rights] = _written(user, size)
    return _kept[rights]


def _written(user: User, size: int) -> _Statement | None:
    key = F("indicators__key")
    seen = (
        Submission.objects.visible_to(user)
        .exclude(state=State.DISCARDED)
        .exclude(pk=_NOBODYS)
        .filter(indicators__key__in=[f"{_KEY}{number}" for number in range(size)])
        .annotate(
            key=key,
            times=Window(Count("pk"), partition_by=key),
            place=Window(RowNumber(), partition_by=key, order_by=F("indicators__pk").desc()),
        )
        .only("state", "updated_at", "author_name")
        .order_by()
    )
    try:
        sql, parameters = seen.query.sql_with_params()
    except EmptyResultSet:
        return None
    marks = {f"{_KEY}{number}": _KEY for number in range(size)}
    return _Statement(
        f"SELECT * FROM ({sql}) AS seen WHERE place = 1",  # noqa: S608 # Django wrote what is inside
        tuple(marks.get(each, each) if isinstance(each, str) else each for each in parameters),
    )
