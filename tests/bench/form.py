"""How much the form page costs, in pages that only say hello behind the same middleware."""

import statistics
import time
from collections.abc import Callable

from django.contrib.auth.models import Group, User
from django.test import Client

ROUNDS = 400
REACH = 2.0


def run() -> list[str]:
    """Measure as an analyst; what was not reached, in words. The URLs are `tests.bench.urls`."""
    ratio = measure(analyst())
    return [f"form page: {ratio:.2f}, to reach {REACH}"] if ratio > REACH else []


def analyst() -> Client:
    """The browser of an analyst."""
    user, _ = User.objects.get_or_create(username="bench-analyst")
    user.groups.add(Group.objects.get(name="analyst"))
    client = Client()
    client.force_login(user)
    return client


def measure(client: Client, rounds: int = ROUNDS) -> float:
    """Print and return the ratio of the medians, measured in turns; `client` is an analyst's."""
    pages = {"hello": "/hello/", "form": "/events/new/"}
    size = len(client.get(pages["form"]).content)
    times: dict[str, list[float]] = {name: [] for name in pages}
    for _ in range(rounds):
        for name, path in pages.items():
            times[name].append(seconds(lambda path=path: client.get(path)))
    found = {name: statistics.median(taken) for name, taken in times.items()}
    ratio = found["form"] / found["hello"]
    print(
        f"form page           {found['form'] * 1e3:7.2f} ms   hello "
        f"{found['hello'] * 1e3:6.2f} ms   {ratio:5.2f} x  (to reach: {REACH:g}; "
        f"{size / 1024:.0f} KB of HTML)"
    )
    return ratio


def seconds(call: Callable[[], object]) -> float:
    """How long one call takes: the best of three, so that other programs' turns do not count."""
    times = []
    for _ in range(3):
        start = time.perf_counter()
        call()
        times.append(time.perf_counter() - start)
    return min(times)
