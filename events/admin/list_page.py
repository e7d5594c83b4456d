"""The audit list: what was asked for in the query, and the rows as the template shows them."""

from datetime import date
from functools import lru_cache
from html import escape
from typing import Any
from urllib.parse import urlencode

from django.http import QueryDict
from django.template.loader import render_to_string
from django.utils.safestring import SafeString, mark_safe

from events import audit
from events.admin.links import object_link
from events.admin.shown import shown
from events.audit import find
from events.payload import Tlp

FILTERS = ("who", "action", "outcome", "tlp", "from", "to", "q")
_LONGEST = 4000
_DATE_FAULT = "This is not a date. Write it as 2026-11-23."
TLP_LABELS = {str(label): label.label for label in Tlp}


def context(query: QueryDict, *, is_red_visible: bool, refused: frozenset[str]) -> dict[str, Any]:
    """What the list's template needs."""
    asked = tuple(query.get(name, "").strip()[:_LONGEST] for name in FILTERS)
    who, action, outcome, tlp, since, until, search = asked
    wanted = find.Wanted(
        actor=who,
        action=action,
        outcome=outcome,
        tlp=tlp,
        since=_day(since),
        until=_day(until),
        search=search,
        is_red_visible=is_red_visible,
    )
    page = find.page(
        wanted,
        before=find.Position.from_text(query.get("before", "")),
        after=find.Position.from_text(query.get("after", "")),
        from_oldest="oldest" in query,
    )
    used = {name: value for name, value in zip(FILTERS, asked, strict=True) if value}
    return {
        "rows": mark_safe("".join(_row(row, refused) for row in page.rows)),  # noqa: S308 (every value is escaped)
        "head": audit.head(),
        "standing": audit.standing(),
        "alterations": audit.unseen_alterations(),
        "is_filtered": bool(used),
        "filters": _filters(*asked),
    } | _links(page, used)


def searched(query: QueryDict) -> str:
    """What is searched for, on whatever page of what was found; empty if nothing is."""
    return query.get("q", "").strip()[:_LONGEST]


@lru_cache(maxsize=128)
def _filters(*asked: str) -> SafeString:
    """The form for the same question is the same: rendering it costs more than the list."""
    values = dict(zip(FILTERS, asked, strict=True))
    since, until = _day(values["from"]), _day(values["to"])
    outcomes = {str(name): str(name) for name in audit.OUTCOMES}
    context = {
        "asked": values,
        "since": since.isoformat() if since else "",
        "since_fault": _DATE_FAULT if values["from"] and not since else "",
        "until": until.isoformat() if until else "",
        "until_fault": _DATE_FAULT if values["to"] and not until else "",
        "actions": _choices(audit.WORDS, values["action"]),
        "outcomes": _choices(outcomes, values["outcome"]),
        "labels": _choices(TLP_LABELS, values["tlp"]),
        "is_filtered": any(asked),
        "most": find.MATCHES,
    }
    return render_to_string("admin/events/auditentry/filters.html", context)


def _links(page: find.Page, used: dict[str, str]) -> dict[str, str]:
    """Query strings of the pages around this one; an empty one where there is none."""

    def query(**position: str) -> str:
        return f"?{urlencode(used | position)}"

    first, last = (page.rows[0], page.rows[-1]) if page.rows else (None, None)
    return {
        "newest": query() if page.has_newer else "",
        "newer": query(after=str(first.position)) if first and page.has_newer else "",
        "older": query(before=str(last.position)) if last and page.has_older else "",
        "oldest": query(oldest="1") if page.has_older else "",
    }


@lru_cache(maxsize=2048)
def _row(row: find.Row, refused: frozenset[str]) -> str:
    """A row as HTML, kept, because an entry never changes. A template takes ten times as long."""
    at = row.at.isoformat(" ", "seconds")[:19]
    name, url = object_link(row.object_id, refused)
    name = escape(shown(name))
    if url:
        name = f'<a href="{escape(url)}">{name}</a>'
    label = escape(TLP_LABELS.get(row.tlp, shown(row.tlp)))
    if label:
        label = f'<span class="tlp {tlp_class(row.tlp)}">{label}</span>'
    outcome = escape(row.outcome)
    return (
        f'<tr><td class="num"><a href="{row.seq}/change/">{row.seq}</a></td>'
        f'<td><time datetime="{at}Z">{at} UTC</time></td>'
        f"<td>{escape(shown(row.actor))}</td><td>{escape(audit.words(row.action))}</td>"
        f'<td class="mono">{name}</td><td>{label}</td>'
        f'<td class="outcome-{outcome}">{outcome}</td></tr>\n'
    )


def tlp_class(tlp: str) -> str:
    """The CSS class of a label's badge."""
    return f"tlp-{tlp.replace('+', '_')}" if tlp in TLP_LABELS else ""


def _choices(words: dict[str, str], chosen: str) -> list[tuple[str, str, bool]]:
    """Value, text and whether it is chosen; a chosen value that is not known stays in the list."""
    known = words if chosen in words or not chosen else {**words, chosen: shown(chosen)}
    return [(value, text, value == chosen) for value, text in known.items()]


def _day(text: str) -> date | None:
    """The day written in `text`; None for anything else."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None
