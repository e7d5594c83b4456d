"""`Sandbox`: a whole one, for tests and for the command: `with Sandbox() as sandbox: …`."""

import threading
from collections.abc import Iterable
from pathlib import Path
from typing import Self

from events.sandbox.behaviours import Behaviours
from events.sandbox.datasets import Dataset
from events.sandbox.desk import BASE_PATH, Desk, Settings
from events.sandbox.ledger import MEMORY, Ledger
from events.sandbox.limits import WINDOW_SECONDS, RateLimit
from events.sandbox.messages import Request
from events.sandbox.operations import TABLE
from events.sandbox.server import Server

DEFAULTS = Settings()


class Sandbox:
    """A stand-in for the Threat Events API on a loopback port, served by threads.

    Listens from its making, so that `base_url` is known and a port in use raises `OSError` here;
    answers between `start` and `stop`, or inside `with`. Port 0 takes a free one. `behave` and
    `datasets` are what the command's options give; `rate_limit` counts requests in `rate_window`
    seconds and sends Cloudflare's rate limit headers, None sends none.
    """

    def __init__(
        self,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        ledger: str | Path = MEMORY,
        settings: Settings = DEFAULTS,
        behave: Iterable[str] = (),
        datasets: Iterable[Dataset] = (),
        rate_limit: int | None = None,
        rate_window: float = WINDOW_SECONDS,
    ) -> None:
        self.settings = settings
        self._ending = threading.Event()
        self._behaviours = Behaviours()
        self._behaviours.add_texts(behave)
        self.ledger = Ledger(ledger)
        self.ledger.add_datasets(datasets)
        try:
            self._server = Server(host, port, self._ending)
        except (OSError, OverflowError, ValueError):
            self.ledger.close()
            raise
        self._desk = self._server.desk = Desk(
            settings,
            TABLE,
            ledger=self.ledger,
            behaviours=self._behaviours,
            wait=self._ending.wait,
            rate_limit=RateLimit(rate_limit, rate_window) if rate_limit else None,
        )
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(0.01,), name="sandbox", daemon=True
        )

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def url(self) -> str:
        """The address without a path, such as `http://127.0.0.1:8009`."""
        host, port = self._server.server_address[:2]
        return f"http://[{host!s}]:{port}" if ":" in str(host) else f"http://{host!s}:{port}"

    @property
    def base_url(self) -> str:
        """What a client takes as the API's base, such as `http://127.0.0.1:8009/client/v4`."""
        return self.url + BASE_PATH

    @property
    def requests(self) -> list[Request]:
        """The last requests to the API, oldest first (control requests are not among them)."""
        return list(self._desk.requests)

    def start(self) -> None:
        """Begins to answer, in threads."""
        self._thread.start()

    def stop(self) -> None:
        """Ends at once: what hangs, drips or is late is cut. A ledger in a file stays."""
        self._ending.set()
        if self._thread.is_alive():
            self._server.shutdown()
        self._server.server_close()
        self._server.end_connections()
        self.ledger.close()

    def behave(
        self, operation: str, name: str, times: int | None = None, seconds: float | None = None
    ) -> None:
        """`Behaviours.add`: for the next `times` requests, or from now on."""
        self._behaviours.add(operation, name, times, seconds)

    def well(self) -> None:
        """Everything behaves well again; the ledger stays."""
        self._behaviours.clear()

    def reset(self) -> None:
        """Behaves well, and forgets what it held, what came, and what was added."""
        self._desk.reset()
