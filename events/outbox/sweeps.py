"""When what is settled is compared with Cloudforce One again: often for days, then sparsely."""

from datetime import datetime, timedelta

SWEEP_AFTER = timedelta(minutes=10)
SWEEP_EVERY = timedelta(hours=6)
SWEEP_FOR = timedelta(days=3)
# After that only at these ages, so that what is changed or deleted there does not stay untold.
LATER = (timedelta(days=7), timedelta(days=30))
# From this age on a sweep also looks whether the event is still as it was sent.
LOOK_AFTER = timedelta(days=1)


def first_sweep(settled: datetime) -> datetime:
    """When something that was settled then is compared for the first time."""
    return settled + SWEEP_AFTER


def next_sweep(settled: datetime, now: datetime) -> datetime | None:
    """When it is compared again after a sweep at `now`; None for never."""
    if now + SWEEP_EVERY - settled <= SWEEP_FOR:
        return now + SWEEP_EVERY
    return next((settled + age for age in LATER if settled + age > now), None)


def is_time_to_look(settled: datetime, looked: datetime | None, now: datetime) -> bool:
    """Whether a sweep at `now` also reads the event itself."""
    return now - settled >= LOOK_AFTER and (looked is None or now - looked > 2 * LOOK_AFTER)
