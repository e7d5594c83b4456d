"""One send through the form, against a bare view with two durable commits and one POST."""

import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any, NamedTuple
from urllib.parse import urlencode
from uuid import uuid4

from django.conf import settings
from django.db import connection
from django.test import Client, override_settings

from events import services
from events.models import State, Submission
from tests.bench.form import analyst
from tests.desk import ROOT, free_port, wait_for

ROUNDS = 300
WARM_UP = 20
REACH = 1.5
FORM = {
    "category": "Domain Resolution",
    "date": "2022-04-01T00:00:00Z",
    "event": "An attacker registered the domain domain.com",
    "tlp": "amber",
    "attacker": "Flying Yeti",
    "attacker_country": "CN",
    "target_country": "US",
    "target_industry": "Agriculture",
    "raw_data": "{}",
    "indicators-TOTAL_FORMS": "1",
    "indicators-INITIAL_FORMS": "0",
    "indicators-0-indicator_type": "domain",
    "indicators-0-value": "domain.com",
    "action": "send",
}


class _Cost(NamedTuple):
    """Seconds that one request took by the clock, and of this process's processor."""

    wall: float
    cpu: float


def run() -> list[str]:
    """Measure as an analyst; what was not reached, in words."""
    ratio = measure(analyst())
    return [f"one send: {ratio:.2f}, to reach {REACH}"] if ratio > REACH else []


def measure(client: Client) -> float:
    """Print and return the ratio of the medians, measured in turns."""
    port = free_port()
    sandbox = subprocess.Popen(
        [sys.executable, "manage.py", "run_sandbox", f"--port={port}"],
        cwd=ROOT,
        stdout=subprocess.DEVNULL,
    )
    base_url = f"http://127.0.0.1:{port}/client/v4"
    try:
        wait_for(port)
        with override_settings(
            CLOUDFLARE=replace(settings.CLOUDFLARE, base_url=base_url), SEND_LIMIT=10**6
        ):
            services.client.cache_clear()
            return _ratio(client)
    finally:
        services.client.cache_clear()
        sandbox.terminate()
        sandbox.wait()


def _ratio(client: Client) -> float:
    bare, send = [], []
    for _ in range(ROUNDS):
        bare.append(_timed(lambda: _bare(client)))
        send.append(_timed(lambda: _send(client)))
    unsent = Submission.objects.exclude(state=State.CREATED).count()
    assert not unsent, f"{unsent} sends created nothing"
    of_bare, of_send = _median(bare[WARM_UP:]), _median(send[WARM_UP:])
    ratio = of_send.wall / of_bare.wall
    print(
        f"one send            {of_send.wall * 1e3:7.2f} ms   bare, two commits + POST "
        f"{of_bare.wall * 1e3:6.2f} ms   {ratio:5.2f} x  (to reach: {REACH:g})"
    )
    print(
        f"  of this process   {of_send.cpu * 1e3:7.2f} ms                           "
        f"{of_bare.cpu * 1e3:6.2f} ms   {of_send.cpu / of_bare.cpu:5.2f} x  ({connection.vendor})"
    )
    return ratio


def _median(costs: list[_Cost]) -> _Cost:
    return _Cost(*map(statistics.median, zip(*costs, strict=True)))


def _bare(client: Client) -> None:
    answer = _post(client, "/bare/", {"form_token": str(uuid4())})
    assert answer.status_code == 200, answer.content


def _send(client: Client) -> None:
    answer = _post(client, "/events/new/", FORM | {"form_token": str(uuid4())})
    assert answer.status_code == 302, answer.content[:2000]


def _post(client: Client, path: str, fields: dict[str, str]) -> Any:
    """A POST encoded as browsers encode a form without files."""
    return client.post(path, urlencode(fields), "application/x-www-form-urlencoded")


def _timed(work: Callable[[], None]) -> _Cost:
    wall, cpu = time.perf_counter(), time.process_time()
    work()
    return _Cost(time.perf_counter() - wall, time.process_time() - cpu)
