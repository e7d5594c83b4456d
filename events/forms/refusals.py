"""The API's words about a refused event, put beside the fields that they name."""

import re
from collections.abc import Iterable, Mapping
from typing import Any

from events.forms.faults import Fault
from events.forms.typed import TEXTS

_RAW = {"raw.data": "raw_data", "raw.source": "raw_source", "raw.tlp": "raw_tlp", "raw": "raw_data"}
_SOURCE = {
    "source.resourceId": "source_id",
    "resourceId": "source_id",
    "source.title": "source_title",
    "source": "source_id",
}
_ROWS = {"indicators", "indicator", "indicatorType", "indicator_type"}
# These are also ordinary words in a refusal, so that they count only where they are marked.
_PATTERNS = {word: rf"[\"'`]{word}[\"'`]|\b{word}:|\.{word}\b" for word in ("event", "source")}


def _camel(name: str) -> str:
    head, *rest = name.split("_")
    return head + "".join(part.title() for part in rest)


def _spellings() -> dict[str, str]:
    ours = ("raw_", "source_", "indicator")
    fields = {name: name for name in TEXTS if not name.startswith(ours)}
    return {
        **_RAW,
        **_SOURCE,
        **dict.fromkeys(_ROWS, "indicators"),
        **{_camel(name): name for name in fields},
        **fields,
    }


_SPELLINGS = _spellings()
_NAMED = [
    (re.compile(_PATTERNS.get(spelling, rf"(?<!\w){re.escape(spelling)}(?!\w)")), field)
    for spelling, field in sorted(_SPELLINGS.items(), key=lambda item: -len(item[0]))
]


def faults_of(problems: Iterable[Mapping[str, Any]]) -> tuple[Fault, ...]:
    """A fault per problem of the API (`message`, `code`), in its own words."""
    return tuple(_fault(problem) for problem in problems)


def _fault(problem: Mapping[str, Any]) -> Fault:
    message = str(problem.get("message", ""))
    code = f" (code {problem['code']})" if problem.get("code") is not None else ""
    field = next((field for pattern, field in _NAMED if pattern.search(message)), "")
    return Fault(field, f"Cloudflare: {message}{code}")
