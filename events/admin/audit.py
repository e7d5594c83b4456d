"""/admin/events/auditentry/: the audit log's list and entries, to be read and nothing else."""

from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db import DatabaseError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render

from events import audit, services
from events.admin import entry_page, list_page
from events.admin.links import refused_to
from events.audit import marked
from events.models import AuditEntry, may_see_red
from events.payload import Tlp
from events.services import evidence
from events.views.evident import not_shown

if TYPE_CHECKING:
    _Admin = admin.ModelAdmin[AuditEntry]
else:
    _Admin = admin.ModelAdmin


@admin.register(AuditEntry)
class AuditEntryAdmin(_Admin):
    """The audit pages. Nobody may add, change or delete, superusers included.

    The stock changelist counts and sorts whole tables, and its pages have other parts than
    these; the URLs and their names are the admin's own.
    """

    def has_view_permission(self, request: HttpRequest, obj: AuditEntry | None = None) -> bool:
        """Who may read the log."""
        return bool(request.user.has_perm("events.view_auditentry"))

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Nobody: entries are appended by what happens."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: AuditEntry | None = None) -> bool:
        """Nobody."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: AuditEntry | None = None) -> bool:
        """Nobody."""
        return False

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """The list, newest first, by the filters in the query."""
        self._must_only_read(request)
        context = list_page.context(
            request.GET,
            is_red_visible=may_see_red(request.user),
            refused=refused_to(request.user),
        )
        # After the search, which would otherwise find itself.
        if query := list_page.searched(request.GET):
            try:
                evidence.searched(services.person(request), query, action="audit.searched")
            except evidence.NotLogged:
                return not_shown()
        return render(request, "admin/events/auditentry/change_list.html", context)

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """One entry. Looking at it is an entry too, and nothing is shown before that is written."""
        self._must_only_read(request)
        found = entry_page.find(object_id)
        if found is None:
            raise Http404
        actor = services.person(request).actor
        seen = f"audit:{found.entry.seq}"
        tlp = Tlp.RED if marked.is_red(found.entry) else found.entry.tlp
        try:
            audit.record(audit.Fact("audit.viewed", actor, object_id=seen, tlp=tlp))
        except DatabaseError:
            return not_shown()
        context = entry_page.context(
            found,
            is_red_visible=may_see_red(request.user),
            refused=refused_to(request.user),
        )
        return render(request, "admin/events/auditentry/change_form.html", context)

    def add_view(
        self,
        request: HttpRequest,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """Refused."""
        raise PermissionDenied

    def delete_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Refused."""
        raise PermissionDenied

    def history_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Refused: an entry never changes, so that it has no history."""
        raise PermissionDenied

    def _must_only_read(self, request: HttpRequest) -> None:
        if request.method not in {"GET", "HEAD"} or not self.has_view_permission(request):
            raise PermissionDenied
