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
from events.models import PENDING, AuditEntry, Heartbeat, State, Submission
from events.outbox import gate
from events.services.rules import SEND

MOVING = frozenset({State.READY, State.SENDING, State.UNKNOWN})
TIMELINE = 100
SHAPES = {"ok": "good", "failed": "danger", "denied": "danger", "unknown": "warning"}


@require_GET
@permission_required("events.view_submission", raise_exception=True)
def event(request: HttpRequest, pk: UUID) -> HttpResponse:
    """The page of one submission; loading it again never sends anything."""
    submission = _visible(request, pk)
    state = State(submission.state)
    visible = Submission.objects.visible_to(request.user)
    corrected = visible.filter(pk=submission.corrects_id).first()
    context = {
        "submission": submission,
        "words": submission.words,
        "outcome": submission.outcome_values,
        "sent": _sent(submission),
        "is_sent_elsewhere": submission.body is None and state in {State.CREATED, State.DUPLICATED},
        "dataset": dataset_words(submission.dataset_id, reference.load()),
        "payload": _pretty(json.loads(_body(submission))) if _body(submission) else "",
        "endpoint": f"{settings.CLOUDFLARE.base_url}/accounts/"
        f"{settings.CLOUDFLARE.account_id}/cloudforce-one/events/create",
        "answer": _fields(submission.answer_values),
        "answer_json": _pretty(submission.answer_values) if submission.answer else "",
        "timeline": _timeline(submission, is_named=corrected is not None),
        "is_moving": state in MOVING,
        "is_overdue": state is State.SENDING
        and submission.lease_until is not None
        and submission.lease_until < clock.now(),
        "is_due": submission.next_at is not None and submission.next_at <= clock.now(),
        "is_said_above": submission.outcome_values.get("kind") in set(gate.Kind),
        "may_be_a_copy": state is State.READY
        and gate.must_be_looked_for(submission.created_at, submission.searched_at),
        "corrected": corrected,
        "corrections": visible.live().filter(corrects=submission),
        "can": _allowed(request, submission),
        "is_worker_alive": state not in MOVING or Heartbeat.any_alive(),
    }
    return render(request, "events/detail.html", context)


def _allowed(request: HttpRequest, submission: Submission) -> dict[str, bool]:
    """What the person may do with it now, by the names of the page's buttons."""
    state = State(submission.state)
    is_mine = submission.author_id == request.user.pk
    may_send = request.user.has_perm(SEND)
    is_held = gate.must_be_looked_for(submission.created_at, submission.searched_at)
    is_in_doubt = state is not State.READY and submission.may_exist
    return {
        "declare_unsent": is_mine and state is State.READY and is_held,
        "edit": is_mine and submission.is_editable,
        "correct": is_mine and is_in_doubt,
        "restore": is_mine and state is State.DISCARDED and not submission.may_exist,
        "take_back": is_mine and state is State.READY and not (submission.may_exist or is_held),
        "try_now": is_mine and state is State.READY and submission.next_at is None,
        "decide": is_mine and state in {State.UNKNOWN, State.ABSENT},
        "duplicate": state not in PENDING and not submission.may_exist,
        "look": may_send and state is State.CREATED,
    }


@require_GET
@permission_required("events.view_submission", raise_exception=True)
def event_state(request: HttpRequest, pk: UUID) -> HttpResponse:
    """The state as JSON, for the page to notice a change: `{"state": …, "version": …}`."""
    submission = _visible(request, pk)
    return JsonResponse({"state": submission.state, "version": submission.version})


@require_http_methods(["GET", "POST"])
def discard(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Ask, then delete a draft or refused submission."""
    submission = _visible(request, pk)
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
def duplicate(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Make a draft of one's own that says the same as an event that one may see."""
    submission = _visible(request, pk)
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
    except services.Conflict as conflict:
        messages.error(request, str(conflict))
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
    return redirect("event_detail", pk=pk)


def _visible(request: HttpRequest, pk: UUID) -> Submission:
    return get_object_or_404(Submission.objects.visible_to(request.user), pk=pk)


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


def _sent(submission: Submission) -> dict[str, Any]:
    """The frozen payload as a map, with one list of indicators whichever shape carried them."""
    if not _body(submission):
        return {}
    wire: dict[str, Any] = json.loads(_body(submission))
    if "indicator" in wire:
        wire["indicators"] = [{"indicatorType": wire["indicatorType"], "value": wire["indicator"]}]
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


STEPS = {
    "submission.drafted": "Draft made",
    "submission.frozen": "Text locked for sending",
    "submission.sending": "Sending",
    "submission.created": "Created",
    "submission.refused": "Refused",
    "submission.deferred": "Postponed",
    "submission.unknown": "Outcome unknown",
    "submission.looked_for": "Looked for",
    "submission.found": "Found in Cloudforce One",
    "submission.recovered": "Taken in from Cloudforce One",
    "submission.absent": "Not found in Cloudforce One",
    "submission.declared_absent": "Said to be missing",
    "submission.declared_unsent": "Said not to have been sent",
    "submission.duplicated": "There more than once",
    "submission.sent_again": "Decided to send again",
    "submission.hurried": "To be tried now",
    "submission.answered_late": "Answer came late",
    "submission.looked_again": "Looked again",
    "submission.override": "Sent in spite of a check",
    "submission.taken_back": "Taken back",
    "submission.discarded": "Discarded",
    "submission.restored": "Restored",
}


def _timeline(submission: Submission, *, is_named: bool) -> list[dict[str, Any]]:
    """What the audit log says of this submission, oldest first.

    Unless `is_named`, the reader may not know which event this one takes the place of.
    """
    unnamed = "" if is_named else str(submission.corrects_id or "")
    rows = AuditEntry.objects.filter(object_id=str(submission.pk)).order_by("-seq")[:TIMELINE]
    return [
        {
            "at": entry.at,
            "actor": entry.actor,
            "action": STEPS.get(entry.action, entry.action),
            "shape": SHAPES.get(entry.outcome, ""),
            "reason": _without(unnamed, json.loads(entry.body).get("reason", "")),
            "attempt": json.loads(entry.body).get("attempt"),
        }
        for entry in reversed(rows)
        if entry.action.startswith("submission.")
    ]


def _without(unnamed: str, reason: str) -> str:
    return reason.replace(unnamed, "an event that was refused") if unnamed else reason
