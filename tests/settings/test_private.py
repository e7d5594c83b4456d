"""Files and folders of the desk belong to its user alone, whatever was there before."""

import os
import sqlite3
import stat
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from events import private
from events.sandbox.ledger import Ledger

ROOT = Path(__file__).resolve().parents[2]
STRANGER = 65534
KEY = "kept-0123456789-abcdefghijklmnopqrstuvwxyz-ABCDEFGHIJ"
OF_TESTS = frozenset(
    ("SECRET_KEY", "STATE_DIR", "DATABASE_URL", "MIGRATE_DATABASE_URL", "DJANGO_ALLOW_ASYNC_UNSAFE")
)


def mode(path):
    return stat.S_IMODE(path.stat().st_mode)


def manage(state, *arguments, umask=0o022, **changes):
    environment = {name: value for name, value in os.environ.items() if name not in OF_TESTS}
    return subprocess.run(
        [sys.executable, "manage.py", *arguments],
        cwd=ROOT,
        env=environment | {"STATE_DIR": str(state)} | changes,
        capture_output=True,
        text=True,
        check=False,
        umask=umask,
    )


@pytest.fixture
def open_state(tmp_path):
    """A state folder of before: everybody may read what is in it."""
    state = tmp_path / "state"
    state.mkdir(mode=0o755)
    state.chmod(0o755)
    for name in ("eventdesk.sqlite3", "sandbox.sqlite3", "log_head", "demo_password"):
        (state / name).touch()
        (state / name).chmod(0o644)
    (state / "secret_key").write_text(KEY)
    return state


def test_what_was_open_to_others_is_closed_at_the_start(open_state):
    result = manage(open_state, "migrate", "--verbosity=0")
    assert result.returncode == 0, result.stderr
    assert mode(open_state) == 0o700
    assert {path.name: oct(mode(path)) for path in open_state.iterdir() if mode(path) & 0o077} == {}


def test_the_files_beside_an_open_database_are_closed_too(open_state):
    path = open_state / "eventdesk.sqlite3"
    with closing(sqlite3.connect(path)) as database:
        database.execute("PRAGMA journal_mode=WAL")
        database.execute("CREATE TABLE t (a)")
        for file in open_state.glob("eventdesk.sqlite3-*"):
            file.chmod(0o644)
        assert len(list(open_state.glob("eventdesk.sqlite3-*"))) == 2
        private.close_database(path)
        assert {mode(file) for file in open_state.glob("eventdesk.sqlite3*")} == {0o600}


@pytest.mark.parametrize("umask", [0o000, 0o022])
def test_what_is_made_is_the_users_alone_whatever_the_umask(tmp_path, umask):
    state, elsewhere = tmp_path / "new", tmp_path / "elsewhere"
    elsewhere.mkdir()
    database = f"sqlite:///{elsewhere}/desk.sqlite3"
    result = manage(state, "migrate", "--verbosity=0", umask=umask, DATABASE_URL=database)
    assert result.returncode == 0, result.stderr
    assert manage(state, "demo_data", umask=umask, DATABASE_URL=database).returncode == 0
    made = [*state.iterdir(), *elsewhere.iterdir()]
    assert {"secret_key", "demo_password", "desk.sqlite3"} <= {path.name for path in made}
    assert {path.name: oct(mode(path)) for path in made if mode(path) & 0o077} == {}
    assert mode(state) == 0o700


def test_a_ledger_is_the_users_alone(tmp_path):
    path = tmp_path / "ledger.sqlite3"
    path.touch()
    path.chmod(0o666)
    with Ledger(path):
        assert {mode(file) for file in tmp_path.iterdir()} == {0o600}


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
@pytest.mark.parametrize("wrong", ["file", "folder", "secret"])
def test_what_belongs_to_another_and_is_open_is_named_with_what_to_write(tmp_path, wrong):
    state = tmp_path / "state"
    state.mkdir(mode=0o700)
    token = state / "token" if wrong == "file" else tmp_path / "token"
    token.write_text("canary-token")
    token.chmod(0o644)
    changes = {}
    if wrong == "secret":
        changes = {"CLOUDFLARE_API_TOKEN_FILE": str(token), "CLOUDFLARE_ACCOUNT_ID": "abc"}
    culprit = state if wrong == "folder" else token
    if wrong == "folder":
        state.chmod(0o755)
    os.chown(culprit, STRANGER, STRANGER)
    result = manage(state, "check", **changes)
    assert result.returncode == 1
    assert result.stderr.count("\n") == 1, result.stderr
    assert "Write: chmod " in result.stderr
    assert str(culprit) in result.stderr
    assert "canary" not in result.stderr


@pytest.mark.parametrize(("before", "after"), [(0o640, 0o640), (0o644, 0o640), (0o600, 0o600)])
def test_a_secret_stays_open_to_the_group_that_it_was_given_to(tmp_path, before, after):
    token = tmp_path / "token"
    token.write_text("canary-token")
    token.chmod(before)
    changes = {"CLOUDFLARE_API_TOKEN_FILE": str(token), "CLOUDFLARE_ACCOUNT_ID": "abc"}
    assert manage(tmp_path / "state", "check", **changes).returncode == 0
    assert mode(token) == after


def test_a_folder_that_all_users_share_is_refused(tmp_path):
    shared = tmp_path / "shared"
    shared.mkdir()
    shared.chmod(0o1777)
    result = manage(shared, "check")
    assert result.returncode == 1
    assert "shared by all users" in result.stderr
    assert mode(shared) == 0o1777


@pytest.mark.parametrize("key", ["a", "", "ab" * 40])
def test_a_kept_key_that_is_weak_stops_the_start(tmp_path, key):
    (tmp_path / "secret_key").write_text(key)
    result = manage(tmp_path, "check")
    assert result.returncode == 1
    assert result.stderr.startswith("event desk: SECRET_KEY is too weak")
    assert str(tmp_path / "secret_key") in result.stderr


def test_a_process_of_the_desk_makes_files_for_its_user_alone_and_no_dump_of_its_memory():
    program = (
        "import os, resource, manage, sys; sys.argv = ['manage.py', 'version'];"
        "resource.setrlimit(resource.RLIMIT_CORE, (4096, 4096)); manage.main();"
        "print(resource.getrlimit(resource.RLIMIT_CORE), oct(os.umask(0)))"
    )
    result = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert "(0, 0) 0o77" in result.stdout
