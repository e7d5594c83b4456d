"""The verdict on a run: the sandbox's ledger says what is there, the database what was kept."""

import json
import time
from dataclasses import asdict, dataclass
from typing import Any

from events.sandbox import HeldEvent, Ledger
from tests.killmatrix.databases import Row, Store
from tests.killmatrix.plans import Plan
from tests.killmatrix.victim import stored

NOT_THERE = {"draft", "discarded", "ready", "rejected", "absent"}
UNFINISHED = {"sending", "unknown"}
LATE_AT_MOST = 60.0


@dataclass
class Verdict:
    """What became of one run; `wrong` is a sentence, empty when its state tells the truth.

    `posts` counts the creates that reached the API, `held` the events that it holds.
    `is_open` is whether the state leaves open what a sweep finds out.
    """

    number: int
    point: str
    behaviour: str
    form: str
    lists: str
    raw: str
    trouble: str
    is_struck: bool
    kills: int
    posts: int
    state: str
    held: int
    is_lost: bool
    is_silent_duplicate: bool
    is_unrecorded: bool
    is_open: bool
    wrong: str

    @property
    def is_bad(self) -> bool:
        """Whether anything is wrong."""
        return bool(self.is_lost or self.is_silent_duplicate or self.is_unrecorded or self.wrong)

    def to_json(self) -> str:
        """For a pipe."""
        return json.dumps(asdict(self))


def decided(ledger: Ledger, plan: Plan) -> None:
    """Wait until the sandbox has decided on everything that arrived for this run."""
    until = time.monotonic() + LATE_AT_MOST
    while any(each.outcome == "waiting" for each in ledger.attempts(str(plan.token))):
        if time.monotonic() > until:
            raise RuntimeError("the sandbox does not decide")
        time.sleep(0.02)


def verdict(
    ledger: Ledger, store: Store, plan: Plan, *, struck: bool, kills: int, acknowledged: set[str]
) -> Verdict:
    """The verdict as things stand.

    `struck` is whether a process died at the plan's point, `acknowledged` what the product said.
    """
    row, held = store.row(plan.token), ledger.events(str(plan.token))
    state = row.state if row else "no record"
    return Verdict(
        number=plan.number,
        point=plan.point,
        behaviour=plan.behaviour,
        form=plan.form,
        lists=plan.lists,
        raw=plan.raw,
        trouble=plan.trouble.name,
        is_struck=struck,
        kills=kills,
        posts=len(ledger.attempts(str(plan.token))),
        state=state,
        held=len(held),
        is_lost=_is_lost(plan, row, acknowledged),
        is_silent_duplicate=len(held) > 1 and state != "duplicated",
        is_unrecorded=bool(held) and row is None,
        is_open=plan.is_tardy or (row is not None and _says_open(row)),
        wrong=_wrong(row, held) if row else "",
    )


def _is_lost(plan: Plan, row: Row | None, acknowledged: set[str]) -> bool:
    """A later text may be there although its acknowledgement died; an earlier one may not.

    Of two posts side by side, either may be the later one.
    """
    both = {stored(plan, 1), stored(plan, 2)}
    if "saved 2" in acknowledged:
        kept = both if plan.has_twin else {stored(plan, 2)}
    elif "saved 1" in acknowledged:
        kept = both
    else:
        return False
    return row is None or row.typed not in kept


def _says_open(row: Row) -> bool:
    """Whether its page says that the first send may still exist, and the sweep looks for it."""
    return row.state == "rejected" and row.unknown_since is not None


def _wrong(row: Row, held: list[HeldEvent]) -> str:
    uuids = {event.uuid for event in held}
    if row.state in UNFINISHED:
        return f"still {row.state}"
    if row.state in NOT_THERE:
        return f"{row.state}, and {len(held)} there" if held else ""
    if row.state == "duplicated":
        found = set(json.loads(row.found))
        return "" if len(held) > 1 and found == uuids else f"{found} found, {uuids} there"
    if uuids != {row.event_uuid} or len(held) != 1:
        return f"created as {row.event_uuid}, and {uuids} there"
    if _unmarked(json.loads(bytes(row.body or b"{}"))) != _unmarked(held[0].sent):
        return "what is there is not what was frozen"
    return ""


def _unmarked(wire: dict[str, Any]) -> dict[str, Any]:
    """Without the mark, whose attempt number differs when a person sent again."""
    data = {key: value for key, value in wire["raw"]["data"].items() if key != "event_desk"}
    return wire | {"raw": wire["raw"] | {"data": data}}
