"""Slowing repetition down: at most so many times in a window, counted in the database."""

from datetime import datetime, timedelta

from django.db import transaction

from events import clock
from events.models import Throttle


def hit(key: str, *, limit: int, window: timedelta) -> datetime | None:
    """Count one more of `key`. None while within `limit`, else when the window ends."""
    now = clock.now()
    with transaction.atomic():
        row, _ = Throttle.objects.select_for_update().get_or_create(
            key=key, defaults={"since": now, "count": 0}
        )
        if row.since + window <= now:
            row.since, row.count = now, 0
        row.count += 1
        row.save()
    return row.since + window if row.count > limit else None


def blocked(key: str, *, limit: int, window: timedelta) -> datetime | None:
    """Until when `key` has used up its `limit`; None if it may go on. Counts nothing."""
    row = Throttle.objects.filter(key=key, count__gte=limit).first()
    if row is None or row.since + window <= clock.now():
        return None
    return row.since + window


def forget(key: str) -> None:
    """Start `key` afresh."""
    Throttle.objects.filter(key=key).delete()
