"""/events/new/ and /events/<uuid>/edit/: the event form."""

import logging
import re
import uuid

from django.contrib import messages
from django.contrib.auth.decorators import permission_required
from django.core.exceptions import PermissionDenied
from django.db import DatabaseError
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.views.decorators.http import require_http_methods

from events import outbox, reference, services, vetting
from events.failures import first_line
from events.forms import EventEntry, Preview, preview
from events.forms.completing import FROM_TEMPLATE, completed
from events.models import EDITABLE, State, Submission
from events.services import evidence, templates
from events.services.drafts import WAS_RED, label_of
from events.views.blank import TEMPLATE, blank_page, lists_age
from events.views.check import Panel, panel
from events.views.evident import evident
from events.views.recent import LISTS, recent, whole_list
from events.views.starting import start

# A script asks for one part of the page with this header, and gets that part's HTML alone.
PART = "X-Part"
_REMOVE_ROW = re.compile(r"remove_row-([0-9]{1,6})")
_DATABASE = (
    "The database does not take anything right now: it is locked, full or away. Your text is still "
    "here. Look at what waits for you in another tab before you send it again."
)
log = logging.getLogger("events.entry")
_NO_TOKEN = "This form came without its one-time token. Check it and press the button again."  # noqa: S105


@require_http_methods(["GET", "HEAD", "POST"])
@permission_required("events.add_submission", raise_exception=True)
@evident
def new(request: HttpRequest) -> HttpResponse:
    """The blank form, or one that starts with something in it, and what is done with it."""
    if request.method == "POST":
        return _Post(request, None).response()
    if request.headers.get(PART) == "recent":
        return recent(request)
    if (name := request.headers.get(PART, "")) in LISTS:
        return whole_list(name)
    references = reference.load()
    started = start(request)
    if started is None:
        return blank_page(request, services.person(request).user, references)
    entry = EventEntry.from_typed(started.typed, references)
    return _page(
        request,
        references,
        entry=entry,
        template=started.template,
        was_red=started.was_red,
    )


@require_http_methods(["GET", "HEAD", "POST"])
@permission_required("events.add_submission", raise_exception=True)
def edit(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    """A draft or a refused submission of one's own, and what is done with it."""
    submission = get_object_or_404(Submission.objects.visible_to(request.user), pk=pk)
    if submission.author_id != request.user.pk:
        raise PermissionDenied
    if request.method == "POST":
        return _Post(request, submission).response()
    if submission.state not in EDITABLE:
        return redirect("event_detail", pk=pk)
    references = reference.load()
    outcome = submission.outcome_values if submission.state == State.REJECTED else {}
    entry = EventEntry.from_typed(submission.typed_values, references, outcome.get("problems", []))
    template = str(submission.typed_values.get(FROM_TEMPLATE, ""))
    return _page(
        request,
        references,
        submission=submission,
        entry=entry,
        template=template,
        was_red=submission.was_red,
    )


class _Post:
    """One press of a button of the form."""

    def __init__(self, request: HttpRequest, submission: Submission | None) -> None:
        self.request = request
        self.part = request.headers.get(PART, "")
        self.submission = submission
        self.references = reference.load()
        self.token = _token(request.POST.get("form_token", ""))
        self.version = _version(request.POST.get("version", ""))
        self.template = request.POST.get(FROM_TEMPLATE, "")[: templates.NAME_MAX]
        remembered = submission is not None and submission.was_red
        self.was_red = bool(request.POST.get(WAS_RED)) or remembered
        post = completed(request.POST, timezone.now())
        self.entry = EventEntry.from_post(post, self.references)

    def response(self) -> HttpResponse:
        """What the button that was pressed asks for; any other is a preview, which is harmless."""
        action = self.request.POST.get("action", "")
        if remove := _REMOVE_ROW.fullmatch(action):
            return self._show(self.entry.without_row(int(remove[1])))
        try:
            if action in {"send", "send_another"}:
                return self._send()
            if action == "save_template":
                return self._save_template()
            if action == "save":
                return self._save()
        except DatabaseError as error:
            log.error("the database refused: %s", first_line(error))
            return self._refuse(_DATABASE, status=503)
        match action:
            case "parse":
                return self._show(self.entry.parsed())
            case "add_row":
                return self._show(self.entry.with_row())
        if self.entry.is_valid() and action == "download":
            return self._download()
        return self._show(self.entry)

    def _download(self) -> HttpResponse:
        """The exact bytes that would be sent, as a file."""
        token = self.token or services.new_token()
        label = label_of(self._typed, was_red=self.was_red)
        try:
            evidence.downloaded(
                services.person(self.request),
                object_id=str(self.submission.pk if self.submission else token),
                tlp=label or "",
                what="what would be sent, as a file",
            )
        except evidence.NotLogged:
            return self._refuse(_DATABASE, status=503)
        shown = _preview(self.entry, self.references, self.submission, token)
        return HttpResponse(
            shown.exact if shown else "",
            content_type="application/json",
            headers={"Content-Disposition": 'attachment; filename="event.json"'},
        )

    def _send(self) -> HttpResponse:
        if not self.entry.is_valid() or self.entry.payload is None:
            return self._show(self.entry)
        if self.token is None:
            return self._show(self.entry.with_fault(_NO_TOKEN))
        try:
            sent = services.send(
                person=services.person(self.request),
                token=self.token,
                typed=self._typed,
                payload=self.entry.payload,
                submission=self.submission,
                version=self.version,
                reason=self.request.POST.get("override_reason", ""),
            )
        except vetting.Blocked as problem:
            return self._refuse(str(problem), status=409)
        except services.Changed as problem:
            return self._changed(problem)
        except services.TooMany as problem:
            return self._refuse(str(problem), status=429)
        except (services.Conflict, outbox.TooLarge) as problem:
            return self._refuse(str(problem), status=409)
        if sent.state == State.CREATED and self.request.POST["action"] == "send_another":
            return self._another(sent)
        return redirect("event_edit" if sent.state in EDITABLE else "event_detail", pk=sent.pk)

    def _another(self, sent: Submission) -> HttpResponse:
        """A form for the next event of the same context. The message names no text of the event:
        messages travel in a cookie.
        """
        sentence = 'The event was sent: {}. <a href="{}">Open it</a>. Its context is below.'
        link = reverse("event_detail", args=[sent.pk])
        messages.success(self.request, format_html(sentence, sent.get_state_display(), link))
        return redirect(f"{reverse('event_new')}?like={sent.pk}")

    @property
    def _typed(self) -> dict[str, object]:
        """What a draft keeps: what the form held, and what it was made from."""
        made_from = {FROM_TEMPLATE: self.template} if self.template else {}
        copied = {WAS_RED: "1"} if self.was_red else {}
        return self.entry.typed() | made_from | copied

    def _save(self) -> HttpResponse:
        if self.token is None:
            return self._show(self.entry.with_fault(_NO_TOKEN))
        try:
            saved = services.save_draft(
                person=services.person(self.request),
                token=self.token,
                typed=self._typed,
                submission=self.submission,
                version=self.version,
            )
        except services.Changed as problem:
            return self._changed(problem)
        except services.Conflict as problem:
            return self._refuse(str(problem), status=409)
        if self.part == "saved":
            return JsonResponse(
                {
                    "at": f"{saved.updated_at:%H:%M:%S}",
                    "version": saved.version,
                    "url": reverse("event_edit", args=[saved.pk]),
                }
            )
        messages.success(
            self.request, f"Draft saved {saved.updated_at:%H:%M:%S} UTC. Nothing was sent."
        )
        return redirect("event_edit", pk=saved.pk)

    def _save_template(self) -> HttpResponse:
        """Keep the text as a template, and show the form as it is: nothing is sent or lost."""
        is_team = self.request.POST.get("template_for") == "team"
        try:
            saved = templates.save(
                person=services.person(self.request),
                name=self.request.POST.get("template_name", ""),
                typed=self._typed,
                is_team=is_team,
            )
        except templates.NotSaved as problem:
            return self._refuse(str(problem), status=200)
        messages.success(self.request, f"The template “{saved.name}” is saved. Nothing was sent.")
        if is_team:
            messages.warning(
                self.request,
                "Everybody who may enter events reads this template. If its text holds something "
                "that they must not have, delete it.",
            )
        return self._show(self.entry)

    def _changed(self, problem: services.Changed) -> HttpResponse:
        """Show both facts; the next press of a button is meant to replace what is stored."""
        self.version = problem.current.version
        if self.part == "saved":
            return self._refuse(f"{problem} Press Save draft to compare.", status=409)
        sentence = f"{problem} Press the button again to replace it by what is written here."
        return self._refuse(sentence, status=409)

    def _refuse(self, sentence: str, status: int) -> HttpResponse:
        """Say what stands in the way, to a person or to the script that saves while one types."""
        if self.part == "saved":
            return JsonResponse({"message": sentence}, status=status)
        return self._show(self.entry.with_fault(sentence), status=status)

    def _show(self, entry: EventEntry, status: int = 200) -> HttpResponse:
        if self.part == "indicators":
            return HttpResponse(entry.indicators)
        return _page(
            self.request,
            self.references,
            submission=self.submission,
            entry=entry,
            token=self.token,
            version=self.version,
            template=self.template,
            was_red=self.was_red,
            status=status,
        )


def _page(
    request: HttpRequest,
    references: reference.References,
    *,
    submission: Submission | None = None,
    entry: EventEntry,
    token: uuid.UUID | None = None,
    version: int | None = None,
    template: str = "",
    was_red: bool = False,
    status: int = 200,
) -> HttpResponse:
    """The form as a page, or only its preview if a script asks for that part."""
    token = token or services.new_token()
    context: dict[str, object] = {
        "submission": submission,
        "corrected": _corrected(submission, request),
        "refusal": _refusal(submission) if request.method != "POST" else "",
        "entry": entry,
        "preview": _preview(entry, references, submission, token),
        "moment": entry.looked_at(None).date,
        "token": token,
        "version": submission.version if submission and version is None else version,
        "template": template,
        "was_red": was_red,
    } | lists_age(request, references)
    if request.headers.get(PART) == "preview":
        return render(request, "events/entry/preview.html", context | {"is_part": True})
    context |= {
        "fields": entry.fields,
        "panel": _panel(request, entry, references, submission, was_red),
    }
    return render(request, TEMPLATE, context, status=status)


def _panel(
    request: HttpRequest,
    entry: EventEntry,
    references: reference.References,
    submission: Submission | None,
    was_red: bool,
) -> Panel:
    """What there is to look at, for those who read the page without scripts."""
    looked_at = entry.looked_at(submission.pk if submission else None, was_red=was_red)
    findings = vetting.vet(looked_at, user=request.user, references=references, now=timezone.now())
    findings = services.tellable(services.person(request), findings)
    return panel(findings, request.user, request.POST.get("override_reason", ""))


def _preview(
    entry: EventEntry,
    references: reference.References,
    submission: Submission | None,
    token: uuid.UUID,
) -> Preview | None:
    """What would be sent: a new submission gets its form's token as its id."""
    if entry.payload is None:
        return None
    return preview(
        entry.payload,
        references,
        submission_id=submission.pk if submission else token,
        attempt=submission.attempt + 1 if submission else 1,
    )


def _refusal(submission: Submission | None) -> str:
    """The API's own words where the form opens on a refused submission."""
    if submission is None or submission.state != State.REJECTED:
        return ""
    return str(submission.outcome_values.get("detail", ""))


def _corrected(submission: Submission | None, request: HttpRequest) -> Submission | None:
    """The event in whose place this one is written, if the person may see it."""
    if submission is None or submission.corrects_id is None:
        return None
    visible = Submission.objects.visible_to(request.user)
    return visible.filter(pk=submission.corrects_id).first()


def _version(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 10 else None


def _token(text: str) -> uuid.UUID | None:
    try:
        return uuid.UUID(text)
    except ValueError:
        return None
