"""The table of indicator kinds, and the rows that a text yields."""

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of indicator.

    `api_names` are the names under which the API may list the type, the likeliest first: the
    reference shows `domain` in payloads and DOMAIN, IP, JA3, HASH in descriptions, and the
    account's own list decides (see `api_type`). `stix` is the object path of a STIX 2.1 pattern,
    empty where STIX has none.
    """

    key: str
    label: str
    api_names: tuple[str, ...]
    stix: str
    example: str

    @property
    def api_name(self) -> str:
        """The type's name in a payload when the account's list is not known."""
        return self.api_names[0]


@dataclass(frozen=True, slots=True)
class Row:
    """One indicator found in a text or typed by hand.

    `value` is what would be sent: refanged and normalised. `seen` is how it was first written.
    `doubt` is empty or one sentence; `alternatives` are the other kinds it may be. `display` and
    `ascii` differ for internationalised names only: U-labels and A-labels.
    """

    kind: str
    value: str
    seen: str = ""
    count: int = 1
    doubt: str = ""
    alternatives: tuple[str, ...] = ()
    display: str = ""
    ascii: str = ""


@dataclass(frozen=True, slots=True)
class Extraction:
    """What a text holds: distinct rows in the order of their first appearance.

    `dropped` counts the distinct rows beyond the limit, `found` every occurrence, folded or not.
    """

    rows: tuple[Row, ...]
    dropped: int = 0
    found: int = 0


_TABLE = (
    Kind("domain", "Domain", ("domain",), "domain-name:value", "example.com"),
    Kind("ipv4", "IPv4 address", ("ip", "ipv4", "ipv4-addr"), "ipv4-addr:value", "192.0.2.1"),
    Kind("ipv6", "IPv6 address", ("ip", "ipv6", "ipv6-addr"), "ipv6-addr:value", "2001:db8::1"),
    Kind("cidr", "Network (CIDR)", ("cidr", "ip_range", "ip"), "ipv4-addr:value", "192.0.2.0/24"),
    Kind("url", "URL", ("url",), "url:value", "https://example.com/path"),
    Kind(
        "email", "E-mail address", ("email", "email_address"), "email-addr:value", "a@example.com"
    ),
    Kind("md5", "MD5", ("md5", "hash"), "file:hashes.MD5", "d41d8cd98f00b204e9800998ecf8427e"),
    Kind(
        "sha1",
        "SHA-1",
        ("sha1", "hash"),
        "file:hashes.'SHA-1'",
        "da39a3ee5e6b4b0d3255bfef95601890afd80709",
    ),
    Kind("sha256", "SHA-256", ("sha256", "hash"), "file:hashes.'SHA-256'", "64 hex digits"),
    Kind("sha512", "SHA-512", ("sha512", "hash"), "file:hashes.'SHA-512'", "128 hex digits"),
    Kind("imphash", "Import hash", ("imphash", "hash"), "", "f34d5f2d4577ed6d9ceec516c1f5a744"),
    Kind("ja3", "JA3", ("ja3",), "", "e7d705a3286e19ea42f587b344ee6865"),
    Kind("ja4", "JA4", ("ja4",), "", "t13d1516h2_8daaf6152771_b186095e22b6"),
    Kind("asn", "AS number", ("asn",), "autonomous-system:number", "AS13335"),
    Kind("cve", "CVE", ("cve", "vulnerability"), "vulnerability:name", "CVE-2021-44228"),
    Kind("btc", "Bitcoin address", ("btc", "bitcoin"), "", "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa"),
    Kind("file_path", "File path", ("file_path", "filepath"), "file:name", r"C:\Temp\a.exe"),
    Kind("file_name", "File name", ("file_name", "filename"), "file:name", "invoice.exe"),
    Kind(
        "registry_key",
        "Registry key",
        ("registry_key", "registry"),
        "windows-registry-key:key",
        r"HKLM\SOFTWARE\Example",
    ),
    Kind("mutex", "Mutex", ("mutex",), "mutex:name", r"Global\ExampleMutex"),
    Kind(
        "user_agent",
        "User agent",
        ("user_agent", "user-agent", "useragent"),
        "network-traffic:extensions.'http-request-ext'.request_header.'User-Agent'",
        "curl/8.4.0",
    ),
)

KINDS: dict[str, Kind] = {kind.key: kind for kind in _TABLE}


def label(kind: str) -> str:
    """The kind's name for people; a type of the account's own list is its own name."""
    return KINDS[kind].label if kind in KINDS else kind


def api_type(kind: str, listed: Iterable[str] = ()) -> str:
    """The name to send for a kind: the account's own spelling of it, else the API's example."""
    if kind not in KINDS:
        return kind
    spelling = {_plain(name): name for name in listed}
    for name in KINDS[kind].api_names:
        if _plain(name) in spelling:
            return spelling[_plain(name)]
    return KINDS[kind].api_name


def _plain(name: str) -> str:
    return name.casefold().replace("_", "").replace("-", "").replace(" ", "")
