"""Looking into Cloudforce One for a person: with a place of its own, and not too often.

Look-ups and looks share the API's rate limit and this process's threads with what others send.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from functools import partial

from events import vetting
from events.services import evidence, throttle
from events.services.people import Person
from events.services.rules import TooMany
from events.services.slots import slots

WINDOW = timedelta(minutes=5)
LOOK_UPS_MOST = 60
LOOKS_AGAIN_MOST = 30
_NOT_ASKED = "Not looked up: the audit log takes nothing right now."
_NOT_TOLD = "What was in events here before is not shown: the audit log takes nothing right now."
BUSY = "Many requests to Cloudflare are under way. Try again in a minute."


def seen_there(*, person: Person, entry: vetting.Entry) -> tuple[vetting.Finding, ...]:
    """What Cloudforce One holds about the values of `entry`, as far as `person` may know.

    Who asks too often, or finds no place, is told so by a finding; what is known from minutes ago
    is told all the same. Nothing is asked before the log has it.
    """
    if values := vetting.values_for_there(entry):
        try:
            evidence.looked_up(person, values, entry.strictest or "")
        except evidence.NotLogged:
            return (vetting.Finding("there.not_logged", vetting.Level.INFORM, _NOT_ASKED),)
    return tellable(
        person,
        vetting.seen_there(
            entry, user=person.user, client=vetting.client(), permit=partial(_permit, person)
        ),
    )


def tellable(person: Person, findings: tuple[vetting.Finding, ...]) -> tuple[vetting.Finding, ...]:
    """`findings`, once the log has it that they name what is TLP:RED of others.

    Where it takes nothing, those that name events are left out, and that is said.
    """
    try:
        evidence.named(person, (each.about for each in findings if each.about is not None))
    except evidence.NotLogged:
        others = tuple(each for each in findings if each.about is None)
        return (*others, vetting.Finding("seen.not_logged", vetting.Level.INFORM, _NOT_TOLD))
    return findings


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
