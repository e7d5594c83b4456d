"""The API client of this process, made from the settings."""

from functools import lru_cache

from django.conf import settings

from events.cloudflare import Client


@lru_cache(maxsize=1)
def client() -> Client:
    """One client, so that connections are pooled; `client.cache_clear()` after a change."""
    cloudflare = settings.CLOUDFLARE
    return Client(
        base_url=cloudflare.base_url,
        account_id=cloudflare.account_id,
        token=cloudflare.token,
        deadline=cloudflare.deadline,
        proxy=cloudflare.proxy,
        search_style=cloudflare.search_style,
    )
