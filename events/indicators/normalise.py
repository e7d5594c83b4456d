"""One value of a known kind: its normal form, or a sentence that says what is wrong with it."""

import ipaddress
import re
from collections.abc import Callable
from functools import lru_cache

from events.indicators.hosts import has_public_suffix, to_ascii
from events.indicators.refang import refang
from events.indicators.wallets import looks_like_bitcoin

MAX_LENGTH = 2048
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]")
_HEX = re.compile(r"[0-9a-f]+")
_JA4 = re.compile(
    r"[tqd](?:\d{2}|s[123]|00)[di]\d{4}[a-z0-9]{2}_[0-9a-f]{12}_[0-9a-f]{12}"  # JA4
    r"|[tqd]\d{4}[a-z0-9]{2}_[0-9a-f]{4}_[0-9a-f]{12}"  # JA4S
    r"|[a-z]{2}\d{2}[cn][rn]\d{2}[a-z0-9]{4}(?:_[0-9a-f]{12}){3}"  # JA4H
)
_CVE = re.compile(r"(?i)cve[-\u2012-\u2015_ :]{1,2}(\d{4})[-\u2012-\u2015_](\d{4,19})")
_ASN = re.compile(r"(?i)(?:asn?)?[ :#-]{0,3}(?:as)?(\d{1,10})")
_HIVES = {
    "hklm": "HKLM", "hkcu": "HKCU", "hkcr": "HKCR", "hku": "HKU", "hkcc": "HKCC",
    "hkey_local_machine": "HKEY_LOCAL_MACHINE", "hkey_current_user": "HKEY_CURRENT_USER",
    "hkey_classes_root": "HKEY_CLASSES_ROOT", "hkey_users": "HKEY_USERS",
    "hkey_current_config": "HKEY_CURRENT_CONFIG",
}  # fmt: skip
_LOCAL_PART = re.compile(r"[\w.!#$%&'*+/=?^`{|}~-]{1,64}")
_URL = re.compile(r"([A-Za-z][A-Za-z0-9+.-]{0,20})://([^/?#\\]*)(.*)", re.DOTALL)
_BARE_URL = re.compile(r"([^/?#\\@]+)([/?#].+)", re.DOTALL)


def normalise(kind: str, value: str) -> str:
    """The value as it would be sent: refanged, and in the kind's normal form.

    A kind that is not in `KINDS` is free text. Raises ValueError with a sentence that says what
    is wrong and what to write instead.
    """
    return normal_form(kind, refang(value).strip().strip("\"'`“”„«»").strip())


@lru_cache(maxsize=4096)
def normal_form(kind: str, text: str) -> str:
    """As `normalise`, for text that is refanged already."""
    if not text:
        raise ValueError("Write a value.")
    if len(text) > MAX_LENGTH:
        raise ValueError(f"This has {len(text):,} characters; a value has at most {MAX_LENGTH:,}.")
    if _CONTROL.search(text):
        raise ValueError("This holds control characters; write one value on one line.")
    return _NORMALISERS[kind](text) if kind in _NORMALISERS else text


def host_address(text: str) -> str:
    """A URL's or an e-mail's host in normal form: a name in A-labels, or an IP address."""
    if text.startswith("[") and text.endswith("]"):
        return f"[{_ipv6(text[1:-1])}]"
    if re.fullmatch(r"[\d.]+", text):
        return _ipv4(text)
    return to_ascii(text)


def _domain(text: str) -> str:
    name = text.removeprefix("*.").strip(".")
    ascii_name = to_ascii(name)
    if "." not in ascii_name or ascii_name.rpartition(".")[2].isdigit():
        raise ValueError(f"“{text}” is not a domain; write it in full, as in example.com.")
    return ascii_name


def _ipv4(text: str) -> str:
    octets = text.split(".")
    if len(octets) != 4 or not all(re.fullmatch(r"[0-9]{1,3}", octet) for octet in octets):
        raise ValueError(f"“{text}” is not an IPv4 address; write four numbers, as in 192.0.2.1.")
    if any(int(octet) > 255 for octet in octets):
        raise ValueError(f"“{text}” is not an IPv4 address: each number is at most 255.")
    return ".".join(str(int(octet)) for octet in octets)


def _ipv6(text: str) -> str:
    bare = text.strip("[]").partition("%")[0]
    try:
        return str(ipaddress.IPv6Address(bare))
    except ValueError:
        raise ValueError(f"“{text}” is not an IPv6 address; write it as in 2001:db8::1.") from None


def _cidr(text: str) -> str:
    address, slash, prefix = text.partition("/")
    if not slash:
        raise ValueError("A network needs a prefix length; write it as in 192.0.2.0/24.")
    try:
        plain = address if ":" in address else _ipv4(address)
        return str(ipaddress.ip_network(f"{plain}/{prefix}", strict=False))
    except ValueError:
        raise ValueError(f"“{text}” is not a network; write it as in 192.0.2.0/24.") from None


def _url(text: str) -> str:
    if match := _URL.fullmatch(text):
        return f"{match[1].lower()}://{_netloc(match[2])}{match[3]}"
    if match := _BARE_URL.fullmatch(text):
        return _netloc(match[1]) + match[2]
    raise ValueError(f"“{text[:80]}” is not a URL; write it as in https://example.com/path.")


def _netloc(netloc: str) -> str:
    user, at, place = netloc.rpartition("@")
    if match := re.fullmatch(r"(.*?)(:[0-9]{0,5})?", place):
        return user + at + host_address(match[1]) + (match[2] or "")
    raise ValueError("The URL's host is not one; write it as in https://example.com/path.")


def _email(text: str) -> str:
    local, at, host = text.removeprefix("mailto:").strip("<>").rpartition("@")
    if not at or not _LOCAL_PART.fullmatch(local) or local.startswith("."):
        raise ValueError(f"“{text[:80]}” is not an e-mail address; write it as in a@example.com.")
    return f"{local}@{_domain(host)}"


def _hex_digest(name: str, digits: int) -> Callable[[str], str]:
    def check(text: str) -> str:
        lowered = text.lower().removeprefix("0x")
        if not _HEX.fullmatch(lowered):
            raise ValueError(f"{name} has only the digits 0-9 and a-f.")
        if len(lowered) != digits:
            raise ValueError(f"{name} has {digits} hex digits; this has {len(lowered)}.")
        return lowered

    return check


def is_ja4(text: str) -> bool:
    """Whether the text is a JA4, JA4S or JA4H fingerprint."""
    return bool(_JA4.fullmatch(text.lower()))


def _ja4(text: str) -> str:
    if not is_ja4(text):
        raise ValueError("This is not a JA4; write it as in t13d1516h2_8daaf6152771_b186095e22b6.")
    return text.lower()


def _asn(text: str) -> str:
    match = _ASN.fullmatch(text)
    if not match or not 0 < int(match[1]) < 2**32:
        raise ValueError(f"“{text[:80]}” is not an AS number; write it as in AS13335.")
    return f"AS{int(match[1])}"


def _cve(text: str) -> str:
    match = _CVE.fullmatch(text)
    if not match or not 1999 <= int(match[1]) <= 2099:
        raise ValueError(f"“{text[:80]}” is not a CVE; write it as in CVE-2021-44228.")
    return f"CVE-{match[1]}-{match[2]}"


def _btc(text: str) -> str:
    if not looks_like_bitcoin(text):
        raise ValueError("A bitcoin address begins with 1, 3 or bc1; copy the whole address again.")
    return text.lower() if text[:3].lower() == "bc1" else text


def _file_path(text: str) -> str:
    if not re.search(r"[\\/]", text):
        raise ValueError(
            f"“{text[:80]}” is not a path; choose File name, or write the folders too."
        )
    return collapse_backslashes(text)


def _file_name(text: str) -> str:
    if re.search(r"[\\/]", text):
        raise ValueError(f"“{text[:80]}” holds folders; choose File path, or write the name only.")
    return text


def _registry_key(text: str) -> str:
    plain = collapse_backslashes(text.removeprefix("Computer\\"))
    hive, _, rest = plain.partition("\\")
    known = _HIVES.get(hive.lower().rstrip(":"))
    if not known:
        raise ValueError(
            "A registry key begins with its hive; write it as in HKLM\\SOFTWARE\\Name."
        )
    return f"{known}\\{rest}" if rest else known


def collapse_backslashes(text: str) -> str:
    r"""A path without the doubled backslashes of JSON and source code; `\\server` keeps its two."""
    head = "\\\\" if text.startswith("\\\\") else ""
    return head + re.sub(r"\\\\+", r"\\", text[len(head) :].lstrip("\\") if head else text)


_NORMALISERS: dict[str, Callable[[str], str]] = {
    "domain": _domain,
    "ipv4": _ipv4,
    "ipv6": _ipv6,
    "cidr": _cidr,
    "url": _url,
    "email": _email,
    "md5": _hex_digest("An MD5", 32),
    "ja3": _hex_digest("A JA3", 32),
    "imphash": _hex_digest("An import hash", 32),
    "sha1": _hex_digest("A SHA-1", 40),
    "sha256": _hex_digest("A SHA-256", 64),
    "sha512": _hex_digest("A SHA-512", 128),
    "ja4": _ja4,
    "asn": _asn,
    "cve": _cve,
    "btc": _btc,
    "file_path": _file_path,
    "file_name": _file_name,
    "registry_key": _registry_key,
}


def is_public_host(host: str) -> bool:
    """Whether a URL's host is a name under a public suffix or an IP address."""
    try:
        plain = host_address(host)
    except ValueError:
        return False
    return plain.startswith("[") or plain.replace(".", "").isdigit() or has_public_suffix(plain)
