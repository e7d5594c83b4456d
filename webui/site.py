"""The admin site: users, groups and the audit pages."""

from django.contrib.admin import AdminSite
from django.contrib.auth.models import User
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.urls import reverse

ADMITTED = ("events.view_auditentry", "auth.view_user")


class DeskAdminSite(AdminSite):
    """The admin behind the one sign-in page, so that throttling and its log are in one place.

    Who has the right to a page of it may enter; the staff flag alone opens nothing.
    """

    site_header = "Event Desk"
    site_title = "Event Desk"
    index_title = "Administration"

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

    def login(
        self, request: HttpRequest, extra_context: dict[str, object] | None = None
    ) -> HttpResponse:
        """Send everybody to the one sign-in page."""
        return redirect_to_login(reverse("admin:index"))
