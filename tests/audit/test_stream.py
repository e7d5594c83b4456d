"""The stream for a SIEM: every entry, in order, none lost, no text above the label that is set."""

import contextlib
import json
import os
import queue
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from django.core.management import call_command
from django.utils import timezone

from events import audit, syslog
from events.audit import stream
from events.audit.stream import Stream
from events.models import AuditEntry, AuditStream
from events.payload import Tlp
from tests.audit.support import tamper
from tests.desk import ROOT, Desk
from tests.services.test_send import send

IDS = {
    *("seq", "hash", "prev", "at", "action", "outcome", "object_id", "actor_id"),
    *("request_id", "tlp"),
}
TEXTS = {"actor", "address", "reason", "attempt", "status", "cf_ray"}
CANARY = "canary-5b1c"
EVENT = "2f0d3b8e-6f55-4d6c-9a3c-0d8a5a2b7c11"
ANA = audit.Actor(7, f"{CANARY} name", CANARY, "0123456789abcdef0123456789abcdef")


def lines(after=0, most=None):
    return [json.loads(line.text) for line in stream.lines(after, most)]


def fact(action="submission.created", tlp="", object_id=EVENT):
    audit.record(audit.Fact(action, ANA, object_id, tlp=tlp, reason=f"{CANARY} reason"))


@pytest.fixture
def written(monkeypatch):
    """What goes to standard output, and a switch that makes it refuse."""

    class Out:
        lines: list[dict] = []
        is_away = False

        def write(self, texts):
            if self.is_away:
                raise BrokenPipeError(32, "Broken pipe")
            self.lines.extend(map(json.loads, texts))

    out = Out()
    out.lines = []
    monkeypatch.setattr(stream, "to_stdout", out.write)
    return out


def test_without_texts_a_line_holds_ids_and_hashes_and_nothing_that_people_wrote(db):
    for tlp in ("", *Tlp):
        fact(tlp=tlp)
    fact("session.signed_in")
    fact("known_value.added", object_id=f"{CANARY}.example")
    made = lines()
    assert len(made) == 8
    for line in made:
        assert line.keys() == IDS
    assert CANARY not in json.dumps(made)
    entry = AuditEntry.objects.get(seq=2)
    said = json.loads(entry.body)
    assert made[1] == {
        "seq": 2,
        "hash": entry.hash,
        "prev": entry.prev,
        "at": said["at"],
        "action": "submission.created",
        "outcome": "ok",
        "object_id": EVENT,
        "actor_id": 7,
        "request_id": ANA.request_id,
        "tlp": "clear",
    }
    assert made[7]["object_id"] is None


@pytest.mark.parametrize("most", list(Tlp))
def test_texts_go_out_up_to_the_label_and_not_above(db, most):
    for tlp in Tlp:
        fact(tlp=tlp)
    fact(tlp="purple")
    for line in lines(most=most):
        label = Tlp(line["tlp"]) if line["tlp"] != "purple" else Tlp.RED
        is_open = label.strictness <= most.strictness
        assert (line.keys() >= TEXTS) == is_open
        assert (CANARY in json.dumps(line)) == is_open


@pytest.mark.parametrize(
    ("action", "is_open"),
    [
        ("session.signed_in", True),
        ("user.roles_changed", True),
        ("desk.held", True),
        ("submission.drafted", False),
        ("template.saved", False),
        ("known_value.added", False),
        ("audit.viewed", False),
    ],
)
def test_an_entry_without_a_label_counts_as_red_unless_it_is_about_accounts(db, action, is_open):
    fact(action)
    (line,) = lines(most=Tlp.AMBER_STRICT)
    assert (CANARY in json.dumps(line)) == is_open
    assert CANARY in json.dumps(lines(most=Tlp.RED))


def test_the_label_that_the_event_bears_by_now_counts_too(sandbox, ana):
    submission = send(ana)
    before = {line["seq"] for line in lines(most=Tlp.AMBER) if "actor" in line}
    assert before
    type(submission).objects.update(tlp="red")
    assert not [line for line in lines(most=Tlp.AMBER) if "actor" in line and line["object_id"]]


def test_a_line_is_one_line_whatever_was_written(db):
    audit.record(audit.Fact("user.deleted", audit.Actor(1, "a\r\nb\u2028\0"), reason='x\ny"\x1b'))
    (line,) = stream.lines(0, Tlp.RED)
    assert line.text.isascii() and line.text.isprintable()
    assert json.loads(line.text)["reason"] == 'x\ny"\x1b'
    assert syslog.message("a\nb\r\0c", "audit").endswith(rb" audit - a\nb\r\0c")


def test_an_entry_that_was_tampered_with_still_goes_out(chain):
    tamper(("UPDATE events_auditentry SET body = '[' WHERE seq = 3", ()))
    made = lines(most=Tlp.RED)
    assert [line["seq"] for line in made] == [1, 2, 3, 4, 5, 6]
    assert made[2]["hash"] == AuditEntry.objects.get(seq=3).hash


def test_every_entry_goes_out_once_and_the_stream_goes_on_where_it_was(chain, written, monkeypatch):
    monkeypatch.setattr(stream, "BATCH", 4)
    Stream("stdout", owner="one", most=None).once()
    fact()
    Stream("stdout", owner="two", most=None).once()
    assert [line["seq"] for line in written.lines] == [1, 2, 3, 4, 5, 6, 7]
    assert AuditStream.objects.get().seq == 7


def test_one_worker_at_a_time_streams_and_another_takes_over_from_one_that_died(chain, written):
    one, two = (Stream("stdout", owner=name, most=None) for name in ("one", "two"))
    one.step()
    fact()
    two.step()
    assert len(written.lines) == 6
    one.step()
    assert len(written.lines) == 7
    fact()
    AuditStream.objects.update(until=timezone.now())
    two.step()
    one.step()
    assert [line["seq"] for line in written.lines] == list(range(1, 9))
    assert AuditStream.objects.get().owner == "two"


def test_a_lease_without_end_that_somebody_wrote_silences_nobody(chain, written):
    AuditStream.objects.create(owner="nobody", until="9999-01-01T00:00:00Z")
    Stream("stdout", owner="one", most=None).step()
    assert len(written.lines) == 6


def test_a_receiver_that_is_away_is_waited_for_and_told_of_once(chain, written, caplog):
    one = Stream("stdout", owner="one", most=None)
    written.is_away = True
    waits = [one.step() for _ in range(9)]
    assert waits == [1, 2, 4, 8, 16, 32, 60, 60, 60]
    assert caplog.text.count("the audit stream waits: stdout does not take it: Broken pipe") == 1
    assert AuditStream.objects.get().seq == 0
    written.is_away = False
    one.step()
    assert [line["seq"] for line in written.lines] == [1, 2, 3, 4, 5, 6]
    assert caplog.text.count("takes it again") == 1


def test_a_failure_in_the_middle_repeats_and_skips_nothing(chain, written):
    one = Stream("stdout", owner="one", most=None)
    one.step()
    fact()
    written.is_away = True
    one.step()
    written.is_away = False
    one.step()
    seqs = [line["seq"] for line in written.lines]
    assert seqs == [1, 2, 3, 4, 5, 6, 1, 2, 3, 4, 5, 6, 7]


@pytest.mark.parametrize("entries", [0, 1])
def test_a_place_beyond_the_end_of_the_log_is_given_up_and_said(chain, written, caplog, entries):
    """A log that was restored without its place, or a place that somebody wrote."""
    one = Stream("stdout", owner="one", most=None)
    one.once()
    AuditStream.objects.update(seq=1_000_000_000)
    for _ in range(entries):
        fact()
    one.once()
    everything = list(range(1, 7 + entries))
    assert [line["seq"] for line in written.lines[6:]] == everything
    assert AuditStream.objects.get().seq == 6 + entries
    assert caplog.text.count("stood beyond the end of the log") == 1
    one.once()
    assert len(written.lines) == 6 + len(everything)


class Receiver:
    """A syslog server by TCP that can go away and come back on its port."""

    def __init__(self, port=0):
        self._listener = socket.create_server(("127.0.0.1", port))
        self.port = self._listener.getsockname()[1]
        self.messages = queue.Queue()
        self._peers = []
        self._thread = threading.Thread(target=self._accept, daemon=True)
        self._thread.start()

    def _accept(self):
        with contextlib.suppress(OSError):
            while True:
                peer, _ = self._listener.accept()
                self._peers.append(peer)
                threading.Thread(target=self._take, args=(peer,), daemon=True).start()

    def _take(self, peer):
        with contextlib.suppress(OSError, ValueError), peer.makefile("rb") as file:
            while length := b"".join(iter(lambda: file.read(1).strip(), b"")):
                message = file.read(int(length))
                if len(message) == int(length):
                    self.messages.put(message)

    def stop(self):
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for peer in self._peers:
            with contextlib.suppress(OSError):
                peer.shutdown(socket.SHUT_RDWR)
            peer.close()

    def lines(self, count):
        return [json.loads(self.messages.get(timeout=10).split(b" - ")[1]) for _ in range(count)]


def test_tcp_syslog_takes_them_in_order_and_loses_none_when_the_receiver_is_away(chain):
    receiver = Receiver()
    one = Stream(syslog.Target("tcp", "127.0.0.1", receiver.port), owner="one", most=None)
    one.step()
    assert [line["seq"] for line in receiver.lines(6)] == [1, 2, 3, 4, 5, 6]
    receiver.stop()
    fact()
    assert one.step() == 1.0
    assert AuditStream.objects.get().seq == 6
    assert one.step() == 2.0
    receiver = Receiver(receiver.port)
    one.once()
    assert [line["seq"] for line in receiver.lines(7)] == [1, 2, 3, 4, 5, 6, 7]
    assert AuditStream.objects.get().seq == 7
    receiver.stop()


def test_tcp_syslog_that_takes_bytes_and_reads_none_counts_as_away(chain, monkeypatch):
    monkeypatch.setattr(syslog, "TIMEOUT", 0.3)
    audit.record(*[audit.Fact("a.b", ANA, reason="x") for _ in range(190)])
    with socket.socket() as deaf:
        deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
        deaf.bind(("127.0.0.1", 0))
        deaf.listen()
        one = Stream(syslog.Target("tcp", *deaf.getsockname()), owner="one", most=None)
        assert one.step() == 1.0
    assert AuditStream.objects.get().seq == 0


def test_tcp_syslog_that_said_goodbye_counts_as_away_though_its_machine_takes_bytes():
    with socket.create_server(("127.0.0.1", 0)) as server:
        sender = syslog.Sender(syslog.Target("tcp", *server.getsockname()))
        sender.send([b"one"])
        peer, _ = server.accept()
        with peer:
            peer.shutdown(socket.SHUT_WR)
            with pytest.raises(ConnectionResetError):
                sender.send([b"two"])


def test_udp_syslog_and_the_local_socket_take_one_datagram_an_entry(chain, tmp_path):
    with (
        socket.socket(type=socket.SOCK_DGRAM) as udp,
        socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as local,
    ):
        udp.bind(("127.0.0.1", 0))
        local.bind(str(tmp_path / "log"))
        targets = (
            (udp, syslog.Target("udp", *udp.getsockname())),
            (local, syslog.Target("local", str(tmp_path / "log"))),
        )
        for server, target in targets:
            server.settimeout(5)
            AuditStream.objects.all().delete()
            reading = []
            thread = threading.Thread(
                target=lambda s=server, r=reading: r.extend(s.recv(65536) for _ in range(6))
            )
            thread.start()
            Stream(target, owner="one", most=None).once()
            thread.join(10)
            assert [json.loads(each.split(b" - ")[1])["seq"] for each in reading] == [
                1,
                2,
                3,
                4,
                5,
                6,
            ]
            assert all(each.startswith(b"<110>1 20") for each in reading)


def test_udp_syslog_that_nobody_listens_at_is_noticed_at_the_first_line(db):
    fact()
    with socket.socket(type=socket.SOCK_DGRAM) as gone:
        gone.bind(("127.0.0.1", 0))
        target = syslog.Target("udp", *gone.getsockname())
    assert Stream(target, owner="one", most=None).step() == 1.0
    assert AuditStream.objects.get().seq == 0


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("udp://siem.example", syslog.Target("udp", "siem.example", 514)),
        ("tcp://[::1]:6514", syslog.Target("tcp", "::1", 6514)),
        ("/dev/log", syslog.Target("local", "/dev/log")),
    ],
)
def test_a_receiver_is_written_so(text, wanted):
    assert syslog.target(text) == wanted


@pytest.mark.parametrize(
    "text",
    ["siem", "http://a", "udp://", "udp://a:99999", "udp://u:p@a", "tcp://a/x", "tcp://a b", "é"],
)
def test_a_receiver_that_is_none_is_refused_with_words(text):
    with pytest.raises(ValueError, match="Write udp://host:514"):
        syslog.target(text)


@pytest.mark.django_db(transaction=True)
def test_a_worker_that_does_one_round_streams_only_if_that_is_set(sandbox, settings, written):
    fact()
    call_command("deliver", "--once")
    assert written.lines == []
    settings.AUDIT_STREAM = "stdout"
    call_command("deliver", "--once")
    assert written.lines[0]["seq"] == 1


@pytest.mark.slow
def test_a_worker_process_delivers_while_nobody_reads_its_lines_and_loses_none():
    """Its standard output is a pipe that is full: the events go out all the same."""
    reading, writing = os.pipe()
    import fcntl

    fcntl.fcntl(writing, fcntl.F_SETPIPE_SZ, 4096)
    with Desk(AUDIT_STREAM="stdout") as desk:
        ana = desk.sign_in("analyst")
        for _ in range(30):
            desk.sign_in("auditor")
        worker = subprocess.Popen(
            [sys.executable, "manage.py", "deliver", "--every=0.1"],
            cwd=ROOT,
            env=desk.environment,
            stdout=writing,
        )
        os.close(writing)
        try:
            from tests.commands.test_commands import EXAMPLE, hidden

            page = ana.get(f"{desk.url}/events/new/").text
            fields = {name: hidden(page, name) for name in ("form_token", "csrfmiddlewaretoken")}
            desk.sandbox.behave("create", "429", times=1, seconds=1)
            ana.post(f"{desk.url}/events/new/", EXAMPLE | fields)
            event, end = f"{desk.url}/events/{fields['form_token']}/", time.monotonic() + 40
            while 'data-state="created"' not in ana.get(event).text:
                assert time.monotonic() < end
                time.sleep(0.2)
            seqs: list[int] = []
            with os.fdopen(reading) as file:
                while not seqs or seqs[-1] < 35:
                    line = json.loads(file.readline())
                    assert line.keys() == IDS
                    seqs.append(line["seq"])
                assert seqs == list(range(1, len(seqs) + 1))
                worker.send_signal(signal.SIGTERM)
                file.read()
        finally:
            worker.send_signal(signal.SIGTERM)
            assert worker.wait(30) == 0


def test_make_run_keeps_the_terminal_readable():
    text = Path(ROOT, "events/management/commands/run_desk.py").read_text()
    assert 'os.environ.setdefault("AUDIT_STREAM", "off")' in text
