"""From an entry's object to its page."""

import re
from functools import lru_cache
from uuid import UUID

from django.contrib.auth.models import AbstractBaseUser, AnonymousUser
from django.urls import reverse

_ADMIN_PAGES = {
    "audit": "admin:events_auditentry_change",
    "user": "admin:auth_user_change",
    "group": "admin:auth_group_change",
    "knownvalue": "admin:events_knownvalue_change",
}
# Who may open them; an entry can be opened by whoever sees the log.
_NEEDED = {
    "user": "auth.view_user",
    "group": "auth.view_group",
    "knownvalue": "events.view_knownvalue",
}
_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_NUMBERED = re.compile(r"([a-z]+):([0-9]{1,18})", re.ASCII)


def refused_to(user: AbstractBaseUser | AnonymousUser) -> frozenset[str]:
    """The kinds of objects whose pages `user` may not open, so that no link leads there."""
    may = getattr(user, "has_perm", lambda _: False)
    return frozenset(kind for kind, needed in _NEEDED.items() if not may(needed))


def object_link(object_id: str, refused: frozenset[str]) -> tuple[str, str]:
    """The text and the URL for an object: a submission's uuid, or `user:5` and the like.

    The URL is empty for everything else, and for kinds that are `refused`: no text from outside
    becomes a link.
    """
    if _UUID.fullmatch(object_id):
        return object_id, _event_page().format(object_id)
    numbered = _NUMBERED.fullmatch(object_id)
    if numbered is None or numbered[1] not in _ADMIN_PAGES:
        return object_id, ""
    kind, key = numbered[1], numbered[2]
    words = {"audit": "entry", "knownvalue": "known value"}.get(kind, kind)
    url = "" if kind in refused else reverse(_ADMIN_PAGES[kind], args=[key])
    return f"{words} {key}", url


@lru_cache(maxsize=1)
def _event_page() -> str:
    """The URL of a submission with braces for its id: reversing it for each row costs more."""
    some = UUID(int=0)
    return reverse("event_detail", args=[some]).replace(str(some), "{}")
