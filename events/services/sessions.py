"""Sessions of people: when each began, was last used, and ends; who ends one ends it for good.

Each signed-in session has a row beside it (`UserSession`), and counts only as long as it has. Times
are the database's.
"""

from allauth.usersessions.models import UserSession
from django.contrib.auth.models import User
from django.contrib.sessions.models import Session
from django.db import transaction


def end_all(user: User, *, but: str | None = None) -> int:
    """End every session of `user`, but the one with that key; says how many."""
    rows = UserSession.objects.filter(user=user).exclude(session_key=but)
    return end(*rows.values_list("session_key", flat=True))


def end(*keys: str) -> int:
    """End the sessions with these `keys`; says how many there were."""
    with transaction.atomic():
        Session.objects.filter(session_key__in=keys).delete()
        count, _ = UserSession.objects.filter(session_key__in=keys).delete()
    return int(count)
