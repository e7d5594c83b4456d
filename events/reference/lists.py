"""The lists as pickers use them: read from the cache, never from the API."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property, lru_cache
from typing import Any

from events.memo import Memo
from events.models import ReferenceList
from events.payload import BY_ALPHA2, COUNTRIES, Country
from events.reference import fallback

DEFAULT_DATASET = "Cloudforce One Threat Events"
NAMES = (
    "categories",
    "industries",
    "datasets",
    "indicator_types",
    "attackers",
    "actors",
    "tags",
    "countries",
)


@dataclass(frozen=True)
class Category:
    """A category with the kill-chain phase (1 to 7) and ATT&CK and CAPEC ids that it stands for."""

    name: str
    kill_chain: int | None = None
    mitre_attack: tuple[str, ...] = ()
    mitre_capec: tuple[str, ...] = ()


@dataclass(frozen=True)
class Dataset:
    """A dataset; `is_public`: anyone can search it; `writable`: events may be created in it."""

    uuid: str
    name: str
    is_public: bool
    writable: bool


@dataclass(frozen=True)
class Attacker:
    """A name for an attacker; `is_used`: events have it. `aliases`: what else it is called."""

    name: str
    aliases: tuple[str, ...] = ()
    is_used: bool = True


@dataclass(frozen=True)
class References:
    """All lists. `fetched_at` is the age of the oldest; None while built-in ones are in use.

    `attackers` are the names that events use and the actors of the shared catalogue.
    """

    version: str
    categories: tuple[Category, ...]
    industries: tuple[str, ...]
    datasets: tuple[Dataset, ...]
    indicator_types: tuple[str, ...]
    attackers: tuple[Attacker, ...]
    tags: tuple[str, ...]
    countries: tuple[Country, ...]
    fetched_at: datetime | None

    @cached_property
    def country_codes(self) -> frozenset[str]:
        """The alpha-2 codes of the countries."""
        return frozenset(country.alpha2 for country in self.countries)

    def dataset(self, uuid: str) -> Dataset | None:
        """The dataset with this `uuid`; for the empty one, the API's default dataset if known."""
        for dataset in self.datasets:
            if dataset.uuid == uuid or (not uuid and dataset.name == DEFAULT_DATASET):
                return dataset
        return None


def load() -> References:
    """The cached lists; lists never fetched are the built-in ones.

    Parsed lists are kept in the process. Whether one was fetched anew is asked at most once a
    second: they change once a day.
    """
    return _latest.get()


def forget() -> None:
    """Ask anew at the next `load`."""
    _latest.forget()


def _load() -> References:
    fetched = dict(ReferenceList.objects.values_list("name", "fetched_at"))
    version = "|".join(f"{name}={fetched[name].isoformat()}" for name in NAMES if name in fetched)
    return _parse(version or "built-in")


_latest = Memo(_load, seconds=1.0)


@lru_cache(maxsize=2)
def _parse(version: str) -> References:
    rows = {row.name: row for row in ReferenceList.objects.all()}
    items: dict[str, list[Any]] = {name: json.loads(row.items) for name, row in rows.items()}
    return References(
        version=version,
        categories=tuple(_category(item) for item in items.get("categories", []))
        or tuple(map(Category, fallback.CATEGORIES)),
        industries=tuple(items.get("industries", [])) or fallback.INDUSTRIES,
        datasets=tuple(_dataset(item) for item in items.get("datasets", [])),
        indicator_types=tuple(items.get("indicator_types", [])) or fallback.INDICATOR_TYPES,
        attackers=_attackers(
            items.get("attackers", []) or fallback.ATTACKERS, items.get("actors", [])
        ),
        tags=tuple(items.get("tags", [])),
        countries=_countries(items.get("countries", [])),
        fetched_at=min((row.fetched_at for row in rows.values()), default=None),
    )


def _category(item: dict[str, Any]) -> Category:
    return Category(
        name=item["name"],
        kill_chain=item["kill_chain"],
        mitre_attack=tuple(item["mitre_attack"]),
        mitre_capec=tuple(item["mitre_capec"]),
    )


def _attackers(used: Iterable[str], actors: Iterable[dict[str, Any]]) -> tuple[Attacker, ...]:
    """Both lists as one, by name. A name in use is written as it is used, whatever its case."""
    aliases = {actor["name"].casefold(): tuple(actor["aliases"]) for actor in actors}
    found = {name.casefold(): Attacker(name, aliases.get(name.casefold(), ())) for name in used}
    for actor in actors:
        key = actor["name"].casefold()
        found.setdefault(key, Attacker(actor["name"], aliases[key], is_used=False))
    return tuple(found[key] for key in sorted(found))


def _dataset(item: dict[str, Any]) -> Dataset:
    return Dataset(item["uuid"], item["name"], item["is_public"], item["writable"])


def _countries(items: list[dict[str, str]]) -> tuple[Country, ...]:
    """ISO's countries, and any that the API knows besides (such as Kosovo)."""
    extra = [
        Country(item["name"], item["alpha2"], item["alpha3"])
        for item in items
        if item["alpha2"] not in BY_ALPHA2
    ]
    return COUNTRIES if not extra else tuple(sorted((*COUNTRIES, *extra)))
