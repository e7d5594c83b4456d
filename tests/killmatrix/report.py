"""The tables that a matrix prints."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from tests.killmatrix.judge import Verdict
from tests.killmatrix.plans import BEHAVIOURS, FORMS, LISTS, POINTS, RAW, TROUBLES


@dataclass
class Outcome:
    """All verdicts on the runs of one kind, and what is wrong with the whole."""

    name: str
    verdicts: list[Verdict] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    strays: list[str] = field(default_factory=list)
    seconds: float = 0.0

    @property
    def lost(self) -> int:
        """Runs whose acknowledged text is not stored as it was."""
        return sum(verdict.is_lost for verdict in self.verdicts)

    @property
    def silent(self) -> int:
        """Runs with two events there and no word of it here."""
        return sum(verdict.is_silent_duplicate for verdict in self.verdicts)

    @property
    def unrecorded(self) -> int:
        """Events there without a submission here; the larger of two ways to count them."""
        return max(sum(verdict.is_unrecorded for verdict in self.verdicts), len(self.strays))

    @property
    def wrong(self) -> int:
        """Runs that end in a state which does not tell the truth."""
        return sum(bool(verdict.wrong) for verdict in self.verdicts)

    @property
    def failures(self) -> int:
        """The sum of all that must be zero."""
        return self.lost + self.silent + self.unrecorded + self.wrong + len(self.problems)


def table(matrix: Outcome, controls: Sequence[Outcome], database: str, seed: int) -> str:
    """The whole report on one database."""
    runs = len(matrix.verdicts)
    lines = [
        f"Kill matrix on {database}: {runs} runs, seed {seed}, {matrix.seconds:.0f} s"
        f" ({runs / matrix.seconds:.1f} runs a second)",
        "",
        *_counts("kill point", POINTS, matrix.verdicts, lambda verdict: verdict.point),
        *_counts("behaviour of the API", BEHAVIOURS, matrix.verdicts, lambda v: v.behaviour),
        *_counts("texts are stored", FORMS, matrix.verdicts, lambda verdict: verdict.form),
        *_counts("lists are", LISTS, matrix.verdicts, lambda verdict: verdict.lists),
        *_counts("raw data come", RAW, matrix.verdicts, lambda verdict: verdict.raw),
        *_counts("trouble here", TROUBLES, matrix.verdicts, lambda verdict: verdict.trouble),
        f"  {'final states':<28}" + _states(matrix.verdicts),
        "",
        f"  {'':<28}{'runs':>6}{'lost':>6}{'silent':>8}{'unrecorded':>12}{'untrue':>8}",
        *(_row(outcome) for outcome in (matrix, *controls)),
        "  (struck: runs that died at the kill point itself, which not every behaviour lets come",
        "   about; kills: all deaths in these runs; creates: requests that reached the API;",
        "   lost: acknowledged texts; silent: duplicates that nobody is told of; unrecorded:",
        "   events there without a record here; untrue: final states that are not the truth)",
    ]
    return "\n".join([*lines, *(f"  PROBLEM: {problem}" for problem in matrix.problems)])


def _counts(
    title: str, names: Iterable[str], verdicts: Sequence[Verdict], key: Callable[[Verdict], str]
) -> list[str]:
    groups: dict[str, list[Verdict]] = defaultdict(list)
    for verdict in verdicts:
        groups[key(verdict)].append(verdict)
    head = f"  {title:<28}{'runs':>6}{'struck':>8}{'kills':>7}{'creates':>9}{'held':>6}{'bad':>5}"
    return [head, *(_line(name, groups[name]) for name in names), ""]


def _line(name: str, verdicts: Sequence[Verdict]) -> str:
    kills, posts = sum(v.kills for v in verdicts), sum(v.posts for v in verdicts)
    held, bad = sum(v.held for v in verdicts), sum(v.is_bad for v in verdicts)
    struck = sum(v.is_struck for v in verdicts)
    return f"  {name:<28}{len(verdicts):>6}{struck:>8}{kills:>7}{posts:>9}{held:>6}{bad:>5}"


def _states(verdicts: Sequence[Verdict]) -> str:
    counted = Counter(verdict.state for verdict in verdicts)
    return ", ".join(f"{state} {count}" for state, count in counted.most_common())


def _row(outcome: Outcome) -> str:
    return (
        f"  {outcome.name:<28}{len(outcome.verdicts):>6}{outcome.lost:>6}{outcome.silent:>8}"
        f"{outcome.unrecorded:>12}{outcome.wrong:>8}"
    )
