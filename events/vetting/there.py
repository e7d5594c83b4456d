"""Whether Cloudforce One holds events about the values already, as far as a person may know.

A look sends the value to Cloudflare before the person has decided to. So RED values are never
looked up, nor is anything before a label was chosen, and nothing is looked up unless asked for.
What comes back is marked too: RED events are told only to those who may see RED here.
"""

import json
from collections.abc import Collection, Iterable, Iterator
from uuid import UUID

from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.models import AnonymousUser
from django.db.models import QuerySet
from django.urls import reverse

from events.cloudflare import Client
from events.models import State, Submission, may_see_red
from events.payload import Tlp
from events.payload.values import value_of
from events.vetting.findings import Entry, Finding, Level, label_of, row_field, shown
from events.vetting.inquiry import Look, Sighting
from events.vetting.looks import Permit, look_for

VALUES_MOST = 100
_INCOMPLETE = "Cloudflare's answer was incomplete: not found proves nothing."


def seen_there(
    entry: Entry, *, user: AbstractBaseUser | AnonymousUser, client: Client, permit: Permit
) -> tuple[Finding, ...]:
    """Findings `seen.there` per row, and `there.…` for what was not looked up and why.

    At most `VALUES_MOST` values are looked up. Trouble with the API is a finding, no exception.
    """
    if entry.tlp is None:
        return (_note("there.no_label", "Not looked up yet: choose a TLP first."),)
    if entry.was_red or Tlp.RED in (entry.tlp, entry.raw_tlp):
        return (_note("there.red", "Not looked up: TLP:RED values are not sent out for that."),)
    rows = _rows(entry)
    looks = look_for(list(rows)[:VALUES_MOST], client, permit) if rows else {}
    sightings = [each for look in looks.values() for each in look.sightings]
    visible = _Visible(entry, user, {each.uuid for each in sightings if each.uuid})
    found = [f for text, look in looks.items() for f in _findings(rows[text], text, look, visible)]
    if not all(look.is_whole for look in looks.values()):
        found.append(_note("there.incomplete", _INCOMPLETE))
    elif looks and not found:
        found = [_note("there.none", "Cloudflare holds no event about this that you may see.")]
    if len(rows) > len(looks):
        text = f"The first {len(looks)} of {len(rows):,} values were looked up."
        found.append(_note("there.more", text))
    return tuple(found)


def values_for_there(entry: Entry) -> tuple[str, ...]:
    """What `seen_there` looks up: nothing before a label was chosen, nor what is TLP:RED."""
    if entry.tlp is None or entry.was_red or entry.strictest is Tlp.RED:
        return ()
    return tuple(_rows(entry))[:VALUES_MOST]


def _rows(entry: Entry) -> dict[str, int]:
    """The values to look up as they would be sent, each with the index of its first row."""
    rows: dict[str, int] = {}
    for row, (kind, text) in enumerate(entry.rows):
        if text.strip():
            value = value_of(kind, text)
            rows.setdefault(value.normal if value.is_defanged else text.strip(), row)
    return rows


class _Visible:
    """Which events there a person may know of: ours by our rule, others by their label."""

    def __init__(
        self, entry: Entry, user: AbstractBaseUser | AnonymousUser, uuids: Collection[str]
    ) -> None:
        self._own_id = entry.submission_id
        self._may_see_red = may_see_red(user)
        wanted = set(uuids)
        self._ours = {uuid for uuid, _ in _named(Submission.objects.all(), wanted)}
        self.pages = dict(_named(Submission.objects.visible_to(user), wanted))

    def of(self, sightings: Iterable[Sighting]) -> list[Sighting]:
        """Those of `sightings` that the person may know of."""
        return [each for each in sightings if self._is_visible(each)]

    def _is_visible(self, sighting: Sighting) -> bool:
        if sighting.uuid in self._ours:
            return self.pages.get(sighting.uuid, self._own_id) != self._own_id
        return self._may_see_red or label_of(sighting.tlp) is not Tlp.RED


def _named(submissions: "QuerySet[Submission]", uuids: set[str]) -> Iterator[tuple[str, UUID]]:
    """The events among `uuids` that these submissions name, be it as one of several."""
    if not uuids:
        return
    yield from submissions.filter(event_uuid__in=uuids).values_list("event_uuid", "pk")
    several = submissions.filter(state__in=(State.DUPLICATED, State.UNKNOWN)).exclude(found="[]")
    for pk, found in several.values_list("pk", "found"):
        yield from ((uuid, pk) for uuid in uuids.intersection(json.loads(found)))


def _findings(row: int, text: str, look: Look, visible: _Visible) -> Iterator[Finding]:
    sightings = visible.of(look.sightings)
    if not sightings:
        # Said whatever was found that the reader may not know of.
        if look.problem:
            yield _note("there.unknown", f"{shown(text)}: could not look: {look.problem}", row)
        return
    events = [each for each in sightings if each.uuid]
    newest = max(events, key=lambda each: each.date, default=None)
    here = next((visible.pages[s.uuid] for s in sightings if s.uuid in visible.pages), None)
    yield Finding(
        "seen.there",
        Level.INFORM,
        f"{shown(text)} {_where(len(events), look.has_more)}{_newest(newest)}.",
        "Check that this is not the same event again.",
        row_field(row),
        link=reverse("event_detail", args=[here]) if here else "",
        link_text="sent from here" if here else "",
        about=here,
    )


def _where(number: int, has_more: bool) -> str:
    if not number:
        return "is an indicator at Cloudflare, of no event that you may see"
    if has_more:
        return f"is in {number} events or more at Cloudflare"
    return f"is in {'an event' if number == 1 else f'{number} events'} at Cloudflare"


def _newest(sighting: Sighting | None) -> str:
    if sighting is None or not sighting.date:
        return ""
    category = f" ({shown(sighting.category)})" if sighting.category else ""
    return f", the newest of {shown(sighting.date[:10])}{category}"


def _note(code: str, message: str, row: int | None = None) -> Finding:
    field = "" if row is None else row_field(row)
    return Finding(code, Level.INFORM, message, field=field)
