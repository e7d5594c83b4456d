"""The one clock that all processes share: the database's.

Leases, signs of life, throttles and pauses are compared by processes on several machines, whose own
clocks differ. On SQLite there is one machine, and so one clock.
"""

import time
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from django.db import DatabaseError, InterfaceError, connection
from django.utils import timezone

from events.memo import Memo

# How far a machine's clock may be from the database's before it is told to be set right.
SKEW_MOST = timedelta(seconds=60)
ASK_EVERY = 30.0


# If this machine's clocks disagree by more, it slept, or was set, since the last reading.
JUMP = 2.0


class _Reading(NamedTuple):
    """What the database's clock said, and what this machine's steady and wall clocks said then."""

    there: datetime
    here: float
    wall: float

    def has_jumped(self) -> bool:
        """Whether one of this machine's clocks stood still, or was set, since then."""
        return abs((time.time() - self.wall) - (time.monotonic() - self.here)) > JUMP


def now() -> datetime:
    """The time by the database's clock, in UTC.

    On PostgreSQL it is asked twice a minute; in between the steady clock of this process counts on,
    so that a machine whose clock is set meanwhile does not jump. While the database is away the
    last answer counts on; before there was one, this machine's clock has to do.
    """
    if connection.vendor != "postgresql":
        return timezone.now()
    reading = _reading()
    return reading.there + timedelta(seconds=time.monotonic() - reading.here)


def _reading() -> _Reading:
    if (kept := _last.kept()) is not None and kept.has_jumped():
        forget()
    try:
        return _last.get()
    except (DatabaseError, InterfaceError):
        if kept is None:
            return _Reading(timezone.now(), time.monotonic(), time.time())
        return kept


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
    return _Reading(there.astimezone(UTC), time.monotonic(), time.time())


_last = Memo(_ask, seconds=ASK_EVERY)
