"""The page of the blank form: rendered once per version of the lists, then filled in per request.

What differs between two people with the same rights is their name, the tokens, and what they
prefer to see. None of it is ever part of what is kept but the dataset that a form proposes.
"""

import re
import secrets
from types import SimpleNamespace
from zoneinfo import ZoneInfo

from django.conf import settings
from django.contrib.auth.models import User
from django.contrib.messages import get_messages
from django.http import HttpRequest, HttpResponse
from django.middleware.csrf import get_token
from django.shortcuts import render
from django.template.loader import render_to_string
from django.utils.html import escape

from events import outbox, services
from events.forms import blank_fields
from events.reference import References
from events.services import preferences, whose

TEMPLATE = "events/entry.html"
# Marks that nobody can type, because each process makes its own.
_EACH = tuple(f"mark-{secrets.token_hex(16)}" for _ in range(7))
_NAME, _WHOSE, _CSRF, _TOKEN, _THEME, _ZONE, _LOCAL = _EACH
_MARKS = re.compile(f"({'|'.join(_EACH)})")
_KEPT_MOST = 32
_kept: dict[tuple[object, ...], tuple[str, ...]] = {}


def blank_page(request: HttpRequest, user: User, references: References) -> HttpResponse:
    """The blank form for `user`."""
    chosen = preferences.chosen(request)
    dataset_id = chosen.dataset_id or settings.CLOUDFLARE.dataset_id
    context: dict[str, object] = {
        "fields": blank_fields(references, dataset_id),
        "token": services.new_token(),
    } | lists_age(request, references)
    if len(get_messages(request)):
        return render(request, TEMPLATE, context)
    values = {
        _NAME: escape(user.get_username()),
        _WHOSE: whose.mark(user),
        _CSRF: get_token(request),
        _TOKEN: str(context["token"]),
        _THEME: chosen.theme or "system",
        _ZONE: chosen.time_zone,
        _LOCAL: escape(context["fetched_local"]),
    }
    pieces = _pieces(request, user, references, dataset_id, context)
    return HttpResponse("".join([values.get(piece, piece) for piece in pieces]))


def lists_age(request: HttpRequest, references: References) -> dict[str, object]:
    """When the lists were fetched, for the head of the form; `fetched_local` by one's own clock."""
    zone = preferences.chosen(request).time_zone
    at = references.fetched_at
    local = f" ({at.astimezone(ZoneInfo(zone)):%H:%M %Z})" if at and zone else ""
    return {"fetched_at": at, "fetched_local": local}


def _closed() -> str:
    """What every page says of the API, empty while it answers."""
    breaker = outbox.breaker()
    return f"{breaker.sentence} {breaker.reason}" if breaker else ""


def _pieces(
    request: HttpRequest,
    user: User,
    references: References,
    dataset_id: str,
    context: dict[str, object],
) -> tuple[str, ...]:
    """The page cut at its marks."""
    rights = frozenset(user.get_all_permissions())
    key = (references.version, rights, settings.CLOUDFLARE.sandbox, dataset_id, _closed())
    pieces = _kept.get(key)
    if pieces is None:
        person = SimpleNamespace(is_authenticated=True, get_username=lambda: _NAME)
        marks = {"user": person, "whose": _WHOSE, "csrf_token": _CSRF, "token": _TOKEN}
        marks |= {"messages": (), "theme": _THEME, "time_zone": _ZONE, "fetched_local": _LOCAL}
        pieces = tuple(_MARKS.split(render_to_string(TEMPLATE, context | marks, request)))
        if len(_kept) >= _KEPT_MOST:
            _kept.clear()
        _kept[key] = pieces
    return pieces
