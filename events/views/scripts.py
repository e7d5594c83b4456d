"""What the scripts of a page are told in place of a page."""

from django.http import HttpRequest, HttpResponse


def is_of_script(request: HttpRequest) -> bool:
    """Whether a script of a page asks: it is told with a status what a person is told by a page."""
    return (
        request.headers.get("Sec-Fetch-Dest") == "empty"
        or "X-Part" in request.headers
        or request.headers.get("Accept") == "application/json"
    )


def sign_in_first() -> HttpResponse:
    """401: the page lets its person sign in on the spot."""
    return HttpResponse("Sign in first.", status=401, content_type="text/plain")
