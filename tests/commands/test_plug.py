"""The plug is pulled in the middle of a send: after the restart one page tells the truth."""

import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time

import pytest
import requests

from events.sandbox import Ledger
from tests.desk import PASSWORD, ROOT, free_port, hidden
from tests.views.test_main_job import EXAMPLE

pytestmark = pytest.mark.slow
WITHIN = 120.0


class Plugged:
    """`make run`'s processes, in a group of their own so that all can be killed at once."""

    def __init__(self, folder):
        self.port, self.sandbox_port = free_port(), free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.environment = os.environ | {
            "STATE_DIR": str(folder),
            "STATIC_ROOT": str(folder / "static"),
            "DATABASE_URL": f"sqlite:///{folder}/eventdesk.sqlite3",
            "MIGRATE_DATABASE_URL": "",
            "PORT": str(self.port),
            "SANDBOX_PORT": str(self.sandbox_port),
            "DEMO_PASSWORD": PASSWORD,
            "CLOUDFLARE_DEADLINE": "2",
            "RECONCILE_QUIET": "0",
            "RECONCILE_AFTER": "1",
            "PYTHONUNBUFFERED": "1",
        }

    def start(self):
        self.process = subprocess.Popen(
            [sys.executable, "manage.py", "run_desk"],
            cwd=ROOT,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        printed = ""
        while "Stop it" not in printed:
            line = self.process.stdout.readline()
            assert line, f"it did not start: {printed}"
            printed += line

    def pull(self):
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait(10)
        self.process.stdout.close()
        until(lambda: self.is_free(self.port) and self.is_free(self.sandbox_port), 10)

    @staticmethod
    def is_free(port):
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", port)) != 0

    def sign_in(self):
        session = requests.Session()
        session.trust_env = False
        page = session.get(f"{self.url}/accounts/login/").text
        fields = {"username": "analyst", "password": PASSWORD}
        token = hidden(page, "csrfmiddlewaretoken")
        session.post(f"{self.url}/accounts/login/", fields | {"csrfmiddlewaretoken": token})
        return session


def until(what, seconds=WITHIN):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if found := what():
            return found
        time.sleep(0.1)
    raise AssertionError("it did not come to that")


def post_and_forget(session, url, fields):
    try:
        session.post(url, fields, timeout=5)
    except requests.RequestException:
        return


def test_after_the_plug_was_pulled_one_page_tells_the_truth(tmp_path):
    desk = Plugged(tmp_path)
    desk.start()
    requests.post(
        f"http://127.0.0.1:{desk.sandbox_port}/_sandbox/behave",
        json={"operation": "create", "behaviour": "hang-after", "times": 1},
        timeout=5,
    ).raise_for_status()
    ana = desk.sign_in()
    page = ana.get(f"{desk.url}/events/new/").text
    fields = {name: hidden(page, name) for name in ("form_token", "csrfmiddlewaretoken")}
    sending = threading.Thread(
        target=post_and_forget, args=(ana, f"{desk.url}/events/new/", EXAMPLE | fields)
    )
    sending.start()
    ledger = Ledger(tmp_path / "sandbox.sqlite3")
    until(lambda: ledger.events(fields["form_token"]), 20)
    desk.pull()
    sending.join()

    desk.start()
    try:
        ana = desk.sign_in()
        assert EXAMPLE["event"] in ana.get(f"{desk.url}/").text
        seen = []

        def state():
            page = ana.get(f"{desk.url}/events/{fields['form_token']}/").text
            now = re.search(r'data-state="(\w+)"', page)[1]
            if now not in seen:
                seen.append(now)
            return page if now == "created" else ""

        page = until(state)
        assert seen[0] in {"sending", "unknown"}
        assert set(seen) <= {"sending", "unknown", "created"}
        (held,) = ledger.events(fields["form_token"])
        assert held.uuid in page
        assert ledger.tally()[fields["form_token"]].requests == 1
    finally:
        desk.pull()
        ledger.close()
