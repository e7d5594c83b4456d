"""/admin/auth/: accounts and groups; what changes them is logged by the models."""

from typing import TYPE_CHECKING, Any

from django.contrib import admin, messages
from django.contrib.auth.admin import GroupAdmin, UserAdmin
from django.contrib.auth.models import Group, User
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import path
from django.views.decorators.http import require_POST

from events import services
from events.admin.confirmed import ConfirmedAdmin
from events.forms.accounts import AccountForm, NewAccountForm
from events.services import sessions

if TYPE_CHECKING:
    _UserAdmin = UserAdmin[User]
else:
    _UserAdmin = UserAdmin

admin.site.unregister(User)
admin.site.unregister(Group)


@admin.register(User)
class DeskUserAdmin(ConfirmedAdmin, _UserAdmin):
    """Accounts. Only superusers touch superusers, or permissions that no group gives."""

    form = AccountForm
    add_form = NewAccountForm
    change_form_template = "admin/auth/user/change_form.html"
    list_display = ("username", "first_name", "last_name", "roles", "is_active", "last_login")
    list_filter = ("is_active", "is_superuser", "groups")
    # "Staff status" lets nobody in here: groups do.
    fieldsets = (
        (None, {"fields": ("username", "password")}),
        ("Person", {"fields": ("first_name", "last_name", "email")}),
        ("Roles", {"fields": ("is_active", "is_superuser", "groups", "user_permissions")}),
        ("Dates", {"fields": ("last_login", "date_joined")}),
    )
    # What happened is not for people to say.
    readonly_fields = ("last_login", "date_joined")

    def get_queryset(self, request: HttpRequest) -> QuerySet[User]:
        """The accounts with their groups, which the list shows."""
        return super().get_queryset(request).prefetch_related("groups")

    @admin.display(description="Roles")
    def roles(self, user: User) -> str:
        """The groups of `user`."""
        names = sorted(group.name for group in user.groups.all())
        return ", ".join(["superuser", *names] if user.is_superuser else names)

    def get_urls(self) -> list[Any]:
        """Beside Django's: ending the account's sessions."""
        end = self.admin_site.admin_view(require_POST(self.end_sessions))
        return [
            path("<int:pk>/sessions/end/", end, name="auth_user_sessions_end"),
            *super().get_urls(),
        ]

    def end_sessions(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Sign the person out everywhere; they may sign in again."""
        user = get_object_or_404(User, pk=pk)
        if not self.has_change_permission(request, user):
            raise PermissionDenied
        count = sessions.end_of(services.person(request), user)
        messages.success(request, f"{count} session{'' if count == 1 else 's'} ended.")
        return redirect("admin:auth_user_change", pk)

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """The account, with how many sessions it has."""
        user = self.get_object(request, object_id)
        count = sessions.of(user).count() if user else 0
        more = {**(extra_context or {}), "session_count": count}
        return super().change_view(request, object_id, form_url, more)

    def get_readonly_fields(self, request: HttpRequest, obj: User | None = None) -> Any:
        """Administrators who are not superusers give groups, and nothing beyond them."""
        fields = super().get_readonly_fields(request, obj)
        beyond = () if _is_superuser(request) else ("is_superuser", "user_permissions")
        return (*fields, *beyond)

    def has_change_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        """Superusers' accounts are for superusers: who sets a password takes an account over."""
        return _may_touch(request, obj) and super().has_change_permission(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        """Superusers' accounts are for superusers; nobody deletes the own one, which may be the
        last that can give roles.
        """
        is_own = obj is not None and obj.pk == request.user.pk
        may = _may_touch(request, obj) and super().has_delete_permission(request, obj)
        return may and not is_own


@admin.register(Group)
class DeskGroupAdmin(ConfirmedAdmin, GroupAdmin):
    """Groups and what their members may do."""


def _is_superuser(request: HttpRequest) -> bool:
    return bool(getattr(request.user, "is_superuser", False))


def _may_touch(request: HttpRequest, user: User | None) -> bool:
    return user is None or not user.is_superuser or _is_superuser(request)
