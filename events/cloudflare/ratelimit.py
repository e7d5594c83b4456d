"""Owns the reading of the headers by which the API says how soon it may be asked again."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from events.cloudflare.records import RateLimit

_REMAINING = re.compile(r"\br=(\d{1,9})\b")
_RESET = re.compile(r"\bt=(\d{1,9})\b")
_SECONDS = re.compile(r"\d{1,9}")


def rate_limit(header: str | None) -> RateLimit | None:
    """`"default";r=50;t=30` as 50 requests left for 30 seconds; the tightest of several policies.

    None when the header is absent or says something else.
    """
    found = [_policy(item) for item in (header or "").split(",")]
    return min((rate for rate in found if rate), key=lambda rate: rate.remaining, default=None)


def _policy(item: str) -> RateLimit | None:
    remaining, reset = _REMAINING.search(item), _RESET.search(item)
    if not remaining or not reset:
        return None
    return RateLimit(remaining=int(remaining[1]), reset_seconds=float(reset[1]))


def retry_after(header: str | None, date: str | None = None) -> float | None:
    """Seconds to wait, from a `Retry-After` header in seconds or as an HTTP date.

    A date is measured against the answer's own `Date` header when it has one, so that a clock
    which differs from the API's does not matter. Never negative; None when it says nothing.
    """
    text = (header or "").strip()
    if _SECONDS.fullmatch(text):
        return float(text)
    until = _http_date(text)
    if until is None:
        return None
    now = _http_date(date or "") or datetime.now(UTC)
    return max(0.0, (until - now).total_seconds())


def _http_date(text: str) -> datetime | None:
    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, OverflowError, IndexError, TypeError):
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
