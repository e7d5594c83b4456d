"""IP addresses and networks in a line, told from version and section numbers."""

import ipaddress
import re

from events.indicators.lexicon import (
    VERSION_AFTER,
    VERSION_LINKS,
    VERSION_WORDS,
    VERSIONED_PRODUCTS,
)
from events.indicators.line import Found, Line

IPV4 = re.compile(r"(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})(?![\d]|\.\d)")
_PREFIX = re.compile(r"/(\d{1,3})(?![\w.])")
_VERSION_KEY = re.compile(
    r"(?i)(?:\bv\d{0,2}[ .:=]?|(?:version|ver|build|release)['\"]?\s*[:=]\s*['\"]?|"
    r"\.(?:jar|dll|exe|so)[:@]|CEF:\d\|[^|]*\|[^|]*\||^\s*##+\s|\bOID[ :=]*)$"
)
_CAMEL_CASE = re.compile(r"\b[A-Z]+[a-z]+[A-Z]\w* $")
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
    if not line.defanged(start, match.end()) and _is_version(line, start, match.end()):
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
    before = line.before(start)
    if _VERSION_KEY.search(before) or VERSION_AFTER.match(line.after(end)):
        return True
    text = line.text
    if text[start:end].endswith(".0.0.0") and text[end : end + 1] != "/" and text[start] != "0":
        return True
    if line.headings.cue(text, start) == "version" or _follows(before, VERSION_WORDS):
        return True
    return not text.startswith("10.", start) and (
        _follows(before, VERSIONED_PRODUCTS) or bool(_CAMEL_CASE.search(before))
    )


def _follows(before: str, words: frozenset[str]) -> bool:
    """Whether one of the words leads here, if over other numbers: `versions 3.1.0.2 through`."""
    for word in reversed(re.findall(r"[^\s,;|(\"'’`]+|[,;]", before)):
        plain = word.lower().strip(":.*")
        if plain in words:
            return True
        if not (plain in VERSION_LINKS or re.fullmatch(r"v?[\d.]*", plain)):
            return False
    return False


IPV6 = re.compile(
    r"[0-9A-Fa-f]{0,4}:[0-9A-Fa-f:]{0,40}:\d{1,3}(?:\.\d{1,3}){3}(?![\w:])"
    r"|[0-9A-Fa-f]{0,4}:[0-9A-Fa-f:]{1,200}(?![\w:])"
)


def find_ipv6(line: Line, start: int) -> Found | None:
    """The IPv6 address or network that begins at an offset, if it is one."""
    match = IPV6.match(line.text, start)
    if not match:
        return None
    text = match[0].rstrip(":") if not match[0].endswith("::") else match[0]
    address = _ipv6(text)
    if not address:
        return None
    end = start + len(text)
    if address.ipv4_mapped:
        return Found("ipv4", str(address.ipv4_mapped), start, end)
    zone = re.compile(r"%[\w.-]{1,16}").match(line.text, end)
    return _network(line, str(address), start, end, 128) or Found(
        "ipv6", str(address), start, zone.end() if zone else end
    )


def hex_pairs_end(text: str, start: int) -> int:
    """Where a MAC address, a time or a fingerprint written `aa:bb:cc` ends; else `start`."""
    match = _HEX_PAIRS.match(text, start)
    return match.end() if match and match[0].count(":") >= 2 else start


def _ipv6(text: str) -> ipaddress.IPv6Address | None:
    if ("::" not in text and text.count(":") != 7 and "." not in text) or len(text) > 45:
        return None
    groups = [group for group in text.split(":") if group]
    if all(len(group) == 2 for group in groups) and "::" not in text:
        return None
    try:
        address = ipaddress.IPv6Address(text)
    except ValueError:
        return None
    return address if _is_plausible(text, groups) else None


def _is_plausible(text: str, groups: list[str]) -> bool:
    """`a::b` and `dead::beef` are C++ as often as addresses: ask for digits or more groups."""
    if len(groups) >= 3:
        return True
    return any(char.isdigit() for group in groups for char in group) and (
        text.startswith("::") or len(groups[0]) >= 3
    )
