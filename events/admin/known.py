"""/admin/events/knownvalue/: the administrators' own list, with every change of it in the log."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from events import services
from events.admin.logged import LoggedAdmin
from events.models import KnownValue
from events.vetting import known


@admin.register(KnownValue)
class KnownValueAdmin(LoggedAdmin):
    """Values, domains and networks of which analysts are told, or that are blocked."""

    list_display = ("value", "match", "kind", "level", "active", "note", "added_by", "updated_at")
    list_filter = ("kind", "level", "match", "active")
    list_select_related = ("added_by",)
    search_fields = ("value", "note")
    fields = ("value", "match", "kind", "level", "note", "active")
    actions = ()

    added = "known_value.added"
    changed = "known_value.changed"
    deleted = "known_value.deleted"

    def says(self, obj: KnownValue) -> str:
        """What the entry does."""
        return says(obj)

    def save_model(self, request: HttpRequest, obj: KnownValue, form: Any, change: bool) -> None:
        """Save, and note who added it."""
        if not change:
            obj.added_by = services.person(request).user
        super().save_model(request, obj, form, change)
        known.forget()

    def delete_model(self, request: HttpRequest, obj: KnownValue) -> None:
        """Delete and log one."""
        super().delete_model(request, obj)
        known.forget()

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[KnownValue]) -> None:
        """Delete and log several."""
        super().delete_queryset(request, queryset)
        known.forget()


def says(entry: KnownValue) -> str:
    """What `entry` does, in words that can be compared."""
    parts = (entry.kind, entry.match, entry.value, entry.level)
    state = "" if entry.active else " (switched off)"
    return f"{' '.join(map(str, parts))}{state}{f': {entry.note}' if entry.note else ''}"
