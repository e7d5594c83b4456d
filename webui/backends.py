"""Who is it, and who may what: one account for all spellings of a name, rights in one query."""

from typing import Any

from django.contrib.auth.backends import ModelBackend
from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.models import AnonymousUser, User
from django.db import connection
from django.http import HttpRequest

from events.services import accounts, signin

_EVERY = """
SELECT c.app_label, p.codename FROM auth_permission p
JOIN django_content_type c ON c.id = p.content_type_id"""
_GIVEN = f"""{_EVERY}
WHERE p.id IN (
  SELECT permission_id FROM auth_user_user_permissions WHERE user_id = %s
  UNION ALL
  SELECT g.permission_id FROM auth_group_permissions g
  JOIN auth_user_groups u ON u.group_id = g.group_id WHERE u.user_id = %s)"""  # noqa: S608


class RoleBackend(ModelBackend):
    """`ModelBackend` whose permissions, from groups and of the user, come in one statement.

    A name is looked up in its canonical spelling. Demo accounts are nobody where events go out.
    """

    def authenticate(
        self,
        request: HttpRequest | None,
        username: str | None = None,
        password: str | None = None,
        **_: Any,
    ) -> User | None:
        """The user, or None after just as much work: time must not tell which names exist."""
        if username is None or password is None:
            return None
        user = signin.find(username)
        if user is None:
            User().set_password(password)
            return None
        fits = accounts.fits(request, user, password)
        return user if fits and self.user_can_authenticate(user) else None

    def user_can_authenticate(self, user: User | AnonymousUser | None) -> bool:
        """Whether the account is in use, and no demo account where events go out."""
        may = super().user_can_authenticate(user)
        return may and not (isinstance(user, User) and signin.is_closed_to(user))

    def get_user(self, user_id: int) -> User | None:
        """The user of a session, with the account's row in the same query."""
        user = User.objects.select_related("account").filter(pk=user_id).first()
        return user if user is not None and self.user_can_authenticate(user) else None

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
        """Read in SQL: compiling the same query in the ORM costs more than a page's rest."""
        with connection.cursor() as cursor:
            if user.is_superuser:
                cursor.execute(_EVERY)
            else:
                cursor.execute(_GIVEN, [user.pk, user.pk])
            return {f"{label}.{codename}" for label, codename in cursor.fetchall()}
