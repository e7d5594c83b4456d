"""How much a form page costs, in pages that only say hello behind the same middleware."""

import statistics
import time
from collections.abc import Callable

from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse
from django.test import Client, override_settings
from django.urls import include, path


def hello(request: HttpRequest) -> HttpResponse:
    """The floor: signed in, session and user read, nothing else."""
    return HttpResponse(f"hello {request.user.get_username()}")


urlpatterns = [path("hello/", hello), path("", include("webui.urls"))]


def seconds(call: Callable[[], object]) -> float:
    """How long one call takes: the best of three, so that other programs' turns do not count."""
    times = []
    for _ in range(3):
        start = time.perf_counter()
        call()
        times.append(time.perf_counter() - start)
    return min(times)


def medians(calls: dict[str, Callable[[], object]], rounds: int) -> dict[str, float]:
    """The median seconds of each call, measured in turns so that a busy machine hits all alike."""
    times: dict[str, list[float]] = {name: [] for name in calls}
    for call in calls.values():
        call()
    for _ in range(rounds):
        for name, call in calls.items():
            times[name].append(seconds(call))
    return {name: statistics.median(values) for name, values in times.items()}


def measure(user: User, rounds: int = 400) -> float:
    """Print hello against /events/new/ for `user` (an analyst), and return the ratio."""
    client = Client(headers={"host": "127.0.0.1"})
    client.force_login(user)
    with override_settings(ROOT_URLCONF="tests.bench.form"):
        found = medians(
            {
                "hello": lambda: client.get("/hello/", secure=True),
                "form": lambda: client.get("/events/new/", secure=True),
            },
            rounds,
        )
        size = len(client.get("/events/new/", secure=True).content)
    ratio = found["form"] / found["hello"]
    print(
        f"form page: {found['form'] * 1e3:.2f} ms, hello: {found['hello'] * 1e3:.2f} ms, "
        f"ratio {ratio:.2f} (aim: 2.00 or less), {size / 1024:.0f} KB of HTML"
    )
    return ratio
