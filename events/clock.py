"""The one clock that all processes share: the database's.

Leases, signs of life, throttles and pauses are compared by processes on several machines, whose own
clocks differ. On SQLite there is one machine, and so one clock.
"""

import time
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from django.db import connection
from django.utils import timezone

from events.memo import Memo

# How far a machine's clock may be from the database's before it is told to be set right.
SKEW_MOST = timedelta(seconds=60)
ASK_EVERY = 30.0


class _Reading(NamedTuple):
    """What the database's clock said, and what this process's steady clock said then."""

    there: datetime
    here: float


def now() -> datetime:
    """The time by the database's clock, in UTC.

    On PostgreSQL it is asked twice a minute; in between the steady clock of this process counts on,
    so that a machine whose clock is set meanwhile does not jump.
    """
    if connection.vendor != "postgresql":
        return timezone.now()
    reading = _last.get()
    return reading.there + timedelta(seconds=time.monotonic() - reading.here)


def skew() -> timedelta:
    """How far this machine's clock is ahead of the database's; negative if it is behind."""
    return timezone.now() - now()


def forget() -> None:
    """Ask the database at the next `now`."""
    _last.forget()


def _ask() -> _Reading:
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        there: datetime = cursor.fetchone()[0]
    return _Reading(there.astimezone(UTC), time.monotonic())


_last = Memo(_ask, seconds=ASK_EVERY)
