"""Host names: what is a public one, and its two spellings (RFC 5890 A-labels and U-labels)."""

import re
from functools import cache, lru_cache

import idna
from publicsuffixlist import PublicSuffixList

# RFC 2606 and RFC 7686 names that reports use though no public suffix list has them all.
SPECIAL_USE = frozenset({"example", "test", "invalid", "onion"})
_LABEL = re.compile(r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?")
_ONION_LENGTH = 10  # real ones have 16 or 56; reports shorten and blur them


@cache
def _suffixes() -> PublicSuffixList:
    return PublicSuffixList(accept_unknown=False, only_icann=True)


def to_ascii(host: str) -> str:
    """The host in lower-case A-labels, without a final dot.

    Raises ValueError, with a sentence, for what is no host name.
    """
    host = host.strip().rstrip(".")
    if not host or len(host) > 253:
        raise ValueError("A host name has 1 to 253 characters.")
    labels = [_ascii_label(label) for label in host.split(".")]
    ascii_host = ".".join(labels)
    if len(ascii_host) > 253:
        raise ValueError("A host name has 1 to 253 characters.")
    return ascii_host


@lru_cache(maxsize=4096)
def _ascii_label(label: str) -> str:
    lowered = label.lower()
    if not lowered.isascii():
        if len(lowered) > 63:
            raise ValueError("Each part of a host name has at most 63 characters.")
        try:
            lowered = idna.encode(lowered, uts46=True).decode("ascii")
        except idna.IDNAError as error:
            raise ValueError(f"“{label}” is not allowed in a host name.") from error
    if not _LABEL.fullmatch(lowered):
        raise ValueError(
            f"“{label[:63]}” cannot be part of a host name: use letters, digits and hyphens, "
            "1 to 63 of them."
        )
    return lowered


@lru_cache(maxsize=4096)
def to_unicode(host: str) -> str:
    """The host in U-labels as far as its labels can be decoded."""
    return ".".join(_unicode_label(label) for label in host.split("."))


def _unicode_label(label: str) -> str:
    if not label.lower().startswith("xn--"):
        return label
    try:
        return idna.decode(label)
    except (idna.IDNAError, UnicodeError):
        return label


def has_public_suffix(host: str) -> bool:
    """Whether the host is a valid name below a public suffix or a special-use name."""
    try:
        return is_public_name(to_ascii(host))
    except ValueError:
        return False


@lru_cache(maxsize=4096)
def is_public_name(ascii_host: str) -> bool:
    """As `has_public_suffix`, for a host that is in A-labels already."""
    name, _, top = ascii_host.rpartition(".")
    if not name or top.isdigit():
        return False
    if top == "onion":
        return len(name.rpartition(".")[2]) >= _ONION_LENGTH
    if top in SPECIAL_USE:
        return "_" not in name.rpartition(".")[2]
    suffix = _suffixes().publicsuffix(ascii_host)
    if suffix is None or suffix == ascii_host:
        return False
    owned = ascii_host[: -len(suffix) - 1].rpartition(".")[2]
    return "_" not in owned
