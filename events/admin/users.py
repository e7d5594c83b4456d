"""/admin/auth/: accounts and groups, with every change of what somebody may do in the log."""

from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.contrib.auth.admin import GroupAdmin, UserAdmin
from django.contrib.auth.models import Group, User
from django.db import transaction
from django.http import HttpRequest, HttpResponse

from events.admin.logged import LoggedAdmin

if TYPE_CHECKING:
    _UserAdmin = UserAdmin[User]
else:
    _UserAdmin = UserAdmin

admin.site.unregister(User)
admin.site.unregister(Group)


def roles(user: User) -> str:
    """What `user` may do, in words that can be compared."""
    groups = user.groups.order_by("name").values_list("name", flat=True)
    permissions = user.user_permissions.order_by("codename").values_list("codename", flat=True)
    parts = ["active" if user.is_active else "switched off"]
    parts += ["superuser"] if user.is_superuser else []
    parts += ["staff"] if user.is_staff else []
    parts += [f"groups {', '.join(groups)}" if groups else "no groups"]
    parts += [f"permissions {', '.join(permissions)}"] if permissions else []
    return f"{user.get_username()}: {'; '.join(parts)}"


def members_may(group: Group) -> str:
    """What the members of `group` may do, in words that can be compared."""
    names = group.permissions.order_by("codename").values_list("codename", flat=True)
    return f"{group.name}: {', '.join(names) or 'nothing'}"


@admin.register(User)
class DeskUserAdmin(LoggedAdmin, _UserAdmin):
    """Accounts. Only superusers touch superusers, or permissions that no group gives."""

    added = changed = "user.roles_changed"
    deleted = "user.deleted"

    def says(self, obj: User) -> str:
        """The account's roles."""
        return roles(obj)

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

    def user_change_password(
        self, request: HttpRequest, id: str, form_url: str = ""
    ) -> HttpResponse:
        """Log that a password was set or switched off by somebody else than its owner."""
        if request.method != "POST" or not id.isdecimal():
            return super().user_change_password(request, id, form_url)
        with transaction.atomic():
            before = User.objects.filter(pk=id).first()
            response = super().user_change_password(request, id, form_url)
            after = User.objects.filter(pk=id).first()
            if before and after and before.password != after.password:
                self.append(request, after, "user.password_changed", after.get_username())
        return response


@admin.register(Group)
class DeskGroupAdmin(LoggedAdmin, GroupAdmin):
    """Groups and what their members may do."""

    added = changed = "group.permissions_changed"
    deleted = "group.deleted"

    def says(self, obj: Group) -> str:
        """The permissions that the group gives."""
        return members_may(obj)


def _is_superuser(request: HttpRequest) -> bool:
    return bool(getattr(request.user, "is_superuser", False))


def _may_touch(request: HttpRequest, user: User | None) -> bool:
    return user is None or not user.is_superuser or _is_superuser(request)
