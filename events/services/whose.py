"""Whose a page is: it names the account for which it was made, and goes on for no other."""

from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.models import AnonymousUser, User
from django.core.signing import BadSignature, Signer

FIELD = "whose"


def mark(user: AbstractBaseUser | AnonymousUser) -> str:
    """What names the account in a page of `user`; empty if nobody is signed in.

    It is signed, so that nobody learns from the sign-in page whose number is which.
    """
    return _signer().sign(str(user.pk)) if user.is_authenticated else ""


def named(text: str) -> int | None:
    """The key of the account that `text` names; None if it names none.

    Nor does one signed by another key: with that key every session has ended, and what was typed
    must not be lost.
    """
    try:
        return int(_signer().unsign(text))
    except (BadSignature, ValueError):
        return None


def owner(text: str) -> User | None:
    """The account that `text` names, if it is there."""
    pk = named(text)
    return None if pk is None else User.objects.filter(pk=pk).first()


def _signer() -> Signer:
    return Signer(salt="events.whose")
