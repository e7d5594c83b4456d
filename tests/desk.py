"""A whole Event Desk for tests: gunicorn over a database of its own, beside a sandbox."""

import os
import random
import re
import socket
import sqlite3
import subprocess
import sys
import tempfile
import time
from contextlib import closing
from pathlib import Path
from typing import Any, Self

import psycopg
import requests

from events.sandbox import Sandbox
from tests.databases import roles

ROOT = Path(__file__).resolve().parent.parent
PASSWORD = "correct horse battery staple"
START_WITHIN = 30.0


def free_port() -> int:
    """A port that nothing listens on, below those that the system hands out to others meanwhile."""
    while True:
        port = random.randrange(10_000, 32_000)
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port


class Desk:
    """A served Event Desk with the demo accounts; `with Desk() as desk: desk.url`."""

    workers = 1
    threads = 16
    more: tuple[str, ...] = ()

    def __init__(self, sandbox: Any = None, **environment: str) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="desk-"))
        self.sandbox = sandbox or Sandbox()
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.environment = os.environ | {
            "STATE_DIR": str(self.folder),
            "STATIC_ROOT": str(self.folder / "static"),
            **_own_database(self.folder),
            "CLOUDFLARE_API_BASE_URL": self.sandbox.base_url,
            "CLOUDFLARE_DEADLINE": "2",
            "DEMO_PASSWORD": PASSWORD,
            "PLAIN_HTTP": "1",
            **environment,
        }
        self._server: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self.sandbox.start()
        for command in ("migrate", "collectstatic --no-input", "demo_data"):
            self.manage(*command.split())
        self.manage("refresh_reference", check=False)
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
        self.sandbox.stop()

    def manage(self, *arguments: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        """Run one `manage.py` command against this desk."""
        result = subprocess.run(
            [sys.executable, "manage.py", *arguments],
            cwd=ROOT,
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
        )
        if check and result.returncode:
            raise AssertionError(f"{arguments} failed:\n{result.stdout}\n{result.stderr}")
        return result

    def start(self) -> None:
        """Start the web server and wait until it answers."""
        self._server = subprocess.Popen(
            [
                *(sys.executable, "-m", "gunicorn", "webui.wsgi", f"--bind=127.0.0.1:{self.port}"),
                *("--worker-class=gthread", f"--workers={self.workers}"),
                f"--threads={self.threads}",
                *self.more,
                *("--log-level=warning", "--no-control-socket"),
            ],
            cwd=ROOT,
            env=self.environment,
        )
        wait_for(self.port)

    def open_gate(self) -> None:
        """Let the desk forget that the API failed, or asked to wait; it knows within a second."""
        url = self.environment["DATABASE_URL"]
        reset = (
            "UPDATE events_apigate SET paused_until = NULL, opened_at = NULL, "
            "create_failures = 0, read_failures = 0 "
            "WHERE paused_until IS NOT NULL OR create_failures > 0 OR read_failures > 0"
        )
        if url.startswith("sqlite"):
            with closing(sqlite3.connect(url.removeprefix("sqlite:///"), timeout=20)) as database:
                changed = database.execute(reset).rowcount
                database.commit()
        else:
            with psycopg.connect(url, autocommit=True) as database:
                changed = database.execute(reset).rowcount
        if changed:
            time.sleep(1.1)

    def stop(self) -> None:
        """Stop the web server."""
        if self._server is not None:
            self._server.terminate()
            self._server.wait(10)
            self._server = None

    def sign_in(self, name: str) -> requests.Session:
        """A session of `name`, as a browser without scripts would have it."""
        session = requests.Session()
        session.trust_env = False
        page = session.get(f"{self.url}/accounts/login/")
        answer = session.post(
            f"{self.url}/accounts/login/",
            data={
                "username": name,
                "password": PASSWORD,
                "csrfmiddlewaretoken": hidden(page.text, "csrfmiddlewaretoken"),
            },
        )
        assert answer.status_code == 200, answer.status_code
        assert "sessionid" in session.cookies
        return session


def wait_for(port: int) -> None:
    """Until something listens on `port`."""
    end = time.monotonic() + START_WITHIN
    while time.monotonic() < end:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise AssertionError(f"nothing listens on port {port}")


def hidden(html: str, name: str) -> str:
    """The value of the hidden input `name`."""
    found = re.search(rf'name="{name}"[^>]*value="([^"]*)"', html)
    assert found, f"no input {name}"
    return found[1]


def _own_database(folder: Path) -> dict[str, str]:
    if os.environ["DATABASE_URL"].startswith("sqlite"):
        return {"DATABASE_URL": f"sqlite:///{folder}/eventdesk.sqlite3"}
    return roles.addresses(os.environ[roles.SUPERUSER_URL], roles.new_database("desk"))
