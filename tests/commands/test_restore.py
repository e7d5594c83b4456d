"""A desk is restored from a backup: nothing is sent twice, and what was lost is taken in."""

import os
import re
import sqlite3
import time
from contextlib import closing
from urllib.parse import urlsplit, urlunsplit
from uuid import uuid4

import psycopg
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


def copied(url, folder):
    """The URL of a copy of the database, which nothing may be connected to."""
    if url.startswith("sqlite:///"):
        name = f"{folder}/restored.sqlite3"
        with (
            closing(sqlite3.connect(url.removeprefix("sqlite:///"))) as source,
            closing(sqlite3.connect(name)) as target,
        ):
            source.backup(target)
        return f"sqlite:///{name}"
    parts, name = urlsplit(url), f"restored_{uuid4().hex}"
    with psycopg.connect(os.environ["DATABASE_URL"], autocommit=True) as server:
        template = parts.path.removeprefix("/")
        server.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
    return urlunsplit(parts._replace(path=f"/{name}"))


def recover(desk, *options):
    """Run the command: its return code and what it printed."""
    done = desk.manage("recover_events", *options, check=False)
    return done.returncode, done.stdout + done.stderr


@pytest.mark.slow
def test_a_restored_desk_sends_nothing_twice_and_takes_in_what_it_lost(tmp_path):
    """O1."""
    with Desk(**QUICK) as desk:
        ana = desk.sign_in("analyst")
        desk.sandbox.behave("create", "429", times=1, seconds=1)
        waiting, page = post(desk, ana, event="This one waits")
        assert 'data-state="ready"' in page
        desk.stop()
        backup = copied(desk.environment["DATABASE_URL"], tmp_path)

        time.sleep(1.5)
        desk.manage("deliver", "--once")
        desk.start()
        private = next(each.uuid for each in desk.sandbox.ledger.datasets() if not each.is_public)
        lost = dict(
            post(desk, ana, event=f"Sent after the backup, {tlp}", tlp=tlp, dataset_id=private)
            for tlp in ("green", "amber", "red")
        )
        assert all('data-state="created"' in page for page in lost.values())
        desk.stop()
        uuid = desk.sandbox.ledger.events(waiting)[0].uuid
        sent = len(creates(desk.sandbox))
        assert sent == 5

        state = tmp_path / "state"
        desk.environment |= {"DATABASE_URL": backup, "STATE_DIR": str(state)}
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
        assert "chain is whole" in desk.manage("verify_audit").stdout

        desk.start()
        ana, rita = desk.sign_in("analyst"), desk.sign_in("reviewer")
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
