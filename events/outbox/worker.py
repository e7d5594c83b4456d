"""The worker's rounds: what a request could not finish is taken up here, fairly and within bounds.

Leases that ran out come first, then searches, sends and sweeps in turn, so that none of them keeps
the others waiting however many there are. All of it stands still while the gate is closed.
"""

import logging
import time
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from functools import partial
from typing import NamedTuple

from django.db import DatabaseError, connection

from events.cloudflare import Client
from events.models import Submission
from events.outbox import claims, gate
from events.outbox.api import Api, probe
from events.outbox.claims import WORKER
from events.outbox.deliver import deliver
from events.outbox.reconcile import look_first, reconcile, sweep

STEPS_MOST = 400
ROUND_SECONDS = 20.0
WINDOW_SECONDS = 300.0
# Of Cloudflare's 1,200 requests in five minutes, what the workers use; the rest is for people.
REQUESTS_MOST = 900
# What one search may need, so that none is begun that would end in the middle.
REQUESTS_KEPT = 30

log = logging.getLogger("events.worker")

Job = Callable[[], Submission]


class Crew:
    """Who does the work of a round: this thread alone, or `width` threads side by side.

    `share` is how many workers share the API's allowance. `pulse` is called before each request.
    `stop` ends the claiming; what is under way is finished.
    """

    def __init__(self, width: int = 1, pulse: Callable[[], None] = lambda: None) -> None:
        self.width = width
        self.share = 1
        self.is_stopping = False
        self._pulse = pulse
        self._spent: deque[float] = deque()
        self._pool = ThreadPoolExecutor(width, "deliver") if width > 1 else None

    def start(self, job: Job) -> "Future[Submission]":
        """Do `job`, or have it done."""
        if self._pool is not None:
            return self._pool.submit(_in_thread, job)
        done: Future[Submission] = Future()
        try:
            done.set_result(job())
        except Exception as error:
            done.set_exception(error)
        return done

    def spend(self) -> None:
        """Count a request to the API."""
        self._spent.append(time.monotonic())
        self._pulse()

    def may_go_on(self) -> bool:
        """Whether another job may be claimed: not told to stop, and requests are left."""
        old = time.monotonic() - WINDOW_SECONDS
        while self._spent and self._spent[0] < old:
            self._spent.popleft()
        most = REQUESTS_MOST // max(self.share, 1) - REQUESTS_KEPT
        return not self.is_stopping and len(self._spent) < most

    def stop(self) -> None:
        """Claim no more."""
        self.is_stopping = True

    def close(self) -> None:
        """Wait for what is under way, and let the threads go."""
        if self._pool is not None:
            self._pool.shutdown()


def work(client: Client, crew: Crew | None = None) -> Iterator[Submission]:
    """One round: each submission that was moved. It ends after `STEPS_MOST` or `ROUND_SECONDS`.

    Nothing is due any more when a round has yielded nothing.
    """
    crew = crew or Crew()
    if gate.claim_probe():
        probe(client)
    turns = _Turns(client, crew)
    ends, left = time.monotonic() + ROUND_SECONDS, STEPS_MOST
    under_way: set[Future[Submission]] = set()
    while True:
        yield from claims.expired()
        while left and len(under_way) < crew.width and time.monotonic() < ends:
            job = turns.next()
            if job is None:
                break
            under_way.add(crew.start(job))
            left -= 1
        if not under_way:
            return
        done, under_way = wait(under_way, return_when=FIRST_COMPLETED)
        for future in done:
            if (moved := _result(future)) is not None:
                yield moved


def _result(future: "Future[Submission]") -> Submission | None:
    """What a job moved; None if it failed, which keeps nobody else's work from being done.

    Its claim runs out, and it is tried again then. Raises `DatabaseError`: that concerns all.
    """
    try:
        return future.result()
    except DatabaseError:
        raise
    except Exception:
        log.exception("a job of the worker failed")
        return None


class _Kind(NamedTuple):
    """One kind of work: how it is claimed, and what is done with it."""

    claim: Callable[[], Submission | None]
    act: Callable[[Submission], Submission]


class _Turns:
    """Whose turn it is: each kind after the other, sends twice as often as the others."""

    def __init__(self, client: Client, crew: Crew) -> None:
        self._crew = crew
        api = Api(client, crew.spend)
        search = _Kind(claims.to_search, lambda each: reconcile(each, api=api, actor=WORKER))
        first = _Kind(claims.to_look_first, lambda each: look_first(each, api=api, actor=WORKER))
        sweeping = _Kind(claims.to_sweep, lambda each: sweep(each, api=api, actor=WORKER))
        send = _Kind(claims.to_send, lambda each: _send(each, client, crew))
        self._turns = deque([search, send, first, send, sweeping, send])

    def next(self) -> Job | None:
        """The next job, claimed; None while there is none or nothing may be asked."""
        empty: set[_Kind] = set()
        for _ in range(len(self._turns)):
            if gate.closed() or not self._crew.may_go_on():
                return None
            kind = self._turns[0]
            self._turns.rotate(-1)
            if kind in empty:
                continue
            if (claimed := kind.claim()) is not None:
                return partial(kind.act, claimed)
            empty.add(kind)
        return None


def _send(submission: Submission, client: Client, crew: Crew) -> Submission:
    crew.spend()
    return deliver(submission, client=client, actor=WORKER)


def _in_thread(job: Job) -> Submission:
    """A thread of the crew keeps no connection between two jobs."""
    try:
        return job()
    finally:
        connection.close()
