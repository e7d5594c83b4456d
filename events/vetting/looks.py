"""Looks into Cloudforce One: bounded in number and time, and kept for minutes."""

import secrets
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from functools import lru_cache
from typing import Any, NamedTuple

from django.conf import settings
from django.core.cache import cache

from events.cloudflare import ApiError, Client, Filter, Page
from events.outbox import gate
from events.vetting.values import digest

DEADLINE = 3.0
PAGE_SIZE = 20
# A longer value would not fit a URL that every proxy passes.
LONGEST = 500
KEPT = 600
FAILURE_KEPT = 60
_EVERYWHERE = ("all",)


class Sighting(NamedTuple):
    """One event there."""

    uuid: str
    tlp: str
    date: str
    category: str
    indicator: str


class Look(NamedTuple):
    """What one look found; `problem` says why it tells nothing, empty if it does."""

    sightings: tuple[Sighting, ...] = ()
    problem: str = ""


def client() -> Client:
    """The API client with a short deadline, which keeps its connections."""
    return _client(settings.CLOUDFLARE, DEADLINE)


@lru_cache(maxsize=1)
def _client(cloudflare: Any, deadline: float) -> Client:
    made: Client = cloudflare.client(deadline=deadline, connect_timeout=deadline)
    return made


def look_for(texts: Sequence[str], client: Client, now: datetime) -> dict[str, Look]:
    """A look for each of `texts`, from the cache or from one round of requests side by side.

    The round takes `DEADLINE` seconds at most. What it found is kept for `KEPT` seconds, "nothing"
    too, and a failure for `FAILURE_KEPT`.
    """
    keys = {text: _key(text) for text in texts}
    kept: dict[str, Look] = cache.get_many(keys.values())
    missing = [text for text in texts if keys[text] not in kept]
    if missing and (closed := gate.closed()):
        paused = Look(problem=closed.sentence)
        return {text: kept.get(keys[text], paused) for text in texts}
    fresh = {keys[text]: look for text, look in _ask(missing, client).items()}
    _keep(fresh)
    return {text: (kept | fresh)[keys[text]] for text in texts}


def _key(text: str) -> str:
    where = f"{settings.CLOUDFLARE.base_url} {settings.CLOUDFLARE.account_id}"
    return f"there:{digest(f'{where} {text}')}"


def _keep(looks: dict[str, Look]) -> None:
    for key, look in looks.items():
        cache.set(key, look, FAILURE_KEPT if look.problem else KEPT)


def _ask(texts: Sequence[str], client: Client) -> dict[str, Look]:
    """One request per value and, to see whether the API heeds the filter, one for nonsense."""
    if not texts:
        return {}
    asked = [*texts, secrets.token_hex(16)]
    with ThreadPoolExecutor(max_workers=len(asked)) as pool:
        *pages, control = pool.map(lambda text: _page(text, client), asked)
    _heed([*pages, control])
    is_heeded = isinstance(control, Page) and not control.events
    return {
        text: _look(text, page, is_heeded=is_heeded)
        for text, page in zip(texts, pages, strict=True)
    }


def _page(text: str, client: Client) -> Page | ApiError | None:
    if len(text) > LONGEST:
        return None
    try:
        return client.list_events(
            dataset_ids=_EVERYWHERE,
            filters=[Filter("indicator", "equals", text)],
            page_size=PAGE_SIZE,
        )
    except ApiError as error:
        return error


def _heed(answers: Iterable[Page | ApiError | None]) -> None:
    """Looks share the API's rate limit with sends, which matter more."""
    for answer in answers:
        if isinstance(answer, Page):
            gate.heed(answer.rate)
        elif answer is not None:
            gate.failed(answer, create=False)


def _look(text: str, page: Page | ApiError | None, *, is_heeded: bool) -> Look:
    """An event of several indicators shows one of them: only the filter tells of the others."""
    if page is None:
        return Look(problem="the value is too long")
    if isinstance(page, ApiError):
        return Look(problem=page.detail)
    sightings = tuple(map(_sighting, page.events))
    same = tuple(each for each in sightings if each.indicator.casefold() == text.casefold())
    if is_heeded or same or not sightings:
        return Look(sightings if is_heeded else same)
    return Look(problem="the API did not keep to the filter")


def _sighting(event: dict[str, Any]) -> Sighting:
    return Sighting(*(str(event.get(name) or "")[:LONGEST] for name in Sighting._fields))
