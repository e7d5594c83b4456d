"""The gate before the API: closed while it asks to wait, while it is away, or while it refuses us.

What one process learns holds for all of them, and for every kind of request: creates, searches,
sweeps, looks and lists. A pause only ever grows until it ends. The breaker opens after
`FAILURES_MOST` failures in a row of creates or of lists; then one process in all probes, once in a
while. Where creates had failed, an answered probe is followed by the trial of one create, and only
its success opens the way: a list that is answered does not prove that creates are.

A failure is an answer that is missing or a 5xx. What a request about one event or dataset is
refused (403), or what cannot be read, says nothing of the API as a whole; 401 says that the desk
is not let in, and so do creates that are refused in a row.
"""

import logging
from datetime import datetime, timedelta
from enum import StrEnum
from typing import NamedTuple

from django.db.models import F, Q

from events import clock
from events.cloudflare import ApiError, NotSent, RateLimit, RateLimited, Refused, Unknown
from events.memo import Memo
from events.models import ApiGate

# Requests that are left to others (reads, other processes under way) when a pause begins.
RESERVE = 10
PAUSE_MOST = 900.0
# How long to wait after a 429 that does not say.
PAUSE_UNTOLD = 60.0
FAILURES_MOST = 5
PROBE_FIRST = 5.0
PROBE_MOST = 60.0
# A trial may cost an event whose outcome is unknown, so that it is made more seldom.
TRIAL_MOST = 900.0
# The event waits, and the desk's administrator is told.
ACCESS_STATUSES = frozenset({401, 403})
# Creates refused with 403 in a row until it is the desk that is refused, and not an event.
REFUSALS_MOST = 2

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
            return (
                f"Cloudflare refuses this desk's access {since}. "
                "The administrator has to set it right."
            )
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
    if row.paused_until is not None and _is_paused(row, now):
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


def heed_refusal(error: ApiError) -> None:
    """Pause as long as a 429 asks."""
    if isinstance(error, RateLimited):
        _pause(PAUSE_UNTOLD if error.retry_after is None else error.retry_after)


def answered(*, create: bool) -> None:
    """The API answered a create, or a list. Costs nothing as long as nothing failed before."""
    failures = "create_failures" if create else "read_failures"
    if getattr(_row.get(), failures):
        ApiGate.objects.filter(pk=ApiGate.KEY).update(**{failures: 0})
        forget()


def failed(error: ApiError, *, create: bool) -> None:
    """Learn from a create, or from a list, that did not return its result."""
    heed_refusal(error)
    if isinstance(error, Held) or (isinstance(error, NotSent) and error.is_local):
        return
    if error.status == 401:
        if create:
            _count("create_failures")
        _open(_reason(error), is_access=True, probe_after=0.0)
    elif create and is_access_refused(error):
        if _count("create_failures") >= REFUSALS_MOST:
            _open(_reason(error), is_access=True, probe_after=0.0)
    elif _is_outage(error, create=create):
        if _count("create_failures" if create else "read_failures") >= FAILURES_MOST:
            _open(_reason(error), is_access=False, probe_after=PROBE_FIRST)
    else:
        answered(create=create)


def failed_for_one(error: ApiError) -> None:
    """Learn from a request about one event: only that the API does not answer is about all."""
    if error.status in (None, 401):
        failed(error, create=False)
    else:
        heed_refusal(error)


def is_access_refused(error: ApiError) -> bool:
    """Whether the API refused who asked and not what was asked."""
    return isinstance(error, Refused) and error.status in ACCESS_STATUSES


def claim_probe() -> bool:
    """Whether this process is to ask whether the API answers again: one of all, once a while."""
    row, now = _stored(), clock.now()
    if row.opened_at is None or _is_paused(row, now) or _is_ahead(row.probe_at, now):
        return False
    claimed = ApiGate.objects.filter(
        pk=ApiGate.KEY, opened_at=row.opened_at, probe_at=row.probe_at
    ).update(probe_at=now + _wait(row.opened_at, now, PROBE_MOST))
    forget()
    return claimed == 1


def needs_trial() -> bool:
    """Whether a create has to succeed before the way is opened."""
    return _stored().create_failures > 0


def claim_trial() -> bool:
    """Whether it is time to try one create, after a probe that was answered.

    At once after an outage of everything; ever more seldom while only creates fail.
    """
    row, now = _stored(), clock.now()
    if row.opened_at is None or _is_ahead(row.trial_at, now):
        return False
    ApiGate.objects.filter(pk=ApiGate.KEY).update(
        trial_at=now + _wait(row.opened_at, now, TRIAL_MOST)
    )
    forget()
    return True


def open_again() -> None:
    """The API answers: let everybody ask."""
    opened = ApiGate.objects.filter(pk=ApiGate.KEY, opened_at__isnull=False).update(
        opened_at=None,
        probe_at=None,
        trial_at=None,
        reason="",
        is_access=False,
        read_failures=0,
        create_failures=0,
    )
    if opened:
        log.warning("the API answers again: what waits is sent")
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


def _is_outage(error: ApiError, *, create: bool) -> bool:
    """Whether an error means that the API does not work, and not that it said something.

    Of a create also an answer that says nothing of its outcome: each costs an event that is
    unknown.
    """
    if isinstance(error, NotSent):
        return True
    return isinstance(error, Unknown) and (create or error.status is None or error.status >= 500)


def _reason(error: ApiError) -> str:
    """What is told of it, without the API's own words, which may repeat what was sent."""
    if isinstance(error, NotSent):
        return error.detail
    return f"HTTP {error.status}" if error.status else "no answer"


def _wait(opened: datetime, now: datetime, most: float) -> timedelta:
    """As long again as it has lasted, within bounds."""
    return timedelta(seconds=min(max((now - opened).total_seconds(), PROBE_FIRST), most))


def _is_ahead(moment: datetime | None, now: datetime) -> bool:
    """Whether `moment` has not come yet; what is further off is what a clock left that was set."""
    return moment is not None and now < moment <= now + timedelta(seconds=TRIAL_MOST)


def _is_paused(row: ApiGate, now: datetime) -> bool:
    return _is_ahead(row.paused_until, now)


def _pause(seconds: float) -> None:
    """Never shortens a pause that another answer asked for."""
    until = clock.now() + timedelta(seconds=min(max(seconds, 1.0), PAUSE_MOST))
    shorter = Q(paused_until__isnull=True) | Q(paused_until__lt=until)
    _ensure()
    ApiGate.objects.filter(shorter, pk=ApiGate.KEY).update(paused_until=until)
    forget()


def _count(failures: str) -> int:
    """How many there are now in a row."""
    _ensure()
    ApiGate.objects.filter(pk=ApiGate.KEY).update(**{failures: F(failures) + 1})
    forget()
    return int(getattr(_stored(), failures))


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
