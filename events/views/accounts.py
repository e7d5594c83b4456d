"""/accounts/: the one sign-in page, signing out, the own password, and being asked for it again."""

from typing import Any

from allauth.account.views import LoginView, LogoutView, PasswordChangeView, ReauthenticateView
from django.contrib import messages
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.forms import Form
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.utils.decorators import method_decorator
from django.views.decorators.debug import sensitive_post_parameters

from events.forms.accounts import ChangePasswordForm, SignInForm
from events.services import confirming, sessions, whose
from events.views.carry import Carried, carried

_NOT_SAVED = "Nothing was saved, because your password was asked for first. Please do it again."


class SignIn(LoginView):  # type: ignore[misc]
    """/accounts/login/"""

    template_name = "accounts/login.html"
    form_class = SignInForm

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """The text that goes along, if somebody was interrupted while typing, and whose it is."""
        context: dict[str, Any] = super().get_context_data(**kwargs)
        kept = carried(self.request)
        owner = whose.owner(kept.whose) if kept else None
        why = sessions.why_ended(self.request.GET.get("why", ""))
        context |= {"carried": kept, "owner": owner, "why": why}
        return context | {"next": self.get_next_url()}

    def form_valid(self, form: SignInForm) -> HttpResponse:
        """Sign in; with what somebody else typed nobody does."""
        kept = carried(self.request)
        owner = whose.owner(kept.whose) if kept else None
        if owner is not None and form.user != owner:
            form.add_error(None, f"What was typed here is of {owner}. Sign in as {owner}.")
            refused: HttpResponse = self.form_invalid(form)
            return refused
        response: HttpResponse = super().form_valid(form)
        return response


def interrupted(request: HttpRequest, kept: Carried, status: int = 401) -> HttpResponse:
    """A page in place of an event form's answer, for whose text it is: it goes along unseen.

    Who is signed out signs in there. If somebody else is signed in, that has to end first.
    """
    context = {"carried": kept, "owner": whose.owner(kept.whose), "next": kept.path}
    if request.user.is_authenticated:
        return render(request, "errors/another.html", context, status=status)
    context["form"] = SignInForm(request=request)
    return render(request, "accounts/login.html", context, status=status)


class SignOut(LogoutView):  # type: ignore[misc]
    """/accounts/logout/, by POST only."""

    http_method_names = ["post"]

    def get_redirect_url(self) -> str:
        """The sign-in page, which says it."""
        return f"{reverse('login')}?why={sessions.SIGNED_OUT}"


class Again(ReauthenticateView):  # type: ignore[misc]
    """/accounts/reauthenticate/: the password once more, before something that needs it."""

    template_name = "accounts/again.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Where it goes on, and whether a form was sent that is not saved."""
        context: dict[str, Any] = super().get_context_data(**kwargs)
        return context | {"next": self.get_next_url(), "unsaved": self._is_unsaved()}

    def _is_unsaved(self) -> bool:
        return "unsaved" in (
            self.request.POST if self.request.method == "POST" else self.request.GET
        )

    def form_valid(self, form: Form) -> HttpResponse:
        """Go on where the password was asked for."""
        confirming.confirm(request=self.request)
        if self._is_unsaved():
            messages.warning(self.request, _NOT_SAVED)
        response: HttpResponse = super().form_valid(form)
        return response


@method_decorator(sensitive_post_parameters(), name="dispatch")
class ChangePassword(PasswordChangeView):  # type: ignore[misc]
    """/accounts/password/"""

    template_name = "accounts/password.html"
    form_class = ChangePasswordForm

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Refuse whom somebody else vouches for: there is no password here."""
        if not (isinstance(request.user, User) and request.user.has_usable_password()):
            raise PermissionDenied
        response: HttpResponseBase = super().dispatch(request, *args, **kwargs)
        return response

    def form_valid(self, form: ChangePasswordForm) -> HttpResponse:
        """Change it, which is logged and ends the person's other sessions."""
        response: HttpResponse = super().form_valid(form)
        messages.success(self.request, "Your password is changed.")
        return response

    def get_default_success_url(self) -> str:
        """Where it goes on."""
        return reverse("home")
