"""Devices on which a person signed in before: a stranger's failed attempts do not slow these."""

import secrets
from datetime import timedelta

from django.conf import settings
from django.contrib.auth.models import User
from django.core import signing
from django.http import HttpRequest
from django.http.response import HttpResponseBase

LASTS = timedelta(days=180)
_SALT = "events.services.devices"


def known(request: HttpRequest, user: User | None) -> str:
    """The name of the device if `user` signed in on it before; empty for every other."""
    kept = request.COOKIES.get(settings.DEVICE_COOKIE_NAME, "")
    try:
        owner, name = signing.loads(kept, salt=_SALT, max_age=LASTS)
    except (signing.BadSignature, ValueError, TypeError):
        return ""
    return str(name) if user is not None and owner == user.pk else ""


def remember(request: HttpRequest, response: HttpResponseBase, user: User) -> None:
    """Let the browser keep that `user` signed in here. It opens nothing: it only tells who asks."""
    name = known(request, user) or secrets.token_hex(8)
    response.set_cookie(
        settings.DEVICE_COOKIE_NAME,
        signing.dumps([user.pk, name], salt=_SALT),
        max_age=LASTS,
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Lax",
    )
