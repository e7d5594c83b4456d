"""The worker's watch: what was changed is noticed, said everywhere, and over only when all is good.

The tests play the one who has the database, and a worker process that runs beside.
"""

import errno
import json
import logging
import os
import signal
import subprocess
import sys
import threading
import time
from datetime import timedelta
from importlib import import_module

import pytest
from django.core.management import call_command
from django.db import connection
from django.test import Client
from django.utils import timezone

from events import audit
from events.audit import alarms, checkpoints, seen, watch
from events.audit.watch import Watch
from events.models import AuditEntry, AuditWatch, Heartbeat
from events.services import health
from tests.audit.support import drop_triggers, tamper
from tests.audit.test_checkpoints import fact, rewrite
from tests.audit.test_verify import forged, rewritten
from tests.conftest import make_user
from tests.desk import ROOT, Desk

LIST = "/admin/events/auditentry/"
EDIT = ("UPDATE events_auditentry SET actor = 'mallory' WHERE seq = 3", ())
UNDO = ("UPDATE events_auditentry SET actor = 'ana' WHERE seq = 3", ())
EMPTY = tuple(
    (f"DELETE FROM events_{table}", ()) for table in ("auditattachment", "auditentry", "submission")
)
CUT = ("DELETE FROM events_auditentry WHERE seq = 6", ())


@pytest.fixture(autouse=True)
def _state(settings, tmp_path):
    settings.STATE_DIR = tmp_path / "state"
    settings.CHECKPOINT_DIR = tmp_path / "kept"
    settings.CHECKPOINT_KEY_FILE = ""
    settings.CHECKPOINT_SYSLOG, settings.CHECKPOINT_URL = None, ""


@pytest.fixture
def watching(chain):
    """A watch that has verified the six entries of the chain."""
    made = Watch("here")
    made.verify_whole()
    return made


def fault():
    return AuditWatch.objects.get().fault


def actions():
    return list(AuditEntry.objects.order_by("seq").values_list("action", flat=True)[6:])


def test_what_is_well_is_noted_and_logs_nothing(watching):
    fact()
    watching.verify_tail()
    row = AuditWatch.objects.get()
    assert (row.verified_seq, row.verified_hash) == audit.head()
    assert row.fault == "" and row.whole_at is not None
    assert actions() == ["a.b"]


def test_the_tail_is_what_was_appended_since_and_no_more(watching):
    tamper(EDIT)
    fact()
    watching.verify_tail()
    assert fault() == ""
    watching.verify_whole()
    assert fault() == "entry 3: its column actor was changed: the body says otherwise"


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda: tamper(CUT), "entry 6: it is no longer the one that was verified"),
        (lambda: rewrite(4, "mallory"), "entry 6: it is no longer the one"),
        (lambda: tamper(*EMPTY), "entry 6: it is no longer"),
    ],
    ids=["cut", "rewritten", "emptied"],
)
def test_a_cut_and_a_rewritten_chain_are_noticed_by_what_this_machine_saw(watching, change, words):
    change()
    assert audit.verify().is_whole
    watching.verify_tail()
    assert fault().startswith(words)


def test_a_worker_that_starts_later_knows_what_was_seen(watching):
    rewrite(4, "mallory")
    Watch("here").verify_whole()
    assert fault().startswith("entry 6: its hash is")


def test_a_bad_entry_in_the_tail_is_noticed(watching):
    fact()
    tamper(("UPDATE events_auditentry SET actor = 'mallory' WHERE seq = 7", ()))
    watching.verify_tail()
    assert fault().startswith("entry 7: its column actor was changed")


def test_an_alarm_and_its_end_are_entries_and_only_a_whole_verify_ends_it(watching):
    tamper(CUT)
    for _ in range(3):
        watching.verify_tail()
    assert AuditEntry.objects.filter(action="audit.alarm_raised").count() == 1
    watching.verify_whole()
    assert fault() != ""
    seen.forget()
    watching.verify_tail()
    assert fault() != ""
    watching.verify_whole()
    assert fault() == ""
    raised, over = AuditEntry.objects.filter(action__startswith="audit.alarm").order_by("seq")
    assert (raised.action, raised.outcome) == ("audit.alarm_raised", "failed")
    assert "entry 6: it is no longer" in json.loads(raised.body)["reason"]
    assert over.action == "audit.alarm_over"
    assert audit.verify().is_whole


def test_an_alarm_that_somebody_takes_out_of_the_table_comes_back(watching):
    tamper(EDIT)
    watching.verify_whole()
    AuditWatch.objects.update(fault="")
    watching._tell()
    assert fault().startswith("entry 3")


def test_a_fault_that_came_behind_where_the_whole_had_passed_is_not_forgotten(
    watching, monkeypatch
):
    real = watch.verify

    def and_meanwhile(*args, **rest):
        report = real(*args, **rest)
        tamper(CUT)
        watching.verify_tail()
        return report

    monkeypatch.setattr(watch, "verify", and_meanwhile)
    watching.verify_whole()
    assert fault().startswith("entry 6")
    assert watching._fault


def test_a_long_log_is_verified_page_by_page_with_rests_between(watching, monkeypatch):
    fact()
    monkeypatch.setattr(import_module("events.audit.verify"), "_PAGE", 2)
    rests = []
    monkeypatch.setattr(watch._Pause, "__call__", lambda pause: rests.extend([pause]))
    watching.verify_whole()
    assert len(rests) == 4
    stopping = threading.Event()
    monkeypatch.undo()
    pause = watch._Pause(stopping)
    began = time.monotonic()
    time.sleep(0.2)
    pause()
    assert time.monotonic() - began >= 0.4
    stopping.set()
    pause._began -= 60
    pause()
    assert time.monotonic() - began < 30


def test_only_the_machine_that_saw_it_ends_an_alarm_while_it_has_a_worker(watching):
    alarms.raise_alarm("entry 1: x", "there")
    Heartbeat.beat("there:7")
    watching.verify_whole()
    assert fault() == "entry 1: x"
    Heartbeat.objects.update(at=timezone.now() - timedelta(minutes=6))
    watching.verify_whole()
    assert fault() == ""


def test_stderr_says_it_loudly_at_once_and_each_hour(watching, caplog, monkeypatch):
    now = time.monotonic()
    monkeypatch.setattr(watch.time, "monotonic", lambda: now)
    tamper(CUT)
    with caplog.at_level(logging.CRITICAL, "events.audit"):
        watching.verify_tail()
        watching._tell()
        assert len(caplog.records) == 1
        now += watch.ALARM_EVERY + 1
        watching._tell()
        assert len(caplog.records) == 2
    assert "ALARM: the audit log is not as written: entry 6: it is no longer" in caplog.text
    assert "docs/operations.md" in caplog.text


def test_what_somebody_wrote_forges_no_line(watching, caplog):
    fact()
    text, _ = rewritten(7, **{"x\n2026-11-25T00:00:00+0000 INFO all is well": 1})
    tamper(forged(7, text))
    watching.verify_tail()
    assert "see x?2026-11-25T00:00:00+0000 INFO all is well" in fault()
    assert caplog.records and "\n" not in caplog.records[-1].getMessage()


@pytest.mark.skipif(connection.vendor != "sqlite", reason="PostgreSQL refuses such numbers")
def test_a_log_that_takes_no_entry_any_more_keeps_no_alarm_from_standing(watching):
    fact()
    tamper(("UPDATE events_auditentry SET seq = 'seven' WHERE seq = 7", ()))
    watching.verify_tail()
    assert fault().startswith("entry 7: its number is no number")


def test_the_alarm_stands_on_every_page_of_the_log_and_on_home_of_those_who_may_see_it(
    watching, as_otto, as_ana, as_rita
):
    tamper(EDIT)
    watching.verify_whole()
    for page in (LIST, f"{LIST}2/change/", "/"):
        told = as_otto.get(page).content.decode()
        assert 'role="alert"' in told and "entry 3: its column actor was changed" in told, page
        assert "docs/operations.md" in told
    assert 'role="alert"' in as_rita.get("/").content.decode()
    assert "entry 3" not in as_ana.get("/").content.decode()
    tamper(UNDO)
    watching.verify_whole()
    for page in (LIST, f"{LIST}2/change/", "/"):
        assert "entry 3" not in as_otto.get(page).content.decode()


def test_an_alarm_leaves_it_said_up_to_where_the_log_was_good(watching, as_otto):
    watching.verify_whole()
    head = audit.head().seq
    alarms.raise_alarm("entry 3: its column actor was changed", "here")
    told = as_otto.get(LIST).content.decode()
    assert "Before this alarm it was last found good" in told and f"up to entry {head}." in told


def test_what_is_shown_of_a_fault_is_text(watching, as_otto):
    alarms.raise_alarm("<script>alert(1)</script>", "<b>")
    told = as_otto.get(LIST).content.decode()
    assert "<script>alert" not in told and "&lt;script&gt;" in told and "&lt;b&gt;" in told


def test_the_pages_say_when_the_log_was_verified_last(chain, as_otto):
    assert "The log has not been verified yet." in as_otto.get(LIST).content.decode()
    Watch("here").verify_whole()
    told = as_otto.get(LIST).content.decode()
    assert f"Last verified at {timezone.now():%Y-%m-%d}" in told and "; the whole at" in told
    AuditWatch.objects.update(verified_at="2026-11-25T10:11:12Z")
    told = as_otto.get(LIST).content.decode()
    assert (
        "Last verified at 2026-11-25 10:11 UTC" in told
        and "is it running, and can it write" in told
    )


def test_strangers_are_told_that_there_is_a_fault_and_nothing_of_it(transactional_db):
    health.forget()
    fact()
    Heartbeat.beat("w")
    alarms.raise_alarm("entry 3: SECRET", "SECRET-machine")
    answer = Client().get("/healthz")
    assert answer.status_code == 200
    assert (answer.json()["status"], answer.json()["audit"]) == ("degraded", "fault")
    assert "SECRET" not in answer.content.decode()


def test_checkpoints_come_when_the_head_moved_and_at_least_hourly(watching, settings, monkeypatch):
    now = [time.time()]
    monkeypatch.setattr(watch.time, "time", lambda: now[0])
    monkeypatch.setattr(watch, "RETRY_EVERY", 0.0)
    monkeypatch.setattr(watch, "TAIL_EVERY", 0.0)

    def after(seconds):
        now[0] += seconds
        watching._steps()
        return len(list(settings.CHECKPOINT_DIR.glob("*.sig")))

    assert after(0) == 1
    fact()
    assert after(200) == 1
    assert after(101) == 2
    assert after(400) == 2
    time.sleep(1.1)  # its name has the second in it
    assert after(3300) == 3
    found = checkpoints.read(settings.CHECKPOINT_DIR, [checkpoints.public_key()])
    assert [each.head.seq for each in found.good] == [6, 7, 7] and not found.bad


def test_nothing_is_signed_before_all_was_verified_or_while_an_alarm_stands(chain, settings):
    fresh = Watch("here")
    fresh._steps()
    assert not settings.CHECKPOINT_DIR.exists()
    tamper(EDIT)
    fresh.verify_whole()
    fresh.checkpoint()
    assert not settings.CHECKPOINT_DIR.exists()


def test_nothing_is_signed_by_a_worker_that_saw_a_fault_though_the_table_says_otherwise(
    watching, settings
):
    tamper(EDIT)
    watching.verify_whole()
    AuditWatch.objects.update(fault="")
    watching.checkpoint()
    assert not settings.CHECKPOINT_DIR.exists() and seen.load().signed is None


def test_nothing_is_signed_by_a_worker_that_has_not_verified_the_whole_itself(watching):
    Watch("here").checkpoint()
    assert seen.load().signed is None
    watching.checkpoint()
    assert seen.load().signed == audit.head()


def test_a_broken_stretch_since_the_last_checkpoint_is_not_signed(watching, settings):
    watching.checkpoint()
    fact()
    watching.verify_tail()
    tamper(("UPDATE events_auditentry SET actor = 'mallory' WHERE seq = 7", ()))
    watching.checkpoint()
    watching._send()
    assert [path.name[:12] for path in settings.CHECKPOINT_DIR.glob("*.json")] == ["000000000006"]
    assert fault().startswith("entry 7")


def test_a_place_that_is_away_is_tried_again_and_keeps_the_others_from_nothing(
    watching, settings, caplog
):
    settings.CHECKPOINT_URL = "http://127.0.0.1:9/x?secret=canary"
    watching.checkpoint()
    watching._send()
    assert len(list(settings.CHECKPOINT_DIR.iterdir())) == 2
    assert list(watching._waiting) == ["the URL at 127.0.0.1"]
    assert "did not reach the URL at 127.0.0.1" in caplog.text
    assert "canary" not in caplog.text


def test_a_worker_that_does_one_round_verifies_too(transactional_db, sandbox):
    fact()
    call_command("deliver", "--once")
    last = AuditWatch.objects.get().verified_seq
    assert last == audit.head().seq
    tamper(("DELETE FROM events_auditentry WHERE seq = %s", [last]))
    call_command("deliver", "--once")
    assert fault().startswith(f"entry {last}: it is no longer")


def test_a_database_that_is_away_or_a_full_disk_ends_no_watch(watching, settings, caplog):
    settings.STATE_DIR.joinpath("x").touch()
    settings.STATE_DIR = settings.STATE_DIR / "x" / "y"
    watch._safely(watching.verify_whole)
    assert "cannot keep what it saw" in caplog.text

    def away():
        raise connection.Database.OperationalError("gone")

    watch._safely(away)


def no_space(*_):
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def tamper_newest():
    newest = audit.head().seq
    tamper(("UPDATE events_auditentry SET actor = 'mallory' WHERE seq = %s", (newest,)))


def test_a_full_disk_does_not_end_the_verification_of_new_entries(chain, monkeypatch):
    """STATE_DIR is full from the start, and nothing that was seen can be kept there."""
    monkeypatch.setattr(seen, "_keep", no_space)
    watching = Watch("here")
    watch._safely(watching.verify_whole)
    fact()
    tamper_newest()
    watching._steps()
    assert fault().startswith("entry 7")


def test_a_full_disk_is_said_each_minute_and_in_healthz(chain, monkeypatch, caplog):
    monkeypatch.setattr(seen, "_keep", no_space)
    watching = Watch("here")
    watch._safely(watching.verify_whole)
    Heartbeat.beat("here:1")
    for _ in range(2):
        caplog.clear()
        watching._tail_at -= 60
        watching._steps()
        assert "cannot keep what it saw: [Errno 28] No space left" in caplog.text
    assert health.collect()["audit"] == (False, "not verified lately", False)


def test_a_full_disk_does_not_keep_checkpoints_from_the_other_places(watching, monkeypatch):
    went = []
    monkeypatch.setattr(watch.outlets, "all_outlets", lambda: {"syslog": went.append})
    monkeypatch.setattr(seen, "_keep", no_space)
    fact()
    for _ in range(3):
        watching._signed_at = watching._sent_at = float("-inf")
        watching._steps()
    assert [made.head.seq for made in went] == [7], "and not one more each minute"


@pytest.mark.parametrize("lost", [seen.forget, lambda: seen._path().write_text("")])
def test_what_was_seen_on_the_disk_may_be_lost_and_the_watch_sees_on(watching, lost):
    lost()
    fact()
    tamper_newest()
    watching.verify_tail()
    assert fault().startswith("entry 7")


def test_what_was_seen_on_the_disk_is_written_again(watching, monkeypatch, settings):
    watching._steps()
    now = time.time() + watch.CHECKPOINT_EVERY + 1
    monkeypatch.setattr(watch.time, "time", lambda: now)
    seen.forget()
    fact()
    watching._tail_at = watching._signed_at = watching._sent_at = float("-inf")
    watching._steps()
    assert seen.load().verified == seen.load().signed == audit.head()
    assert len(list(settings.CHECKPOINT_DIR.glob("*.json"))) == 2


def test_missing_triggers_are_an_alarm_until_they_are_back(watching, settings):
    drop_triggers()
    watching.verify_tail()
    assert fault() == "", "a migrate may be at it"
    watching.checkpoint()
    assert not settings.CHECKPOINT_DIR.exists()
    watching.verify_tail()
    assert fault().startswith("the database: triggers that keep the log from being changed are m")
    watching.verify_whole()
    assert fault() != ""
    tamper()
    watching.verify_whole()
    assert fault() == ""


def test_an_alarm_is_not_over_while_triggers_are_missing(watching):
    alarms.raise_alarm("entry 2: changed", "here")
    drop_triggers()
    watching.verify_whole()
    assert fault() == "entry 2: changed"


def until(condition, seconds=40.0):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if found := condition():
            return found
        time.sleep(0.1)
    raise AssertionError("it did not come")


@pytest.mark.slow
def test_a_worker_process_raises_the_alarm_and_one_that_was_told_of_a_restore_ends_it():
    """The whole way: real processes, their own database, a log that was cut behind their back."""
    import sqlite3

    if connection.vendor != "sqlite":
        pytest.skip("the cut is made in an SQLite file; the watch is the same")
    with Desk() as desk:
        otto = desk.sign_in("auditor")
        start = [sys.executable, "manage.py", "deliver", "--every=0.1"]
        kept = desk.folder / "checkpoints"
        worker = subprocess.Popen(start, cwd=ROOT, env=desk.environment)
        try:
            until(lambda: kept.exists() and list(kept.glob("*.json")))
        finally:
            worker.send_signal(signal.SIGTERM)
            assert worker.wait(20) == 0
        path = desk.environment["DATABASE_URL"].removeprefix("sqlite:///")
        with sqlite3.connect(path) as database:
            for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type='trigger'"):
                database.execute(f"DROP TRIGGER {name}")
            database.execute("DELETE FROM events_auditentry WHERE seq > 1")
        database.close()
        worker = subprocess.Popen(
            start, cwd=ROOT, env=desk.environment, stderr=subprocess.PIPE, text=True
        )
        said = []
        reading = threading.Thread(target=lambda: said.extend(worker.stderr))
        reading.start()
        try:
            until(lambda: otto.get(f"{desk.url}/healthz").json().get("audit") == "fault")
            assert 'role="alert"' in otto.get(f"{desk.url}{LIST}").text
        finally:
            worker.send_signal(signal.SIGTERM)
            assert worker.wait(20) == 0
            reading.join(10)
            worker.stderr.close()
        assert any("CRITICAL" in line and "ALARM" in line for line in said)
        desk.manage("migrate")
        worker = subprocess.Popen([*start, "--restored"], cwd=ROOT, env=desk.environment)
        try:
            until(lambda: otto.get(f"{desk.url}/healthz").json().get("audit") == "ok")
        finally:
            worker.send_signal(signal.SIGTERM)
            assert worker.wait(20) == 0


def test_an_analyst_who_may_see_no_log_sees_no_alarm_but_the_desk_works(watching, client):
    client.force_login(make_user("cleo", "analyst"))
    alarms.raise_alarm("entry 3: x", "here")
    page = client.get("/")
    assert page.status_code == 200 and "audit log" not in page.content.decode().lower()
