"""What a caller tells the log: who did what, and what came of it."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Literal, get_args

Outcome = Literal["ok", "failed", "denied", "unknown"]
OUTCOMES: tuple[Outcome, ...] = get_args(Outcome)

_ACTION = re.compile(r"[a-z][a-z_]*\.[a-z][a-z_]*")
_NAME = re.compile(r"[a-z_]{1,16}")
_NOTHING: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True)
class Actor:
    """Who acted, as text of its own: deleting or renaming a user changes no history.

    `id` is the user's primary key, None for the system and for strangers; `address` is where the
    request came from; `request_id` is the id that the request was given here.
    """

    id: int | None
    name: str
    address: str = ""
    request_id: str = ""

    @classmethod
    def system(cls, name: str) -> "Actor":
        """A process without a person, such as a command or the delivery worker."""
        return cls(id=None, name=f"system:{name}")


@dataclass(frozen=True)
class Fact:
    """One thing that happened; `append` makes an entry of it.

    `action` is a dotted name such as `submission.created`. `attempt` counts from 1; `status` is the
    HTTP status of the API's answer. `attachments` maps names (a-z and _, 16 at most) to texts that
    the entry commits to. `terms` are the indicators by which people may find the entry.

    Any text may be given in the other fields: it is escaped and cut as `body.plain` does. Raises
    `ValueError` for an action, outcome or attachment name of another form.
    """

    action: str
    actor: Actor
    object_id: str = ""
    outcome: Outcome = "ok"
    reason: str = ""
    tlp: str = ""
    attempt: int | None = None
    status: int | None = None
    cf_ray: str = ""
    attachments: Mapping[str, str] = field(default_factory=lambda: _NOTHING)
    terms: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not _ACTION.fullmatch(self.action) or len(self.action) > 64:
            raise ValueError(f"{self.action!r} is not a dotted action name")
        if self.outcome not in OUTCOMES:
            raise ValueError(f"{self.outcome!r} is not an outcome")
        for name in self.attachments:
            if not _NAME.fullmatch(name):
                raise ValueError(f"{name!r} is not a name for an attachment")
