"""One typed value taken apart: what it is by its form, where it leads, the key it is found by."""

import hashlib
import ipaddress
import re
from functools import lru_cache
from typing import NamedTuple

from events.indicators import host_of, normalise, refang
from events.payload.model import VALUE_MAX

Network = ipaddress.IPv4Network | ipaddress.IPv6Network

# Types whose values are no places on the net, whatever they look like: invoice.exe is no domain.
_NO_PLACE = re.compile(
    r"file|path|registry|mutex|agent|hash|md5|sha|ja[34]|cve|asn|wallet|coin", re.IGNORECASE
)
_IPV4 = re.compile(r"[0-9.]{7,15}", re.ASCII)
_IPV6 = re.compile(r"\[?[0-9A-Fa-f]*:[0-9A-Fa-f:.]*\]?", re.ASCII)
_WITH_PORT = re.compile(r"(?P<host>[^:/@\s]+|\[[0-9A-Fa-f:.]+\]):(?P<port>[0-9]{1,5})", re.ASCII)
_BARE_URL = re.compile(r"[a-z+.-]+://[^/?#]*")


class Value(NamedTuple):
    """`kind` is one of `indicators.KINDS` or empty, `normal` the normal form of that kind.

    `host` is the name or address that the value leads to, `network` the same where it is an
    address or a network. `is_defanged` says that it was not typed as it would be sent.
    """

    kind: str
    normal: str
    host: str = ""
    network: Network | None = None
    is_defanged: bool = False

    @property
    def is_name(self) -> bool:
        """Whether the value is a domain and nothing else."""
        return self.kind == "domain"

    @property
    def key(self) -> str:
        """The digest by which equal values are found: 32 hexadecimal digits."""
        text = self.normal if self.kind == "url" else self.normal.casefold()
        text += "/" if self.kind == "url" and _BARE_URL.fullmatch(text) else ""
        return digest(text)


def digest(text: str) -> str:
    """32 hexadecimal digits that stand for `text`, whatever characters it has."""
    return hashlib.sha256(text.encode(errors="surrogatepass")).hexdigest()[:32]


@lru_cache(maxsize=4096)
def value_of(indicator_type: str, text: str) -> Value:
    """What `text` is; what fits no kind is plain text. Never raises.

    Kept, because a form is checked again at every pause in the typing.
    """
    text = text.strip()
    if not text or len(text) > VALUE_MAX or _NO_PLACE.search(indicator_type):
        return Value("", text)
    plain = refang(text).strip()
    match = _WITH_PORT.fullmatch(plain)
    place = _place(match["host"]) if match else None
    if match and place:
        return place._replace(kind="", normal=f"{place.normal}:{match['port']}")
    found = _place(plain) or Value("", text)
    return found._replace(is_defanged=bool(found.kind) and plain != text)


def _place(text: str) -> Value | None:
    """The place on the net that `text` names, None if it names none."""
    kind = _kind(text)
    try:
        normal = normalise(kind, text) if kind else ""
    except ValueError:
        return None
    if kind in ("ipv4", "ipv6"):
        return _at(ipaddress.ip_address(normal))
    if kind == "cidr":
        network = ipaddress.ip_network(normal)
        if network.num_addresses == 1:
            return _at(network.network_address)
        return Value(kind, normal, network=network)
    return Value(kind, normal, *_host(kind, normal)) if kind else None


def _kind(text: str) -> str:
    if "://" in text:
        return "url"
    if _IPV4.fullmatch(text):
        return "ipv4"
    if _IPV6.fullmatch(text):
        return "ipv6"
    head, slash, _ = text.partition("/")
    if slash and (_IPV4.fullmatch(head) or _IPV6.fullmatch(head)):
        return "cidr"
    if " " in text or "\\" in text or "." not in head:
        return ""
    return "url" if slash else "email" if "@" in head else "domain"


def _at(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> Value:
    """An address; one of IPv4 that is written as IPv6 is the one of IPv4."""
    address = getattr(address, "ipv4_mapped", None) or address
    text = str(address)
    return Value(f"ipv{address.version}", text, text, ipaddress.ip_network(text))


def _host(kind: str, normal: str) -> tuple[str, Network | None]:
    host = host_of(kind, normal)
    try:
        return host, ipaddress.ip_network(host)
    except ValueError:
        return host, None
