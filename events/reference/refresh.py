"""Fetching the lists anew: each on its own, so that one failure keeps the others fresh."""

import json
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from django.conf import settings
from django.db import transaction

from events import clock
from events.cloudflare import ApiError, Client, Dataset, Refused
from events.models import ReferenceList
from events.payload import Tlp, label_of_wire
from events.reference.lists import forget

LONGEST_LIST = 20_000


class Fetched(NamedTuple):
    """What became of one list: how many items, or the error in one line."""

    name: str
    items: int
    error: str = ""


Ask = Callable[[Callable[[], list[Any]]], list[Any]]


def refresh(client: Client, ask: Ask = lambda fetch: fetch()) -> list[Fetched]:
    """Fetch every list and keep it. A list that fails, or comes back empty, stays as it was.

    `ask` is what each request goes through, and may raise `ApiError` in its place.
    """
    datasets = _fetch(ask, "datasets", lambda: [_dataset(item) for item in client.datasets()])
    return [
        datasets,
        _fetch(ask, "categories", lambda: _categories(client)),
        _fetch(ask, "industries", lambda: _names(client.industries())),
        _fetch(ask, "indicator_types", lambda: _names(client.indicator_types())),
        _fetch(ask, "attackers", lambda: _names(client.attackers())),
        _fetch_if_served(ask, "actors", lambda: _actors(client)),
        _fetch(ask, "tags", lambda: _names([tag.value for tag in client.tags()])),
        _fetch(ask, "countries", lambda: _countries(client)),
    ]


def _fetch(ask: Ask, name: str, fetch: Callable[[], list[Any]]) -> Fetched:
    try:
        items = ask(fetch)[:LONGEST_LIST]
    except ApiError as error:
        return Fetched(name, 0, error.detail)
    if not items:
        return Fetched(name, 0, "The API returned an empty list; the old one is kept.")
    with transaction.atomic():
        ReferenceList.objects.update_or_create(
            name=name, defaults={"items": json.dumps(items), "fetched_at": clock.now()}
        )
    forget()
    return Fetched(name, len(items))


def _fetch_if_served(ask: Ask, name: str, fetch: Callable[[], list[Any]]) -> Fetched:
    """As `_fetch`, for a list that an account may be refused while its access is good.

    `ask` is not told of such a refusal: it would take it for one of everything.
    """
    refusals: list[Refused] = []

    def fetch_or_note() -> list[Any]:
        try:
            return fetch()
        except Refused as error:
            refusals.append(error)
            return []

    fetched = _fetch(ask, name, fetch_or_note)
    return fetched._replace(error=refusals[0].detail) if refusals else fetched


def _names(names: Sequence[str]) -> list[str]:
    return sorted({name.strip() for name in names if name.strip()}, key=str.casefold)


def _dataset(dataset: Dataset) -> dict[str, Any]:
    return {
        "uuid": dataset.uuid,
        "name": dataset.name,
        "is_public": dataset.is_public,
        "writable": dataset.indicator_write_mode != "read_only" and not dataset.deleted_at,
    }


def _categories(client: Client) -> list[dict[str, Any]]:
    found = {
        category.name: {
            "name": category.name,
            "kill_chain": category.kill_chain,
            "mitre_attack": list(category.mitre_attack),
            "mitre_capec": list(category.mitre_capec),
        }
        for category in client.categories()
    }
    return [found[name] for name in sorted(found, key=str.casefold)]


def _actors(client: Client) -> list[dict[str, Any]]:
    """Actors whom everybody may be shown: a list has no reader of its own.

    A label that nobody knows, Cloudflare's own among them, counts as RED; no label as none.
    """
    found = {
        actor.name: {"name": actor.name, "aliases": list(actor.aliases)}
        for actor in client.actors()
        if not actor.tlp or label_of_wire(actor.tlp, settings.TLP_WIRE) not in (None, Tlp.RED)
    }
    return [found[name] for name in sorted(found, key=str.casefold)]


def _countries(client: Client) -> list[dict[str, str]]:
    return [
        {"alpha2": country.alpha2, "alpha3": country.alpha3, "name": country.name}
        for country in client.countries()
        if len(country.alpha2) == 2 and country.alpha2.isalpha() and country.alpha2.isupper()
    ]
