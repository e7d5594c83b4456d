"""/events/: every event that the person may see, newest first, in keyset pages.

A search is a POST, so that neither URLs nor logs of proxies hold what was searched for.
"""

from datetime import datetime
from uuid import UUID

from django.contrib.auth.decorators import permission_required
from django.db.models import Q
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import urlencode
from django.views.decorators.http import require_http_methods

from events import services
from events.audit.body import moment_in_utc
from events.models import State, Submission
from events.services import evidence, search
from events.views import corrections
from events.views.evident import evident

PAGE = 50


@require_http_methods(["GET", "HEAD", "POST"])
@permission_required("events.view_submission", raise_exception=True)
@evident
def events(request: HttpRequest) -> HttpResponse:
    """One page: `state` and `mine` filter, `before` goes on from the last row of a page.

    By POST also `q`, what to search for; a POST without it leads to the page by GET.
    """
    asked = request.POST if request.method == "POST" else request.GET
    q = request.POST.get("q", "").strip()[: search.QUERY_MAX]
    if request.method == "POST" and not q:
        return redirect(f"{reverse('events')}?{urlencode(_filters(asked))}")
    person = services.person(request)
    if q:
        evidence.searched(person, q)
    rows = search.search(q, request.user) if q else Submission.objects.visible_to(request.user)
    rows = rows.order_by("-updated_at", "-id").defer("body")
    state = asked.get("state", "")
    if state in State.values:
        rows = rows.filter(state=state)
    if asked.get("mine"):
        rows = rows.filter(author=request.user.pk)
    if before := _position(asked.get("before", "")):
        moment, identifier = before
        # The first condition says nothing new, but it is the one that an index serves.
        rows = rows.filter(updated_at__lte=moment)
        rows = rows.filter(Q(updated_at__lt=moment) | Q(id__lt=identifier))
    page = list(rows[: PAGE + 1])
    evidence.listed(person, page[:PAGE])
    older = page[PAGE - 1] if len(page) > PAGE else None
    context = {
        "submissions": page[:PAGE],
        "twice": corrections.twice_among(page),
        "older": f"{older.updated_at.isoformat()}_{older.pk}" if older else "",
        "states": State,
        "state": state,
        "mine": asked.get("mine", ""),
        "q": q,
        "words_in": f"{search.WORDS_IN:,}",
        "is_first": not before,
    }
    return render(request, "events/list.html", context)


def _filters(asked: QueryDict) -> dict[str, str]:
    return {name: asked.get(name, "") for name in ("state", "mine") if asked.get(name)}


def _position(text: str) -> tuple[datetime, UUID] | None:
    """The place that a link of ours names; None for anything else that stands in the address."""
    moment, _, identifier = text.partition("_")
    at = moment_in_utc(moment)
    try:
        return (at, UUID(identifier)) if at else None
    except ValueError:
        return None
