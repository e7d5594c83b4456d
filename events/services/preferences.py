"""Preferences: stored once per person, and kept in the session so that no page reads them."""

from functools import lru_cache
from typing import NamedTuple
from zoneinfo import available_timezones

from django.contrib.auth.models import User
from django.contrib.sessions.backends.base import SessionBase
from django.http import HttpRequest

from events.models import Preferences

_KEY = "preferences"


class Chosen(NamedTuple):
    """What a person chose; empty is the desk's own default. `time_zone` is an IANA name."""

    dataset_id: str = ""
    time_zone: str = ""
    theme: str = ""


@lru_cache(maxsize=1)
def time_zones() -> tuple[str, ...]:
    """The IANA names of places, in order: what this machine's time zone data knows."""
    return tuple(sorted(name for name in available_timezones() if _is_place(name)))


def chosen(request: HttpRequest) -> Chosen:
    """What the person behind `request` chose, by their session: no query."""
    session = getattr(request, "session", None)
    kept = session.get(_KEY) if session is not None else None
    return Chosen(*kept) if isinstance(kept, list) else Chosen()


def take_along(session: SessionBase, user: User) -> None:
    """Put into a new `session` what `user` chose."""
    stored = Preferences.objects.filter(user=user).values_list(*Chosen._fields).first()
    if stored is not None:
        session[_KEY] = list(stored)


def save(session: SessionBase, user: User, wanted: Chosen) -> None:
    """Store `wanted` for `user`, and use it in this session from now on."""
    Preferences.objects.update_or_create(user=user, defaults=wanted._asdict())
    session[_KEY] = list(wanted)


def _is_place(name: str) -> bool:
    return "/" in name and not name.startswith(("Etc/", "posix/", "right/", "SystemV/"))
