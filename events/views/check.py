"""/events/check/: what to look at in a form that is being written. Nothing of it is kept or sent.

The answers are fragments for a page that has the form already. The one that asks Cloudflare is a
POST of its own, so that it is never made by looking at a page, and the quick one never waits.
"""

from collections.abc import Iterable
from itertools import groupby, islice
from typing import NamedTuple
from uuid import UUID

from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.decorators import permission_required
from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest, HttpResponse
from django.template.loader import get_template
from django.utils import timezone
from django.views.decorators.http import require_POST

from events import reference, services, vetting
from events.forms.faults import Fault, row_field
from events.forms.typed import Typed
from events.forms.vetted import entry_of
from events.payload import LABELS
from events.services.drafts import WAS_RED
from events.vetting import Finding, Level

PLACES_MOST = 10
GROUPS_MOST = 25
# Fields that the form calls otherwise than the event does.
_FORM_LABELS = {"raw_tlp": "TLP of the raw data", "raw_data": LABELS["raw"]}
_THERE = "At Cloudflare"
_NOTHING_TO_ASK = "At Cloudflare: there is no indicator to look up yet"


class Place(NamedTuple):
    """One finding where it is: the id of the field on the page, the row's number from 1, and the
    field's label for what is in no row.
    """

    finding: Finding
    anchor: str
    row: int | None = None
    label: str = ""


class Group(NamedTuple):
    """Findings of one kind. `more` counts those that are left out."""

    level: Level
    code: str
    advice: str
    places: tuple[Place, ...]
    more: int


class Panel(NamedTuple):
    """What the Checks panel shows.

    `summary` is one line for a live region. `groups` come with blocks first, `more` counts those
    left out. `can_override` says whether a reason of this person would lift every block.
    """

    summary: str
    groups: tuple[Group, ...]
    more: int
    can_override: bool
    reason: str


@require_POST
@permission_required("events.add_submission", raise_exception=True)
def check(request: HttpRequest, pk: UUID | None = None) -> HttpResponse:
    """The findings about the posted form; `pk` is the submission that it edits."""
    entry = _posted(request, pk)
    references, now = reference.load(), timezone.now()
    findings = vetting.vet(entry, user=request.user, references=references, now=now)
    findings = services.tellable(services.person(request), findings)
    return _fragment(panel(findings, request.user, request.POST.get("override_reason", "")))


@require_POST
@permission_required("events.add_submission", raise_exception=True)
def check_there(request: HttpRequest, pk: UUID | None = None) -> HttpResponse:
    """What Cloudforce One holds about the posted indicators: a few seconds at most."""
    entry = _posted(request, pk)
    findings = services.seen_there(person=services.person(request), entry=entry)
    there = panel(findings, request.user)
    return _fragment(there._replace(summary=_THERE if findings else _NOTHING_TO_ASK))


def _posted(request: HttpRequest, pk: UUID | None) -> vetting.Entry:
    was_red = bool(request.POST.get(WAS_RED))
    return entry_of(Typed.from_post(request.POST), pk, was_red=was_red)


def panel(
    findings: Iterable[Finding], user: AbstractBaseUser | AnonymousUser, reason: str = ""
) -> Panel:
    """`findings` as a page shows them, similar ones together."""
    findings = list(findings)
    groups = [_group(list(those)) for _, those in groupby(sorted(findings, key=_kind), key=_kind)]
    standing = vetting.enforce(findings, user=user, reason="a reason")
    has_block = any(finding.level is Level.BLOCK for finding in findings)
    return Panel(
        summary=_summary(findings),
        groups=tuple(groups[:GROUPS_MOST]),
        more=max(len(groups) - GROUPS_MOST, 0),
        can_override=has_block and not standing,
        reason=reason[: vetting.REASON_MAX],
    )


def _kind(finding: Finding) -> tuple[int, str, str]:
    return list(Level).index(finding.level), finding.code, finding.advice


def _group(findings: list[Finding]) -> Group:
    first = findings[0]
    return Group(
        level=first.level,
        code=first.code,
        advice=first.advice,
        places=tuple(map(_place, islice(findings, PLACES_MOST))),
        more=max(len(findings) - PLACES_MOST, 0),
    )


def _place(finding: Finding) -> Place:
    if isinstance(finding.field, str):
        return Place(finding, Fault(finding.field, "").anchor, label=_label(finding.field))
    _, row = finding.field
    return Place(finding, Fault(row_field(row, "value"), "").anchor, row + 1)


def _label(field: str) -> str:
    return _FORM_LABELS.get(field) or LABELS.get(field, "Field")


def _summary(findings: Iterable[Finding]) -> str:
    levels = [finding.level for finding in findings]
    if not levels:
        return "Nothing to look at"
    blocks = levels.count(Level.BLOCK)
    others = len(levels) - blocks
    parts = [f"{blocks} to settle before sending"] if blocks else []
    return ", ".join([*parts, f"{others} to look at"] if others else parts)


def _fragment(panel: Panel) -> HttpResponse:
    """The fragment alone, without what whole pages need to know."""
    return HttpResponse(get_template("events/entry/checks.html").render({"panel": panel}))
