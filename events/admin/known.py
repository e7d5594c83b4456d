"""/admin/events/knownvalue/: the administrators' own list, with every change of it in the log."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest

from events import audit, services
from events.models import KnownValue
from events.vetting import known

if TYPE_CHECKING:
    _Admin = admin.ModelAdmin[KnownValue]
else:
    _Admin = admin.ModelAdmin


@admin.register(KnownValue)
class KnownValueAdmin(_Admin):
    """Values, domains and networks of which analysts are told, or that are blocked."""

    list_display = ("value", "match", "kind", "level", "active", "note", "added_by", "updated_at")
    list_filter = ("kind", "level", "match", "active")
    list_select_related = ("added_by",)
    search_fields = ("value", "note")
    fields = ("value", "match", "kind", "level", "note", "active")
    actions = ()

    def save_model(self, request: HttpRequest, obj: KnownValue, form: Any, change: bool) -> None:
        """Save, and log how it was and is."""
        before = says(KnownValue.objects.get(pk=obj.pk)) if change else "new"
        if not change:
            obj.added_by = services.person(request).user
        super().save_model(request, obj, form, change)
        known.forget()
        if says(obj) != before:
            action = "known_value.changed" if change else "known_value.added"
            _log(request, action, obj.pk, f"{before} → {says(obj)}")

    def delete_model(self, request: HttpRequest, obj: KnownValue) -> None:
        """Log and delete one."""
        _delete(request, [obj])

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[KnownValue]) -> None:
        """Log and delete several."""
        _delete(request, queryset)


def says(entry: KnownValue) -> str:
    """What `entry` does, in words that can be compared."""
    parts = (entry.kind, entry.match, entry.value, entry.level)
    state = "" if entry.active else " (switched off)"
    return f"{' '.join(map(str, parts))}{state}{f': {entry.note}' if entry.note else ''}"


@transaction.atomic
def _delete(request: HttpRequest, entries: Iterable[KnownValue]) -> None:
    for entry in list(entries):
        key, said = entry.pk, says(entry)
        entry.delete()
        known.forget()
        _log(request, "known_value.deleted", key, said)


def _log(request: HttpRequest, action: str, key: object, reason: str) -> None:
    """Append what the person behind `request` did; the admin's views hold a transaction."""
    actor = services.person(request).actor
    audit.append(audit.Fact(action, actor, object_id=f"knownvalue:{key}", reason=reason))
