"""What every page's template knows besides its own: which API is in use, and how to show it."""

from django.conf import settings
from django.db import DatabaseError
from django.http import HttpRequest

from events import outbox
from events.services import preferences


def desk(request: HttpRequest) -> dict[str, object]:
    """`sandbox`: True where events go to the sandbox and not to Cloudflare. `theme` and
    `time_zone` are what the person chose, empty for the default. `closed` says why the API is not
    asked now, None if it is: a pause of seconds is not worth a word on every page.
    """
    chosen = preferences.chosen(request)
    return {
        "sandbox": settings.CLOUDFLARE.sandbox,
        "theme": chosen.theme,
        "time_zone": chosen.time_zone,
        "closed": _breaker(),
    }


def _breaker() -> outbox.Closed | None:
    """The open circuit breaker; None also while the database is away, which has its own page."""
    try:
        return outbox.breaker()
    except DatabaseError:
        return None
