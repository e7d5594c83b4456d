"""The forms of accounts: name and password, a new password, and what administrators fill in."""

from typing import TYPE_CHECKING, Any

from allauth.account.adapter import get_adapter
from allauth.account.forms import LoginForm
from django import forms
from django.contrib.auth.forms import (
    AdminUserCreationForm,
    PasswordChangeForm,
    ReadOnlyPasswordHashField,
    ReadOnlyPasswordHashWidget,
    UserChangeForm,
)
from django.contrib.auth.hashers import is_password_usable
from django.contrib.auth.models import Permission, User
from django.core.exceptions import ValidationError
from django.db.models import Q

from events.models import UnusableName, is_taken
from events.models.account import NAME_MAX
from events.services.people import acting_request

if TYPE_CHECKING:
    _UserForm = forms.ModelForm[User]
else:
    _UserForm = object


class _NoHash(ReadOnlyPasswordHashWidget):
    """Whether there is a password; nothing of its hash, which tells nobody anything here."""

    def get_context(self, name: str, value: Any, attrs: Any) -> dict[str, Any]:
        """The stock page's, with other words."""
        context = super().get_context(name, value, attrs)
        is_set = bool(value) and is_password_usable(value)
        words = "A password is set." if is_set else "No password is set."
        return context | {"summary": [{"label": words}]}


class SignInForm(LoginForm):  # type: ignore[misc]
    """Name and password. While attempts are slowed down no password is judged."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        del self.fields["login"]
        self.fields["username"] = forms.CharField(label="Name", max_length=NAME_MAX)
        self.fields["password"] = forms.CharField(label="Password", strip=False)

    def clean_username(self) -> str:
        """The name; the library asks for it as `login` too."""
        name: str = self.cleaned_data["username"]
        self.cleaned_data["login"] = name
        return name

    def user_credentials(self) -> dict[str, str]:
        """What is judged."""
        return {key: self.cleaned_data[key] for key in ("username", "password")}


class ChangePasswordForm(PasswordChangeForm):
    """The old password, which is judged and counted as at the sign-in, and the new one twice."""

    error_messages = PasswordChangeForm.error_messages | {
        "password_mismatch": "The two new passwords are not the same."
    }

    def validate_password_for_user(
        self,
        user: User,
        password_field_name: str = "new_password1",  # noqa: S107
    ) -> None:
        """What is wrong with the new password is said at it, and not at its repetition."""
        super().validate_password_for_user(user, "new_password1")

    @property
    def first_to_fill(self) -> str:
        """The field that has the focus: the first that is wrong, or the first."""
        return next((name for name in self.fields if name in self.errors), "old_password")

    def clean_old_password(self) -> str:
        """Raises `ValidationError` if it is wrong, or too many were."""
        password: str = self.cleaned_data["old_password"]
        adapter = get_adapter()
        if not adapter.reauthenticate(self.user, password):
            raise adapter.validation_error("incorrect_password")
        return password


class OneName(_UserForm):
    """For a form that names an account: refuses what exists in another spelling."""

    def clean_username(self) -> str:
        """The name. Raises `ValidationError` if it is taken, or holds what cannot be seen.

        One that stays as it was is not judged: it may be from before names were compared.
        """
        before = self.instance.get_username()
        if self.instance.pk and self.data.get(self.add_prefix("username")) == before:
            return before
        inherited = getattr(super(), "clean_username", None)
        name = str(inherited() if inherited else self.cleaned_data["username"])
        try:
            if is_taken(name, but=self.instance.pk):
                raise ValidationError("There is an account with this name. Choose another.")
        except UnusableName as error:
            raise ValidationError(f"{error} Write another.") from None
        return name


class NewAccountForm(OneName, AdminUserCreationForm):  # type: ignore[type-arg]
    """A new account, as an administrator makes it."""


class AccountForm(OneName, UserChangeForm):  # type: ignore[type-arg]
    """An account, as an administrator changes it; nobody shuts themselves out."""

    password = ReadOnlyPasswordHashField(label="Password", widget=_NoHash)

    def clean(self) -> dict[str, Any] | None:
        """Raises `ValidationError` where it is the own account and could change none any more."""
        cleaned = super().clean()
        request = acting_request()
        is_own = request is not None and request.user.pk == self.instance.pk
        if is_own and not self._may_change_accounts():
            raise ValidationError(
                "You cannot switch off your own account, or take your own role away: perhaps "
                "nobody would be left to give it back. Ask another administrator."
            )
        return cleaned

    def _may_change_accounts(self) -> bool:
        """Whether the account, as it is filled in, may still change accounts."""
        filled = self.cleaned_data
        if not filled.get("is_active", self.instance.is_active):
            return False
        if filled.get("is_superuser", self.instance.is_superuser):
            return True
        changing = Permission.objects.filter(codename="change_user", content_type__app_label="auth")
        groups = filled.get("groups", self.instance.groups.all())
        own = filled.get("user_permissions", self.instance.user_permissions.all())
        return changing.filter(Q(group__in=groups) | Q(pk__in=own)).exists()
