"""The judge of what a create carries: the contract's fields and types, the names of the account.

It knows the contract alone and not how this project makes a body, so that a mistake there shows.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from events.payload import BY_ALPHA2
from events.sandbox.catalog import CATEGORY_BY_NAME, INDICATOR_TYPE_IDS, INDUSTRIES, TLP_TEXTS
from events.sandbox.messages import Refusal

_DATE_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)")
_UUID = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_HOSTILE = re.compile(r"[\x00\ud800-\udfff]")
_SENTENCE_ON_DATES = "has to be a time such as 2022-04-01T00:00:00Z."

Fault = tuple[str, str]
Check = Callable[[str, Any], Iterable[Fault]]


def judge_event(body: Mapping[str, Any], *, known_names_only: bool, is_bulk: bool = False) -> None:
    """Raises `Refusal` 400 that names every faulty field of the event in `body`.

    `known_names_only`: what no list of the account holds is a fault, too.
    """
    faults = [*_shape(body, "", _BULK_FIELDS if is_bulk else _FIELDS, _REQUIRED), *_pairs(body)]
    if not faults and known_names_only:
        faults = list(_unknown_names(body))
    if faults:
        raise Refusal(400, *({"message": f"{path}: {sentence}"} for path, sentence in faults))


def rows_of(body: Mapping[str, Any]) -> list[dict[str, str]]:
    """The indicators of an event, whichever shape carries them, as `{indicatorType, value}`."""
    if "indicator" in body:
        return [{"indicatorType": body["indicatorType"], "value": body["indicator"]}]
    return [dict(row) for row in body.get("indicators", [])]


def parse_moment(text: Any) -> datetime | None:
    """The moment in UTC that a `date-time` of the contract names, None for anything else."""
    if not isinstance(text, str) or not _DATE_TIME.fullmatch(text):
        return None
    try:
        return datetime.fromisoformat(text).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _text(path: str, value: Any) -> Iterator[Fault]:
    if not isinstance(value, str) or not value:
        yield path, "has to be text that is not empty."
    elif _HOSTILE.search(value):
        yield path, "holds NUL or half a character."


def _any_text(path: str, value: Any) -> Iterator[Fault]:
    if value != "":
        yield from _text(path, value)


def _text_or_null(path: str, value: Any) -> Iterator[Fault]:
    if value is not None:
        yield from _text(path, value)


def _date(path: str, value: Any) -> Iterator[Fault]:
    if parse_moment(value) is None:
        yield path, _SENTENCE_ON_DATES


def _integer(path: str, value: Any) -> Iterator[Fault]:
    if not isinstance(value, int) or isinstance(value, bool):
        yield path, "has to be a whole number, written without a point."


def _data(path: str, value: Any) -> Iterator[Fault]:
    if value is not None and not isinstance(value, Mapping):
        yield path, "has to be an object or null."


def _exactly(wanted: str) -> Check:
    def check(path: str, value: Any) -> Iterator[Fault]:
        if value != wanted:
            yield path, f"has to be {wanted}."

    return check


def _uuid(path: str, value: Any) -> Iterator[Fault]:
    if not isinstance(value, str) or not _UUID.fullmatch(value):
        yield path, "has to be a uuid."


def _list_of(check: Check) -> Check:
    def check_all(path: str, value: Any) -> Iterator[Fault]:
        if not isinstance(value, list):
            yield path, "has to be a list."
            return
        for number, item in enumerate(value):
            yield from check(f"{path}.{number}", item)

    return check_all


def _object(fields: Mapping[str, Check], required: Iterable[str]) -> Check:
    def check(path: str, value: Any) -> Iterable[Fault]:
        if not isinstance(value, Mapping):
            return [(path, "has to be an object.")]
        return _shape(value, f"{path}.", fields, required)

    return check


def _shape(
    value: Mapping[str, Any], path: str, fields: Mapping[str, Check], required: Iterable[str]
) -> Iterator[Fault]:
    for name in required:
        if name not in value:
            yield f"{path}{name}", "is required."
    for name, item in value.items():
        if name not in fields:
            yield f"{path}{name}", "is not a field here."
        else:
            yield from fields[name](f"{path}{name}", item)


_RAW = _object({"data": _data, "source": _any_text, "tlp": _any_text}, ("data",))
_ROW = _object({"indicatorType": _text, "value": _text}, ("indicatorType", "value"))
_SOURCE = _object(
    {
        "system": _exactly("threat-signals"),
        "resourceType": _exactly("article"),
        "resourceId": _uuid,
        "title": _text_or_null,
    },
    ("system", "resourceType", "resourceId"),
)
_REQUIRED = ("category", "date", "event", "raw", "tlp")
_BULK_FIELDS: Mapping[str, Check] = {
    **dict.fromkeys(("category", "event", "tlp", "datasetId", "insight"), _text),
    **dict.fromkeys(("attackerCountry", "targetCountry", "targetIndustry"), _text),
    **dict.fromkeys(("indicator", "indicatorType"), _text),
    "accountId": _integer,
    "attacker": _text_or_null,
    "date": _date,
    "indicators": _list_of(_ROW),
    "raw": _RAW,
    "tags": _list_of(_text),
}
_FIELDS: Mapping[str, Check] = {**_BULK_FIELDS, "source": _SOURCE}


def _pairs(body: Mapping[str, Any]) -> Iterator[Fault]:
    if "indicator" in body and body.get("indicators"):
        yield "indicators", "stands beside indicator. Write one of them."
    if ("indicator" in body) != ("indicatorType" in body):
        yield "indicator", "needs both its type and its value."


def _unknown_names(body: Mapping[str, Any]) -> Iterator[Fault]:
    if body["category"] not in CATEGORY_BY_NAME:
        yield "category", f"{body['category']!r} is not in the catalogue of categories."
    if body.get("targetIndustry", INDUSTRIES[0]) not in INDUSTRIES:
        yield "targetIndustry", f"{body['targetIndustry']!r} is not in the catalogue."
    if body["tlp"].lower() not in TLP_TEXTS:
        yield "tlp", f"{body['tlp']!r} is not one of {', '.join(TLP_TEXTS)}."
    for name in ("attackerCountry", "targetCountry"):
        if name in body and body[name] not in BY_ALPHA2:
            yield name, f"{body[name]!r} is no country of ISO 3166."
    for number, row in enumerate(rows_of(body)):
        if row["indicatorType"].lower() not in INDICATOR_TYPE_IDS:
            path = "indicatorType" if "indicator" in body else f"indicators.{number}.indicatorType"
            yield path, f"{row['indicatorType']!r} is not an indicator type."
