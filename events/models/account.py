"""Accounts as sign-in knows them: one canonical name each, and whether it is a demo account."""

import re
import unicodedata
from typing import Any

from django.contrib.auth.models import User
from django.db import models

NAME_MAX = 150

# Categories of control, format, surrogate, private and unassigned characters, and line ends.
_REFUSED = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
# Characters of other categories that show nothing: two names that look the same would differ.
_UNSEEN = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2800\u3164\ufe00-\ufe0f\uffa0"
    "\U0001bca0-\U0001bca3\U000e0100-\U000e01ef]"
)


class UnusableName(ValueError):
    """No account may have this name; the text says why."""


class Account(models.Model):
    """What belongs to a user's account beside Django's row; kept by `keep_name` on every path."""

    user = models.OneToOneField(User, models.CASCADE, primary_key=True, related_name="account")
    name = models.CharField(max_length=NAME_MAX, unique=True)
    is_demo = models.BooleanField(default=False)

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return self.name


def canonical(name: str) -> str:
    """The one spelling of `name`: without outer blanks, in one width and one case.

    Raises `UnusableName` for an empty one, one of more than 150 characters, and one with
    characters that cannot be seen.
    """
    text = _folded(name[: 4 * NAME_MAX])
    if not text:
        raise UnusableName("The name is empty.")
    if len(text) > NAME_MAX or len(name) > 4 * NAME_MAX:
        raise UnusableName(f"The name is longer than {NAME_MAX} characters.")
    if _UNSEEN.search(text) or any(unicodedata.category(letter) in _REFUSED for letter in text):
        raise UnusableName("The name holds a character that cannot be seen.")
    return text


def is_taken(name: str, *, but: int | None = None) -> bool:
    """Whether another account than that of the user with the primary key `but` has this name.

    Raises `UnusableName`.
    """
    having = Account.objects.filter(name=canonical(name))
    return (having if but is None else having.exclude(user_id=but)).exists()


def refuse_taken(*, instance: User, update_fields: Any = None, **_: object) -> None:
    """Receive `pre_save`: raise `UnusableName` before an account gets a name that exists.

    Two accounts of before names were compared may have one name. Only the one that stands in
    `Account` signs in; the other is saved all the same, so that it can be switched off.
    """
    if not _may_rename(update_fields) or _keeps_its_name(instance):
        return
    if is_taken(instance.get_username(), but=instance.pk):
        raise UnusableName("There is an account with this name, perhaps spelt another way.")


def keep_name(
    *, instance: User, created: bool = False, update_fields: Any = None, **_: object
) -> None:
    """Receive `post_save`: keep the canonical name beside the account, whoever saved it."""
    if not _may_rename(update_fields):
        return
    account = Account.objects.filter(user_id=instance.pk)
    if not created and not account.exists() and not _is_free(instance.get_username()):
        return
    name = canonical(instance.get_username())
    if not account.update(name=name):
        Account.objects.create(user_id=instance.pk, name=name)


def _keeps_its_name(user: User) -> bool:
    return User.objects.filter(pk=user.pk, username=user.get_username()).exists()


def _is_free(name: str) -> bool:
    try:
        return not is_taken(name)
    except UnusableName:
        return False


def _may_rename(update_fields: Any) -> bool:
    return update_fields is None or User.USERNAME_FIELD in update_fields


def _folded(name: str) -> str:
    """NFKC, case folded, blanks single; done again until nothing changes any more."""
    text = name
    for _ in range(4):
        folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())
        folded = " ".join(folded.split())
        if folded == text:
            break
        text = folded
    return text
