"""/healthz: short words on what is wrong, within a second, whatever hangs."""

import os
import socket
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection, connections
from django.db.migrations.recorder import MigrationRecorder
from django.test import Client
from django.utils import timezone

from events import audit, clock, privileges
from events.audit import alarms
from events.models import ApiGate, AuditWatch, Heartbeat
from events.outbox import gate
from events.services import health
from tests.desk import free_port

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _asked_anew():
    health.forget()
    gate.forget()
    yield
    health.forget()
    gate.forget()


def ask():
    answer = Client().get("/healthz")
    return answer.status_code, answer.json()


@pytest.fixture
def at_work():
    """A worker that lives, and has verified the log just now."""
    Heartbeat.beat("w")
    alarms.note(audit.head(), is_whole=True)


def test_all_is_well(at_work):
    well = dict.fromkeys(("status", "database", "migrations", "worker", "api", "audit"), "ok")
    assert ask() == (200, well)


def test_without_a_worker_pages_work_and_the_words_say_so():
    status, told = ask()
    assert (status, told["status"]) == (200, "degraded")
    assert told["worker"] == "not running: what waits does not move"


@pytest.mark.parametrize(("is_access", "words"), [(False, "away"), (True, "access")])
def test_while_nothing_may_be_asked_of_the_api_the_words_say_so(is_access, words):
    Heartbeat.beat("w")
    now = timezone.now()
    closed = {"opened_at": now, "probe_at": now, "is_access": is_access, "reason": "SECRET TEXT"}
    ApiGate.objects.update_or_create(id=ApiGate.KEY, defaults=closed)
    gate.forget()
    status, told = ask()
    assert (status, told["status"], told["api"]) == (200, "degraded", f"closed: {words}")
    assert "SECRET" not in str(told)


def test_a_log_that_was_not_verified_for_a_while_is_told_though_a_worker_lives(at_work):
    AuditWatch.objects.update(verified_at=clock.now() - alarms.LATE_AFTER * 1.1)
    status, told = ask()
    assert (status, told["status"], told["audit"]) == (200, "degraded", "not verified lately")
    AuditWatch.objects.all().delete()
    assert ask()[1]["audit"] == "not verified lately"


def test_a_process_without_the_key_of_the_log_is_unavailable(at_work, settings):
    """Each of its pages that logs is an error: whoever balances the load has to pass it by."""
    audit.record(audit.Fact("a.b", audit.Actor.system("test")))
    settings.AUDIT_KEYS = (os.urandom(32),)
    status, told = ask()
    assert (status, told["status"], told["audit"]) == (503, "unavailable", "its key is not here")
    alarms.raise_alarm("entry 1: x", "here")
    status, told = ask()
    assert (status, told["status"], told["audit"]) == (503, "unavailable", "fault")


def test_missing_migrations_are_told_until_they_are_there():
    Heartbeat.beat("w")
    rows = MigrationRecorder.Migration.objects.filter(app="events").order_by("-pk")
    last = rows[0]
    last_name = last.name
    with privileges.as_owner():
        last.delete()
    try:
        status, told = ask()
        assert (status, told["status"]) == (503, "unavailable")
        assert told["migrations"] == "1 missing: run migrate"
    finally:
        with privileges.as_owner():
            MigrationRecorder(connection).record_applied("events", last_name)
    assert ask()[0] == 200


def elsewhere(port):
    """A PostgreSQL that does not answer at this port, for connections that are made now."""
    options = {"connect_timeout": 3}
    changes = {"ENGINE": "webui.postgresql", "HOST": "127.0.0.1", "PORT": port, "NAME": "x"}
    changes |= {"USER": "x", "PASSWORD": "SECRET", "OPTIONS": options, "TEST": {}}
    return connections.settings["default"] | changes


def test_a_database_that_hangs_holds_nobody_and_one_thread(monkeypatch):
    with socket.socket() as hole:
        hole.bind(("127.0.0.1", 0))
        hole.listen()
        there = elsewhere(hole.getsockname()[1])
        monkeypatch.setitem(connections.settings, "default", there)
        start = time.monotonic()
        with ThreadPoolExecutor(8) as people:
            answers = list(people.map(lambda _: ask(), range(8)))
        assert time.monotonic() - start < 2
        told = {"status": "unavailable", "database": "does not answer in time"}
        assert answers == [(503, told)] * 8
        hole.settimeout(0.2)
        hole.accept()[0].close()
        with pytest.raises(TimeoutError):
            hole.accept()
    monkeypatch.undo()
    health._checks.clear()
    assert ask()[0] == 200


def test_a_database_that_is_away_is_said_without_where_it_should_be(monkeypatch):
    monkeypatch.setitem(connections.settings, "default", elsewhere(free_port()))
    told = {"status": "unavailable", "database": "not available"}
    assert ask() == (503, told)
