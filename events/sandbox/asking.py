"""What the lists have in common: parameters, dataset scopes, cursors, and what they leave out.

A cursor holds all that a list was asked for; beside it the API takes nothing that could disagree.
"""

import base64
import json
import time
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from events.sandbox.datasets import DEFAULT_DATASET, Dataset
from events.sandbox.desk import Call, Desk
from events.sandbox.messages import Refusal, refuse_code, refuse_invalid
from events.sandbox.search import Condition

SCOPES: Mapping[str, tuple[bool, ...]] = {
    "all": (True, False),
    "*": (True, False),
    "operational": (False,),
    "analytics": (True,),
}
Query = Mapping[str, list[str]]


class Scope(NamedTuple):
    """The datasets that a list covers, by uuid."""

    uuids: tuple[str, ...]
    has_analytics: bool


def scope_of(desk: Desk, names: Sequence[str], field: str) -> Scope:
    """The datasets meant by uuids, or by one scope word alone; none: the default dataset.

    Raises `Refusal` 400 for a scope beside others, 404 for a dataset that is not there.
    """
    known = {each.uuid: each for each in desk.ledger.datasets() if not each.deleted_at}
    if any(name in SCOPES for name in names):
        if len(names) > 1:
            raise refuse_invalid(field, f"{', '.join(SCOPES)}: each of them stands alone.")
        kinds = SCOPES[names[0]]
        return _scope(each for each in known.values() if each.is_analytics in kinds)
    for name in names:
        if name not in known:
            raise refuse_code(404, 7003, f"{field}: there is no dataset {name}.")
    return _scope(known[name] for name in names or [DEFAULT_DATASET.uuid])


def visible(call: Call, scope: Scope) -> list[Condition]:
    """What events a list shows before any filter: those of its datasets, without what it misses."""
    marks = ", ".join("?" * len(scope.uuids))
    inside = Condition(f"dataset_id IN ({marks})", scope.uuids)
    now, turn = time.time(), call.turn
    conditions = [inside]
    if turn.lag.name == "stale-list":
        conditions.append(Condition("held_since <= ?", (now - turn.lag.seconds,)))
    if turn.cache.name == "cached-list" and not flag(call.query, "forceRefresh", False):
        conditions.append(Condition("held_since <= ?", (now - turn.cache.seconds,)))
    if turn.gap.name == "incomplete":
        newest = f"SELECT seq FROM events WHERE {inside.sql} ORDER BY seq DESC LIMIT ?"  # noqa: S608
        conditions.append(
            Condition(f"seq NOT IN ({newest})", (*inside.values, int(turn.gap.seconds)))
        )
    return conditions


def completeness(call: Call, scope: Scope) -> dict[str, Any]:
    """Whether every dataset and shard has answered, as the API tells it."""
    is_complete = call.turn.gap.name == "complete"
    failed = [] if is_complete else [{"datasetId": each, "shardId": "0"} for each in scope.uuids]
    return {
        "complete": is_complete,
        "failedDatasets": [],
        "failedShards": failed,
        "warnings": [] if is_complete else ["A shard did not answer in time."],
    }


def one(query: Query, name: str, default: str) -> str:
    """The last value that the query gives for `name`."""
    return query.get(name, [default])[-1]


def flag(query: Query, name: str, default: bool) -> bool:
    """The boolean that the query gives for `name`; `Refusal` 400 for others."""
    text = one(query, name, str(default).lower())
    if text not in {"true", "false"}:
        raise refuse_invalid(name, "is true or false.")
    return text == "true"


def whole_number(given: object, name: str, limit: int = 10_000_000) -> int:
    """The number from 1 to `limit` that was given as text or as a number; `Refusal` 400 else."""
    try:
        number = float(given) if isinstance(given, str | int | float) else 0.0
    except (ValueError, OverflowError):
        number = 0.0
    if isinstance(given, bool) or not (number.is_integer() and 1 <= number <= limit):
        raise refuse_invalid(name, f"{given!r} is not a whole number from 1 to {limit:,}.")
    return int(number)


def refuse_other_formats(query: Query) -> None:
    """The sandbox writes JSON only. Raises `Refusal` 400 for an unknown value, 501 for others."""
    wanted = one(query, "format", "json")
    if wanted in {"stix2", "taxii"}:
        raise Refusal(501, {"message": f"format: the sandbox does not write {wanted}."})
    if wanted != "json":
        raise refuse_invalid("format", "is json, stix2 or taxii.")
    if one(query, "cache", "from-graph") != "from-graph":
        raise refuse_invalid("cache", "is from-graph.")


def write_cursor(asked: object) -> str:
    """`asked`, which JSON can hold, as a cursor."""
    return base64.urlsafe_b64encode(json.dumps(asked).encode()).decode()


def read_cursor(text: str) -> Any:
    """What `write_cursor` was given, with lists for tuples. Raises `Refusal` 400."""
    try:
        return json.loads(base64.urlsafe_b64decode(text))
    except (ValueError, RecursionError):
        raise invalid_cursor() from None


def invalid_cursor() -> Refusal:
    """The refusal of a cursor that this sandbox did not give."""
    return Refusal(400, {"message": "InvalidCursorError: the cursor is not one that was given."})


def refuse_beside_cursor(names: Iterable[str]) -> None:
    """Raises `Refusal` 400 if there are any: what stands beside a cursor."""
    if found := sorted(names):
        message = f"CursorFilterConflictError: write nothing beside a cursor: {', '.join(found)}."
        raise Refusal(400, {"message": message})


def _scope(datasets: Iterable[Dataset]) -> Scope:
    found = list(datasets)
    return Scope(
        tuple(dict.fromkeys(each.uuid for each in found)), any(each.is_analytics for each in found)
    )
