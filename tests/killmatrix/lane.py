"""A lane: a database, a sandbox and one run after the other; many lanes wait side by side."""

import json
import os
import signal
import sys
from collections.abc import Callable, Iterable
from dataclasses import replace
from functools import partial
from pathlib import Path
from random import Random
from typing import NamedTuple
from uuid import UUID

from events import services
from events.sandbox import Ledger, Sandbox, Settings
from tests.killmatrix import judge, naive, plans, processes, times, victim
from tests.killmatrix.databases import Databases, Store
from tests.killmatrix.judge import Verdict
from tests.killmatrix.plans import Plan
from tests.killmatrix.processes import Ended, Say


class Kind(NamedTuple):
    """The matrix, or one of its controls: how a run is planned, posted and waited for."""

    name: str
    plan: Callable[[int, int], Plan]
    post: Callable[..., None] = victim.post
    quiet: float = times.QUIET
    looks: tuple[float, ...] = times.LOOKS
    recovers: bool = True


MATRIX = Kind("matrix", plans.plan)
NAIVE = Kind("naive", plans.naive_plan, post=naive.post, recovers=False)
HASTY = Kind("hasty", plans.hasty_plan, quiet=0.0, looks=times.HASTY_LOOKS)


class Lane:
    """Makes its runs in the current process, which must be the lane's own."""

    def __init__(self, kind: Kind, seed: int, databases: Databases, name: str, folder: Path) -> None:
        self._kind, self._seed = kind, seed
        ledger = folder / "ledger.sqlite3"
        self._sandbox = _SandboxProcess(ledger)
        times.compress(self._sandbox.base_url, quiet=kind.quiet, looks=kind.looks)
        databases.use(name)
        services.client()
        self._store, self._ledger = databases.store(name), Ledger(ledger)
        self._know()

    def run(self, numbers: Iterable[int], say: Say) -> None:
        """Say a verdict in JSON for each run, and at the end what is wrong with the whole."""
        for number in numbers:
            say(self._run(self._kind.plan(self._seed, number)).to_json())
        if self._kind.recovers:
            for problem in processes.run(victim.inspect).lines:
                say(json.dumps({"problem": problem}))
        for stray in {event.submission for event in self._ledger.events()} - self._store.ids():
            say(json.dumps({"stray": stray}))
        self._sandbox.stop()

    def _know(self) -> None:
        known = UUID(int=Random(f"known {self._seed} {os.getpid()}").getrandbits(128), version=4)
        plan = replace(plans.plan(self._seed, 0), token=known)
        if processes.run(partial(victim.know, plan)).lines != ["created"]:
            raise RuntimeError("the known event was not created")

    def _run(self, plan: Plan) -> Verdict:
        self._sandbox.behave(plan)
        ended = self._post(plan)
        if self._kind.recovers:
            ended += self._recover(plan, plan.worker_point)
            ended += self._resend(plan)
        judge.decided(self._ledger, plan)
        silent = judge.silent_duplicate(self._ledger, self._store, plan)
        self._sandbox.behave(None)
        if self._kind.recovers:
            ended.append(processes.run(victim.sweep))
        result = judge.verdict(
            self._ledger,
            self._store,
            plan,
            kills=sum(each.is_killed for each in ended),
            acknowledged={line for each in ended for line in each.lines},
            silent=silent,
        )
        if result.is_bad and self._kind is MATRIX:
            _explain(plan, result, ended)
        return result

    def _post(self, plan: Plan) -> list[Ended]:
        """The post that dies, perhaps with a twin beside it; then a reload, or two at once."""
        post, again = self._kind.post, self._again
        twins = [processes.start(again(plan))] if plan.has_twin else []
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


def _explain(plan: Plan, result: Verdict, ended: list[Ended]) -> None:
    sys.stderr.write(f"{result}\n{plan}\n")
    for each in ended:
        sys.stderr.write(f"  {each}\n")
    processes.run(lambda say: victim.stranded(plan.token))


class _SandboxProcess:
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

    def behave(self, plan: Plan | None) -> None:
        """Misbehave as planned, and no more as before; well for None."""
        self._orders.write(json.dumps(plan.behaves if plan else []) + "\n")
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
