"""A check round trip of a typical entry, in pages that say hello behind the same middleware."""

import statistics
import time
from collections.abc import Callable
from urllib.parse import urlencode

from django.test import Client

from tests.bench.form import analyst

ROUNDS = 400
REACH = 3.0
VALUES = (
    "evil-site.ru",
    "45.12.7.8",
    "https://evil-site.ru/login",
    "d41d8cd98f00b204e9800998ecf8427e",
    "10.0.0.1",
)
FORM = {
    "category": "Phishing",
    "date": "2026-04-01 00:00",
    "event": "An attacker registered a domain that looks like ours",
    "tlp": "amber",
    "raw_data": "{}",
    "indicators-TOTAL_FORMS": str(len(VALUES)),
    "indicators-INITIAL_FORMS": "0",
}


def run() -> list[str]:
    """Measure as an analyst; what was not reached, in words."""
    ratio = measure(analyst())
    return [f"a check: {ratio:.2f}, to reach {REACH}"] if ratio > REACH else []


def measure(client: Client, url: str = "/events/check/") -> float:
    """Print and return the ratio of the medians, measured in turns; `client` is an analyst's."""
    rows = {f"indicators-{number}-value": value for number, value in enumerate(VALUES)}
    body = urlencode(FORM | rows)
    calls: dict[str, Callable[[], object]] = {
        "hello": lambda: client.get("/hello/"),
        "check": lambda: client.post(url, body, content_type="application/x-www-form-urlencoded"),
    }
    times: dict[str, list[float]] = {name: [] for name in calls}
    for _ in range(ROUNDS):
        for name, call in calls.items():
            start = time.perf_counter()
            call()
            times[name].append(time.perf_counter() - start)
    found = {name: statistics.median(taken[20:]) for name, taken in times.items()}
    ratio = found["check"] / found["hello"]
    print(
        f"check of 5 rows     {found['check'] * 1e3:7.2f} ms   hello "
        f"{found['hello'] * 1e3:6.2f} ms   {ratio:5.2f} x  (to reach: {REACH:g})"
    )
    return ratio
