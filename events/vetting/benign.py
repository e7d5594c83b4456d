"""The bundled lists: public resolvers and domains that nearly every network talks to.

The files in `data` say where they come from, when, and what was left out.
"""

from collections.abc import Iterator
from functools import cache
from pathlib import Path

from events.payload.values import Value
from events.vetting.findings import Finding, Level, row_field

_DATA = Path(__file__).parent / "data"


def findings(row: int, value: Value) -> Iterator[Finding]:
    """The finding about the row at the index `row`, if its value is on a list.

    A URL or an address at a well-known service is often the indicator itself, so that only bare
    names and addresses count.
    """
    if not value.is_name and value.kind not in ("ipv4", "ipv6"):
        return
    if value.normal in _listed("resolvers"):
        yield Finding(
            "benign.resolver",
            Level.WARN,
            f"{value.normal} is a public DNS resolver that many networks use.",
            "Check the row: it is seldom an attacker's own.",
            row_field(row),
        )
    elif domain := _listed_domain(value):
        yield Finding(
            "benign.domain",
            Level.WARN,
            f"{domain} is among the most used domains of the internet.",
            "If it was abused, give the URL or the full name that was.",
            row_field(row),
        )


def _listed_domain(value: Value) -> str:
    if not value.is_name:
        return ""
    return next((name for name in parents(value.normal) if name in _listed("domains")), "")


def parents(name: str) -> Iterator[str]:
    """`name` and the names above it, the longest first: a.b.c, b.c, c."""
    while name:
        yield name
        name = name.partition(".")[2]


@cache
def _listed(name: str) -> frozenset[str]:
    lines = (_DATA / f"{name}.txt").read_text().splitlines()
    return frozenset(line for line in lines if line and not line.startswith("#"))
