"""The gate before the API: closed while it asks to wait, while it is away, or while it refuses us.

What one process learns holds for all of them, and for every kind of request: creates, searches,
sweeps, looks and lists. A pause only ever grows until it ends. The breaker opens after
`FAILURES_MOST` failures in a row; then one process in all asks, one request a while, and the first
answer opens the way again.
"""

import logging
from datetime import datetime, timedelta
from enum import StrEnum
from typing import NamedTuple

from django.db.models import F, Q

from events import clock
from events.cloudflare import ApiError, NotSent, RateLimit, RateLimited, Refused
from events.memo import Memo
from events.models import ApiGate

# Requests that are left to others (reads, other processes under way) when a pause begins.
RESERVE = 10
PAUSE_MOST = 900.0
FAILURES_MOST = 5
PROBE_FIRST = 5.0
PROBE_MOST = 60.0
# Only these say that the desk is not let in at all; other refusals are about one request.
ACCESS_STATUSES = frozenset({401, 403})

log = logging.getLogger("events.gate")


class Kind(StrEnum):
    """Why the gate is closed."""

    PAUSED = "paused"
    AWAY = "away"
    ACCESS = "access"


class Closed(NamedTuple):
    """The gate is closed: why, since when (None for a pause), and when it is tried again.

    `sentence` is for people; `reason` is what the API or the network said.
    """

    kind: Kind
    until: datetime
    since: datetime | None = None
    reason: str = ""

    @property
    def sentence(self) -> str:
        """What is true and what follows from it, for every page."""
        if self.kind is Kind.PAUSED:
            return f"Cloudflare asked to wait until {self.until:%H:%M:%S} UTC."
        since = f"since {self.since:%Y-%m-%d %H:%M} UTC" if self.since else "now"
        if self.kind is Kind.ACCESS:
            return f"Cloudflare refuses this desk's access {since}. Tell the administrator."
        return f"Cloudflare has not answered {since}."


class Held(NotSent):
    """Nothing was asked, because the gate is closed; `until` says when it is tried again."""

    def __init__(self, closed: Closed) -> None:
        super().__init__(closed.sentence)
        self.until = closed.until


def closed() -> Closed | None:
    """Why nothing may be asked now; None if it may. Known here within a second of its cause."""
    row, now = _row.get(), clock.now()
    if row.opened_at is not None:
        kind = Kind.ACCESS if row.is_access else Kind.AWAY
        return Closed(kind, row.probe_at or now, row.opened_at, row.reason)
    if row.paused_until is not None and row.paused_until > now:
        return Closed(Kind.PAUSED, row.paused_until)
    return None


def breaker() -> Closed | None:
    """The open circuit breaker, for every page: a pause of seconds is not worth a word there."""
    reason = closed()
    return reason if reason and reason.since else None


def must_be_open() -> None:
    """Raise `Held` while the gate is closed."""
    if reason := closed():
        raise Held(reason)


def forget() -> None:
    """Ask the database anew at the next `closed`."""
    _row.forget()


def heed(rate: RateLimit | None) -> None:
    """Pause until the allowance refills, if an answer said that it is nearly used up."""
    if rate is not None and rate.remaining <= RESERVE:
        _pause(rate.reset_seconds)


def answered(*, create: bool) -> None:
    """The API answered a create, or a read. Costs nothing as long as nothing failed before."""
    failures = "create_failures" if create else "read_failures"
    if getattr(_row.get(), failures):
        ApiGate.objects.filter(pk=ApiGate.KEY).update(**{failures: 0})
        forget()


def failed(error: ApiError, *, create: bool) -> None:
    """Learn from a request that did not return its result."""
    if isinstance(error, Held):
        return
    if isinstance(error, RateLimited):
        if error.retry_after is not None:
            _pause(error.retry_after)
        answered(create=create)
    elif is_access_refused(error):
        _open(error.detail, is_access=True, probe_after=0.0)
    elif isinstance(error, Refused):
        answered(create=create)
    else:
        _count(error, "create_failures" if create else "read_failures")


def is_access_refused(error: ApiError) -> bool:
    """Whether the API refused the desk itself and not what was asked."""
    return isinstance(error, Refused) and error.status in ACCESS_STATUSES


def claim_probe() -> bool:
    """Whether this process is to ask whether the API answers again: one of all, once a while."""
    row, now = _stored(), clock.now()
    if row.opened_at is None or row.probe_at is None or row.probe_at > now:
        return False
    wait = min(max((now - row.opened_at).total_seconds() / 2, PROBE_FIRST), PROBE_MOST)
    claimed = ApiGate.objects.filter(
        pk=ApiGate.KEY, opened_at=row.opened_at, probe_at=row.probe_at
    ).update(probe_at=now + timedelta(seconds=wait))
    forget()
    return claimed == 1


def probed(error: ApiError | None) -> None:
    """Learn from a probe: an answer, whatever it says, opens the way; one failure closes it again.

    If creates had failed, the next that fails closes it at once: a read that is answered does not
    prove that creates are.
    """
    if error is not None and (is_access_refused(error) or not _is_answer(error)):
        ApiGate.objects.filter(pk=ApiGate.KEY).update(reason=error.detail)
        forget()
        return
    nearly = FAILURES_MOST - 1
    rows = ApiGate.objects.filter(pk=ApiGate.KEY, opened_at__isnull=False)
    rows.filter(create_failures__gt=nearly).update(create_failures=nearly)
    closed_again = rows.update(
        opened_at=None, probe_at=None, reason="", is_access=False, read_failures=0
    )
    if closed_again:
        log.warning("the API answers again: what waits is sent")
    if isinstance(error, RateLimited):
        failed(error, create=False)
    forget()


def must_be_looked_for(made_at: datetime, searched_at: datetime | None) -> bool:
    """Whether what was made then may have been sent by a desk of which this one is a copy."""
    before = _row.get().look_before
    return before is not None and made_at < before and (searched_at is None or searched_at < before)


def look_before(moment: datetime) -> None:
    """Have everything that was made before `moment` looked for before its first send."""
    ApiGate.objects.update_or_create(pk=ApiGate.KEY, defaults={"look_before": moment})
    forget()


def database() -> str:
    """The database that the gate's row was written in; empty if that was never noted."""
    return _stored().database


def name_database(name: str) -> None:
    """Note that the row is in the database `name`."""
    _ensure()
    ApiGate.objects.filter(pk=ApiGate.KEY).update(database=name)
    forget()


def looks_begin_at() -> datetime | None:
    """`look_before`: what was sent elsewhere may take the quiet period from then on to appear."""
    return _row.get().look_before


def _is_answer(error: ApiError) -> bool:
    return isinstance(error, Refused | RateLimited)


def _pause(seconds: float) -> None:
    """Never shortens a pause that another answer asked for."""
    until = clock.now() + timedelta(seconds=min(max(seconds, 1.0), PAUSE_MOST))
    shorter = Q(paused_until__isnull=True) | Q(paused_until__lt=until)
    _ensure()
    ApiGate.objects.filter(shorter, pk=ApiGate.KEY).update(paused_until=until)
    forget()


def _count(error: ApiError, failures: str) -> None:
    _ensure()
    ApiGate.objects.filter(pk=ApiGate.KEY).update(**{failures: F(failures) + 1})
    if getattr(_stored(), failures) >= FAILURES_MOST:
        _open(error.detail, is_access=False, probe_after=PROBE_FIRST)
    forget()


def _open(reason: str, *, is_access: bool, probe_after: float) -> None:
    """Keep everybody from asking, unless they are kept from it already."""
    _ensure()
    now = clock.now()
    opened = ApiGate.objects.filter(pk=ApiGate.KEY, opened_at__isnull=True).update(
        opened_at=now,
        probe_at=now + timedelta(seconds=probe_after),
        reason=reason,
        is_access=is_access,
    )
    if opened:
        log.warning("the API is not asked until it answers a probe: %s", reason)
    forget()


def _ensure() -> None:
    ApiGate.objects.get_or_create(pk=ApiGate.KEY)


def _stored() -> ApiGate:
    return ApiGate.objects.filter(pk=ApiGate.KEY).first() or ApiGate()


_row = Memo(_stored, seconds=1.0)
