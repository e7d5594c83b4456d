"""All checks of an entry, in a constant number of queries."""

from collections.abc import Iterator, Mapping
from datetime import datetime

from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.models import AnonymousUser

from events.payload.values import Value, value_of
from events.reference import References
from events.vetting import benign, facts, known, marking, notices, seen
from events.vetting.findings import ORDER, Entry, Finding, Level


def vet(
    entry: Entry,
    *,
    user: AbstractBaseUser | AnonymousUser,
    references: References,
    now: datetime,
) -> tuple[Finding, ...]:
    """Everything to look at in `entry`, blocks first; never raises for what was typed.

    Three queries at most, besides that for the rights of `user`. `now` is in UTC.
    """
    values = _values(entry)
    found = [
        *_blocking(entry, values, references),
        *marking.raw(entry),
        *facts.when(entry, now),
        *facts.catalog(entry, references),
        *(one for row, value in values.items() for one in notices.findings(row, value)),
        *(one for row, value in values.items() for one in benign.findings(row, value)),
        *seen.findings(entry, values, user),
    ]
    return tuple(sorted(found, key=lambda finding: ORDER[finding.level]))


def blocks(entry: Entry, *, references: References) -> tuple[Finding, ...]:
    """What keeps `entry` from being sent, for the moment of sending: two queries at most."""
    found = _blocking(entry, _values(entry), references)
    return tuple(finding for finding in found if finding.level is Level.BLOCK)


def _blocking(
    entry: Entry, values: Mapping[int, Value], references: References
) -> Iterator[Finding]:
    """The checks that may block."""
    yield from marking.public(entry, references)
    yield from marking.lowered(entry)
    listed = known.load() if values else None
    for row, value in values.items():
        if listed and (finding := listed.finding(row, value)):
            yield finding


def _values(entry: Entry) -> dict[int, Value]:
    """The values by the indexes of their rows, without the empty ones."""
    return {
        row: value_of(kind, value) for row, (kind, value) in enumerate(entry.rows) if value.strip()
    }
