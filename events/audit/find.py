"""Finding entries: filters, exact search, and pages by position instead of by count.

Every way of looking is served by an index on SQLite and PostgreSQL alike, so that a page costs
the same in a log of ten thousand entries and of a million. That is why search takes whole
identifiers and indicators only, and not words.
"""

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, NamedTuple
from uuid import UUID

from django.db import connection

from events.audit import body, marked
from events.indicators import refang
from events.models import AuditEntry, AuditTerm, Submission

PAGE = 50
MATCHES = 1000

_ENTRY = AuditEntry._meta.db_table
_HEX = re.compile(r"[0-9a-f]+")


@dataclass(frozen=True)
class Wanted:
    """What to list. An empty field is no condition; both dates are days in UTC and included.

    `is_red_visible`: whether indicators may lead to TLP:RED entries.
    """

    actor: str = ""
    action: str = ""
    outcome: str = ""
    tlp: str = ""
    since: date | None = None
    until: date | None = None
    search: str = ""
    is_red_visible: bool = False


class Position(NamedTuple):
    """A place in the list, which is in order of time and then of number."""

    at: datetime
    seq: int

    def __str__(self) -> str:
        return f"{body.moment(self.at)}_{self.seq}"

    @classmethod
    def from_text(cls, text: str) -> "Position | None":
        """What `str` made; None for anything else."""
        moment, _, seq = text.partition("_")
        at = body.moment_in_utc(moment)
        is_number = seq.isdecimal() and seq.isascii() and len(seq) < 19
        return cls(at, int(seq)) if at and is_number else None


class Row(NamedTuple):
    """An entry as the list shows it."""

    seq: int
    at: datetime
    actor: str
    action: str
    object_id: str
    outcome: str
    tlp: str

    @property
    def position(self) -> Position:
        """Where the row stands."""
        return Position(self.at, self.seq)


class Page(NamedTuple):
    """Up to `PAGE` rows, the newest first, and whether there are newer and older ones."""

    rows: list[Row]
    has_newer: bool
    has_older: bool


def page(
    wanted: Wanted,
    *,
    before: Position | None = None,
    after: Position | None = None,
    from_oldest: bool = False,
) -> Page:
    """The newest entries; or those before or after a position; or the oldest."""
    conditions = _conditions(wanted)
    if after is not None or from_oldest:
        if after is not None:
            conditions.append(_beyond(">", after))
        found = _select(conditions, "ASC")
        return Page(found[:PAGE][::-1], len(found) > PAGE, has_older=after is not None)
    if before is not None:
        conditions.append(_beyond("<", before))
    found = _select(conditions, "DESC")
    return Page(found[:PAGE], before is not None, has_older=len(found) > PAGE)


Condition = tuple[str, tuple[Any, ...]]


def _select(conditions: list[Condition], direction: str) -> list[Row]:
    """Up to `PAGE` rows and one more. In SQL, because the ORM takes longer than the database."""
    where = " AND ".join(sql for sql, _ in conditions) or "1 = 1"
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT {', '.join(Row._fields)} FROM {_ENTRY} WHERE {where}"  # noqa: S608
            f" ORDER BY at {direction}, seq {direction} LIMIT {PAGE + 1}",
            [value for _, values in conditions for value in values],
        )
        return [Row(seq, _moment(at), *rest) for seq, at, *rest in cursor.fetchall()]


def _moment(stored: datetime | str) -> datetime:
    """SQLite has no moments: it keeps them as text in UTC."""
    return stored if isinstance(stored, datetime) else datetime.fromisoformat(f"{stored}+00:00")


def _conditions(wanted: Wanted) -> list[Condition]:
    conditions: list[Condition] = []
    for name in ("actor", "action", "outcome", "tlp"):
        if value := getattr(wanted, name):
            conditions.append((f"{name} = %s", (body.escaped(value),)))
    if wanted.since:
        conditions.append(("at >= %s", (_midnight(wanted.since),)))
    if wanted.until and wanted.until < date.max:
        conditions.append(("at < %s", (_midnight(wanted.until + timedelta(days=1)),)))
    if wanted.search:
        numbers = _found(wanted)
        marks = ", ".join(["%s"] * len(numbers)) or "NULL"
        conditions.append((f"seq IN ({marks})", tuple(numbers)))
    return conditions


def _beyond(comparison: str, position: Position) -> Condition:
    """What lies before or after `position`: the first term is the one that an index serves."""
    at = connection.ops.adapt_datetimefield_value(position.at)
    sql = f"at {comparison}= %s AND (at {comparison} %s OR seq {comparison} %s)"
    return sql, (at, at, position.seq)


def _midnight(day: date) -> Any:
    return connection.ops.adapt_datetimefield_value(datetime.combine(day, time(), UTC))


def _found(wanted: Wanted) -> list[int]:
    """The numbers of the entries that the search means: the newest `MATCHES` of each kind."""
    text = wanted.search.strip()
    if text.isascii() and text.isdecimal() and len(text) < 19:
        return [int(text)]
    terms = _numbers([_by_term(indicator) for indicator in {text, refang(text)}])
    ways = [_by_object(text)]
    if _HEX.fullmatch(text.lower()):
        column = "hash" if len(text) == 64 else "request_id"
        ways.append((_newest(f"{column} = %s"), (text.lower(),)))
    shown = terms if wanted.is_red_visible else marked.without_red(terms)
    return [*{*shown, *_numbers(ways)}]


def _numbers(ways: list[Condition]) -> list[int]:
    with connection.cursor() as cursor:
        union = " UNION ".join(f"SELECT * FROM ({sql}) AS way" for sql, _ in ways)  # noqa: S608
        cursor.execute(union, [value for _, values in ways for value in values])
        return [number for (number,) in cursor.fetchall()]


def _newest(condition: str) -> str:
    return f"SELECT seq FROM {_ENTRY} WHERE {condition} ORDER BY at DESC, seq DESC LIMIT {MATCHES}"  # noqa: S608


def _by_object(text: str) -> Condition:
    """A submission by its own id or by the uuid that its event was given; else any object."""
    try:
        identifier = str(UUID(text))
    except ValueError:
        return _newest("object_id = %s"), (body.escaped(text),)
    became = Submission.objects.filter(event_uuid=identifier).values_list("pk", flat=True)
    names = (identifier, *map(str, became[:MATCHES]))
    return _newest(f"object_id IN ({', '.join(['%s'] * len(names))})"), names


def _by_term(text: str) -> Condition:
    """What is about an indicator."""
    sql = (
        f"SELECT entry_id AS seq FROM {AuditTerm._meta.db_table} AS term WHERE digest = %s"  # noqa: S608
        f" ORDER BY entry_id DESC LIMIT {MATCHES}"
    )
    return sql, (body.term(text),)
