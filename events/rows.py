"""Rows that every send writes, in plain SQL: the ORM takes longer to compile it than it runs.

Values are prepared by the model's fields, as the ORM does, so that both write the same. Signals are
not sent, and what a database or a default fills in has to be given.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from django.db import DEFAULT_DB_ALIAS, connections
from django.db.models import Model

_ROWS_AT_ONCE = 500


def insert(model: type[Model], columns: Sequence[str], rows: Sequence[Iterable[Any]]) -> None:
    """Insert `rows`, whose values are in the order of `columns`, in as few statements as may be."""
    row = f"({','.join(['%s'] * len(columns))})"
    names = ",".join(f'"{name}"' for name in columns)
    into = f'INSERT INTO "{model._meta.db_table}" ({names}) VALUES '  # noqa: S608
    with connections[DEFAULT_DB_ALIAS].cursor() as cursor:
        for start in range(0, len(rows), _ROWS_AT_ONCE):
            some = rows[start : start + _ROWS_AT_ONCE]
            values = [value for each in some for value in _prepared(model, columns, each)]
            cursor.execute(into + ",".join([row] * len(some)), values)


def swap(model: type[Model], *, where: Mapping[str, Any], changes: Mapping[str, Any]) -> bool:
    """Write `changes` to the one row that is as `where` says. False if there is none."""
    written = ",".join(f'"{name}"=%s' for name in changes)
    found = " AND ".join(f'"{name}"=%s' for name in where)
    values = [
        *_prepared(model, changes, changes.values()),
        *_prepared(model, where, where.values()),
    ]
    with connections[DEFAULT_DB_ALIAS].cursor() as cursor:
        cursor.execute(
            f'UPDATE "{model._meta.db_table}" SET {written} WHERE {found}',  # noqa: S608
            values,
        )
        return bool(cursor.rowcount == 1)


def _prepared(model: type[Model], columns: Iterable[str], values: Iterable[Any]) -> Iterator[Any]:
    """Each of `values` as the database takes it."""
    connection = connections[DEFAULT_DB_ALIAS]
    for name, value in zip(columns, values, strict=True):
        field = model._meta.get_field(name)
        yield field.get_db_prep_save(value, connection)  # type: ignore[union-attr] # no relation
