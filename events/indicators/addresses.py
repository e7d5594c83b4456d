"""IP addresses and networks in a line, told from version and section numbers."""

import ipaddress
import re
from functools import lru_cache

from events.indicators.lexicon import (
    VERSION_AFTER,
    VERSION_LINKS,
    VERSION_WORDS,
    VERSIONED_PRODUCTS,
)
from events.indicators.line import Found, Line

IPV4 = re.compile(r"(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})(?![0-9A-Za-z_]|\.\d)")
_PREFIX = re.compile(r"/(\d{1,3})(?![0-9A-Za-z_]|\.\d)")
_BEFORE = re.compile(r"[^\s,;|(\"'’`]+|[,;]")
_VERSION_KEY = re.compile(r"v\d{0,2}[.:=]?|vers\.|.*\.(?:jar|dll|exe|so)[:@]|##+")
_BARE_MAJOR = re.compile(r"(?!10\.|127\.|0\.)\d+\.0\.0\.0(?!/)")  # Chrome 103.0.0.0
_NAMES_VERSION = re.compile(r"[A-Z]+[a-z]+[A-Z]\w*")  # FortiOS, OpenSSL
_NUMBER = re.compile(r"v?[\d.]*")
_CEF_VERSION = re.compile(r"CEF:\d\|[^|]*\|[^|]*\|$")
_HEX_PAIRS = re.compile(r"[0-9A-Fa-f]{1,2}(?::[0-9A-Fa-f]{1,2})+")
_INTERFACE = re.compile(r"[A-Za-z]:$")


def find_ipv4(line: Line, start: int) -> Found | None:
    """The IPv4 address or network that begins at an offset, if it is one."""
    match = IPV4.match(line.text, start)
    if not match:
        return None
    octets = [int(octet) for octet in match.groups()]
    if max(octets) > 255 or _has_odd_zeros(match.groups()):
        return None
    if not line.defanged(start, match.end()):
        if octets[0] == 255 or (octets[0] == 0 and any(octets)):
            return None  # netmasks, and versions such as 0.9.8.1
        if _is_version(line, start, match.end()):
            return None
    address = ".".join(map(str, octets))
    return _network(line, address, start, match.end(), 32) or Found(
        "ipv4", address, start, match.end()
    )


def _has_odd_zeros(octets: tuple[str, ...]) -> bool:
    """Zero-padded numbers: an address only when all four have three digits."""
    padded = any(len(octet) > 1 and octet[0] == "0" for octet in octets)
    return padded and any(len(octet) != 3 for octet in octets)


def _network(line: Line, address: str, start: int, end: int, bits: int) -> Found | None:
    match = _PREFIX.match(line.text, end)
    if not match or int(match[1]) > bits:
        return None
    network = ipaddress.ip_network(f"{address}/{match[1]}", strict=False)
    exact = str(network.network_address) == address
    if not exact and _INTERFACE.search(line.before(start, 2)):
        return None
    doubt = "" if exact else f"{address}/{match[1]} lies inside this network"
    alternatives = () if exact else (f"ipv{network.version}",)
    return Found("cidr", str(network), start, match.end(), doubt, alternatives)


def _is_version(line: Line, start: int, end: int) -> bool:
    text = line.text
    if VERSION_AFTER.match(text, end, end + 40) or line.headings.column(text, start) == "version":
        return True
    if _BARE_MAJOR.match(text, start):
        return True
    before = line.before(start)
    if "CEF:" in before and _CEF_VERSION.search(before):
        return True
    return _follows_version(line, start)


def _follows_version(line: Line, start: int) -> bool:
    """Whether "version" or a product leads here, if over other numbers: `versions 3.1.0.2 to`."""
    words = _BEFORE.findall(line.before(start))
    if words and _NAMES_VERSION.fullmatch(words[-1]) and line.text[start - 1] != ",":
        return not line.text.startswith("10.", start)
    for word in reversed(words):
        plain = word.lower().strip(":.*=")
        if plain in VERSION_WORDS or _VERSION_KEY.fullmatch(word):
            return True
        if plain in VERSIONED_PRODUCTS:
            return not line.text.startswith("10.", start)
        if not (plain in VERSION_LINKS or _NUMBER.fullmatch(plain)):
            return False
    return False


_ZONE = re.compile(r"%[\w.-]{1,16}")
IPV6 = re.compile(
    r"[0-9A-Fa-f]{0,4}:[0-9A-Fa-f:]{0,40}:\d{1,3}(?:\.\d{1,3}){3}(?![\w:])"
    r"|[0-9A-Fa-f]{0,4}:[0-9A-Fa-f:]{1,200}(?![\w:])"
)


def find_ipv6(line: Line, start: int) -> Found | None:
    """The IPv6 address or network that begins at an offset, if it is one."""
    match = IPV6.match(line.text, start)
    if not match:
        return None
    text = match[0] if match[0].endswith("::") else match[0].rstrip(":")
    address = _ipv6(text)
    if not address:
        return None
    end = start + len(text)
    if "." in address:
        return Found("ipv4", address, start, end)
    if network := _network(line, address, start, end, 128):
        return network
    zone = _ZONE.match(line.text, end)
    return Found("ipv6", address, start, zone.end() if zone else end)


def hex_pairs_end(text: str, start: int) -> int:
    """Where a MAC address, a time or a fingerprint written `aa:bb:cc` ends; else `start`."""
    match = _HEX_PAIRS.match(text, start)
    return match.end() if match and match[0].count(":") >= 2 else start


@lru_cache(maxsize=4096)
def _ipv6(text: str) -> str:
    """The address in RFC 5952 form, an IPv4 address if it maps one, or an empty text."""
    if ("::" not in text and text.count(":") != 7 and "." not in text) or len(text) > 45:
        return ""
    groups = [group for group in text.split(":") if group]
    if all(len(group) == 2 for group in groups) and "::" not in text:
        return ""
    try:
        address = ipaddress.IPv6Address(text)
    except ValueError:
        return ""
    return str(address.ipv4_mapped or address) if _is_plausible(text, groups) else ""


def _is_plausible(text: str, groups: list[str]) -> bool:
    """`a::b` and `dead::beef` are C++ as often as addresses: ask for digits or more groups."""
    if len(groups) >= 3:
        return True
    return any(char.isdigit() for group in groups for char in group) and (
        text.startswith("::") or len(groups[0]) >= 3
    )
