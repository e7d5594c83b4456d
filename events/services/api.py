"""The API client of this process, made from the settings."""

from functools import lru_cache

from django.conf import settings

from events.cloudflare import Client


@lru_cache(maxsize=1)
def client() -> Client:
    """One client, so that connections are pooled; `client.cache_clear()` after a change."""
    return settings.CLOUDFLARE.client()
