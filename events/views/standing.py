"""What the page of a submission says first: one headline, what follows from it, and its colour."""

from typing import NamedTuple

from pydantic.alias_generators import to_snake

from events.models import Look, State, Submission
from events.outbox import Closed
from events.outbox.gate import Kind
from events.payload import LABELS

_WAITS = "Ready to go. Nothing has been created yet."
_WHEN = {
    None: "as soon as the API can be reached",
    Kind.AWAY: "as soon as Cloudflare answers again",
    Kind.ACCESS: "as soon as Cloudflare lets this desk in again",
}
_NEVER_AGAIN = "It is never sent again by itself."
_DO_NOT_TYPE = "Do not type it again."


class Standing(NamedTuple):
    """`tone` is the colour where it is not the state's own: danger or warning."""

    title: str
    text: str
    tone: str = ""


class Desk(NamedTuple):
    """What the page depends on besides the submission.

    `closed`: why Cloudflare is not asked now. `is_held`: it is looked for before it is sent,
    because the desk may be a copy. `twice`: what is said of it and its correction.
    """

    closed: Closed | None
    is_worker_alive: bool
    is_held: bool
    can_take_back: bool
    twice: str


def standing(submission: Submission, desk: Desk) -> Standing:
    """The headline of `submission` as things are."""
    if desk.twice:
        return Standing(desk.twice, "Nothing happens by itself.", "danger")
    if submission.state == State.READY:
        return _waiting(submission, desk)
    if submission.state == State.CREATED and submission.look == Look.GONE:
        return Standing(
            "The event was created, but is no longer in Cloudforce One.",
            "Nothing is sent again by itself. If it should be there, copy it into a new draft.",
            "warning",
        )
    if submission.state == State.CREATED and submission.look == Look.CHANGED:
        title = "The event exists, but was changed in Cloudforce One."
        return Standing(title, "Look at it there, or look again now.", "warning")
    words = submission.words
    if submission.state == State.UNKNOWN and not desk.is_worker_alive:
        return Standing(words.meaning, f"{_NEVER_AGAIN} {_DO_NOT_TYPE}")
    is_looked_for = desk.is_worker_alive and submission.sweep_at is not None
    if submission.state == State.REJECTED and submission.may_exist and not is_looked_for:
        return Standing(words.meaning, words.may_do)
    return Standing(words.meaning, f"{words.next} {words.may_do}")


def fields(names: str) -> str:
    """The API's field names, separated by commas, as the labels of the form."""
    return ", ".join(LABELS.get(to_snake(name), name) for name in names.split(", "))


def _waiting(submission: Submission, desk: Desk) -> Standing:
    if submission.may_exist:
        nothing = "An earlier send may still exist."
    elif desk.is_held:
        nothing = "It may have been sent before."
    else:
        nothing = "Nothing was created."
    if submission.next_at is None:
        tried = f"It was tried {submission.tries} times and is not tried again by itself."
        what = "Try it now, or take it back." if desk.can_take_back else "Try it now."
        return Standing(f"{nothing} It waits for you.", f"{tried} {what}")
    title = _WAITS if nothing == "Nothing was created." else f"Ready to go. {nothing}"
    wait = f"Wait, or take it back to change it. {_DO_NOT_TYPE}"
    return Standing(title, f"{_goes(desk)} {wait if desk.can_take_back else _DO_NOT_TYPE}".strip())


def _goes(desk: Desk) -> str:
    """When it is sent; nothing where it does not move by itself."""
    if not desk.is_worker_alive:
        return ""
    goes = "it is looked for and, if it is not there, sent" if desk.is_held else "it is sent"
    if desk.closed and desk.closed.kind is Kind.PAUSED:
        return f"Cloudflare asked to wait until {desk.closed.until:%H:%M:%S} UTC; {goes} then."
    when = _WHEN[desk.closed.kind if desk.closed else None]
    return f"{goes.capitalize()} by itself {when}."
