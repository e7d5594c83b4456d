"""/templates/: the team's templates and one's own, to be used, renamed and deleted."""

from uuid import UUID

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_GET, require_http_methods

from events import services
from events.models import EventTemplate
from events.services import templates as verbs
from events.services.people import Person
from events.services.rules import WRITE


@require_GET
def templates(request: HttpRequest) -> HttpResponse:
    """Every template that the person may use: own ones first."""
    person = _writer(request)
    found = EventTemplate.objects.visible_to(person.user).order_by("name")
    context = {
        "groups": (
            ("My templates", [each for each in found if not each.is_team], True),
            (
                "The team's templates",
                [each for each in found if each.is_team],
                person.user.has_perm(verbs.SHARE),
            ),
        ),
        "placeholders": verbs.PLACEHOLDERS,
    }
    return render(request, "templates/list.html", context)


@require_http_methods(["GET", "POST"])
def rename(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Ask for the new name, then give it."""
    person, template = _changeable(request, pk)
    name, problem = template.name, ""
    if request.method == "POST":
        name = request.POST.get("name", "")
        try:
            verbs.rename(person=person, template=template, name=name)
        except verbs.NotSaved as refusal:
            problem = str(refusal)
        else:
            messages.success(request, f"The template is called “{template.name}” now.")
            return redirect("templates")
    context = {"template": template, "name": name, "problem": problem}
    return render(request, "templates/rename.html", context)


@require_http_methods(["GET", "POST"])
def delete(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Ask, then delete."""
    person, template = _changeable(request, pk)
    if request.method == "POST":
        verbs.delete(person=person, template=template)
        messages.success(request, f"The template “{template.name}” is deleted.")
        return redirect("templates")
    return render(request, "templates/delete.html", {"template": template})


def _changeable(request: HttpRequest, pk: UUID) -> tuple[Person, EventTemplate]:
    person = _writer(request)
    template = get_object_or_404(EventTemplate.objects.visible_to(person.user), pk=pk)
    verbs.must_be_changeable(person, template)
    return person, template


def _writer(request: HttpRequest) -> Person:
    """The person, who uses templates or looks after those of the team."""
    person = services.person(request)
    if not any(person.user.has_perm(name) for name in (WRITE, verbs.SHARE)):
        raise PermissionDenied
    return person
