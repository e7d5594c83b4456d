"""/admin/auth/: accounts and groups, with every change of what somebody may do in the log."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.contrib.auth.admin import GroupAdmin, UserAdmin
from django.contrib.auth.models import Group, User
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse

from events import audit, services

if TYPE_CHECKING:
    _Admin = admin.ModelAdmin[Any]
    _UserAdmin = UserAdmin[User]
else:
    _Admin, _UserAdmin = admin.ModelAdmin, UserAdmin

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


class _Logged(_Admin):
    """Logs what an object lets people do, before and after, in the transaction of the change."""

    changed = ""
    deleted = ""

    def says(self, obj: Any) -> str:
        """What `obj` lets people do."""
        raise NotImplementedError

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        """Note how it was; the groups and permissions are saved only after this."""
        form.said = self.says(self.model.objects.get(pk=obj.pk)) if change else "new"
        super().save_model(request, obj, form, change)

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        """Log the difference, if there is one."""
        super().save_related(request, form, formsets, change)
        says = self.says(self.model.objects.get(pk=form.instance.pk))
        if says != form.said:
            self.log(request, self.changed, form.instance.pk, f"{form.said} → {says}")

    def delete_model(self, request: HttpRequest, obj: Any) -> None:
        """Log and delete one."""
        self._delete(request, [obj])

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> None:
        """Log and delete several."""
        self._delete(request, queryset)

    @transaction.atomic
    def _delete(self, request: HttpRequest, objects: Iterable[Any]) -> None:
        for obj in objects:
            key, said = obj.pk, self.says(obj)
            obj.delete()
            self.log(request, self.deleted, key, said)

    def log(self, request: HttpRequest, action: str, key: object, reason: str) -> None:
        """Append what the person behind `request` did to the object with this primary key."""
        actor = services.person(request).actor
        name = f"{self.model._meta.model_name}:{key}"
        audit.append(audit.Fact(action, actor, object_id=name, reason=reason))


@admin.register(User)
class DeskUserAdmin(_Logged, _UserAdmin):
    """Accounts. Only superusers touch superusers, or permissions that no group gives."""

    changed = "user.roles_changed"
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
                self.log(request, "user.password_changed", id, after.get_username())
        return response


@admin.register(Group)
class DeskGroupAdmin(_Logged, GroupAdmin):
    """Groups and what their members may do."""

    changed = "group.permissions_changed"
    deleted = "group.deleted"

    def says(self, obj: Group) -> str:
        """The permissions that the group gives."""
        return members_may(obj)


def _is_superuser(request: HttpRequest) -> bool:
    return bool(getattr(request.user, "is_superuser", False))


def _may_touch(request: HttpRequest, user: User | None) -> bool:
    return user is None or not user.is_superuser or _is_superuser(request)
