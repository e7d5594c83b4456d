"""The order of locks: rows first, the chain last, whoever appends and on whichever connection."""

import time
from threading import Thread

import pytest
from django.contrib.sessions.backends.db import SessionStore
from django.db import connection, transaction

from events import audit, services
from events.audit import LockOrder
from events.models import EventTemplate, Heartbeat, Throttle
from events.services import templates
from tests.outbox.support import person

FACT = audit.Fact("a.b", audit.Actor.system("test"))
postgresql = pytest.mark.skipif(connection.vendor != "postgresql", reason="has rows to lock")


@pytest.fixture(
    params=[
        pytest.param(True, id="inside", marks=pytest.mark.django_db),
        pytest.param(False, id="alone", marks=pytest.mark.django_db(transaction=True)),
    ]
)
def database(request):
    """With the test runner's transaction around everything, and without."""
    assert connection.in_atomic_block == request.param


def write():
    Throttle.objects.create(key="k", since="2022-04-01T00:00:00Z", count=1)


def change():
    Throttle.objects.update(count=2)


def delete():
    Throttle.objects.filter(key="k").delete()


def keep_session():
    session = SessionStore()
    session["a"] = 1
    session.save()


def raw():
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM events_throttle WHERE 1 = 0")


LATE = [write, change, delete, keep_session, raw, lambda: Heartbeat.beat("w")]


@pytest.mark.parametrize("late", LATE)
def test_whoever_writes_after_appending_is_refused_and_nothing_is_kept(database, late):
    with pytest.raises(LockOrder, match="Append last"), transaction.atomic():
        audit.append(FACT)
        late()
    assert audit.head().seq == 0
    assert not Throttle.objects.exists()


@postgresql
def test_locking_a_row_after_appending_is_refused(database):
    with pytest.raises(LockOrder), transaction.atomic():
        audit.append(FACT)
        list(Throttle.objects.select_for_update())


@pytest.mark.parametrize("late", LATE)
def test_writing_first_reading_later_and_appending_twice_is_right(database, late):
    with transaction.atomic(durable=True):
        late()
        audit.append(FACT)
        assert not EventTemplate.objects.exists()
        audit.append(FACT, FACT)
    assert audit.head().seq == 3


@pytest.mark.parametrize("late", LATE)
def test_the_next_transaction_may_write_again(database, late):
    audit.record(FACT)
    late()
    with transaction.atomic(durable=True):
        late_again = Throttle.objects.update(count=3)
        audit.append(FACT)
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        audit.append(FACT)
        1 / 0  # noqa: B018
    assert Throttle.objects.update(count=4) == late_again


def test_an_entry_in_an_inner_block_holds_the_chain_for_the_outer_one(database):
    with pytest.raises(LockOrder), transaction.atomic():
        with transaction.atomic():
            audit.append(FACT)
        write()


def test_an_inner_block_that_was_rolled_back_holds_nothing(database):
    with transaction.atomic():
        with pytest.raises(ZeroDivisionError), transaction.atomic():
            audit.append(FACT)
            1 / 0  # noqa: B018
        write()
        audit.append(FACT)
    assert audit.head().seq == 1


def test_a_block_rolled_back_after_another_that_appended_frees_nothing(database):
    with pytest.raises(LockOrder), transaction.atomic():
        audit.append(FACT)
        with pytest.raises(ZeroDivisionError), transaction.atomic():
            audit.append(FACT)
            1 / 0  # noqa: B018
        write()


def test_a_decorated_function_begins_afresh_each_time(database):
    @transaction.atomic
    def verb():
        change()
        audit.append(FACT)

    verb()
    verb()
    assert audit.head().seq == 2


def test_a_connection_of_another_thread_is_watched_too(transactional_db):
    caught = []

    def run():
        try:
            with transaction.atomic():
                audit.append(FACT)
                write()
        except LockOrder as error:
            caught.append(error)
        finally:
            connection.close()

    thread = Thread(target=run)
    thread.start()
    thread.join()
    assert len(caught) == 1


@postgresql
def test_renaming_and_deleting_a_template_at_once_do_not_deadlock(
    transactional_db, rita, monkeypatch
):
    actor = person(rita)
    made = templates.save(person=actor, name="one", typed={}, is_team=True)
    append, errors = audit.append, []

    def slowly(*facts):
        append(*facts)
        time.sleep(0.7)

    monkeypatch.setattr(audit, "append", slowly)

    def run(verb, wait, **more):
        time.sleep(wait)
        try:
            verb(person=actor, template=EventTemplate.objects.get(pk=made.pk), **more)
        except Exception as error:
            errors.append(error)
        finally:
            connection.close()

    one = Thread(target=run, args=(templates.delete, 0))
    two = Thread(target=run, args=(templates.rename, 0.3), kwargs={"name": "two"})
    for thread in (one, two):
        thread.start()
    for thread in (one, two):
        thread.join()
    assert [type(error) for error in errors] == [templates.NotSaved]
    assert not EventTemplate.objects.exists()
    assert audit.verify().is_whole


def test_renaming_what_was_deleted_does_not_bring_it_back(db, rita):
    actor = person(rita)
    made = templates.save(person=actor, name="one", typed={}, is_team=True)
    stale = EventTemplate.objects.get(pk=made.pk)
    templates.delete(person=actor, template=made)
    templates.delete(person=actor, template=stale)
    with pytest.raises(services.templates.NotSaved, match="deleted meanwhile"):
        templates.rename(person=actor, template=stale, name="two")
    assert not EventTemplate.objects.exists()
    assert audit.head().seq == 2
