"""Carrying typed text through an interruption: it travels with the page, and is stored nowhere."""

import re
from dataclasses import dataclass

from django.core.exceptions import RequestDataTooBig, TooManyFieldsSent
from django.http import HttpRequest, QueryDict
from django.http.multipartparser import MultiPartParserError
from django.http.request import UnreadablePostError
from django.urls import Resolver404, resolve, reverse

from events.forms.completing import FROM_TEMPLATE
from events.forms.typed import PREFIX, TEXTS
from events.services import whose
from events.services.drafts import WAS_RED

# What reading a form raises that is too large or did not arrive whole.
UNREADABLE = (RequestDataTooBig, TooManyFieldsSent, MultiPartParserError, UnreadablePostError)
HIDDEN = frozenset({"form_token", "version", WAS_RED, whose.FIELD})
ROUTES = frozenset({"event_new", "event_edit"})
# A test compares them with the page of the form: what is not here is lost, or was RED and is not.
_FIELDS = (
    frozenset(TEXTS) | HIDDEN | {FROM_TEMPLATE, "override_reason", "template_name", "template_for"}
)
_ROW_FIELD = re.compile(
    rf"{PREFIX}-(?:[0-9]+-(?:indicator_type|value|note)|(?:TOTAL|INITIAL)_FORMS)", re.ASCII
)


@dataclass(frozen=True)
class Carried:
    """The fields of an event form that could not be handled, where they were going, and the mark of
    the account in whose page they were typed; empty if the form did not say.
    """

    path: str
    fields: tuple[tuple[str, str], ...]
    whose: str = ""

    @property
    def typed(self) -> list[tuple[str, str]]:
        """The fields that a person filled in."""
        return [
            (name, value)
            for name, value in self.fields
            if value and name not in HIDDEN and not name.endswith("_FORMS")
        ]


def carried(request: HttpRequest) -> Carried | None:
    """What `request` posted from the event form, if it did and can be read."""
    posted = _posted(request)
    if posted is None:
        return None
    path = _route(_aim(request, posted.get("carried", "")))
    if "form_token" not in posted or not path:
        return None
    fields = tuple(
        (name, value) for name, values in posted.lists() for value in values if _is_of_form(name)
    )
    return Carried(path, fields, posted.get(whose.FIELD, ""))


def is_of_another(request: HttpRequest) -> bool:
    """Whether `request` posts what was typed in the page of another account than is signed in."""
    posted = _posted(request)
    named = whose.named(posted.get(whose.FIELD, "")) if posted is not None else None
    return named is not None and named != request.user.pk


def _posted(request: HttpRequest) -> QueryDict | None:
    """The fields that `request` posted; None if they cannot be read."""
    try:
        return request.POST
    except UNREADABLE:
        return None


def _aim(request: HttpRequest, named: str) -> str:
    """Where the form was going: the sign-in page alone carries forms of other addresses."""
    return named if request.path == reverse("login") else request.path


def _route(path: str) -> str:
    """The address of the event form that `path` leads to, written anew; empty for all others.

    Whatever page posts a form here chooses its fields, and the person's own press then sends them
    from our page with our token: to no other address than the form's, which only shows them.
    """
    try:
        match = resolve(path)
    except Resolver404:
        return ""
    if match.url_name not in ROUTES or match.namespaces:
        return ""
    return reverse(str(match.url_name), args=match.args, kwargs=match.kwargs)


def _is_of_form(name: str) -> bool:
    return name in _FIELDS or _ROW_FIELD.fullmatch(name) is not None
