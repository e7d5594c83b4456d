"""Keeping to the API's rate limit before it has to refuse: one pause that all processes share."""

from datetime import datetime, timedelta

from django.utils import timezone

from events.cloudflare import ApiError, RateLimit, RateLimited
from events.models import Throttle

KEY = "api pause"
# Requests that are left to others (reads, other processes under way) when a pause begins.
RESERVE = 5
PAUSE_MOST = 900.0


def paused_until(now: datetime) -> datetime | None:
    """Until when nothing may be sent; None if sending may go on."""
    row = Throttle.objects.filter(key=KEY, since__gt=now).first()
    return row.since if row else None


def heed(rate: RateLimit | None) -> None:
    """Pause until the allowance refills, if an answer said that it is nearly used up."""
    if rate is not None and rate.remaining <= RESERVE:
        _pause(rate.reset_seconds)


def heed_refusal(error: ApiError) -> None:
    """Pause as long as a 429 asks."""
    if isinstance(error, RateLimited) and error.retry_after is not None:
        _pause(error.retry_after)


def _pause(seconds: float) -> None:
    until = timezone.now() + timedelta(seconds=min(max(seconds, 1.0), PAUSE_MOST))
    Throttle.objects.update_or_create(key=KEY, defaults={"since": until, "count": 0})
