"""Verifying: any one thing that was changed is found, and the first bad entry is named."""

import json
from importlib import import_module

import pytest
from django.db import connection

from events import audit
from events.audit import body, seal
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
    "mac": "89ab" * 16,
}
INSERT = (
    "INSERT INTO events_auditentry"
    " (seq, prev, hash, body, at, actor, request_id, action, object_id, outcome, tlp, mac)"
    " SELECT {seq}, '{prev}', '{hash}', '{body}', at, actor, request_id, action, object_id,"
    " outcome, tlp, mac FROM events_auditentry WHERE seq = 1"
)
REWRITE = (
    "UPDATE events_auditentry SET body = %s, hash = %s, mac = %s, actor = 'mallory' WHERE seq = %s"
)


def fault():
    report = audit.verify()
    assert report.fault is not None, "the chain passes as whole"
    return report.fault


def rewritten(seq, **changes):
    """Body and hash of entry `seq` as somebody would forge them who also computes the hash."""
    said = json.loads(AuditEntry.objects.get(seq=seq).body) | changes
    text = body.canonical(said)
    return text, body.digest(text)


def rewritten_by_the_desk(seq, **changes):
    """Body, hash and seal of entry `seq` as somebody would forge them who also has the key."""
    text, digest = rewritten(seq, **changes)
    return text, digest, seal.mac(digest)[1]


def as_stored(column, seq):
    """What stands in a column, as text: a moment has another spelling on each database."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT CAST({column} AS TEXT) FROM events_auditentry WHERE seq = %s", [seq]
        )
        return cursor.fetchone()[0]


def test_an_empty_and_an_untouched_chain_are_whole(db):
    assert audit.verify() == audit.Report(0, audit.Head(0, "0" * 64), None)
    audit.record(audit.Fact("a.b", audit.Actor.system("test")))
    assert audit.verify() == audit.Report(1, audit.head(), None)


@pytest.mark.parametrize("seq", range(1, 7))
def test_every_edited_column_of_every_entry_is_found(chain, seq):
    for column, value in COLUMNS.items():
        before = as_stored(column, seq)
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
    tamper((REWRITE, [*rewritten_by_the_desk(3, actor="mallory"), 3]))
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
    assert audit.verify([noted]).fault == audit.Fault(
        6, "it is missing: entries up to 6 were there"
    )


def test_the_last_entry_that_was_rewritten_without_the_key_is_found(chain):
    text, digest = rewritten(6, actor="mallory")
    tamper((REWRITE, [text, digest, "0" * 64, 6]))
    assert fault() == audit.Fault(6, "its seal is wrong: somebody without the key wrote it")


def test_only_a_noted_head_shows_that_the_last_entry_was_rewritten_with_the_key(chain):
    noted = audit.head()
    tamper((REWRITE, [*rewritten_by_the_desk(6, actor="mallory"), 6]))
    assert audit.verify().is_whole
    report = audit.verify([noted])
    assert report.fault is not None and report.fault.seq == 6


def test_a_noted_head_still_fits_after_more_was_appended(chain):
    noted = audit.head()
    audit.record(audit.Fact("a.b", audit.Actor.system("test")))
    assert audit.verify([noted]).is_whole


def test_a_log_longer_than_a_page_is_verified_to_its_end(db, monkeypatch):
    monkeypatch.setattr(import_module("events.audit.verify"), "_PAGE", 7)
    actor = audit.Actor.system("test")
    audit.record(*[audit.Fact("a.b", actor, attachments={"note": str(n)}) for n in range(30)])
    assert audit.verify().entries == 30
    tamper(("UPDATE events_auditattachment SET content = 'x' WHERE entry_id = 29", ()))
    assert fault().seq == 29


def forged(seq, text, **columns):
    """A statement that puts an entry into the last place as a program with the key could."""
    digest = body.digest(text)
    columns |= {"body": text, "hash": digest, "mac": seal.mac(digest)[1]}
    names = ", ".join(f"{name} = %s" for name in columns)
    return (f"UPDATE events_auditentry SET {names} WHERE seq = {seq}", [*columns.values()])


@pytest.fixture
def version_three(monkeypatch):
    """A later program, which writes and copies one more field."""
    two = body.SHAPES[2]
    three = body.Shape(keys=two.keys | {"machine"}, copied=(*two.copied, "machine"))
    monkeypatch.setitem(body.SHAPES, 3, three)
    copied = dict.fromkeys((*two.copied, "machine"))
    monkeypatch.setattr(import_module("events.audit.verify"), "_COPIED", copied)
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute(
            "ALTER TABLE events_auditentry ADD COLUMN machine varchar(9) NOT NULL DEFAULT 'm0'"
        )


def test_each_entry_is_judged_by_its_own_version(chain, version_three):
    said = json.loads(AuditEntry.objects.get(seq=6).body) | {"v": 3, "machine": "m1"}
    tamper(forged(6, body.canonical(said), machine="m1"))
    assert audit.verify().is_whole

    tamper(("UPDATE events_auditentry SET machine = 'm2' WHERE seq = 6", ()))
    assert fault() == audit.Fault(6, "its column machine was changed: the body says otherwise")


def test_an_entry_of_a_version_that_is_not_known_is_named_as_that(chain):
    for version in (3, "1", True, 1.0, None, [1]):
        text, _ = rewritten(6, v=version)
        tamper(forged(6, text))
        assert fault().seq == 6
        assert "is not known here, only 1, 2" in fault().reason


@pytest.mark.parametrize(
    ("changes", "name"), [({"actor_id": ...}, "actor_id"), ({"machine": "m1"}, "machine")]
)
def test_a_body_with_other_keys_than_its_version_has_is_found(chain, changes, name):
    said = json.loads(AuditEntry.objects.get(seq=6).body) | changes
    text = body.canonical({key: value for key, value in said.items() if value is not ...})
    tamper(forged(6, text))
    assert fault() == audit.Fault(6, f"its body is not of version 2: see {name}")


MALFORMED = [
    "", "null", "7", '"v"', "[]", "{", "[" * 99_999, '{"v":1}', '{"v":1,"attachments":null}',
    '{"v":' + "9" * 5000 + "}", '{"v":NaN}', '{"a":1}',
]  # fmt: skip


@pytest.mark.parametrize("text", MALFORMED, ids=range(len(MALFORMED)))
def test_a_malformed_body_is_a_fault_and_no_crash(chain, as_otto, text):
    tamper(forged(6, text))
    assert fault().seq == 6
    assert as_otto.get("/admin/events/auditentry/6/change/").status_code == 200


@pytest.mark.parametrize("attachments", [None, [], {"answer": None}, {"answer": {}}, "x", 7])
def test_malformed_attachments_are_a_fault_and_no_crash(chain, as_otto, attachments):
    text, _ = rewritten(5, attachments=attachments)
    tamper(("DELETE FROM events_auditentry WHERE seq = 6", ()), forged(5, text))
    assert fault().seq == 5
    assert as_otto.get("/admin/events/auditentry/5/change/").status_code == 200


SQLITE = {
    "at": ["'never'", "7", "''", "'2022-13-01'", "X'FF'", "'0001-01-01 00:00:00+14:00'"],
    "actor": ["X'FF00'", "7", "CAST(X'C3' AS TEXT)"],
    "body": ["X'FF'", "CAST(X'C328' AS TEXT)", "7"],
    "hash": ["X'FF'", "7.5"],
    "prev": ["X'FF'", "7"],
    "seq": ["'six'", "6.5", "X'06'"],
}
POSTGRESQL = {"at": ["'infinity'", "'-infinity'", "'0001-01-01 BC'", "'290000-01-01'"]}
ODD = POSTGRESQL if connection.vendor == "postgresql" else SQLITE


@pytest.mark.parametrize(
    ("column", "value"), [(column, value) for column, values in ODD.items() for value in values]
)
def test_whatever_stands_in_a_column_is_a_fault_and_no_crash(chain, column, value):
    tamper((f"UPDATE events_auditentry SET {column} = {value} WHERE seq = 6", ()))
    assert fault().seq == 6


@pytest.mark.skipif(connection.vendor != "sqlite", reason="PostgreSQL refuses such texts")
@pytest.mark.parametrize("column", ["name", "salt", "content"])
def test_whatever_stands_in_a_text_is_a_fault_and_no_crash(chain, column):
    tamper((f"UPDATE events_auditattachment SET {column} = X'FF' WHERE entry_id = 5", ()))
    assert fault().seq == 5
