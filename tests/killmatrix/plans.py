"""What one run of the matrix does: where a process dies, how the API behaves, what people do then.

A plan follows from the seed and its number alone, so that a run can be repeated; what the API does
to texts as it stores them belongs to a lane, because no API changes that from event to event.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from itertools import product
from random import Random
from typing import NamedTuple
from uuid import UUID

WEB_POINTS = (
    "after draft commit",
    "before freeze commit",
    "after freeze commit",
    "mid-send",
    "after send",
    "mid-answer",
    "after answer",
    "before settle commit",
    "after settle commit",
)
WORKER_POINTS = ("after claim commit", "before reconcile commit", "after reconcile commit")
POINTS = WEB_POINTS + WORKER_POINTS
# Deaths that leave something for a worker to die over.
_UNSETTLING = ("after freeze commit", "mid-send", "after send", "mid-answer", "after answer")

# In seconds, to be stretched like the times of times.py; the client's deadline is 0.4 s there, a
# lease 0.75 s, and what is unknown is given up after 1.7 s.
LATE = (0.45, 1.0)
LATER_THAN_A_RESEND = (1.6, 2.0)
LATER_THAN_PROMISED = (2.8, 3.4)
HANG = 3.0
SLOW = (0.2, 0.8)
LAG = 0.3
STALLS = (0.9, 1.4, 2.6)
# Longer than the database is waited for.
AWAY = 50

# What the API makes of a text that it stores.
FORMS = ("as-sent", "escaped", "trimmed", "cut", "upper", "lower", "nfd")


# Behaviours whose number is not a time.
_COUNTED = frozenset({"incomplete", "no-post", "text-cut"})


class Behave(NamedTuple):
    """One instruction to the sandbox; `times` None is for good."""

    operation: str
    name: str
    times: int | None = None
    seconds: float | None = None

    def stretched(self, slower: float) -> "Behave":
        """The same for a machine on which everything takes `slower` times as long."""
        if self.name in _COUNTED:
            return self
        return self._replace(seconds=(self.seconds or 0) * slower)


class Cut(NamedTuple):
    """The database connection is cut `when` (before or after) a commit of `stage`, so often."""

    stage: str
    when: str
    times: int


class Trouble(NamedTuple):
    """What goes wrong here without killing anybody.

    `stall` is for how many seconds the poster sleeps when the answer is there, past its lease.
    """

    name: str
    cut: Cut | None = None
    stall: float = 0.0


NO_TROUBLE = Trouble("none")


@dataclass(frozen=True)
class Plan:
    """One run. `cut` varies where exactly a send or an answer is cut.

    `like` is the number by which indicators and date are chosen: events that share it look alike.
    `is_down` is whether the API is away before the form is posted, `is_tardy` whether it carries
    out a create later than it is waited for: what is believed then is true after a sweep only.
    """

    number: int
    token: UUID
    point: str
    behaviour: str
    lists: str
    raw: str
    trouble: Trouble
    behaves: tuple[Behave, ...]
    is_down: bool
    is_tardy: bool
    web_point: str
    worker_point: str | None
    cut: int
    has_twin: bool
    reposts: int
    workers: int
    crew: int
    resends: bool
    resend_point: str | None
    like: int
    text: str
    form: str = FORMS[0]


def _hang(random: Random) -> list[Behave]:
    name = random.choice(("hang-before", "hang-after"))
    return [Behave("create", name, random.choice((1, 2)), HANG)]


def _slow(random: Random) -> list[Behave]:
    return [Behave("create", "slow", 1, random.choice(SLOW))]


def _late(random: Random) -> list[Behave]:
    skew = random.choice((-3600.0, -5.0, 5.0, 3600.0))
    return [
        Behave("create", "late", random.choice((1, 2)), random.uniform(*LATE)),
        Behave("create", "clock", None, skew),
    ]


def _later(random: Random) -> list[Behave]:
    return [Behave("create", "late", 1, random.uniform(*LATER_THAN_A_RESEND))]


def _refused_after(random: Random) -> list[Behave]:
    """The first send comes to an unknown end, the second is refused."""
    return [Behave("create", random.choice(("drop-before", "drop-after")), 1), _REFUSAL]


def _tardy(random: Random) -> Behave:
    """The first send is carried out when it was given up, and perhaps sent again."""
    return Behave("create", "late", 1, random.uniform(*LATER_THAN_PROMISED))


def _outage(random: Random) -> list[Behave]:
    name = random.choice(("500-before", "503-before", "drop-before"))
    return [Behave("all", name, random.randrange(6, 15))]


_REFUSAL = Behave("create", "400", 1)
DOWN, TOO_LATE = "away before the send", "later than promised"
REFUSED_TOO = "later than promised, then 400"
BEHAVIOURS = {
    "accept": lambda random: [],
    "accept, drop the answer": lambda random: [Behave("create", "drop-after", 1)],
    "hang": _hang,
    "500 before accepting": lambda random: [Behave("create", "500-before", random.choice((1, 2)))],
    "500 after accepting": lambda random: [Behave("create", "500-after", random.choice((1, 2)))],
    "503": lambda random: [Behave("create", "503-before", random.choice((1, 2)))],
    "429": lambda random: [Behave("create", "429", random.choice((1, 2)), 0.0)],
    "400": lambda random: [_REFUSAL],
    "401": lambda random: [Behave("create", "401", random.choice((1, 2)))],
    "403": lambda random: [Behave("create", "403", random.choice((1, 2)))],
    "truncated": lambda random: [Behave("create", "truncate", random.choice((1, 2)))],
    "slow": _slow,
    "late, two clocks apart": _late,
    "unknown, then 400": _refused_after,
    TOO_LATE: lambda random: [_tardy(random)],
    REFUSED_TOO: lambda random: [_tardy(random), _REFUSAL],
    "an outage": _outage,
    DOWN: _outage,
}
_OFTEN = (1, 3, 12)
LISTS: dict[str, Callable[[Random], list[Behave]]] = {
    "honest": lambda random: [],
    "500": lambda random: [Behave("list", "500-before", 1)],
    "dropped": lambda random: [Behave("list", "drop-before", 1)],
    "filters ignored": lambda random: [Behave("list", "ignore-filters", random.choice(_OFTEN))],
    "incomplete": lambda random: [
        Behave("list", "incomplete", random.choice(_OFTEN), random.choice((1, 1000)))
    ],
    "lagging": lambda random: [Behave("list", "stale-list", None, LAG)],
    "cached": lambda random: [Behave("list", "cached-list", None, 60.0)],
    "reordered": lambda random: [Behave("list", "list-reordered", None)],
    "no POST": lambda random: [Behave("list", "no-post", random.choice(_OFTEN), 405)],
}
RAW: dict[str, Callable[[Random], list[Behave]]] = {
    "as sent": lambda random: [],
    "as text": lambda random: [Behave("raw", "data-text")],
    "reordered": lambda random: [Behave("raw", "raw-reordered")],
    "other types": lambda random: [Behave("raw", "raw-retyped")],
    "other types, as text": lambda random: [
        Behave("raw", "raw-retyped"),
        Behave("raw", "data-text"),
    ],
    "null at first": lambda random: [Behave("raw", "raw-null", random.choice(_OFTEN))],
    "truncated": lambda random: [Behave("raw", "truncate", 1)],
}
STALLED, CUT, GONE = "answer after the lease", "connection cut", "database away"
TROUBLES = (NO_TROUBLE.name, STALLED, CUT, GONE)
_STAGES = ("draft", "freeze", "settle", "settle", "claim", "reconcile")
_ALPHABET = "abc xyz 0189 .,;'\"<>&% äßø Ελλ дом 中文 한국 🦊"
_WIDE = "🦊🦉 "
# Of events that look alike, as those of one campaign do.
LIKE_ALL, SAME_TEXT = 1, "An attacker registered the domain & uses it"


def plan(seed: int, number: int) -> Plan:
    """The plan of run `number`: every cell of points and behaviours in turn, the rest by chance."""
    turn, place = divmod(number, len(POINTS) * len(BEHAVIOURS))
    cells = list(product(POINTS, BEHAVIOURS))
    Random(f"cells {seed} {turn}").shuffle(cells)
    point, behaviour = cells[place]
    random = Random(f"matrix {seed} {number}")
    lists, raw = _one(random, LISTS), _one(random, RAW)
    behaves = [*BEHAVIOURS[behaviour](random), *LISTS[lists](random), *RAW[raw](random)]
    is_workers = point in WORKER_POINTS
    also = random.choice(WORKER_POINTS) if random.random() < 0.25 else None
    like = number if random.random() < 0.7 else LIKE_ALL
    return Plan(
        number=number,
        token=UUID(int=random.getrandbits(128), version=4),
        point=point,
        behaviour=behaviour,
        lists=lists,
        raw=raw,
        trouble=_trouble(random),
        behaves=tuple(behaves),
        is_down=behaviour == DOWN,
        is_tardy=behaviour in {TOO_LATE, REFUSED_TOO},
        web_point=random.choice(_UNSETTLING) if is_workers else point,
        worker_point=point if is_workers else also,
        cut=random.randrange(5),
        has_twin=random.random() < 0.15,
        reposts=random.choice((0, 0, 1, 1, 2)),
        workers=random.choice((1, 1, 2)),
        crew=random.choice((1, 1, 3)),
        resends=_REFUSAL in behaves or random.random() < 0.7,
        resend_point=random.choice(_UNSETTLING) if random.random() < 0.25 else None,
        like=like,
        text=SAME_TEXT if like == LIKE_ALL and random.random() < 0.5 else _text(random),
    )


def _one(random: Random, choices: Mapping[str, object]) -> str:
    """Half the time the first of them, which is the honest one."""
    first, *others = choices
    return first if random.random() < 0.5 else random.choice(others)


def _trouble(random: Random) -> Trouble:
    chance = random.random()
    if chance < 0.6:
        return NO_TROUBLE
    if chance < 0.75:
        return Trouble(STALLED, stall=random.choice(STALLS))
    if chance < 0.85:
        return Trouble(GONE, Cut("settle", "before", AWAY))
    return Trouble(
        CUT, Cut(random.choice(_STAGES), random.choice(("before", "after")), random.choice((1, 3)))
    )


def _text(random: Random) -> str:
    """Any text; sometimes one that is twice as long for whoever counts in UTF-16."""
    signs = _WIDE if random.random() < 0.1 else _ALPHABET
    return "".join(random.choices(signs, k=random.randrange(5, 400))).strip() or "x"


def naive_plan(seed: int, number: int) -> Plan:
    """For the control without an outbox: any death; half the people post the form again."""
    made = plan(seed, number)
    random = Random(f"naive {seed} {number}")
    point = random.choice(WEB_POINTS[3:])
    behaves = tuple(each for each in made.behaves if each.operation == "create")
    return replace(
        made,
        point=point,
        web_point=point,
        behaves=behaves,
        reposts=number % 2,
        trouble=NO_TROUBLE,
        is_down=False,
    )


def hasty_plan(seed: int, number: int) -> Plan:
    """For the control without a quiet period: the API is late, and a person sends again."""
    random = Random(f"hasty {seed} {number}")
    return _resent(seed, number, "late, two clocks apart", _later(random))


def wordy_plan(seed: int, number: int) -> Plan:
    """For the control that compares texts: an answer is lost, and a person sends again."""
    return _resent(seed, number, "accept, drop the answer", [Behave("create", "drop-after", 1)])


def _resent(seed: int, number: int, behaviour: str, behaves: list[Behave]) -> Plan:
    """A plan with a first send of unknown outcome, a second one, and no other trouble."""
    point = Random(f"resent {seed} {number}").choice(
        ("after send", "mid-answer", "after settle commit")
    )
    return replace(
        plan(seed, number),
        point=point,
        web_point=point,
        behaviour=behaviour,
        lists=next(iter(LISTS)),
        raw=next(iter(RAW)),
        trouble=NO_TROUBLE,
        behaves=tuple(behaves),
        is_down=False,
        is_tardy=False,
        worker_point=None,
        resends=True,
        resend_point=None,
        reposts=0,
        has_twin=False,
        like=number,
    )


def stored_form(form: str) -> Behave:
    """The instruction to store texts in that form."""
    return Behave("all", f"text-{form}", None, 40.0 if form == "cut" else None)
