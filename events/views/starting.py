"""Forms that start with something in them: the context of an event, a template, one's dataset."""

from typing import Any, NamedTuple
from uuid import UUID

from django.http import Http404, HttpRequest
from django.shortcuts import get_object_or_404

from events import services
from events.models import EventTemplate, Submission
from events.services import evidence, templates
from events.services.drafts import WAS_RED


class Start(NamedTuple):
    """What a new form holds, and the name of the template that it was made from."""

    typed: dict[str, Any]
    template: str = ""

    @property
    def was_red(self) -> bool:
        """Whether that was copied from what is TLP:RED."""
        return bool(self.typed.get(WAS_RED))


def start(request: HttpRequest) -> Start | None:
    """What `?like=<submission>` or `?template=<template>` asks for; None for a blank form.

    Raises `Http404` for what the person may not see, and `NotLogged`.
    """
    person = services.person(request)
    if "like" in request.GET:
        visible = Submission.objects.visible_to(person.user)
        submission = get_object_or_404(visible, pk=_identifier(request.GET["like"]))
        evidence.viewed(person, submission)
        return Start(services.context_of(submission, person))
    if "template" in request.GET:
        mine = EventTemplate.objects.visible_to(person.user)
        template = get_object_or_404(mine, pk=_identifier(request.GET["template"]))
        return Start(templates.start(person=person, template=template), template.name)
    return None


def _identifier(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise Http404 from None
