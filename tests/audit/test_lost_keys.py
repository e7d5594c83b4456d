"""Keys of the log that are lost, found again or taken out: nothing legitimate is hurt."""

import secrets

import pytest
from django.core.management import call_command

from events import audit
from events.audit import alarms
from events.audit.watch import Watch
from events.cloudflare import Client
from events.models import AuditEntry, State
from events.outbox import settle
from tests.audit.support import tamper
from tests.outbox.support import actions, looks, pass_time, send, state, unknown, work

LOST, NEW = secrets.token_bytes(32), secrets.token_bytes(32)
ACTOR = audit.Actor.system("test")


def record(count=1):
    for _ in range(count):
        audit.record(audit.Fact("a.b", ACTOR))


@pytest.fixture
def lose(settings):
    """The key of the log is lost; the desk goes on as the documents say."""
    settings.AUDIT_KEYS = (LOST,)

    def lost():
        settings.AUDIT_KEYS = (NEW,)
        call_command("rotate_audit_key", "--lost", verbosity=0)
        assert audit.verify().is_whole

    return lost


def test_what_waits_is_sent_after_the_key_was_replaced(lose, ana, sandbox):
    sandbox.behave("create", "429", times=1)
    waiting = send(ana)
    assert waiting.state == State.READY
    lose()
    pass_time(hours=1)
    work()
    assert "altered" not in actions(waiting)
    assert state(waiting) == State.CREATED


def test_what_was_altered_before_the_key_was_replaced_is_not_sent(lose, ana, sandbox):
    sandbox.behave("create", "429", times=1)
    waiting = send(ana)
    lose()
    entry = AuditEntry.objects.get(object_id=str(waiting.pk), action="submission.frozen")
    tamper(
        ("UPDATE events_auditentry SET hash = %s WHERE seq = %s", ("0" * 64, entry.seq)),
    )
    pass_time(hours=1)
    work()
    assert "altered" in actions(waiting)
    assert state(waiting) != State.CREATED


def test_an_unknown_event_is_still_looked_for_after_the_key_was_replaced(lose, ana, sandbox):
    lost = unknown(ana, sandbox, "drop-after")
    lose()
    before = looks(sandbox)
    for _ in range(6):
        pass_time(hours=2)
        work()
    assert looks(sandbox) > before
    assert state(lost) == State.CREATED


def test_what_waits_is_not_refused_because_an_older_key_is_not_here(settings, ana, sandbox):
    settings.AUDIT_KEYS = (LOST,)
    sandbox.behave("create", "429", times=1)
    waiting = send(ana)
    settings.AUDIT_KEYS = (NEW, LOST)
    record()
    settings.AUDIT_KEYS = (NEW,)
    assert audit.key_trouble() == ""
    pass_time(hours=1)
    work()
    assert "altered" not in actions(waiting)


@pytest.mark.parametrize("ring", [(NEW, LOST), (LOST, NEW)])
def test_a_lost_key_that_turns_up_again_raises_no_alarm(lose, settings, db, ring):
    record(2)
    lose()
    record(2)
    settings.AUDIT_KEYS = ring
    record()
    report = audit.verify()
    assert report.is_whole, report.fault
    assert not report.notes


def test_the_file_is_lost_after_the_key_was_rotated(db, settings, tmp_path):
    settings.AUDIT_KEYS, settings.AUDIT_KEY_PATH = (), tmp_path / "state" / "audit_key"
    record(2)
    call_command("rotate_audit_key", verbosity=0)
    record(2)
    settings.AUDIT_KEY_PATH.unlink()
    call_command("rotate_audit_key", "--lost", verbosity=0)
    record()
    report = audit.verify()
    assert report.is_whole, report.fault
    assert len(report.notes) == 2
    for _ in range(2):
        Watch("one").once()
    assert alarms.alarm() is None


def test_a_second_key_is_lost(db, settings):
    """The entry that told of the first loss is sealed by a key that is lost by now."""
    for _ in range(3):
        settings.AUDIT_KEYS = (secrets.token_bytes(32),)
        if audit.head().seq:
            call_command("rotate_audit_key", "--lost", verbosity=0)
        record(2)
    report = audit.verify()
    assert report.is_whole, report.fault


def test_the_oldest_of_several_keys_is_taken_out(db, settings):
    settings.AUDIT_KEYS = (LOST,)
    record()
    settings.AUDIT_KEYS = (NEW, LOST)
    record()
    settings.AUDIT_KEYS = (NEW,)
    report = audit.verify()
    assert report.is_whole, report.fault
    assert len(report.notes) == 1


def test_a_log_whose_end_is_sealed_by_a_key_that_is_not_here_is_not_whole(db, settings):
    settings.AUDIT_KEYS = (LOST,)
    record(3)
    settings.AUDIT_KEYS = (NEW,)
    report = audit.verify()
    assert report.fault.seq == 1
    assert "which is not here" in report.fault.reason


def test_an_answer_is_kept_if_another_machine_changed_the_key_meanwhile(
    transactional_db, ana, sandbox, settings, monkeypatch, caplog
):
    settings.AUDIT_KEYS = (LOST,)
    monkeypatch.setattr(settle, "RETRY_WAITS", (0.0,))
    create, uuids = Client.create_event, []

    def create_event(client, body):
        created = create(client, body)
        uuids.append(created.uuid)
        settings.AUDIT_KEYS = (NEW, LOST)
        record()
        settings.AUDIT_KEYS = (LOST,)
        return created

    monkeypatch.setattr(Client, "create_event", create_event)
    assert send(ana).state == State.SENDING
    assert uuids[0] in caplog.text
