"""Owns the shapes in which the client hands back what the API said."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from events.cloudflare.jsontext import Json


@dataclass(frozen=True, slots=True)
class RateLimit:
    """What the `Ratelimit` header left of the allowance: requests, and seconds until it refills."""

    remaining: int
    reset_seconds: float


@dataclass(frozen=True, slots=True)
class Answer:
    """One HTTP answer, read to its end and within the size limit (body decoded, token removed)."""

    status: int
    body: bytes
    cf_ray: str = ""
    retry_after: float | None = None
    rate: RateLimit | None = None


@dataclass(frozen=True, slots=True)
class Created:
    """An event that the API says it created: its uuid, every field returned, the text received."""

    uuid: str
    event: dict[str, Json]
    body: str
    status: int
    cf_ray: str = ""
    rate: RateLimit | None = None


@dataclass(frozen=True, slots=True)
class Filter:
    """One `search` filter of the event list; `op` and `field` are the API's words."""

    field: str
    op: str
    value: str | int | bool | Sequence[str]


@dataclass(frozen=True, slots=True)
class Page:
    """One page of the event list; `cursor` asks for the next, None when the API named none.

    `is_complete` is False when the API said that a dataset or shard had not answered: what is not
    on such a page may be there all the same.
    """

    events: tuple[dict[str, Json], ...]
    cursor: str | None = None
    rate: RateLimit | None = None
    is_complete: bool = True


@dataclass(frozen=True, slots=True)
class RelatedEvent:
    """An event in which an indicator appears; `date` is the API's text, "" if it gives none."""

    dataset_id: str
    event_id: str
    date: str = ""


@dataclass(frozen=True, slots=True)
class SeenIndicator:
    """One value of one dataset, and events in which it appears; `has_more` if these are not all.

    `tlp` is the API's text, "" where it gives none.
    """

    value: str
    indicator_type: str = ""
    tlp: str = ""
    dataset_id: str = ""
    related_events: tuple[RelatedEvent, ...] = ()
    has_more: bool = False


@dataclass(frozen=True, slots=True)
class IndicatorPage:
    """One page of the list of indicators.

    `is_complete` as for `Page`. `has_more`: there are further pages, for which `cursor` asks.
    """

    indicators: tuple[SeenIndicator, ...]
    is_complete: bool = True
    cursor: str | None = None
    has_more: bool = False
    rate: RateLimit | None = None


@dataclass(frozen=True, slots=True)
class Actor:
    """An actor of the shared catalogue; `tlp` is the API's text, `confidence` 1 to 10 or None.

    `aliases` are the other names; those that are marked RED or Cloudflare's own are left out.
    """

    name: str
    aliases: tuple[str, ...] = ()
    tlp: str = ""
    confidence: int | None = None


@dataclass(frozen=True, slots=True)
class RawData:
    """What an event was created from. `data` is None when the API holds none, or holds no map;
    in the second case `text` has it as the API wrote it. `created` is when, in the API's words."""

    data: dict[str, Json] | None
    text: str = ""
    source: str = ""
    tlp: str = ""
    created: str = ""


@dataclass(frozen=True, slots=True)
class TokenStatus:
    """The API's word on the token: its public id, and active, disabled or expired."""

    id: str
    status: str


@dataclass(frozen=True, slots=True)
class Dataset:
    """A dataset; whatever does not say clearly that it is private counts as public."""

    uuid: str
    name: str
    is_public: bool
    is_analytics: bool = False
    indicator_write_mode: str = ""
    deleted_at: str | None = None


@dataclass(frozen=True, slots=True)
class Category:
    """A category, with the kill-chain phase and MITRE ids that an event of it comes back with."""

    uuid: str
    name: str
    shortname: str = ""
    kill_chain: int | None = None
    mitre_attack: tuple[str, ...] = ()
    mitre_capec: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Country:
    """A country as the API lists it; its alpha-3 codes are known to be unreliable."""

    alpha2: str
    alpha3: str
    name: str


@dataclass(frozen=True, slots=True)
class Tag:
    """A tag that events may carry, by its `value`."""

    uuid: str
    value: str
    category_name: str = ""
    tlp: str = ""
