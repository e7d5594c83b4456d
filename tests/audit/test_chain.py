"""Appending: what an entry says, how it is linked, and that writers never fork the chain."""

import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.db import connection, transaction
from django.db.transaction import TransactionManagementError

from events import audit, clock
from events.audit import seal
from events.models import AuditAttachment, AuditEntry
from tests.audit.support import addresses

ROOT = Path(__file__).resolve().parents[2]
NOBODY = audit.Actor.system("test")


def test_an_entry_says_who_what_when_where_and_what_came_of_it(db):
    actor = audit.Actor(7, "ana", "192.0.2.7", "f" * 32)
    (entry,) = audit.record(
        audit.Fact(
            "submission.refused",
            actor,
            object_id="2f0d3b8e",
            outcome="failed",
            reason="field tlp: not allowed",
            tlp="amber",
            attempt=2,
            status=400,
            cf_ray="8f-FRA",
        )
    )
    stored = AuditEntry.objects.get(seq=entry.seq)
    said = json.loads(stored.body)
    at = said.pop("at")
    assert said == {
        "v": 2,
        "key": seal.newest().id,
        "terms": "",
        "seq": 1,
        "prev": "0" * 64,
        "actor_id": 7,
        "actor": "ana",
        "address": "192.0.2.7",
        "request_id": "f" * 32,
        "action": "submission.refused",
        "object_id": "2f0d3b8e",
        "outcome": "failed",
        "reason": "field tlp: not allowed",
        "tlp": "amber",
        "attempt": 2,
        "status": 400,
        "cf_ray": "8f-FRA",
        "attachments": {},
    }
    assert at.endswith("Z") and len(at) == len("2022-04-01T00:00:00.000000Z")
    assert stored.hash == entry.hash and f"{stored.at:%Y-%m-%dT%H:%M:%S.%fZ}" == at
    assert (stored.actor, stored.outcome, stored.tlp) == ("ana", "failed", "amber")


def test_the_hash_is_over_the_body_as_stored_and_links_to_the_entry_before(chain):
    entries = list(AuditEntry.objects.order_by("seq"))
    before = "0" * 64
    for number, entry in enumerate(entries, start=1):
        assert entry.hash == hashlib.sha256(b"audit-v1\0" + entry.body.encode()).hexdigest()
        said = json.loads(entry.body)
        assert (entry.seq, entry.prev) == (said["seq"], said["prev"]) == (number, before)
        assert entry.body == json.dumps(
            said, sort_keys=True, separators=(",", ":"), ensure_ascii=False
        )
        before = entry.hash
    assert audit.head() == (6, before)


def test_texts_are_kept_beside_the_entry_that_commits_to_them(chain):
    committed = json.loads(AuditEntry.objects.get(seq=2).body)["attachments"]
    texts = AuditAttachment.objects.filter(entry_id=2)
    assert {one.name: one.content for one in texts} == dict(chain[1].attachments)
    for one in texts:
        salted = (one.salt + one.content).encode()
        assert committed[one.name] == hashlib.sha256(salted).hexdigest()
    assert len({one.salt for one in texts}) == 2


def test_appending_outside_a_transaction_is_refused(transactional_db):
    with pytest.raises(TransactionManagementError):
        audit.append(audit.Fact("a.b", NOBODY))
    assert audit.head().seq == 0


def test_an_entry_goes_with_the_transaction_that_made_it(transactional_db):
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        audit.append(audit.Fact("a.b", NOBODY))
        1 / 0  # noqa: B018
    assert audit.head().seq == 0
    audit.record(audit.Fact("a.b", NOBODY))
    assert audit.verify().is_whole


def test_several_facts_cost_no_more_statements_than_one(db, django_assert_max_num_queries):
    facts = [
        audit.Fact("a.b", NOBODY, attachments={"payload": "p"}, terms=("evil.example",))
        for _ in range(20)
    ]
    clock.now()
    with transaction.atomic(), django_assert_max_num_queries(4):
        assert [entry.seq for entry in audit.append(*facts)] == list(range(1, 21))
    assert audit.verify().entries == 20


@pytest.mark.parametrize(
    "text",
    [
        "\0",
        "a\0b",
        "\ud800",
        "x\udfff\udc00y",
        "\u202eevil\u2028",
        "\r\nforged line",
        '"}\\',
        "é\U0001f600",
    ],
)
def test_any_text_is_stored_and_verifies(db, text):
    actor = audit.Actor(1, text, text, text)
    fact = audit.Fact(
        "a.b", actor, text, reason=text, tlp=text, cf_ray=text, attachments={"answer": text},
        terms=(text,),
    )  # fmt: skip
    (entry,) = audit.record(fact)
    report = audit.verify()
    assert report.is_whole, report
    stored = AuditEntry.objects.get(seq=entry.seq)
    assert "\n" not in stored.body
    json.loads(stored.body)["reason"].encode()


def test_what_is_too_long_for_a_column_is_cut_and_still_verifies(db):
    long = "x" * 100_000
    audit.record(
        audit.Fact(
            "a.b",
            audit.Actor(1, long, long, long),
            long,
            reason=long,
            tlp=long,
            cf_ray=long,
            attachments={"answer": long},
        )
    )
    assert audit.verify().is_whole
    assert AuditEntry.objects.get().actor == "x" * 149 + "…"
    assert AuditAttachment.objects.get().content == long


@pytest.mark.parametrize(
    "action", ["", "created", "Submission.created", "a.b.c", "a.b\n", "a." + "b" * 80]
)
def test_an_action_has_a_dotted_name(action):
    with pytest.raises(ValueError, match="action"):
        audit.Fact(action, NOBODY)


def test_an_outcome_is_one_of_four_words():
    with pytest.raises(ValueError, match="outcome"):
        audit.Fact("a.b", NOBODY, outcome="fine")


@pytest.mark.slow
def test_eight_writers_in_four_processes_append_without_a_fork_or_a_failure(
    transactional_db, tmp_path
):
    environment = os.environ | addresses(tmp_path / "audit.sqlite3")
    if connection.vendor == "sqlite":
        run = [sys.executable, "manage.py", "migrate", "-v0"]
        subprocess.run(run, cwd=ROOT, env=environment, check=True)
    writers = [
        subprocess.Popen(
            [sys.executable, "-m", "tests.audit.writer", f"writer {number}", "25"],
            cwd=ROOT,
            env=environment,
        )
        for number in range(4)
    ]
    assert [writer.wait(timeout=120) for writer in writers] == [0] * 4
    verified = subprocess.run(
        [sys.executable, "manage.py", "verify_audit"],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert verified.stdout.startswith("chain is whole: 400 entries, head 400:"), verified
