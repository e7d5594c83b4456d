"""A lane: a database, a sandbox and one run after the other; many lanes wait side by side."""

import json
import os
import signal
import sys
import time
from collections.abc import Callable, Iterable
from dataclasses import replace
from functools import partial
from pathlib import Path
from random import Random
from typing import NamedTuple
from uuid import UUID, uuid4

from django.db import connections

from events import outbox, services
from events.models import Submission
from events.outbox import gate, reconcile
from events.sandbox import Ledger, Sandbox, Settings
from tests.killmatrix import judge, naive, plans, processes, times, victim, wordy
from tests.killmatrix.databases import Databases
from tests.killmatrix.judge import Verdict
from tests.killmatrix.plans import Behave, Plan
from tests.killmatrix.processes import Ended, Say

TRIALS = 10


class Kind(NamedTuple):
    """The matrix, or one of its controls: how a run is planned, posted and waited for.

    `spoil` is done in every process of its lanes: it takes a defence of the product away. `forms`
    are what the APIs of its lanes make of texts.
    """

    name: str
    plan: Callable[[int, int], Plan]
    post: Callable[..., None] = victim.post
    spoil: Callable[[], None] = lambda: None
    forms: tuple[str, ...] = plans.FORMS
    quiet: float = times.QUIET
    looks: tuple[float, ...] = times.LOOKS
    recovers: bool = True


MATRIX = Kind("matrix", plans.plan)
NAIVE = Kind("naive", plans.naive_plan, post=naive.post, recovers=False)
HASTY = Kind("hasty", plans.hasty_plan, quiet=0.0, looks=times.HASTY_LOOKS)
WORDY = Kind("wordy", plans.wordy_plan, spoil=wordy.compare_texts, forms=plans.FORMS[1:])


class Place(NamedTuple):
    """What a lane works with; `slower` stretches every time, see times.slowness."""

    seed: int
    index: int
    databases: Databases
    database: str
    folder: Path
    slower: float


class Run(NamedTuple):
    """A run that has been made, and the verdict before the sweep."""

    plan: Plan
    ended: list[Ended]
    is_struck: bool
    verdict: Verdict


class Lane:
    """Makes its runs in the current process, which must be the lane's own."""

    def __init__(self, kind: Kind, place: Place) -> None:
        kind.spoil()
        self._kind, self._seed, self._slower = kind, place.seed, place.slower
        self._form = kind.forms[place.index % len(kind.forms)]
        ledger = place.folder / "ledger.sqlite3"
        self._sandbox = SandboxProcess(ledger)
        times.compress(
            self._sandbox.base_url, quiet=kind.quiet, looks=kind.looks, slower=place.slower
        )
        place.databases.use(place.database)
        services.client()
        self._store, self._ledger = place.databases.store(place.database), Ledger(ledger)
        self._know()

    def run(self, numbers: Iterable[int], say: Say) -> None:
        """Say a verdict in JSON for each run, and at the end what is wrong with the whole.

        One sweep at the end is for all runs. What was wrong before it counts too.
        """
        runs = [self._run(self._planned(number)) for number in numbers]
        if self._kind.recovers:
            processes.run(victim.sweep)
        for run in runs:
            say(self._final(run).to_json())
        if self._kind.recovers:
            for problem in processes.run(victim.inspect).lines:
                say(json.dumps({"problem": problem}))
        for stray in {event.submission for event in self._ledger.events()} - self._store.ids():
            say(json.dumps({"stray": stray}))
        self._sandbox.stop()

    def _planned(self, number: int) -> Plan:
        """The plan of that run, with the times of this machine and the texts of this lane's API."""
        made = self._kind.plan(self._seed, number)
        trouble = made.trouble._replace(stall=made.trouble.stall * self._slower)
        return replace(made, trouble=trouble, form=self._form)

    def _behave(self, *behaves: Behave) -> None:
        """As told, and what it makes of texts as ever."""
        self._sandbox.behave((plans.stored_form(self._form), *behaves), self._slower)

    def _know(self) -> None:
        self._behave()
        known = UUID(int=Random(f"known {self._seed} {os.getpid()}").getrandbits(128), version=4)
        plan = replace(plans.plan(self._seed, 0), token=known)
        processes.run(partial(victim.know, plan))
        self._recover(plan, None)
        row = self._store.row(known)
        if row is None or row.state != "created":
            raise RuntimeError(f"the known event was not created: {row}")

    def _run(self, plan: Plan) -> Run:
        self._behave(*plan.behaves)
        if plan.is_down:
            processes.run(victim.find_away)
        ended = self._post(plan)
        is_struck = ended[0].is_killed
        if self._kind.recovers:
            recovered = self._recover(plan, plan.worker_point)
            is_struck = recovered[0].is_killed if plan.point in plans.WORKER_POINTS else is_struck
            ended += recovered + self._resend(plan)
        judge.decided(self._ledger, plan)
        self._behave()
        return Run(plan, ended, is_struck, self._verdict(plan, ended, is_struck))

    def _verdict(self, plan: Plan, ended: list[Ended], is_struck: bool) -> Verdict:
        return judge.verdict(
            self._ledger,
            self._store,
            plan,
            struck=is_struck,
            kills=sum(each.is_killed for each in ended),
            acknowledged={line for each in ended for line in each.lines},
        )

    def _final(self, run: Run) -> Verdict:
        before, after = run.verdict, self._verdict(run.plan, run.ended, run.is_struck)
        result = after
        if not before.is_open:
            result = replace(
                after,
                is_silent_duplicate=before.is_silent_duplicate or after.is_silent_duplicate,
                wrong=before.wrong or after.wrong,
            )
        if result.is_bad and self._kind is MATRIX:
            _explain(run, result)
        return result

    def _post(self, plan: Plan) -> list[Ended]:
        """The post that dies, perhaps with a twin beside it; then a reload, or two at once.

        Beside one that stalls a worker finds that its lease has run out.
        """
        post, again = self._kind.post, self._again
        twins = [processes.start(again(plan))] if plan.has_twin else []
        if plan.trouble.stall:
            twins.append(processes.start(partial(victim.stand_by, plan)))
        posts = [processes.start(partial(post, plan, point=plan.web_point)), *twins]
        ended = [processes.end(child) for child in posts]
        reposts = [processes.start(again(plan)) for _ in range(plan.reposts)]
        return ended + [processes.end(child) for child in reposts]

    def _again(self, plan: Plan) -> processes.Role:
        if self._kind is NAIVE:
            return partial(naive.post, plan, point=None)
        return partial(victim.repost, plan)

    def _recover(self, plan: Plan, point: str | None) -> list[Ended]:
        """Workers until all is settled; if one dies first, the others come after it."""
        dead = [processes.run(partial(victim.recover, plan, point=point))] if point else []
        workers = [
            processes.start(partial(victim.recover, plan, point=None)) for _ in range(plan.workers)
        ]
        return dead + [processes.end(worker) for worker in workers]

    def _resend(self, plan: Plan) -> list[Ended]:
        row = self._store.row(plan.token)
        if not plan.resends or row is None or row.state != "absent":
            return []
        return [processes.run(partial(victim.resend, plan)), *self._recover(plan, None)]


def _explain(run: Run, result: Verdict) -> None:
    sys.stderr.write(f"{result}\n{run.plan}\n{run.ended}\n")
    processes.run(lambda say: victim.stranded(run.plan.token))


def warm_up(databases: Databases, folder: Path) -> float:
    """Do once in this process what thousands of forked ones do, so that they start warm.

    Leaves no connection and no thread behind. Returns how slow this machine is just now.
    """
    sandbox = SandboxProcess(folder / "warm.sqlite3")
    times.compress(sandbox.base_url, slower=20.0)
    databases.use(databases.lane())
    plan = replace(plans.plan(0, 1), trouble=plans.NO_TROUBLE)
    for role in (victim.know, victim.repost):
        role(plan, lambda line: None)
    victim.recover(plan, lambda line: None, point=None)
    reconcile.search(Submission.objects.get(), outbox.Api(services.client()))
    services.client().close()
    connections.close_all()
    began = time.monotonic()
    for _ in range(TRIALS):
        token = uuid4()
        processes.run(partial(victim.post, replace(plan, token=token), point=None))
    seconds = (time.monotonic() - began) / TRIALS
    services.client.cache_clear()
    gate.forget()
    sandbox.stop()
    return times.slowness(seconds)


class SandboxProcess:
    """A sandbox in a process of its own, because a lane that forks may hold no threads."""

    def __init__(self, ledger: Path) -> None:
        ours, theirs = os.pipe(), os.pipe()
        self._pid = os.fork()
        if not self._pid:
            os.close(ours[1])
            os.close(theirs[0])
            _serve(ledger, ours[0], theirs[1])
        os.close(ours[0])
        os.close(theirs[1])
        self._orders = os.fdopen(ours[1], "w", buffering=1)
        self._answers = os.fdopen(theirs[0])
        self.base_url = self._answers.readline().strip()

    def behave(self, behaves: Iterable[Behave], slower: float) -> None:
        """Misbehave so from now on, and no more as before; all seconds are that much longer."""
        stretched = [each.stretched(slower) for each in behaves]
        self._orders.write(json.dumps(stretched) + "\n")
        self._answers.readline()

    def stop(self) -> None:
        """End it."""
        os.kill(self._pid, signal.SIGKILL)
        os.waitpid(self._pid, 0)


def _serve(ledger: Path, orders: int, answers: int) -> None:
    try:
        with Sandbox(ledger=ledger, settings=Settings(requests_kept=0)) as sandbox:
            os.write(answers, f"{sandbox.base_url}\n".encode())
            for line in os.fdopen(orders):
                sandbox.well()
                for behave in json.loads(line):
                    sandbox.behave(*behave)
                os.write(answers, b"done\n")
    finally:
        os._exit(0)
