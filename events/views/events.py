"""/events/: every event that the person may see, newest first, in keyset pages."""

from datetime import datetime
from uuid import UUID

from django.contrib.auth.decorators import permission_required
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from events.models import State, Submission

PAGE = 50


@permission_required("events.view_submission", raise_exception=True)
def events(request: HttpRequest) -> HttpResponse:
    """One page: `state` and `mine` filter, `before` goes on from the last row of a page."""
    rows = Submission.objects.visible_to(request.user).order_by("-updated_at", "-id").defer("body")
    state = request.GET.get("state", "")
    if state in State.values:
        rows = rows.filter(state=state)
    if request.GET.get("mine"):
        rows = rows.filter(author=request.user.pk)
    if before := _position(request.GET.get("before", "")):
        moment, identifier = before
        rows = rows.filter(Q(updated_at__lt=moment) | Q(updated_at=moment, id__lt=identifier))
    page = list(rows[: PAGE + 1])
    older = page[PAGE - 1] if len(page) > PAGE else None
    context = {
        "submissions": page[:PAGE],
        "older": f"{older.updated_at.isoformat()}_{older.pk}" if older else "",
        "states": State,
        "state": state,
        "mine": request.GET.get("mine", ""),
        "is_first": not before,
    }
    return render(request, "events/list.html", context)


def _position(text: str) -> tuple[datetime, UUID] | None:
    moment, _, identifier = text.partition("_")
    try:
        position = datetime.fromisoformat(moment), UUID(identifier)
    except ValueError:
        return None
    return position if position[0].tzinfo else None
