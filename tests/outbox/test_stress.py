"""All verbs at once, from many threads: nothing deadlocks, nothing is lost, the states are true.

`STRESS_OPERATIONS` says how many things people do in it.
"""

import os
import sys
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from importlib import import_module

import pytest
from django.test import Client

from events import audit
from events.models import AuditEntry, Heartbeat, Submission
from events.outbox import gate, reconcile, worker
from events.sandbox import Sandbox, Settings
from tests.outbox import stress
from tests.outbox.stress import Analyst, Books
from tests.outbox.support import payload, person, send

OPERATIONS = int(os.environ.get("STRESS_OPERATIONS", "600"))
SEED = os.environ.get("STRESS_SEED", "1")
SHORT = 0.05
BROWSERS = 3
# Verbs whose every success is one entry of that name in the log.
LOGGED = ("taken_back", "discarded", "restored", "declared_absent", "declared_unsent", "hurried")


@pytest.fixture
def quick(monkeypatch, settings):
    """Waits of minutes take a moment; the allowance of requests is without bounds."""
    delivering = import_module("events.outbox.deliver")
    for name in ("BACKOFF_FIRST", "BACKOFF_MOST", "RETRY_AFTER_MOST", "REFUSED_FIRST"):
        monkeypatch.setattr(delivering, name, SHORT)
    for name in ("PROBE_FIRST", "PROBE_MOST", "PAUSE_MOST"):
        monkeypatch.setattr(gate, name, SHORT)
    monkeypatch.setattr(reconcile, "INCONCLUSIVE_WAIT", timedelta(seconds=SHORT))
    monkeypatch.setattr(worker, "REQUESTS_MOST", 10**9)
    settings.SEND_LIMIT = 10**6
    settings.RECONCILE_QUIET = SHORT
    settings.RECONCILE_AFTER = (SHORT, 2 * SHORT, 3 * SHORT)


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_all_verbs_side_by_side(quick, ana, ben, adam, api_at, capsys):
    books = Books(OPERATIONS)
    with Sandbox(settings=Settings(requests_kept=0)) as sandbox:
        api_at(sandbox.base_url, deadline=0.5)
        send(ana, event=payload("Known", "known.example"))
        Heartbeat.beat("stress")
        _run(books, sandbox, (ana, ben), adam)
        assert not books.faults, books.faults[0]
        sandbox.well()
        stress.settle_all(seconds=60 + OPERATIONS / 10)
        assert not stress.wrong_states(sandbox)
    assert not stress.lost_texts(books)
    assert audit.verify().is_whole
    assert {verb: books.done[verb] for verb in LOGGED} == _entries()
    with capsys.disabled():
        states = Counter(Submission.objects.values_list("state", flat=True))
        print(f"\n{dict(books.done.most_common())}\n{dict(states)}", file=sys.stderr)


def _run(books, sandbox, people, administrator):
    browser = Client()
    browser.force_login(administrator)
    analysts = []
    for user in people:
        own = []
        for number in range(BROWSERS):
            seed = f"{SEED} {user.username} {number}"
            analysts.append(Analyst(person(user), Client(), own, books, seed))
    with ThreadPoolExecutor(len(analysts) + 5) as pool:
        others = [
            pool.submit(stress.keep_house, browser, books, f"{SEED} house"),
            pool.submit(stress.make_weather, sandbox, books, f"{SEED} weather"),
            pool.submit(stress.hurry, books, f"{SEED} hurry"),
            pool.submit(stress.deliver, 1, books),
            pool.submit(stress.deliver, 3, books),
        ]
        for working in [pool.submit(analyst.work) for analyst in analysts]:
            working.result()
        books.over.set()
        for other in others:
            other.result()


def _entries():
    entries = AuditEntry.objects.filter(action__in=[f"submission.{verb}" for verb in LOGGED])
    counted = Counter(entries.values_list("action", flat=True))
    return {verb: counted[f"submission.{verb}"] for verb in LOGGED}
