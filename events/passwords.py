"""What a new password has to be, beside long: hard to guess, and not the one before."""

from typing import Any

from django.contrib.auth.hashers import check_password
from django.core.exceptions import ValidationError
from zxcvbn import zxcvbn

# Of five: more than a hundred million guesses are needed.
ENOUGH = 3
# More takes long to judge, and what begins so is strong or weak enough.
_JUDGED = 72
_OF_THE_DESK = ("event", "desk", "eventdesk", "cloudflare", "cloudforce", "threat")
_OF_A_PERSON = ("username", "first_name", "last_name", "email")
ADVICE = "Write four words or more that do not belong together, or let a password manager make one."


class HardToGuess:
    """Refuses what is guessed early: common ones, patterns, repeats, and names of the person."""

    def validate(self, password: str, user: Any = None) -> None:
        """Raises `ValidationError`, which says why and what to write."""
        if not password:
            # It is too short, which is told already.
            return
        found = zxcvbn(password[:_JUDGED], user_inputs=[*_OF_THE_DESK, *_names(user)])
        if found["score"] < ENOUGH:
            why = found["feedback"]["warning"] or "It is made of what is tried first."
            raise ValidationError(
                f"This password can be guessed. {why} {ADVICE}", code="password_guessable"
            )

    def get_help_text(self) -> str:
        """What to write."""
        return f"Your password has to be hard to guess. {ADVICE}"


class NotTheOldOne:
    """Refuses the password that the account has."""

    def validate(self, password: str, user: Any = None) -> None:
        """Raises `ValidationError`."""
        old = getattr(user, "password", "")
        if old and check_password(password, old):
            raise ValidationError(
                "This is the old password. Write another one.", code="password_old"
            )

    def get_help_text(self) -> str:
        """What to write."""
        return "Your password has to be another one than the old."


def _names(user: Any) -> list[str]:
    """The names of `user`, whole and in parts."""
    names = [str(getattr(user, name, "") or "") for name in _OF_A_PERSON]
    parts = [part for name in names for part in name.replace("@", " ").replace(".", " ").split()]
    return [*filter(None, names), *parts]
