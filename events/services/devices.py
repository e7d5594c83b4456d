"""Devices on which a person signed in before: a stranger's failed attempts do not slow these."""

import hmac
import secrets
from datetime import timedelta

from django.conf import settings
from django.contrib.auth.models import User
from django.core import signing
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils.crypto import salted_hmac

LASTS = timedelta(days=180)
_SALT = "events.services.devices"


def known(request: HttpRequest, user: User | None) -> str:
    """The name of the device if `user` signed in on it with the password of now; else empty.

    Whoever knew an older password is a stranger again.
    """
    kept = request.COOKIES.get(settings.DEVICE_COOKIE_NAME, "")
    try:
        owner, name, password = signing.loads(kept, salt=_SALT, max_age=LASTS)
    except (signing.BadSignature, ValueError, TypeError):
        return ""
    if user is None or owner != user.pk:
        return ""
    return str(name) if hmac.compare_digest(str(password), _password_of(user)) else ""


def remember(request: HttpRequest, response: HttpResponseBase, user: User) -> None:
    """Let the browser keep that `user` signed in here. It opens nothing: it only tells who asks."""
    name = known(request, user) or secrets.token_hex(8)
    response.set_cookie(
        settings.DEVICE_COOKIE_NAME,
        signing.dumps([user.pk, name, _password_of(user)], salt=_SALT),
        max_age=LASTS,
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Lax",
    )


def _password_of(user: User) -> str:
    """What stands for the password of `user`: another one for every other password."""
    return salted_hmac(_SALT, user.password).hexdigest()[:32]
