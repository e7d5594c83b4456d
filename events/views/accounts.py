"""/accounts/: the one sign-in page, and signing out."""

from typing import Any

from django.contrib import messages
from django.contrib.auth.forms import AuthenticationForm, PasswordChangeForm
from django.contrib.auth.models import User
from django.contrib.auth.views import LoginView, LogoutView, PasswordChangeView
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse_lazy
from django.utils.decorators import method_decorator
from django.views.decorators.debug import sensitive_post_parameters

from events.services import preferences, signin
from events.views.carry import Carried, carried


class SignInForm(AuthenticationForm):
    """Name and password; refuses before checking them while the account is locked."""

    def clean(self) -> dict[str, object]:
        """Check the lock first, so that a locked account learns nothing about passwords."""
        name = str(self.cleaned_data.get("username") or self.data.get("username", ""))
        until = signin.locked_until(self.request, name) if self.request else None
        if until is not None:
            raise ValidationError(
                f"Too many failed attempts. Try again at {until:%H:%M} UTC, "
                "or ask an administrator.",
                code="locked",
            )
        cleaned: dict[str, object] = super().clean()
        return cleaned


@method_decorator(sensitive_post_parameters("password"), name="dispatch")
class SignIn(LoginView):
    """/accounts/login/"""

    template_name = "accounts/login.html"
    form_class = SignInForm
    redirect_authenticated_user = True

    def form_valid(self, form: AuthenticationForm) -> HttpResponse:
        """Sign in and say so in the log."""
        user = form.get_user()
        if isinstance(user, User):
            signin.signed_in(self.request, user)
        response = super().form_valid(form)
        if isinstance(user, User):
            preferences.take_along(self.request.session, user)
        if kept := carried(self.request):
            return render(self.request, "accounts/carried.html", {"carried": kept})
        return response

    def form_invalid(self, form: AuthenticationForm) -> HttpResponse:
        """Count and log the failure, whatever it was."""
        codes = [error.code or "" for error in form.non_field_errors().as_data()]
        reason = "locked" if "locked" in codes else "wrong name or password"
        signin.failed(self.request, form.data.get("username", ""), reason)
        return super().form_invalid(form)

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """The text that goes along, if somebody was interrupted while typing."""
        return super().get_context_data(**kwargs) | {"carried": carried(self.request)}


def interrupted(request: HttpRequest, kept: Carried) -> HttpResponse:
    """The sign-in page in place of an event form's answer: 401, and the text goes along."""
    context = {"form": SignInForm(request), "carried": kept, "next": kept.path}
    return render(request, "accounts/login.html", context, status=401)


class SignOut(LogoutView):
    """/accounts/logout/, by POST only."""

    def post(self, request: HttpRequest, *args: object, **kwargs: object) -> HttpResponse:
        """Say so in the log while we still know who it is."""
        if isinstance(request.user, User):
            signin.signed_out(request, request.user)
        return super().post(request, *args, **kwargs)


@method_decorator(sensitive_post_parameters(), name="dispatch")
class ChangePassword(PasswordChangeView):
    """/accounts/password/"""

    template_name = "accounts/password.html"
    success_url = reverse_lazy("home")

    def form_valid(self, form: PasswordChangeForm) -> HttpResponse:
        """Change it, which is logged and ends the person's other sessions."""
        response = super().form_valid(form)
        messages.success(self.request, "Your password is changed.")
        return response
