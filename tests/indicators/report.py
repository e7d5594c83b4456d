"""Prints how the engine and ioc-finder do on the corpus: `python -m tests.indicators.report`."""

import logging
import sys
import time
from collections.abc import Callable, Iterable

from events.indicators import extract
from tests.indicators.corpus import Rows, Sample, Score, samples, score, score_one
from tests.indicators.extractors import YARDSTICK_KINDS, engine, yardstick
from tests.indicators.hostile import SHAPES

HEADER = f"{'':26}{'right':>7}{'missed':>8}{'false':>7}{'recall':>9}{'false rows':>12}"


def run() -> list[str]:
    """Print the report for `make bench`; nothing in it is missed that a test does not say."""
    logging.getLogger("ioc_finder").setLevel(logging.WARNING)
    main()
    return []


def main() -> None:
    """Print how both do, part by part; with `--errors` each error too."""
    chosen = samples()
    print(HEADER)
    for part in ("first", "held out", "later"):
        of_part = [sample for sample in chosen if sample.part == part]
        _print_both(f"{part} ({len(of_part)} texts)", of_part, engine, yardstick)
    _print_both(f"all ({len(chosen)} texts)", chosen, engine, yardstick)
    claimed = [_only_claimed(sample) for sample in chosen]
    _print_both("ioc-finder's kinds only", claimed, _claimed(engine), yardstick)
    _print_slowest()
    if "--errors" in sys.argv:
        _print_errors(chosen)


def _print_both(
    title: str,
    chosen: Iterable[Sample],
    first: Callable[[str], Rows],
    second: Callable[[str], Rows],
) -> None:
    print(title)
    _print_line("  this engine", score(chosen, first))
    _print_line("  ioc-finder", score(chosen, second))


def _print_line(name: str, result: Score) -> None:
    counts = f"{result.right:7}{result.missed:8}{result.false:7}"
    print(f"{name:26}{counts}{result.recall:9.1%}{result.false_share:12.1%}")


def _only_claimed(sample: Sample) -> Sample:
    kinds = set(YARDSTICK_KINDS.values())
    rows = frozenset(row for row in sample.rows if row[0] in kinds)
    return Sample(sample.number, sample.style, sample.part, sample.text, rows)


def _claimed(extractor: Callable[[str], Rows]) -> Callable[[str], Rows]:
    kinds = set(YARDSTICK_KINDS.values())
    return lambda text: frozenset(row for row in extractor(text) if row[0] in kinds)


def _print_slowest() -> None:
    timed = sorted(((_seconds(text), name) for name, text in SHAPES.items()), reverse=True)
    print(f"\nhostile texts of 10 KB: {len(timed)}, slowest:")
    for seconds, name in timed[:3]:
        print(f"  {seconds * 1000:6.1f} ms of CPU  {name!r}")


def _seconds(text: str) -> float:
    def once() -> float:
        start = time.process_time()
        extract(text)
        return time.process_time() - start

    return min(once() for _ in range(3))


def _print_errors(chosen: Iterable[Sample]) -> None:
    for sample in chosen:
        found = engine(sample.text)
        if score_one(sample, found) != Score(right=len(sample.rows)):
            print(f"\nline {sample.number}: {sample.text!r}")
            print("  missed", sorted(sample.rows - found), "false", sorted(found - sample.rows))


if __name__ == "__main__":
    main()
