"""Verifying: any one thing that was changed is found, and the first bad entry is named."""

import json
from importlib import import_module

import pytest

from events import audit
from events.audit import body
from events.models import AuditEntry
from tests.audit.support import tamper

COLUMNS = {
    "prev": "0123" * 16,
    "hash": "4567" * 16,
    "body": "{}",
    "at": "2026-11-23 12:00:00.000001+00:00",
    "actor": "mallory",
    "request_id": "c" * 32,
    "action": "submission.discarded",
    "object_id": "other",
    "outcome": "unknown",
    "tlp": "clear",
}
INSERT = (
    "INSERT INTO events_auditentry"
    " (seq, prev, hash, body, at, actor, request_id, action, object_id, outcome, tlp)"
    " SELECT {seq}, '{prev}', '{hash}', '{body}', at, actor, request_id, action, object_id,"
    " outcome, tlp FROM events_auditentry WHERE seq = 1"
)


def fault():
    report = audit.verify()
    assert report.fault is not None, "the chain passes as whole"
    return report.fault


def rewritten(seq, **changes):
    """The columns of entry `seq` as somebody would forge them who also computes the hash."""
    said = json.loads(AuditEntry.objects.get(seq=seq).body) | changes
    text = body.canonical(said)
    return text, body.digest(text)


def test_an_empty_and_an_untouched_chain_are_whole(db):
    assert audit.verify() == audit.Report(0, audit.Head(0, "0" * 64), None)
    audit.record(audit.Fact("a.b", audit.Actor.system("test")))
    assert audit.verify() == audit.Report(1, audit.head(), None)


@pytest.mark.parametrize("seq", range(1, 7))
def test_every_edited_column_of_every_entry_is_found(chain, seq):
    for column, value in COLUMNS.items():
        (before,) = AuditEntry.objects.filter(seq=seq).values_list(column, flat=True)
        update = f"UPDATE events_auditentry SET {column} = %s WHERE seq = %s"
        tamper((update, [value, seq]))
        assert fault().seq == seq, column
        tamper((update, [before, seq]))
        assert audit.verify().is_whole, column


def test_one_character_of_a_body_is_found(chain):
    tamper(("UPDATE events_auditentry SET body = replace(body, 'ok', 'oK') WHERE seq = 3", ()))
    assert fault() == audit.Fault(3, "its body or its hash was changed")


@pytest.mark.parametrize(
    ("sql", "seq"),
    [
        ("UPDATE events_auditattachment SET content = 'x' WHERE name = 'answer'", 5),
        ("UPDATE events_auditattachment SET salt = 'x' WHERE name = 'note'", 2),
        ("UPDATE events_auditattachment SET name = 'other' WHERE name = 'note'", 2),
        ("UPDATE events_auditattachment SET entry_id = 3 WHERE name = 'note'", 2),
        ("DELETE FROM events_auditattachment WHERE name = 'payload'", 2),
        ("INSERT INTO events_auditattachment (entry_id, name, salt, content)"
         " VALUES (4, 'payload', 'x', 'x')", 4),
    ],
)  # fmt: skip
def test_a_changed_text_is_found(chain, sql, seq):
    tamper((sql, ()))
    assert fault().seq == seq


@pytest.mark.parametrize("seq", [1, 3, 4])
def test_a_deleted_entry_is_found(chain, seq):
    tamper(("DELETE FROM events_auditentry WHERE seq = %s", [seq]))
    assert fault() == audit.Fault(seq, "it is missing")


def test_a_deleted_entry_is_found_when_the_others_close_the_gap(chain):
    tamper(
        ("DELETE FROM events_auditentry WHERE seq = 4", ()),
        ("UPDATE events_auditattachment SET entry_id = 4 WHERE entry_id = 5", ()),
        ("UPDATE events_auditentry SET seq = 4 WHERE seq = 5", ()),
        ("UPDATE events_auditentry SET seq = 5 WHERE seq = 6", ()),
    )
    assert fault().seq == 4


def test_two_entries_that_changed_places_are_found(chain):
    move = "UPDATE events_auditentry SET seq = %s WHERE seq = %s"
    tamper((move, [99, 3]), (move, [3, 4]), (move, [4, 99]))
    assert fault().seq == 3


@pytest.mark.parametrize("seq", [0, -5, 7, 8])
def test_an_inserted_entry_is_found(chain, seq):
    forged = INSERT.format(seq=seq, prev="a" * 64, hash="b" * 64, body="{}")
    tamper((forged, ()))
    assert fault().seq == min(seq, 7)


def test_an_entry_that_was_rewritten_with_its_hash_is_found_at_the_next(chain):
    text, digest = rewritten(3, actor="mallory")
    update = "UPDATE events_auditentry SET body = %s, hash = %s, actor = 'mallory' WHERE seq = 3"
    tamper((update, [text, digest]))
    assert fault() == audit.Fault(4, "it does not follow entry 3: one of the two was replaced")


def test_a_body_that_is_not_what_the_columns_say_is_found_even_with_its_hash(chain):
    for text in ("[]", "no JSON", "[" * 5000, '{"seq":6}'):
        digest = body.digest(text)
        tamper(("UPDATE events_auditentry SET body = %s, hash = %s WHERE seq = 6", [text, digest]))
        assert fault().seq == 6


def test_only_a_noted_head_shows_that_the_end_was_cut_off(chain):
    noted = audit.head()
    tamper(("DELETE FROM events_auditentry WHERE seq = 6", ()))
    assert audit.verify().is_whole
    assert audit.verify(noted).fault == audit.Fault(6, "it is missing: entries up to 6 were there")


def test_only_a_noted_head_shows_that_the_last_entry_was_rewritten(chain):
    noted = audit.head()
    text, digest = rewritten(6, actor="mallory")
    update = "UPDATE events_auditentry SET body = %s, hash = %s, actor = 'mallory' WHERE seq = 6"
    tamper((update, [text, digest]))
    assert audit.verify().is_whole
    report = audit.verify(noted)
    assert report.fault is not None and report.fault.seq == 6


def test_a_noted_head_still_fits_after_more_was_appended(chain):
    noted = audit.head()
    audit.record(audit.Fact("a.b", audit.Actor.system("test")))
    assert audit.verify(noted).is_whole


def test_a_log_longer_than_a_page_is_verified_to_its_end(db, monkeypatch):
    monkeypatch.setattr(import_module("events.audit.verify"), "_PAGE", 7)
    actor = audit.Actor.system("test")
    audit.record(*[audit.Fact("a.b", actor, attachments={"note": str(n)}) for n in range(30)])
    assert audit.verify().entries == 30
    tamper(("UPDATE events_auditattachment SET content = 'x' WHERE entry_id = 29", ()))
    assert fault().seq == 29
