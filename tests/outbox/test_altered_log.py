"""F4: entries that nobody with the key wrote prove no other bytes, whatever row stands before."""

import json
from datetime import UTC, datetime

import pytest
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from events import audit
from events.models import AuditAttachment, AuditEntry, State, Submission
from events.payload import sha256
from tests.audit.support import tamper
from tests.outbox.support import actions, creates, pass_time, payload, send, state, work

BODY = b"An attacker registered domain.com"
FALSE = b"Nothing happened at example.com!!"
ENTRY = AuditEntry._meta.db_table
ATTACHMENT = AuditAttachment._meta.db_table
SALT = "0" * 32


@pytest.fixture
def waiting(ana, sandbox):
    """An event that the API asked to send later, whose row was altered since."""
    sandbox.behave("create", "429", times=1)
    submission = send(ana)
    pass_time(hours=1)
    stored = Submission.objects.get(pk=submission.pk)
    body = bytes(stored.body).replace(BODY, FALSE)
    Submission.objects.filter(pk=submission.pk).update(body=body, body_sha256=sha256(body))
    return submission


def bare(submission, **changes):
    """The fields of the entry that locked it, as an entry without a seal has them."""
    entry = AuditEntry.objects.get(object_id=str(submission.pk), action="submission.frozen")
    fields = {k: v for k, v in json.loads(entry.body).items() if k not in ("key", "terms")}
    body = bytes(Submission.objects.get(pk=submission.pk).body).decode()
    committed = {"payload": audit.body.commitment(SALT, body)}
    return fields | {"v": 1, "attachments": committed} | changes


def insert(text, columns, *, mac=None):
    """Append a row, as one may who may only insert. Returns its number and hash."""
    head, digest = audit.head(), audit.body.digest(text)
    names = ("actor", "request_id", "action", "object_id", "outcome", "tlp")
    at = connection.ops.adapt_datetimefield_value(timezone.now())
    values = [head.seq + 1, head.hash, digest, text, at, mac]
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {ENTRY} (seq, prev, hash, body, at, mac, {', '.join(names)})"
            f" VALUES ({', '.join(['%s'] * (len(values) + len(names)))})",
            [*values, *(columns.get(name, "") for name in names)],
        )
    return audit.head()


def attach(seq, submission):
    """The altered bytes, as what the row `seq` commits to."""
    body = bytes(Submission.objects.get(pk=submission.pk).body).decode()
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {ATTACHMENT} (entry_id, name, salt, content) VALUES (%s, %s, %s, %s)",
            [seq, "payload", SALT, body],
        )


@pytest.mark.parametrize("mac", ["0" * 64, ""])
def test_f4_rows_that_were_appended_prove_no_other_bytes(waiting, sandbox, mac):
    before = len(creates(sandbox))
    empty = insert("{}", {}, mac=mac)
    fields = bare(waiting, seq=empty.seq + 1, prev=empty.hash)
    head = insert(audit.body.canonical(fields), fields, mac=mac)
    attach(head.seq, waiting)
    work()
    assert len(creates(sandbox)) == before
    assert state(waiting) != State.CREATED


@pytest.mark.parametrize(
    "before", ["UPDATE {} SET body = '{{}}' WHERE seq = %s", "DELETE FROM {} WHERE seq = %s"]
)
def test_f4_an_entry_that_lost_its_seal_proves_no_other_bytes(waiting, sandbox, before):
    sent = len(creates(sandbox))
    entry = AuditEntry.objects.get(object_id=str(waiting.pk), action="submission.frozen")
    text = audit.body.canonical(bare(waiting))
    body = bytes(Submission.objects.get(pk=waiting.pk).body).decode()
    tamper(
        (
            f"UPDATE {ENTRY} SET body = %s, hash = %s, mac = NULL WHERE seq = %s",
            (text, audit.body.digest(text), entry.seq),
        ),
        (
            f"UPDATE {ATTACHMENT} SET content = %s, salt = %s WHERE entry_id = %s",
            (body, SALT, entry.seq),
        ),
        (before.format(ENTRY), (entry.seq - 1,)),
    )
    work()
    assert len(creates(sandbox)) == sent


def test_an_entry_without_a_seal_does_not_follow_one_that_has_it(transactional_db):
    """As a process of a release before seals would write it, which still runs."""
    audit.record(audit.Fact("a.b", audit.Actor.system("test")))
    with pytest.raises(IntegrityError, match="refuses this INSERT"), transaction.atomic():
        insert("{}", {})
    assert audit.verify().is_whole


@pytest.mark.parametrize(
    "date", [datetime(1, 1, 1, tzinfo=UTC), datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)]
)
def test_f4_what_was_put_back_is_as_the_log_says_at_the_ends_of_time_too(ana, sandbox, date):
    sandbox.behave("create", "429", times=1)
    waits = send(ana, event=payload(date=date))
    Submission.objects.filter(pk=waits.pk).update(tlp="clear")
    pass_time(hours=1)
    work()
    assert "altered" in actions(waits)
    report = audit.verify()
    assert report.is_whole, report.fault


def test_f4_an_appended_row_that_says_it_waits_sends_nothing_twice(ana, sandbox):
    created = send(ana)
    assert created.state == State.CREATED
    Submission.objects.filter(pk=created.pk).update(
        state=State.READY, next_at=timezone.now(), lease_until=None
    )
    told = {"action": "submission.deferred", "object_id": str(created.pk)}
    insert(json.dumps(told), told, mac="0" * 64)
    pass_time(hours=1)
    work()
    assert len(creates(sandbox)) == 1
