"""The engine and the yardstick (ioc-finder), both as text → rows."""

import ioc_finder

from events.indicators import extract, normalise
from tests.indicators.corpus import Rows

# What ioc-finder looks for, by our kinds; the rest it does not claim to find.
YARDSTICK_KINDS = {
    "domains": "domain",
    "ipv4s": "ipv4",
    "ipv6s": "ipv6",
    "ipv4_cidrs": "cidr",
    "ipv6_cidrs": "cidr",
    "urls": "url",
    "email_addresses": "email",
    "md5s": "md5",
    "sha1s": "sha1",
    "sha256s": "sha256",
    "sha512s": "sha512",
    "imphashes": "imphash",
    "asns": "asn",
    "cves": "cve",
    "bitcoin_addresses": "btc",
    "file_paths": "file_path",
    "registry_key_paths": "registry_key",
    "user_agents": "user_agent",
}


def engine(text: str) -> Rows:
    return frozenset((row.kind, row.value) for row in extract(text).rows)


def yardstick(text: str) -> Rows:
    """ioc-finder with the options that suit rows best: nothing derived from a longer value."""
    found = ioc_finder.find_iocs(
        text,
        parse_domain_from_url=False,
        parse_from_url_path=False,
        parse_domain_from_email_address=False,
        parse_address_from_cidr=False,
        parse_domain_name_from_xmpp_address=False,
        parse_unicode_iocs=True,
        included_ioc_types=list(YARDSTICK_KINDS),
    )
    return frozenset(
        (kind, _normal(kind, value))
        for name, kind in YARDSTICK_KINDS.items()
        for value in found.get(name, [])
    )


def _normal(kind: str, value: str) -> str:
    """Its spelling of AS numbers, hashes and Unicode names is not held against it."""
    if kind == "asn":
        return "AS" + "".join(char for char in value if char.isdigit())
    if kind in ("md5", "sha1", "sha256", "sha512"):
        return value.lower()
    return value if value.isascii() else _in_our_form(kind, value)


def _in_our_form(kind: str, value: str) -> str:
    try:
        return normalise(kind, value)
    except ValueError:
        return value
