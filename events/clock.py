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


def trouble() -> str:
    """Why this machine must not take part yet, and what to do; empty if the clocks agree."""
    forget()
    ahead = skew()
    if abs(ahead) <= SKEW_MOST:
        return ""
    direction = "ahead of" if ahead > timedelta() else "behind"
    return (
        f"This machine's clock is {abs(ahead.total_seconds()):,.0f} seconds {direction} the "
        f"database's; {SKEW_MOST.total_seconds():.0f} are allowed. Set it right, best by NTP, and "
        "start again."
    )


def forget() -> None:
    """Ask the database at the next `now`."""
    _last.forget()


def _ask() -> _Reading:
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        there: datetime = cursor.fetchone()[0]
    return _Reading(there.astimezone(UTC), time.monotonic())


_last = Memo(_ask, seconds=ASK_EVERY)
