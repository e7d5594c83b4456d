"""Admin pages that change who may do what: they ask for the password again."""

from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar, cast

from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.urls import reverse

from events.services import confirming

View = TypeVar("View", bound=Callable[..., HttpResponseBase])


def confirmed(view: View) -> View:
    """A method of an admin that asks for the password first, unless it was given just now."""

    @wraps(view)
    def guarded(self: Any, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if confirming.is_confirmed(request) or not request.user.has_usable_password():
            return view(self, request, *args, **kwargs)
        return redirect_to_login(request.get_full_path(), reverse("account_reauthenticate"))

    return cast(View, guarded)


class ConfirmedAdmin:
    """For a `ModelAdmin` of accounts or groups: every page of it that may change one."""

    @confirmed
    def changeform_view(self, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Add or change one."""
        return super().changeform_view(*args, **kwargs)

    @confirmed
    def delete_view(self, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Delete one."""
        return super().delete_view(*args, **kwargs)

    @confirmed
    def changelist_view(self, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """The list, whose actions delete several."""
        return super().changelist_view(*args, **kwargs)

    @confirmed
    def user_change_password(self, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Set somebody's password."""
        return super().user_change_password(*args, **kwargs)
