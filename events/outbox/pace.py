"""Keeping to the API's rate limit before it has to refuse: one pause that all processes share."""

from datetime import datetime, timedelta

from django.utils import timezone

from events.cloudflare import ApiError, RateLimit, RateLimited
from events.memo import Memo
from events.models import Throttle

KEY = "api pause"
# Requests that are left to others (reads, other processes under way) when a pause begins.
RESERVE = 5
PAUSE_MOST = 900.0


def paused_until(now: datetime) -> datetime | None:
    """Until when nothing may be sent; None if sending may go on.

    What another process learned is known here within a second.
    """
    until = _until.get()
    return until if until is not None and until > now else None


def forget() -> None:
    """Ask the database anew at the next `paused_until`."""
    _until.forget()


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
    forget()


def _read() -> datetime | None:
    return Throttle.objects.filter(key=KEY).values_list("since", flat=True).first()


_until = Memo(_read, seconds=1.0)
