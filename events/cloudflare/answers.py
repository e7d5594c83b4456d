"""Owns the reading of the API's answers: bare, in an envelope, or in a list that holds one."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from itertools import chain, islice
from typing import Final, NamedTuple, TypeVar

from events.cloudflare.errors import Problem
from events.cloudflare.jsontext import BadAnswer, Json, decode
from events.cloudflare.records import (
    Actor,
    Category,
    Country,
    Dataset,
    IndicatorPage,
    RawData,
    RelatedEvent,
    SeenIndicator,
    Tag,
    TokenStatus,
)

MAX_PROBLEMS = 20
MAX_PROBLEM_LENGTH = 500

# A name in a list is shown to everybody: one that is marked like this is not for lists.
_NOT_FOR_ALL: Final = {"red", "purple"}
_BESIDE_A_RESULT: Final = {"result", "result_info", "errors", "messages", "completeness"}

_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", re.I)
_ALPHA2 = re.compile(r"[A-Za-z]{2}")

T = TypeVar("T")


def result(answer: Json) -> Json:
    """What an answer carries, out of its envelope if it has one.

    Raises BadAnswer for an envelope that says `success: false`.
    """
    if isinstance(answer, list) and len(answer) == 1 and _is_envelope(answer[0]):
        answer = answer[0]
    if not isinstance(answer, dict) or "success" not in answer:
        return _bare(answer)
    if answer["success"] not in (True, "true"):
        raise BadAnswer("says that the request did not succeed")
    return answer.get("result", answer)


def _is_envelope(item: Json) -> bool:
    return isinstance(item, dict) and "success" in item


def _bare(answer: Json) -> Json:
    if isinstance(answer, dict) and set(answer) <= _BESIDE_A_RESULT:
        return answer.get("result")
    return answer


def created_event(answer: Json) -> tuple[str, dict[str, Json]]:
    """(uuid, fields) of the event in an answer to create.

    Nothing but an object with a UUID-shaped `uuid` says that an event exists. Raises BadAnswer.
    """
    if not isinstance(answer, dict):
        raise BadAnswer("is not an object")
    fields = event(answer)
    return str(fields["uuid"]), fields


def event(answer: Json) -> dict[str, Json]:
    """The event in an answer to a read. Raises BadAnswer."""
    fields = _object(result(answer))
    uuid = fields.get("uuid")
    if not isinstance(uuid, str) or not _UUID.fullmatch(uuid):
        raise BadAnswer("names no event by a uuid")
    return fields


class Listed(NamedTuple):
    """A page of events as it was read; `cursor` of the next page or None."""

    events: tuple[dict[str, Json], ...]
    cursor: str | None
    is_complete: bool


def event_list(answer: Json) -> Listed:
    """A page of events, listed bare or as `events` or `items` of an object. Raises BadAnswer."""
    found = result(answer)
    items = _held(found, ("events", "items")) if isinstance(found, dict) else found
    events = tuple(_object(item) for item in _list(items))
    return Listed(events, _cursor(answer), is_complete(answer))


def indicator_page(answer: Json) -> IndicatorPage:
    """A page of indicators, as `indicators` or `items` of an object or bare. Raises BadAnswer."""
    found = result(answer)
    items = _held(found, ("indicators", "items")) if isinstance(found, dict) else found
    return IndicatorPage(
        indicators=tuple(_each(items, _indicator)),
        is_complete=is_complete(answer),
        cursor=_cursor(answer),
        has_more=any(said.get("has_more") is True for said in _pagings(answer)),
    )


def _indicator(item: Json) -> SeenIndicator | None:
    fields = item if isinstance(item, dict) else {}
    value = fields.get("value")
    if not isinstance(value, str) or not value:
        return None
    related = fields.get("relatedEvents")
    events = tuple(filter(None, map(_related, related if isinstance(related, list) else [])))
    return SeenIndicator(
        value=value,
        indicator_type=_text(fields.get("indicatorType")),
        tlp=_text(fields.get("tlp")),
        dataset_id=_text(fields.get("datasetId")),
        related_events=events,
        has_more=fields.get("relatedEventsHasMore") is True,
    )


def _related(item: Json) -> RelatedEvent | None:
    fields = item if isinstance(item, dict) else {}
    event_id = _text(fields.get("eventId"))
    if not event_id:
        return None
    return RelatedEvent(_text(fields.get("datasetId")), event_id, _text(fields.get("eventDate")))


def _held(fields: dict[str, Json], names: Iterable[str]) -> Json:
    """The list that an object holds under one of `names`."""
    return next((fields[name] for name in names if name in fields), None)


def is_complete(answer: Json) -> bool:
    """Whether nothing in an answer says that a dataset or shard is missing from it."""
    said = [held for place in _places(answer) for held in (place, place.get("completeness"))]
    return not any(_says_incomplete(each) for each in said)


def _says_incomplete(said: Json) -> bool:
    """Whatever is not clearly complete is not: an absent answer could be one "not found" more."""
    if not isinstance(said, dict):
        return said is not None and said is not True
    if said.get("complete", True) not in (True, "true"):
        return True
    return any(said.get(name) for name in ("failedDatasets", "failedShards"))


def _places(answer: Json) -> Iterator[dict[str, Json]]:
    """Where an answer may say something about itself: at its top, in its result, beside it."""
    if isinstance(answer, list) and len(answer) == 1 and _is_envelope(answer[0]):
        answer = answer[0]
    if not isinstance(answer, dict):
        return
    yield answer
    for name in ("result", "result_info"):
        inner = answer.get(name)
        if isinstance(inner, dict):
            yield inner


def _cursor(answer: Json) -> str | None:
    """The cursor in a page's own words on its pages, wherever they stand."""
    for said in _pagings(answer):
        cursor = said.get("cursor")
        if isinstance(cursor, str) and cursor:
            return cursor
    return None


def _pagings(answer: Json) -> Iterator[dict[str, Json]]:
    for place in _places(answer):
        said = (place, place.get("result_info"), place.get("pagination"))
        yield from (each for each in said if isinstance(each, dict))


def raw_data(answer: Json) -> RawData:
    """What an event was created from; `data` may be the map or its JSON text. Raises BadAnswer."""
    fields = _object(result(answer))
    if "data" not in fields:
        raise BadAnswer("holds no data")
    data, text = _map_or_text(fields["data"])
    source, tlp, created = (_text(fields.get(name)) for name in ("source", "tlp", "created"))
    return RawData(data, text, source, tlp, created)


def _map_or_text(data: Json) -> tuple[dict[str, Json] | None, str]:
    if isinstance(data, dict):
        return data, ""
    if data is None:
        return None, ""
    if not isinstance(data, str):
        raise BadAnswer("holds raw data that is neither a map nor a text")
    try:
        value = decode(data.encode())
    except BadAnswer:
        return None, data
    return (value, "") if isinstance(value, dict) else (None, "" if value is None else data)


def token_status(answer: Json) -> TokenStatus:
    """The API's word on the token. Raises BadAnswer."""
    fields = _object(result(answer))
    status = _text(fields.get("status"))
    if not status:
        raise BadAnswer("names no token status")
    return TokenStatus(id=_text(fields.get("id")), status=status)


def names(answer: Json) -> tuple[str, ...]:
    """A list of names, given as strings or as objects with a `name`; each once. Raises BadAnswer.

    The API documents these lists by a type description only, so both forms are read.
    """
    return tuple(dict.fromkeys(_each(answer, _name)))


def _name(item: Json) -> str | None:
    return _text(item.get("name") if isinstance(item, dict) else item) or None


def countries(answer: Json) -> tuple[Country, ...]:
    """Countries by alpha-2 code (upper case). Raises BadAnswer."""
    return tuple(_each(answer, _country))


def _country(item: Json) -> Country | None:
    fields = item if isinstance(item, dict) else {}
    alpha2, name = _text(fields.get("alpha2")), _text(fields.get("name"))
    if not _ALPHA2.fullmatch(alpha2) or not name:
        return None
    return Country(alpha2.upper(), _text(fields.get("alpha3")).upper(), name)


def datasets(answer: Json) -> tuple[Dataset, ...]:
    """Datasets, soft-deleted ones included. Raises BadAnswer."""
    return tuple(_each(answer, _dataset))


def _dataset(item: Json) -> Dataset | None:
    fields = item if isinstance(item, dict) else {}
    uuid, name = _text(fields.get("uuid")), _text(fields.get("name"))
    if not uuid or not name:
        return None
    return Dataset(
        uuid=uuid,
        name=name,
        is_public=fields.get("isPublic") is not False,
        is_analytics=fields.get("isAnalytics") is True,
        indicator_write_mode=_text(fields.get("indicatorWriteMode")),
        deleted_at=_text(fields.get("deletedAt")) or None,
    )


def categories(answer: Json) -> tuple[Category, ...]:
    """Categories with their kill-chain phase and MITRE ids. Raises BadAnswer."""
    return tuple(_each(answer, _category))


def _category(item: Json) -> Category | None:
    fields = item if isinstance(item, dict) else {}
    name = _text(fields.get("name"))
    if not name:
        return None
    phase = fields.get("killChain")
    return Category(
        uuid=_text(fields.get("uuid")),
        name=name,
        shortname=_text(fields.get("shortname")),
        kill_chain=int(phase) if isinstance(phase, int | float) else None,
        mitre_attack=_texts(fields.get("mitreAttack")),
        mitre_capec=_texts(fields.get("mitreCapec")),
    )


def tag_page(answer: Json) -> tuple[tuple[Tag, ...], int]:
    """(tags of one page, number of pages, 1 when the API does not say). Raises BadAnswer."""
    fields = _object(result(answer))
    pagination = fields.get("pagination")
    pages = pagination.get("totalPages") if isinstance(pagination, dict) else None
    total = int(pages) if isinstance(pages, int | float) else 1
    return tuple(_each(fields.get("tags"), _tag)), total


def _tag(item: Json) -> Tag | None:
    fields = item if isinstance(item, dict) else {}
    value = _text(fields.get("value"))
    if not value:
        return None
    return Tag(
        uuid=_text(fields.get("uuid")),
        value=value,
        category_name=_text(fields.get("categoryName")),
        tlp=_text(fields.get("tlp")),
    )


def actor_page(answer: Json) -> tuple[tuple[Actor, ...], int | None]:
    """(actors of one page, number of pages or None when the API does not say). Raises BadAnswer.

    What holds them is not documented: `actors`, `tags` like other tags, or a plain list.
    """
    found = result(answer)
    fields = found if isinstance(found, dict) else {}
    items = _held(fields, ("actors", "tags", "items")) if isinstance(found, dict) else found
    pagination = fields.get("pagination")
    pages = pagination.get("totalPages") if isinstance(pagination, dict) else None
    return tuple(_each(items, _actor)), int(pages) if isinstance(pages, int | float) else None


def _actor(item: Json) -> Actor | None:
    fields = item if isinstance(item, dict) else {}
    name = _text(fields.get("value")) or _text(fields.get("name"))
    if not name:
        return None
    aliases = dict(_aliases(fields.get("aliases")))
    others = {
        **aliases,
        **{text: aliases.get(text, "") for text in _texts(fields.get("aliasGroupNames"))},
    }
    return Actor(
        name=name,
        aliases=tuple(
            text
            for text, tlp in others.items()
            if text != name and tlp.casefold() not in _NOT_FOR_ALL
        ),
        tlp=_text(fields.get("tlp")),
        confidence=_whole(fields.get("confidence")),
    )


def _whole(value: Json) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _aliases(items: Json) -> Iterator[tuple[str, str]]:
    """(alias, its TLP or "") of aliases given as texts or as objects with a `value`."""
    for item in items if isinstance(items, list) else []:
        fields: dict[str, Json] = item if isinstance(item, dict) else {"value": item}
        if text := _text(fields.get("value")):
            yield text, _text(fields.get("tlp"))


def problems(body: bytes) -> tuple[Problem, ...]:
    """The API's own words on a failure, `error_chain` included; () when there are none."""
    try:
        answer = decode(body)
    except BadAnswer:
        return ()
    errors = answer.get("errors") if isinstance(answer, dict) else None
    return tuple(islice(_problems(errors, depth=0), MAX_PROBLEMS))


def _problems(errors: Json, depth: int) -> Iterable[Problem]:
    if not isinstance(errors, list) or depth > 3:
        return ()
    return chain.from_iterable(_problem(entry, depth) for entry in errors)


def _problem(entry: Json, depth: int) -> Iterable[Problem]:
    fields: dict[str, Json] = entry if isinstance(entry, dict) else {"message": entry}
    message = one_line(_text(fields.get("message")))
    code = fields.get("code")
    known = code if isinstance(code, int) and not isinstance(code, bool) else None
    own = [Problem(message, known)] if message or known is not None else []
    return chain(own, _problems(fields.get("error_chain"), depth + 1))


def one_line(text: str) -> str:
    """`text` on one line without control characters, cut to `MAX_PROBLEM_LENGTH` characters."""
    line = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    return line if len(line) <= MAX_PROBLEM_LENGTH else line[: MAX_PROBLEM_LENGTH - 1] + "…"


def _each(answer: Json, read: Callable[[Json], T | None]) -> list[T]:
    items = _list(result(answer))
    found = [value for item in items if (value := read(item)) is not None]
    if items and not found:
        raise BadAnswer("is a list of something else")
    return found


def _list(value: Json) -> list[Json]:
    if not isinstance(value, list):
        raise BadAnswer("is not a list")
    return value


def _object(value: Json) -> dict[str, Json]:
    if not isinstance(value, dict):
        raise BadAnswer("is not an object")
    return value


def _text(value: Json) -> str:
    return value.strip() if isinstance(value, str) else ""


def _texts(value: Json) -> tuple[str, ...]:
    return tuple(filter(None, map(_text, value))) if isinstance(value, list) else ()
