"""Who may what: Django's permissions, read in one query instead of two."""

from django.contrib.auth.backends import ModelBackend
from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.models import AnonymousUser, Permission, User
from django.db.models import Q


class RoleBackend(ModelBackend):
    """`ModelBackend` whose permissions, from groups and of the user, come in one statement."""

    def get_all_permissions(
        self, user_obj: AbstractBaseUser | AnonymousUser, obj: object = None
    ) -> set[str]:
        """`app.codename` of everything that the user may do, kept for the request."""
        if not isinstance(user_obj, User) or not user_obj.is_active or obj is not None:
            return set()
        kept: set[str] | None = getattr(user_obj, "_role_permissions", None)
        if kept is None:
            kept = user_obj._role_permissions = self._read(user_obj)  # type: ignore[attr-defined]
        return kept

    @staticmethod
    def _read(user: User) -> set[str]:
        found = Permission.objects.order_by()
        if not user.is_superuser:
            found = found.filter(Q(group__user=user) | Q(user=user))
        rows = found.values_list("content_type__app_label", "codename")
        return {f"{label}.{codename}" for label, codename in rows}
