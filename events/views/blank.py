"""The page of the blank form: rendered once per version of the lists, then filled in per request.

What differs between two people with the same rights is their name and the tokens. They are never
part of what is kept.
"""

import re
import secrets
import uuid
from types import SimpleNamespace

from django.conf import settings
from django.contrib.auth.models import User
from django.contrib.messages import get_messages
from django.http import HttpRequest, HttpResponse
from django.middleware.csrf import get_token
from django.shortcuts import render
from django.template.loader import render_to_string
from django.utils.html import escape

from events.forms import blank_fields
from events.reference import References

TEMPLATE = "events/entry.html"
# Marks that nobody can type, because each process makes its own.
_NAME, _CSRF, _TOKEN = (f"mark-{secrets.token_hex(16)}" for _ in range(3))
_MARKS = re.compile(f"({_NAME}|{_CSRF}|{_TOKEN})")
_KEPT_MOST = 32
_kept: dict[tuple[object, ...], tuple[str, ...]] = {}


def blank_page(request: HttpRequest, user: User, references: References) -> HttpResponse:
    """The blank form for `user`."""
    context: dict[str, object] = {
        "fields": blank_fields(references),
        "fetched_at": references.fetched_at,
        "token": uuid.uuid4(),
    }
    if len(get_messages(request)):
        return render(request, TEMPLATE, context)
    values = {
        _NAME: escape(user.get_username()),
        _CSRF: get_token(request),
        _TOKEN: str(context["token"]),
    }
    pieces = _pieces(request, user, references, context)
    return HttpResponse("".join([values.get(piece, piece) for piece in pieces]))


def _pieces(
    request: HttpRequest, user: User, references: References, context: dict[str, object]
) -> tuple[str, ...]:
    """The page cut at its marks."""
    api = settings.CLOUDFLARE
    key = (references.version, frozenset(user.get_all_permissions()), api.sandbox, api.dataset_id)
    pieces = _kept.get(key)
    if pieces is None:
        person = SimpleNamespace(is_authenticated=True, get_username=lambda: _NAME)
        marks = {"user": person, "csrf_token": _CSRF, "token": _TOKEN, "messages": ()}
        pieces = tuple(_MARKS.split(render_to_string(TEMPLATE, context | marks, request)))
        if len(_kept) >= _KEPT_MOST:
            _kept.clear()
        _kept[key] = pieces
    return pieces
