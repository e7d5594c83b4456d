"""The admin site: users, groups and the audit pages."""

from django.contrib.admin import AdminSite
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse


class DeskAdminSite(AdminSite):
    """The admin behind the one sign-in page, so that throttling and its log are in one place."""

    site_header = "Event Desk"
    site_title = "Event Desk"
    index_title = "Administration"

    def login(
        self, request: HttpRequest, extra_context: dict[str, object] | None = None
    ) -> HttpResponse:
        """Send strangers to the sign-in page; refuse those who are signed in and may not come."""
        if request.user.is_authenticated:
            raise PermissionDenied
        return redirect_to_login(request.GET.get("next") or self.index_path(request))

    def index_path(self, request: HttpRequest) -> str:
        """The path to go on to after signing in: where the person wanted to go."""
        return request.get_full_path().replace("login/", "", 1)
