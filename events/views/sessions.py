"""/accounts/, /accounts/sessions/, /accounts/session/: the own account, and where it is in use."""

from allauth.usersessions.models import UserSession
from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_http_methods

from events import services
from events.services import sessions, whose


@require_GET
def account(request: HttpRequest) -> HttpResponse:
    """The own account: name, roles, and the way to what can be changed."""
    user = services.person(request).user
    roles = user.groups.order_by("name").values_list("name", flat=True)
    return render(request, "accounts/account.html", {"roles": roles})


@require_http_methods(["GET", "POST"])
def own(request: HttpRequest) -> HttpResponse:
    """The sessions in which the person is signed in, and ending all of them but this one."""
    person = services.person(request)
    rows = sessions.of(person.user)
    if request.method == "POST":
        others = rows.exclude(session_key=request.session.session_key)
        chosen = request.POST.get("end", "")
        if chosen != "others":
            others = others.filter(pk=int(chosen)) if _is_number(chosen) else others.none()
        _say(request, sessions.end_own(person, others))
        return redirect("sessions")
    return render(
        request, "accounts/sessions.html", {"sessions": [_shown(r, request) for r in rows]}
    )


@login_not_required
@require_http_methods(["GET", "POST"])
def session(request: HttpRequest) -> HttpResponse:
    """For the page's script: `left`, the seconds until this session ends if nothing is done, and
    `is_last`, whether nothing can be done, and `whose` it is; 401 if it has ended. A POST says that
    somebody is there.
    """
    left = sessions.left(request.session)
    if left is None or not request.user.is_authenticated:
        return JsonResponse({"left": 0, "is_last": True}, status=401)
    return JsonResponse({"left": left[0], "is_last": left[1], "whose": whose.mark(request.user)})


def _shown(row: UserSession, request: HttpRequest) -> dict[str, object]:
    return {
        "pk": row.pk,
        "began_at": row.created_at,
        "used_at": row.last_seen_at,
        "address": sessions.shown_address(row.ip),
        "browser": sessions.browser(row.user_agent),
        "is_this": row.session_key == request.session.session_key,
    }


def _say(request: HttpRequest, count: int) -> None:
    if count:
        messages.success(request, f"{count} session{'s' if count > 1 else ''} ended.")
    else:
        messages.info(request, "There was no such session any more.")


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdecimal() and len(text) < 19
