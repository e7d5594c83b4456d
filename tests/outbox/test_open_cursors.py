"""a search asks the API while it holds a cursor of its own connection open (`_ours`)."""

import gc
import threading
import time
from dataclasses import replace

import psycopg
import pytest
from django.db import OperationalError, connection

from events.cloudflare import Client, RateLimit
from events.models import ApiGate, Submission
from tests.databases import roles
from tests.outbox.support import pass_time, payload, reasons, send, unknown, work

pytestmark = pytest.mark.django_db(transaction=True)
postgresql = pytest.mark.skipif(connection.vendor != "postgresql", reason="server-side cursors")
sqlite = pytest.mark.skipif(connection.vendor != "sqlite", reason="snapshots of SQLite")


@postgresql
def test_a_search_that_was_broken_off_does_not_hang_a_later_query(ana, sandbox, known, monkeypatch):
    """The control was interrupted by an `ApiError`; its traceback keeps the open cursor alive in a
    cycle, until Python's collector happens to run: here inside the next query, which holds the
    connection's lock. Closing the cursor waits for that same lock. Nobody ever ends that wait.
    """
    unknown(ana, sandbox, "drop-after")
    sandbox.behave("raw", "403")
    pass_time(seconds=200)
    done, select = [], psycopg.Cursor._select_current_result

    def collecting(cursor, *args, **rest):
        gc.collect()
        return select(cursor, *args, **rest)

    def one():
        gc.disable()
        try:
            work()
            monkeypatch.setattr(psycopg.Cursor, "_select_current_result", collecting)
            Submission.objects.count()
            done.append(True)
        finally:
            gc.enable()
            connection.close()

    thread = threading.Thread(target=one, daemon=True)
    thread.start()
    thread.join(15)
    monkeypatch.setattr(psycopg.Cursor, "_select_current_result", select)
    gc.enable()
    if not done:
        with connection.cursor() as cursor:
            cursor.execute(roles.END_OTHERS)
    assert done


@sqlite
def test_a_write_in_the_middle_of_a_control_does_not_hold_up_the_whole_process(
    ana, sandbox, monkeypatch
):
    """Others wrote since the cursor was opened: its old snapshot can never become a writer's. The
    gate's write asks for 20 seconds all the same, at the head of the line of all writers.
    """
    for number in range(6):
        send(ana, event=payload(f"Known {number}", f"known-{number}.example"))
    Submission.objects.update(sweep_at=None)
    submission = unknown(ana, sandbox)
    pass_time(seconds=200)
    listing, waits = Client.list_events, []

    def write():
        began = time.monotonic()
        ApiGate.objects.filter(pk=ApiGate.KEY).update(read_failures=1)
        waits.append(time.monotonic() - began)
        connection.close()

    def list_events(client, **query):
        if any("known-" in str(each.value) for each in query.get("filters") or ()):
            other = threading.Thread(target=write)
            other.start()
            other.join()
            # The answer says that the allowance is nearly used up: the gate is written.
            return replace(listing(client, **query), rate=RateLimit(remaining=5, reset_seconds=1))
        return listing(client, **query)

    monkeypatch.setattr(Client, "list_events", list_events)
    began, refused = time.monotonic(), ""
    try:
        work()
    except OperationalError as error:
        refused = str(error)
    took = time.monotonic() - began
    assert took < 5, (took, refused, reasons(submission)[-1:])
    assert not refused
