"""What every request gets: an id, a look at its address, its person, headers of private pages."""

import logging
import uuid
from collections.abc import Callable
from typing import Any

from django.contrib.auth.middleware import LoginRequiredMiddleware
from django.contrib.auth.models import User
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import SuspiciousOperation
from django.db import DatabaseError
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.urls import reverse

from events.services import sessions
from events.services.people import serving
from events.views.accounts import interrupted
from events.views.carry import carried, is_of_another
from events.views.scripts import is_of_script, sign_in_first

GetResponse = Callable[[HttpRequest], HttpResponse]

# Pages ask for these by a timer of their own, whether or not anybody is there.
ASKED_BY_TIMERS = frozenset({"event_state", "healthz", "session"})
# From a page of ours, or from the person's hand: the address bar, a bookmark.
_OURS = frozenset({"same-origin", "none"})
_log = logging.getLogger(__name__)


def request_id(get_response: GetResponse) -> GetResponse:
    """Give each request an id, made here: an id from outside could forge log lines."""

    def middleware(request: HttpRequest) -> HttpResponse:
        request.META["REQUEST_ID"] = identifier = uuid.uuid4().hex
        response = get_response(request)
        response["X-Request-ID"] = identifier
        return response

    return middleware


def acting_person(get_response: GetResponse) -> GetResponse:
    """Let what is changed below know whose doing it is."""

    def middleware(request: HttpRequest) -> HttpResponse:
        with serving(request):
            return get_response(request)

    return middleware


def storable_requests(get_response: GetResponse) -> GetResponse:
    """Refuse a NUL in the address or a cookie: no page means it, and PostgreSQL takes none."""

    def middleware(request: HttpRequest) -> HttpResponse:
        texts = (request.path_info, *request.COOKIES.values())
        if "%00" in request.META.get("QUERY_STRING", "") or any("\0" in text for text in texts):
            raise SuspiciousOperation("there is a NUL in the address or in a cookie")
        return get_response(request)

    return middleware


def private_pages(get_response: GetResponse) -> GetResponse:
    """Keep pages out of caches and browser features out of pages, unless a view said otherwise."""

    def middleware(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        response.headers.setdefault("Cache-Control", "no-store")
        response.headers.setdefault(
            "Permissions-Policy", "camera=(), geolocation=(), microphone=(), payment=(), usb=()"
        )
        return response

    return middleware


class SignInRequired(LoginRequiredMiddleware):
    """Everything needs a sign-in, and a form that was posted without one is not thrown away."""

    def process_view(
        self,
        request: HttpRequest,
        view_func: Callable[..., HttpResponseBase],
        view_args: tuple[Any, ...],
        view_kwargs: dict[str, Any],
    ) -> HttpResponseBase | None:
        """Ask who it is only where that matters: `/healthz` tells of a database that is away."""
        if not getattr(view_func, "login_required", True):
            return None
        if request.method == "POST" and request.user.is_authenticated and is_of_another(request):
            return self.handle_no_permission(request, view_func)
        return super().process_view(request, view_func, view_args, view_kwargs)

    # Django's declares a redirect; a page in place is what this class is for.
    def handle_no_permission(  # type: ignore[override]
        self, request: HttpRequest, view_func: Callable[..., HttpResponseBase]
    ) -> HttpResponse:
        """A session that ended while somebody typed, or that is another person's now: whose page
        it is signs in on the spot, and the text goes along.
        """
        if is_of_script(request):
            return sign_in_first()
        if request.method == "POST" and (kept := carried(request)):
            return interrupted(request, kept)
        ended = getattr(request.session, "ended", "")
        why = f"?why={ended}" if ended else ""
        return redirect_to_login(request.get_full_path(), reverse("login") + why)


class SessionUse:
    """Notes what a person does, so that a session ends when nobody does anything any more."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Pass on."""
        return self.get_response(request)

    def process_view(self, request: HttpRequest, *_: object) -> None:
        """Note it before the view. A page is not refused because this cannot be written."""
        # In this order: what a timer asks for, `/healthz` too, needs no database to find out whose.
        if not _is_persons_act(request) or not isinstance(request.user, User):
            return
        try:
            sessions.used(request.session)
        except DatabaseError as error:
            _log.warning("the use of a session could not be noted: %s", type(error).__name__)


def _is_persons_act(request: HttpRequest) -> bool:
    """Whether a person stands behind `request`, and not a timer in a page that was left open.

    A page that loads itself again is told by the browser, which names the person's own clicks; and
    so is what a page of another origin asks for, such as an image, along with our cookie.
    """
    is_page = request.headers.get("Sec-Fetch-Mode") == "navigate"
    is_clicked = request.headers.get("Sec-Fetch-User") == "?1"
    if request.headers.get("Sec-Fetch-Site", "none") not in _OURS:
        return is_page and is_clicked
    if request.method not in {"GET", "HEAD"}:
        return True
    match = request.resolver_match
    if match is not None and match.url_name in ASKED_BY_TIMERS and not match.namespaces:
        return False
    return not is_page or is_clicked
