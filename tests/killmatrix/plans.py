"""What one run of the matrix does: where a process dies, how the API behaves, what people do then.

A plan follows from the seed and its number alone, so that a run can be repeated.
"""

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

# In seconds, to be stretched like the times of times.py; the client's deadline is 0.4 s there.
LATE = (0.45, 1.0)
LATER_THAN_A_RESEND = (1.6, 2.0)
HANG = 3.0
SLOW = (0.2, 0.8)
LAG = 0.3


class Behave(NamedTuple):
    """One instruction to the sandbox; `times` None is for good."""

    operation: str
    name: str
    times: int | None = None
    seconds: float | None = None


@dataclass(frozen=True)
class Plan:
    """One run. `cut` varies where exactly a send or an answer is cut."""

    number: int
    token: UUID
    point: str
    behaviour: str
    behaves: tuple[Behave, ...]
    web_point: str
    worker_point: str | None
    cut: int
    has_twin: bool
    reposts: int
    workers: int
    resends: bool
    resend_point: str | None
    text: str


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


BEHAVIOURS = {
    "accept": lambda random: [],
    "accept, drop the answer": lambda random: [Behave("create", "drop-after", 1)],
    "hang": _hang,
    "500 before accepting": lambda random: [Behave("create", "500-before", random.choice((1, 2)))],
    "500 after accepting": lambda random: [Behave("create", "500-after", random.choice((1, 2)))],
    "429": lambda random: [Behave("create", "429", random.choice((1, 2)), 0.0)],
    "400": lambda random: [Behave("create", "400", 1)],
    "truncated": lambda random: [Behave("create", "truncate", random.choice((1, 2)))],
    "slow": _slow,
    "late, two clocks apart": _late,
}
_READS = (
    *([],) * 6,
    [Behave("list", "500-before", 1)],
    [Behave("list", "drop-before", 1)],
    [Behave("list", "ignore-filters", 12)],
    [Behave("list", "stale-list", None, LAG)],
    [Behave("raw", "data-text")],
    [Behave("raw", "truncate", 1)],
)
_ALPHABET = "abc xyz 0189 .,;'\"<>&% äßø Ελλ дом 中文 한국 🦊"


def plan(seed: int, number: int) -> Plan:
    """The plan of run `number`: every cell of points and behaviours in turn, the rest by chance."""
    turn, place = divmod(number, len(POINTS) * len(BEHAVIOURS))
    cells = list(product(POINTS, BEHAVIOURS))
    Random(f"cells {seed} {turn}").shuffle(cells)
    point, behaviour = cells[place]
    random = Random(f"matrix {seed} {number}")
    behaves = BEHAVIOURS[behaviour](random) + random.choice(_READS)
    is_workers = point in WORKER_POINTS
    also = random.choice(WORKER_POINTS) if random.random() < 0.25 else None
    return Plan(
        number=number,
        token=UUID(int=random.getrandbits(128), version=4),
        point=point,
        behaviour=behaviour,
        behaves=tuple(behaves),
        web_point=random.choice(_UNSETTLING) if is_workers else point,
        worker_point=point if is_workers else also,
        cut=random.randrange(5),
        has_twin=random.random() < 0.15,
        reposts=random.choice((0, 0, 1, 1, 2)),
        workers=random.choice((1, 1, 2)),
        resends=random.random() < 0.7,
        resend_point=random.choice(_UNSETTLING) if random.random() < 0.25 else None,
        text="".join(random.choices(_ALPHABET, k=random.randrange(5, 400))).strip() or "x",
    )


def naive_plan(seed: int, number: int) -> Plan:
    """For the control without an outbox: any death; half the people post the form again."""
    made = plan(seed, number)
    random = Random(f"naive {seed} {number}")
    point = random.choice(WEB_POINTS[3:])
    behaves = tuple(each for each in made.behaves if each.operation == "create")
    return replace(made, point=point, web_point=point, behaves=behaves, reposts=number % 2)


def hasty_plan(seed: int, number: int) -> Plan:
    """For the control without a quiet period: the API is late, and a person sends again."""
    random = Random(f"hasty {seed} {number}")
    point = random.choice(("after send", "mid-answer", "after settle commit"))
    return replace(
        plan(seed, number),
        point=point,
        web_point=point,
        behaviour="late, two clocks apart",
        behaves=tuple(_later(random)),
        worker_point=None,
        resends=True,
        resend_point=None,
        reposts=0,
        has_twin=False,
    )
