"""Looking into Cloudforce One for a person: with a place of its own, and not too often.

Look-ups and looks share the API's rate limit and this process's threads with what others send.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from functools import partial

from events import vetting
from events.services import throttle
from events.services.people import Person
from events.services.rules import TooMany
from events.services.slots import slots

WINDOW = timedelta(minutes=5)
LOOK_UPS_MOST = 60
LOOKS_AGAIN_MOST = 30
BUSY = "Many requests to Cloudflare are under way. Try again in a minute."


def seen_there(*, person: Person, entry: vetting.Entry) -> tuple[vetting.Finding, ...]:
    """What Cloudforce One holds about the values of `entry`, as far as `person` may know.

    Who asks too often, or finds no place, is told so by a finding; what is known from minutes ago
    is told all the same.
    """
    return vetting.seen_there(
        entry, user=person.user, client=vetting.client(), permit=partial(_permit, person)
    )


@contextmanager
def _permit(person: Person) -> Iterator[str]:
    until = throttle.hit(f"look-up:{person.user.pk}", limit=LOOK_UPS_MOST, window=WINDOW)
    if until is not None:
        yield (
            f"You looked up values {LOOK_UPS_MOST} times within five minutes. "
            f"Go on at {until:%H:%M:%S} UTC."
        )
        return
    with slots.slot() as has_place:
        yield "" if has_place else BUSY


def must_not_look_too_often(person: Person) -> None:
    """Count one look at a created event. Raises `TooMany` after `LOOKS_AGAIN_MOST` in `WINDOW`."""
    until = throttle.hit(f"look-again:{person.user.pk}", limit=LOOKS_AGAIN_MOST, window=WINDOW)
    if until is not None:
        raise TooMany(
            f"You looked at events {LOOKS_AGAIN_MOST} times within five minutes. "
            f"Look again after {until:%H:%M:%S} UTC."
        )
