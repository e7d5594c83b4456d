"""What must not start does not: the web server and the worker ask the same questions."""

import base64
import os
import secrets
import subprocess
import sys

import pytest

from tests.desk import ROOT

pytestmark = pytest.mark.slow
REAL = {
    "CLOUDFLARE_ACCOUNT_ID": "0123456789abcdef0123456789abcdef",
    "CLOUDFLARE_API_TOKEN": "tok-abcdefghijklmnopqrstuvwxyz0123456789",
    # Nothing gets there from a test.
    "CLOUDFLARE_PROXY": "http://127.0.0.1:9",
    "PLAIN_HTTP": "",
}
WEB = ("-c", "import webui.wsgi")
WORKER = ("manage.py", "deliver", "--once")


def run(environment, *arguments):
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


@pytest.fixture
def empty(tmp_path):
    """The environment of a desk whose database is not migrated."""
    made = os.environ | {
        "STATE_DIR": str(tmp_path / "state"),
        "DATABASE_URL": f"sqlite:///{tmp_path}/state/eventdesk.sqlite3",
    }
    made.pop("MIGRATE_DATABASE_URL", None)
    return made


@pytest.fixture
def desk(empty):
    """The environment of a desk with demo accounts."""
    for command in (("migrate", "-v0"), ("demo_data",)):
        assert run(empty, "manage.py", *command).returncode == 0
    return empty


def test_nothing_starts_with_demo_accounts_and_a_real_api_or_without_the_key(desk):
    other = {"AUDIT_KEY": base64.b64encode(secrets.token_bytes(32)).decode()}
    for start in (WEB, WORKER):
        done = run(desk | REAL, *start)
        assert done.returncode == 1
        assert "demo accounts" in done.stderr and "--switch-off" in done.stderr
        done = run(desk | other, *start)
        assert done.returncode == 1
        assert "which is not here" in done.stderr
        assert "Traceback" not in done.stderr
    assert run(desk, *WEB).returncode == 0


def test_a_web_server_starts_before_the_database_is_migrated(empty):
    """healthz says so, and the first page works as soon as it is."""
    assert run(empty, *WEB).returncode == 0
