"""/healthz: whether this process can serve, for whoever watches it."""

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse, JsonResponse

from events.services import health

BOUND = 1.0


@login_not_required
def healthz(request: HttpRequest) -> HttpResponse:
    """`status`, and a few words on each part, within `BOUND` seconds.

    ok: all is well. degraded: pages and drafts work, something else does not. unavailable, with
    503: nothing works. Says nothing about what the desk holds.
    """
    parts = health.collect_within(BOUND)
    can_serve = all(part.is_well for part in parts.values() if part.is_needed)
    is_well = all(part.is_well for part in parts.values())
    status = "ok" if is_well else "degraded" if can_serve else "unavailable"
    told = {"status": status} | {name: part.words for name, part in parts.items()}
    return JsonResponse(told, status=200 if can_serve else 503)
