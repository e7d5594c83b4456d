"""The ledger: which events the sandbox holds and which creates reached it, in one SQLite file.

A commit outlives SIGKILL of the sandbox (it is in the kernel's hands), not the loss of power:
this is a stand-in. Another process may open the same file with `Ledger(path)` while it grows.
"""

# ruff: noqa: S608 - the pieces of SQL are this package's own constants, values are always bound

import json
import sqlite3
import threading
import time
from collections import defaultdict
from collections.abc import Iterable, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any, NamedTuple, Self

from events import private
from events.sandbox.catalog import TAGS, stable_uuid
from events.sandbox.datasets import DATASETS, Dataset

MEMORY = ":memory:"
ACCEPTED, REFUSED, WAITING = "accepted", "refused", "waiting"

_SCHEMA = """
CREATE TABLE IF NOT EXISTS events (
    seq INTEGER PRIMARY KEY, uuid TEXT NOT NULL UNIQUE, dataset_id TEXT NOT NULL,
    submission TEXT NOT NULL, attempt TEXT NOT NULL, held_since REAL NOT NULL,
    created_at TEXT NOT NULL, sent TEXT NOT NULL, answer TEXT NOT NULL, indicators TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS events_submission ON events (submission);
CREATE INDEX IF NOT EXISTS events_dataset ON events (dataset_id, seq);
CREATE TABLE IF NOT EXISTS attempts (
    seq INTEGER PRIMARY KEY, at REAL NOT NULL, operation TEXT NOT NULL, submission TEXT NOT NULL,
    attempt TEXT NOT NULL, behaviour TEXT NOT NULL, outcome TEXT NOT NULL, status INTEGER,
    event TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS attempts_submission ON attempts (submission);
CREATE TABLE IF NOT EXISTS datasets (
    position INTEGER PRIMARY KEY, uuid TEXT NOT NULL UNIQUE, name TEXT NOT NULL,
    is_public INTEGER NOT NULL, is_analytics INTEGER NOT NULL, write_mode TEXT NOT NULL,
    deleted_at TEXT);
CREATE TABLE IF NOT EXISTS tags (value TEXT PRIMARY KEY) WITHOUT ROWID;
"""
_EVENT = "uuid, dataset_id, submission, attempt, held_since, created_at, sent, answer, indicators"
_INDICATORS = """(
    SELECT seq, dataset_id, held_since, created_at, answer, sent, events.uuid AS event,
        json_extract(item.value, '$.indicatorType') AS indicator_type,
        json_extract(item.value, '$.value') AS value,
        indicator_uuid(dataset_id, json_extract(item.value, '$.indicatorType'),
            json_extract(item.value, '$.value')) AS uuid
    FROM events, json_each(indicators) AS item)"""
_INDICATOR = "uuid, dataset_id, indicator_type, value, event, created_at, answer, sent"
_ATTEMPT = "at, operation, submission, attempt, behaviour, outcome, status, event"
_DATASET = "uuid, name, is_public, is_analytics, write_mode, deleted_at"


class HeldEvent(NamedTuple):
    """An event that the sandbox holds. Times: `held_since` Unix seconds, `created_at` RFC 3339.

    `submission` and `attempt` are what the sender put at `raw.data.event_desk`, as text, else "".
    `sent` is the create's body, `answer` the API's `Event`, `indicators` all rows that were sent.
    """

    uuid: str
    dataset_id: str
    submission: str
    attempt: str
    held_since: float
    created_at: str
    sent: dict[str, Any]
    answer: dict[str, Any]
    indicators: list[dict[str, str]]


class HeldIndicator(NamedTuple):
    """One indicator of one event; `uuid` is the indicator's own, the same in every such event."""

    uuid: str
    dataset_id: str
    indicator_type: str
    value: str
    event: str
    created_at: str
    answer: dict[str, Any]
    sent: dict[str, Any]


class Attempt(NamedTuple):
    """One event of one create that reached the sandbox; a bulk create is one for each event.

    `outcome` is "accepted", "refused", or "waiting": arrived, and the sandbox ended before it
    decided. `status` is the HTTP status meant, None where no answer was meant; `event` the uuid.
    """

    at: float
    operation: str
    submission: str
    attempt: str
    behaviour: str
    outcome: str
    status: int | None
    event: str = ""


class Tally(NamedTuple):
    """What became of one submission: requests that reached the sandbox, uuids that it holds."""

    requests: int
    accepted: int
    events: tuple[str, ...]


class Ledger:
    """The ledger at `path`, or in memory. Every method may be called from any thread."""

    def __init__(self, path: str | Path = MEMORY) -> None:
        self.path = str(path)
        self._lock = threading.RLock()
        if self.path != MEMORY:
            _make_own(Path(self.path))
        self._connection = sqlite3.connect(self.path, timeout=30, check_same_thread=False)
        self._connection.create_function("indicator_uuid", 3, _indicator_uuid, deterministic=True)
        self._connection.execute("PRAGMA journal_mode=WAL")
        self._connection.execute("PRAGMA synchronous=NORMAL")
        self._create()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Closes the file. A ledger in memory is gone after it."""
        with self._lock:
            self._connection.close()

    def events(self, submission: str | None = None) -> list[HeldEvent]:
        """The events held, oldest first; those of one submission if it is given."""
        where, values = (
            ("WHERE submission = ?", [submission]) if submission is not None else ("", [])
        )
        return self.find(f"{where} ORDER BY seq", values)

    def event(self, uuid: str) -> HeldEvent | None:
        """The event of that uuid, or None."""
        return next(iter(self.find("WHERE uuid = ?", [uuid])), None)

    def find(self, clauses: str, values: Sequence[Any]) -> list[HeldEvent]:
        """The events that SQL `clauses` (WHERE, ORDER BY, LIMIT) choose; for `search` only."""
        rows = self._rows(f"SELECT {_EVENT} FROM events {clauses}", values)
        return [HeldEvent(*row[:6], *map(json.loads, row[6:])) for row in rows]

    def count(self, clauses: str, values: Sequence[Any]) -> int:
        """How many events SQL `clauses` choose."""
        [[number]] = self._rows(f"SELECT count(*) FROM events {clauses}", values)
        return int(number)

    def attempts(self, submission: str | None = None) -> list[Attempt]:
        """Every create that reached the sandbox, oldest first; of one submission if given."""
        where, values = (
            ("WHERE submission = ?", [submission]) if submission is not None else ("", [])
        )
        rows = self._rows(f"SELECT {_ATTEMPT} FROM attempts {where} ORDER BY seq", values)
        return [Attempt(*row) for row in rows]

    def tally(self) -> dict[str, Tally]:
        """What became of each submission id seen; "" gathers those without one."""
        attempts: dict[str, list[str]] = defaultdict(list)
        for submission, outcome in self._rows(
            "SELECT submission, outcome FROM attempts ORDER BY seq"
        ):
            attempts[submission].append(outcome)
        uuids: dict[str, list[str]] = defaultdict(list)
        for submission, uuid in self._rows("SELECT submission, uuid FROM events ORDER BY seq"):
            uuids[submission].append(uuid)
        return {
            key: Tally(len(attempts[key]), attempts[key].count(ACCEPTED), tuple(uuids[key]))
            for key in [*attempts, *(key for key in uuids if key not in attempts)]
        }

    def log(self, attempts: Iterable[Attempt], waiting: Sequence[int] = ()) -> list[int]:
        """Writes attempts that hold no event, in place of those numbered `waiting`.

        Returns their numbers.
        """
        with self._lock, self._connection:
            self._drop(waiting)
            return [self._log(attempt) for attempt in attempts]

    def accept(
        self,
        pairs: Iterable[tuple[HeldEvent, Attempt]],
        waiting: Sequence[int] = (),
        refused: Iterable[Attempt] = (),
    ) -> int:
        """Holds the events and logs their attempts in one transaction.

        They take the place of the attempts numbered `waiting`; `refused` came in the same request.
        Returns how many tags were new.
        """
        with self._lock, self._connection:
            self._drop(waiting)
            for attempt in refused:
                self._log(attempt)
            return sum(self._hold(event, attempt) for event, attempt in pairs)

    def replace(self, event: HeldEvent) -> None:
        """Writes what may change of an event that is held: body, answer, rows, creation time."""
        with self._lock, self._connection:
            self._connection.execute(
                "UPDATE events SET created_at = ?, sent = ?, answer = ?, indicators = ? "
                "WHERE uuid = ?",
                (event.created_at, *_documents(event), event.uuid),
            )
            self._add_tags(event.answer["tags"])

    def delete(self, dataset_id: str, uuids: Iterable[str]) -> int:
        """Forgets the events of one dataset; their attempts stay. Returns how many there were."""
        sql = "DELETE FROM events WHERE dataset_id = ? AND uuid = ?"
        with self._lock, self._connection:
            before = self._connection.total_changes
            self._connection.executemany(sql, [(dataset_id, uuid) for uuid in uuids])
            return self._connection.total_changes - before

    def indicators(self, clauses: str, values: Sequence[Any]) -> list[HeldIndicator]:
        """The rows of indicators, of every event, that SQL `clauses` choose; oldest first."""
        rows = self._rows(f"SELECT {_INDICATOR} FROM {_INDICATORS} {clauses} ORDER BY seq", values)
        return [HeldIndicator(*row[:6], *map(json.loads, row[6:])) for row in rows]

    def datasets(self) -> list[Dataset]:
        """Every dataset, deleted ones too, the default first."""
        rows = self._rows(f"SELECT {_DATASET} FROM datasets ORDER BY position")
        return [_dataset(row) for row in rows]

    def dataset(self, uuid: str) -> Dataset | None:
        """The dataset of that uuid, deleted or not, or None."""
        rows = self._rows(f"SELECT {_DATASET} FROM datasets WHERE uuid = ?", [uuid])
        return _dataset(rows[0]) if rows else None

    def put_dataset(self, dataset: Dataset) -> None:
        """Writes what may change of a dataset that is there: name, visibility, end."""
        with self._lock, self._connection:
            self._connection.execute(
                "UPDATE datasets SET name = ?, is_public = ?, deleted_at = ? WHERE uuid = ?",
                (dataset.name, dataset.is_public, dataset.deleted_at, dataset.uuid),
            )

    def add_datasets(self, datasets: Iterable[Dataset]) -> None:
        """Adds those whose uuid is not there yet."""
        with self._lock, self._connection:
            self._connection.executemany(
                f"INSERT OR IGNORE INTO datasets ({_DATASET}) VALUES (?, ?, ?, ?, ?, ?)", datasets
            )

    def tags(self) -> list[str]:
        """Every tag known, in alphabetical order."""
        return [value for (value,) in self._rows("SELECT value FROM tags ORDER BY value")]

    def in_use(self, field: str) -> set[str]:
        """What the events hold in `field` of their answer, without empty texts."""
        path = f"$.{field}"
        rows = self._rows("SELECT DISTINCT json_extract(answer, ?) FROM events", [path])
        return {value for (value,) in rows if value}

    def reset(self) -> None:
        """Forgets events, attempts, and every dataset and tag that was added."""
        with self._lock, self._connection:
            for table in ("events", "attempts", "datasets", "tags"):
                self._connection.execute(f"DELETE FROM {table}")
        self._create()

    def _create(self) -> None:
        with self._lock:
            self._connection.executescript(_SCHEMA)
            with self._connection:
                self._add_tags([tag.value for tag in TAGS])
        self.add_datasets(DATASETS)

    def _rows(self, sql: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        with self._lock, closing(self._connection.execute(sql, values)) as cursor:
            return cursor.fetchall()

    def _hold(self, event: HeldEvent, attempt: Attempt) -> int:
        self._connection.execute(
            f"INSERT INTO events ({_EVENT}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (*event[:6], *_documents(event)),
        )
        self._log(attempt)
        return self._add_tags(event.answer["tags"])

    def _drop(self, attempts: Sequence[int]) -> None:
        for number in attempts:
            self._connection.execute("DELETE FROM attempts WHERE seq = ?", (number,))

    def _log(self, attempt: Attempt) -> int:
        cursor = self._connection.execute(
            f"INSERT INTO attempts ({_ATTEMPT}) VALUES (?, ?, ?, ?, ?, ?, ?, ?)", attempt
        )
        return cursor.lastrowid or 0

    def _add_tags(self, values: Sequence[str]) -> int:
        if not values:
            return 0
        before = self._connection.total_changes
        self._connection.executemany(
            "INSERT OR IGNORE INTO tags (value) VALUES (?)", [(value,) for value in values]
        )
        return self._connection.total_changes - before


def new_attempt(
    operation: str, marks: tuple[str, str], behaviour: str, outcome: str, status: int | None
) -> Attempt:
    """An attempt of now; `marks` are the submission and the attempt that its sender wrote."""
    return Attempt(time.time(), operation, *marks, behaviour, outcome, status)


def _make_own(path: Path) -> None:
    try:
        private.make_database(path)
    except OSError as error:
        raise sqlite3.OperationalError(f"{path}: {error.strerror}") from None


def _indicator_uuid(dataset_id: str, indicator_type: str, value: str) -> str:
    return stable_uuid("indicator", dataset_id, indicator_type, value)


def _documents(event: HeldEvent) -> list[str]:
    return [json.dumps(document) for document in (event.sent, event.answer, event.indicators)]


def _dataset(row: Sequence[Any]) -> Dataset:
    uuid, name, is_public, is_analytics, write_mode, deleted_at = row
    return Dataset(uuid, name, bool(is_public), bool(is_analytics), write_mode, deleted_at)
