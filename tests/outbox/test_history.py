"""A desk that may be a copy looks before it sends; one that was only started again does not."""

import os
from datetime import timedelta

import pytest
from django.core.management import call_command
from django.db import OperationalError, connection

from events import audit, clock, outbox, services
from events.management.commands import deliver
from events.models import AuditEntry, Heartbeat, State, Submission
from events.outbox import gate, history
from tests.audit.support import behind
from tests.outbox.support import (
    actions,
    creates,
    held,
    pass_time,
    payload,
    reasons,
    send,
    state,
    work,
)

AFTER = history.LONG_STOP + timedelta(minutes=1)


@pytest.fixture
def folder(settings, tmp_path):
    """This machine's own folder."""
    settings.STATE_DIR = tmp_path
    settings.RECONCILE_QUIET = 0
    return tmp_path


@pytest.fixture
def desk(db, folder):
    """A desk that has run on this machine until now."""
    audit.record(audit.Fact("a.b", audit.Actor.system("test")))
    assert history.check() == ""
    return folder


@pytest.fixture
def later(monkeypatch):
    """Let the clock go on, but nothing in the database lie further back."""

    def go_on(amount):
        real = clock.now
        monkeypatch.setattr(clock, "now", lambda: real() + amount)

    return go_on


def waits(ana, sandbox):
    """A submission that is due to be sent."""
    sandbox.behave("create", "429", times=1, seconds=1)
    submission = send(ana)
    assert submission.state == State.READY
    pass_time(minutes=1)
    return submission


def holds():
    """Why the desk was held, by the log."""
    return [entry.body for entry in AuditEntry.objects.filter(action=history.HELD)]


def test_another_database_s_name_tells_a_copy(ana, sandbox, desk):
    submission = waits(ana, sandbox)
    before = len(creates(sandbox))
    gate.name_database("another")
    assert "copy of another" in history.check()
    assert gate.must_be_looked_for(submission.created_at, None)
    sandbox.behave("list", "incomplete")
    for _ in range(3):
        work()
    assert len(creates(sandbox)) == before
    assert "copy of another" in holds()[0]


def test_what_a_copy_finds_there_is_not_sent(ana, sandbox, desk):
    submission = waits(ana, sandbox)
    uuid = services.client().create_event(bytes(submission.body)).uuid
    gate.name_database("another")
    history.check()
    work()
    submission.refresh_from_db()
    assert (submission.state, submission.event_uuid) == (State.CREATED, uuid)
    assert held(sandbox, submission) == [uuid]


def test_what_a_copy_does_not_find_there_is_sent(ana, sandbox, desk, known):
    submission = waits(ana, sandbox)
    gate.name_database("another")
    history.check()
    work()
    assert state(submission) == State.CREATED
    assert "looked_for" in actions(submission)
    assert len(held(sandbox, submission)) == 1


def test_the_sign_is_used_up_once_the_desk_is_held(desk):
    gate.name_database("another")
    assert history.check()
    assert history.check() == ""
    assert len(holds()) == 1


@pytest.mark.parametrize("noted", ["9999:{hash}", "1:{other}"])
def test_a_log_without_the_entry_that_this_machine_saw_tells_a_copy(desk, noted):
    digest = audit.head().hash
    (desk / history.FILE).write_text(noted.format(hash=digest, other="0" * 64))
    assert "not the one that this machine saw" in history.check()
    assert history.check() == ""


def test_long_silence_tells_a_copy(desk, later):
    later(AFTER)
    assert "stood still since" in history.check()


def test_a_start_within_minutes_is_no_copy(desk, later):
    Heartbeat.beat("host:1")
    Heartbeat.stop("host:1")
    later(history.LONG_STOP - timedelta(minutes=1))
    assert history.check() == ""
    assert not holds()


def test_a_quiet_desk_that_ended_a_minute_ago_is_no_copy(desk, later):
    later(timedelta(hours=5))
    ended = (clock.now() - timedelta(minutes=1)).timestamp()
    os.utime(desk / history.FILE, (ended, ended))
    assert history.check() == ""


def test_the_end_of_a_process_is_a_sign_of_life(desk):
    path = desk / history.FILE
    os.utime(path, (0, 0))
    history.end()
    assert path.stat().st_mtime > 0


def test_a_file_of_the_future_is_no_sign_of_life(desk, later):
    later(AFTER)
    ahead = (clock.now() + timedelta(days=1)).timestamp()
    os.utime(desk / history.FILE, (ahead, ahead))
    assert "stood still" in history.check()


def test_a_host_that_noted_an_older_entry_is_no_copy(desk):
    """A web host: it notes the log only when it starts."""
    audit.record(*[audit.Fact("a.b", audit.Actor.system("test"))] * 3)
    assert history.check() == ""


def test_the_head_of_another_database_says_nothing(desk):
    """Two desks that share a folder."""
    (desk / history.FILE).write_text(f"9999:{'0' * 64} another")
    assert history.check() == ""


@pytest.mark.parametrize("content", [b"", b"garbage", b"\xff\xfe\x00", b"1:", b":x y", b"\n" * 9])
def test_a_file_of_garbage_does_no_harm(desk, content):
    (desk / history.FILE).write_bytes(content)
    reason = history.check()
    assert reason in {"", "the log is not the one that this machine saw: a backup was restored"}
    assert history.check() == ""


def test_a_folder_that_cannot_be_written_does_no_harm(desk, settings):
    (desk / "file").touch()
    settings.STATE_DIR = desk / "file" / "state"
    assert history.check() == ""
    history.end()


def test_an_empty_desk_is_no_copy(db, folder):
    gate.name_database("another")
    assert history.check() == ""


def test_a_desk_that_was_new_when_it_started_is_no_copy(db, folder):
    assert history.check() == ""
    audit.record(audit.Fact("a.b", audit.Actor.system("test")))
    assert history.check() == ""


@pytest.mark.django_db(transaction=True)
def test_a_copy_that_is_migrated_stays_a_copy(desk):
    gate.name_database("another")
    call_command("migrate", verbosity=0)
    assert "copy of another" in history.check()


@pytest.mark.django_db(transaction=True)
def test_a_new_database_is_named_by_migrate(desk):
    gate.name_database("")
    call_command("migrate", verbosity=0)
    assert gate.database()


def test_a_process_that_dies_while_it_holds_leaves_the_sign(desk, monkeypatch):
    def broken(*facts):
        raise OperationalError("gone")

    gate.name_database("another")
    with monkeypatch.context() as patch:
        patch.setattr(audit, "record", broken)
        with pytest.raises(OperationalError):
            history.check()
    assert "copy of another" in history.check()


@pytest.mark.skipif(connection.vendor != "postgresql", reason="PostgreSQL only")
def test_a_role_that_may_not_ask_for_the_server_s_identifier_is_enough(desk):
    behind(("REVOKE EXECUTE ON FUNCTION pg_control_system() FROM PUBLIC", ()))
    gate.name_database("another")
    assert "copy of another" in history.check()
    assert gate.database().startswith("server:")
    assert history.check() == ""


@pytest.mark.django_db(transaction=True)
def test_deliver_is_told_that_the_database_was_restored(ana, sandbox, desk):
    submission = waits(ana, sandbox)
    sandbox.behave("list", "incomplete")
    call_command("deliver", "--once", "--restored")
    assert state(submission) == State.READY
    assert "looked_for" in actions(submission)
    assert "was restored" in holds()[0]
    sandbox.well()
    pass_time(hours=7)
    call_command("deliver", "--once")
    assert len(held(sandbox, submission)) <= 1


@pytest.mark.django_db(transaction=True)
def test_a_backup_that_is_put_in_place_under_the_worker_is_noticed_before_it_sends(
    ana, sandbox, desk, monkeypatch
):
    worker = deliver._Worker(is_restored=False)
    worker.round()

    def away(*args):
        raise OperationalError("the server ended the connection")

    with monkeypatch.context() as patch:
        patch.setattr(outbox, "work", away)
        worker.round()
    submission = waits(ana, sandbox)
    before = len(creates(sandbox))
    sandbox.behave("list", "incomplete")
    gate.name_database("another")
    worker.round()
    worker.end()
    assert len(creates(sandbox)) == before
    assert state(submission) == State.READY


@pytest.mark.django_db(transaction=True)
def test_a_machine_that_slept_looks_before_it_sends(ana, sandbox, desk, monkeypatch):
    worker = deliver._Worker(is_restored=False)
    worker.round()
    submission = waits(ana, sandbox)
    before = len(creates(sandbox))
    sandbox.behave("list", "incomplete")
    worker._began -= AFTER.total_seconds()
    worker.round()
    worker.end()
    assert len(creates(sandbox)) == before
    assert state(submission) == State.READY


def test_a_draft_of_before_the_restore_is_looked_for_before_it_is_sent(ana, sandbox, desk):
    draft = services.save_draft(
        person=services.Person(ana, audit.Actor(ana.pk, "ana")),
        token=Submission().pk,
        typed={"event": "A draft"},
    )
    gate.name_database("another")
    history.check()
    before = len(creates(sandbox))
    sent = send(ana, submission=draft)
    assert sent.state == State.READY
    assert len(creates(sandbox)) == before
    assert send(ana, event=payload("New")).state == State.CREATED


def test_the_page_lets_its_author_say_that_it_was_not_sent(as_ana, as_ben, ana, sandbox, desk):
    submission = waits(ana, sandbox)
    gate.name_database("another")
    history.check()
    sandbox.behave("list", "incomplete")
    work()
    url = f"/events/{submission.pk}/"
    assert "it was not sent before" in as_ana.get(url).content.decode()
    assert "it was not sent before" not in as_ben.get(url).content.decode()
    decide = {"action": "unsent"}
    assert "Write the reason" in as_ana.post(f"{url}decide/", decide, follow=True).content.decode()
    assert as_ben.post(f"{url}decide/", decide | {"reason": "no"}).status_code == 403
    work()
    assert state(submission) == State.READY
    as_ana.post(f"{url}decide/", decide | {"reason": "looked in the dashboard"})
    work()
    assert state(submission) == State.CREATED
    assert "declared_unsent" in actions(submission)
    assert any("looked in the dashboard" in body for body in reasons(submission))
    assert len(held(sandbox, submission)) == 1
