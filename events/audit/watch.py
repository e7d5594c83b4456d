"""The worker's watch over the log: new entries each minute, the whole daily, checkpoints between.

All of it runs beside the delivery, in threads of its own. What was verified last is kept outside
the database too (`seen`), so that a log that was cut or rewritten behind it is noticed. A watch
also remembers it itself, so that it sees on where that file is gone or the disk is full; then
nothing is noted for the pages and `/healthz`, which say that it is late.
"""

import logging
import threading
import time
from collections.abc import Callable
from datetime import timedelta

from django.db import DatabaseError, InterfaceError, connection

from events import clock
from events.audit import alarms, checkpoints, outlets, seen, triggers
from events.audit.chain import Head
from events.audit.checkpoints import Checkpoint
from events.audit.report import Fault
from events.audit.seen import Seen
from events.audit.verify import verify, verify_tail
from events.failures import first_line

TAIL_EVERY = 60.0
WHOLE_EVERY = 24 * 60 * 60.0
# While an alarm stands: how soon the whole is verified again, and the line on stderr repeated.
ALARM_EVERY = 60 * 60.0
CHECKPOINT_EVERY = 5 * 60.0
# Even if nothing was logged, so that silence tells.
CHECKPOINT_AT_LEAST = 60 * 60.0
RETRY_EVERY = 60.0
REASON_MOST = 500
STEP_SECONDS = 1.0
# Of the time that a long log takes, what is left to the delivery.
PAUSE_SHARE = 1.0
WHAT_TO_DO = "See docs/operations.md, 'When the log raises an alarm'."

log = logging.getLogger("events.audit")


class Watch:
    """One worker's watch; `machine` is what its alarms are signed with.

    `step` does what is due, and never raises for a database, a file or a receiver that is away.
    """

    def __init__(self, machine: str) -> None:
        self._machine = machine
        self._fault = ""
        self._is_verified = False
        self._does_alarm_stand = False
        self._faults = 0
        self._seen = Seen()
        self._is_unguarded = False
        self._tail_at = self._whole_at = self._told_at = float("-inf")
        self._signed_at = self._sent_at = float("-inf")
        self._whole: threading.Thread | None = None
        self._waiting: dict[str, Checkpoint] = {}
        self._stopping = threading.Event()

    def run(self, stopping: threading.Event) -> None:
        """Watch until told to stop. For a thread of its own."""
        self._stopping = stopping
        while not stopping.wait(STEP_SECONDS):
            self.step()
        if self._whole is not None:
            self._whole.join(STEP_SECONDS)

    def step(self) -> None:
        """Begin or do what is due. The whole is verified in a thread beside this one."""
        if self._is_whole_due() and (self._whole is None or not self._whole.is_alive()):
            self._whole_at = time.monotonic()
            self._whole = threading.Thread(target=self._apart, name="audit-whole", daemon=True)
            self._whole.start()
        _safely(self._steps)
        connection.close()

    def once(self) -> None:
        """What is due, now and in this thread: for a worker that does one round."""
        _safely(self._once)

    def verify_whole(self) -> None:
        """Verify everything; the one thing that ends an alarm."""
        noted, before = seen.load().verified, self._faults
        report = verify([noted] if noted else [], pause=_Pause(self._stopping))
        # What the tail showed meanwhile may lie behind where this one had passed.
        if self._is_bad(report.fault) or self._lacks_triggers() or self._faults != before:
            return
        self._fault, self._is_verified = "", True
        self._seen = Seen(verified=report.head)
        alarms.end_alarm(self._machine)
        self._note(report.head, is_whole=True)

    def verify_tail(self) -> None:
        """Verify what was appended since the last time."""
        noted = self._kept().verified
        if self._fault or noted is None:
            return
        report = verify_tail(noted)
        if not self._is_bad(report.fault) and not self._lacks_triggers():
            self._note(report.head)

    def checkpoint(self) -> None:
        """Sign the head, and bring it to every place; what does not take it is tried again."""
        kept, self._signed_at = self._kept(), time.monotonic()
        after = kept.signed or kept.verified
        if after is None or not self._may_sign() or alarms.alarm() is not None:
            return
        try:
            made = checkpoints.make(after)
        except checkpoints.Broken as error:
            self._is_bad(error.fault)
            return
        except checkpoints.KeyTrouble as error:
            log.error("no checkpoint was made: %s", error)
            return
        self._waiting = dict.fromkeys(outlets.all_outlets(), made)
        self._sent_at = float("-inf")
        self._seen = self._seen._replace(signed=made.head, signed_at=time.time())
        seen.signed(made.head, self._seen.signed_at)

    def _note(self, head: Head, *, is_whole: bool = False) -> None:
        """Keep that the log was verified up to `head`. Raises `OSError`: then the pages lack it."""
        self._seen = self._seen._replace(verified=head)
        seen.verified(head)
        alarms.note(head, is_whole=is_whole)

    def _kept(self) -> Seen:
        """What was seen last, by the file or by this watch, whichever got further."""
        kept, own = seen.load(), self._seen
        if own.verified and (kept.verified is None or kept.verified.seq < own.verified.seq):
            kept = kept._replace(verified=own.verified)
        if own.signed and kept.signed_at < own.signed_at:
            kept = kept._replace(signed=own.signed, signed_at=own.signed_at)
        return kept

    def _once(self) -> None:
        found = alarms.standing()
        is_old = found.whole_at is None or clock.now() - found.whole_at > timedelta(
            seconds=WHOLE_EVERY
        )
        if is_old or found.alarm is not None or seen.load().verified is None:
            self.verify_whole()
        self._is_verified = not self._fault
        self._steps()

    def _steps(self) -> None:
        now = time.monotonic()
        if now - self._tail_at >= TAIL_EVERY:
            self._tail_at = now
            _safely(self.verify_tail)
            self._tell()
            self._does_alarm_stand = alarms.alarm() is not None
        if self._is_checkpoint_due():
            _safely(self.checkpoint)
        if self._waiting and now - self._sent_at >= RETRY_EVERY:
            self._sent_at = now
            self._send()

    def _apart(self) -> None:
        try:
            _safely(self.verify_whole)
        finally:
            connection.close()

    def _is_whole_due(self) -> bool:
        is_well = self._is_verified and not self._fault and not self._does_alarm_stand
        every = WHOLE_EVERY if is_well else ALARM_EVERY
        return time.monotonic() - self._whole_at >= every

    def _may_sign(self) -> bool:
        return self._is_verified and not self._fault and not self._is_unguarded

    def _is_checkpoint_due(self) -> bool:
        if not self._may_sign() or self._does_alarm_stand:
            return False
        kept = self._kept()
        if not kept.verified or not kept.verified.seq:
            return False
        if time.monotonic() - self._signed_at < RETRY_EVERY:
            return False
        passed = time.time() - kept.signed_at
        has_moved = kept.verified != kept.signed
        every = CHECKPOINT_EVERY if has_moved else CHECKPOINT_AT_LEAST
        # A clock that was set back must not silence them.
        return passed >= every or passed < 0

    def _is_bad(self, fault: Fault | None) -> bool:
        """Raise the alarm if there is a fault."""
        if fault is None:
            return False
        self._raise(fault.about, fault.reason)
        return True

    def _lacks_triggers(self) -> bool:
        """Whether the database refuses changes no more. An alarm if it did not last time either.

        A `migrate` that runs just now may have rebuilt a table; it puts them back at its end.
        """
        absent, was_unguarded = triggers.missing(), self._is_unguarded
        self._is_unguarded = bool(absent)
        if absent and was_unguarded:
            told = f"triggers that keep the log from being changed are missing: {', '.join(absent)}"
            self._raise("the database", told)
        return self._is_unguarded

    def _raise(self, about: str, reason: str) -> None:
        # Of what somebody wrote there, nothing may forge a line of the log of this process.
        reason = "".join(each if each.isprintable() else "?" for each in reason)
        self._fault = f"{about}: {reason[:REASON_MOST]}"
        self._faults += 1
        self._told_at = float("-inf")
        self._tell()

    def _tell(self) -> None:
        """On stderr, and in the table, from where somebody may have taken it."""
        if not self._fault:
            return
        if time.monotonic() - self._told_at >= ALARM_EVERY:
            self._told_at = time.monotonic()
            log.critical("ALARM: the audit log is not as written: %s. %s", self._fault, WHAT_TO_DO)
        alarms.raise_alarm(self._fault, self._machine)

    def _send(self) -> None:
        for name, bring in outlets.all_outlets().items():
            if (made := self._waiting.get(name)) is None:
                continue
            try:
                bring(made)
                del self._waiting[name]
            except OSError as error:
                words = error.strerror or error
                log.warning("checkpoint %s did not reach %s: %s", made.head.seq, name, words)


class _Pause:
    """Called between pages: rests as long as the page took, or not at all when told to stop."""

    def __init__(self, stopping: threading.Event) -> None:
        self._stopping, self._began = stopping, time.monotonic()

    def __call__(self) -> None:
        self._stopping.wait((time.monotonic() - self._began) * PAUSE_SHARE)
        self._began = time.monotonic()


def _safely(act: Callable[[], None]) -> None:
    """Whatever happens is said, and it goes on: a watch that ended would be silent."""
    try:
        act()
    except (DatabaseError, InterfaceError) as error:
        log.warning("the audit log could not be looked at: %s", first_line(error))
    except OSError as error:
        log.error("the watch over the audit log cannot keep what it saw: %s", error)
    except Exception:
        log.exception("the watch over the audit log failed")
