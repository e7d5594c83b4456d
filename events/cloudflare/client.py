"""Owns the operations of the Threat Events API that this software uses: one method each.

Every method returns its result or raises one of the four errors of `errors`. Nothing is repeated
here: above all, a create is sent at most once per call.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, Literal, TypeVar
from urllib.parse import urlencode

from events.cloudflare import access, answers, outcomes
from events.cloudflare.errors import NotSent
from events.cloudflare.jsontext import BadAnswer, Json, as_text, decode
from events.cloudflare.records import (
    Actor,
    Answer,
    Category,
    Country,
    Created,
    Dataset,
    Filter,
    IndicatorPage,
    Page,
    RawData,
    Tag,
    TokenStatus,
)
from events.cloudflare.search import (
    SEARCH_STYLES,
    Query,
    SearchStyle,
    as_json,
    problem_with,
    search_json,
    search_query,
)
from events.cloudflare.transport import Transport

MAX_CREATED_BYTES: Final = 512 * 1024
MAX_READ_BYTES: Final = 4 * 1024 * 1024
TAG_PAGE_SIZE: Final = 1000
MAX_TAG_PAGES: Final = 100
PARTIAL: Final = 206

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class _EventSearch:
    """What a list of events is asked for; `options` by the API's names."""

    dataset_ids: Sequence[str]
    filters: Sequence[Filter]
    options: dict[str, Any]

    def as_body(self) -> bytes:
        """As the JSON of a POST."""
        lists = {"search": search_json(self.filters), "datasetId": list(self.dataset_ids)}
        given = {name: items for name, items in lists.items() if items}
        return as_json(given | self.options).encode()

    def as_query(self, style: SearchStyle) -> Query:
        """As the query of a GET."""
        datasets = [("datasetId", dataset_id) for dataset_id in self.dataset_ids]
        return [*datasets, *search_query(self.filters, style), *_written(self.options)]


class Client:
    """Cloudflare's API for one account, with one token. Safe to share between threads.

    base_url: `https://…/client/v4`; http is accepted on this machine only.
    deadline: seconds of wall clock for one request and its whole answer.
    connect_timeout: seconds for each attempt to connect, and for the TLS handshake.
    max_bytes: size limit of one answer, decoded; an answer to create has 512 KiB at most anyway.
    proxy: `http://[user:password@]host:port`; the environment is never asked.
    ca_bundle: path of the certificates to trust instead of requests' own.
    search_style: how a list with filters is asked for.

    Raises ValueError with one line for a value that cannot be right; it never holds the token.
    """

    def __init__(
        self,
        *,
        base_url: str,
        account_id: str,
        token: str,
        deadline: float = 25.0,
        connect_timeout: float = 5.0,
        max_bytes: int = MAX_READ_BYTES,
        proxy: str | None = None,
        ca_bundle: str | None = None,
        user_agent: str = "event-desk/1.0",
        search_style: SearchStyle = "post",
    ) -> None:
        self._base_url = access.checked_base_url(base_url)
        self._account_id = access.checked_account(account_id)
        self._search_style = _checked_style(search_style)
        self._max_bytes = max_bytes
        if not (deadline > 0 and connect_timeout > 0 and max_bytes > 0):
            raise ValueError("Deadline, connect timeout and size limit must be above zero.")
        self._transport = Transport(
            token=access.checked_token(token),
            user_agent=access.checked_user_agent(user_agent),
            deadline=deadline,
            connect_timeout=connect_timeout,
            proxy=access.checked_proxy(proxy),
            ca_bundle=ca_bundle,
        )

    def __repr__(self) -> str:
        return f"Client(base_url={self._base_url!r}, account_id={self._account_id!r})"

    def close(self) -> None:
        """Closes the idle connections; the client may still be used."""
        self._transport.close()

    def with_search_style(self, style: SearchStyle) -> Client:
        """The same client, connections included, that asks for lists the given way."""
        other = copy.copy(self)
        other._search_style = _checked_style(style)
        return other

    def verify_token(self) -> TokenStatus:
        """Whether the API knows the token, and its status."""
        return self._get("/user/tokens/verify", answers.token_status)

    def create_event(self, body: bytes) -> Created:
        """Sends `body`, exactly as given, as the JSON of one new event, once.

        Created is returned only for an answer that names the new event by a UUID-shaped `uuid`.
        """
        limit = min(self._max_bytes, MAX_CREATED_BYTES)
        answer = self._send("POST", self._events("/create"), body=body, limit=limit)
        uuid, event = self._read(answer, answers.created_event)
        return Created(
            uuid=uuid,
            event=event,
            body=as_text(answer.body),
            status=answer.status,
            cf_ray=answer.cf_ray,
            rate=answer.rate,
        )

    def list_events(
        self,
        *,
        dataset_ids: Sequence[str] = (),
        filters: Sequence[Filter] = (),
        cursor: str | None = None,
        page: int | None = None,
        page_size: int | None = None,
        order_by: str | None = None,
        order: Literal["asc", "desc"] | None = None,
        force_refresh: bool = False,
    ) -> Page:
        """One page of events; without `dataset_ids`, of the default dataset.

        A `cursor` holds everything that its first page was asked for, and the API refuses to be
        told again: beside it only `page_size` and `force_refresh` are sent.
        The API may ignore filters: check the events returned. Raises NotSent for filters over the
        API's limits (`problem_with`).
        """
        if problem := problem_with(filters):
            raise NotSent(problem)
        asked = _EventSearch(
            dataset_ids=() if cursor else dataset_ids,
            filters=() if cursor else filters,
            options=_options(
                ("cursor", cursor),
                ("page", None if cursor else page),
                ("pageSize", page_size),
                ("orderBy", None if cursor else order_by),
                ("order", None if cursor else order),
            ),
        )
        answer = self._list(asked, _options(("forceRefresh", force_refresh or None)))
        listed = self._read(answer, answers.event_list)
        return Page(
            events=listed.events,
            cursor=listed.cursor,
            rate=answer.rate,
            is_complete=listed.is_complete and answer.status != PARTIAL,
        )

    def _list(self, asked: _EventSearch, more: dict[str, Any]) -> Answer:
        """The answer to a list: a read, whichever method asks for it."""
        path = self._events("")
        if self._search_style == "post":
            return self._send("POST", path, _written(more), body=asked.as_body())
        return self._send("GET", path, [*asked.as_query(self._search_style), *_written(more)])

    def indicators(
        self,
        values: Sequence[str] = (),
        *,
        dataset_ids: Sequence[str] = (),
        cursor: str | None = None,
        page_size: int | None = None,
        related_most: int | None = None,
        force_refresh: bool = False,
    ) -> IndicatorPage:
        """One page of indicators with these `values` (1 to 100), each with events that hold it.

        The API has no POST for this: the values stand in the address, which a proxy that opens TLS
        may write down. `related_most` events are told of each indicator (the API's default: 2).
        `force_refresh` is not documented here. A `cursor` stands alone.
        The API may ignore the filter: check the values returned. Raises NotSent for values over
        the API's limits.
        """
        wanted = Filter("value", "in", values)
        if problem := "" if cursor else problem_with([wanted]):
            raise NotSent(problem)
        query: Query = [
            *_many(dataset_ids),
            ("search", as_json(search_json([wanted]))),
            *_given("pageSize", page_size),
            *_given("relatedEventsLimit", related_most),
        ]
        query = [("cursor", cursor)] if cursor else query
        query += _written(_options(("forceRefresh", force_refresh or None)))
        answer = self._send("GET", self._events("/indicators"), query)
        page = self._read(answer, answers.indicator_page)
        is_complete = page.is_complete and answer.status != PARTIAL
        return replace(page, is_complete=is_complete, rate=answer.rate)

    def actors(self) -> tuple[Actor, ...]:
        """The shared catalogue of actors: one request for each page of 1,000."""
        found: dict[str, Actor] = {}
        for page in range(1, MAX_TAG_PAGES + 1):
            query: Query = [("page", str(page)), ("pageSize", str(TAG_PAGE_SIZE))]
            actors, pages = self._get(
                self._events("/tags/categories/actors"), answers.actor_page, query
            )
            new = {actor.name: actor for actor in actors if actor.name not in found}
            found |= new
            if not new or (pages is not None and page >= pages):
                break
        return tuple(found.values())

    def read_event(self, dataset_id: str, event_id: str) -> dict[str, Json]:
        """The fields of one event."""
        path = f"/dataset/{_segment(dataset_id)}/events/{_segment(event_id)}"
        return self._get(self._events(path), answers.event)

    def read_raw(self, dataset_id: str, event_id: str) -> RawData:
        """What one event was created from."""
        path = f"/datasets/{_segment(dataset_id)}/events/{_segment(event_id)}/raw"
        return self._get(self._events(path), answers.raw_data)

    def datasets(self) -> tuple[Dataset, ...]:
        """The datasets that the account sees."""
        return self._get(self._events("/dataset"), answers.datasets)

    def categories(self) -> tuple[Category, ...]:
        """Every category that the API knows, used or not."""
        return self._get(self._events("/categories/catalog"), answers.categories)

    def countries(self) -> tuple[Country, ...]:
        """The countries that the API knows."""
        return self._get(self._events("/countries"), answers.countries)

    def industries(self) -> tuple[str, ...]:
        """Every target industry that the API knows, used or not."""
        return self._get(self._events("/targetIndustries/catalog"), answers.names)

    def attackers(self, dataset_ids: Sequence[str] = ()) -> tuple[str, ...]:
        """The attacker names in use in the given datasets, or in the default one."""
        return self._get(self._events("/attackers"), answers.names, _many(dataset_ids))

    def indicator_types(self, dataset_ids: Sequence[str] = ()) -> tuple[str, ...]:
        """The indicator types in use in the given datasets, or in the default one."""
        return self._get(self._events("/indicator-types"), answers.names, _many(dataset_ids))

    def tags(self, search: str | None = None) -> tuple[Tag, ...]:
        """All tags, or those that match `search`: one request for each page of 1,000."""
        found: list[Tag] = []
        for page in range(1, MAX_TAG_PAGES + 1):
            query: Query = [
                *_given("search", search),
                ("page", str(page)),
                ("pageSize", str(TAG_PAGE_SIZE)),
            ]
            tags, pages = self._get(self._events("/tags"), answers.tag_page, query)
            found += tags
            if page >= pages or not tags:
                break
        return tuple(found)

    def _events(self, path: str) -> str:
        return f"/accounts/{self._account_id}/cloudforce-one/events{path}"

    def _get(self, path: str, reader: Callable[[Json], T], query: Query | None = None) -> T:
        return self._read(self._send("GET", path, query), reader)

    def _send(
        self,
        method: str,
        path: str,
        query: Query | None = None,
        *,
        body: bytes | None = None,
        limit: int | None = None,
    ) -> Answer:
        url = self._base_url + path + (f"?{urlencode(query)}" if query else "")
        answer = self._transport.send(method, url, body=body, limit=limit or self._max_bytes)
        if 200 <= answer.status < 300:
            return answer
        raise outcomes.from_answer(answer)

    def _read(self, answer: Answer, reader: Callable[[Json], T]) -> T:
        try:
            return reader(decode(answer.body))
        except BadAnswer as error:
            sentence = f"The answer {error}"
        raise outcomes.unreadable(answer, sentence, answers.problems(answer.body))


def _checked_style(style: SearchStyle) -> SearchStyle:
    if style not in SEARCH_STYLES:
        raise ValueError(f"The search style must be one of {', '.join(SEARCH_STYLES)}.")
    return style


def _segment(identifier: str) -> str:
    if not access.is_identifier(identifier):
        raise NotSent("The id of a dataset or event may hold letters, digits, - and _ only.")
    return identifier


def _given(name: str, value: str | int | None) -> Query:
    return [] if value is None else [(name, str(value))]


def _options(*options: tuple[str, str | int | bool | None]) -> dict[str, Any]:
    return {name: value for name, value in options if value is not None}


def _written(options: dict[str, Any]) -> Query:
    return [
        (name, str(value).lower() if isinstance(value, bool) else str(value))
        for name, value in options.items()
    ]


def _many(dataset_ids: Sequence[str]) -> Query:
    return [("datasetIds", dataset_id) for dataset_id in dataset_ids]
