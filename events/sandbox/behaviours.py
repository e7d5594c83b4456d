"""How the sandbox behaves: the names of its misbehaviours, and whose turn it is.

A behaviour has an aspect; behaviours of different aspects combine (`envelope` with `500-after`).

    conduct   ok 429 400 401 403 500-before 500-after hang-before hang-after drop-before
              drop-after truncate slow late html-200
    shape     bare envelope
    search    search-parallel search-indexed search-json ignore-filters      (list)
    lag       fresh-list stale-list                                          (list)
    data      data-map data-text                                             (raw)
    clock     clock                                                          (create, bulk)

`…-before`, the plain statuses and `html-200` accept nothing; everything else processes the request
and only then misbehaves.
"""

import threading
from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

ALL = "all"
OPERATIONS: tuple[str, ...] = (
    *("verify", "create", "bulk", "list", "read", "patch", "raw", "tag-create", "tag-delete"),
    *("datasets", "dataset-create", "categories", "category-catalog", "countries"),
    *("industries", "industry-catalog", "attackers", "indicator-types", "tags"),
)


class _Kind(NamedTuple):
    aspect: str
    seconds: float = 0.0
    operations: tuple[str, ...] = OPERATIONS


_LIST, _RAW, _CREATES = ("list",), ("raw",), ("create", "bulk")
BEHAVIOURS: dict[str, _Kind] = {
    "ok": _Kind("conduct"),
    "429": _Kind("conduct", 30),
    "400": _Kind("conduct"),
    "401": _Kind("conduct"),
    "403": _Kind("conduct"),
    "500-before": _Kind("conduct"),
    "500-after": _Kind("conduct"),
    "hang-before": _Kind("conduct", 3_600),
    "hang-after": _Kind("conduct", 3_600),
    "drop-before": _Kind("conduct"),
    "drop-after": _Kind("conduct"),
    "truncate": _Kind("conduct"),
    "slow": _Kind("conduct", 10),
    "late": _Kind("conduct", 5),
    "html-200": _Kind("conduct"),
    "bare": _Kind("shape"),
    "envelope": _Kind("shape"),
    "search-parallel": _Kind("search", operations=_LIST),
    "search-indexed": _Kind("search", operations=_LIST),
    "search-json": _Kind("search", operations=_LIST),
    "ignore-filters": _Kind("search", operations=_LIST),
    "fresh-list": _Kind("lag", operations=_LIST),
    "stale-list": _Kind("lag", 60, operations=_LIST),
    "data-map": _Kind("data", operations=_RAW),
    "data-text": _Kind("data", operations=_RAW),
    "clock": _Kind("clock", operations=_CREATES),
}


class Behaviour(NamedTuple):
    """A behaviour and its seconds: Retry-After, how long it hangs, drips, delays, lags or skews."""

    name: str
    seconds: float = 0.0


class Turn(NamedTuple):
    """What applies to one request, aspect by aspect."""

    conduct: Behaviour = Behaviour("ok")
    shape: Behaviour = Behaviour("bare")
    search: Behaviour = Behaviour("search-parallel")
    lag: Behaviour = Behaviour("fresh-list")
    data: Behaviour = Behaviour("data-map")
    clock: Behaviour = Behaviour("clock")


NORMAL = Turn()


@dataclass
class _Entry:
    behaviour: Behaviour
    times: int | None


class Behaviours:
    """What has been asked of each operation. Safe to change while requests run."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._queues: dict[tuple[str, str], list[_Entry]] = {}

    def add(
        self, operation: str, name: str, times: int | None = None, seconds: float | None = None
    ) -> None:
        """From now on (or for the next `times` requests) `operation` shows behaviour `name`.

        Those with a count are used up first, in the order of their coming; one without a count
        replaces the earlier one without. `operation` "all" is asked after the operation's own.
        Raises `ValueError` with one line that says what may be written.
        """
        kind = _kind(operation, name)
        if times is not None and times < 1:
            raise ValueError(f"{times} times is not possible. Write 1 or more, or leave it out.")
        chosen = kind.seconds if seconds is None else seconds
        if chosen < 0 and name != "clock":
            raise ValueError(f"{chosen} seconds is not possible. Write 0 or more.")
        with self._lock:
            queue = self._queues.setdefault((operation, kind.aspect), [])
            if times is None:
                queue[:] = [entry for entry in queue if entry.times is not None]
            position = next((i for i, e in enumerate(queue) if e.times is None), len(queue))
            queue.insert(position, _Entry(Behaviour(name, chosen), times))

    def add_text(self, text: str) -> None:
        """`add` from `OPERATION=BEHAVIOUR[@SECONDS][:TIMES]`, such as `create=late@2.5:1`."""
        operation, _, rest = text.partition("=")
        behaviour, _, times = rest.partition(":")
        name, _, seconds = behaviour.partition("@")
        try:
            count, duration = int(times) if times else None, float(seconds) if seconds else None
        except ValueError:
            raise ValueError(
                f"{text!r} is not understood. Write OPERATION=BEHAVIOUR[@SECONDS][:TIMES]."
            ) from None
        self.add(operation, name, count, duration)

    def add_texts(self, texts: Iterable[str]) -> None:
        """`add_text` for each."""
        for text in texts:
            self.add_text(text)

    def take(self, operation: str) -> Turn:
        """What applies to the request at hand; uses up counts."""
        if not self._queues:
            return NORMAL
        with self._lock:
            return NORMAL._replace(
                **{
                    aspect: behaviour
                    for aspect in Turn._fields
                    if (behaviour := self._next(operation, aspect)) is not None
                }
            )

    def clear(self) -> None:
        """Everything behaves well again."""
        with self._lock:
            self._queues.clear()

    def describe(self) -> list[str]:
        """What is set, each as `add_text` takes it."""
        with self._lock:
            return [
                f"{operation}={entry.behaviour.name}@{entry.behaviour.seconds:g}"
                + (f":{entry.times}" if entry.times is not None else "")
                for (operation, _), queue in self._queues.items()
                for entry in queue
            ]

    def _next(self, operation: str, aspect: str) -> Behaviour | None:
        for key in ((operation, aspect), (ALL, aspect)):
            queue = self._queues.get(key)
            if not queue:
                continue
            entry = queue[0]
            if entry.times is not None:
                entry.times -= 1
                if entry.times == 0:
                    queue.pop(0)
            return entry.behaviour
        return None


def _kind(operation: str, name: str) -> _Kind:
    if operation != ALL and operation not in OPERATIONS:
        raise ValueError(f"{operation!r} is no operation. Write {ALL}, {', '.join(OPERATIONS)}.")
    if name not in BEHAVIOURS:
        raise ValueError(f"{name!r} is no behaviour. Write one of {', '.join(BEHAVIOURS)}.")
    kind = BEHAVIOURS[name]
    if operation != ALL and operation not in kind.operations:
        allowed = " or ".join(f"{possible}={name}" for possible in kind.operations)
        raise ValueError(f"{name} does not apply to {operation}. Write {allowed}.")
    return kind
