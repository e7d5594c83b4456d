"""probe_api: what the API of this account is like, found out by reading only."""

import secrets
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from events import services
from events.cloudflare import (
    SEARCH_STYLES,
    ApiError,
    Client,
    Filter,
    IndicatorPage,
    Page,
    SearchStyle,
    is_searchable,
)
from events.management.terminal import printable

SAMPLE = 50
FILTERS = "filters"


class Command(BaseCommand):
    """Check the token, each list, the datasets and the ways of filtering; change nothing."""

    help = "Check token, datasets, lists, labels and the ways of searching. Reads only."

    def handle(self, *args: object, **options: object) -> None:
        """Print one line a finding. Raises `CommandError` if something needs the administrator."""
        client = services.client()
        self.failed: list[str] = []
        self._say(f"API      {settings.CLOUDFLARE.base_url}")
        self._say(f"account  {settings.CLOUDFLARE.account_id}")
        token = self._ask("token", client.verify_token)
        if token is not None:
            self._say(f"token    {token.status}")
        self._datasets(client)
        self._lists(client)
        self._search(client)
        if self.failed:
            raise CommandError(f"Not everything could be read: {', '.join(self.failed)}.")

    def _say(self, line: str) -> None:
        self.stdout.write(printable(line))

    def _ask(self, name: str, ask: Callable[[], Any]) -> Any:
        try:
            return ask()
        except ApiError as error:
            self.failed.append(name)
            self._say(f"{name}: {error.detail}")
            return None

    def _datasets(self, client: Client) -> None:
        for dataset in self._ask("datasets", client.datasets) or ():
            public = "public" if dataset.is_public else "private"
            mode = dataset.indicator_write_mode or "write mode not said"
            self._say(f"dataset  {dataset.uuid}  {public:<7}  {mode:<12}  {dataset.name}")
        chosen = settings.CLOUDFLARE.dataset_id or "none: the API's default dataset is used"
        self._say(f"CLOUDFLARE_DATASET_ID  {chosen}")

    def _lists(self, client: Client) -> None:
        asks: tuple[tuple[str, Callable[[], tuple[Any, ...]]], ...] = (
            ("categories", client.categories),
            ("industries", client.industries),
            ("indicator types", client.indicator_types),
            ("attackers", client.attackers),
            ("actors", client.actors),
            ("tags", client.tags),
            ("countries", client.countries),
        )
        for name, ask in asks:
            items = self._ask(name, ask)
            if items is not None:
                shown = ", ".join(
                    str(getattr(i, "name", getattr(i, "value", i))) for i in items[:5]
                )
                self._say(f"{name}: {len(items)}, such as {shown}")

    def _search(self, client: Client) -> None:
        """Try each way of asking against an event that is known to be there, and nonsense."""
        styles = sorted(SEARCH_STYLES, key=lambda each: each != settings.CLOUDFLARE.search_style)
        asked, page = self._sample([client.with_search_style(style) for style in styles])
        if page is None:
            return
        if not page.is_complete:
            self._say("list: the answer was incomplete")
        self._tell_labels("events", [str(event.get("tlp") or "") for event in page.events])
        self._tell("forceRefresh", lambda: _refreshed(asked))
        value = _rarest(page.events)
        if not value:
            self._say("search: too few events in the default dataset to tell the encoding")
            return
        works = [style for style in SEARCH_STYLES if self._filters(client, style, value)]
        if not works:
            self._say("No way of asking filters: unknown outcomes cannot be looked for.")
        elif settings.CLOUDFLARE.search_style not in works:
            self._say(f"Set CLOUDFLARE_SEARCH_STYLE={works[0]}")
        self._indicators(client, value)

    def _sample(self, clients: Sequence[Client]) -> tuple[Client, Page | None]:
        """Events to try things with, and the client that lists: a method may not be served."""
        for client in clients[:-1]:
            try:
                return client, client.list_events(page_size=SAMPLE)
            except ApiError:
                continue
        return clients[-1], self._ask("list", lambda: clients[-1].list_events(page_size=SAMPLE))

    def _filters(self, client: Client, style: SearchStyle, value: str) -> bool:
        said = self._tell(f"search as {style:<9}", lambda: _searched(client, style, value))
        return said == FILTERS

    def _indicators(self, client: Client, value: str) -> None:
        """Whether the list of indicators knows what the events show, and whether it is whole."""
        labels: list[str] = []

        def look() -> str:
            page = client.indicators([value])
            labels.extend(each.tlp for each in page.indicators)
            nonsense = client.indicators([secrets.token_hex(16)])
            return ", ".join(
                (
                    "finds an event's value" if _names(page, value) else "does not find it",
                    "ignores the filter" if nonsense.indicators else "filters",
                    "complete" if page.is_complete and not page.has_more else "incomplete",
                )
            )

        self._tell("indicators", look)
        self._tell_labels("indicators", labels)

    def _tell(self, name: str, ask: Callable[[], str]) -> str:
        """Print what `ask` found, or why nothing was; that is no failure of the probe."""
        try:
            said = ask()
        except ApiError as error:
            said = f"does not work: {error.detail}"
        self._say(f"{name} {said}")
        return said

    def _tell_labels(self, where: str, texts: Iterable[str]) -> None:
        seen = sorted(set(filter(None, texts)))
        self._say(f"TLP values seen in {where}: {', '.join(seen) or 'none'}")


def _rarest(events: Sequence[dict[str, Any]]) -> str:
    """The indicator that fewest of `events` show; empty if none tells them apart.

    A value that every event has would look filtered where the filter is ignored.
    """
    seen = Counter(str(event.get("indicator") or "") for event in events)
    usable = {value: count for value, count in seen.items() if is_searchable(value)}
    value = min(usable, key=lambda each: usable[each], default="")
    return value if usable.get(value, 0) < len(events) else ""


def _searched(client: Client, style: SearchStyle, value: str) -> str:
    """Whether this way returns the known event, none that does not fit, and none for nonsense."""
    asked = client.with_search_style(style)
    page = asked.list_events(filters=[Filter("indicator", "equals", value)], page_size=SAMPLE)
    found = [event.get("indicator") for event in page.events]
    if not found:
        return "does not find the event that is there"
    nonsense = Filter("indicator", "equals", secrets.token_hex(16))
    if value not in found or asked.list_events(filters=[nonsense], page_size=1).events:
        return "ignores the filter"
    return FILTERS


def _refreshed(client: Client) -> str:
    page = client.list_events(page_size=1, force_refresh=True)
    return "accepted" if page.is_complete else "accepted, the answer was incomplete"


def _names(page: IndicatorPage, value: str) -> bool:
    return any(each.value.casefold() == value.casefold() for each in page.indicators)
