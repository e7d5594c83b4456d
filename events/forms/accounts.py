"""The forms of signing in: name and password, and a new password."""

from typing import Any

from allauth.account.adapter import get_adapter
from allauth.account.forms import LoginForm
from django import forms
from django.contrib.auth.forms import PasswordChangeForm

from events.models.account import NAME_MAX


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

    def clean_old_password(self) -> str:
        """Raises `ValidationError` if it is wrong, or too many were."""
        password: str = self.cleaned_data["old_password"]
        adapter = get_adapter()
        if not adapter.reauthenticate(self.user, password):
            raise adapter.validation_error("incorrect_password")
        return password
