"""Slowing repetition down: at most so many times in a window, counted in the database."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from django.db import transaction

from events import clock
from events.models import Throttle

# No limit looks further back: older rows say nothing any more.
KEPT = timedelta(days=1)
SWEPT_MOST = 20


def hit(key: str, *, limit: int, window: timedelta) -> datetime | None:
    """Count one more of `key`. None while within `limit`, else when the window ends."""
    now = clock.now()
    with transaction.atomic():
        row = locked([key])[key]
        if row.since + window <= now:
            row.since, row.count = now, 0
        row.count += 1
        row.save()
    return row.since + window if row.count > limit else None


def locked(keys: Iterable[str]) -> dict[str, Throttle]:
    """The rows of `keys`, made where there are none, and locked until the transaction ends."""
    wanted = sorted(set(keys))
    rows: dict[str, Throttle] = {}
    # Again if one was swept away in between.
    while rows.keys() != set(wanted):
        # In the order of their names, as they are locked: two that want the same cannot deadlock.
        made = [Throttle(key=key, since=clock.now(), count=0) for key in wanted if key not in rows]
        Throttle.objects.bulk_create(made, ignore_conflicts=True)
        found = Throttle.objects.select_for_update().filter(key__in=wanted).order_by("key")
        rows = {row.key: row for row in found}
    return rows


def forget(*keys: str) -> None:
    """Start `keys` afresh."""
    Throttle.objects.filter(key__in=keys).delete()


def sweep() -> None:
    """Delete some rows that say nothing any more. Called with what makes rows, it keeps up."""
    old = Throttle.objects.filter(since__lt=clock.now() - KEPT).order_by("since")
    if not old.exists():
        return
    with transaction.atomic():
        rows = old.select_for_update(skip_locked=True)[:SWEPT_MOST]
        forget(*[row.key for row in rows])
