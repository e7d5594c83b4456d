"""/: what waits for me, the most urgent first."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from events.models import Heartbeat, State, Submission

SECTIONS = (
    (State.UNKNOWN, "Not known yet"),
    (State.DUPLICATED, "There more than once"),
    (State.ABSENT, "Not there: send again?"),
    (State.REJECTED, "Refused: mend and send again"),
    (State.READY, "Waiting to be sent"),
    (State.SENDING, "Being sent"),
    (State.DRAFT, "Drafts"),
)
SHOWN = 20
RECENT = 5


def home(request: HttpRequest) -> HttpResponse:
    """The person's own unfinished submissions by state, and what was created last."""
    mine = Submission.objects.filter(author=request.user.pk).order_by("-updated_at").defer("body")
    found: dict[str, list[Submission]] = {}
    waiting = mine.exclude(state__in=(State.CREATED, State.DISCARDED))
    for submission in waiting[: SHOWN * len(SECTIONS)]:
        found.setdefault(submission.state, []).append(submission)
    sections = [
        {
            "state": state,
            "title": title,
            "submissions": found[state][:SHOWN],
            "more": len(found[state]) > SHOWN,
        }
        for state, title in SECTIONS
        if state in found
    ]
    needs_worker = any(state in found for state in (State.READY, State.SENDING, State.UNKNOWN))
    context = {
        "sections": sections,
        "created": mine.filter(state=State.CREATED)[:RECENT],
        "needs_worker": needs_worker,
        "is_worker_alive": not needs_worker or Heartbeat.any_alive(),
    }
    return render(request, "home.html", context)
