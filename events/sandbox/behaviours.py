"""How the sandbox behaves: the names of its misbehaviours, and whose turn it is.

A behaviour has an aspect; behaviours of different aspects combine (`envelope` with `500-after`).
The first name of an aspect is what applies while nothing is asked for.

    conduct   ok 429 400 401 403 gone 500-before 500-after 503-before hang-before hang-after
              drop-before drop-after truncate slow late html-200
    shape     bare envelope
    tlp       tlp-as-sent tlp-upper                                       (answers with events)
    clock     clock                                                       (create, bulk)
    text      text-as-sent text-escaped text-trimmed text-cut text-upper
              text-lower text-nfd                                         (create, bulk, patch)
    search    search-json search-parallel search-indexed search-post
              ignore-filters                                              (list, indicators)
    method    any-method no-post                                          (list)
    lag       fresh-list stale-list                                       (list, indicators)
    cache     no-cache cached-list                                        (list, indicators)
    gap       complete incomplete                                         (list, indicators)
    order     list-in-order list-reordered                                (list, indicators)
    data      data-map data-text                                          (raw)
    raw       raw-as-sent raw-reordered raw-retyped raw-null              (raw)
    actors    actors-as-tags actors-named actors-bare                     (actors)

`…-before`, the plain statuses and `html-200` accept nothing; everything else processes the request
and only then misbehaves. `ignore-filters` does so by POST too; the other names of its aspect say
which encoding a GET may have. The list by GET and by POST is one operation, `list`.
"""

import threading
from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

ALL = "all"
OPERATIONS: tuple[str, ...] = (
    *("verify", "create", "bulk", "list", "read", "patch", "delete", "raw"),
    *("tag-create", "tag-delete", "datasets", "dataset-create", "dataset", "dataset-patch"),
    *("dataset-delete", "categories", "category-catalog", "countries", "industries"),
    *("industry-catalog", "attackers", "indicators", "indicator-types", "tags", "actors"),
)


class _Kind(NamedTuple):
    aspect: str
    number: float = 0.0
    operations: tuple[str, ...] = OPERATIONS


_LISTS, _CREATES = ("list", "indicators"), ("create", "bulk")
_STORES = (*_CREATES, "patch")
BEHAVIOURS: dict[str, _Kind] = {
    "ok": _Kind("conduct"),
    "429": _Kind("conduct", 30),
    "400": _Kind("conduct"),
    "401": _Kind("conduct"),
    "403": _Kind("conduct", 9109),
    "gone": _Kind("conduct", operations=("read", "raw", "patch")),
    "500-before": _Kind("conduct"),
    "500-after": _Kind("conduct"),
    "503-before": _Kind("conduct"),
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
    "tlp-as-sent": _Kind("tlp", operations=(*_STORES, "list", "read")),
    "tlp-upper": _Kind("tlp", operations=(*_STORES, "list", "read")),
    "clock": _Kind("clock", operations=_CREATES),
    "text-as-sent": _Kind("text", operations=_STORES),
    "text-escaped": _Kind("text", operations=_STORES),
    "text-trimmed": _Kind("text", operations=_STORES),
    "text-cut": _Kind("text", 40, operations=_STORES),
    "text-upper": _Kind("text", operations=_STORES),
    "text-lower": _Kind("text", operations=_STORES),
    "text-nfd": _Kind("text", operations=_STORES),
    "search-json": _Kind("search", operations=_LISTS),
    "search-parallel": _Kind("search", operations=("list",)),
    "search-indexed": _Kind("search", operations=("list",)),
    "search-post": _Kind("search", operations=("list",)),
    "ignore-filters": _Kind("search", operations=_LISTS),
    "any-method": _Kind("method", operations=("list",)),
    "no-post": _Kind("method", 405, operations=("list",)),
    "fresh-list": _Kind("lag", operations=_LISTS),
    "stale-list": _Kind("lag", 60, operations=_LISTS),
    "no-cache": _Kind("cache", operations=_LISTS),
    "cached-list": _Kind("cache", 60, operations=_LISTS),
    "complete": _Kind("gap", operations=_LISTS),
    "incomplete": _Kind("gap", 1, operations=_LISTS),
    "list-in-order": _Kind("order", operations=_LISTS),
    "list-reordered": _Kind("order", operations=_LISTS),
    "data-map": _Kind("data", operations=("raw",)),
    "data-text": _Kind("data", operations=("raw",)),
    "raw-as-sent": _Kind("raw", operations=("raw",)),
    "raw-reordered": _Kind("raw", operations=("raw",)),
    "raw-retyped": _Kind("raw", operations=("raw",)),
    "raw-null": _Kind("raw", operations=("raw",)),
    "actors-as-tags": _Kind("actors", operations=("actors",)),
    "actors-named": _Kind("actors", operations=("actors",)),
    "actors-bare": _Kind("actors", operations=("actors",)),
}


class Behaviour(NamedTuple):
    """A behaviour and its number, most often seconds.

    Seconds: Retry-After, how long it hangs, drips, delays, lags or skews. `text-cut`: characters
    left. `incomplete`: how many of the newest events are missing. `no-post`: the HTTP status.
    `403`: the error code, which is 9109 or 10000.
    """

    name: str
    seconds: float = 0.0


class Turn(NamedTuple):
    """What applies to one request, aspect by aspect."""

    conduct: Behaviour = Behaviour("ok")
    shape: Behaviour = Behaviour("bare")
    tlp: Behaviour = Behaviour("tlp-as-sent")
    clock: Behaviour = Behaviour("clock")
    text: Behaviour = Behaviour("text-as-sent")
    search: Behaviour = Behaviour("search-json")
    method: Behaviour = Behaviour("any-method")
    lag: Behaviour = Behaviour("fresh-list")
    cache: Behaviour = Behaviour("no-cache")
    gap: Behaviour = Behaviour("complete")
    order: Behaviour = Behaviour("list-in-order")
    data: Behaviour = Behaviour("data-map")
    raw: Behaviour = Behaviour("raw-as-sent")
    actors: Behaviour = Behaviour("actors-as-tags")


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
        chosen = kind.number if seconds is None else seconds
        if chosen < 0 and name != "clock":
            raise ValueError(f"{name}@{chosen:g} is not possible. Write 0 or more.")
        with self._lock:
            queue = self._queues.setdefault((operation, kind.aspect), [])
            if times is None:
                queue[:] = [entry for entry in queue if entry.times is not None]
            position = next((i for i, e in enumerate(queue) if e.times is None), len(queue))
            queue.insert(position, _Entry(Behaviour(name, chosen), times))

    def add_text(self, text: str) -> None:
        """`add` from `OPERATION=BEHAVIOUR[@NUMBER][:TIMES]`, such as `create=late@2.5:1`."""
        operation, _, rest = text.partition("=")
        behaviour, _, times = rest.partition(":")
        name, _, seconds = behaviour.partition("@")
        try:
            count, duration = int(times) if times else None, float(seconds) if seconds else None
        except ValueError:
            raise ValueError(
                f"{text!r} is not understood. Write OPERATION=BEHAVIOUR[@NUMBER][:TIMES]."
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
