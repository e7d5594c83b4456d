"""verify_audit and export_audit, as an operator runs them."""

import hashlib
import hmac
import io
import json
import stat

import pytest
from django.core.management import CommandError, call_command

from events import audit, keyring
from events.models import AuditEntry
from tests.audit.support import drop_triggers, tamper


def run(*arguments, **options):
    out = io.StringIO()
    call_command(*arguments, stdout=out, stderr=io.StringIO(), **options)
    return out.getvalue()


def mac(key, text):
    return hmac.new(key, text.encode(), "sha256").hexdigest()


def offline(lines, keys=()):
    """The recipe in the export's help, with nothing but a JSON parser, SHA-256 and HMAC."""
    before = None
    ids = {mac(key, "audit-key-id-v1\0")[:16]: key for key in keys}
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
        if keys and "key" in said:
            key = ids[said["key"]]
            assert mac(key, f"audit-seal-v1\0{entry['hash']}") == entry["mac"]
            terms = "".join(f"\n{term}" for term in sorted(entry["terms"]))
            made = mac(key, f"audit-terms-v1\0{said['prev']}{terms}") if terms else ""
            assert made == said["terms"]
            if before is not None and "key" in (last := json.loads(before["body"])):
                is_added = last["action"] == "audit.key_added"
                assert said["key"] == last["object_id" if is_added else "key"]
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


@pytest.mark.parametrize("what", ["mac", "terms", "key"])
def test_the_recipe_with_the_keys_finds_what_was_forged(chain, settings, what):
    keys = keyring.parsed(settings.AUDIT_KEY_PATH.read_text())
    settings.AUDIT_KEYS = (bytes(range(32)), *keys)
    audit.record(audit.Fact("a.b", audit.Actor(1, "é"), terms=("evil.example", "x.example")))
    lines = run("export_audit").splitlines()
    assert offline(lines, settings.AUDIT_KEYS)["seq"] == 8
    line = json.loads(lines[7])
    if what == "key":
        with pytest.raises(KeyError):
            offline(lines, keys)
        return
    line[what] = line[what][1:]
    with pytest.raises(AssertionError):
        offline([*lines[:7], json.dumps(line)], settings.AUDIT_KEYS)


def test_a_new_key_is_made_and_logged(chain, settings, tmp_path):
    path = kept(settings, tmp_path)
    told = run("rotate_audit_key")
    assert f"Back up {path}" in told
    assert len(path.read_text().split()) == 2
    actions = [
        *AuditEntry.objects.filter(seq__gt=6).order_by("seq").values_list("action", flat=True)
    ]
    assert actions == ["audit.key_added", "audit.key_rotated"]
    entry = AuditEntry.objects.get(action="audit.key_rotated")
    assert entry.actor.startswith("system:rotate_audit_key by ")
    assert path.read_text().split()[0] not in told + entry.body
    assert audit.verify().is_whole


def test_keys_of_the_environment_are_changed_there(chain, settings):
    settings.AUDIT_KEYS = (bytes(range(32)),)
    with pytest.raises(CommandError, match="The keys are in AUDIT_KEY"):
        run("rotate_audit_key")
    assert audit.head().seq == 6


def test_verifying_after_a_key_was_lost_says_what_it_did_not_look_at(chain, settings, tmp_path):
    path = kept(settings, tmp_path)
    with pytest.raises(CommandError, match="is not lost"):
        run("rotate_audit_key", "--lost")
    path.unlink()
    with pytest.raises(CommandError, match="broken at entry 1: it is sealed by key"):
        run("verify_audit")
    run("rotate_audit_key", "--lost")
    told = run("verify_audit")
    assert "Entries 1 to 6 are sealed by key" in told
    assert "chain is whole: 7 entries" in told
    tamper(("UPDATE events_auditentry SET actor = 'mallory' WHERE seq = 4", ()))
    with pytest.raises(CommandError, match="broken at entry 4"):
        run("verify_audit")


def kept(settings, folder):
    """The file with the key that sealed the log so far, in a folder of the test."""
    path = folder / "audit_key"
    path.touch(mode=0o600)
    path.write_text(settings.AUDIT_KEY_PATH.read_text())
    settings.AUDIT_KEY_PATH = path
    return path


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
