"""Owns the checks of what a client is made from: address, account, token, proxy, certificates."""

from __future__ import annotations

import ipaddress
import re
from urllib.parse import SplitResult, urlsplit

from events.cloudflare.deadline import tls_context

_VISIBLE_ASCII = re.compile(r"[\x21-\x7e]+")
_IDENTIFIER = re.compile(r"[A-Za-z0-9_-]{1,64}")
_HEADER_TEXT = re.compile(r"[\x20-\x7e]{1,200}")


def checked_base_url(url: str) -> str:
    """The API's base address without a trailing slash.

    https, or http on this machine only; no user, query or fragment. Raises ValueError.
    """
    parts = _split("API address", url)
    if parts.scheme not in ("https", "http"):
        raise ValueError("The API address must begin with https://.")
    if not parts.hostname:
        raise ValueError("The API address names no host.")
    if parts.scheme == "http" and not _is_loopback(parts.hostname):
        raise ValueError(
            "The API address must begin with https://; http:// is for this machine only."
        )
    if "@" in parts.netloc:
        raise ValueError("The API address must not hold a user name or password.")
    if "?" in url or "#" in url:
        raise ValueError("The API address must end with its path, without ? or #.")
    return url.rstrip("/")


def checked_proxy(url: str | None) -> str | None:
    """The proxy's address (`http://[user:password@]host:port`), None for none.

    Raises ValueError, without the address, which may hold a password.
    """
    if not url:
        return None
    parts = _split("proxy address", url)
    more = parts.path.strip("/") or parts.query or parts.fragment
    if parts.scheme != "http" or not parts.hostname or more:
        raise ValueError("The proxy address must look like http://proxy.example:3128.")
    return url.rstrip("/")


def checked_bundle(path: str) -> str:
    """The path of the certificates to trust. Raises ValueError if they cannot be used."""
    tls_context(path)
    return path


def checked_token(token: str) -> str:
    """The token. Raises ValueError, without the token."""
    if not token:
        raise ValueError("The API token is empty.")
    if not _VISIBLE_ASCII.fullmatch(token):
        raise ValueError(
            "The API token holds a blank, a line break or a character outside ASCII: "
            "give the token alone, on one line."
        )
    return token


def checked_account(account_id: str) -> str:
    """The account id. Raises ValueError."""
    if not _IDENTIFIER.fullmatch(account_id):
        raise ValueError(
            "The account id must be letters, digits, - and _ only, as Cloudflare shows it."
        )
    return account_id


def checked_user_agent(text: str) -> str:
    """The user agent. Raises ValueError."""
    if not _HEADER_TEXT.fullmatch(text):
        raise ValueError("The user agent must be one short line of ASCII characters.")
    return text


def is_identifier(text: str) -> bool:
    """Whether `text` can stand as one segment of an API path as it is."""
    return bool(_IDENTIFIER.fullmatch(text))


def _split(what: str, url: str) -> SplitResult:
    if not _VISIBLE_ASCII.fullmatch(url):
        raise ValueError(f"The {what} is empty or holds a blank or a character outside ASCII.")
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        raise ValueError(f"The {what} is not a valid address.") from None
    return parts


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
