"""The pages that say what went wrong, and the log entry of each denial."""

from uuid import UUID

from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.models import User
from django.core.exceptions import BadRequest, RequestDataTooBig, TooManyFieldsSent
from django.http import HttpRequest, HttpResponse
from django.middleware.csrf import get_token
from django.shortcuts import render
from django.template.loader import render_to_string

from events import services
from events.models import EventTemplate, Submission
from events.services import evidence
from events.views.accounts import interrupted
from events.views.carry import UNREADABLE, carried, is_of_another
from events.views.scripts import is_of_script, sign_in_first

TOO_LARGE = (
    "The form was too large to be read: more than 16 MB, or more than 50,000 fields. "
    "Nothing was saved or sent. Go back and shorten it."
)
TOO_LARGE_FOR_STRANGERS = (
    "You are not signed in any more, and the form is too large to be taken along: more than 2 MB. "
    "Nothing was saved or sent. Sign in in another tab, then go back here and press again."
)
NOT_WHOLE = (
    "The form did not arrive whole. Nothing was saved or sent. Go back and press again; if it "
    "happens again, tell your administrator."
)
NO_LENGTH = "The length of the request is not said. Nothing was saved or sent."
NOT_READ = "The request could not be read. Nothing was saved or sent."
OUR_FAULT = "This is our fault, not yours."


class UnreadableError(BadRequest):
    """A request that is not read: its `status`, and `what` to tell the person."""

    def __init__(self, status: int, what: str) -> None:
        super().__init__(what)
        self.status, self.what = status, what


@login_not_required
def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """403 for a form whose CSRF token did not fit; the text is given back to whoever typed it."""
    kept, is_anothers = carried(request), is_of_another(request)
    if is_anothers and is_of_script(request):
        return sign_in_first()
    if is_anothers and kept:
        return interrupted(request, kept, status=403)
    return render(request, "errors/csrf.html", {"carried": kept}, status=403)


@login_not_required
def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """400 and its kin: the request could not be read, or is not read for its size."""
    if isinstance(exception, UnreadableError):
        status, what = exception.status, exception.what
    elif isinstance(exception, RequestDataTooBig | TooManyFieldsSent):
        status, what = 413, TOO_LARGE
    else:
        status, what = 400, NOT_READ
    title = "That was too large" if status == 413 else "That could not be read"
    page = render_to_string("errors/500.html", {"title": title, "what": what})
    return HttpResponse(page, status=status)


@login_not_required
def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:
    """403: the person may not do this. It is logged with who and what."""
    if isinstance(request.user, User):
        _deny(request, _named(request))
    return render(request, "errors/403.html", status=403)


@login_not_required
def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """404: there is no such page, or it is not for this person, which is logged."""
    if isinstance(request.user, User):
        named = _named(request)
        if named is not None and not _is_visible(named, request.user):
            _deny(request, named)
    return render(request, "errors/404.html", status=404)


def _deny(request: HttpRequest, named: Submission | EventTemplate | None) -> None:
    match = request.resolver_match
    evidence.denied(
        services.person(request),
        f"{request.method} {request.path}",
        kind=match.view_name if match is not None else "",
        object_id=str(named.pk) if named is not None else "",
        tlp=named.tlp if isinstance(named, Submission) else "",
    )


def _named(request: HttpRequest) -> Submission | EventTemplate | None:
    """What the address names, or the token of its form, if it is there."""
    match = request.resolver_match
    if match is None or match.url_name is None:
        return None
    is_template = match.url_name.startswith("template_") or "template" in request.GET
    named = match.kwargs.get("pk") or request.GET.get("template" if is_template else "like")
    try:
        pk = UUID(str(named or _token(request)))
    except ValueError:
        return None
    if is_template:
        return EventTemplate.objects.filter(pk=pk).first()
    return Submission.objects.filter(pk=pk).first()


def _token(request: HttpRequest) -> str:
    """A new event gets the token of its form as its id; empty where none can be read."""
    try:
        return request.POST.get("form_token", "") if request.method == "POST" else ""
    except UNREADABLE:
        return ""


def _is_visible(named: Submission | EventTemplate, user: User) -> bool:
    kind = Submission if isinstance(named, Submission) else EventTemplate
    return bool(kind.objects.visible_to(user).filter(pk=named.pk).exists())


@login_not_required
def server_error(request: HttpRequest) -> HttpResponse:
    """500: our fault. The page needs neither database nor session, and gives typed text back."""
    context = {
        "title": "Something went wrong here",
        "what": OUR_FAULT,
        "id": request.META.get("REQUEST_ID", ""),
        "carried": carried(request) if request.method == "POST" else None,
        "csrf_token": get_token(request),
    }
    return HttpResponse(render_to_string("errors/500.html", context), status=500)
