"""Admin pages that change who may do what: they ask for the password again."""

from typing import Any

from django.contrib.auth.models import User
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.urls import reverse

from events.admin.filtered import FilteredAdmin
from events.services import confirming


class ConfirmedAdmin(FilteredAdmin):
    """For the admin of accounts or groups: each page that may change one asks first."""

    def changeform_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        """Add or change one."""
        return self._asked(request) or super().changeform_view(request, *args, **kwargs)

    def delete_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        """Delete one."""
        return self._asked(request) or super().delete_view(request, *args, **kwargs)

    def changelist_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        """The list; its actions delete several."""
        asked = self._asked(request) if request.method == "POST" else None
        return asked or super().changelist_view(request, *args, **kwargs)

    def user_change_password(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        """Set the password of somebody else."""
        page: Any = super()
        return self._asked(request) or page.user_change_password(request, *args, **kwargs)

    def _asked(self, request: HttpRequest) -> HttpResponseBase | None:
        """The way to the page that asks; None for those who said just now who they are.

        A form that was sent too late is not kept, because passwords may be in it: that is said.

        Whom somebody else vouches for has no password that could be asked for.
        """
        if not self.has_view_or_change_permission(request):
            raise PermissionDenied
        is_asked = isinstance(request.user, User) and request.user.has_usable_password()
        if confirming.is_confirmed(request) or not is_asked:
            return None
        unsaved = "?unsaved=1" if request.method == "POST" else ""
        again = reverse("account_reauthenticate") + unsaved
        return redirect_to_login(request.get_full_path(), again)
