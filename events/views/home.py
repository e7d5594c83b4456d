"""/: what waits for me, the most urgent first."""

from typing import NamedTuple

from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from events.models import Heartbeat, State, Submission

SECTIONS = (
    (State.UNKNOWN, "Not known yet"),
    (State.DUPLICATED, "There more than once"),
    (State.ABSENT, "Not there: send again?"),
    (State.REJECTED, "Refused: correct and send again"),
    (State.READY, "Waiting to be sent"),
    (State.SENDING, "Being sent"),
    (State.DRAFT, "Drafts"),
)
MOVING = frozenset({State.READY, State.SENDING, State.UNKNOWN})
SHOWN = 20
RECENT = 5
COUNTED = 1_000


class Section(NamedTuple):
    """What is in one state: the newest of it, and how many there are, in words."""

    state: State
    title: str
    submissions: list[Submission]
    amount: str


def home(request: HttpRequest) -> HttpResponse:
    """The person's own unfinished submissions by state, and what was created last."""
    mine = Submission.objects.filter(author=request.user.pk).order_by("-updated_at").defer("body")
    # What was corrected in another event waits for nobody.
    waiting = mine.uncorrected()
    found = (_section(waiting.filter(state=state), state, title) for state, title in SECTIONS)
    sections = [section for section in found if section.submissions]
    needs_worker = any(section.state in MOVING for section in sections)
    context = {
        "sections": sections,
        "created": mine.filter(state=State.CREATED)[:RECENT],
        "needs_worker": needs_worker,
        "is_worker_alive": not needs_worker or Heartbeat.any_alive(),
    }
    return render(request, "home.html", context)


def _section(rows: "QuerySet[Submission]", state: State, title: str) -> Section:
    """Each state is asked for by itself, so that many drafts never hide what is urgent."""
    newest = list(rows[: SHOWN + 1])
    if len(newest) <= SHOWN:
        return Section(state, title, newest, str(len(newest)))
    # Counting all could take long; from some number on it says nothing more.
    count = rows.order_by()[: COUNTED + 1].count()
    in_all = f"{count:,}" if count <= COUNTED else f"more than {COUNTED:,}"
    return Section(state, title, newest[:SHOWN], f"the newest {SHOWN} of {in_all}")
