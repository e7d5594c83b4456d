"""recover_events: events in Cloudforce One that this desk sent and does not know any more."""

import argparse
import re
import time
from collections import deque
from datetime import datetime
from pathlib import Path

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from events import audit, outbox, reference, services
from events.forms.moments import NotAMoment, parse_moment
from events.management.terminal import printable
from events.models import Heartbeat, Submission
from events.outbox.recover import Found, Reach, Walk
from events.payload import Tlp
from events.services import recovery

NOT_TAKEN_IN, NOT_WHOLE = 1, 2
TELL_EVERY = 100
WORDS_SHOWN = 60
DATE_SHOWN = 40
FILE = "recover_read"
WINDOW_SECONDS = 300.0
# Of the API's 1,200 requests in five minutes: beside a worker, which may use 900, and without one.
REQUESTS_BESIDE_WORKER = 240
REQUESTS_ALONE = 900
_DURATION = re.compile(r"\d{1,6}\s*[a-z]+", re.ASCII | re.IGNORECASE)
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)


class Command(BaseCommand):
    """List what bears a desk's mark and is not known here; with `--take-in`, make it known."""

    help = (
        "After a restore: find the events in Cloudforce One that bear a desk's mark and are not "
        "known here. Lists them; --take-in takes them in. Nothing is sent. Ends with 0 if nothing "
        "is left unknown, 1 if events were found and not taken in, 2 if not everything could be "
        "read. A second desk on the same account writes the same kind of mark: its events are "
        "listed too, so read the list before you take it in."
    )

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """What is taken in, and how far is looked."""
        parser.add_argument("--take-in", action="store_true", help="take in what is found")
        parser.add_argument(
            "--drafts",
            action="store_true",
            help="with --take-in: also what is only a draft here. Whoever may write into a dataset "
            "can write a draft's mark there: compare the event with what its author says",
        )
        parser.add_argument(
            "--since",
            type=_since,
            metavar="WHEN",
            help="created since then: 2026-11-25, 2026-11-25T08:00:00Z, 36h or 30d. Without it: "
            "since the last entry of the log before the restore, or 30 days",
        )
        parser.add_argument(
            "--dataset",
            action="append",
            metavar="UUID",
            help="only this dataset; may be repeated. Without it: all that take events",
        )
        parser.add_argument(
            "--limit", type=_limit, metavar="N", help="read N unknown events at most, then stop"
        )

    def handle(self, *args: object, **options: object) -> None:
        """Print one line an event. Raises `CommandError` with 1 or 2 as its return code."""
        self._taken: list[Submission] = []
        self._left = self._drafts = 0
        usual = recovery.unknown_since()
        since = options["since"] if isinstance(options["since"], datetime) else usual
        chosen = options["dataset"]
        named = tuple(map(str, chosen)) if isinstance(chosen, list) else ()
        limit = options["limit"]
        reach = Reach(
            named or recovery.datasets(), since, limit if isinstance(limit, int) else None
        )
        self._say_reach(reach, is_usual=not named)
        walk = self._walk(reach)
        for found in walk.found():
            self._do(found, bool(options["take_in"]), bool(options["drafts"]))
        self._say_end(walk)
        is_all = walk.is_whole and not self._left and not named
        if is_all and options["take_in"] and since <= usual:
            recovery.note_recovered(since, self._taken, _actor())
        self._end(walk)

    def _walk(self, reach: Reach) -> Walk:
        memory = _Memory()
        return Walk(
            outbox.Api(services.client(), _Pace().keep),
            reach,
            foreign=memory.load(),
            learn=memory.add,
            tell=self._say_progress,
            wait=self._wait,
        )

    def _do(self, found: Found, is_to_take_in: bool, is_for_drafts: bool) -> None:
        self.stdout.write(_line(found))
        if not is_to_take_in:
            self._left += 1
            return
        if recovery.is_unsent_draft(found) and not is_for_drafts:
            self._left += 1
            self._drafts += 1
            self.stdout.write("  left alone: here it is a draft that was never sent")
            return
        try:
            submission = recovery.take_in(found, actor=_actor())
        except outbox.Lost:
            self._left += 1
            self.stdout.write("  it changed meanwhile: start again")
            return
        self._taken.append(submission)
        self.stdout.write(f"  taken in: {submission.get_state_display().lower()}")

    def _say_reach(self, reach: Reach, *, is_usual: bool) -> None:
        self.stdout.write(f"Events created since {reach.since:%Y-%m-%d %H:%M:%S} UTC")
        for uuid in reach.datasets:
            self.stdout.write(f"in dataset {_dataset_name(uuid)}")
        for each in recovery.left_out() if is_usual else ():
            name = f"{each.name}, which takes no events ({each.uuid})"
            self.stdout.write(printable(f"left out: {name}"))

    def _say_progress(self, walk: Walk) -> None:
        if walk.read % TELL_EVERY == 0:
            self.stdout.write(f"{_dataset_name(walk.dataset)}: {_figures(walk)}")

    def _say_end(self, walk: Walk) -> None:
        self.stdout.write(f"In all: {_figures(walk)}, {len(self._taken):,} taken in")
        if self._left:
            self.stdout.write(
                "If another desk sends with the same account, some of them may be its events: "
                "both write the same kind of mark."
            )

    def _wait(self, seconds: float) -> None:
        self.stdout.write(f"Cloudflare asked to wait: {seconds:.0f} seconds")
        time.sleep(seconds)

    def _end(self, walk: Walk) -> None:
        if not walk.is_whole:
            reasons = "\n".join(f"  {printable(doubt)}" for doubt in walk.doubts)
            raise CommandError(
                f"Not everything could be read:\n{reasons}\n"
                "Start again to go on: what was read is not read again.",
                returncode=NOT_WHOLE,
            )
        if self._drafts:
            raise CommandError(
                f"{self._drafts:,} of the events bear the mark of a draft that was never sent from "
                "here. Either it was sent after the backup was made, or the mark is forged. Ask "
                "its author; if it was sent, take it in with --take-in --drafts.",
                returncode=NOT_TAKEN_IN,
            )
        if self._left:
            raise CommandError(
                f"{self._left:,} events are there and not known here. "
                "Take them in with --take-in if they are this desk's.",
                returncode=NOT_TAKEN_IN,
            )


class _Memory:
    """The events that were read and bear no mark, in a file, so that a walk can be gone on with."""

    def __init__(self) -> None:
        self._path = Path(settings.STATE_DIR) / FILE

    def load(self) -> set[str]:
        """Their uuids; none if there is no file that can be read."""
        try:
            return set(self._path.read_text(errors="replace").split())
        except OSError:
            return set()

    def add(self, uuid: str) -> None:
        """One more. A file that cannot be written only costs reading again."""
        try:
            with self._path.open("a") as file:
                file.write(f"{uuid}\n")
        except OSError:
            return


class _Pace:
    """Keeps a long walk below the API's limit, beside the worker and the people."""

    def __init__(self) -> None:
        self._asked: deque[float] = deque()

    def keep(self) -> None:
        """Wait until one more request may be made, and count it."""
        most = REQUESTS_BESIDE_WORKER if Heartbeat.any_alive() else REQUESTS_ALONE
        while len(self._asked) >= most:
            time.sleep(max(self._asked[0] + WINDOW_SECONDS - time.monotonic(), 0.0))
            while self._asked and self._asked[0] <= time.monotonic() - WINDOW_SECONDS:
                self._asked.popleft()
        self._asked.append(time.monotonic())


def _line(found: Found) -> str:
    """The event for people who run commands: no text of what is marked RED."""
    event = found.event
    is_red = recovery.label_of(found) is Tlp.RED
    text = "(TLP:RED)" if is_red else " ".join(str(event.get("event") or "").split())[:WORDS_SHOWN]
    state = f"{found.here.get_state_display().lower()} here" if found.here else "unknown here"
    date = str(event.get("date") or "no date")[:DATE_SHOWN]
    return printable(f"{found.uuid}  {found.mark.submission}  {state}  {date}  {text}")


def _figures(walk: Walk) -> str:
    skipped = f", {walk.skipped:,} read earlier" if walk.skipped else ""
    return f"{walk.listed:,} listed, {walk.read:,} read{skipped}"


def _dataset_name(uuid: str) -> str:
    dataset = reference.load().dataset(uuid)
    named = f"{dataset.name} ({uuid})" if dataset and uuid else uuid
    return printable(named) or "the API's default"


def _actor() -> audit.Actor:
    return audit.Actor.system("recover_events")


def _since(text: str) -> datetime:
    text = text.strip()
    if _DURATION.fullmatch(text):
        text = f"{text} ago"
    elif _DAY.fullmatch(text):
        text = f"{text} 00:00"
    try:
        return parse_moment(text)
    except NotAMoment:
        raise argparse.ArgumentTypeError(
            f"{text!r} is no moment. Write 2026-11-25, 2026-11-25T08:00:00Z, 36h or 30d."
        ) from None


def _limit(text: str) -> int:
    if not (text.isascii() and text.isdecimal() and int(text) > 0):
        raise argparse.ArgumentTypeError(f"{text!r} is no number. Write 1 or more.")
    return int(text)
