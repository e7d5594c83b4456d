"""A whole matrix on one database: the lanes, their verdicts, the three controls that must fail."""

import gc
import json
import selectors
import tempfile
import time
from functools import partial
from pathlib import Path

from tests.killmatrix import processes
from tests.killmatrix.databases import Databases
from tests.killmatrix.judge import Verdict
from tests.killmatrix.lane import HASTY, MATRIX, NAIVE, WORDY, Kind, Lane, Place, warm_up
from tests.killmatrix.processes import Child
from tests.killmatrix.report import Outcome, table

NAMES = {
    MATRIX: "Event Desk",
    NAIVE: "control: one transaction",
    HASTY: "control: no quiet period",
    WORDY: "control: texts compared",
}
CONTROL_SHARE = 10
CONTROL_LEAST = 40
# A lane costs as much as several runs.
RUNS_LEAST = 4


def run(runs: int, seed: int, lanes: int, database: str) -> bool:
    """Print the report; True if the product holds and the controls fail."""
    with tempfile.TemporaryDirectory(prefix="matrix-") as folder:
        databases = Databases(Path(folder))
        try:
            slower = warm_up(databases, Path(folder))
            print(f"  waits are {slower:.1f} times the shortest possible", flush=True)
            gc.collect()
            gc.freeze()
            few = max(CONTROL_LEAST, runs // CONTROL_SHARE)
            place = Place(seed, 0, databases, "", Path(folder), slower)
            matrix = _outcome(MATRIX, runs, lanes, place)
            controls = [_outcome(kind, few, lanes, place) for kind in (NAIVE, HASTY, WORDY)]
        finally:
            databases.drop()
    print(table(matrix, controls, database, seed), flush=True)
    return _is_proof(matrix, *controls)


def _is_proof(matrix: Outcome, naive: Outcome, hasty: Outcome, wordy: Outcome) -> bool:
    faults = [
        (matrix.failures, "Event Desk lost, doubled, forgot or misstated something."),
        (not naive.silent + naive.unrecorded, "One transaction around everything did no harm."),
        (not hasty.silent, "Without a quiet period nothing was doubled."),
        (not wordy.silent, "Though texts were compared before marks, nothing was doubled."),
    ]
    for is_fault, sentence in faults:
        if is_fault:
            print(f"FAILED: {sentence}", flush=True)
    return not any(is_fault for is_fault, _ in faults)


def _outcome(kind: Kind, runs: int, lanes: int, place: Place) -> Outcome:
    outcome, began = Outcome(NAMES[kind]), time.monotonic()
    count = max(1, min(lanes, runs // RUNS_LEAST))
    started = []
    for index in range(count):
        folder = place.folder / f"{kind.name}-{index}"
        folder.mkdir()
        own = place._replace(index=index, database=place.databases.lane(), folder=folder)
        role = partial(_lane, kind, own, range(index, runs, count))
        started.append(processes.start(role, at_most=None))
    _collect(started, outcome)
    outcome.seconds = time.monotonic() - began
    return outcome


def _lane(kind: Kind, place: Place, numbers: range, say: processes.Say) -> None:
    Lane(kind, place).run(numbers, say)


def _collect(lanes: list[Child], outcome: Outcome) -> None:
    """Read all lanes at once; a lane that dies is a failure of the matrix."""
    with selectors.DefaultSelector() as selector:
        for lane in lanes:
            selector.register(lane.pipe, selectors.EVENT_READ, bytearray())
        while selector.get_map():
            for key, _ in selector.select():
                piece = processes.read(key.fd)
                key.data.extend(piece)
                *lines, rest = bytes(key.data).split(b"\n")
                key.data[:] = rest
                for line in lines:
                    _take(json.loads(line), outcome)
                if not piece:
                    selector.unregister(key.fd)
    for lane in lanes:
        if processes.end(lane).is_killed:
            raise RuntimeError("a lane was killed")


def _take(said: dict[str, str], outcome: Outcome) -> None:
    if "problem" in said:
        outcome.problems.append(said["problem"])
    elif "stray" in said:
        outcome.strays.append(said["stray"])
    else:
        outcome.verdicts.append(Verdict(**said))
