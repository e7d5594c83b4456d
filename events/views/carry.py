"""Carrying typed text through an interruption: it travels with the page, and is stored nowhere."""

from dataclasses import dataclass

from django.core.exceptions import RequestDataTooBig, TooManyFieldsSent
from django.http import HttpRequest
from django.http.multipartparser import MultiPartParserError
from django.http.request import UnreadablePostError

NOT_TYPED = frozenset({"csrfmiddlewaretoken", "action", "username", "password", "next", "carried"})
HIDDEN = frozenset({"form_token", "version"})
PATHS = ("/events/",)


@dataclass(frozen=True)
class Carried:
    """The fields of an event form that could not be handled, and where they were going."""

    path: str
    fields: tuple[tuple[str, str], ...]

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
    try:
        posted = request.POST
    except (RequestDataTooBig, TooManyFieldsSent, MultiPartParserError, UnreadablePostError):
        return None
    path = posted.get("carried") or request.path
    if "form_token" not in posted or not path.startswith(PATHS):
        return None
    fields = tuple(
        (name, value)
        for name, values in posted.lists()
        for value in values
        if name not in NOT_TYPED
    )
    return Carried(path, fields)
