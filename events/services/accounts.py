"""Every change of an account or a group in the log, from whatever page, command or shell it comes.

The models tell of it, so that no address and no form can go around. How something was is read
before its first change in a transaction, how it is at the end: what a rolled-back part did is not
there to be seen, and several changes make one entry. Changes by `QuerySet.update` and the bulk
verbs tell nobody, so that a test lets none of them touch these models.
"""

from collections.abc import Collection, Sequence
from contextvars import ContextVar
from functools import partial
from typing import Any, NamedTuple

from django.contrib.auth.hashers import verify_password
from django.contrib.auth.models import Group, Permission, User
from django.db import transaction
from django.db.models import Model
from django.db.models.signals import m2m_changed, post_save, pre_delete, pre_save
from django.http import HttpRequest

from events import audit
from events.audit.body import REASON_MAX
from events.services import sessions
from events.services.people import acting, acting_request


class State(NamedTuple):
    """What an account or a group may do, in words that can be compared.

    The password of an account, which is a hash, is compared and goes nowhere. The members of a
    group are told when it is deleted: they lose what it gave.
    """

    name: str
    says: str
    password: str = ""
    members: tuple[str, ...] = ()
    is_active: bool = True


_Kind = type[User] | type[Group]
# Whether an account is saved with its old password under a new hash.
_is_renewing: ContextVar[bool] = ContextVar("a hash is made anew", default=False)


def watch() -> None:
    """Listen to the models, and make each save a transaction that its entry can be part of."""
    for kind in (User, Group):
        kind.save_base = transaction.atomic(kind.save_base)  # type: ignore[method-assign]
        pre_save.connect(_before_save, sender=kind)
        post_save.connect(_after_save, sender=kind)
        pre_delete.connect(_before_delete, sender=kind)
    m2m_changed.connect(_before_relation, sender=User.groups.through)
    m2m_changed.connect(_before_relation, sender=User.user_permissions.through)
    m2m_changed.connect(_before_relation, sender=Group.permissions.through)


def fits(request: HttpRequest | None, user: User, password: str) -> bool:
    """Whether `password` is that of `user`. A hash of an older kind is then made anew.

    That is no change of the password: no entry tells of one, and no session ends. So it is done
    here, and not by `User.check_password`, which saves it as any other.
    """
    hashed = user.password
    is_right, is_old = verify_password(password, hashed)
    if is_right and is_old:
        user.set_password(password)
        user._password = None  # type: ignore[attr-defined] # else the save tells that it is new
        _renew(request, user, hashed)
    return is_right


@transaction.atomic
def _renew(request: HttpRequest | None, user: User, hashed: str) -> None:
    """Keep the new hash, unless the password was changed meanwhile."""
    rows = User.objects.select_for_update(no_key=True)
    if not rows.filter(pk=user.pk, password=hashed).exists():
        return
    token = _is_renewing.set(True)
    try:
        user.save(update_fields=["password"])
    finally:
        _is_renewing.reset(token)
    sessions.keep_all(request, user)


def roles(user: User) -> str:
    """What `user` may do, in words that can be compared."""
    groups = user.groups.order_by("name").values_list("name", flat=True)
    permissions = user.user_permissions.order_by("codename").values_list("codename", flat=True)
    parts = ["active" if user.is_active else "switched off"]
    parts += ["superuser"] if user.is_superuser else []
    parts += ["staff"] if user.is_staff else []
    parts += [f"groups {', '.join(groups)}" if groups else "no groups"]
    parts += [f"permissions {', '.join(permissions)}"] if permissions else []
    parts += [f"mail {user.email}"] if user.email else []
    return f"{user.get_username()}: {'; '.join(parts)}"


def members_may(group: Group) -> str:
    """What the members of `group` may do, in words that can be compared."""
    names = group.permissions.order_by("codename").values_list("codename", flat=True)
    return f"{group.name}: {', '.join(names) or 'nothing'}"


def _read(kind: _Kind, pk: int, *, is_locked: bool = False) -> State | None:
    """How it is in the database now; None if it is not there."""
    # Rows that name the account, such as an event's author, do not have to wait for this.
    rows = kind._default_manager.select_for_update(no_key=True) if is_locked else kind.objects
    found = rows.filter(pk=pk).first()
    if isinstance(found, User):
        return State(found.get_username(), roles(found), found.password, is_active=found.is_active)
    if isinstance(found, Group):
        members = found.user_set.order_by("username").values_list("username", flat=True)
        return State(found.name, members_may(found), members=tuple(members))
    return None


def _note(kind: _Kind, pks: Collection[int]) -> None:
    """Note how each is, before its first change in this transaction."""
    for pk in sorted(pks):
        key = (kind, pk)
        if not audit.is_noted(key):
            before = _read(kind, pk, is_locked=True)
            audit.append_at_end(key, partial(_facts, kind, pk, before))


def _before_save(
    sender: _Kind,
    instance: Model,
    update_fields: frozenset[str] | None = None,
    **_: object,
) -> None:
    # A sign-in writes `last_login` and nothing else, which is no change of the account.
    if instance.pk is None or update_fields == frozenset({"last_login"}) or _is_renewing.get():
        return
    _note(sender, [instance.pk])
    if isinstance(instance, User):
        _end_sessions(instance)


def _end_sessions(user: User) -> None:
    """Who is switched off, or whose password is set, is signed out for good.

    Whoever sets the own password goes on where it was done.
    """
    row = User.objects.filter(pk=user.pk).values_list("is_active", "password").first()
    if row is not None and ((row[0] and not user.is_active) or row[1] != user.password):
        own = acting_request()
        is_own = own is not None and own.user.pk == user.pk
        sessions.end_all(user, but=own.session.session_key if own and is_own else None)


def _after_save(sender: _Kind, instance: Model, created: bool, **_: object) -> None:
    if created and not audit.is_noted((sender, instance.pk)):
        audit.append_at_end((sender, instance.pk), partial(_facts, sender, instance.pk, None))


def _before_delete(sender: _Kind, instance: Model, **_: object) -> None:
    _note(sender, [instance.pk])


def _before_relation(
    sender: type[Model],
    instance: Model,
    action: str,
    reverse: bool,
    pk_set: set[int] | None,
    **_: object,
) -> None:
    """Note whom it concerns, from whichever side of the relation it is changed."""
    if not action.startswith("pre_"):
        return
    kind: _Kind = Group if sender is Group.permissions.through else User
    if not reverse:
        _note(kind, [instance.pk])
    elif pk_set is not None:
        _note(kind, pk_set)
    else:
        _note(kind, _related(kind, instance))


def _related(kind: _Kind, instance: Model) -> list[int]:
    """The accounts of a group, or the accounts or groups of a permission, that is cleared."""
    if kind is Group and isinstance(instance, Permission):
        return list(instance.group_set.values_list("pk", flat=True))
    users: Any = instance
    return list(users.user_set.values_list("pk", flat=True))


def _facts(kind: _Kind, pk: int, before: State | None) -> Sequence[audit.Fact]:
    """What became of it since `before`, as the log tells it."""
    now = _read(kind, pk)
    told = partial(_told, kind, pk)
    if before is None:
        return [told(f"{kind._meta.model_name}.added", f"new → {now.says}")] if now else []
    if now is None:
        members = f"; members {', '.join(before.members)}" if before.members else ""
        return [told(f"{kind._meta.model_name}.deleted", f"{before.says}{members}")]
    facts = []
    if before.says != now.says:
        facts.append(told(_change(kind, before, now), f"{before.says} → {now.says}"))
    if before.password != now.password:
        is_own = acting().id == pk
        action = "account.password_changed" if is_own else "user.password_changed"
        facts.append(told(action, now.name))
    return facts


_CHANGED: dict[_Kind, str] = {User: "user.roles_changed", Group: "group.permissions_changed"}


def _change(kind: _Kind, before: State, now: State) -> str:
    """The action that says most of what became of `before`; the reason tells all of it."""
    if before.is_active != now.is_active:
        return "user.switched_on" if now.is_active else "user.switched_off"
    if before.says.replace(before.name, "", 1) == now.says.replace(now.name, "", 1):
        return f"{kind._meta.model_name}.renamed"
    return _CHANGED[kind]


def _told(kind: _Kind, pk: int, action: str, reason: str) -> audit.Fact:
    """The fact; a reason that an entry would cut stands whole beside it."""
    texts = {"change": reason} if len(reason) > REASON_MAX else {}
    name = f"{kind._meta.model_name}:{pk}"
    return audit.Fact(action, acting(), object_id=name, reason=reason, attachments=texts)
