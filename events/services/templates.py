"""Templates: saving a form's text to start from, filling its placeholders, sharing it."""

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone

from events import audit
from events.models import EventTemplate
from events.payload import Tlp, refuse_hostile
from events.services.drafts import WAS_RED, label_of
from events.services.people import NotAllowed, Person
from events.services.rules import WRITE

SHARE = "events.share_template"
NAME_MAX = 100
SIZE_MAX = 256 * 1024
OWN_MOST = 500
# What differs from event to event is not kept, and TLP is a decision that is made for each.
KEPT = (
    "category",
    "event",
    "insight",
    "attacker",
    "attacker_country",
    "target_country",
    "target_industry",
    "dataset_id",
    "tags",
    "raw_data",
    "raw_source",
    "account_id",
)
PLACEHOLDERS = {
    "date": "the day on which the template is used, in UTC",
    "analyst": "your name here",
    "indicator": "the first indicator, as soon as there is one",
    "indicators": "all indicators with commas, as soon as there are any",
}
FILLED_IN = ("event", "insight")
_PLACEHOLDER = re.compile(r"\{([a-z]+)\}")


class NotSaved(ValueError):
    """The template was not saved or renamed; the text says what to do."""


def save(*, person: Person, name: str, typed: Mapping[str, Any], is_team: bool) -> EventTemplate:
    """Keep what `typed` holds as a template. Raises `NotAllowed` and `NotSaved`."""
    person.must(WRITE)
    if is_team:
        person.must(SHARE)
        _must_not_be_red(typed)
    elif EventTemplate.objects.filter(owner=person.user).count() >= OWN_MOST:
        raise NotSaved(f"You have {OWN_MOST} templates. Delete some that you no longer use.")
    is_red = bool(typed.get(WAS_RED)) or label_of(typed, was_red=False) is Tlp.RED
    text = json.dumps({key: str(typed.get(key, "")) for key in KEPT})
    if len(text) > SIZE_MAX:
        raise NotSaved(f"This is too long for a template: shorten it to {SIZE_MAX // 1024} KB.")
    template = EventTemplate(
        name=_name(name), owner=None if is_team else person.user, typed=text, was_red=is_red
    )
    return _store(template, person, "template.saved", is_new=True)


def rename(*, person: Person, template: EventTemplate, name: str) -> EventTemplate:
    """Give `template` another name. Raises `NotAllowed` and `NotSaved`."""
    must_be_changeable(person, template)
    template.name = _name(name)
    return _store(template, person, "template.renamed", is_new=False)


def delete(*, person: Person, template: EventTemplate) -> None:
    """Delete `template`; drafts that were made from it stay. Raises `NotAllowed`.

    What somebody else deleted meanwhile is not logged a second time.
    """
    must_be_changeable(person, template)
    with transaction.atomic():
        rows, _ = EventTemplate.objects.filter(pk=template.pk).delete()
        if rows:
            audit.append(_fact(template, person, "template.deleted"))


def must_be_changeable(person: Person, template: EventTemplate) -> None:
    """Raise `NotAllowed` unless `person` may rename and delete `template`."""
    if template.is_team:
        person.must(SHARE)
    elif template.owner_id != person.user.pk:
        raise NotAllowed("this belongs to somebody else")


def start(*, person: Person, template: EventTemplate) -> dict[str, Any]:
    """What a form made from `template` holds now."""
    values = {"date": f"{timezone.now():%Y-%m-%d}", "analyst": person.user.get_username()}
    typed = template.typed_values
    filled_in = {name: filled(str(typed.get(name, "")), values) for name in FILLED_IN}
    return typed | filled_in | {WAS_RED: "1" if template.was_red else ""}


def with_indicators(text: str, indicators: Sequence[str]) -> str:
    """`text` with the placeholders of indicators filled, if there are `indicators`."""
    if not indicators:
        return text
    return filled(text, {"indicator": indicators[0], "indicators": ", ".join(indicators)})


def filled(text: str, values: Mapping[str, str]) -> str:
    """`text` with each `{name}` replaced by its value; a name that has none stays as it is."""
    return _PLACEHOLDER.sub(lambda match: values.get(match[1], match[0]), text)


def _store(template: EventTemplate, person: Person, action: str, *, is_new: bool) -> EventTemplate:
    template.saved_by = person.actor.name
    template.saved_at = timezone.now()
    try:
        with transaction.atomic():
            if is_new:
                template.save(force_insert=True)
            else:
                _rename(template)
            audit.append(_fact(template, person, action))
    except IntegrityError:
        whose = "The team has" if template.is_team else "You have"
        raise NotSaved(
            f"{whose} a template of this name. Write another name, or delete that one first."
        ) from None
    return template


def _rename(template: EventTemplate) -> None:
    """Write the name, unless the template is gone: saving it would bring it back."""
    rows = EventTemplate.objects.filter(pk=template.pk).update(
        name=template.name, saved_by=template.saved_by, saved_at=template.saved_at
    )
    if rows == 0:
        raise NotSaved("This template was deleted meanwhile. Save the form as a new one.")


def _fact(template: EventTemplate, person: Person, action: str) -> audit.Fact:
    whose = "team" if template.is_team else "personal"
    return audit.Fact(
        action,
        person.actor,
        object_id=str(template.pk),
        reason=f"{whose}: {template.name}",
        tlp=Tlp.RED if template.was_red else "",
    )


def _must_not_be_red(typed: Mapping[str, Any]) -> None:
    """Everybody who may enter events reads a team template, RED or not."""
    if Tlp.RED in {typed.get("tlp"), typed.get("raw_tlp")}:
        raise NotSaved(
            "This form is TLP:RED, and everybody who may enter events could read a template of the "
            "team. Save it for yourself, or take out what is RED and choose another label first."
        )
    if typed.get(WAS_RED):
        raise NotSaved(
            "This form was copied from what is TLP:RED, and everybody who may enter events could "
            "read a template of the team. Save it for yourself, or write what the team may read "
            "into a new form."
        )


def _name(text: str) -> str:
    name = " ".join(text.split())
    if not name:
        raise NotSaved("Write a name for the template.")
    if len(name) > NAME_MAX:
        raise NotSaved(f"The name is {len(name)} characters long. Write {NAME_MAX} or fewer.")
    try:
        return refuse_hostile(name)
    except ValueError as error:
        raise NotSaved(f"The template's name: {error}") from None
