"""What signing in does here: the library's steps, with the desk's throttle, log and pages."""

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from events.services import address, devices, preferences, signin
from events.views.carry import carried, is_of_another


class DeskAdapter(DefaultAccountAdapter):  # type: ignore[misc]
    """Passwords go through `signin.check`; whatever leads to a session ends in `post_login`."""

    error_messages = DefaultAccountAdapter.error_messages | {
        "username_password_mismatch": "Name or password is wrong. Capitals count in the password.",
        "incorrect_password": "This is not your password.",
    }

    def authenticate(self, request: HttpRequest, **credentials: Any) -> User | None:
        """The user whose name and password these are. Raises `ValidationError` while slowed."""
        try:
            return signin.check(request, credentials["username"], credentials["password"])
        except signin.SlowedDown as error:
            raise ValidationError(str(error), code="slowed_down") from None

    def reauthenticate(self, user: AbstractBaseUser, password: str) -> bool:
        """Whether `password` is that of `user`, asked again. Raises `ValidationError`."""
        try:
            found = signin.check(self.request, user.get_username(), password, again=True)
        except signin.SlowedDown as error:
            raise ValidationError(str(error), code="slowed_down") from None
        return found is not None and found.pk == user.pk

    def post_login(self, request: HttpRequest, user: User, **kwargs: Any) -> HttpResponse:
        """Log it; the person's preferences and typed text come along."""
        response: HttpResponse = super().post_login(request, user, **kwargs)
        signin.signed_in(request, user)
        preferences.take_along(request.session, user)
        if (kept := carried(request)) and not is_of_another(request):
            response = render(request, "accounts/carried.html", {"carried": kept})
        devices.remember(request, response, user)
        return response

    def logout(self, request: HttpRequest) -> None:
        """Log it while we still know who it is."""
        if isinstance(request.user, User):
            signin.signed_out(request, request.user)
        super().logout(request)

    def get_client_ip(self, request: HttpRequest) -> str:
        """The address that the log names."""
        return address(request)

    def is_ajax(self, request: HttpRequest) -> bool:
        """No page asks for JSON here."""
        return False

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """Accounts are made by administrators."""
        return False

    def add_message(self, *args: Any, **kwargs: Any) -> None:
        """The pages say themselves what happened."""
