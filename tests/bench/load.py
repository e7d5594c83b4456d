"""Many analysts at once, each sending one event after the other: how long most wait, and the last.

A gunicorn as `make run` starts it, the sandbox as a process of its own, and for each person one
connection. The control is the same without the queue in front of SQLite's lock.
"""

import http.client
import statistics
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple
from urllib.parse import urlencode, urlsplit
from uuid import uuid4

from tests.bench.send import FORM
from tests.desk import ROOT, Desk, free_port, wait_for

PEOPLE = 64
SENDS = 12
REACH = 2.0
CSRF = "0123456789abcdefABCDEF0123456789"


class SandboxProcess:
    """The sandbox in a process of its own, so that it does not compete with the people.

    `options` are those of its command.
    """

    def __init__(self, *options: str) -> None:
        self._port, self._options = free_port(), options
        self.base_url = f"http://127.0.0.1:{self._port}/client/v4"

    def start(self) -> None:
        command = [sys.executable, "manage.py", "run_sandbox", f"--port={self._port}"]
        self._process = subprocess.Popen(
            [*command, *self._options], cwd=ROOT, stdout=subprocess.DEVNULL
        )
        wait_for(self._port)

    def stop(self) -> None:
        self._process.terminate()
        self._process.wait()


class DeskAsRun(Desk):
    """As `make run` serves it."""

    workers = 2
    threads = 8
    more = ("--worker-connections=16",)


class Load(NamedTuple):
    """What the people saw; times are seconds."""

    sends_a_second: float
    median: float
    p99: float
    errors: int

    @property
    def ratio(self) -> float:
        """How much longer the unlucky wait."""
        return self.p99 / self.median


def run() -> list[str]:
    """Measure with and without the queue; what was not reached, in words."""
    _print("without the queue", measure("tests.bench.unqueued"))
    load = measure("webui.settings")
    _print(f"{PEOPLE} people at once", load, f"  (to reach: {REACH:g})")
    missed = [f"sends under load: {load.errors} failed"] if load.errors else []
    if load.ratio > REACH:
        missed.append(f"sends under load: p99 is {load.ratio:.2f} medians, to reach {REACH:g}")
    return missed


def measure(settings: str, people: int = PEOPLE, sends: int = SENDS) -> Load:
    """Let `people` send `sends` events each to a desk with these `settings`."""
    with DeskAsRun(
        SandboxProcess(), DJANGO_SETTINGS_MODULE=settings, CLOUDFLARE_DEADLINE="25"
    ) as desk:
        sessions = signed_in(desk, people)
        together = threading.Barrier(people + 1)
        with ThreadPoolExecutor(people) as pool:
            working = [pool.submit(_person, desk.url, key, sends, together) for key in sessions]
            together.wait()
            start = time.perf_counter()
            answers = [answer for each in working for answer in each.result()]
            taken = time.perf_counter() - start
    times = [seconds for seconds, _ in answers]
    return Load(
        sends_a_second=len(times) / taken,
        median=statistics.median(times),
        p99=statistics.quantiles(times, n=100)[-1],
        errors=sum(not is_sent for _, is_sent in answers),
    )


def signed_in(desk: Desk, people: int) -> list[str]:
    """The keys of sessions, one for each of so many analysts."""
    made = subprocess.run(
        [sys.executable, "-m", "tests.bench.sessions", str(people)],
        cwd=ROOT,
        env=desk.environment,
        capture_output=True,
        text=True,
        check=True,
    )
    return made.stdout.split()


def request(url: str, session: str, fields: dict[str, str] | None = None) -> tuple[float, int]:
    """Ask for the form, or press Send with `fields`: how many seconds it took, and the status.

    The status is 0 if no answer came.
    """
    headers = {
        "Cookie": f"sessionid={session}; csrftoken={CSRF}",
        "Content-Type": "application/x-www-form-urlencoded",
    }
    body = urlencode(fields | {"csrfmiddlewaretoken": CSRF}) if fields else None
    start = time.perf_counter()
    connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=120)
    try:
        connection.request("POST" if fields else "GET", "/events/new/", body, headers)
        answer = connection.getresponse()
        answer.read()
        status = answer.status
    except OSError:
        status = 0
    finally:
        connection.close()
    return time.perf_counter() - start, status


def _person(
    url: str, session: str, sends: int, together: threading.Barrier
) -> list[tuple[float, bool]]:
    """One person's sends: how many seconds each took, and whether it led to the event's page."""
    answers = []
    together.wait()
    for _ in range(sends):
        seconds, status = request(url, session, FORM | {"form_token": str(uuid4())})
        answers.append((seconds, status == 302))
    return answers


def _print(name: str, load: Load, reach: str = "") -> None:
    print(
        f"{name:<19} {load.sends_a_second:5.0f} sends/s   median {load.median:5.2f} s   "
        f"p99 {load.p99:5.2f} s   {load.ratio:5.2f} x   errors {load.errors}{reach}",
        flush=True,
    )
