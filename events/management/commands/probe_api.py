"""probe_api: what the API of this account is like, found out by reading only."""

from collections import Counter
from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from events import services
from events.cloudflare import SEARCH_STYLES, ApiError, Client, Filter

SAMPLE = 50


class Command(BaseCommand):
    """Check the token, each list, the datasets and the ways of filtering; change nothing."""

    help = "Check token, permissions, datasets, lists and the encoding of search. Reads only."

    def handle(self, *args: object, **options: object) -> None:
        """Print one line a finding. Raises `CommandError` if something needs the administrator."""
        client = services.client()
        self.failed: list[str] = []
        self.stdout.write(f"API      {settings.CLOUDFLARE.base_url}")
        self.stdout.write(f"account  {settings.CLOUDFLARE.account_id}")
        token = self._ask("token", client.verify_token)
        if token is not None:
            self.stdout.write(f"token    {token.status}")
        self._datasets(client)
        self._lists(client)
        self._search(client)
        if self.failed:
            raise CommandError(f"Not everything could be read: {', '.join(self.failed)}.")

    def _ask(self, name: str, ask: Callable[[], Any]) -> Any:
        try:
            return ask()
        except ApiError as error:
            self.failed.append(name)
            self.stdout.write(f"{name}: {error.detail}")
            return None

    def _datasets(self, client: Client) -> None:
        for dataset in self._ask("datasets", client.datasets) or ():
            public = "public" if dataset.is_public else "private"
            mode = dataset.indicator_write_mode or "write mode not said"
            self.stdout.write(f"dataset  {dataset.uuid}  {public:<7}  {mode:<12}  {dataset.name}")
        chosen = settings.CLOUDFLARE.dataset_id or "none: the API's default dataset is used"
        self.stdout.write(f"CLOUDFLARE_DATASET_ID  {chosen}")

    def _lists(self, client: Client) -> None:
        asks: tuple[tuple[str, Callable[[], tuple[Any, ...]]], ...] = (
            ("categories", client.categories),
            ("industries", client.industries),
            ("indicator types", client.indicator_types),
            ("attackers", client.attackers),
            ("tags", client.tags),
            ("countries", client.countries),
        )
        for name, ask in asks:
            items = self._ask(name, ask)
            if items is not None:
                shown = ", ".join(
                    str(getattr(i, "name", getattr(i, "value", i))) for i in items[:5]
                )
                self.stdout.write(f"{name}: {len(items)}, such as {shown}")

    def _search(self, client: Client) -> None:
        """Try each way of writing a filter against an event that is known to be there."""
        page = self._ask("list", lambda: client.list_events(page_size=SAMPLE))
        if page is None:
            return
        values = sorted({str(e["tlp"]) for e in page.events if e.get("tlp")})
        self.stdout.write(f"TLP values seen: {', '.join(values) or 'none'}")
        # A value that every event has would look filtered where the filter is ignored.
        seen = Counter(str(event.get("indicator") or "") for event in page.events)
        value, count = min(seen.items(), key=lambda item: (not item[0], item[1]), default=("", 0))
        if not value or count == len(page.events):
            self.stdout.write("search: too few events in the default dataset to tell the encoding")
            return
        wanted = Filter("indicator", "equals", value)
        works = [style for style in SEARCH_STYLES if self._filters(client, style, wanted)]
        for style in SEARCH_STYLES:
            self.stdout.write(f"search as {style:<9} {'filters' if style in works else 'does not'}")
        if works and settings.CLOUDFLARE.search_style not in works:
            self.stdout.write(f"Set CLOUDFLARE_SEARCH_STYLE={works[0]}")

    def _filters(self, client: Client, style: Any, wanted: Filter) -> bool:
        """Whether this way of writing returns the known event, and no event that does not fit."""
        try:
            page = client.with_search_style(style).list_events(filters=[wanted], page_size=SAMPLE)
        except ApiError:
            return False
        found = [event.get(wanted.field) for event in page.events]
        return bool(found) and all(value == wanted.value for value in found)
