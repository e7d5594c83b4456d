"""verify_audit and export_audit, as an operator runs them."""

import hashlib
import io
import json
import stat

import pytest
from django.core.management import CommandError, call_command

from events import audit
from events.models import AuditEntry
from tests.audit.support import drop_triggers, tamper


def run(*arguments, **options):
    out = io.StringIO()
    call_command(*arguments, stdout=out, stderr=io.StringIO(), **options)
    return out.getvalue()


def offline(lines):
    """The recipe in the export's help, with nothing but a JSON parser and SHA-256."""
    before = None
    for line in lines:
        entry = json.loads(line)
        said = json.loads(entry["body"])
        assert hashlib.sha256(b"audit-v1\0" + entry["body"].encode()).hexdigest() == entry["hash"]
        assert said["seq"] == entry["seq"]
        if before is not None:
            assert (said["seq"], said["prev"]) == (before["seq"] + 1, before["hash"])
        digests = {
            one["name"]: hashlib.sha256((one["salt"] + one["content"]).encode()).hexdigest()
            for one in entry["attachments"]
        }
        assert digests == said["attachments"]
        before = entry
    return before


def test_verify_prints_the_head_to_note(chain):
    head = audit.head()
    assert run("verify_audit") == (
        f"chain is whole: 6 entries, head 6:{head.hash}\nsubmissions are as the log says: 1\n"
    )
    assert run("verify_audit", "--expect", str(head)).startswith("chain is whole: 6 entries")


def test_verify_names_the_entry_that_was_changed(chain):
    tamper(("UPDATE events_auditentry SET actor = 'mallory' WHERE seq = 4", ()))
    with pytest.raises(CommandError, match=r"^chain is broken at entry 4: its column actor"):
        run("verify_audit")


def test_verify_misses_entries_that_were_noted(chain):
    with pytest.raises(CommandError, match=r"^chain is broken at entry 7: it is missing"):
        run("verify_audit", "--expect", f"9:{'a' * 64}")


def test_verify_misses_the_triggers(transactional_db):
    drop_triggers()
    with pytest.raises(CommandError, match=r"triggers .* missing: events_auditentry_"):
        run("verify_audit")


@pytest.mark.parametrize("text", ["6", "6:abc", f"x:{'a' * 64}", ""])
def test_a_head_that_is_none_is_refused_with_words(chain, text):
    with pytest.raises(CommandError, match="is not a head"):
        run("verify_audit", "--expect", text)


def test_the_export_verifies_by_its_recipe_alone(chain):
    audit.record(
        audit.Fact("a.b", audit.Actor(1, "\u2028 é \0"), attachments={"answer": '"\ud800\n'})
    )
    lines = run("export_audit").splitlines()
    assert len(lines) == 7
    assert offline(lines)["hash"] == AuditEntry.objects.get(seq=7).hash


def test_the_recipe_finds_a_changed_line(chain):
    lines = run("export_audit").splitlines()
    lines[2] = lines[2].replace("amber", "clear")
    with pytest.raises(AssertionError):
        offline(lines)


def test_a_part_is_exported_to_a_file_for_its_owner_alone(chain, tmp_path):
    path = tmp_path / "audit.jsonl"
    assert run("export_audit", "--from", "2", "--to", "4", "--output", str(path)) == ""
    numbers = [json.loads(line)["seq"] for line in path.read_text().splitlines()]
    assert numbers == [2, 3, 4]
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    with pytest.raises(CommandError, match="cannot be written: File exists"):
        run("export_audit", "--output", str(path))


def test_an_export_is_logged(chain):
    run("export_audit", "--from", "2")
    entry = AuditEntry.objects.get(seq=7)
    assert entry.action == "audit.exported"
    assert json.loads(entry.body)["reason"] == "entries 2 to 6 to standard output"
    assert entry.actor.startswith("system:export_audit by ")


@pytest.mark.parametrize("span", [("7", "9"), ("0", "3"), ("4", "3")])
def test_a_span_without_entries_is_refused(chain, span):
    with pytest.raises(CommandError, match="no entries"):
        run("export_audit", "--from", span[0], "--to", span[1])
    assert audit.head().seq == 6
