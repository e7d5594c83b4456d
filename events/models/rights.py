"""Rights that being a superuser does not give: a role has them, or somebody gave them."""

from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.models import AnonymousUser, Permission, User
from django.db.models import Q

VIEW_RED = "events.view_red"


def may_see_red(user: AbstractBaseUser | AnonymousUser) -> bool:
    """Whether `user` may see TLP:RED events of others."""
    return was_given(user, VIEW_RED)


def was_given(user: AbstractBaseUser | AnonymousUser, permission: str) -> bool:
    """Whether `permission` (such as `events.view_red`) was given to `user`, or to their groups.

    Unlike `has_perm` it says no to a superuser who merely is one: who administers the desk has no
    need to know what is marked. Asked once per `user` object.
    """
    if not isinstance(user, User) or not user.is_active:
        return False
    if not user.is_superuser:
        return user.has_perm(permission)
    kept: set[str] | None = getattr(user, "_given_permissions", None)
    if kept is None:
        kept = user._given_permissions = _given(user)  # type: ignore[attr-defined]
    return permission in kept


def _given(user: User) -> set[str]:
    given = Permission.objects.filter(Q(user=user) | Q(group__user=user))
    names = given.values_list("content_type__app_label", "codename")
    return {f"{label}.{codename}" for label, codename in names}
