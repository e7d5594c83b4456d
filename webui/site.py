"""The admin site: users, groups and the audit pages."""

from typing import Any

from django.contrib.admin import AdminSite
from django.contrib.auth.models import User
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, URLResolver, path, reverse
from django.views.decorators.http import require_POST

from events.services import attempts, signin
from events.views.accounts import SignOut

ADMITTED = ("events.view_auditentry", "auth.view_user")


class DeskAdminSite(AdminSite):
    """The admin behind the one sign-in page, so that throttling and its log are in one place.

    Who has the right to a page of it may enter; the staff flag alone opens nothing.
    """

    site_header = "Event Desk"
    site_title = "Event Desk"
    index_title = "Administration"
    index_template = "admin/desk_index.html"

    def has_permission(self, request: HttpRequest) -> bool:
        """Whether the person may see any page of the admin; False leads strangers to sign in.

        Raises `PermissionDenied` for those who are signed in and may not: they are refused, and
        logged, at the page that they wanted.
        """
        user = request.user
        if not isinstance(user, User):
            return False
        if not any(user.has_perm(name) for name in ADMITTED):
            raise PermissionDenied
        return True

    def get_urls(self) -> list[URLPattern | URLResolver]:
        """The admin's own, and the one that lets somebody try a password again."""
        unlock = require_POST(self.admin_view(self.unlock))
        return [path("unlock/", unlock, name="unlock"), *super().get_urls()]

    def index(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> TemplateResponse:
        """The first page, with those whose sign-in is slowed down."""
        context = {"slowed": _slowed()} if request.user.has_perm(_CHANGE) else {}
        return super().index(request, context | (extra_context or {}))

    def unlock(self, request: HttpRequest) -> HttpResponse:
        """Let somebody (`user`), or everybody at an `address`, sign in at once who has to wait."""
        if not request.user.has_perm(_CHANGE):
            raise PermissionDenied
        if name := request.POST.get("user"):
            signin.unlock_user(request, get_object_or_404(User, username=name))
        else:
            signin.unlock_address(request, request.POST.get("address", "")[:64])
        return redirect("admin:index")

    def login(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Send everybody to the one sign-in page."""
        return redirect_to_login(reverse("admin:index"))

    def logout(  # type: ignore[override]
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponseBase:
        """Sign out as everywhere, which is logged."""
        if request.method != "POST":
            return redirect("home")
        signed_out: HttpResponseBase = SignOut.as_view()(request)
        return signed_out

    def password_change(  # type: ignore[override]
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Send everybody to the one page for the own password."""
        return redirect("password_change")

    password_change_done = password_change  # type: ignore[assignment]


_CHANGE = "auth.change_user"


def _slowed() -> list[dict[str, object]]:
    """Who has to wait, and until when, the longest first."""
    waiting = attempts.waiting()
    users = User.objects.in_bulk([one.pk for one in waiting if one.pk is not None])
    return [
        {"user": users.get(one.pk or 0), "address": one.address, "until": one.until}
        for one in waiting
        if one.address or one.pk in users
    ]
