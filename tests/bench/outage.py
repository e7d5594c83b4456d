"""An outage of a day in simulated time: what the real worker asks, and how it catches up.

Every request takes its time by the simulated clock, and the API keeps Cloudflare's rate limit by
the same clock. Between two things that are due nothing happens, so the clock leaps.
"""

import json
import math
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any, NamedTuple
from unittest.mock import patch
from uuid import UUID, uuid4

from django.conf import settings
from django.contrib.auth.models import User
from django.db.models import Min
from django.test import override_settings
from django.utils import timezone

from events import outbox, services
from events.audit import Actor
from events.cloudflare import NotSent
from events.cloudflare.transport import Transport
from events.models import ApiGate, Heartbeat, State, Submission
from events.outbox import gate
from events.payload import EventCreate, Indicator, Raw
from events.sandbox import Sandbox, Settings
from events.services import Person
from tests.bench.form import analyst
from tests.outbox.support import log_of_waiting

WIDTH = 4
QUOTA = 1_200
# Of one request: answered, or lost on a network that leads nowhere.
ANSWER_SECONDS, REFUSAL_SECONDS = 0.3, 5.0
NO_BREAKER = 10**9
AFTERWARDS = timedelta(hours=2)
OPEN = (State.READY, State.SENDING, State.UNKNOWN)
# Minutes; what is not there takes half an hour to be given up, whatever the worker does.
SEND_MOST, SETTLE_MOST, UNLOOKED_MOST = 10.0, 40.0, 5.0
# Requests in a minute while the API is away.
PROBES_MOST = 15


class Figures(NamedTuple):
    """What came of it. Rates are requests in a minute of simulated time, at most."""

    asked_in_outage: int
    rate_in_outage: int
    rate_after: int
    minutes_to_send: float
    minutes_to_drain: float
    minutes_unlooked: float
    refused: int
    duplicates: int
    states: dict[str, int]


@dataclass
class _Clock:
    """Simulated time, shared by the threads of a crew: `WIDTH` requests take the time of one."""

    start: datetime = field(default_factory=timezone.now)
    seconds: float = 0.0
    is_down: bool = False
    asked: list[float] = field(default_factory=list)
    refused: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def now(self) -> datetime:
        return self.start + timedelta(seconds=self.seconds)

    def monotonic(self) -> float:
        return self.seconds

    def ask(self) -> None:
        """A request is made, and takes its time."""
        with self._lock:
            self.asked.append(self.seconds)
            self.seconds += (REFUSAL_SECONDS if self.is_down else ANSWER_SECONDS) / WIDTH

    def leap(self, until: datetime) -> None:
        """Nothing happens until then, or for a second."""
        self.seconds = max((until - self.start).total_seconds(), self.seconds + 1)

    def rate(self, begin: float, end: float) -> int:
        """Requests in the busiest minute between two moments."""
        minutes = Counter(math.floor(at / 60) for at in self.asked if begin <= at < end)
        return max(minutes.values(), default=0)


def run() -> list[str]:
    """A day with the breaker, and as the control an hour without it; what was missed, in words."""
    analyst()
    user = User.objects.get(username="bench-analyst")
    day = simulate(user, waiting=500, unknown=50, hours=24.0)
    _tell("an outage of a day", day)
    _tell(
        "  of an hour, no breaker", simulate(user, waiting=100, unknown=0, hours=1.0, breaker=10**9)
    )
    return missed(day)


def missed(figures: Figures) -> list[str]:
    """Which bounds were not kept."""
    bounds = (
        (figures.rate_in_outage > PROBES_MOST, f"{figures.rate_in_outage} requests a minute in it"),
        (figures.refused > 0, f"{figures.refused} times 429"),
        (figures.duplicates > 0, f"{figures.duplicates} events twice"),
        (figures.minutes_to_send > SEND_MOST, f"{figures.minutes_to_send:.0f} min to send"),
        (figures.minutes_to_drain > SETTLE_MOST, f"{figures.minutes_to_drain:.0f} min to settle"),
        (figures.minutes_unlooked > UNLOOKED_MOST, "an unknown was not looked for in time"),
    )
    return [f"outage: {text}" for is_missed, text in bounds if is_missed]


def simulate(
    user: User, *, waiting: int, unknown: int, hours: float, breaker: int = gate.FAILURES_MOST
) -> Figures:
    """The API is away for `hours`; then it answers again. Half of the unknown events are there."""
    person = Person(user, Actor(id=user.pk, name=user.username))
    with (
        Sandbox(settings=Settings(requests_kept=0), rate_limit=QUOTA) as sandbox,
        _simulated(sandbox, breaker) as clock,
    ):
        Submission.objects.update(next_at=None, lease_until=None, sweep_at=None)
        lost = _lose(person, sandbox, unknown)
        _wait(user, waiting, clock)
        crew = outbox.Crew(WIDTH)
        ends = hours * 3600
        clock.seconds, clock.asked, clock.is_down = 0.0, [], True
        _work(clock, crew, clock.start + timedelta(seconds=ends), {})
        back, clock.is_down = clock.seconds, False
        looked: dict[UUID, float] = {}
        sent, drained = _work(clock, crew, clock.now() + AFTERWARDS, looked)
        crew.close()
        return Figures(
            asked_in_outage=sum(at < back for at in clock.asked),
            rate_in_outage=clock.rate(60, back),
            rate_after=clock.rate(back, math.inf),
            minutes_to_send=(sent - back) / 60,
            minutes_to_drain=(drained - back) / 60,
            minutes_unlooked=max(
                ((looked.get(pk, math.inf) - back) / 60 for pk in lost), default=0.0
            ),
            refused=clock.refused,
            duplicates=sum(len(each.events) > 1 for each in sandbox.ledger.tally().values()),
            states=dict(Counter(Submission.objects.values_list("state", flat=True))),
        )


@contextmanager
def _simulated(sandbox: Sandbox, breaker: int) -> Iterator[_Clock]:
    """All clocks that delivery and the sandbox's limit go by are one, and requests are counted."""
    clock, real = _Clock(), Transport.send
    cloudflare = replace(settings.CLOUDFLARE, base_url=sandbox.base_url)

    def send(transport: Transport, *args: Any, **kwargs: Any) -> Any:
        clock.ask()
        if clock.is_down:
            raise NotSent("The connection was refused.")
        answer = real(transport, *args, **kwargs)
        clock.refused += answer.status == 429
        return answer

    with (
        patch("events.outbox.worker.time", SimpleNamespace(monotonic=clock.monotonic)),
        patch("events.clock.now", clock.now),
        patch("events.sandbox.limits.time", SimpleNamespace(monotonic=clock.monotonic)),
        patch.object(Transport, "send", send),
        patch.object(gate, "FAILURES_MOST", breaker),
        override_settings(CLOUDFLARE=cloudflare, SEND_LIMIT=10**6),
    ):
        _forget()
        yield clock
    _forget()


def _forget() -> None:
    services.client.cache_clear()
    ApiGate.objects.all().delete()
    Heartbeat.objects.all().delete()
    gate.forget()


def _lose(person: Person, sandbox: Sandbox, count: int) -> list[UUID]:
    """Sends whose outcome is unknown, after one that is known; every other one is there."""
    services.send(person=person, token=uuid4(), typed={}, payload=_event(0))
    tokens = [uuid4() for _ in range(count)]
    for number, token in enumerate(tokens, 1):
        sandbox.behave("create", "drop-after" if number % 2 else "drop-before", times=1)
        services.send(person=person, token=token, typed={}, payload=_event(number))
        gate.answered(create=True)
    return tokens


def _wait(user: User, count: int, clock: _Clock) -> None:
    now = clock.now()
    rows = []
    for number in range(count):
        row = Submission(
            author=user,
            author_name=user.username,
            state=State.READY,
            created_at=now,
            updated_at=now,
        )
        for name, value in outbox.frozen(_event(10_000 + number), row).items():
            setattr(row, name, value)
        row.next_at = now
        rows.append(row)
    log_of_waiting(Submission.objects.bulk_create(rows))


def _event(number: int) -> EventCreate:
    return EventCreate.with_indicators(
        [Indicator(indicator_type="domain", value=f"{number:06}.example")],
        category="Domain Resolution",
        date=datetime(2022, 4, 1, tzinfo=UTC) + timedelta(minutes=number),
        event=f"An attacker registered {number:06}.example",
        tlp="amber",
        raw=Raw(data={}),
    )


def _work(
    clock: _Clock, crew: outbox.Crew, until: datetime, looked: dict[UUID, float]
) -> tuple[float, float]:
    """Rounds of the worker until then. Returns when nothing waited and nothing was open any more.

    `looked` takes the moment at which each submission was moved first.
    """
    sent = drained = math.inf
    while clock.now() < until:
        moved = 0
        for each in outbox.work(services.client(), crew):
            moved += 1
            looked.setdefault(each.pk, clock.seconds)
        if not Submission.objects.filter(state=State.READY).exists():
            sent = min(sent, clock.seconds)
        if not Submission.objects.filter(state__in=OPEN).exists():
            drained = min(drained, clock.seconds)
        if not moved:
            clock.leap(min(until, _next_due(clock)))
    return sent, drained


def _next_due(clock: _Clock) -> datetime:
    """When a worker next finds something to do; the allowance of its crew frees by the second."""
    row = ApiGate.objects.first() or ApiGate()
    if row.opened_at:
        return row.probe_at or clock.now()
    dues = Submission.objects.aggregate(a=Min("next_at"), b=Min("sweep_at"), c=Min("lease_until"))
    known = [moment for moment in dues.values() if moment is not None]
    return max(
        min(known, default=clock.now() + timedelta(minutes=1)), row.paused_until or clock.now()
    )


def _tell(name: str, figures: Figures) -> None:
    lines = (
        f"{figures.asked_in_outage} requests during it, at most {figures.rate_in_outage} a minute",
        f"after it at most {figures.rate_after} a minute, {figures.refused} times 429",
        f"all sent after {figures.minutes_to_send:.1f} min, all settled after "
        f"{figures.minutes_to_drain:.1f} min",
        f"each unknown looked for within {figures.minutes_unlooked:.1f} min",
        f"{figures.duplicates} events twice; {json.dumps(figures.states)}",
    )
    print(f"{name}\n" + "\n".join(f"  {line}" for line in lines))
