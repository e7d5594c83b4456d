"""A desk as in production: the nginx of docs/deploy before gunicorn, with TLS, on free ports."""

import os
import re
import shutil
import socket
import ssl
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Self

import pytest
import requests

from tests.desk import PASSWORD, ROOT, START_WITHIN, Desk, free_port, hidden, wait_for
from tests.servers import TEST_AUTHORITY

SITE = ROOT / "docs" / "deploy" / "nginx.conf"
CERTIFICATE = ROOT / "tests" / "tls" / "localhost.pem"
NGINX = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin:/usr/local/sbin")

# gunicorn's own patience with what is under way, and a little more.
STOP_WITHIN = 40.0


def required(program: str | None, name: str) -> str:
    """The program, or the test is skipped aloud; in CI it has to be there."""
    if program is None and os.environ.get("CI"):
        pytest.fail(f"{name} is not installed")
    if program is None:
        pytest.skip(f"NOT TESTED: {name} is not installed")
    return program


class ProxiedDesk(Desk):
    """`url` is the proxy's, `plain` the one without TLS; `logs` is where the proxy writes."""

    def __init__(self) -> None:
        super().__init__(
            PLAIN_HTTP="0", TRUST_PROXY="1", ALLOWED_HOSTS="localhost", CLOUDFLARE_SANDBOX="1"
        )
        self.secure, self.open = free_port(), free_port()
        self.url, self.plain = f"https://localhost:{self.secure}", f"http://localhost:{self.open}"
        self.logs = self.folder / "logs"
        self.errors = self.folder / "web.log"
        self._socket = self.folder / "web.sock"
        self._nginx: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self.logs.mkdir()
        super().__enter__()
        self._nginx = subprocess.Popen([required(NGINX, "nginx"), "-c", str(self._configuration())])
        wait_for(self.secure)
        return self

    def __exit__(self, *stopped: object) -> None:
        if self._nginx is not None:
            self._nginx.terminate()
            self._nginx.wait(STOP_WITHIN)
        super().__exit__(*stopped)

    def start(self) -> None:
        """Start gunicorn with the desk's own configuration, on a socket that the proxy may use."""
        command = [sys.executable, "-m", "gunicorn", "--config=python:webui.serving", "webui.wsgi"]
        with self.errors.open("ab") as log:
            self._server = subprocess.Popen(
                [*command, f"--bind=unix:{self._socket}"],
                cwd=ROOT,
                env=self.environment,
                stderr=log,
            )
        end = time.monotonic() + START_WITHIN
        while not self._socket.exists():
            assert time.monotonic() < end, self.errors.read_text()
            time.sleep(0.05)

    def stop(self) -> None:
        """Stop gunicorn, which finishes what is under way."""
        if self._server is not None:
            self._server.terminate()
            self._server.wait(STOP_WITHIN)
            self._server = None

    def written(self) -> str:
        """Everything that the proxy and the web server have written into their logs."""
        return "".join(path.read_text() for path in (*self.logs.iterdir(), self.errors))

    def browser(self, headers: Mapping[str, str] | None = None) -> requests.Session:
        """Somebody who is not signed in."""
        session = requests.Session()
        session.trust_env = False
        session.verify = TEST_AUTHORITY
        session.headers.update({"Referer": "https://localhost/", **(headers or {})})
        return session

    def signed_in(self, name: str, headers: Mapping[str, str] | None = None) -> requests.Session:
        """Somebody who has signed in through the proxy."""
        session = self.browser(headers)
        page = session.get(f"{self.url}/accounts/login/")
        token = hidden(page.text, "csrfmiddlewaretoken")
        form = {"username": name, "password": PASSWORD, "csrfmiddlewaretoken": token}
        answer = session.post(f"{self.url}/accounts/login/", form, allow_redirects=False)
        assert answer.status_code == 302, answer.status_code
        return session

    def tls(self) -> ssl.SSLSocket:
        """A connection to the proxy, for what no browser would send."""
        context = ssl.create_default_context(cafile=TEST_AUTHORITY)
        plain = socket.create_connection(("127.0.0.1", self.secure), timeout=20)
        return context.wrap_socket(plain, server_hostname="localhost")

    def _configuration(self) -> Path:
        """The documents' file with ports, paths and name of this test, in a main file."""
        site = SITE.read_text()
        for wrong, right in {
            r"listen 80\b": f"listen 127.0.0.1:{self.open}",
            r"listen 443\b": f"listen 127.0.0.1:{self.secure}",
            r"server_name desk\.example\.org": "server_name localhost",
            r"https://desk\.example\.org": self.url,
            r"/etc/ssl/eventdesk/\w+\.pem": str(CERTIFICATE),
            r"/var/log/nginx/": f"{self.logs}/",
            r"/run/eventdesk/web\.sock": str(self._socket),
        }.items():
            site, count = re.subn(wrong, right, site)
            assert count, wrong
        own = self.folder / "nginx"
        own.mkdir()
        (own / "site.conf").write_text(site)
        paths = "".join(
            f"{kind}_temp_path {own}/{kind};\n"
            for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
        )
        main = own / "nginx.conf"
        main.write_text(
            f"{'user root root;' if os.geteuid() == 0 else ''}\n"
            f"daemon off;\npid {own}/pid;\nerror_log {self.logs}/main.log;\n"
            "events { worker_connections 512; }\n"
            f"http {{\naccess_log off;\n{paths}include {own}/site.conf;\n}}\n"
        )
        return main
