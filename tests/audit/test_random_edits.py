"""Two hundred random edits of the database, by its owner who has no key: every one is found.

The kinds are those of somebody who wants something: to hide an entry, to change what was sent or
what came of it, to add what never was. An edit that changes nothing is drawn again.
"""

import random
from collections import Counter
from uuid import UUID, uuid4

import pytest
from django.db import DatabaseError, connection, transaction

from events import audit
from events.audit import body, chain, seal
from events.models import State, Submission
from events.payload import sha256
from events.services import discard, save_draft
from tests.audit.support import tamper
from tests.outbox.support import TYPED, payload, person, send

EDITS = 200
TABLES = ("auditentry", "auditattachment", "auditterm", "submission", "submissionindicator")
ENTRY = ("prev", "hash", "body", "at", "actor", "request_id", "action", "object_id", "outcome")
ENTRY += ("tlp", "mac")
STATES = [state.value for state in State]
OTHERS_SEE = ("tlp", "category", "event", "dataset_id", "event_date")


def version_one(fact, last, at, key):
    """An entry as it was written before there were seals."""
    link = LINK(fact, last, at, key)
    said = body.parsed(link.entry[3]) | {"v": 1}
    text = body.canonical({name: said[name] for name in body.SHAPES[1].keys})
    head = audit.Head(link.head.seq, body.digest(text))
    entry = (*link.entry[:2], head.hash, text, at, None, *link.entry[6:])
    return chain._Link(head, entry, link.attachments, link.terms)


LINK = chain._link


@pytest.fixture
def desk(ana, ben, sandbox, monkeypatch):
    """Events in most states, the first of them from before entries were sealed."""
    with monkeypatch.context() as before:
        before.setattr(chain, "_link", version_one)
        send(ana, event=payload("Old", "old.example"))
        send(ana, event=payload("Older", "older.example", tlp="green"))
    rows = [{"indicator_type": "domain", "value": f"host{n}.example"} for n in range(3)]
    several = payload("Several", "").model_copy(update={"indicators": _rows(rows)})
    send(ana, event=several)
    for behaviour in ("400", "connect-refused", "drop-before", "drop-after"):
        _misbehave(sandbox, behaviour)
        send(ben, event=payload(behaviour, f"{behaviour}.example", tlp="red"))
    for number in range(2):
        draft = save_draft(person=person(ana), token=uuid4(), typed=TYPED | {"event": str(number)})
    discard(person=person(ana), submission=draft)
    audit.record(audit.Fact("audit.viewed", audit.Actor(ben.pk, "ben"), object_id="7"))
    assert audit.verify().fault is None
    assert len(set(Submission.objects.values_list("state", flat=True))) >= 5


def _rows(rows):
    return tuple(payload().rows[0].model_validate(row) for row in rows)


def _misbehave(sandbox, behaviour):
    known = {"400": "400", "connect-refused": "429", "drop-before": "drop-before"}
    sandbox.behave("create", known.get(behaviour, "drop-after"), times=1)


def rows(table, condition="1 = 1"):
    """Every row as a map of what stands there."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT * FROM events_{table} WHERE {condition} ORDER BY 1")
        names = [column[0] for column in cursor.description]
        return [dict(zip(names, map(_plain, each), strict=True)) for each in cursor.fetchall()]


def _plain(value):
    return bytes(value) if isinstance(value, memoryview) else value


def update(table, column, value, key, identifier):
    return (f"UPDATE events_{table} SET {column} = %s WHERE {key} = %s", [value, identifier])


def insert(table, row):
    names = ", ".join(row)
    marks = ", ".join(["%s"] * len(row))
    return (f"INSERT INTO events_{table} ({names}) VALUES ({marks})", [*row.values()])


class Vandal:
    """Draws edits: each method is a kind, and gives the statements that make one."""

    def __init__(self, seed, users):
        self.random = random.Random(seed)
        self.users = users

    def kinds(self):
        return [getattr(self, name) for name in sorted(dir(self)) if name.startswith("edit_")]

    def one(self, table, condition="1 = 1"):
        return self.random.choice(rows(table, condition))

    def changed(self, value):
        """Something else of the same kind."""
        if isinstance(value, bytes):
            return self.changed(value.decode()).encode()
        if isinstance(value, int):
            return value + self.random.choice((-1, 1, 7))
        if not isinstance(value, str):
            return self.random.choice(("2026-11-23 12:00:00", None))
        at = self.random.randrange(len(value) + 1)
        kind = self.random.randrange(3)
        if kind == 0 or not value:
            return f"{value[:at]}{self.random.choice('0aé')}{value[at:]}"
        return value[:at] + value[at + 1 :] if kind == 1 else value[:at] + "b" + value[at + 1 :]

    def edit_column_of_an_entry(self):
        row, column = self.one("auditentry"), self.random.choice(ENTRY)
        return [update("auditentry", column, self.changed(row[column]), "seq", row["seq"])]

    def edit_column_of_one_entry_to_that_of_another(self):
        row, other = self.one("auditentry"), self.one("auditentry")
        column = self.random.choice(("at", "actor", "action", "outcome", "object_id", "mac"))
        return [update("auditentry", column, other[column], "seq", row["seq"])]

    def edit_spelling_of_a_moment(self):
        table, column, key = self.random.choice(
            (("auditentry", "at", "seq"), ("submission", "event_date", "id"))
        )
        row = self.one(table, f"{column} IS NOT NULL AND {key} IS NOT NULL")
        if table == "submission" and row["state"] in ("draft", "discarded"):
            return []
        text = str(row[column])
        other = self.random.choice((text.replace(" ", "T"), f"{text}+00:00", f"{text}Z"))
        return [update(table, column, other, key, row[key])]

    def edit_type_of_a_column(self):
        if connection.vendor != "sqlite":
            return []
        column, seq = self.random.choice(("actor", "action", "at")), self.one("auditentry")["seq"]
        sql = f"UPDATE events_auditentry SET {column} = CAST({column} AS BLOB) WHERE seq = %s"
        return [(sql, [seq])]

    def edit_delete_entry(self):
        return [("DELETE FROM events_auditentry WHERE seq = %s", [self.one("auditentry")["seq"]])]

    def edit_two_entries_change_places(self):
        one, other = self.one("auditentry")["seq"], self.one("auditentry")["seq"]
        steps = ((-1, one), (one, other), (other, -1))
        return [update("auditentry", "seq", to, "seq", seq) for to, seq in steps]

    def edit_forged_entry_at_the_end(self):
        """Right in all that can be computed without the key."""
        last = rows("auditentry")[-1]
        said = body.parsed(last["body"]) | {"seq": last["seq"] + 1, "prev": last["hash"]}
        said["attachments"], said["terms"] = {}, ""
        said["action"] = self.random.choice(("audit.viewed", "audit.key_added", "audit.key_lost"))
        mac = self.random.choice((last["mac"], "0" * 64, None))
        kind = self.random.randrange(3)
        if kind == 0:
            said, mac = {name: said[name] for name in body.SHAPES[1].keys} | {"v": 1}, None
        elif kind == 1:
            said["key"] = MALLORY.id
        text = body.canonical(said)
        digest = body.digest(text)
        mac = MALLORY.seal(digest) if kind == 1 else mac
        new = {"seq": said["seq"], "prev": said["prev"], "action": said["action"]}
        return [insert("auditentry", last | new | {"body": text, "hash": digest, "mac": mac})]

    def edit_inserted_entry(self):
        """In the middle, and all behind it moves up and is hashed anew."""
        seq = self.one("auditentry")["seq"]
        return self._rewritten(seq, twice=True)

    def edit_rewritten_chain(self):
        """From some entry on, with right hashes, and the seals as they were."""
        return self._rewritten(self.one("auditentry")["seq"])

    def _rewritten(self, start, *, twice=False):
        all_rows = rows("auditentry")
        behind = [row for row in all_rows if row["seq"] >= start]
        behind = behind[:1] * (1 + twice) + behind[1:]
        before = next((row for row in all_rows if row["seq"] == start - 1), None)
        prev, steps = before["hash"] if before else "0" * 64, []
        steps.append(("DELETE FROM events_auditentry WHERE seq >= %s", [start]))
        for number, row in enumerate(behind):
            said = body.parsed(row["body"]) | {"seq": start + number, "prev": prev}
            said |= {"actor": "mallory"} if number == 0 else {}
            text = body.canonical(said)
            new = {"seq": said["seq"], "prev": prev, "body": text, "actor": said["actor"]}
            prev = body.digest(text)
            steps.append(insert("auditentry", row | new | {"hash": prev}))
        return steps

    def edit_text(self):
        row, column = self.one("auditattachment"), self.random.choice(("name", "salt", "content"))
        return [update("auditattachment", column, self.changed(row[column]), "id", row["id"])]

    def edit_place_of_a_text(self):
        row, to = self.one("auditattachment"), self.random.choice((-3, 0, 1, 2, 3, 500))
        return [update("auditattachment", "entry_id", to, "id", row["id"])]

    def edit_delete_text(self):
        return [("DELETE FROM events_auditattachment WHERE id = %s", [self._id("auditattachment")])]

    def edit_add_text(self):
        row = self.one("auditattachment") | {"id": 10_000, "name": "more"}
        return [insert("auditattachment", row)]

    def edit_term(self):
        row = self.one("auditterm")
        return [update("auditterm", "digest", self.changed(row["digest"]), "id", row["id"])]

    def edit_place_of_a_term(self):
        row, to = self.one("auditterm"), self.random.choice((-3, 0, 1, 2, 3, 500))
        return [update("auditterm", "entry_id", to, "id", row["id"])]

    def edit_delete_term(self):
        return [("DELETE FROM events_auditterm WHERE id = %s", [self._id("auditterm")])]

    def edit_add_term(self):
        row = {"id": 10_000, "entry_id": self.one("auditentry")["seq"], "digest": "ab" * 16}
        return [insert("auditterm", row)]

    def edit_state(self):
        row = self.one("submission")
        return [update("submission", "state", self.random.choice(STATES), "id", row["id"])]

    def edit_what_a_submission_is(self):
        row = self.one("submission")
        column = self.random.choice(("author_name", "body_sha256", "event_uuid", "answer"))
        if column == "author_name" and not row[column]:
            return []
        return [update("submission", column, self.changed(row[column]), "id", row["id"])]

    def edit_what_others_see(self):
        row = self.one("submission", "state NOT IN ('draft', 'discarded')")
        column = self.random.choice(OTHERS_SEE)
        value = self.random.choice(("clear", "green")) if column == "tlp" else row[column]
        value = "2026-11-23 12:00:00" if column == "event_date" else value
        value = value if column in ("tlp", "event_date") else self.changed(value)
        return [update("submission", column, value, "id", row["id"])]

    def edit_bytes_with_their_hash(self):
        row = self.one("submission", "body IS NOT NULL")
        sent = self.changed(row["body"])
        return [
            update("submission", "body", sent, "id", row["id"]),
            update("submission", "body_sha256", sha256(sent), "id", row["id"]),
        ]

    def edit_bytes_of_a_draft(self):
        row = self.one("submission", "body IS NULL")
        return [update("submission", "body", b"{}", "id", row["id"])]

    def edit_bytes_of_another(self):
        row, other = (self.one("submission", "body IS NOT NULL") for _ in range(2))
        return [
            update("submission", column, other[column], "id", row["id"])
            for column in ("body", "body_sha256")
        ]

    def edit_author(self):
        row, to = self.one("submission"), self.random.choice((*self.users, None))
        return [update("submission", "author_id", to, "id", row["id"])]

    def edit_number_of_sends(self):
        row = self.one("submission")
        return [update("submission", "attempt", row["attempt"] + 1, "id", row["id"])]

    def edit_delete_submission(self):
        return [("DELETE FROM events_submission WHERE id = %s", [self._id("submission")])]

    def edit_add_submission(self):
        new = UUID(int=self.random.getrandbits(128))
        new = new.hex if connection.vendor == "sqlite" else new
        return [insert("submission", self.one("submission") | {"id": new})]

    def edit_id_of_a_submission(self):
        row, new = self.one("submission"), UUID(int=self.random.getrandbits(128))
        new = new.hex if connection.vendor == "sqlite" else new
        return [update("submission", "id", new, "id", row["id"])]

    def edit_indicator(self):
        row = self.one("submissionindicator")
        return [update("submissionindicator", "key", "ab" * 16, "id", row["id"])]

    def edit_place_of_an_indicator(self):
        row, to = self.one("submissionindicator"), self.one("submission")["id"]
        return [update("submissionindicator", "submission_id", to, "id", row["id"])]

    def edit_delete_indicator(self):
        sql = "DELETE FROM events_submissionindicator WHERE id = %s"
        return [(sql, [self._id("submissionindicator")])]

    def edit_add_indicator(self):
        row = {"id": 10_000, "submission_id": self.one("submission")["id"], "key": "ab" * 16}
        return [insert("submissionindicator", row)]

    def _id(self, table):
        return self.one(table)["id"]


MALLORY = seal.Key(bytes(range(32)))


class _Undo(Exception):
    """Leaves a savepoint, and what was done in it."""


def made(statements, before, noted):
    """Whether verifying found an edit; None if that changed nothing, or the database refused.

    Only to miss the last entry takes a head that was noted.
    """
    found = None
    try:
        with transaction.atomic():
            tamper(*statements)
            if [rows(table) for table in TABLES] != before:
                is_cut = audit.head().seq < noted.seq
                found = audit.verify([noted] if is_cut else ()).fault is not None
            raise _Undo
    except (_Undo, DatabaseError):
        return found


@pytest.mark.slow
def test_two_hundred_random_edits_are_found(desk, ana, ben):
    vandal, found = Vandal(8, (ana.pk, ben.pk)), Counter()
    before, noted = [rows(table) for table in TABLES], audit.head()
    kinds = vandal.kinds()
    for number in range(20 * EDITS):
        edit = kinds[number % len(kinds)]
        statements = edit()
        is_found = made(statements, before, noted) if statements else None
        if is_found is not None:
            assert is_found, (edit.__name__, statements)
            found[edit.__name__] += 1
        if found.total() == EDITS:
            break
    assert found.total() == EDITS
    assert len(found) >= len(kinds) - 2
    assert audit.verify().is_whole
