"""Rows that every send writes, in plain SQL: the ORM takes longer to compile it than it runs.

Values are prepared by the model's fields, as the ORM does, so that both write the same. Signals are
not sent, and what a database or a default fills in has to be given.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any

from django.db.backends.utils import CursorWrapper
from django.db.models import CharField, Model, TextField

_ROWS_AT_ONCE = 500
_TEXTS = (CharField, TextField)


def insert(
    cursor: CursorWrapper,
    model: type[Model],
    columns: tuple[str, ...],
    rows: Sequence[Iterable[Any]],
) -> None:
    """Insert `rows`, whose values are in the order of `columns`, in as few statements as may be."""
    for start in range(0, len(rows), _ROWS_AT_ONCE):
        some = rows[start : start + _ROWS_AT_ONCE]
        values = [v for each in some for v in _prepared(cursor, model, columns, each)]
        cursor.execute(_insertion(model._meta.db_table, columns, len(some)), values)


def swap(
    cursor: CursorWrapper,
    model: type[Model],
    *,
    where: Mapping[str, Any],
    changes: Mapping[str, Any],
) -> bool:
    """Write `changes` to the one row that is as `where` says. False if there is none."""
    values = [
        *_prepared(cursor, model, changes, changes.values()),
        *_prepared(cursor, model, where, where.values()),
    ]
    cursor.execute(_update(model._meta.db_table, tuple(changes), tuple(where)), values)
    return bool(cursor.rowcount == 1)


@lru_cache(maxsize=64)
def _insertion(table: str, columns: tuple[str, ...], count: int) -> str:
    names = ",".join(f'"{name}"' for name in columns)
    row = f"({','.join(['%s'] * len(columns))})"
    return f'INSERT INTO "{table}" ({names}) VALUES {",".join([row] * count)}'  # noqa: S608


@lru_cache(maxsize=64)
def _update(table: str, changes: tuple[str, ...], where: tuple[str, ...]) -> str:
    written = ",".join(f'"{name}"=%s' for name in changes)
    found = " AND ".join(f'"{name}"=%s' for name in where)
    return f'UPDATE "{table}" SET {written} WHERE {found}'  # noqa: S608


def _prepared(
    cursor: CursorWrapper, model: type[Model], columns: Iterable[str], values: Iterable[Any]
) -> Iterator[Any]:
    """Each of `values` as the database takes it: text and whole numbers are taken as they are."""
    for name, value in zip(columns, values, strict=True):
        field: Any = model._meta.get_field(name)
        is_plain = value is None or isinstance(value, int) or isinstance(field, _TEXTS)
        yield value if is_plain else field.get_db_prep_save(value, cursor.db)
