"""What a value says by itself: special addresses, too wide networks, look-alike names."""

from collections.abc import Iterator
from dataclasses import replace
from functools import lru_cache

from events.indicators import Notice, warnings_for
from events.payload.values import Value
from events.vetting.findings import Finding, Level, row_field

_GONE = "It says nothing about an attacker on the internet. Check the row, or take it out."
_LOOK = "Compare it with your source, letter by letter."
_ADVICE = {
    "address": _GONE,
    "cidr.wide": "Narrow it: others may block all of it.",
    "cidr.special": _GONE,
    "name.mixed_scripts": _LOOK,
    "name.look_alike": _LOOK,
    "name.special_use": _GONE,
    "name.documentation": _GONE,
    "name.not_public": "Check the spelling, or choose another type.",
    "text.hidden": "Type the value anew.",
}
_INFORMING = frozenset({"name.idn", "name.not_public"})
_DEFANGED = Finding(
    "value.defanged",
    Level.WARN,
    "It is written defanged, and would be sent so.",
    "Write it as it is, or put it into the paste box and press Parse.",
)


def findings(row: int, value: Value) -> Iterator[Finding]:
    """The findings about the row at the index `row`, which holds `value`."""
    for one in _about(value):
        yield replace(one, field=row_field(row))


@lru_cache(maxsize=4096)
def _about(value: Value) -> tuple[Finding, ...]:
    kind = value.kind or (f"ipv{value.network.version}" if value.network else "domain")
    normal = value.normal if value.kind else value.host
    # A Tor service is an indicator like others, though it is not in public DNS.
    if not normal or normal.endswith(".onion"):
        return ()
    found = tuple(map(_finding, warnings_for(kind, normal)))
    return (*found, _DEFANGED) if value.is_defanged else found


def _finding(notice: Notice) -> Finding:
    code = notice.code.replace("ip.", "address.", 1) if notice.code[:3] == "ip." else notice.code
    level = Level.INFORM if code in _INFORMING else Level.WARN
    advice = _ADVICE.get(code) or _ADVICE.get(code.partition(".")[0], "")
    return Finding(code, level, notice.text, advice)
