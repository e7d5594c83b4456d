"""Submissions beside the log: whatever was changed in one is found, and it is named."""

import threading
import time
from contextlib import contextmanager
from datetime import UTC, datetime
from uuid import uuid4

import pytest
from django.db import connection, connections, transaction

from events import audit
from events.audit import story
from events.models import AuditEntry, State, Submission, SubmissionIndicator
from events.payload import Raw, sha256
from events.services import discard, restore, save_draft
from tests.audit.support import tamper
from tests.audit.test_random_edits import insert, rows, version_one
from tests.outbox.support import TYPED, payload, person, send


@pytest.fixture
def sent(ana, sandbox):
    """An event that was created."""
    submission = send(ana)
    assert submission.state == State.CREATED
    return submission


@pytest.fixture
def draft(ana):
    """Kept, and nothing was sent."""
    return save_draft(person=person(ana), token=uuid4(), typed=TYPED)


@contextmanager
def undone():
    """What is done inside is undone at the end, before anybody looks at foreign keys."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


def edit(submission, column, value):
    """As somebody who writes into the database."""
    row = Submission.objects.filter(pk=submission.pk)
    row.update(**{column: value})


def fault_of(submission):
    """Why it is not as the log says."""
    fault = audit.verify().fault
    assert fault is not None, "it passes as what the log says"
    assert (fault.seq, fault.submission) == (None, str(submission.pk))
    return fault.reason


EDITS = {
    "state": (State.ABSENT, "its state is absent, and the log says created"),
    "body": (b"{}", "the bytes that it sends were changed"),
    "body_sha256": ("0" * 64, "the bytes that it sends were changed"),
    "event_uuid": (str(uuid4()), "the uuid of its event was changed"),
    "answer": ("{}", "the answer that came was changed"),
    "author_name": ("mallory", "its author's name was changed"),
    "author_id": (None, "its author was changed"),
    "tlp": ("clear", "its marking is clear, and the log says amber"),
    "attempt": (2, "the number of its sends was changed"),
    "category": ("Other", "its column category was changed: its bytes say otherwise"),
    "event": ("Other", "its column event was changed: its bytes say otherwise"),
    "dataset_id": ("other", "its column dataset_id was changed: its bytes say otherwise"),
    "event_date": (
        datetime(2026, 1, 1, tzinfo=UTC),
        "its column event_date was changed: its bytes say otherwise",
    ),
}


@pytest.mark.parametrize("column", EDITS)
def test_what_was_changed_in_a_submission_is_found(sent, column):
    assert audit.verify().submissions == 1
    value, told = EDITS[column]
    edit(sent, column, value)
    assert fault_of(sent) == told


def test_bytes_that_were_changed_with_their_hash_are_found(sent):
    other = payload("Another text").to_bytes()
    edit(sent, "body", other)
    edit(sent, "body_sha256", sha256(other))
    assert fault_of(sent) == "the bytes that it sends are not those that the log tells of"


def test_the_text_of_a_draft_may_change_and_nothing_else(draft):
    edit(draft, "event", "Another")
    edit(draft, "tlp", "clear")
    assert audit.verify().is_whole
    edit(draft, "body", b"{}")
    assert fault_of(draft) == "it holds bytes that no entry tells of"


@pytest.mark.parametrize("raw", ["", "amber"])
def test_a_stricter_label_is_found_but_where_the_raw_data_is_red(ana, sandbox, raw):
    fields = {"data": {}} | ({"tlp": raw} if raw else {})
    sent = send(ana, event=payload(tlp="green", raw=Raw(**fields)))
    edit(sent, "tlp", "red")
    assert "its marking is red" in fault_of(sent)


def test_a_weaker_label_is_found_where_the_raw_data_is_red(ana, sandbox):
    sent = send(ana, event=payload(tlp="green", raw=Raw(data={}, tlp="red")))
    assert audit.verify().is_whole
    edit(sent, "tlp", "green")
    assert fault_of(sent) == "its marking is green, and the log says red"


def test_an_author_who_was_deleted_is_no_fault(draft, ana):
    ana.delete()
    assert Submission.objects.get().author_id is None
    assert audit.verify().is_whole


def test_what_is_gone_and_what_was_added_is_found(sent, draft):
    row = next(row for row in rows("submission") if row["state"] == "created")
    tamper(("DELETE FROM events_submission WHERE state = 'created'", ()))
    assert fault_of(sent).startswith("it is gone, and entry 1 tells of it")
    tamper(insert("submission", row))
    assert audit.verify().is_whole
    new = uuid4()
    tamper(insert("submission", row | {"id": new.hex if connection.vendor == "sqlite" else new}))
    fault = audit.verify().fault
    assert (fault.submission, fault.reason) == (str(new), "no entry tells of it")


@pytest.mark.parametrize("change", ["key", "delete", "add", "stray"])
def test_the_indicators_that_it_is_found_by_are_compared(sent, change):
    found = SubmissionIndicator.objects.filter(submission=sent)
    if change == "key":
        found.update(key="ab" * 16)
    elif change == "delete":
        found.delete()
    elif change == "add":
        SubmissionIndicator.objects.create(submission=sent, key="ab" * 16)
    else:
        row, new = rows("submissionindicator")[0], uuid4()
        new = new.hex if connection.vendor == "sqlite" else new
        with undone():
            tamper(insert("submissionindicator", row | {"id": 999, "submission_id": new}))
            assert audit.verify().fault.reason == "1 indicators belong to none that is there"
        return
    assert fault_of(sent) == "the indicators that it is found by were changed"


ODD = {
    "id": ["X'FF'", "'x'", "7"],
    "state": ["X'FF'", "7", "CAST(X'C3' AS TEXT)"],
    "body": ["'text'", "7", "X'FF'"],
    "event_uuid": ["X'FF'", "7"],
    "answer": ["X'FF'", "CAST(X'C3' AS TEXT)"],
    "author_id": ["'x'", "X'FF'", "1.5"],
    "author_name": ["X'FF'"],
    "attempt": ["'x'", "1.5"],
    "event_date": ["'never'", "7", "X'FF'", "'2022-04-01T00:00:00'"],
    "tlp": ["X'FF'"],
    "body_sha256": ["X'FF'"],
}


@pytest.mark.skipif(connection.vendor != "sqlite", reason="PostgreSQL's columns have types")
@pytest.mark.parametrize(
    ("column", "value"), [(column, value) for column, values in ODD.items() for value in values]
)
def test_whatever_stands_in_a_submission_is_a_fault_and_no_crash(sent, column, value):
    with undone():
        tamper((f"UPDATE events_submission SET {column} = {value}", ()))
        assert audit.verify().fault is not None


@pytest.mark.skipif(connection.vendor != "sqlite", reason="PostgreSQL's columns have types")
@pytest.mark.parametrize("column", ["submission_id", "key"])
def test_whatever_stands_in_an_indicator_is_a_fault_and_no_crash(sent, column):
    with undone():
        tamper((f"UPDATE events_submissionindicator SET {column} = X'FF'", ()))
        assert audit.verify().fault is not None


def test_every_action_of_a_submission_says_what_it_means():
    known = {action for action in audit.WORDS if action.startswith("submission.")}
    assert known == {*story.ACTIONS, *story.BESIDE}


def test_the_search_terms_of_old_entries_are_those_of_their_payload(ana, sandbox, monkeypatch):
    with monkeypatch.context() as before:
        before.setattr("events.audit.chain._link", version_one)
        send(ana)
    send(ana)
    report = audit.verify()
    assert report.is_whole
    (note,) = report.notes
    assert note.startswith("Entries 1 to 4 are from before entries were sealed.")
    tamper(("DELETE FROM events_auditterm WHERE entry_id = 2", ()))
    assert audit.verify().fault == audit.Fault(2, "its search terms are not those of its payload")


@pytest.mark.parametrize("change", ["DELETE FROM", "UPDATE"])
def test_the_search_terms_of_an_entry_are_sealed(sent, change):
    seq = AuditEntry.objects.get(action="submission.frozen").seq
    what = "events_auditterm" + (" SET digest = 'x'" if change == "UPDATE" else "")
    tamper((f"{change} {what} WHERE entry_id = {seq}", ()))
    assert audit.verify().fault == audit.Fault(seq, "its search terms were changed")


def test_verifying_while_others_write_raises_no_alarm(transactional_db, ana):
    """All is read as it was at one moment, and nobody waits for that."""
    end, troubles, written, reports = threading.Event(), [], [], []
    until = time.monotonic() + 60

    def write():
        try:
            while not end.is_set():
                draft = save_draft(person=person(ana), token=uuid4(), typed=TYPED)
                discard(person=person(ana), submission=draft)
                restore(person=person(ana), submission=draft)
                written.append(draft)
        except Exception as error:
            troubles.append(error)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=write) for _ in range(2)]
    for thread in threads:
        thread.start()
    try:
        while not troubles and (len(written) < 40 or len(reports) < 40):
            assert time.monotonic() < until
            reports.append(audit.verify())
    finally:
        end.set()
        for thread in threads:
            thread.join()
    assert troubles == []
    assert {report.fault for report in reports} == {None}
    assert reports[-1].entries > reports[0].entries


def test_a_tail_is_verified_from_a_head_that_was_good(chain):
    before = audit.head()
    audit.record(
        *(audit.Fact("a.b", audit.Actor.system("x"), terms=(f"{n}.example",)) for n in range(3))
    )
    report = audit.verify_tail(before)
    assert (report.is_whole, report.head) == (True, audit.head())
    assert audit.verify_tail(audit.Head(0, "0" * 64)).is_whole
    tamper(("DELETE FROM events_auditterm WHERE entry_id = 8", ()))
    assert audit.verify_tail(before).fault == audit.Fault(8, "its search terms were changed")
    assert audit.verify_tail(audit.Head(6, "a" * 64)).fault.seq == 6
    assert audit.verify_tail(audit.Head(99, "a" * 64)).fault.seq == 99
