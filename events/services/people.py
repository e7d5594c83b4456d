"""Who asks: the person behind a request, what the log calls them, and what they may do."""

from dataclasses import dataclass

from django.conf import settings
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest

from events import audit


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


def address(request: HttpRequest) -> str:
    """Where the request came from.

    `X-Forwarded-For` counts only behind a proxy that we were told to trust, and there only the
    last address, which is the one the proxy itself saw.
    """
    forwarded = request.META.get("HTTP_X_FORWARDED_FOR", "")
    if settings.TRUST_PROXY and forwarded:
        return str(forwarded.split(",")[-1].strip()[:64])
    return str(request.META.get("REMOTE_ADDR", ""))
