"""Looks into Cloudforce One: asked for with a short deadline, and kept for minutes."""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from functools import lru_cache
from typing import Any, TypeAlias

from django.conf import settings
from django.core.cache import cache

from events.cloudflare import Client
from events.outbox import gate
from events.payload.values import digest
from events.vetting.inquiry import Look, inquire

DEADLINE = 3.0
KEPT = 600
FAILURE_KEPT = 60

# Entered around the requests of one look: why they are not made, empty if they are.
Permit: TypeAlias = Callable[[], AbstractContextManager[str]]


def client() -> Client:
    """The API client with a short deadline, which keeps its connections."""
    return _client(settings.CLOUDFLARE, DEADLINE)


@lru_cache(maxsize=1)
def _client(cloudflare: Any, deadline: float) -> Client:
    made: Client = cloudflare.client(deadline=deadline, connect_timeout=deadline)
    return made


def look_for(texts: Sequence[str], client: Client, permit: Permit) -> dict[str, Look]:
    """A look for each of `texts`, from the cache or from a round of requests side by side.

    A round takes `DEADLINE` seconds at most, and there are two at most. The last of many texts may
    have no look. `permit` is asked before there are any requests. What was found is kept for `KEPT`
    seconds, "nothing" too, and what is not sure for `FAILURE_KEPT`.
    """
    keys = {text: _key(text) for text in texts}
    kept: dict[str, Look] = cache.get_many(keys.values())
    looks = {text: kept[key] for text, key in keys.items() if key in kept}
    missing = [text for text in texts if text not in looks]
    if not missing:
        return looks
    if closed := gate.closed():
        return looks | _none(missing, closed.sentence)
    with permit() as refusal:
        if refusal:
            return looks | _none(missing, refusal)
        fresh = inquire(missing, client)
    for text, look in fresh.items():
        is_sure = look.is_whole and not look.problem
        cache.set(keys[text], look, KEPT if is_sure else FAILURE_KEPT)
    return looks | fresh


def _none(texts: Sequence[str], problem: str) -> dict[str, Look]:
    return {text: Look(problem=problem) for text in texts}


def _key(text: str) -> str:
    where = f"{settings.CLOUDFLARE.base_url} {settings.CLOUDFLARE.account_id}"
    return f"there:{digest(f'{where} {text}')}"
