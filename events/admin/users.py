"""/admin/auth/: accounts and groups; what changes them is logged by the models."""

from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.contrib.auth.admin import GroupAdmin, UserAdmin
from django.contrib.auth.models import Group, User
from django.http import HttpRequest

from events.admin.confirmed import ConfirmedAdmin
from events.forms.accounts import AccountForm, NewAccountForm

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

    def get_readonly_fields(self, request: HttpRequest, obj: User | None = None) -> Any:
        """Administrators who are not superusers give groups, and nothing beyond them."""
        fields = super().get_readonly_fields(request, obj)
        beyond = () if _is_superuser(request) else ("is_superuser", "is_staff", "user_permissions")
        return (*fields, *beyond)

    def has_change_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        """Superusers' accounts are for superusers: who sets a password takes an account over."""
        return _may_touch(request, obj) and super().has_change_permission(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        """Superusers' accounts are for superusers."""
        return _may_touch(request, obj) and super().has_delete_permission(request, obj)


@admin.register(Group)
class DeskGroupAdmin(ConfirmedAdmin, GroupAdmin):
    """Groups and what their members may do."""


def _is_superuser(request: HttpRequest) -> bool:
    return bool(getattr(request.user, "is_superuser", False))


def _may_touch(request: HttpRequest, user: User | None) -> bool:
    return user is None or not user.is_superuser or _is_superuser(request)
