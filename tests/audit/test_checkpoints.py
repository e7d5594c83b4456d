"""Checkpoints: signed, verified by OpenSSL alone, and what they show that the database cannot."""

import base64
import errno
import io
import json
import os
import shutil
import socket
import stat
import subprocess
import threading
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.db import transaction

from events import audit, syslog
from events.audit import body, checkpoints, outlets, seal
from events.models import AuditEntry, AuditWatch
from tests.audit.support import tamper
from tests.servers import MisbehavingServer, drip, hang, reply

ROW = (
    "UPDATE events_auditentry SET prev = %s, body = %s, hash = %s, mac = %s, actor = %s"
    " WHERE seq = %s"
)


@pytest.fixture(autouse=True)
def _state(settings, tmp_path):
    settings.STATE_DIR = tmp_path / "state"
    settings.CHECKPOINT_DIR = tmp_path / "kept"
    settings.CHECKPOINT_KEY_FILE = ""
    settings.CHECKPOINT_SYSLOG, settings.CHECKPOINT_URL = None, ""


def run(*arguments):
    out = io.StringIO()
    call_command(*arguments, stdout=out, stderr=io.StringIO())
    return out.getvalue()


def files(folder):
    return sorted(path.name for path in Path(folder).iterdir())


def fact(text="x"):
    audit.record(audit.Fact("a.b", audit.Actor.system("test"), reason=text))


def rewrite(first, actor):
    """Everything from entry `first` on as somebody would forge it who has the key of the seals."""
    prev = AuditEntry.objects.get(seq=first).prev
    statements = []
    for entry in AuditEntry.objects.filter(seq__gte=first).order_by("seq"):
        text = body.canonical(json.loads(entry.body) | {"prev": prev, "actor": actor})
        digest = body.digest(text)
        statements.append((ROW, [prev, text, digest, seal.mac(digest)[1], actor, entry.seq]))
        prev = digest
    tamper(*statements)


@pytest.mark.parametrize("changes", ["nothing", "text", "signature"])
def test_openssl_alone_verifies_a_checkpoint(chain, settings, tmp_path, changes):
    if shutil.which("openssl") is None:
        assert not os.environ.get("CI"), "openssl has to be there in CI"
        pytest.skip("THIS PROVES NOTHING HERE: openssl is not installed")
    (tmp_path / "public.pem").write_text(run("checkpoint_audit", "--public-key"))
    run("checkpoint_audit")
    text, signature = (next(settings.CHECKPOINT_DIR.glob(f"*.{end}")) for end in ("json", "sig"))
    if changes == "text":
        text.write_text(text.read_text().replace('"seq":6', '"seq":5'))
    if changes == "signature":
        first, *rest = signature.read_bytes()
        signature.write_bytes(bytes([first ^ 1, *rest]))
    result = subprocess.run(
        [
            *("openssl", "pkeyutl", "-verify", "-pubin", "-inkey", tmp_path / "public.pem"),
            *("-rawin", "-in", text, "-sigfile", signature),
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (result.returncode == 0) == (changes == "nothing"), result.stderr
    assert ("Signature Verified Successfully" in result.stdout) == (changes == "nothing")


def test_a_checkpoint_says_which_head_it_signs_and_when(chain, settings):
    run("checkpoint_audit")
    said = json.loads(next(settings.CHECKPOINT_DIR.glob("*.json")).read_text())
    assert said.keys() == {"v", "at", "seq", "hash", "key"}
    assert (said["seq"], said["hash"]) == audit.head()
    assert said["at"].endswith("Z")


def test_the_key_is_made_once_for_its_owner_alone_and_never_printed(chain, settings):
    first = run("checkpoint_audit", "--public-key")
    path = settings.STATE_DIR / "checkpoint_key.pem"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert run("checkpoint_audit", "--public-key") == first
    printed = first + run("checkpoint_audit") + run("verify_audit")
    secret = path.read_text().splitlines()[1]
    assert secret not in printed
    assert files(settings.STATE_DIR) == ["checkpoint_key.pem"]


@pytest.mark.parametrize("kind", ["missing", "text", "other kind"])
def test_a_key_that_cannot_be_used_is_one_line(chain, settings, tmp_path, kind):
    path = tmp_path / "key.pem"
    if kind == "text":
        path.write_text("no key")
    if kind == "other kind":
        subprocess.run(["openssl", "genpkey", "-algorithm", "x25519", "-out", path], check=True)
    settings.CHECKPOINT_KEY_FILE = str(path)
    with pytest.raises(CommandError, match=r"key\.pem"):
        run("checkpoint_audit")
    assert not settings.CHECKPOINT_DIR.exists()


def test_one_that_half_fitted_on_the_disk_is_written_when_there_is_room(chain, settings):
    """Its signature came first, and the text did not fit any more."""
    made = checkpoints.make()
    path = checkpoints.keep(made, settings.CHECKPOINT_DIR)
    path.unlink()
    assert checkpoints.keep(made, settings.CHECKPOINT_DIR).exists()
    path.unlink()
    path.with_suffix(".sig").write_bytes(b"of another one")
    with pytest.raises(FileExistsError):
        checkpoints.keep(made, settings.CHECKPOINT_DIR)


def test_a_folder_that_may_not_be_read_is_not_called_empty(chain, settings, monkeypatch):
    run("checkpoint_audit")

    def refused(*_):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))

    # For root, who may run the tests, no mode closes a folder.
    monkeypatch.setattr(os, "scandir", refused)
    monkeypatch.setattr(os, "listdir", refused)
    with pytest.raises(CommandError, match="cannot be read: Permission denied"):
        run("verify_audit", "--checkpoints", str(settings.CHECKPOINT_DIR))


def test_a_key_of_ones_own_is_closed_to_others(chain, settings, tmp_path):
    path = tmp_path / "key.pem"
    subprocess.run(["openssl", "genpkey", "-algorithm", "ed25519", "-out", path], check=True)
    path.chmod(0o644)
    settings.CHECKPOINT_KEY_FILE = str(path)
    run("checkpoint_audit")
    assert stat.S_IMODE(path.stat().st_mode) == 0o640


def test_a_key_of_somebody_else_that_is_open_is_refused(chain, settings, monkeypatch):
    run("checkpoint_audit", "--public-key")
    (settings.STATE_DIR / "checkpoint_key.pem").chmod(0o604)
    monkeypatch.setattr(os, "geteuid", lambda: os.getuid() + 1)
    with pytest.raises(CommandError, match=r"belongs to another user\. Write: chmod 600 .*\.pem"):
        run("checkpoint_audit")


def test_checkpoints_pile_up_for_their_owner_alone_and_none_is_written_over(chain, settings):
    run("checkpoint_audit")
    fact()
    run("checkpoint_audit")
    names = files(settings.CHECKPOINT_DIR)
    assert len(names) == 4 and all(not name.startswith(".") for name in names)
    for name in names:
        assert stat.S_IMODE((settings.CHECKPOINT_DIR / name).stat().st_mode) == 0o600
    assert stat.S_IMODE(settings.CHECKPOINT_DIR.stat().st_mode) == 0o700
    made = checkpoints.make()
    checkpoints.keep(made, settings.CHECKPOINT_DIR)
    before = (settings.CHECKPOINT_DIR / f"{made.name}.json").read_bytes()
    checkpoints.keep(made._replace(text="other"), settings.CHECKPOINT_DIR)
    assert (settings.CHECKPOINT_DIR / f"{made.name}.json").read_bytes() == before


def test_checkpoints_that_hold_are_counted_and_the_newest_is_named(chain, settings):
    run("checkpoint_audit")
    fact()
    run("checkpoint_audit")
    noted = audit.head()
    fact()
    printed = run("verify_audit", "--checkpoints", str(settings.CHECKPOINT_DIR))
    assert "chain is whole: 8 entries" in printed
    assert f"2 checkpoints hold; the newest is {noted} of 2" in printed


def test_a_cut_tail_is_found_with_a_checkpoint(chain, settings):
    run("checkpoint_audit")
    tamper(("DELETE FROM events_auditentry WHERE seq = 6", ()))
    assert "chain is whole" in run("verify_audit")
    with pytest.raises(CommandError, match=r"broken at entry 6: it is missing: entries up to 6"):
        run("verify_audit", "--checkpoints", str(settings.CHECKPOINT_DIR))


def test_a_rewritten_chain_is_found_and_the_newest_checkpoint_that_holds_is_named(chain, settings):
    run("checkpoint_audit")
    holds = audit.head()
    for _ in range(4):
        fact()
    run("checkpoint_audit")
    fact()
    rewrite(8, "mallory")
    assert "chain is whole: 11 entries" in run("verify_audit")
    with pytest.raises(CommandError) as failed:
        run("verify_audit", "--checkpoints", str(settings.CHECKPOINT_DIR))
    assert "chain is broken at entry 10: its hash is" in str(failed.value)
    assert f"the newest checkpoint that holds is {holds}" in str(failed.value)


@pytest.mark.parametrize("first", range(1, 9))
def test_wherever_it_was_rewritten_or_cut_one_checkpoint_finds_it(chain, settings, first):
    fact()
    fact()
    run("checkpoint_audit")
    fact()
    kept = checkpoints.read(settings.CHECKPOINT_DIR, [checkpoints.public_key()]).good
    heads = [each.head for each in kept]
    assert audit.verify(heads).is_whole
    with transaction.atomic():
        rewrite(first, f"mallory {first}")
        assert audit.verify().fault is None or audit.verify().fault.seq is None
        found = audit.verify(heads).fault
        assert found is not None and found.seq == 8
        transaction.set_rollback(True)
    tail = [("DELETE FROM events_auditattachment WHERE entry_id >= %s", [first])]
    tamper(*tail, ("DELETE FROM events_auditentry WHERE seq >= %s", [first]))
    found = audit.verify(heads).fault
    assert found is not None and found.seq == first


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda text, sig: text.write_text(text.read_text().replace("6", "5")), "is not|does not"),
        (lambda text, sig: sig.write_bytes(bytes(64)), "its signature does not fit"),
        (lambda text, sig: sig.write_bytes(b""), "its signature is missing"),
        (lambda text, sig: sig.unlink(), "its signature is missing"),
        (lambda text, sig: text.write_text("{"), "not signed with a key that was given"),
        (lambda text, sig: text.write_bytes(b"\xff\0"), "not signed with a key that was given"),
        (lambda text, sig: text.write_text("[" * 99_999), "not signed with a key"),
    ],
)
def test_a_bad_signature_is_named(chain, settings, change, words):
    run("checkpoint_audit")
    text = next(settings.CHECKPOINT_DIR.glob("*.json"))
    change(text, text.with_suffix(".sig"))
    with pytest.raises(CommandError, match=f"checkpoint {text.name}: .*({words})"):
        run("verify_audit", "--checkpoints", str(settings.CHECKPOINT_DIR))


def test_a_checkpoint_that_somebody_else_signed_counts_for_nothing(chain, settings, tmp_path):
    public = tmp_path / "public.pem"
    public.write_text(run("checkpoint_audit", "--public-key"))
    run("checkpoint_audit")
    (settings.STATE_DIR / "checkpoint_key.pem").unlink()
    tamper(("DELETE FROM events_auditentry WHERE seq = 6", ()))
    run("checkpoint_audit")
    with pytest.raises(CommandError) as failed:
        run(
            "verify_audit",
            "--checkpoints",
            str(settings.CHECKPOINT_DIR),
            "--public-key",
            str(public),
        )
    assert "broken at entry 6" in str(failed.value)
    assert "it is not signed with a key that was given" in str(failed.value)


def test_no_checkpoint_at_all_is_said(chain, settings):
    settings.CHECKPOINT_DIR.mkdir()
    with pytest.raises(CommandError, match="there are no checkpoints in"):
        run("verify_audit", "--checkpoints", str(settings.CHECKPOINT_DIR))
    with pytest.raises(CommandError, match="cannot be read"):
        run("verify_audit", "--checkpoints", "/nowhere")


def test_a_broken_log_is_not_signed(chain, settings):
    tamper(("UPDATE events_auditentry SET actor = 'mallory' WHERE seq = 3", ()))
    with pytest.raises(CommandError, match="Nothing was signed: the log is broken at entry 3"):
        run("checkpoint_audit")
    assert not settings.CHECKPOINT_DIR.exists()


def test_nothing_is_signed_while_an_alarm_stands(chain, settings):
    AuditWatch.objects.create(fault="entry 2: it is missing")
    with pytest.raises(CommandError, match="an alarm stands: entry 2"):
        run("checkpoint_audit")
    assert not settings.CHECKPOINT_DIR.exists()


def test_only_what_follows_the_last_checkpoint_is_verified_before_the_next(chain):
    noted = audit.head()
    fact()
    tamper(("UPDATE events_auditentry SET actor = 'mallory' WHERE seq = 3", ()))
    assert checkpoints.make(noted).head == audit.head()
    tamper(("UPDATE events_auditentry SET actor = 'mallory' WHERE seq = 7", ()))
    with pytest.raises(checkpoints.Broken, match="entry 7"):
        checkpoints.make(noted)
    with pytest.raises(checkpoints.Broken, match="entry 6"):
        checkpoints.make(noted._replace(hash="a" * 64))


def test_the_url_gets_text_and_signature_in_one_object(chain, settings, tmp_path):
    with MisbehavingServer(reply(204)) as server:
        settings.CHECKPOINT_URL = f"{server.url}/desk?secret=canary"
        printed = run("checkpoint_audit")
    (request,) = server.requests
    assert (request.method, request.target) == ("POST", "/desk?secret=canary")
    assert request.headers["content-type"] == "application/json"
    assert "canary" not in printed
    collected = tmp_path / "collected.log"
    collected.write_bytes(b"Nov 25 host desk: " + request.body + b"\n")
    assert "1 checkpoints hold" in run("verify_audit", "--checkpoints", str(collected))
    collected.write_bytes(request.body.replace(b'"signature":"', b'"signature":"AAAA'))
    with pytest.raises(CommandError, match=r"collected\.log, line 1: its signature"):
        run("verify_audit", "--checkpoints", str(collected))


@pytest.mark.parametrize(
    "script",
    [
        reply(500),
        reply(302, headers=[("Location", "/elsewhere")]),
        hang(),
        drip(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", every=0.2),
    ],
    ids=["error", "redirect", "hang", "drip"],
)
def test_a_url_that_does_not_take_it_is_given_up_in_time(chain, settings, monkeypatch, script):
    monkeypatch.setattr(outlets, "URL_SECONDS", 0.5)
    with MisbehavingServer(script) as server:
        settings.CHECKPOINT_URL = server.url
        with pytest.raises(CommandError, match="did not go everywhere"):
            run("checkpoint_audit")
        assert len(server.requests) == 1
    assert len(files(settings.CHECKPOINT_DIR)) == 2


def test_syslog_gets_it_by_udp_and_tcp_and_the_local_socket(chain, settings, tmp_path):
    with socket.socket(type=socket.SOCK_DGRAM) as udp:
        udp.bind(("127.0.0.1", 0))
        udp.settimeout(5)
        settings.CHECKPOINT_SYSLOG = syslog.Target("udp", "127.0.0.1", udp.getsockname()[1])
        run("checkpoint_audit")
        lines = [udp.recv(65536)]
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as local:
        path = str(tmp_path / "log")
        local.bind(path)
        settings.CHECKPOINT_SYSLOG = syslog.Target("local", path)
        run("checkpoint_audit")
        lines.append(local.recv(65536))
    with socket.create_server(("127.0.0.1", 0)) as tcp:
        settings.CHECKPOINT_SYSLOG = syslog.Target("tcp", *tcp.getsockname())
        got = []

        def take():
            with tcp.accept()[0] as peer:
                while more := peer.recv(65536):
                    got.append(more)

        thread = threading.Thread(target=take)
        thread.start()
        run("checkpoint_audit")
        thread.join(10)
    length, _, framed = b"".join(got).partition(b" ")
    assert int(length) == len(framed)
    for line in (*lines, framed):
        header, _, said = line.partition(b" - ")
        assert header.startswith(b"<110>1 2") and header.endswith(b" checkpoint")
        envelope = json.loads(said)
        public = checkpoints.public_key()
        public.verify(base64.b64decode(envelope["signature"]), envelope["checkpoint"].encode())
