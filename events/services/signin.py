"""Signing in and out: who may try a password now, and every outcome in the log."""

from datetime import datetime, timedelta
from math import ceil

from django.conf import settings
from django.contrib.auth import authenticate
from django.contrib.auth.models import User
from django.db import transaction
from django.http import HttpRequest

from events import audit, clock
from events.models import Account, UnusableName, canonical
from events.services import attempts
from events.services.people import actor, person

# After so many entries about one account or address only each tenth power is written.
TOLD_EACH = 10
WRONG = "wrong name or password"
WRONG_AGAIN = "wrong password, asked again"


class SlowedDown(Exception):
    """No password is judged now; `until` is when the next one is. The text is for the person."""

    def __init__(self, until: datetime) -> None:
        self.until = until
        super().__init__(
            f"Too many failed attempts. Try again {_when(until)}, or ask an administrator."
        )


def find(name: str) -> User | None:
    """The user whose account has `name` in any spelling; None if there is none."""
    try:
        wanted = canonical(name)
    except UnusableName:
        return None
    account = Account.objects.select_related("user").filter(name=wanted).first()
    return account.user if account is not None else None


def check(request: HttpRequest, name: str, password: str, *, again: bool = False) -> User | None:
    """The user whose name and password these are; None if they are wrong, which is logged.

    `again` is True where somebody who is signed in is asked for the password once more.

    Raises `SlowedDown` if too many attempts failed: then the password was not looked at.
    """
    named = find(name)
    attempt = attempts.begin(request, name, named)
    if attempt.wait_until is not None:
        _tell_refused(request, named, attempt)
        raise SlowedDown(attempt.wait_until)
    user = authenticate(request, username=name, password=password)
    if isinstance(user, User):
        attempts.succeeded(attempt)
        _tell_sum(request, user, attempt)
        return user
    _tell_failed(request, named, attempt, is_again=again)
    return None


def is_closed_to(user: User) -> bool:
    """Whether `user` is a demo account, whose password is known, and events would really go out."""
    if settings.CLOUDFLARE.sandbox:
        return False
    account = getattr(user, "account", None)
    return isinstance(account, Account) and account.is_demo


def demo_accounts() -> list[User]:
    """The demo accounts that are not switched off, by name."""
    found = User.objects.filter(account__is_demo=True, is_active=True)
    return list(found.order_by("username"))


def signed_in(request: HttpRequest, user: User) -> None:
    """Log a sign-in."""
    who = actor(request, user.get_username(), user.pk)
    audit.record(audit.Fact("session.signed_in", who))


def signed_out(request: HttpRequest, user: User) -> None:
    """Log a sign-out."""
    who = actor(request, user.get_username(), user.pk)
    audit.record(audit.Fact("session.signed_out", who))


@transaction.atomic
def unlock_user(request: HttpRequest, user: User) -> None:
    """Let `user` try again at once wherever they have to wait, and log who did that."""
    if attempts.unlock_user(user):
        name = user.get_username()
        _append_unlock(request, "user.unlocked", f"user:{user.pk}", name)


@transaction.atomic
def unlock_address(request: HttpRequest, address: str) -> None:
    """Let everybody at `address` try again at once, and log who did that."""
    if place := attempts.unlock_address(address):
        _append_unlock(request, "address.unlocked", "", place)


def _append_unlock(request: HttpRequest, action: str, object_id: str, reason: str) -> None:
    who = person(request).actor
    audit.append(audit.Fact(action, who, object_id=object_id, reason=reason))


def _tell_failed(
    request: HttpRequest, named: User | None, attempt: attempts.Attempt, *, is_again: bool
) -> None:
    count = attempt.failures
    if count <= TOLD_EACH or _is_power_of_ten(count):
        reason = WRONG_AGAIN if is_again else WRONG
        action = "session.password_wrong" if is_again else "session.sign_in_failed"
        _record_failed(request, named, action, f"{reason}{_so_far(count)}")


def _tell_sum(request: HttpRequest, user: User, attempt: attempts.Attempt) -> None:
    """What was not told one by one is told with its number when the right password comes."""
    before = attempt.failures - 1
    if before > TOLD_EACH:
        reason = f"the right password came after others{_so_far(before)}"
        _record_failed(request, user, "session.sign_in_failed", reason)


def _so_far(count: int) -> str:
    return f": {count:,} failed so far" if count > TOLD_EACH else ""


def _record_failed(request: HttpRequest, named: User | None, action: str, reason: str) -> None:
    who = _named(request, named)
    audit.record(audit.Fact(action, who, outcome="failed", reason=reason))


def _tell_refused(request: HttpRequest, named: User | None, attempt: attempts.Attempt) -> None:
    """One entry for the first, the tenth, the hundredth … attempt that had to wait."""
    if _is_power_of_ten(attempt.refused):
        where = " at this address" if attempt.is_of_address else ""
        reason = f"too many failed{where}: refused until {attempt.wait_until:%Y-%m-%dT%H:%M:%SZ}"
        if attempt.refused > 1:
            reason += f"; {attempt.refused:,} refused so far"
        who = _named(request, named)
        audit.record(audit.Fact("session.slowed_down", who, outcome="denied", reason=reason))


def _named(request: HttpRequest, named: User | None) -> audit.Actor:
    """Nobody's name is not told: people type passwords there."""
    if named is None:
        return actor(request, "(no such account)")
    return actor(request, named.get_username())


def _is_power_of_ten(count: int) -> bool:
    return str(count).rstrip("0") == "1"


def _when(until: datetime) -> str:
    seconds = max(1, ceil((until - clock.now()).total_seconds()))
    words = f"{seconds} seconds" if seconds < 120 else f"{ceil(seconds / 60)} minutes"
    end = until + timedelta(seconds=1)
    return f"in {'1 second' if seconds == 1 else words}, at {end:%H:%M:%S} UTC"
