"""The administrators' own list: values, domains and networks to tell of, or to block."""

from functools import lru_cache
from ipaddress import ip_network
from typing import NamedTuple

from django.db.models import Count, Sum

from events.memo import Memo
from events.models import KnownValue
from events.payload.values import Value, value_of
from events.vetting.benign import parents
from events.vetting.findings import Finding, Level, row_field, shown
from events.vetting.networks import Networks

OVERRIDE = "events.override_knownvalue"
_BLOCKED = "Take it out. A reviewer may send it all the same and give a reason, which is logged."
_LEVELS = {KnownValue.Level.BLOCK: Level.BLOCK, KnownValue.Level.INFORM: Level.INFORM}


class Known(NamedTuple):
    """The active entries of one version of the list, ready to be asked."""

    exact: dict[str, KnownValue]
    domains: dict[str, KnownValue]
    networks: Networks[KnownValue]

    def finding(self, row: int, value: Value) -> Finding | None:
        """The finding about the row at the index `row`, by the narrowest entry that fits."""
        entry = self._entry(value)
        return _finding(row, value, entry) if entry else None

    def _entry(self, value: Value) -> KnownValue | None:
        if entry := self.exact.get(value.key):
            return entry
        if value.network is not None:
            return self.networks.covering(value.network) or self.networks.inside(value.network)
        return next((self.domains[n] for n in parents(value.host) if n in self.domains), None)


def load() -> Known:
    """The list as it was within the last second: it changes seldom, and is asked for often."""
    return _latest.get()


def forget() -> None:
    """Ask anew at the next `load`."""
    _latest.forget()


def _load() -> Known:
    state = KnownValue.objects.aggregate(revisions=Sum("revision"), entries=Count("pk"))
    return _read(f"{state['revisions']} {state['entries']}")


_latest = Memo(_load, seconds=1.0)


@lru_cache(maxsize=2)
def _read(version: str) -> Known:
    by_match: dict[str, list[KnownValue]] = {match: [] for match in KnownValue.Match}
    for entry in KnownValue.objects.filter(active=True):
        by_match[entry.match].append(entry)
    return Known(
        exact={value_of("", e.value).key: e for e in by_match[KnownValue.Match.EXACT]},
        domains={e.value: e for e in by_match[KnownValue.Match.DOMAIN]},
        networks=Networks((ip_network(e.value), e) for e in by_match[KnownValue.Match.NETWORK]),
    )


def _finding(row: int, value: Value, entry: KnownValue) -> Finding:
    is_block = entry.level == KnownValue.Level.BLOCK
    whose = (
        f"belongs to your own team: {entry.value} is on its list"
        if entry.kind == KnownValue.Kind.OWN
        else f"is known to your administrators: {entry.value} is on their list"
    )
    what = "value" if entry.match == KnownValue.Match.EXACT else entry.match
    return Finding(
        f"{entry.kind}.{what}",
        _LEVELS[KnownValue.Level(entry.level)],
        f"{shown(value.normal)} {whose}{f' ({entry.note})' if entry.note else ''}.",
        _BLOCKED if is_block else "Check that it belongs into this event.",
        row_field(row),
        permission=OVERRIDE if is_block else "",
    )
