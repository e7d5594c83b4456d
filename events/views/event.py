"""/events/<uuid>/: one submission: its state, what was sent, what came back, its timeline."""

import json
from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import permission_required
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from events import clock, reference, services, vetting
from events.forms.choices import dataset_words
from events.models import PENDING, THERE, Heartbeat, State, Submission, may_see_red
from events.outbox import gate
from events.outbox.sweeps import LATER
from events.services import evidence
from events.services.rules import SEND, must_be_own
from events.views import corrections
from events.views.evident import evident
from events.views.standing import Desk, fields, standing
from events.views.timeline import timeline

# An old answer says nothing of these any more.
SETTLED = THERE | {State.ABSENT}
MOVING = frozenset({State.READY, State.SENDING, State.UNKNOWN})


@require_GET
@permission_required("events.view_submission", raise_exception=True)
@evident
def event(request: HttpRequest, pk: UUID) -> HttpResponse:
    """The page of one submission; loading it again never sends anything."""
    return _page(request, _to_show(request, pk))


def _page(
    request: HttpRequest, submission: Submission, *, reason: str = "", status: int = 200
) -> HttpResponse:
    """The page; `reason` is what was written and could not be taken."""
    state = State(submission.state)
    can = _allowed(request, submission)
    related = corrections.of(submission, request.user)
    is_held = _is_held(submission)
    needs_worker = state in MOVING or submission.may_exist
    is_worker_alive = not needs_worker or Heartbeat.any_alive()
    desk = Desk(gate.closed(), is_worker_alive, is_held, can["take_back"], related.twice)
    context = _of_itself(submission) | {
        "standing": standing(submission, desk),
        "reason": reason,
        "timeline": timeline(
            submission,
            is_named=related.names_corrected,
            is_red_told=may_see_red(request.user) or submission.author_id == request.user.pk,
        ),
        "takes_reason": can["decide"] or can["declare_unsent"],
        "is_paused": desk.closed is not None and desk.closed.kind is gate.Kind.PAUSED,
        "related": related,
        "can": can
        | {
            "correct": can["correct"] and related.is_open,
            "duplicate": can["duplicate"] and not related.twice,
        },
        "is_worker_alive": is_worker_alive,
    }
    return render(request, "events/detail.html", context, status=status)


def _of_itself(submission: Submission) -> dict[str, object]:
    """What the page shows of `submission` itself, whoever looks."""
    state, now = State(submission.state), clock.now()
    account = f"{settings.CLOUDFLARE.base_url}/accounts/{settings.CLOUDFLARE.account_id}"
    return {
        "submission": submission,
        "look_changes": fields(submission.look_changes),
        "last_sweep": submission.updated_at + LATER[-1],
        "gate": _gate(submission),
        "outcome": submission.outcome_values,
        "sent": _sent(submission),
        "is_sent_elsewhere": submission.body is None and state in {State.CREATED, State.DUPLICATED},
        "dataset": dataset_words(submission.dataset_id, reference.load()),
        "payload": _payload(submission),
        "endpoint": f"{account}/cloudforce-one/events/create",
        "answer": _fields(submission.answer_values),
        "answer_json": _pretty(submission.answer_values) if submission.answer else "",
        "is_moving": state in MOVING,
        "is_overdue": state is State.SENDING
        and submission.lease_until is not None
        and submission.lease_until < now,
        "is_due": submission.next_at is not None and submission.next_at <= now,
        "shows_outcome": state not in SETTLED
        and submission.outcome_values.get("kind") not in set(gate.Kind),
    }


def _is_held(submission: Submission) -> bool:
    """Whether it is looked for before its first send, because this desk may be a copy."""
    return submission.state == State.READY and gate.must_be_looked_for(
        submission.created_at, submission.searched_at
    )


def _gate(submission: Submission) -> str:
    """Why Cloudflare is not asked now, as far as the page says it; empty while it is."""
    closed = gate.closed()
    if closed is None or (closed.since is None and submission.state != State.READY):
        return ""
    return closed.kind


def _allowed(request: HttpRequest, submission: Submission) -> dict[str, bool]:
    """What the person may do with it now, by the names of the page's buttons."""
    state = State(submission.state)
    is_mine = submission.author_id == request.user.pk
    may_send = request.user.has_perm(SEND)
    is_held = _is_held(submission)
    is_in_doubt = state is not State.READY and submission.may_exist
    return {
        "declare_unsent": is_mine and state is State.READY and is_held,
        "edit": is_mine and submission.is_editable,
        "correct": is_mine and is_in_doubt,
        "restore": is_mine and state is State.DISCARDED and not submission.may_exist,
        "take_back": is_mine and state is State.READY and not (submission.may_exist or is_held),
        "try_now": is_mine and state is State.READY and submission.next_at is None,
        "decide": is_mine and state in {State.UNKNOWN, State.ABSENT},
        "duplicate": state not in PENDING | {State.DUPLICATED} and not submission.may_exist,
        "look": may_send and state is State.CREATED,
    }


@require_GET
@permission_required("events.view_submission", raise_exception=True)
def event_state(request: HttpRequest, pk: UUID) -> HttpResponse:
    """The state as JSON, for the page to notice a change: `state`, `version`, and `gate`, why
    Cloudflare is not asked now.
    """
    submission = _visible(request, pk)
    return JsonResponse(
        {
            "state": submission.state,
            "version": submission.version,
            "gate": _gate(submission),
        }
    )


@require_http_methods(["GET", "POST"])
@evident
def discard(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Ask, then delete a draft or refused submission."""
    submission = _to_show(request, pk)
    must_be_own(services.person(request), submission)
    if request.method == "POST":
        try:
            services.discard(person=services.person(request), submission=submission)
        except services.Conflict as conflict:
            messages.error(request, str(conflict))
            return redirect("event_detail", pk=pk)
        messages.success(request, "Discarded. It can be restored below.")
        return redirect("event_detail", pk=pk)
    return render(request, "events/discard.html", {"submission": submission})


@require_POST
def take_back(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Make a waiting submission a draft again."""
    return _to_draft(request, pk, services.take_back, "Taken back. It is a draft again.")


@require_POST
def restore(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Make a discarded submission a draft again."""
    return _to_draft(request, pk, services.restore, "Restored. It is a draft again.")


def _to_draft(
    request: HttpRequest, pk: UUID, verb: Callable[..., Submission], done: str
) -> HttpResponse:
    try:
        draft = verb(person=services.person(request), submission=_visible(request, pk))
    except services.Conflict as conflict:
        messages.error(request, str(conflict))
        return redirect("event_detail", pk=pk)
    messages.success(request, done)
    return redirect("event_edit", pk=draft.pk)


@require_POST
@permission_required("events.add_submission", raise_exception=True)
@evident
def duplicate(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Make a draft of one's own that says the same as an event that one may see."""
    submission = _to_show(request, pk)
    try:
        made = services.duplicate(person=services.person(request), submission=submission)
    except services.Conflict as conflict:
        messages.error(request, str(conflict))
        return redirect("event_detail", pk=pk)
    messages.success(
        request, "Copied into a new draft. TLP is not copied: choose who may have this one."
    )
    return redirect("event_edit", pk=made.pk)


@require_POST
@permission_required("events.add_submission", raise_exception=True)
def correct(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Make a draft that takes the place of an event that was refused and may exist all the same."""
    return _to_draft(
        request,
        pk,
        services.correct,
        "This is its correction, an event of its own. Choose its TLP and correct the text.",
    )


@require_POST
@permission_required(SEND, raise_exception=True)
def look(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Read a created event in Cloudforce One again."""
    try:
        services.look_again(person=services.person(request), submission=_visible(request, pk))
    except (services.Conflict, services.TooMany) as problem:
        messages.error(request, str(problem))
    return redirect("event_detail", pk=pk)


@require_POST
@permission_required(SEND, raise_exception=True)
def try_now(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Have a waiting submission tried again, although it was tried very often."""
    try:
        services.try_now(person=services.person(request), submission=_visible(request, pk))
    except services.Conflict as conflict:
        messages.error(request, str(conflict))
    return redirect("event_detail", pk=pk)


@require_POST
def decide(request: HttpRequest, pk: UUID) -> HttpResponse:
    """What only a person may say of an unknown outcome: not there, or send it again."""
    verbs = {
        "absent": services.declare_absent,
        "send_again": services.send_again,
        "unsent": services.declare_unsent,
    }
    verb = verbs.get(request.POST.get("action", ""))
    if verb is None:
        messages.error(request, "Choose what to do.")
        return redirect("event_detail", pk=pk)
    submission = _visible(request, pk)
    reason = request.POST.get("reason", "")
    try:
        verb(person=services.person(request), submission=submission, reason=reason)
    except (services.Conflict, services.TooMany, vetting.Blocked, ValueError) as problem:
        messages.error(request, str(problem))
        return _page(request, _visible(request, pk), reason=reason, status=409)
    return redirect("event_detail", pk=pk)


def _visible(request: HttpRequest, pk: UUID) -> Submission:
    return get_object_or_404(Submission.objects.visible_to(request.user), pk=pk)


def _to_show(request: HttpRequest, pk: UUID) -> Submission:
    """As `_visible`, where the text is shown or copied: others' RED is not, unless it is logged."""
    submission = _visible(request, pk)
    evidence.viewed(services.person(request), submission)
    return submission


def _pretty(value: Any) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False)


def _body(submission: Submission) -> bytes:
    """The bytes that were sent or will be; none of a draft, whose text may have gone on since."""
    if submission.state == State.DRAFT:
        return b""
    was_refused = submission.outcome_values.get("kind") == "refused"
    if submission.state == State.DISCARDED and not was_refused:
        return b""
    return bytes(submission.body or b"")


def _payload(submission: Submission) -> str:
    """The frozen payload, to be read; as it is stored where it was altered into what is no JSON."""
    wire = _wire(submission)
    return _pretty(wire) if wire else _body(submission).decode(errors="backslashreplace")


def _wire(submission: Submission) -> dict[str, Any]:
    """The frozen payload as a map, which is empty for bytes that are no event any more."""
    try:
        wire = json.loads(_body(submission) or b"{}")
    except (ValueError, RecursionError):
        return {}
    return wire if isinstance(wire, dict) else {}


def _sent(submission: Submission) -> dict[str, Any]:
    """The same, with one list of indicators whichever shape carried them."""
    wire = _wire(submission)
    if "indicator" in wire:
        kind = wire.get("indicatorType", "")
        wire["indicators"] = [{"indicatorType": kind, "value": wire["indicator"]}]
    return wire


def _fields(answer: dict[str, Any]) -> list[tuple[str, str]]:
    """Every field that the API returned, by its own name, as text."""
    return [(name, _shown(answer[name])) for name in sorted(answer, key=_importance)]


_FIRST = ("uuid", "category", "date", "event", "tlp", "datasetId", "killChain", "mitreAttack")


def _importance(name: str) -> tuple[int, str]:
    return (_FIRST.index(name) if name in _FIRST else len(_FIRST), name)


def _shown(value: Any) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, list) and all(isinstance(item, str) for item in value):
        return ", ".join(value)
    return json.dumps(value, ensure_ascii=False)
