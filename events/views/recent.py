"""What pickers ask for when they are used: what a person chose last, and lists that are long."""

from django.http import HttpRequest, JsonResponse

from events import reference
from events.forms import choices
from events.models import Submission
from events.services.copies import CONTEXT

SUBMISSIONS = 30
SHOWN = 5
LISTS = {"attackers": choices.all_attackers, "tags": choices.all_tags}


def recent(request: HttpRequest) -> JsonResponse:
    """Up to `SHOWN` values by field name, the last first, from the person's own submissions."""
    mine = Submission.objects.filter(author=request.user.pk).order_by("-updated_at")
    typed = [each.typed_values for each in mine.only("typed")[:SUBMISSIONS]]
    return JsonResponse(
        {name: _last(name, [each.get(name, "") for each in typed]) for name in CONTEXT}
    )


def whole_list(name: str) -> JsonResponse:
    """Every choice of one of `LISTS` as `[name, other names]`."""
    every = LISTS[name](reference.load())
    return JsonResponse({"options": [[each.value, each.hint] for each in every]})


def _last(name: str, texts: list[str]) -> list[str]:
    split = [
        part.strip() for text in texts for part in (text.split(",") if name == "tags" else [text])
    ]
    return list(dict.fromkeys(filter(None, split)))[:SHOWN]
