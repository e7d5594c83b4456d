"""Attempts at a password: each is counted before it is judged, and too many have to wait.

Counted are an account at one place (an address, or a device on which that person signed in
before), an address for all accounts, and an account from everywhere. The first two make one wait,
longer each time; the third only makes strangers' places wait sooner. So whoever guesses slows down
where they are, and nobody can keep a person out who is elsewhere, or on a device of theirs.
"""

import ipaddress
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.crypto import salted_hmac

from events import clock
from events.models import Throttle, UnusableName, canonical
from events.services import devices, throttle
from events.services.people import address

# How many may fail one after another before the next has to wait.
FREE_HERE = 5
FREE_ON_DEVICE = 10
FREE_UNDER_PRESSURE = 2
FREE_AT_ADDRESS = 100
# So many failures of an account from everywhere are pressure.
PRESSURE = 50
FIRST_WAIT = timedelta(seconds=30)
LONGEST_WAIT = timedelta(minutes=15)
# Without another failure for so long, all is as if there had been none.
FORGOTTEN_AFTER = timedelta(hours=1)
IPV6_NETWORK = 64

_PREFIX = "sign-in"


@dataclass(frozen=True)
class Attempt:
    """One attempt that was counted. `wait_until` is None if it may be judged.

    `failures` counts what failed so far for this account, from everywhere or on this device;
    `refused` counts the attempts that were refused because of the wait, which is that of the
    address for all accounts if `is_of_address`.
    """

    here: str
    everywhere: tuple[str, ...]
    wait_until: datetime | None
    failures: int
    refused: int
    is_of_address: bool = False


def begin(request: HttpRequest, name: str, user: User | None) -> Attempt:
    """Count an attempt at the account `name`, which is that of `user` if there is one.

    It counts as failed until `succeeded` takes it back, so that of many at once no more are judged
    than one after another.
    """
    label = str(user.pk) if user is not None else _disguised(name)
    network = _network(address(request))
    device = devices.known(request, user)
    here = f"{_PREFIX} {label} {f'device {device}' if device else f'from {network}'}"
    anywhere, at_address = f"{_PREFIX} {label} anywhere", _at(network)
    everywhere = () if device else (anywhere, at_address)
    throttle.sweep()
    if not device and (refused := _refused_address(at_address)):
        return refused
    with transaction.atomic():
        rows = throttle.locked([here, *everywhere])
        _forget_old(rows)
        until = _wait_until(rows[here], rows.get(at_address), rows.get(anywhere))
        if until is not None:
            return Attempt(here, everywhere, until, 0, _refused(here))
        for row in rows.values():
            row.count, row.since = row.count + 1, clock.now()
            row.save()
    return Attempt(here, everywhere, None, rows[here if device else anywhere].count, 0)


def _refused_address(key: str) -> Attempt | None:
    """What an attempt becomes at an address that has to wait; None where it has not.

    It is counted there alone: whoever is refused with always another name makes no row for each.
    """
    row = Throttle.objects.filter(key=key).first()
    until = row.since + wait(row.count, free=FREE_AT_ADDRESS) if row is not None else None
    if until is None or until <= clock.now():
        return None
    with transaction.atomic():
        return Attempt(key, (), until, 0, _refused(key), is_of_address=True)


def succeeded(attempt: Attempt) -> None:
    """Take it back: the account's failures here are forgotten, elsewhere one less is counted."""
    with transaction.atomic():
        rows = throttle.locked([attempt.here, *attempt.everywhere])
        for key in attempt.everywhere:
            rows[key].count = max(rows[key].count - 1, 0)
            rows[key].save()
        throttle.forget(attempt.here, _refusals(attempt.here))


@dataclass(frozen=True)
class Waiting:
    """Who has to wait until when at the latest: the user with that primary key, or an address."""

    until: datetime
    pk: int | None = None
    address: str = ""


def waiting() -> list[Waiting]:
    """Everybody and every address that has to wait now, the longest first."""
    found: dict[str, Waiting] = {}
    for label, place, until in _waits():
        if label not in found or found[label].until < until:
            is_user = label.isdecimal()
            found[label] = Waiting(until, int(label) if is_user else None, "" if is_user else place)
    return sorted(found.values(), key=lambda one: one.until, reverse=True)


def unlock_user(user: User) -> bool:
    """Forget every failed attempt at the account of `user`; whether there was any."""
    start = f"{_PREFIX} {user.pk} "
    return _forget(Throttle.objects.filter(key__startswith=start, count__gt=0))


def unlock_address(text: str) -> str:
    """Forget what failed at the place of the address for all accounts together.

    The place as it is counted, whatever the text was; empty if nothing failed there.
    """
    place = _network(text)
    key = _at(place)
    rows = Throttle.objects.filter(key__in=(key, _refusals(key)), count__gt=0)
    return place if _forget(rows) else ""


def _forget(rows: QuerySet[Throttle]) -> bool:
    with transaction.atomic():
        keys = list(throttle.locked(rows.values_list("key", flat=True)))
        throttle.forget(*keys)
    return bool(keys)


def _waits() -> list[tuple[str, str, datetime]]:
    """Label, place and end of each wait: `5`, `from`, … for an account, `from 10.0.0.1`, … else."""
    now = clock.now()
    rows = Throttle.objects.filter(
        key__startswith=f"{_PREFIX} ", count__gte=FREE_UNDER_PRESSURE, since__gt=now - LONGEST_WAIT
    )
    pressed = {row.key for row in rows if row.key.endswith(" anywhere") and row.count >= PRESSURE}
    found = []
    for row in rows:
        _, label, place, *more = row.key.split()
        if label == "from":
            label, free = f"from {place}", FREE_AT_ADDRESS
        elif label.isdecimal() and len(more) == 1:
            free = _free(place == "device", f"{_PREFIX} {label} anywhere" in pressed)
        else:
            continue
        until = row.since + wait(row.count, free=free)
        if until > now:
            found.append((label, place, until))
    return found


def wait(failures: int, *, free: int) -> timedelta:
    """How long the next attempt has to wait after so many `failures` one after another."""
    if failures < free:
        return timedelta()
    return min(FIRST_WAIT * (1 << min(failures - free, 16)), LONGEST_WAIT)


def _wait_until(
    here: Throttle, at_address: Throttle | None, anywhere: Throttle | None
) -> datetime | None:
    is_pressed = anywhere is not None and anywhere.count >= PRESSURE
    ends = [here.since + wait(here.count, free=_free(at_address is None, is_pressed))]
    if at_address is not None:
        ends.append(at_address.since + wait(at_address.count, free=FREE_AT_ADDRESS))
    return end if (end := max(ends)) > clock.now() else None


def _free(is_device: bool, is_pressed: bool) -> int:
    if is_device:
        return FREE_ON_DEVICE
    return FREE_UNDER_PRESSURE if is_pressed else FREE_HERE


def _forget_old(rows: dict[str, Throttle]) -> None:
    for row in rows.values():
        if row.since + FORGOTTEN_AFTER <= clock.now():
            row.count = 0


def _refused(here: str) -> int:
    """Count one that was refused, and say how many there were."""
    row = throttle.locked([_refusals(here)])[_refusals(here)]
    _forget_old({row.key: row})
    row.count, row.since = row.count + 1, clock.now()
    row.save()
    return row.count


def _at(network: str) -> str:
    """What counts all accounts together at a place."""
    return f"{_PREFIX} from {network}"


def _refusals(here: str) -> str:
    return f"{here} refused"


def _disguised(name: str) -> str:
    """What stands for a name that no account has: people type passwords there."""
    try:
        name = canonical(name)
    except UnusableName:
        name = ""
    return "x" + salted_hmac(_PREFIX, name).hexdigest()[:16]


def _network(text: str) -> str:
    """The address as it is counted: who has one of IPv6 has all of its network."""
    try:
        found = ipaddress.ip_interface(text.partition("%")[0]).ip
    except ValueError:
        return "nowhere"
    if isinstance(found, ipaddress.IPv4Address):
        return str(found)
    if found.ipv4_mapped is not None:
        return str(found.ipv4_mapped)
    return str(ipaddress.ip_network((found, IPV6_NETWORK), strict=False))
