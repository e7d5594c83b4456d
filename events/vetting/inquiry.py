"""What Cloudforce One is asked about values, and what its answers prove.

The list of indicators is asked by GET, the only way that the API has: the values looked for stand
in the address of a request over TLS, and nothing else that was typed does. The list of events is
asked for the same values beside it, and for a value that nobody has: what the first does not hold
is believed to be absent only if the second does not hold it either, and heeds its filter.
"""

import secrets
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple, TypeAlias
from urllib.parse import quote_plus

from events.cloudflare import (
    IN_MAX,
    ApiError,
    Client,
    Filter,
    IndicatorPage,
    NotSent,
    Page,
    RateLimited,
    Refused,
    SeenIndicator,
    is_searchable,
)
from events.outbox import gate

PAGE_SIZE = 500
RELATED_MOST = 20
# Characters of an address that every proxy on the way passes.
ADDRESS_MOST = 12_000
BATCHES_MOST = 4
# How many values are asked for one by one where the API lists no indicators.
ONE_BY_ONE_MOST = 5
TEXT_MOST = 500
NOT_SERVED = 501
_EVERYWHERE = ("*",)
_NOT_HEEDED = "the API did not keep to the filter"

Answer: TypeAlias = Page | IndicatorPage | ApiError
Ask: TypeAlias = Callable[[], Answer]


class Sighting(NamedTuple):
    """One event there; `uuid` is empty for an indicator of which the API names no event.

    `tlp` is the event's own, or its indicator's where the list of events does not show the event.
    """

    uuid: str
    tlp: str
    date: str
    category: str
    indicator: str


class Look(NamedTuple):
    """What one look found.

    `problem` says why finding nothing tells nothing, empty if it does. Without `is_whole` the API
    left something out, which may be what was looked for. `has_more`: there are further events.
    """

    sightings: tuple[Sighting, ...] = ()
    problem: str = ""
    is_whole: bool = True
    has_more: bool = False


class _Listed(NamedTuple):
    """What the list of events says about a batch: the events, and why their absence is in doubt."""

    events: tuple[dict[str, Any], ...]
    doubt: str
    is_whole: bool


def inquire(texts: Sequence[str], client: Client) -> dict[str, Look]:
    """A look for each of `texts`, by two requests per 100 of them and one more, side by side.

    Where the API lists no indicators, the first `ONE_BY_ONE_MOST` are asked for in a second round,
    and the others have no look; nor have those that are more than `BATCHES_MOST` requests hold.
    """
    looks = {text: Look(problem="the value is too long") for text in texts}
    batches = list(_batches([text for text in texts if is_searchable(text)]))
    for batch in batches:
        for text in batch:
            del looks[text]
    return looks | _look_up(batches[:BATCHES_MOST], client)


def _batches(texts: Sequence[str]) -> Iterator[tuple[str, ...]]:
    """`texts` in parts that one request may ask for."""
    batch: list[str] = []
    length = 0
    for text in texts:
        more = len(quote_plus(f'"{text}",'))
        if batch and (len(batch) == IN_MAX or length + more > ADDRESS_MOST):
            yield tuple(batch)
            batch, length = [], 0
        batch.append(text)
        length += more
    if batch:
        yield tuple(batch)


def _look_up(batches: Sequence[tuple[str, ...]], client: Client) -> dict[str, Look]:
    if not batches:
        return {}
    asks = [_events(client, "equals", secrets.token_hex(16))]
    asks += [_events(client, "in", batch) for batch in batches]
    asks += [_indicators(client, batch) for batch in batches]
    control, *answers = _side_by_side(asks)
    pages, seen = answers[: len(batches)], answers[len(batches) :]
    _heed([control, *pages, *(answer for answer in seen if not _is_unserved(answer))])
    labels = _labels([control, *pages])
    looks: dict[str, Look] = {}
    unserved: list[str] = []
    for batch, page, indicators in zip(batches, pages, seen, strict=True):
        if _is_unserved(indicators):
            unserved += batch
        else:
            looks |= _together(batch, indicators, _listed(page, control), labels)
    return looks | _one_by_one(unserved[:ONE_BY_ONE_MOST], client, control)


def _events(client: Client, op: str, value: str | Sequence[str]) -> Ask:
    wanted = Filter("indicator", op, value)
    return lambda: client.list_events(
        dataset_ids=_EVERYWHERE, filters=[wanted], page_size=PAGE_SIZE
    )


def _indicators(client: Client, batch: Sequence[str]) -> Ask:
    return lambda: client.indicators(
        batch, dataset_ids=_EVERYWHERE, page_size=PAGE_SIZE, related_most=RELATED_MOST
    )


def _side_by_side(asks: Sequence[Ask]) -> list[Answer]:
    with ThreadPoolExecutor(max_workers=len(asks)) as pool:
        return list(pool.map(_tried, asks))


def _tried(ask: Ask) -> Answer:
    try:
        return ask()
    except ApiError as error:
        return error


def _is_unserved(answer: Answer) -> bool:
    """Whether the API lists no indicators, or not for us; the desk's access may be good."""
    return isinstance(answer, Refused) or getattr(answer, "status", None) == NOT_SERVED


def _heed(answers: Iterable[Answer]) -> None:
    """Looks share the API's rate limit with sends, which matter more."""
    for answer in answers:
        if isinstance(answer, ApiError):
            gate.heed_refusal(answer)
        else:
            gate.heed(answer.rate)


def _trouble(error: ApiError) -> str:
    """What a look says of a failure: our words, because the API's may repeat what was asked.

    A look is kept for each of its values and told to whoever asks for one of them; one failure is
    that of a whole batch, of which the others are nobody else's to know.
    """
    status = f" (HTTP {error.status})" if error.status else ""
    if isinstance(error, RateLimited):
        return f"Cloudflare asks to wait{status}"
    if isinstance(error, Refused):
        return f"Cloudflare refused the request{status}"
    if isinstance(error, NotSent):
        return "Cloudflare could not be reached"
    return f"Cloudflare did not answer in a way that tells{status}"


def _listed(page: Answer, control: Answer) -> _Listed:
    """`page` by the light of `control`, which asked for what no event has."""
    pages = [answer for answer in (page, control) if isinstance(answer, Page)]
    failures = [_trouble(answer) for answer in (page, control) if isinstance(answer, ApiError)]
    events = page.events if isinstance(page, Page) else ()
    is_heeded = isinstance(control, Page) and not control.events
    return _Listed(
        events,
        next(iter(failures), "" if is_heeded else _NOT_HEEDED),
        is_whole=all(each.is_complete for each in pages) and len(events) < PAGE_SIZE,
    )


def _labels(pages: Iterable[Answer]) -> dict[str, str]:
    """The label of every event that any page shows, by uuid, whatever indicator it shows."""
    events = (event for page in pages if isinstance(page, Page) for event in page.events)
    return {each.uuid: each.tlp for each in map(_sighting, events) if each.uuid}


def _together(
    batch: Sequence[str], answer: Answer, listed: _Listed, labels: Mapping[str, str]
) -> dict[str, Look]:
    """The looks for a batch by both lists. An event there shows one of its indicators alone.

    `labels` are those of the events that were listed, by uuid.
    """
    if not isinstance(answer, IndicatorPage):
        problem = _trouble(answer) if isinstance(answer, ApiError) else ""
        return {
            text: Look(tuple(_shown(text, listed.events)), problem, listed.is_whole)
            for text in batch
        }
    asked = {text.casefold() for text in batch}
    has_strays = any(each.value.casefold() not in asked for each in answer.indicators)
    doubt = listed.doubt or (_NOT_HEEDED if has_strays else "")
    is_whole = listed.is_whole and answer.is_complete and not answer.has_more
    looks = {}
    for text in batch:
        own = [each for each in answer.indicators if _same(each.value, text)]
        sightings = {each.uuid: each for item in own for each in _of_indicator(item, labels)}
        sightings |= {each.uuid: each for each in _shown(text, listed.events)}
        has_more = any(item.has_more for item in own)
        looks[text] = Look(tuple(sightings.values()), doubt, is_whole, has_more)
    return looks


def _one_by_one(texts: Sequence[str], client: Client, control: Answer) -> dict[str, Look]:
    """The list of events alone, asked for each value: so an event's other indicators count too."""
    if not texts:
        return {}
    pages = _side_by_side([_events(client, "equals", text) for text in texts])
    _heed(pages)
    return {
        text: _alone(text, _listed(page, control)) for text, page in zip(texts, pages, strict=True)
    }


def _alone(text: str, listed: _Listed) -> Look:
    shown = _shown(text, listed.events)
    sightings = shown if listed.doubt else map(_sighting, listed.events)
    has_more = len(listed.events) >= PAGE_SIZE
    return Look(tuple(sightings), listed.doubt, listed.is_whole, has_more)


def _shown(text: str, events: Iterable[dict[str, Any]]) -> list[Sighting]:
    """The events that show `text` as their indicator."""
    return [each for each in map(_sighting, events) if _same(each.indicator, text)]


def _same(one: str, other: str) -> bool:
    return one.casefold() == other.casefold()


def _sighting(event: dict[str, Any]) -> Sighting:
    return Sighting(*(str(event.get(name) or "")[:TEXT_MOST] for name in Sighting._fields))


def _of_indicator(item: SeenIndicator, labels: Mapping[str, str]) -> list[Sighting]:
    """The events of an indicator. An event's own label, where it is shown, says more than its
    indicator's.
    """
    if not item.related_events:
        return [Sighting("", item.tlp, "", "", item.value)]
    return [
        Sighting(event.event_id, labels.get(event.event_id, item.tlp), event.date, "", item.value)
        for event in item.related_events
    ]
