"""Below the processes: SQLite is killed, or its disk fails, at single system calls.

Whatever was acknowledged is stored, and the audit chain is whole, always.
"""

import hashlib
import os
import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
DRAFTS = "12"
SQLITE = os.environ.get("TEST_DATABASE", "sqlite") == "sqlite"
KILLS = 10
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not SQLITE, reason="system calls are cut under SQLite only"),
]


@pytest.fixture(scope="module")
def strace():
    """The tracer. Its absence is a failure in CI, and loud elsewhere."""
    path = shutil.which("strace")
    if path is None and os.environ.get("CI"):
        pytest.fail("strace is not installed")
    if path is None:
        pytest.skip("*** NO STRACE: nothing is cut at system calls. Install strace. ***")
    return path


@pytest.fixture(scope="module")
def migrated(tmp_path_factory):
    """A database with one analyst, to be copied."""
    path = tmp_path_factory.mktemp("migrated") / "desk.sqlite3"
    script = (
        "import django; django.setup()\n"
        "from django.core.management import call_command\n"
        "call_command('migrate', verbosity=0)\n"
        "from django.contrib.auth.models import Group, User\n"
        "User.objects.create(username='ana').groups.set(Group.objects.filter(name='analyst'))\n"
    )
    subprocess.run([sys.executable, "-c", script], cwd=ROOT, env=environment(path), check=True)
    return path


@pytest.fixture
def database(migrated, tmp_path):
    """A copy of its own."""
    return Path(shutil.copy(migrated, tmp_path / "desk.sqlite3"))


def environment(path):
    return os.environ | {
        "DATABASE_URL": f"sqlite:///{path}",
        "MIGRATE_DATABASE_URL": "",
        "DJANGO_SETTINGS_MODULE": "webui.settings",
        "PYTHONUNBUFFERED": "1",
    }


def saver(database, count, *before):
    command = [*before, sys.executable, "-m", "tests.outbox.saver", count]
    return subprocess.run(
        command, cwd=ROOT, env=environment(database), capture_output=True, text=True, check=False
    )


def cut(strace, database, inject, log="/dev/null"):
    calls = inject.partition(":")[0]
    options = ["-f", "-qq", "-o", str(log), "-e", f"trace={calls}", "-e", f"inject={inject}"]
    return saver(database, DRAFTS, strace, *options)


def saved(output):
    """Acknowledged drafts in the order of their acknowledgement: id → digest of the text."""
    words = [line.split() for line in output.splitlines()]
    return {line[1]: line[2] for line in words if line[:1] == ["saved"] and len(line) == 3}


def check(database, output):
    """Every acknowledged text is stored as it was, or replaced by a later one; the log is whole."""
    with closing(sqlite3.connect(database)) as connection:
        (integrity,) = connection.execute("PRAGMA integrity_check").fetchone()
        rows = connection.execute("SELECT id, typed, version FROM events_submission").fetchall()
    assert integrity == "ok"
    stored = {
        key: (hashlib.sha256(text.encode()).hexdigest(), version) for key, text, version in rows
    }
    for key, digest in saved(output).items():
        assert key in stored
        assert stored[key][0] == digest or stored[key][1] == 1
    assert saver(database, "0").stdout.split() == ["whole"]


@pytest.fixture(scope="module")
def writes(strace, migrated, tmp_path_factory):
    """How many writes an undisturbed run makes, the last checkpoint included."""
    folder = tmp_path_factory.mktemp("writes")
    copy, log = Path(shutil.copy(migrated, folder / "desk.sqlite3")), folder / "log"
    result = cut(strace, copy, "pwrite64:signal=SIGKILL:when=65535", log)
    assert len(saved(result.stdout)) == int(DRAFTS), result.stderr
    return log.read_text().count("pwrite64(")


@pytest.mark.parametrize("part", range(KILLS))
def test_a_kill_at_any_write_loses_nothing_that_was_acknowledged(strace, database, writes, part):
    when = 1 + part * (writes - 1) // (KILLS - 1)
    result = cut(strace, database, f"pwrite64:signal=SIGKILL:when={when}")
    assert result.returncode != 0
    check(database, result.stdout)


# The second one is the folder's, on which SQLite does not insist.
@pytest.mark.parametrize("when", ["3", "5..6", "9+3", "1+"])
def test_a_disk_that_does_not_sync_acknowledges_nothing_that_is_not_stored(strace, database, when):
    result = cut(strace, database, f"fsync,fdatasync:error=EIO:when={when}")
    assert result.returncode or "failed" in result.stdout, result.stdout + result.stderr
    check(database, result.stdout)


@pytest.mark.parametrize("when", ["3", "20+", "30+7"])
def test_a_full_disk_acknowledges_nothing_that_is_not_stored(strace, database, when):
    result = cut(strace, database, f"pwrite64:error=ENOSPC:when={when}")
    assert result.returncode or "failed" in result.stdout, result.stdout + result.stderr
    check(database, result.stdout)
