"""What the log may not tell everybody: entries are judged by the strictest label of their object.

A payload that was logged as AMBER is the same text when its event is RED by now.
"""

from collections.abc import Iterable
from uuid import UUID

from events.models import AuditEntry, Submission
from events.payload import Tlp


def is_red(entry: AuditEntry) -> bool:
    """Whether the texts of `entry` are only for those who may see TLP:RED."""
    return entry.tlp == Tlp.RED or bool(red_among({entry.object_id}))


def red_among(objects: Iterable[str]) -> set[str]:
    """Those of `objects`, as entries name them, that are TLP:RED now or were it in the log."""
    named = {name for name in objects if name}
    if not named:
        return set()
    logged = AuditEntry.objects.filter(object_id__in=named, tlp=Tlp.RED)
    ids = {identifier: name for name in named if (identifier := _uuid(name))}
    now = Submission.objects.filter(pk__in=ids, tlp=Tlp.RED).values_list("pk", flat=True)
    return {*logged.order_by().values_list("object_id", flat=True), *(ids[pk] for pk in now)}


def without_red(numbers: Iterable[int]) -> list[int]:
    """Those of the entries `numbers` that are not about what is TLP:RED."""
    wanted = AuditEntry.objects.filter(seq__in=list(numbers)).exclude(tlp=Tlp.RED)
    rows = list(wanted.order_by().values_list("seq", "object_id"))
    red = red_among({name for _, name in rows})
    return [seq for seq, name in rows if name not in red]


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
