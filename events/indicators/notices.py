"""Checks that need no network: what to think about before an indicator is sent."""

import ipaddress
import re
from dataclasses import dataclass

from events.indicators.hosts import has_public_suffix, to_ascii, to_unicode
from events.indicators.scripts import mixed_scripts, reads_as
from events.indicators.wallets import is_bitcoin

# The widest networks that are still an indicator rather than a part of the internet.
WIDEST_IPV4_PREFIX = 16
WIDEST_IPV6_PREFIX = 32

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network


@dataclass(frozen=True, slots=True)
class Notice:
    """One finding about a value: a stable code for rules and logs, a sentence for people."""

    code: str
    text: str


# IANA's special-purpose registries (RFC 6890 and its updates), as far as an analyst meets them.
_DOCUMENTATION = tuple(
    ipaddress.ip_network(text)
    for text in ("192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24", "2001:db8::/32", "3fff::/20")
)
_PRIVATE = tuple(
    ipaddress.ip_network(text)
    for text in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7")
)
_SHARED = ipaddress.ip_network("100.64.0.0/10")
_SPECIAL_NAMES = {
    "example": "is reserved for documentation",
    "test": "is reserved for tests",
    "invalid": "never resolves",
    "localhost": "is this computer itself",
    "local": "is a name of a local network",
    "internal": "is a name of a private network",
    "onion": "is a Tor service and is not in public DNS",
}
_EXAMPLE_DOMAINS = ("example.com", "example.net", "example.org", "example.edu")
_HOST_IN_URL = re.compile(r"(?:[A-Za-z][A-Za-z0-9+.-]*://)?(?:[^/?#@]*@)?(\[[^\]]*\]|[^/?#:]*)")


def warnings_for(kind: str, value: str) -> tuple[Notice, ...]:
    """The notices about a normalised value, without looking anywhere.

    Codes: `ip.unspecified`, `ip.loopback`, `ip.link_local`, `ip.multicast`, `ip.documentation`,
    `ip.private`, `ip.shared`, `ip.reserved`, `cidr.wide`, `cidr.special`, `name.mixed_scripts`,
    `name.look_alike`, `name.idn`, `name.special_use`, `name.documentation`, `name.not_public`,
    `btc.checksum`, `text.hidden`.
    """
    notices = list(_hidden(value))
    if kind == "btc" and not is_bitcoin(value):
        notices.append(Notice("btc.checksum", "The checksum of this address is wrong."))
    if kind == "cidr":
        return (*notices, *_network_notices(value))
    host = host_of(kind, value)
    if address := _address(host):
        return (*notices, *_address_notices(address))
    return (*notices, *_name_notices(host)) if host else tuple(notices)


def host_of(kind: str, value: str) -> str:
    """The host that a value names: of a URL, an e-mail address, or itself; empty for the rest."""
    if kind in ("domain", "ipv4", "ipv6"):
        return value
    if kind == "email":
        return value.rpartition("@")[2]
    if kind == "url":
        match = _HOST_IN_URL.match(value)
        return match[1].strip("[]") if match else ""
    return ""


def _address(text: str) -> Address | None:
    try:
        return ipaddress.ip_address(text)
    except ValueError:
        return None


def _address_notices(address: Address) -> tuple[Notice, ...]:
    special = _special(address)
    return (Notice(f"ip.{special[0]}", f"{address} {special[1]}."),) if special else ()


def _special(address: Address) -> tuple[str, str] | None:
    """The first special purpose of an address: a code, and the rest of a sentence."""
    if address.is_unspecified:
        return "unspecified", "means “no address”"
    if address.is_loopback:
        return "loopback", "is the loopback address of every computer"
    if address.is_link_local:
        return "link_local", "is link-local: it is valid on one network segment only"
    if address.is_multicast:
        return "multicast", "is a multicast address, not one host"
    if any(address in network for network in _DOCUMENTATION):
        return "documentation", "is reserved for documentation"
    if any(address in network for network in _PRIVATE):
        return "private", "is private: every organisation may use it"
    if address in _SHARED:
        return "shared", "is shared address space of carriers (RFC 6598)"
    if address.is_reserved or not address.is_global:
        return "reserved", "is reserved and not used on the public internet"
    return None


def _network_notices(value: str) -> tuple[Notice, ...]:
    try:
        network: Network = ipaddress.ip_network(value, strict=False)
    except ValueError:
        return ()
    notices = []
    widest = WIDEST_IPV4_PREFIX if network.version == 4 else WIDEST_IPV6_PREFIX
    if network.prefixlen < widest:
        text = f"{network} is very wide: it holds {_count(network)} addresses."
        notices.append(Notice("cidr.wide", text))
    if special := _special(network.network_address):
        notices.append(Notice("cidr.special", f"{network.network_address} {special[1]}."))
    return tuple(notices)


def _count(network: Network) -> str:
    size = network.max_prefixlen - network.prefixlen
    return f"{network.num_addresses:,}" if size <= 40 else f"2^{size}"


def _name_notices(host: str) -> tuple[Notice, ...]:
    try:
        ascii_name = to_ascii(host)
    except ValueError:
        return ()
    shown = to_unicode(ascii_name)
    notices = [*_script_notices(shown)]
    if shown != ascii_name:
        notices.append(Notice("name.idn", f"{shown} is sent as {ascii_name}."))
    return (*notices, *_reserved_name(ascii_name))


def _script_notices(shown: str) -> tuple[Notice, ...]:
    notices = []
    labels = shown.split(".")
    for label in labels:
        if mixed := mixed_scripts(label):
            text = f"“{label}” mixes {' and '.join(mixed)} letters."
            notices.append(Notice("name.mixed_scripts", text))
        reading = reads_as(label)
        if reading and (mixed or labels[-1].isascii()):
            text = f"“{label}” is not written in Latin letters but reads like “{reading}”."
            notices.append(Notice("name.look_alike", text))
    return tuple(notices)


def _reserved_name(ascii_name: str) -> tuple[Notice, ...]:
    top = ascii_name.rpartition(".")[2]
    if top in _SPECIAL_NAMES:
        return (Notice("name.special_use", f"“.{top}” {_SPECIAL_NAMES[top]}."),)
    if any(ascii_name == name or ascii_name.endswith("." + name) for name in _EXAMPLE_DOMAINS):
        return (Notice("name.documentation", f"{ascii_name} is reserved for documentation."),)
    if not has_public_suffix(ascii_name):
        text = f"{ascii_name} does not end in a public suffix; public DNS will not know it."
        return (Notice("name.not_public", text),)
    return ()


_HIDDEN = re.compile(
    "[\u00ad\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u2069\ufeff]"
)


def _hidden(value: str) -> tuple[Notice, ...]:
    if not _HIDDEN.search(value):
        return ()
    return (Notice("text.hidden", "This holds invisible characters; write it without them."),)
