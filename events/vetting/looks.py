"""Looks into Cloudforce One: asked for with a short deadline, and kept for minutes."""

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from django.conf import settings
from django.core.cache import cache

from events.cloudflare import Client
from events.outbox import gate
from events.vetting.inquiry import Look, inquire
from events.vetting.values import digest

DEADLINE = 3.0
KEPT = 600
FAILURE_KEPT = 60


def client() -> Client:
    """The API client with a short deadline, which keeps its connections."""
    return _client(settings.CLOUDFLARE, DEADLINE)


@lru_cache(maxsize=1)
def _client(cloudflare: Any, deadline: float) -> Client:
    made: Client = cloudflare.client(deadline=deadline, connect_timeout=deadline)
    return made


def look_for(texts: Sequence[str], client: Client) -> dict[str, Look]:
    """A look for each of `texts`, from the cache or from a round of requests side by side.

    A round takes `DEADLINE` seconds at most, and there are two at most. The last of many texts may
    have no look. What was found is kept for `KEPT` seconds, "nothing" too, and what is not sure for
    `FAILURE_KEPT`.
    """
    keys = {text: _key(text) for text in texts}
    kept: dict[str, Look] = cache.get_many(keys.values())
    looks = {text: kept[key] for text, key in keys.items() if key in kept}
    missing = [text for text in texts if text not in looks]
    if missing and (closed := gate.closed()):
        return looks | {text: Look(problem=closed.sentence) for text in missing}
    fresh = inquire(missing, client)
    for text, look in fresh.items():
        is_sure = look.is_whole and not look.problem
        cache.set(keys[text], look, KEPT if is_sure else FAILURE_KEPT)
    return looks | fresh


def _key(text: str) -> str:
    where = f"{settings.CLOUDFLARE.base_url} {settings.CLOUDFLARE.account_id}"
    return f"there:{digest(f'{where} {text}')}"
