"""Every address of the desk, found in the URL configuration itself, admin included."""

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

from django.urls import URLPattern, get_resolver

# The admin writes this one as a regular expression.
_APP_LIST = r"^(?P<app_label>events|auth)/$"


@lru_cache(maxsize=1)
def routes() -> dict[str, str]:
    """Name → route (`events/<uuid:pk>/`); an address without a name has its route as name."""
    return dict(_walk(get_resolver(), (), ""))


def takes_object(page: str) -> bool:
    """Whether the address of `page` holds the key of an object."""
    return "<" in routes()[page]


def path(page: str, key: str) -> str:
    """The address of `page` for the object with `key`."""
    return "/" + re.sub(r"\(\.\*\)\$$|<[^>]+>", lambda _: key, routes()[page])


def _walk(resolver: Any, names: tuple[str, ...], prefix: str) -> Iterator[tuple[str, str]]:
    for each in resolver.url_patterns:
        route = prefix + str(each.pattern).replace(_APP_LIST, "<app_label>/")
        if isinstance(each, URLPattern):
            # The last of the admin's addresses takes whatever no other one takes.
            route = route.replace("(?P<url>.*)$", "<url>")
            yield ":".join((*names, each.name)) if each.name else route, route
        else:
            yield from _walk(each, (*names, each.namespace) if each.namespace else names, route)
