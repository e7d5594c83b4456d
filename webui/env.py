"""The environment: reading settings, and refusing bad ones with one clear line.

Every reader raises `django.core.exceptions.ImproperlyConfigured` whose text names the variable,
what is wrong with it and what to write. A secret's value is never part of that text.
"""

import json
import os
import secrets
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, TypeVar
from urllib.parse import urlsplit

import dj_database_url
from django.core.exceptions import ImproperlyConfigured

from events import keyring, private, syslog
from events.cloudflare import SEARCH_STYLES, Client, SearchStyle, access
from events.payload import Tlp

Chosen = TypeVar("Chosen", bound=str)
Value = TypeVar("Value")

CLOUDFLARE_API = "https://api.cloudflare.com/client/v4"
LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1", "[::1]"})
SECRET_KEY_MIN = 50


@dataclass(frozen=True)
class Cloudflare:
    """Where events are sent: the API's address, the account, the token (kept out of `repr`)."""

    base_url: str
    account_id: str
    token: str = field(repr=False)
    dataset_id: str
    sandbox: bool
    deadline: float
    search_style: SearchStyle
    proxy: str | None = field(repr=False)
    ca_bundle: str | None
    tlp_values: Mapping[str, str] = field(hash=False)

    def client(self, *, deadline: float | None = None, connect_timeout: float = 5.0) -> Client:
        """A new client of this API; `deadline` in seconds, if it is to be another one."""
        return Client(
            base_url=self.base_url,
            account_id=self.account_id,
            token=self.token,
            deadline=deadline or self.deadline,
            connect_timeout=connect_timeout,
            proxy=self.proxy,
            ca_bundle=self.ca_bundle,
            search_style=self.search_style,
        )


def text(name: str, default: str = "") -> str:
    """The variable `name`, without surrounding space; `default` where it is unset or empty."""
    return os.environ.get(name, "").strip() or default


def secret(name: str) -> str:
    """The variable `name`, or the contents of the file that `name_FILE` names; not both."""
    path = text(f"{name}_FILE")
    if not path:
        return text(name)
    if text(name):
        raise ImproperlyConfigured(f"{name} and {name}_FILE are both set. Keep one of them.")
    try:
        private.close_secret(Path(path))
        return Path(path).read_text().strip()
    except private.TooOpenError as error:
        raise ImproperlyConfigured(f"{name}_FILE: {error}.") from None
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not text"
        raise ImproperlyConfigured(f"{name}_FILE: {path} cannot be read: {reason}.") from None


def flag(name: str, default: bool = False) -> bool:
    """The variable `name` as yes or no."""
    value = text(name, "1" if default else "0").lower()
    if value in {"1", "true", "yes", "on"}:
        return True
    if value in {"0", "false", "no", "off"}:
        return False
    raise ImproperlyConfigured(f"{name} is {value!r}. Write 1 or 0.")


def number(name: str, default: float, *, least: float, most: float) -> float:
    """The variable `name` as a number within bounds."""
    value = text(name, str(default))
    try:
        parsed = float(value)
    except ValueError:
        parsed = float("nan")
    if not least <= parsed <= most:
        raise ImproperlyConfigured(f"{name} is {value!r}. Write a number from {least} to {most}.")
    return parsed


def numbers(name: str, default: str) -> tuple[float, ...]:
    """The variable `name` as numbers of seconds, each larger than the one before."""
    parts = names(name, default)
    try:
        parsed = tuple(float(part) for part in parts)
    except ValueError:
        parsed = ()
    if not parsed or list(parsed) != sorted(set(parsed)) or parsed[0] < 0:
        raise ImproperlyConfigured(
            f"{name} is {','.join(parts)!r}. Write rising numbers of seconds, such as {default}."
        )
    return parsed


def port(name: str, default: int) -> int:
    """The variable `name` as a TCP port."""
    value = text(name, str(default))
    if not (value.isdecimal() and value.isascii() and 1 <= int(value) <= 65535):
        raise ImproperlyConfigured(f"{name} is {value!r}. Write a port from 1 to 65535.")
    return int(value)


def names(name: str, default: str) -> list[str]:
    """The variable `name` as a list that is written with commas."""
    return [part.strip() for part in text(name, default).split(",") if part.strip()]


def choice(name: str, default: Chosen, choices: tuple[Chosen, ...]) -> Chosen:
    """The variable `name` as one of `choices`."""
    value = text(name, default)
    for known in choices:
        if value == known:
            return known
    raise ImproperlyConfigured(f"{name} is {value!r}. Write one of: {', '.join(choices)}.")


def syslog_target(name: str) -> syslog.Target | None:
    """The variable `name` as a receiver of syslog; None where it is unset or empty."""
    return _checked(name, syslog.target, text(name), None)


def audit_stream(name: str, *, default: str) -> syslog.Target | Literal["off", "stdout"]:
    """Where every entry of the log goes out: nowhere, to standard output, or to syslog."""
    value = text(name, default)
    if value == "off":
        return "off"
    if value == "stdout":
        return "stdout"
    try:
        return syslog.target(value)
    except ValueError:
        raise ImproperlyConfigured(
            f"{name} is {value!r}. Write off, stdout, udp://host:514, tcp://host:514 "
            "or the path of a socket: /dev/log."
        ) from None


def audit_stream_texts(name: str) -> Tlp | None:
    """The strictest label whose entries go out with their texts; None: no text goes out."""
    chosen = choice(name, "none", ("none", *(label.value for label in Tlp)))
    return None if chosen == "none" else Tlp(chosen)


def receiver_url(name: str) -> str:
    """The variable `name`, which may hold a secret, as an address that is posted to; or empty."""
    value = secret(name)
    try:
        parts = urlsplit(value)
        host, _ = parts.hostname or "", parts.port
    except ValueError:
        host = ""
    if not value:
        return ""
    is_safe = host and (parts.scheme == "https" or (parts.scheme == "http" and host in LOOPBACK))
    is_plain = value.isascii() and value.isprintable() and " " not in value
    if not is_safe or not is_plain or "@" in parts.netloc or parts.fragment:
        raise ImproperlyConfigured(
            f"{name} is not an address that can be posted to. Write such as "
            "https://collector.example.org/desk, without user name; http only for this machine."
        )
    return value


def hosts(name: str, *, plain_http: bool) -> list[str]:
    """The host names that are served; never `*`, and only loopback ones without TLS."""
    wanted = names(name, "127.0.0.1,localhost,[::1]")
    for host in wanted:
        if host == "*" or "/" in host or (":" in host.strip("[]") and host not in LOOPBACK):
            raise ImproperlyConfigured(
                f"{name} holds {host!r}. Write host names without scheme, port or *, "
                "such as desk.example.org."
            )
    if plain_http and not LOOPBACK.issuperset(wanted):
        raise ImproperlyConfigured(
            f"{name} holds {', '.join(wanted)}, but PLAIN_HTTP=1 is for this machine alone. "
            "Serve other hosts over TLS and leave PLAIN_HTTP out."
        )
    return wanted


def state_dir(name: str, default: Path) -> Path:
    """The folder that the variable `name` names, made if need be, with its files the desk's own."""
    folder = Path(text(name, str(default)))
    try:
        private.close_folder(folder)
    except private.TooOpenError as error:
        raise ImproperlyConfigured(f"{name}: {error}.") from None
    except OSError as error:
        raise ImproperlyConfigured(f"{name}: {folder} cannot be used: {error.strerror}.") from None
    return folder


def secret_key(state: Path) -> str:
    """`SECRET_KEY`, or one that is made once and kept in `state`, readable by its owner only."""
    if value := secret("SECRET_KEY"):
        return _strong_key(value, "or leave it out: one is made and kept")
    kept = state / "secret_key"
    return _strong_key(_kept_secret_key(kept), f"or delete {kept}: another is made and kept")


def _strong_key(value: str, otherwise: str) -> str:
    if len(value) < SECRET_KEY_MIN or len(set(value)) < 10:
        raise ImproperlyConfigured(
            f"SECRET_KEY is too weak. Write {SECRET_KEY_MIN} or more random characters, "
            f"{otherwise}."
        )
    return value


def _kept_secret_key(path: Path) -> str:
    """The key in the file at `path`, which comes into being with the whole key in it or not."""
    try:
        if not path.exists():
            # Of two processes that make one at once the first one's stays.
            with suppress(FileExistsError):
                private.write_new(path, secrets.token_urlsafe(64).encode())
        return path.read_text().strip()
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not text"
        raise ImproperlyConfigured(
            f"SECRET_KEY is not set and {path} cannot be used: {reason}."
        ) from None


def audit_keys(name: str) -> tuple[bytes, ...]:
    """The keys in the variable `name`, the newest first; none if it is not set."""
    value = secret(name)
    try:
        return keyring.parsed(value) if value else ()
    except keyring.BadKey as error:
        raise ImproperlyConfigured(f"{name} {error}.") from None


def _close_database(name: str, path: Path) -> None:
    """A SQLite file that others could read is the desk's own before it is opened."""
    try:
        private.close_database(path)
    except private.TooOpenError as error:
        raise ImproperlyConfigured(f"{name}: {error}.") from None
    except OSError as error:
        raise ImproperlyConfigured(f"{name}: {path} cannot be used: {error.strerror}.") from None


def database(name: str, *, default: str) -> dict[str, object]:
    """Django's description of the database at the URL in `name`: SQLite or PostgreSQL."""
    try:
        config: dict[str, object] = dict(dj_database_url.parse(secret(name) or default))
    except (ValueError, KeyError, dj_database_url.ParseError):
        config = {}
    engine = str(config.get("ENGINE", ""))
    if engine.endswith("sqlite3") and config.get("NAME"):
        _close_database(name, Path(str(config["NAME"])))
        return config | {"ENGINE": "webui.sqlite3", "OPTIONS": SQLITE_OPTIONS}
    if engine.endswith("postgresql") and config.get("NAME"):
        options = config.get("OPTIONS")
        return config | {
            "ENGINE": "webui.postgresql",
            "CONN_MAX_AGE": 0,
            "CONN_HEALTH_CHECKS": True,
            "OPTIONS": (options if isinstance(options, dict) else {}) | POSTGRESQL_OPTIONS,
        }
    raise ImproperlyConfigured(
        f"{name} is not the URL of a database that is supported. Write "
        "sqlite:////path/to/file.sqlite3 or postgresql://user:password@host:5432/name."
    )


def owner(name: str, application: dict[str, object]) -> dict[str, object] | None:
    """How the role that owns the tables reaches the `application`'s database; None if unset.

    Without a pool, because a migrate is one connection.
    """
    if not secret(name):
        return None
    config = database(name, default="")
    problem = ""
    if not str(config["ENGINE"]).endswith("postgresql"):
        problem = "is for PostgreSQL only. Leave it out"
    elif config["NAME"] != application["NAME"]:
        problem = "names another database than DATABASE_URL. Write the same one"
    elif config["USER"] == application["USER"]:
        problem = "names the same role as DATABASE_URL. Write the one that owns the tables"
    if problem:
        raise ImproperlyConfigured(f"{name} {problem}.")
    options = config["OPTIONS"]
    kept = options.items() if isinstance(options, dict) else ()
    return config | {"OPTIONS": {key: value for key, value in kept if key != "pool"}}


# IMMEDIATE takes the write lock at BEGIN, where SQLite waits for it; Django's default takes it at
# the first write, where SQLite may refuse at once ("database is locked"). MEMORY is for what undoes
# a single statement: one that logs touches more pages than SQLite keeps outside a file by itself.
SQLITE_OPTIONS = {
    "transaction_mode": "IMMEDIATE",
    "timeout": 20,
    "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON;"
    "PRAGMA temp_store=MEMORY;",
}
POSTGRESQL_OPTIONS = {"pool": {"min_size": 0, "max_size": 16, "timeout": 10}}


def cloudflare(*, sandbox_port: int, plain_http: bool) -> Cloudflare:
    """The API to talk to: Cloudflare's if token and account are set, else the local sandbox.

    Where TLS is served, a port of this machine gets events only if CLOUDFLARE_SANDBOX says so:
    whoever listens there would get what is meant for Cloudflare.
    """
    token, account_id = secret("CLOUDFLARE_API_TOKEN"), text("CLOUDFLARE_ACCOUNT_ID")
    if bool(token) != bool(account_id):
        missing = "CLOUDFLARE_ACCOUNT_ID" if token else "CLOUDFLARE_API_TOKEN"
        raise ImproperlyConfigured(
            f"{missing} is not set. Set both CLOUDFLARE_API_TOKEN and CLOUDFLARE_ACCOUNT_ID, "
            "or neither to use the sandbox."
        )
    default_url = CLOUDFLARE_API if token else f"http://127.0.0.1:{sandbox_port}/client/v4"
    base_url = _api_address(text("CLOUDFLARE_API_BASE_URL", default_url))
    made = Cloudflare(
        base_url=base_url,
        account_id=_checked("CLOUDFLARE_ACCOUNT_ID", access.checked_account, account_id, "sandbox"),
        token=_checked("CLOUDFLARE_API_TOKEN", access.checked_token, token, "sandbox-token"),
        dataset_id=_checked("CLOUDFLARE_DATASET_ID", _dataset, text("CLOUDFLARE_DATASET_ID"), ""),
        sandbox=urlsplit(base_url).hostname in LOOPBACK,
        deadline=number("CLOUDFLARE_DEADLINE", 25, least=1, most=28),
        search_style=choice("CLOUDFLARE_SEARCH_STYLE", "post", SEARCH_STYLES),
        proxy=_checked("CLOUDFLARE_PROXY", access.checked_proxy, secret("CLOUDFLARE_PROXY"), None),
        ca_bundle=_checked(
            "CLOUDFLARE_CA_BUNDLE", access.checked_bundle, text("CLOUDFLARE_CA_BUNDLE"), None
        ),
        tlp_values=_tlp_values(),
    )
    _must_be_meant(made, is_training=flag("CLOUDFLARE_SANDBOX"), plain_http=plain_http)
    # Built once at the start: what the client refuses must not be found out after a claim.
    _checked("CLOUDFLARE_*", lambda _: made.client(), base_url, None)
    return made


def _must_be_meant(made: Cloudflare, *, is_training: bool, plain_http: bool) -> None:
    if is_training and not made.sandbox:
        raise ImproperlyConfigured(
            f"CLOUDFLARE_SANDBOX is 1, but events would go to {made.base_url}. Leave one of "
            "CLOUDFLARE_SANDBOX and CLOUDFLARE_API_BASE_URL or CLOUDFLARE_API_TOKEN out."
        )
    if made.sandbox and not (is_training or plain_http):
        raise ImproperlyConfigured(
            f"Events would go to {made.base_url}, which is not Cloudflare. Set "
            "CLOUDFLARE_API_TOKEN and CLOUDFLARE_ACCOUNT_ID, or CLOUDFLARE_SANDBOX=1 for a desk "
            "that is for training only."
        )


def _checked(name: str, check: Callable[[str], Value], value: str, default: Value) -> Value:
    """What the client makes of `value`; `default` where it is empty."""
    if not value:
        return default
    try:
        return check(value)
    except ValueError as error:
        raise ImproperlyConfigured(f"{name}: {error}") from None


def _dataset(dataset_id: str) -> str:
    if not access.is_identifier(dataset_id):
        raise ValueError("The id of a dataset may hold letters, digits, - and _ only.")
    return dataset_id


def _api_address(url: str) -> str:
    """`url` if a token may be sent there: https on an allowed host, or http on loopback."""
    problem = ""
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname or "", parts.port
    except ValueError:
        raise ImproperlyConfigured("CLOUDFLARE_API_BASE_URL is not a URL.") from None
    allowed = {urlsplit(CLOUDFLARE_API).hostname or "", *names("CLOUDFLARE_API_HOSTS", "")}
    if parts.username or parts.password:
        problem = "holds a user name or password. Leave them out"
    elif parts.query or parts.fragment:
        problem = "holds a query or fragment. Leave it out"
    elif parts.scheme not in {"http", "https"} or not host:
        problem = "has no http or https address"
    elif host not in LOOPBACK and parts.scheme != "https":
        problem = "is not https. Only an address on this machine may be http"
    elif host not in LOOPBACK and host not in allowed:
        problem = f"leads to {host}, which is not allowed. Add it to CLOUDFLARE_API_HOSTS"
    if problem:
        raise ImproperlyConfigured(f"CLOUDFLARE_API_BASE_URL {problem}.")
    return _checked("CLOUDFLARE_API_BASE_URL", access.checked_base_url, url, "")


def _tlp_values() -> dict[str, str]:
    value = text("CLOUDFLARE_TLP_VALUES", "{}")
    try:
        parsed = json.loads(value)
    except ValueError:
        parsed = None
    if not isinstance(parsed, dict) or not all(isinstance(v, str) for v in parsed.values()):
        raise ImproperlyConfigured(
            'CLOUDFLARE_TLP_VALUES is not a map of texts. Write such as {"amber+strict": '
            '"amber+strict"}, or leave it out.'
        )
    return parsed
