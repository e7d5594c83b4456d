"""The pages that say what went wrong."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """The page for a form whose CSRF token did not fit."""
    return render(request, "errors/403_csrf.html", status=403)
