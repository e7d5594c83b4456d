"""Pages that show nothing before the log has it: without evidence there is no view."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string

from events.services.evidence import NotLogged

_WHAT = (
    "Looking at this is kept in the audit log, and the log takes nothing right now: the database "
    "is locked, full or away. So it is not shown. Nothing was changed. Try again in a minute."
)


def evident(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """`view`, with a 503 page in its place if its entry could not be written."""

    @wraps(view)
    def wrapped(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        try:
            return view(request, *args, **kwargs)
        except NotLogged:
            return not_shown()

    return wrapped


def not_shown() -> HttpResponse:
    """503: the page that says why nothing is shown."""
    context = {"title": "Not shown now", "what": _WHAT}
    return HttpResponse(render_to_string("errors/500.html", context), status=503)
