"""From the body of a create to the event that the API answers with.

Several indicators make one event, not a parent with children: it shows the first one, and the
list finds it by each of them.
"""

import uuid
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple

from events.payload import BY_ALPHA2, rfc3339
from events.sandbox.behaviours import Behaviour
from events.sandbox.catalog import CATEGORY_BY_NAME, INDICATOR_TYPE_IDS, Category
from events.sandbox.judging import parse_moment, rows_of
from events.sandbox.ledger import HeldEvent
from events.sandbox.storing import stored

_UNKNOWN_CATEGORY = Category("", "", 0, (), ())
_STORED = ("attacker", "event", "insight")
_BEGINNING = datetime.min.replace(tzinfo=UTC)

Body = Mapping[str, Any]


class Moment(NamedTuple):
    """When an event is made: the machine's clock (Unix seconds), and the API's as RFC 3339."""

    held_since: float
    created_at: str


def hold(body: Body, dataset_id: str, moment: Moment, text: Behaviour) -> HeldEvent:
    """A new event as the sandbox holds it, with a uuid and a raw id of its own.

    `body` has passed the judge; `text` is what the API does to texts when it stores them.
    """
    marks = marks_of(body["raw"]["data"])
    identity = {"uuid": str(uuid.uuid4()), "rawId": str(uuid.uuid4()), "datasetId": dataset_id}
    rows = _rows(body, text)
    tags = [stored(tag, text) for tag in body.get("tags", [])]
    return HeldEvent(
        identity["uuid"],
        dataset_id,
        *marks,
        moment.held_since,
        moment.created_at,
        dict(body),
        {**_answer(body, rows), **_texts(body, text), "tags": tags, **identity},
        rows,
    )


def change(held: HeldEvent, body: Body, created_at: str | None, text: Behaviour) -> HeldEvent:
    """The event that is held, with what `body` says now; ids, tags and what is equal stay."""
    rows = _rows_kept(held, body, text)
    kept = {key: held.answer[key] for key in ("uuid", "rawId", "datasetId", "tags")}
    same = {name for name in _STORED if held.sent.get(name) == body.get(name)}
    kept |= {name: held.answer[name] for name in same if name in held.answer}
    return held._replace(
        sent=dict(body),
        answer={**_answer(body, rows), **_texts(body, text), **kept},
        indicators=rows,
        created_at=created_at or held.created_at,
    )


def marks_of(data: Any) -> tuple[str, str]:
    """The submission and the attempt at `event_desk` in a raw data map; "" where there is none."""
    marks = data.get("event_desk") if isinstance(data, Mapping) else None
    if not isinstance(marks, Mapping):
        return "", ""
    return _mark(marks.get("submission")), _mark(marks.get("attempt"))


def _mark(value: Any) -> str:
    return str(value).encode(errors="replace").decode() if isinstance(value, str | int) else ""


def _answer(body: Body, rows: Sequence[Mapping[str, str]]) -> dict[str, Any]:
    category = CATEGORY_BY_NAME.get(body["category"], _UNKNOWN_CATEGORY)
    first = rows[0] if rows else {"indicatorType": "", "value": ""}
    return {
        "attackerCountry": body.get("attackerCountry", ""),
        "attackerCountryAlpha3": _alpha3(body.get("attackerCountry", "")),
        "category": body["category"],
        "date": rfc3339(parse_moment(body["date"]) or _BEGINNING),
        "hasChildren": False,
        "indicator": first["value"],
        "indicatorType": first["indicatorType"],
        "indicatorTypeId": INDICATOR_TYPE_IDS.get(first["indicatorType"], 0),
        "killChain": category.kill_chain,
        "mitreAttack": category.mitre_attack,
        "mitreCapec": category.mitre_capec,
        "numReferenced": 0,
        "numReferences": 0,
        "referenced": [],
        "referencedIds": [],
        "references": [],
        "referencesIds": [],
        "targetCountry": body.get("targetCountry", ""),
        "targetCountryAlpha3": _alpha3(body.get("targetCountry", "")),
        "targetIndustry": body.get("targetIndustry", ""),
        "tlp": body["tlp"],
    }


def _texts(body: Body, text: Behaviour) -> dict[str, str]:
    """An attacker is always there, if only empty; an insight only if there is one."""
    given = {"attacker": "", **{name: body[name] for name in _STORED if body.get(name)}}
    return {name: stored(value, text) for name, value in given.items()}


def _rows(body: Body, text: Behaviour) -> list[dict[str, str]]:
    return [
        {"indicatorType": row["indicatorType"].lower(), "value": stored(row["value"], text)}
        for row in rows_of(body)
    ]


def _rows_kept(held: HeldEvent, body: Body, text: Behaviour) -> list[dict[str, str]]:
    before = rows_of(held.sent)
    return [
        held.indicators[number] if before[number : number + 1] == [row] else fresh
        for number, (row, fresh) in enumerate(zip(rows_of(body), _rows(body, text), strict=True))
    ]


def _alpha3(alpha2: str) -> str:
    country = BY_ALPHA2.get(alpha2)
    return country.alpha3 if country else ""
