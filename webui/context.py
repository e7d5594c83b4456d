"""What every page's template knows besides its own: which API is in use, and how to show it."""

from django.conf import settings
from django.db import DatabaseError
from django.http import HttpRequest

from events import outbox
from events.services import preferences, sessions, whose


def desk(request: HttpRequest) -> dict[str, object]:
    """`sandbox`: True where events go to the sandbox and not to Cloudflare. `theme` and
    `time_zone` are what the person chose, empty for the default. `closed` says why the API is not
    asked now, None if it is: a pause of seconds is not worth a word on every page. `session_left`
    is in how many seconds the session ends if nothing is done; None if nobody is signed in.
    `whose` names the account that the page is for.
    """
    chosen = preferences.chosen(request)
    return {
        "sandbox": settings.CLOUDFLARE.sandbox,
        "theme": chosen.theme,
        "time_zone": chosen.time_zone,
        "closed": _breaker(),
        "session_left": _session_left(request),
        "whose": _whose(request),
    }


def _session_left(request: HttpRequest) -> int | None:
    """Pages of errors may come before there is a session."""
    left = sessions.left(request.session) if hasattr(request, "session") else None
    return left[0] if left else None


def _whose(request: HttpRequest) -> str:
    """As `_session_left`: there may be no user yet."""
    return whose.mark(request.user) if hasattr(request, "user") else ""


def _breaker() -> outbox.Closed | None:
    """The open circuit breaker; None also while the database is away, which has its own page."""
    try:
        return outbox.breaker()
    except DatabaseError:
        return None
