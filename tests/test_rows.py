"""Plain SQL writes exactly what the ORM would, and swaps only what is as it was read."""

from datetime import UTC, datetime, timedelta, timezone
from uuid import uuid4

from django.db import connection

from events import rows
from events.models import State, Submission

COLUMNS = tuple(field.attname for field in Submission._meta.concrete_fields)
MOMENT = datetime(2026, 11, 23, 12, 0, 0, 123456, tzinfo=timezone(timedelta(hours=5, minutes=30)))


def submission(user, **more):
    return Submission(
        author_id=user.pk,
        author_name="ana %s \U0001f600",
        state=State.READY,
        created_at=MOMENT,
        updated_at=MOMENT.astimezone(UTC),
        typed='{"event": "100 % \\" ? é"}',
        event="100 % ' ? %s é",
        event_date=MOMENT,
        body=b"\x00\xff {}",
        attempt=3,
        **more,
    )


def insert(one):
    with connection.cursor() as cursor:
        rows.insert(cursor, Submission, COLUMNS, [[getattr(one, name) for name in COLUMNS]])


def stored(one):
    """The row as the database has it, without its id."""
    with connection.cursor() as cursor:
        pk = Submission._meta.pk.get_db_prep_value(one.pk, connection)
        cursor.execute("SELECT * FROM events_submission WHERE id = %s", [pk])
        names = [column[0] for column in cursor.description]
        values = [bytes(v) if isinstance(v, memoryview) else v for v in cursor.fetchone()]
    return {name: (type(v), v) for name, v in zip(names, values, strict=True) if name != "id"}


def swap(one, read, changes):
    """Write `changes` if the row still has the version that was `read`."""
    with connection.cursor() as cursor:
        return rows.swap(cursor, Submission, where={"id": one.pk, "version": read}, changes=changes)


def test_an_insert_stores_what_the_orm_stores(ana):
    plain, other = submission(ana), submission(ana)
    insert(plain)
    other.save(force_insert=True)
    assert stored(plain) == stored(other)


def test_many_rows_are_all_there(ana):
    many = [submission(ana) for _ in range(1_100)]
    with connection.cursor() as cursor:
        rows.insert(
            cursor, Submission, COLUMNS, [[getattr(one, name) for name in COLUMNS] for one in many]
        )
    assert set(Submission.objects.values_list("pk", flat=True)) == {one.pk for one in many}


def test_a_swap_stores_what_the_orm_stores(ana):
    changes = {
        "state": State.CREATED,
        "version": 1,
        "sweep_at": MOMENT,
        "lease_until": None,
        "answer": "100 % ? %s é",
        "body": b"\xfe\x00",
        "negatives": 2,
        "corrects_id": None,
    }
    plain, other = submission(ana), submission(ana)
    insert(plain)
    insert(other)
    assert swap(plain, 0, changes)
    Submission.objects.filter(pk=other.pk).update(**changes)
    assert stored(plain) == stored(other)


def test_a_swap_of_another_version_or_row_changes_nothing(ana):
    one = submission(ana)
    insert(one)
    before = stored(one)
    assert not swap(one, 1, {"answer": "x"})
    assert not swap(submission(ana, id=uuid4()), 0, {"answer": "x"})
    assert stored(one) == before
