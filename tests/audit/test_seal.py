"""Seals: who has the database and not the key forges nothing, and keys can be changed."""

import base64
import json
import secrets
import stat
import threading

import pytest
from django.core.management import CommandError, call_command

from events import audit, keyring
from events.audit import body, chain, seal
from events.checks import audit_key
from events.models import AuditEntry
from tests.audit.support import tamper

ACTOR = audit.Actor.system("test")


KEY_TEXT = base64.b64encode(bytes(range(32))).decode()


def body_of(seq):
    return json.loads(AuditEntry.objects.get(seq=seq).body)


def record(action="a.b"):
    audit.record(audit.Fact(action, ACTOR))


@pytest.fixture
def use(settings):
    """`use(newest, older, …)`: the keys of the environment from now on."""

    def set_keys(*keys):
        settings.AUDIT_KEYS = tuple(keys)

    return set_keys


@pytest.fixture
def path(settings, tmp_path):
    """Where the kept key is."""
    settings.AUDIT_KEYS = ()
    settings.AUDIT_KEY_PATH = tmp_path / "state" / "audit_key"
    return settings.AUDIT_KEY_PATH


OLD, NEW, NEWER = (secrets.token_bytes(32) for _ in range(3))


def key_id(key):
    return seal.Key(key).id


def test_an_entry_is_sealed_by_the_newest_key(db, use):
    use(NEW, OLD)
    record()
    entry = AuditEntry.objects.get(seq=1)
    assert body_of(1)["key"] == key_id(NEW)
    assert seal.is_genuine(key_id(NEW), entry.hash, entry.mac)
    assert seal.mac(entry.hash) == (key_id(NEW), entry.mac)


@pytest.mark.parametrize("mac", ["", "0" * 64, "é" * 64, None, 7, b"0" * 64])
def test_whatever_else_is_no_seal(use, mac):
    use(NEW)
    assert not seal.is_genuine(key_id(NEW), "a" * 64, mac)
    assert not seal.is_genuine(key_id(OLD), "a" * 64, seal.mac("a" * 64)[1])


def test_a_key_and_its_id_tell_nothing(use):
    use(NEW)
    (key,) = seal.keys()
    assert len(key.id) == 16
    assert NEW.hex() not in key.id + repr(key)
    assert key.seal(key.id) != key.terms(key.id, ["x"]) != key.id


def test_a_newer_key_is_announced_by_the_older_one(db, use):
    use(OLD)
    record()
    use(NEW, OLD)
    record()
    record()
    added = body_of(2)
    assert (added["action"], added["key"]) == ("audit.key_added", key_id(OLD))
    assert (added["object_id"], added["reason"]) == (key_id(NEW), f"in place of {key_id(OLD)}")
    assert [body_of(seq)["key"] for seq in (3, 4)] == [key_id(NEW)] * 2
    assert audit.verify().is_whole


def test_a_machine_that_has_the_keys_in_the_old_order_goes_on_with_the_new_one(db, use):
    use(OLD, NEW)
    record()
    use(NEW, OLD)
    record()
    use(OLD, NEW)
    record()
    assert [body_of(seq)["key"] for seq in (1, 2, 3, 4)] == [
        *(key_id(OLD), key_id(OLD)),
        *(key_id(NEW), key_id(NEW)),
    ]
    assert audit.verify().is_whole


def test_a_key_of_ones_own_seals_nothing_in_a_log_of_another(db, use):
    use(OLD)
    record()
    use(NEW)
    with pytest.raises(audit.UnknownKey, match=f"sealed by key {key_id(OLD)}, which is not here"):
        record()
    assert audit.head().seq == 1
    (told,) = audit_key(None, databases=["default"])
    assert told.id == "events.E010"
    assert key_id(OLD) in told.msg
    assert NEW.hex() not in told.msg


def test_a_worker_without_the_key_does_not_start(transactional_db, use):
    use(OLD)
    record()
    use(NEW)
    with pytest.raises(CommandError, match="which is not here"):
        call_command("deliver", "--once")


def test_a_process_with_the_key_starts(db, use):
    assert audit_key(None, databases=["default"]) == []
    use(OLD)
    record()
    assert audit_key(None, databases=["default"]) == []
    use(NEW, OLD)
    assert audit_key(None, databases=["default"]) == []


def test_a_key_that_is_lost_is_replaced_in_the_open(db, use):
    use(OLD)
    record()
    with pytest.raises(ValueError, match="is not lost"):
        chain.replace_lost_key(ACTOR)
    use(NEW)
    chain.replace_lost_key(ACTOR)
    record()
    assert body_of(2)["action"] == "audit.key_lost"
    assert body_of(3)["key"] == key_id(NEW)


def test_a_key_is_made_once_for_its_owner_alone(db, path):
    record()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    (key,) = keyring.parsed(path.read_text())
    assert body_of(1)["key"] == key_id(key)
    assert path.read_text().strip() not in AuditEntry.objects.get(seq=1).body
    assert list(path.parent.iterdir()) == [path]


def test_whoever_makes_it_at_the_same_time_gets_the_same(path):
    start, made = threading.Barrier(8), []

    def make():
        start.wait()
        made.append(seal.newest().id)

    threads = [threading.Thread(target=make) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(made) == 8
    assert len(set(made)) == 1


def test_no_key_is_made_where_the_log_has_one(db, path, use):
    use(OLD)
    record()
    use()
    with pytest.raises(audit.UnknownKey, match=str(path)):
        record()
    assert not path.exists()


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("abcd", "weak key"),
        ("A" * 43, "weak key"),
        ("", "no key"),
        ("é" * 50, "not base64"),
        (" ".join([KEY_TEXT] * 2), "twice"),
    ],
)
def test_a_kept_key_that_is_none_is_refused(db, path, text, told):
    path.parent.mkdir()
    path.touch(mode=0o600)
    path.write_text(text)
    with pytest.raises(audit.BadKey, match=told) as error:
        record()
    assert str(path) in str(error.value)
    assert len(text) < 2 or text not in str(error.value)


def test_a_kept_key_that_others_may_read_is_refused(db, path):
    record()
    path.chmod(0o644)
    with pytest.raises(audit.BadKey, match="chmod 600"):
        record()


def test_another_process_sees_a_new_key_at_once(db, path):
    record()
    keyring.put_before(path)
    record()
    assert [body_of(seq)["action"] for seq in (1, 2, 3)] == ["a.b", "audit.key_added", "a.b"]
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert audit.verify().is_whole


@pytest.mark.parametrize("write", ["{} {}", "{},{}", "{}\n{}=\n"])
def test_keys_are_written_as_people_write_them(write):
    keys = [keyring.new() for _ in range(2)]
    assert len(keyring.parsed(write.format(*keys))) == 2


def forge(secret, **said):
    """An entry at the end, right in all that its author can compute; without a secret unsealed."""
    last = AuditEntry.objects.order_by("-seq").first()
    fields = json.loads(last.body) | {"seq": last.seq + 1, "prev": last.hash} | said
    if secret is None:
        fields = {name: fields[name] for name in body.SHAPES[1].keys} | {"v": 1}
    else:
        fields["key"] = key_id(secret)
    text = body.canonical(fields)
    digest = body.digest(text)
    columns = {name: fields[name] for name in body.COPIED}
    mac = seal.Key(secret).seal(digest) if secret else "nothing"
    AuditEntry.objects.create(
        seq=fields["seq"], prev=last.hash, hash=digest, body=text, at=last.at, mac=mac, **columns
    )
    if secret is None:
        # The triggers refuse it as it is.
        tamper(("UPDATE events_auditentry SET mac = NULL WHERE seq = %s", (fields["seq"],)))
    return audit.verify().fault


def test_an_entry_without_a_seal_behind_sealed_ones_is_found(db, use):
    use(OLD)
    record()
    fault = forge(None)
    assert fault.reason == "it is not sealed, though entries before it are: no key wrote it"


def test_an_entry_that_is_sealed_by_a_key_of_ones_own_is_found(db, use):
    use(OLD)
    record()
    assert "is sealed by key" in forge(NEWER).reason


@pytest.mark.parametrize("action", ["a.b", "audit.key_added", "audit.key_lost"])
def test_a_key_that_was_replaced_seals_nothing_more(db, use, action):
    use(OLD)
    record()
    use(NEW, OLD)
    record()
    fault = forge(OLD, action=action, object_id=key_id(OLD), reason=f"in place of {key_id(NEW)}")
    assert fault.reason == f"it is sealed by key {key_id(OLD)}, and the log's key was {key_id(NEW)}"


def test_a_loss_that_nobody_with_a_key_told_of_excuses_nothing(db, use):
    use(OLD)
    record()
    use(NEW)
    fault = forge(NEWER, action="audit.key_lost", reason=f"in place of {key_id(OLD)}")
    assert fault.seq == 1
