"""The pages that say what went wrong, and the log entry of each denial."""

from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from events import audit, services

NOT_TYPED = frozenset({"csrfmiddlewaretoken", "password", "action"})


@login_not_required
def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """403 for a form whose CSRF token did not fit; the text is given back to the person."""
    typed = [
        (name, value)
        for name, values in request.POST.lists()
        for value in values
        if name not in NOT_TYPED
    ]
    is_event_form = request.user.is_authenticated and "form_token" in request.POST
    context = {"typed": typed, "is_event_form": is_event_form, "path": request.path}
    return render(request, "errors/csrf.html", context, status=403)


@login_not_required
def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:
    """403: the person may not do this. It is logged with who and what."""
    user = request.user if isinstance(request.user, User) else None
    who = services.actor(request, user.get_username(), user.pk) if user else None
    if who is not None:
        reason = f"{request.method} {request.path}"[:300]
        audit.record(audit.Fact("access.denied", who, outcome="denied", reason=reason))
    return render(request, "errors/403.html", status=403)


@login_not_required
def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """404: there is no such page, or it is not for this person."""
    return render(request, "errors/404.html", status=404)


@login_not_required
def server_error(request: HttpRequest) -> HttpResponse:
    """500: our fault. The page uses neither the database nor the session."""
    return render(None, "errors/500.html", {"id": request.META.get("REQUEST_ID", "")}, status=500)
