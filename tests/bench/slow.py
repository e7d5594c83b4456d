"""Slow sends beside other people's pages: how long the form page takes while the API hangs.

As `make run` serves it, with a worker. The control has as many places for slow sends as anybody
wants, so that they hold every thread.
"""

import statistics
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from random import Random
from typing import NamedTuple
from uuid import uuid4

from tests.bench.load import DeskAsRun, SandboxProcess, request, signed_in
from tests.bench.send import FORM
from tests.desk import ROOT

SENDERS = 32
SLOW = "create=slow@20"
# Of the control a few are enough, because each waits for whole sends.
PAGES, PAGES_OF_CONTROL = 200, 3
# A person who was told that an event waits goes on with the next one.
THINKS_SECONDS = 5.0
PAUSE_SECONDS = 0.02
REACH = 3.0


class Slowness(NamedTuple):
    """Seconds that the form page takes at most, 99 of 100 times."""

    alone: float
    beside: float

    @property
    def ratio(self) -> float:
        """How much longer people wait for a page while others' sends are slow."""
        return self.beside / self.alone


def run() -> list[str]:
    """Measure, with a control; what was not reached, in words."""
    _print("  control: no cap", measure(PAGES_OF_CONTROL, API_CALLS_AT_ONCE="64"))
    found = measure(PAGES)
    _print(f"{SENDERS} slow sends", found, f"  (to reach: {REACH:g})")
    return [f"pages: {found.ratio:.1f}, to reach {REACH:g}"] if found.ratio > REACH else []


def measure(pages: int, **environment: str) -> Slowness:
    """Ask for the form `PAGES` times alone, and `pages` times beside the sends."""
    sandbox = SandboxProcess(f"--behave={SLOW}")
    with DeskAsRun(sandbox, CLOUDFLARE_DEADLINE="25", **environment) as desk:
        worker = subprocess.Popen(
            [sys.executable, "manage.py", "deliver"],
            cwd=ROOT,
            env=desk.environment | {"PYTHONUNBUFFERED": "1"},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        reader, *senders = signed_in(desk, SENDERS + 1)
        over = threading.Event()
        try:
            _read(desk.url, reader, 20)
            alone = _read(desk.url, reader, PAGES)
            with ThreadPoolExecutor(SENDERS) as pool:
                for sender in senders:
                    pool.submit(_send, desk.url, sender, over)
                time.sleep(2 * THINKS_SECONDS)
                beside = _read(desk.url, reader, pages)
                over.set()
        finally:
            over.set()
            worker.terminate()
            worker.wait()
    return Slowness(alone, beside)


def _read(url: str, session: str, pages: int) -> float:
    times = []
    for _ in range(pages):
        seconds, status = request(url, session)
        if status != 200:
            raise AssertionError(f"the form page answers {status}")
        times.append(seconds)
        time.sleep(PAUSE_SECONDS)
    return statistics.quantiles(times, n=100)[-1]


def _send(url: str, session: str, over: threading.Event) -> None:
    """One event after the other, as fast as a person; nobody presses at the same moment."""
    random = Random(session)
    while not over.wait(random.uniform(0, 2 * THINKS_SECONDS)):
        request(url, session, FORM | {"form_token": str(uuid4())})


def _print(name: str, found: Slowness, reach: str = "") -> None:
    print(
        f"{name:<19} form page p99 {found.beside * 1e3:8.1f} ms   alone "
        f"{found.alone * 1e3:6.1f} ms   {found.ratio:5.1f} x{reach}",
        flush=True,
    )
