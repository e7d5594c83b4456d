"""The sandbox as a command: its options, what it prints, how it ends."""

import argparse
import errno
import signal
import sqlite3
import threading
from collections.abc import Callable
from typing import Any

from events import private
from events.sandbox.behaviours import BEHAVIOURS, OPERATIONS
from events.sandbox.datasets import parse_dataset
from events.sandbox.desk import Settings
from events.sandbox.ledger import MEMORY
from events.sandbox.sandbox import Sandbox

PORT = 8009


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options that `open_sandbox` reads."""
    parser.add_argument("--host", default="127.0.0.1", help="a loopback address")
    parser.add_argument("--port", type=int, default=PORT, help="0 takes a free one")
    parser.add_argument(
        "--ledger",
        default=MEMORY,
        metavar="PATH",
        help="SQLite file that keeps what is created (default: in memory)",
    )
    parser.add_argument("--account", default=Settings.account, help="account id")
    parser.add_argument("--token", default=Settings.token, help="token that reads and writes")
    parser.add_argument("--read-token", default=Settings.read_token, help="token that reads only")
    parser.add_argument(
        "--dataset",
        action="append",
        default=[],
        metavar="NAME[:public|private[:MODE]]",
        help="one more dataset; MODE is full, create_only or read_only; may be repeated",
    )
    parser.add_argument(
        "--behave",
        action="append",
        default=[],
        metavar="OPERATION=BEHAVIOUR[@NUMBER][:TIMES]",
        help=f"OPERATION: all, {', '.join(OPERATIONS)}. BEHAVIOUR: {', '.join(BEHAVIOURS)}. "
        "May be repeated",
    )
    parser.add_argument(
        "--any-names",
        action="store_true",
        help="accept categories, industries, TLP texts and types that no list holds",
    )
    parser.add_argument(
        "--rate-limit",
        type=int,
        metavar="N",
        help="refuse after N requests in 5 minutes, and send the rate limit headers",
    )


def open_sandbox(options: dict[str, Any]) -> Sandbox:
    """The sandbox that the options describe, not started yet.

    Raises `ValueError` with one line for the operator for whatever is wrong.
    """
    try:
        return Sandbox(
            host=options["host"],
            port=options["port"],
            ledger=options["ledger"],
            settings=Settings(
                account=options["account"],
                token=options["token"],
                read_token=options["read_token"],
                known_names_only=not options["any_names"],
                requests_kept=0,
            ),
            behave=options["behave"],
            datasets=[parse_dataset(text) for text in options["dataset"]],
            rate_limit=options["rate_limit"],
        )
    except private.TooOpenError as error:
        raise ValueError(f"The ledger {error}.") from None
    except (OSError, OverflowError) as error:
        raise ValueError(_port_problem(error, options)) from None
    except sqlite3.Error as error:
        raise ValueError(f"The ledger {options['ledger']} cannot be used: {error}.") from None


def run(sandbox: Sandbox, write: Callable[[str], object]) -> None:
    """Serves until SIGINT or SIGTERM; `write` is given what a person needs to know."""
    ended = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: ended.set())
    with sandbox:
        write(describe(sandbox))
        ended.wait()


def describe(sandbox: Sandbox) -> str:
    """Address, account, tokens, and how to point a client at them."""
    settings, path = sandbox.settings, sandbox.ledger.path
    kept = "in memory: gone when this ends" if path == MEMORY else path
    return f"""Sandbox of the Threat Events API: {sandbox.base_url}
  account id  {settings.account}
  token       {settings.token} (reads and writes), {settings.read_token} (reads only)
  ledger      {kept}
Point a client at it:
  CLOUDFLARE_API_BASE_URL={sandbox.base_url} \\
  CLOUDFLARE_ACCOUNT_ID={settings.account} CLOUDFLARE_API_TOKEN={settings.token}
Make the next create misbehave:
  curl {sandbox.url}/_sandbox/behave -H 'Content-Type: application/json' \\
    -d '{{"operation": "create", "behaviour": "500-after", "times": 1}}'
See what it holds: {sandbox.url}/_sandbox/ledger
End it with Ctrl-C."""


def _port_problem(error: Exception, options: dict[str, Any]) -> str:
    host, port = options["host"], options["port"]
    if isinstance(error, OSError) and error.errno == errno.EADDRINUSE:
        return f"Port {port} on {host} is in use. Choose another one with --port, or 0 for any."
    return f"Cannot listen on {host} port {port}: {error}"
