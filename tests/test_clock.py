"""One clock for all machines: what a machine with a wrong clock writes means the same elsewhere."""

from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.core.management import call_command
from django.core.management.base import SystemCheckError
from django.db import connection
from django.test import RequestFactory

from events import audit, clock
from events.models import AuditEntry, Heartbeat
from events.services import attempts, throttle

HOUR = timedelta(hours=1)
postgresql = pytest.mark.skipif(connection.vendor != "postgresql", reason="one machine, one clock")


@pytest.fixture(autouse=True)
def _asked_anew():
    clock.forget()
    yield
    clock.forget()


def elsewhere(ahead):
    """On a machine whose clock is that much ahead."""
    return time_machine.travel(datetime.now(UTC) + ahead, tick=True)


@postgresql
@pytest.mark.parametrize("ahead", [HOUR, -HOUR])
def test_a_sign_of_life_counts_whatever_the_workers_clock_says(db, ahead):
    with elsewhere(ahead):
        Heartbeat.beat("w")
        assert Heartbeat.any_alive()
    assert Heartbeat.any_alive()
    Heartbeat.objects.update(at=clock.now() - timedelta(seconds=91))
    with elsewhere(ahead):
        assert not Heartbeat.any_alive()


@postgresql
@pytest.mark.parametrize("ahead", [HOUR, -HOUR])
def test_a_wait_lasts_as_long_on_every_machine(db, ahead):
    request = RequestFactory().get("/")
    with elsewhere(ahead):
        for _ in range(attempts.FREE_HERE):
            attempts.begin(request, "ana", None)
        there = attempts.begin(request, "ana", None).wait_until
    here = attempts.begin(request, "ana", None).wait_until
    assert here == there
    assert timedelta(seconds=15) < here - datetime.now(UTC) <= attempts.FIRST_WAIT


@postgresql
def test_a_window_ends_by_the_databases_clock(db):
    window = timedelta(minutes=5)
    assert throttle.hit("k", limit=1, window=window) is None
    with elsewhere(HOUR):
        assert throttle.hit("k", limit=1, window=window) is not None


@postgresql
@pytest.mark.parametrize("ahead", [HOUR, -HOUR])
def test_an_entry_of_the_log_is_timed_by_the_databases_clock(db, ahead):
    with elsewhere(ahead):
        audit.record(audit.Fact("a.b", audit.Actor.system("test")))
    assert abs(AuditEntry.objects.get().at - datetime.now(UTC)) < timedelta(seconds=30)


@postgresql
@pytest.mark.parametrize(("ahead", "words"), [(HOUR, "ahead of"), (-HOUR, "behind")])
def test_a_machine_with_a_wrong_clock_is_told_before_it_starts(db, ahead, words):
    with elsewhere(ahead):
        assert f"{words} the database's; 60 are allowed" in clock.trouble()
        with pytest.raises(SystemCheckError, match=r"events\.E002"):
            call_command("check", databases=["default"])
        call_command("check")


def test_a_machine_whose_clock_agrees_starts(db):
    assert clock.trouble() == ""
    call_command("check", databases=["default"])
    with elsewhere(timedelta(seconds=30)):
        assert clock.trouble() == ""
