"""The audit list at 10 thousand, 100 thousand and a million entries, and verifying them.

Processor time is measured: SQLite works inside the process, and so what else the machine does
counts less.
"""

import statistics
import subprocess
import sys
import time
from collections.abc import Callable

from django.contrib.auth.models import Group, User
from django.test import Client

from events import audit
from tests.bench.fill import START, STEP

SIZES = (10_000, 100_000, 1_000_000)
ROUNDS = 120
VERIFIED = 200_000
# Verifying reads 50,000 events beside 200,000 entries, and computes what each is found by.
REACH = {"hello": 3.0, "growth": 1.3, "verify": 18.0, "verify growth": 1.4}
LIST = "/admin/events/auditentry/"


def run() -> list[str]:
    """Measure as an auditor; what was not reached, in words."""
    user, _ = User.objects.get_or_create(username="bench-auditor")
    user.groups.add(Group.objects.get(name="auditor"))
    client = Client()
    client.force_login(user)
    worst = measure(client)
    return [
        f"audit: {name} {worst[name]:.2f}, to reach {most}"
        for name, most in REACH.items()
        if worst[name] > most
    ]


def measure(client: Client, sizes: tuple[int, ...] = SIZES) -> dict[str, float]:
    """Fill, measure and print at each of `sizes`; the worst ratios by name."""
    worst: dict[str, float] = {}
    small: dict[str, float] = {}
    for size in sizes:
        # In a process of its own: what a million entries leave in memory slows all that follows.
        subprocess.run([sys.executable, "-m", "tests.bench.fill", str(size)], check=True)
        if size < SIZES[-1]:
            seconds = _verify()
            worst["verify"] = max(worst.get("verify", 0.0), seconds)
            small.setdefault("verify", seconds)
            worst["verify growth"] = seconds / small["verify"]
        for name, url in _pages(size).items():
            ratio = _ratio(client, url)
            grown = ratio / small.setdefault(name, ratio)
            worst["hello"] = max(worst.get("hello", 0.0), ratio)
            worst["growth"] = max(worst.get("growth", 0.0), grown)
            print(
                f"audit list {size:>9,}  {name:<22} {ratio:5.2f} x hello (to reach: 3)"
                f"  {grown:5.2f} x at {sizes[0]:,} (to reach: 1.3)",
                flush=True,
            )
    return worst


def _pages(size: int) -> dict[str, str]:
    middle = START + STEP * (size // 2)
    day = f"{middle:%Y-%m-%d}"
    return {
        "newest": LIST,
        "oldest": f"{LIST}?oldest=1",
        "middle": f"{LIST}?before={middle:%Y-%m-%dT%H:%M:%S.%fZ}_{size // 2}",
        "who, frequent": f"{LIST}?who=person3",
        "who, rare": f"{LIST}?who=rare",
        "who, unknown": f"{LIST}?who=nobody",
        "what, frequent": f"{LIST}?action=submission.created",
        "what, rare": f"{LIST}?action=user.roles_changed",
        "outcome ok": f"{LIST}?outcome=ok",
        "outcome denied": f"{LIST}?outcome=denied",
        "TLP amber": f"{LIST}?tlp=amber",
        "TLP red": f"{LIST}?tlp=red",
        "from the middle": f"{LIST}?from={day}",
        "to the middle": f"{LIST}?to={day}",
        "to the middle, oldest": f"{LIST}?to={day}&oldest=1",
        "one day": f"{LIST}?from={day}&to={day}",
        "indicator, one": f"{LIST}?q=host{size // 10 * 5}.example",
        "submission": f"{LIST}?q=00000000-0000-4000-8000-{size // 8:012x}",
        "request": f"{LIST}?q={size // 2:032x}",
    }


def _ratio(client: Client, url: str) -> float:
    """The median of the page over the median of hello, measured in turns."""
    times: dict[str, list[float]] = {"/hello/": [], url: []}
    for _ in range(ROUNDS):
        for path, taken in times.items():
            taken.append(_timed(lambda path=path: _get(client, path)))
    hello, page = (statistics.median(taken[10:]) for taken in times.values())
    return page / hello


def _get(client: Client, path: str) -> None:
    answer = client.get(path)
    assert answer.status_code == 200, (path, answer.status_code)


def _verify() -> float:
    """Seconds for each 200,000 entries and their events."""
    chain = _timed(lambda: audit.verify_tail(audit.Head(0, "0" * 64)))
    start = time.process_time()
    report = audit.verify()
    whole = time.process_time() - start
    assert report.is_whole, report
    each = VERIFIED / report.entries
    print(
        f"verify_audit {report.entries:>9,} entries, {report.submissions:,} events: "
        f"{whole * each:5.2f} s for each {VERIFIED:,} entries (to reach: {REACH['verify']:.0f}), "
        f"{chain * each:.2f} s of it the log alone",
        flush=True,
    )
    return whole * each


def _timed(work: Callable[[], None]) -> float:
    start = time.process_time()
    work()
    return time.process_time() - start
