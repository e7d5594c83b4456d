"""Who asks: the person behind a request, what the log calls them, and what they may do."""

import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest

from events import audit

NOBODY = "(not signed in)"
_WITH_PORT = re.compile(r"\[([^\[\]]*)\](?::[0-9]*)?|([0-9.]+):[0-9]*")

_in_progress: ContextVar[HttpRequest | None] = ContextVar("request in progress", default=None)


class NotAllowed(PermissionDenied):
    """The person has not the right to this; the text names it."""


@dataclass(frozen=True)
class Person:
    """A signed-in user and how the audit log names them."""

    user: User
    actor: audit.Actor

    def must(self, permission: str) -> None:
        """Raise `NotAllowed` unless the person has `permission` (such as `events.view_red`)."""
        if not self.user.has_perm(permission):
            raise NotAllowed(permission)


def person(request: HttpRequest) -> Person:
    """The person behind `request`, who has to be signed in."""
    if not isinstance(request.user, User):
        raise NotAllowed("sign in first")
    return Person(request.user, actor(request, request.user.get_username(), request.user.pk))


def actor(request: HttpRequest, name: str, identifier: int | None = None) -> audit.Actor:
    """How the log names whoever made `request`."""
    return audit.Actor(
        id=identifier,
        name=name,
        address=address(request),
        request_id=request.META.get("REQUEST_ID", ""),
    )


@contextmanager
def serving(request: HttpRequest) -> Iterator[None]:
    """Whatever happens inside is the doing of whoever made `request`."""
    token = _in_progress.set(request)
    try:
        yield
    finally:
        _in_progress.reset(token)


def acting_request() -> HttpRequest | None:
    """The request that is being served here; None in a command."""
    return _in_progress.get()


def acting() -> audit.Actor:
    """Who acts now: the person of the request in progress, else the command that runs."""
    request = acting_request()
    if request is None:
        return audit.Actor.system(_command())
    if isinstance(request.user, User):
        return person(request).actor
    return actor(request, NOBODY)


def _command() -> str:
    """The name of the `manage.py` command that this process is, else of the program."""
    program, *arguments = sys.argv or ["python"]
    name = Path(program).name
    return arguments[0] if name in {"manage.py", "django-admin"} and arguments else name


def address(request: HttpRequest) -> str:
    """Where the request came from.

    `X-Forwarded-For` counts only behind a proxy that we were told to trust, and there only the
    last address, which is the one the proxy itself saw.
    """
    forwarded = request.META.get("HTTP_X_FORWARDED_FOR", "")
    if settings.TRUST_PROXY and forwarded:
        return _without_port(str(forwarded.split(",")[-1].strip()[:64]))
    return str(request.META.get("REMOTE_ADDR", ""))


def _without_port(text: str) -> str:
    """Some proxies write the port behind an address, and those of IPv6 in brackets."""
    found = _WITH_PORT.fullmatch(text)
    return (found[1] or found[2]) if found else text
