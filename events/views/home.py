"""/: what waits for me, the most urgent first."""

from typing import NamedTuple

from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from events import audit
from events.models import WAS_ALTERED, Heartbeat, State, Submission
from events.models.states import ALTERED
from events.views import corrections


class Kind(NamedTuple):
    """What waits in one way: `slug` is its id on the page, `help` what is said of it."""

    slug: str
    title: str
    help: str
    which: Q
    needs_worker: bool = False


def _in(state: State, title: str, *, which: Q | None = None, needs_worker: bool = False) -> Kind:
    text = f"{state.words.meaning} {state.words.may_do}"
    return Kind(state.value, title, text, Q(state=state) & (which or Q()), needs_worker)


_IN_DOUBT = Q(unknown_since__isnull=False)
_FOR_A_PERSON = Q(next_at=None)
DUPLICATED = _in(State.DUPLICATED, "There more than once")
KINDS = (
    _in(State.UNKNOWN, "Not known yet", needs_worker=True),
    Kind(
        "altered",
        "Held: changed in the database",
        f"{ALTERED.meaning} {ALTERED.may_do}",
        WAS_ALTERED,
    ),
    Kind(
        "in-doubt",
        "Refused, but an earlier send may exist",
        "Look in Cloudforce One before you correct it: the correction is an event of its own.",
        Q(state=State.REJECTED) & _IN_DOUBT & ~WAS_ALTERED,
        needs_worker=True,
    ),
    DUPLICATED,
    _in(State.ABSENT, "Not there: send again?"),
    _in(State.REJECTED, "Refused: correct and send again", which=~_IN_DOUBT & ~WAS_ALTERED),
    Kind(
        "for-you",
        "Waiting for you: try it now",
        "It was tried often and is not tried again by itself. Do not type it again.",
        Q(state=State.READY) & _FOR_A_PERSON,
    ),
    _in(State.READY, "Waiting to be sent", which=~_FOR_A_PERSON, needs_worker=True),
    _in(State.SENDING, "Being sent", needs_worker=True),
    _in(State.DRAFT, "Drafts"),
)
SHOWN = 20
RECENT = 5
COUNTED = 1_000


class Section(NamedTuple):
    """What waits in one way: the newest of it, and how many there are, in words."""

    kind: Kind
    submissions: list[Submission]
    amount: str


def home(request: HttpRequest) -> HttpResponse:
    """The person's own unfinished submissions by state, and what was created last."""
    mine = Submission.objects.filter(author=request.user.pk).order_by("-updated_at").defer("body")
    # What was corrected in another event waits for nobody.
    waiting = mine.uncorrected()
    # What is there twice does, whether it was corrected or not.
    twice = corrections.keys(Submission.objects.both_there().filter(author=request.user.pk))
    rows = {DUPLICATED: mine.filter(DUPLICATED.which | Q(pk__in=twice, state=State.CREATED))}
    found = (_section(rows.get(kind, waiting.filter(kind.which)), kind) for kind in KINDS)
    sections = [section for section in found if section.submissions]
    needs_worker = any(section.kind.needs_worker for section in sections)
    may_see_log = request.user.has_perm("events.view_auditentry")
    context = {
        "sections": sections,
        "created": mine.filter(state=State.CREATED)[:RECENT],
        "twice": twice,
        "needs_worker": needs_worker,
        "is_worker_alive": not needs_worker or Heartbeat.any_alive(),
        "alarm": audit.alarm() if may_see_log else None,
        "alterations": audit.unseen_alterations() if may_see_log else [],
    }
    return render(request, "home.html", context)


def _section(rows: "QuerySet[Submission]", kind: Kind) -> Section:
    """Each kind is asked for by itself, so that many drafts never hide what is urgent."""
    newest = list(rows[: SHOWN + 1])
    if len(newest) <= SHOWN:
        return Section(kind, newest, str(len(newest)))
    # Counting all could take long; from some number on it says nothing more.
    count = rows.order_by()[: COUNTED + 1].count()
    in_all = f"{count:,}" if count <= COUNTED else f"more than {COUNTED:,}"
    return Section(kind, newest[:SHOWN], f"the newest {SHOWN} of {in_all}")
