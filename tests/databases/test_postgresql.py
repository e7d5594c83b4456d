"""The connection to PostgreSQL: dead ones are noticed before they are used, waits have an end."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest
from django.db import OperationalError, connection, transaction

from events import audit
from events.models import Throttle
from tests.databases import roles
from tests.desk import Desk

pytestmark = pytest.mark.skipif(connection.vendor != "postgresql", reason="PostgreSQL only")
AT_ONCE = 12
FACT = audit.Fact("a.b", audit.Actor.system("test"))


def test_no_page_fails_after_the_database_ended_every_connection():
    with Desk() as desk, ThreadPoolExecutor(AT_ONCE) as people:
        sessions = [desk.sign_in("analyst") for _ in range(3)]

        def pages():
            answers = people.map(
                lambda number: sessions[number % 3].get(f"{desk.url}/").status_code, range(AT_ONCE)
            )
            return set(answers)

        assert pages() == {200}
        with psycopg.connect(desk.environment["DATABASE_URL"], autocommit=True) as other:
            ended = other.execute(roles.END_OTHERS).fetchone()
        assert ended[0] > 1
        assert pages() == {200}


def holding(statement, release):
    """A thread that runs `statement` in a transaction and keeps that open until `release`."""
    held = threading.Event()

    def run():
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement)
            held.set()
            release.wait(20)
        connection.close()

    thread = threading.Thread(target=run)
    thread.start()
    assert held.wait(10)
    return thread


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("what", ["row", "chain"])
def test_a_wait_for_a_lock_ends(what):
    Throttle.objects.create(key="k", since="2022-04-01T00:00:00Z", count=1)
    statement = {
        "row": "UPDATE events_throttle SET count = 2",
        "chain": "SELECT pg_advisory_xact_lock(6004789371)",
    }[what]
    with connection.cursor() as cursor:
        # As on another connection of a proxy, where the session's setting was never made.
        cursor.execute("SET lock_timeout = 0" if what == "chain" else "SELECT 1")
    release = threading.Event()
    thread = holding(statement, release)
    start = time.monotonic()
    try:
        with pytest.raises(OperationalError, match="lock timeout"):
            if what == "row":
                Throttle.objects.update(count=3)
            else:
                audit.record(FACT)
    finally:
        release.set()
        thread.join()
        connection.close()
    assert 4 < time.monotonic() - start < 9
    audit.record(FACT)
    assert audit.verify().is_whole
