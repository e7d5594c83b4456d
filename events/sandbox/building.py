"""From the body of a create to the event that the API answers with.

Fields and limits are the payload model's; what the model cannot know (the names that the account
knows) is checked here. Several indicators make one event, not a parent with children: it shows
the first one, and the list finds it by each of them.
"""

import uuid
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from pydantic.alias_generators import to_camel

from events.payload import (
    BY_ALPHA2,
    EventCreate,
    Indicator,
    Problem,
    ValidationError,
    problems,
    rfc3339,
)
from events.sandbox.catalog import (
    CATEGORY_BY_NAME,
    INDICATOR_TYPE_IDS,
    INDUSTRIES,
    TLP_TEXTS,
    Category,
)
from events.sandbox.ledger import HeldEvent
from events.sandbox.messages import Refusal

_UNKNOWN_CATEGORY = Category("", "", 0, (), ())
_EVENT_NAMES = frozenset(to_camel(name) for name in EventCreate.model_fields)
_INDICATOR_NAMES = frozenset(to_camel(name) for name in Indicator.model_fields)


class Moment(NamedTuple):
    """When an event is made: the machine's clock (Unix seconds), and the API's as RFC 3339."""

    held_since: float
    created_at: str


def read_event(body: Mapping[str, Any], known_names_only: bool) -> EventCreate:
    """The event in the body of a create. Raises `Refusal` 400 that names every faulty field."""
    _refuse_unknown(body)
    try:
        event = EventCreate.model_validate(body)
    except ValidationError as error:
        raise Refusal(400, *map(_error, problems(error))) from None
    faults = _unknown_names(event) if known_names_only else []
    if faults:
        raise Refusal(400, *({"message": fault} for fault in faults))
    return event


def hold(event: EventCreate, dataset_id: str, moment: Moment) -> HeldEvent:
    """A new event as the sandbox holds it, with a uuid and a raw id of its own."""
    marks = marks_of(event.raw.data)
    identity = {"uuid": str(uuid.uuid4()), "rawId": str(uuid.uuid4()), "datasetId": dataset_id}
    return HeldEvent(
        identity["uuid"],
        dataset_id,
        *marks,
        moment.held_since,
        moment.created_at,
        event.to_wire(),
        _answer(event, identity, list(event.tags or ())),
        _rows(event),
    )


def change(held: HeldEvent, event: EventCreate, created_at: str | None) -> HeldEvent:
    """The event that is held, with what `event` says now; ids and tags stay."""
    identity = {key: held.answer[key] for key in ("uuid", "rawId", "datasetId")}
    return held._replace(
        sent=event.to_wire(),
        answer=_answer(event, identity, held.answer["tags"]),
        indicators=_rows(event),
        created_at=created_at or held.created_at,
    )


def marks_of(data: Any) -> tuple[str, str]:
    """The submission and the attempt at `event_desk` in a raw data map; "" where there is none."""
    marks = data.get("event_desk") if isinstance(data, Mapping) else None
    if not isinstance(marks, Mapping):
        return "", ""
    return _mark(marks.get("submission")), _mark(marks.get("attempt"))


def _mark(value: Any) -> str:
    return str(value) if isinstance(value, str | int) else ""


def _answer(event: EventCreate, identity: Mapping[str, str], tags: Sequence[str]) -> dict[str, Any]:
    category = CATEGORY_BY_NAME.get(event.category, _UNKNOWN_CATEGORY)
    first = event.rows[0] if event.rows else None
    indicator_type = first.indicator_type.lower() if first else ""
    answer = {
        "attacker": event.attacker or "",
        "attackerCountry": event.attacker_country or "",
        "attackerCountryAlpha3": _alpha3(event.attacker_country),
        "category": event.category,
        "date": rfc3339(event.date),
        "event": event.event,
        "hasChildren": False,
        "indicator": first.value if first else "",
        "indicatorType": indicator_type,
        "indicatorTypeId": INDICATOR_TYPE_IDS.get(indicator_type, 0),
        "killChain": category.kill_chain,
        "mitreAttack": category.mitre_attack,
        "mitreCapec": category.mitre_capec,
        "numReferenced": 0,
        "numReferences": 0,
        "referenced": [],
        "referencedIds": [],
        "references": [],
        "referencesIds": [],
        "tags": tags,
        "targetCountry": event.target_country or "",
        "targetCountryAlpha3": _alpha3(event.target_country),
        "targetIndustry": event.target_industry or "",
        "tlp": event.tlp,
        **identity,
    }
    return answer | ({"insight": event.insight} if event.insight else {})


def _rows(event: EventCreate) -> list[dict[str, str]]:
    return [{"indicatorType": row.indicator_type.lower(), "value": row.value} for row in event.rows]


def _alpha3(alpha2: str | None) -> str:
    country = BY_ALPHA2.get(alpha2 or "")
    return country.alpha3 if country else ""


def _refuse_unknown(body: Mapping[str, Any]) -> None:
    """The model takes its own snake_case names too and a number as a date; the API does not."""
    faults = [f"{name}: is not a field of an event." for name in body if name not in _EVENT_NAMES]
    for number, row in enumerate(_as_list(body.get("indicators"))):
        names = row if isinstance(row, Mapping) else ()
        faults += [
            f"indicators.{number}.{name}: is not a field of an indicator."
            for name in names
            if name not in _INDICATOR_NAMES
        ]
    if not isinstance(body.get("date", ""), str):
        faults.append("date: has to be text such as 2022-04-01T00:00:00Z.")
    if faults:
        raise Refusal(400, *({"message": fault} for fault in faults))


def _as_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _error(problem: Problem) -> dict[str, str]:
    path = ".".join(
        to_camel(part) if isinstance(part, str) else str(part) for part in problem.field
    )
    return {"message": f"{path or 'indicator'}: {problem.message}"}


def _unknown_names(event: EventCreate) -> list[str]:
    faults = []
    if event.category not in CATEGORY_BY_NAME:
        faults.append(f"category: {event.category!r} is not in the catalogue of categories.")
    if event.target_industry and event.target_industry not in INDUSTRIES:
        faults.append(f"targetIndustry: {event.target_industry!r} is not in the catalogue.")
    if event.tlp not in TLP_TEXTS:
        faults.append(f"tlp: {event.tlp!r} is not one of {', '.join(TLP_TEXTS)}.")
    for field in ("attacker_country", "target_country"):
        code = getattr(event, field)
        if code and code not in BY_ALPHA2:
            faults.append(f"{to_camel(field)}: {code!r} is no country of ISO 3166.")
    return faults + _unknown_types(event)


def _unknown_types(event: EventCreate) -> list[str]:
    return [
        (f"indicators.{number}.indicatorType" if event.indicators else "indicatorType")
        + f": {row.indicator_type!r} is not an indicator type."
        for number, row in enumerate(event.rows)
        if row.indicator_type.lower() not in INDICATOR_TYPE_IDS
    ]
