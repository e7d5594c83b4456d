"""What every request gets: an id, a look at its address, and headers that keep pages private."""

import uuid
from collections.abc import Callable

from django.contrib.auth.middleware import LoginRequiredMiddleware
from django.core.exceptions import SuspiciousOperation
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase

from events.services.people import serving
from events.views.accounts import interrupted
from events.views.carry import carried

GetResponse = Callable[[HttpRequest], HttpResponse]


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

    # Django's declares a redirect; a page in place is what this class is for.
    def handle_no_permission(  # type: ignore[override]
        self, request: HttpRequest, view_func: Callable[..., HttpResponseBase]
    ) -> HttpResponse:
        """A session that ended while somebody typed: sign in on the spot, the text goes along."""
        if request.method == "POST" and (kept := carried(request)):
            return interrupted(request, kept)
        return super().handle_no_permission(request, view_func)
