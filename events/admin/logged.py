"""Admin pages whose every change stands in the chained log: how the object was, and how it is."""

from collections.abc import Iterable
from typing import Any

from django.db import transaction
from django.db.models import Model, QuerySet
from django.http import HttpRequest

from events import audit, services
from events.admin.filtered import FilteredAdmin

# Where an object carries what it said before it was saved, from one step of the view to another.
_BEFORE = "_said_before"


class LoggedAdmin(FilteredAdmin):
    """Logs what an object does, before and after, in the transaction of the change.

    The chain is appended to last of all: after related rows, and after the admin's own log.
    `added`, `changed` and `deleted` are the actions' names.
    """

    added = ""
    changed = ""
    deleted = ""

    def says(self, obj: Any) -> str:
        """What `obj` does, in words that can be compared."""
        raise NotImplementedError

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        """Note how it was, and save.

        The row is locked, so that nobody changes it between this note and the log.
        """
        rows = self.model._default_manager.select_for_update()
        setattr(obj, _BEFORE, self.says(rows.get(pk=obj.pk)) if change else "new")
        super().save_model(request, obj, form, change)

    def log_addition(self, request: HttpRequest, obj: Any, message: Any) -> Any:
        """Log it in the chain too."""
        kept = super().log_addition(request, obj, message)
        self._append_change(request, obj, self.added)
        return kept

    def log_change(self, request: HttpRequest, obj: Any, message: Any) -> Any:
        """Log the difference in the chain too, if there is one."""
        kept = super().log_change(request, obj, message)
        self._append_change(request, obj, self.changed)
        return kept

    def delete_model(self, request: HttpRequest, obj: Any) -> None:
        """Delete and log one."""
        self._delete(request, [obj])

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> None:
        """Delete and log several."""
        self._delete(request, queryset)

    def append(self, request: HttpRequest, obj: Model, action: str, reason: str) -> None:
        """Log what the person behind `request` did to `obj`; the view holds a transaction."""
        audit.append(_fact(request, obj, action, reason))

    def _append_change(self, request: HttpRequest, obj: Any, action: str) -> None:
        before = getattr(obj, _BEFORE, None)
        now = self.says(self.model._default_manager.get(pk=obj.pk))
        if before not in {None, now}:
            self.append(request, obj, action, f"{before} → {now}")

    @transaction.atomic
    def _delete(self, request: HttpRequest, objects: Iterable[Any]) -> None:
        facts = []
        for obj in objects:
            facts.append(_fact(request, obj, self.deleted, self.says(obj)))
            obj.delete()
        audit.append(*facts)


def _fact(request: HttpRequest, obj: Model, action: str, reason: str) -> audit.Fact:
    actor = services.person(request).actor
    name = f"{obj._meta.model_name}:{obj.pk}"
    return audit.Fact(action, actor, object_id=name, reason=reason)
