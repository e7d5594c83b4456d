"""What verifying found: the first thing that is not as it was written, or that nothing is."""

from dataclasses import dataclass

from events.audit.chain import Head


@dataclass(frozen=True)
class Fault:
    """The first thing that is not as it was written, and why that is known.

    It is about the entry `seq`, or about the submission `submission`; then `seq` is None.
    """

    seq: int | None
    reason: str
    submission: str = ""

    @property
    def about(self) -> str:
        """What it is about, in words."""
        return f"entry {self.seq}" if self.seq is not None else f"submission {self.submission}"


@dataclass(frozen=True)
class Report:
    """What verifying found: `entries` are good, `head` is the last good one.

    `submissions` are as the entries say. `notes` say in sentences what could not be proven.
    """

    entries: int
    head: Head
    fault: Fault | None
    submissions: int = 0
    notes: tuple[str, ...] = ()

    @property
    def is_whole(self) -> bool:
        """Whether nothing was found."""
        return self.fault is None
