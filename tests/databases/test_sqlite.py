"""SQLite's write lock: who came first has it first, waits end, and nothing keeps it by mistake."""

import os
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from pathlib import Path

import pytest
from django.db import OperationalError, connection, transaction

from events.models import Throttle
from tests.audit.support import addresses
from webui.sqlite3 import queue

ROOT = Path(__file__).resolve().parents[2]
UPDATE = "UPDATE events_throttle SET count = count + 1"
pytestmark = [
    pytest.mark.skipif(connection.vendor != "sqlite", reason="SQLite only"),
    pytest.mark.django_db(transaction=True),
]


@contextmanager
def another(seconds=20.0):
    """One more connection to the tests' database that waits at most so long."""
    made = connection.copy()
    made.settings_dict["OPTIONS"]["timeout"] = seconds
    made.inc_thread_sharing()
    try:
        yield made
    finally:
        made.close()


def begin(which):
    which.set_autocommit(False, force_begin_transaction_with_broken_autocommit=True)


def end(which):
    which.rollback()
    which.set_autocommit(True)


def execute(which, sql):
    with which.cursor() as cursor:
        cursor.execute(sql)


def test_who_came_first_writes_first():
    order = []

    def write(number):
        try:
            if number % 2:
                Throttle.objects.filter(key="none").update(count=1)
                order.append(number)
            else:
                with transaction.atomic():
                    order.append(number)
        finally:
            connection.close()

    with another() as holder:
        begin(holder)
        threads = [threading.Thread(target=write, args=(number,)) for number in range(12)]
        for thread in threads:
            thread.start()
            time.sleep(0.05)
        end(holder)
        for thread in threads:
            thread.join()
    # Those without a transaction note their number only after their turn is over.
    assert all(abs(place - number) <= 1 for place, number in enumerate(order)), order


def test_a_busy_process_lets_another_one_in():
    path = Path(connection.settings_dict["NAME"])
    greedy = subprocess.Popen(
        [sys.executable, "-m", "tests.databases.writer", "8"],
        cwd=ROOT,
        env=os.environ | addresses(path),
        stdout=subprocess.PIPE,
    )
    waits = []
    try:
        assert greedy.stdout.readline() == b"writing\n"
        time.sleep(0.5)
        for _ in range(30):
            start = time.monotonic()
            with transaction.atomic():
                waits.append(time.monotonic() - start)
    finally:
        greedy.kill()
        greedy.wait()
        greedy.stdout.close()
    # One transaction of the other process is about 6 ms long.
    assert sorted(waits)[len(waits) // 2] < 0.05, waits
    assert max(waits) < 0.5, waits


@pytest.mark.parametrize("way", ["transaction", "statement"])
def test_a_wait_ends_with_sqlites_own_words_and_leaves_nothing_behind(way):
    def write(which):
        if way == "statement":
            execute(which, UPDATE)
        else:
            begin(which)
            end(which)

    with another() as holder, another(0.3) as first, another(0.3) as second:
        begin(holder)
        refusals = []

        def try_to_write(which):
            with pytest.raises(OperationalError, match="database is locked") as refused:
                write(which)
            refusals.append(refused)

        threads = [threading.Thread(target=try_to_write, args=(w,)) for w in (first, second)]
        start = time.monotonic()
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert time.monotonic() - start < 2
        assert len(refusals) == 2
        end(holder)
        for which in (first, second, holder):
            write(which)


def closed_in_the_middle(which):
    begin(which)
    which.close()


def failed_statement(which):
    with pytest.raises(OperationalError):
        execute(which, "INSERT INTO no_such_table VALUES (1)")


def failed_transaction(which):
    begin(which)
    with pytest.raises(OperationalError):
        execute(which, "INSERT INTO no_such_table VALUES (1)")
    end(which)


@pytest.mark.parametrize("way", [closed_in_the_middle, failed_statement, failed_transaction])
def test_however_a_transaction_ends_the_next_one_begins(way):
    with another() as one, another(2.0) as next_one:
        way(one)
        begin(next_one)
        end(next_one)
        execute(next_one, UPDATE)


def test_a_transaction_may_hold_others():
    with transaction.atomic():
        Throttle.objects.create(key="a", since="2022-04-01T00:00:00Z", count=1)
        with transaction.atomic(), pytest.raises(ZeroDivisionError), transaction.atomic():
            Throttle.objects.update(count=2)
            1 / 0  # noqa: B018
    assert Throttle.objects.get().count == 1


def test_many_rows_in_one_statement_stand_in_line_too():
    with another() as holder, another(0.2) as late, late.cursor() as cursor:
        begin(holder)
        with pytest.raises(OperationalError, match="database is locked"):
            cursor.executemany("DELETE FROM events_throttle WHERE key = %s", [["a"], ["b"]])
        end(holder)
        cursor.executemany("DELETE FROM events_throttle WHERE key = %s", [["a"], ["b"]])


def test_a_forked_process_does_not_wait_for_threads_that_it_has_not(tmp_path):
    path = str(tmp_path / "file")
    assert queue._line(path).take(1)
    child = os.fork()
    if child == 0:
        os._exit(0 if queue._line(path).take(0.5) else 1)
    assert os.waitpid(child, 0)[1] == 0


def test_the_line_goes_on_when_somebody_gives_up_waiting():
    line = queue.Line()
    assert line.take(1)
    assert not line.take(0.05)
    line.give()
    assert line.take(1)
