"""The commands that operators type: what they print, what they change, how they fail."""

import io
import os
import re
import signal
import socket
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlsplit
from uuid import uuid4

import pytest
import requests
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.utils import timezone

from events import reference, services
from events.cloudflare import Client
from events.models import AuditEntry, Heartbeat, ReferenceList, State, Submission
from tests.conftest import PASSWORD
from tests.desk import ROOT, Desk, free_port, hidden
from tests.services.test_send import creates, payload, person, send
from tests.views.test_main_job import EXAMPLE


def run(name, *arguments):
    out = io.StringIO()
    call_command(name, *arguments, stdout=out)
    return out.getvalue()


def test_refresh_reference_fills_every_list(db, sandbox):
    assert reference.load().fetched_at is None
    printed = run("refresh_reference")
    lists = reference.load()
    assert lists.fetched_at is not None
    assert len(lists.categories) > 20
    assert any(category.mitre_attack for category in lists.categories)
    assert "Banking & Financial Services" in lists.industries
    assert {dataset.is_public for dataset in lists.datasets} == {True, False}
    assert len(lists.countries) >= 249
    assert "categories" in printed
    assert AuditEntry.objects.get().action == "reference.refreshed"


def test_a_list_that_fails_keeps_its_old_items(db, sandbox):
    run("refresh_reference")
    before = ReferenceList.objects.get(name="categories").items
    sandbox.behave("categories", "500-before")
    assert "categories" in run("refresh_reference")
    assert ReferenceList.objects.get(name="categories").items == before


def test_refresh_reference_fails_aloud_if_nothing_came(db, sandbox):
    sandbox.stop()
    with pytest.raises(CommandError, match="old ones are kept"):
        run("refresh_reference")


def test_probe_api_reads_only_and_tells_how_filters_are_written(ana, sandbox):
    for _ in range(2):
        send(ana)
    before = len(creates(sandbox))
    printed = run("probe_api")
    assert "token    active" in printed
    assert re.search(r"dataset .* public .* Cloudforce One Threat Events", printed)
    assert "read_only" in printed
    assert len(creates(sandbox)) == before


def two_events(ana):
    send(ana)
    other = payload("other.example", event="another")
    services.send(person=person(ana), token=uuid4(), typed={}, payload=other)


@pytest.mark.parametrize("style", ["json", "parallel", "indexed"])
def test_probe_api_finds_each_way_of_asking(ana, sandbox, style):
    two_events(ana)
    sandbox.behave("list", f"search-{style}")
    printed = run("probe_api")
    assert "search as post      filters" in printed
    assert f"search as {style:<9} filters" in printed
    assert printed.count(" filters\n") == 2
    assert "Set CLOUDFLARE_SEARCH_STYLE" not in printed
    sandbox.behave("list", "no-post")
    printed = run("probe_api")
    assert "search as post      does not work: Cloudflare refused the request" in printed
    assert f"Set CLOUDFLARE_SEARCH_STYLE={style}" in printed


@pytest.mark.parametrize(
    ("behaviour", "sentence"),
    [
        ("ignore-filters", "No way of asking filters"),
        ("incomplete", "list: the answer was incomplete"),
    ],
)
def test_probe_api_says_what_is_odd_about_the_list(ana, sandbox, behaviour, sentence):
    two_events(ana)
    sandbox.behave("list", behaviour)
    assert sentence in run("probe_api")


def test_probe_api_tells_of_indicators_refreshing_and_labels(ana, sandbox):
    two_events(ana)
    printed = run("probe_api")
    assert "forceRefresh accepted" in printed
    assert "indicators finds an event's value, filters, complete" in printed
    assert "TLP values seen in events: amber" in printed
    assert "TLP values seen in indicators: AMBER" in printed
    assert re.search(r"actors: \d+, such as APT28", printed)
    sandbox.behave("indicators", "incomplete")
    assert "filters, incomplete" in run("probe_api")
    sandbox.behave("indicators", "403")
    assert "indicators does not work: Cloudflare refused" in run("probe_api")


def test_probe_api_prints_nothing_that_steers_a_terminal(ana, sandbox, monkeypatch):
    names = Client.datasets

    def hostile(client):
        return tuple(replace(each, name="\x1b]0;owned\x07\x1b[2J\u202e") for each in names(client))

    monkeypatch.setattr(Client, "datasets", hostile)
    printed = run("probe_api")
    assert "?]0;owned??[2J?" in printed
    assert "\x1b" not in printed


def test_probe_api_only_reads(ana, sandbox):
    two_events(ana)
    before = len(sandbox.requests)
    run("probe_api")
    asked = {
        (r.method, urlsplit(r.target).path.rsplit("/events", 1)[-1])
        for r in sandbox.requests[before:]
    }
    assert {path for method, path in asked if method != "GET"} == {""}


def test_probe_api_works_where_the_terminal_knows_ascii_alone(sandbox, tmp_path):
    result = subprocess.run(
        [sys.executable, "manage.py", "probe_api"],
        cwd=ROOT,
        env=os.environ
        | {
            "PYTHONIOENCODING": "ascii",
            "CLOUDFLARE_API_BASE_URL": sandbox.base_url,
            "CLOUDFLARE_API_TOKEN": "sandbox-token",
            "CLOUDFLARE_ACCOUNT_ID": "sandbox",
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert "UnicodeEncodeError" not in result.stderr
    assert "countries: 249, such as Afghanistan, \\xc5land Islands" in result.stdout


def test_probe_api_does_not_guess_from_events_that_are_all_alike(ana, sandbox):
    sandbox.behave("list", "ignore-filters")
    for _ in range(2):
        send(ana)
    assert "too few events" in run("probe_api")


def test_probe_api_with_a_bad_token_says_so_without_showing_it(db, sandbox, api_at):
    api_at(sandbox.base_url, token="canary-wrong-token")
    with pytest.raises(CommandError, match="token"):
        run("probe_api")


def test_deliver_sends_what_waits(transactional_db, ana, sandbox, settings, tmp_path):
    # What this machine remembers of another test's log would make this one a copy.
    settings.STATE_DIR = tmp_path
    sandbox.behave("create", "429", times=1, seconds=1)
    waiting = send(ana)
    Submission.objects.update(next_at=timezone.now())
    time.sleep(1.1)
    run("deliver", "--once")
    waiting.refresh_from_db()
    assert waiting.state == State.CREATED
    assert len(sandbox.ledger.events(str(waiting.pk))) == 1
    assert not Heartbeat.any_alive()


def test_demo_data_makes_the_accounts_with_the_given_password(db, monkeypatch):
    monkeypatch.setenv("DEMO_PASSWORD", PASSWORD)
    printed = run("demo_data")
    for name in ("analyst", "reviewer", "auditor", "admin"):
        assert User.objects.get(username=name).check_password(PASSWORD)
        assert name in printed
    run("demo_data")
    assert User.objects.count() == 4


def test_demo_data_refuses_a_weak_password(db, monkeypatch):
    monkeypatch.setenv("DEMO_PASSWORD", "short")
    with pytest.raises(CommandError, match="DEMO_PASSWORD"):
        run("demo_data")


def is_well(address):
    """Whether it says so, as soon as the worker has verified the log."""
    for _ in range(50):
        if requests.get(address, timeout=5).json()["status"] == "ok":
            return True
        time.sleep(0.2)
    return False


@pytest.mark.slow
def test_run_desk_serves_everything_and_ends_cleanly(tmp_path):
    port, sandbox_port = free_port(), free_port()
    environment = {
        "PATH": "/usr/bin:/bin",
        "STATE_DIR": str(tmp_path),
        "STATIC_ROOT": str(tmp_path / "static"),
        "PORT": str(port),
        "SANDBOX_PORT": str(sandbox_port),
        "DEMO_PASSWORD": PASSWORD,
        "PLAIN_HTTP": "1",
        "PYTHONUNBUFFERED": "1",
    }
    desk = subprocess.Popen(
        [sys.executable, "manage.py", "run_desk"],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        printed = ""
        while "Stop it" not in printed:
            line = desk.stdout.readline()
            assert line, printed
            printed += line
        assert f"http://127.0.0.1:{port}" in printed
        assert all(name in printed for name in ("analyst", "reviewer", "auditor", "admin"))
        assert is_well(f"http://127.0.0.1:{port}/healthz")
        assert (tmp_path / "sandbox.sqlite3").exists()
    finally:
        desk.send_signal(signal.SIGTERM)
        assert desk.wait(40) == 0
        desk.stdout.close()
    for used in (port, sandbox_port):
        with pytest.raises(requests.ConnectionError):
            requests.get(f"http://127.0.0.1:{used}/", timeout=2)


@pytest.mark.slow
def test_a_worker_that_is_told_to_stop_finishes_what_is_under_way():
    with Desk() as desk:
        ana = desk.sign_in("analyst")
        desk.sandbox.behave("create", "429", times=1, seconds=1)
        page = ana.get(f"{desk.url}/events/new/").text
        fields = {name: hidden(page, name) for name in ("form_token", "csrfmiddlewaretoken")}
        assert 'data-state="ready"' in ana.post(f"{desk.url}/events/new/", EXAMPLE | fields).text
        desk.sandbox.behave("create", "slow", times=1, seconds=1)
        worker = subprocess.Popen(
            [sys.executable, "manage.py", "deliver", "--every=0.1"], cwd=ROOT, env=desk.environment
        )
        end = time.monotonic() + 30
        while len(creates(desk.sandbox)) < 2 and time.monotonic() < end:
            time.sleep(0.02)
        worker.send_signal(signal.SIGTERM)
        assert worker.wait(20) == 0
        page = ana.get(f"{desk.url}/events/{fields['form_token']}/").text
        assert 'data-state="created"' in page
        assert len(desk.sandbox.ledger.events(fields["form_token"])) == 1


def test_a_port_in_use_is_one_line(tmp_path):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        result = subprocess.run(
            [sys.executable, "manage.py", "run_desk", f"--port={taken.getsockname()[1]}"],
            cwd=ROOT,
            env={"STATE_DIR": str(tmp_path), "PLAIN_HTTP": "1", "PATH": "/usr/bin:/bin"},
            capture_output=True,
            text=True,
            check=False,
        )
    assert result.returncode == 1
    assert "Choose another with PORT=" in result.stderr
    assert "Traceback" not in result.stderr


def test_the_makefile_names_what_exists():
    text = (Path(ROOT) / "Makefile").read_text()
    for module in re.findall(r"-m (tests\.[a-z.]+)", text):
        path = ROOT / module.replace(".", "/")
        assert path.with_suffix(".py").exists() or (path / "__main__.py").exists(), module
