"""F4: what was changed in the database past this program is not sent, and not looked for by it."""

import json
from uuid import uuid4

import pytest
from django.db import connection  # noqa: F401 (named by a mark)
from django.db.models.expressions import RawSQL
from django.test import Client
from django.urls import reverse

from events import audit, outbox, services
from events.models import AuditAttachment, AuditEntry, State, Submission
from events.outbox import gate
from events.services import health
from tests.audit.support import tamper
from tests.conftest import make_user
from tests.outbox.support import (
    actions,
    creates,
    held,
    pass_time,
    payload,
    person,
    send,
    state,
    unknown,
    work,
)

BODY = "An attacker registered domain.com"
AUDIT = "/admin/events/auditentry/"
FALSE = "Nothing happened at example.com!!"


@pytest.fixture
def waiting(ana, sandbox):
    """An event that the API asked to send later."""
    sandbox.behave("create", "429", times=1)
    submission = send(ana)
    assert submission.state == State.READY
    before = len(creates(sandbox))
    pass_time(hours=1)
    assert len(creates(sandbox)) == before
    return submission


def alter_body(submission):
    """As one with write access does: the digest is made to fit."""
    body = bytes(Submission.objects.get(pk=submission.pk).body).replace(
        BODY.encode(), FALSE.encode()
    )
    Submission.objects.filter(pk=submission.pk).update(
        body=body, body_sha256=outbox.locked.sha256(body)
    )
    return body


def alter_entries(submission, **columns):
    """Change columns of the entry that locked it, triggers or not."""
    entry = AuditEntry.objects.get(object_id=str(submission.pk), action="submission.frozen")
    names = ", ".join(f"{name} = %s" for name in columns)
    tamper(
        (
            f"UPDATE {AuditEntry._meta.db_table} SET {names} WHERE seq = %s",
            (*columns.values(), entry.seq),
        )
    )
    return entry


def as_body(submission):
    return alter_body(submission)


def as_body_and_attachment(submission):
    alter_body(submission)
    entry = AuditEntry.objects.get(object_id=str(submission.pk), action="submission.frozen")
    tamper(
        (
            f"UPDATE {AuditAttachment._meta.db_table}"
            " SET content = REPLACE(content, %s, %s) WHERE entry_id = %s",
            (BODY, FALSE, entry.seq),
        )
    )


def as_body_attachment_and_entry(submission):
    """Everything but the hash of the entry."""
    as_body_and_attachment(submission)
    found = AuditAttachment.objects.get(entry__object_id=str(submission.pk), name="payload")
    fields = json.loads(found.entry.body)
    fields["attachments"]["payload"] = audit.body.commitment(found.salt, found.content)
    alter_entries(submission, body=audit.body.canonical(fields))


def as_a_forged_entry(submission):
    """Hash and all, but for the seal: the key is not in the database."""
    as_body_attachment_and_entry(submission)
    entry = AuditEntry.objects.get(object_id=str(submission.pk), action="submission.frozen")
    alter_entries(submission, hash=audit.body.digest(entry.body))


def as_an_entry_of_before_the_seals(submission):
    as_body_attachment_and_entry(submission)
    entry = AuditEntry.objects.get(object_id=str(submission.pk), action="submission.frozen")
    fields = {name: each for name, each in json.loads(entry.body).items() if name != "key"}
    del fields["terms"]
    text = audit.body.canonical(fields | {"v": 1})
    alter_entries(submission, body=text, hash=audit.body.digest(text), mac=None)


def as_dataset(submission):
    Submission.objects.filter(pk=submission.pk).update(dataset_id="somewhere-public")


def as_label(submission):
    Submission.objects.filter(pk=submission.pk).update(tlp="clear")


def as_stored(submission, expression):
    """Write an expression of SQL into the column of the bytes, past every type of Django."""
    columns = Submission.objects.filter(pk=submission.pk)
    columns.update(body=RawSQL(expression, ()))


def as_text(submission):
    """What a careless `UPDATE` leaves in SQLite: a text in the column of bytes."""
    as_stored(submission, f"replace(body, '{BODY}', '{FALSE}')")


def as_number(submission):
    as_stored(submission, "12345678901")


def as_no_text(submission):
    Submission.objects.filter(pk=submission.pk).update(body=b"\xff\xfe{")


def as_no_event(submission):
    Submission.objects.filter(pk=submission.pk).update(body=b"[1]")


def as_nothing(submission):
    Submission.objects.filter(pk=submission.pk).update(body=None)


def as_no_entry(submission):
    table = AuditEntry._meta.db_table
    tamper(
        (
            f"UPDATE {table} SET object_id = '' WHERE object_id = %s AND action = %s",
            (str(submission.pk), "submission.frozen"),
        )
    )


IN_SQLITE = pytest.mark.skipif("connection.vendor != 'sqlite'")
ALTERATIONS = (
    *(as_body, as_body_and_attachment, as_body_attachment_and_entry),
    *(as_a_forged_entry, as_an_entry_of_before_the_seals),
    *(as_dataset, as_label, as_nothing, as_no_entry, as_no_text, as_no_event),
    # PostgreSQL refuses to keep anything but bytes there.
    *(pytest.param(each, marks=IN_SQLITE) for each in (as_text, as_number)),
)
pytestmark = pytest.mark.django_db(transaction=True)


@pytest.mark.parametrize("alter", ALTERATIONS)
def test_f4_what_was_altered_while_it_waited_is_not_sent(alter, waiting, sandbox, caplog):
    before = len(creates(sandbox))
    alter(waiting)
    work()
    assert len(creates(sandbox)) == before
    assert state(waiting) == State.REJECTED
    assert actions(waiting)[-1] == "altered"
    critical = [each for each in caplog.records if each.levelname == "CRITICAL"]
    assert str(waiting.pk) in critical[0].getMessage()
    assert BODY not in caplog.text
    assert FALSE not in caplog.text


@pytest.mark.parametrize("alter", ALTERATIONS)
def test_page_of_what_was_altered_shows_what_is_stored(alter, waiting, as_ana):
    alter(waiting)
    assert as_ana.get(reverse("event_detail", args=[waiting.pk])).status_code == 200
    work()
    assert as_ana.get(reverse("event_detail", args=[waiting.pk])).status_code == 200


def test_f4_what_was_stopped_or_put_back_is_what_the_log_says(ana, waiting, sandbox):
    alter_body(waiting)
    assert not audit.verify().is_whole
    work()
    lost = unknown(ana, sandbox, "drop-after")
    as_dataset(lost)
    pass_time(seconds=400)
    work()
    assert (actions(waiting)[-1], "put_back" in actions(lost)) == ("altered", True)
    assert audit.verify().fault is None


def test_f4_what_was_not_altered_is_sent(waiting, sandbox):
    work()
    assert state(waiting) == State.CREATED


def test_f4_a_row_that_was_set_back_to_waiting_is_not_sent_twice(ana, sandbox):
    created = send(ana)
    Submission.objects.filter(pk=created.pk).update(state="ready", next_at=created.updated_at)
    work()
    assert len(creates(sandbox)) == 1
    assert state(created) == State.REJECTED


def test_f4_its_author_is_told_and_can_send_what_was_meant(waiting, as_ana, ana, sandbox):
    altered = alter_body(waiting)
    work()
    page = as_ana.get(reverse("event_detail", args=[waiting.pk])).content.decode()
    assert "Not sent: it was changed in the database, and not by a person here." in page
    assert "was put back, and stands below" in page
    assert page.count("Tell an administrator") == 1
    assert "Check and send again" in page
    assert FALSE not in page
    assert BODY in page
    evidence = AuditAttachment.objects.get(entry__object_id=str(waiting.pk), name="altered")
    assert evidence.content == altered.decode()
    stored = Submission.objects.get(pk=waiting.pk)
    assert stored.is_editable
    sent = send(ana, uuid4(), submission=stored, version=stored.version)
    assert sent.state == State.CREATED
    assert FALSE.encode() not in creates(sandbox)[-1]


def test_f4_what_waits_behind_it_is_sent(ana, waiting, sandbox):
    sandbox.behave("create", "429", times=1)
    second = send(ana, event=payload("Another", "another.example"))
    pass_time(hours=1)
    gate.forget()
    alter_body(waiting)
    work()
    assert state(second) == State.CREATED


def test_f4_an_altered_text_is_not_looked_for(ana, sandbox):
    """It would not be found, and a person would send the event a second time."""
    send(ana, event=payload("Known", "known.example"))
    lost = unknown(ana, sandbox, "drop-after")
    alter_body(lost)
    for _ in range(6):
        pass_time(seconds=400)
        work()
    assert state(lost) == State.CREATED
    assert len(held(sandbox, lost)) == 1
    assert "put_back" in actions(lost)
    assert BODY.encode() in bytes(Submission.objects.get(pk=lost.pk).body)


def test_f4_without_a_proof_of_what_was_sent_nothing_is_said_to_be_missing(ana, sandbox):
    send(ana, event=payload("Known", "known.example"))
    lost = unknown(ana, sandbox, "drop-after")
    as_body_and_attachment(lost)
    for _ in range(6):
        pass_time(seconds=400)
        work()
    assert state(lost) == State.UNKNOWN
    last = AuditEntry.objects.filter(object_id=str(lost.pk)).latest("seq")
    assert "altered itself" in last.body


def test_f4_an_altered_text_is_not_sent_again(ana, sandbox):
    send(ana, event=payload("Known", "known.example"))
    lost = unknown(ana, sandbox)
    for _ in range(6):
        pass_time(seconds=400)
        work()
    assert state(lost) == State.ABSENT
    alter_body(lost)
    before = len(creates(sandbox))
    stored = Submission.objects.get(pk=lost.pk)
    with pytest.raises(services.Conflict, match="Nothing was sent"):
        services.send_again(person=person(ana), submission=stored, reason="it is not there")
    assert len(creates(sandbox)) == before
    assert actions(lost)[-1] == "put_back"
    stored = Submission.objects.get(pk=lost.pk)
    services.send_again(person=person(ana), submission=stored, reason="it is not there")
    assert BODY.encode() in creates(sandbox)[-1]


def test_f4_the_altered_text_is_for_those_alone_who_may_see_the_event(ana, sandbox, client):
    sandbox.behave("create", "429", times=1)
    red = send(ana, event=payload(tlp="red"))
    pass_time(hours=1)
    alter_body(red)
    as_label(red)
    work()
    assert Submission.objects.get(pk=red.pk).tlp == "red"
    entry = AuditEntry.objects.get(object_id=str(red.pk), action="submission.altered")
    assert entry.tlp == "red"
    ben = make_user("ben", "analyst")
    client.force_login(ben)
    assert client.get(reverse("event_detail", args=[red.pk])).status_code == 404


@pytest.fixture
def stopped(waiting):
    """An event that the worker held, because it was altered."""
    alter_body(waiting)
    work()
    waiting.refresh_from_db()
    return waiting


@pytest.mark.parametrize("name", ["home", "events", "event_detail", "event_edit"])
def test_no_page_says_that_the_api_refused_what_was_altered(name, stopped, as_ana):
    """Nobody asked the API."""
    of_it = {"args": [stopped.pk]} if name not in {"home", "events"} else {}
    page = as_ana.get(reverse(name, **of_it)).content.decode()
    assert ">Held<" in page
    assert "The API refused it" not in page
    assert "Cloudflare refused" not in page
    assert "Refused</span>" not in page


def test_home_names_what_is_held_apart_from_what_was_refused(stopped, as_ana):
    page = as_ana.get("/").content.decode()
    assert 'id="section-altered"' in page
    assert 'id="section-rejected"' not in page
    assert 'id="section-in-doubt"' not in page


def test_without_a_proof_the_page_says_that_nothing_was_put_back(waiting, as_ana):
    as_no_entry(waiting)
    work()
    page = as_ana.get(reverse("event_detail", args=[waiting.pk])).content.decode()
    assert "Nothing proves what was locked for sending" in page
    assert "was put back" not in page.replace("nothing was put back", "")


def told(client, path="/"):
    return "An event was changed in the database" in client.get(path).content.decode()


def test_those_who_see_the_log_are_told_until_one_of_them_looked(stopped, as_ana, as_otto):
    health.forget()
    entry = AuditEntry.objects.get(object_id=str(stopped.pk), action="submission.altered")
    page = reverse("admin:events_auditentry_change", args=[entry.seq])
    assert not told(as_ana)
    assert told(as_otto)
    assert told(as_otto, AUDIT)
    assert page in as_otto.get("/").content.decode()
    assert Client().get("/healthz").json()["audit"] == "an event was altered: see the audit log"
    assert not told(as_otto, page)
    assert not told(as_otto)
    assert "altered" not in Client().get("/healthz").json()["audit"]


def test_they_are_told_of_what_was_put_back_too(ana, as_otto, sandbox):
    lost = unknown(ana, sandbox, "drop-after")
    as_dataset(lost)
    pass_time(seconds=400)
    work()
    assert "put_back" in actions(lost)
    assert told(as_otto)
