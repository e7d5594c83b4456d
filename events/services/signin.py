"""Signing in and out: throttled per account and per address, every outcome in the log."""

from datetime import datetime, timedelta

from django.contrib.auth.models import User
from django.http import HttpRequest

from events import audit
from events.audit.body import ACTOR_MAX, plain
from events.services import throttle
from events.services.people import actor, address

ACCOUNT_LIMIT = 10
ADDRESS_LIMIT = 100
WINDOW = timedelta(minutes=15)


def locked_until(request: HttpRequest, name: str) -> datetime | None:
    """Until when this account, or this address, may not try again; None if it may."""
    limits = ((_account(name), ACCOUNT_LIMIT), (_address(request), ADDRESS_LIMIT))
    ends = [throttle.blocked(key, limit=limit, window=WINDOW) for key, limit in limits]
    return max((end for end in ends if end is not None), default=None)


def failed(request: HttpRequest, name: str, reason: str) -> None:
    """Log and count a sign-in that failed. The name is cut: people type passwords there."""
    throttle.hit(_account(name), limit=ACCOUNT_LIMIT, window=WINDOW)
    throttle.hit(_address(request), limit=ADDRESS_LIMIT, window=WINDOW)
    known = User.objects.filter(username=_storable(name)).exists()
    who = actor(request, _storable(name) if known else "(no such account)")
    audit.record(audit.Fact("session.sign_in_failed", who, outcome="failed", reason=reason))


def signed_in(request: HttpRequest, user: User) -> None:
    """Log a sign-in."""
    throttle.forget(_account(user.get_username()))
    who = actor(request, user.get_username(), user.pk)
    audit.record(audit.Fact("session.signed_in", who))


def signed_out(request: HttpRequest, user: User) -> None:
    """Log a sign-out."""
    who = actor(request, user.get_username(), user.pk)
    audit.record(audit.Fact("session.signed_out", who))


def _account(name: str) -> str:
    return f"sign-in account {_storable(name).lower()}"


def _storable(name: str) -> str:
    """`name` as every database takes it: anything may be posted, NUL too."""
    return plain(name, ACTOR_MAX)


def _address(request: HttpRequest) -> str:
    return f"sign-in address {address(request)}"
