"""Single words: digests, fingerprints, numbers with a prefix, wallets, addresses and names."""

import re

from events.indicators.addresses import IPV4, find_ipv4
from events.indicators.hosts import has_public_suffix, is_public_name, to_ascii
from events.indicators.line import Found, Line
from events.indicators.names import find_name
from events.indicators.normalise import is_ja4
from events.indicators.urls import find_bare_url
from events.indicators.wallets import is_bitcoin, looks_like_bitcoin

_DIGEST = re.compile(r"[0-9A-Fa-f]+")
_BY_LENGTH = {40: "sha1", 64: "sha256", 128: "sha512"}
_JA4 = re.compile(r"(?i)[a-z0-9]{7,12}(?:_[0-9a-f]{4,12}){2,3}")
_BTC_CUE = re.compile(r"(?i)\b(?:btc|bitcoin|wallets?|portefeuille)\b")
_ASN = re.compile(r"AS\d{1,10}|as\d{3,10}")
_NOT_AN_ASN = frozenset({"AS2", "AS3", "AS4", "as400", "AS400"})
_NOT_A_HASH = re.compile(
    r"(?i)(?:[%\\]|\b(?:commit|revision|rev|head|git)[ :=@]{1,2}|"
    r"(?:(?:trace|span|request|session|transaction|correlation|tenant|client|device|user|message|"
    r"msg|event|order|process)[_ -]?id|uuid|guid|etag|token|nonce|csrf|cookie|sess(?:id)?|secret|"
    r"api_?key)"
    r"[\"']?\s{0,2}[=:]\s{0,2}[\"']?)$"
)
_MESSAGE_ID = re.compile(
    r"(?i)^\s*(?:message-id|in-reply-to|references|content-id|x-[\w-]*-id)\s*:"
)
_EAST_ASIAN = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]+")
MAX_WORD = 512
_SHORTEST = 3


def find_word(line: Line, start: int, end: int) -> tuple[Found | None, int]:
    """What the word between two offsets is, if anything, and where to read on."""
    if end - start > MAX_WORD:
        return None, end
    if _EAST_ASIAN.search(line.text, start, end) and not _is_east_asian_name(line.text[start:end]):
        return _find_beside_east_asian(line, start, end)
    word = line.text[start:end]
    stripped = word.strip("_") if word[-1] == "_" else word
    start += word.index(stripped) if stripped else 0
    return _classify(line, stripped.rstrip(".-+"), start, end)


def _classify(line: Line, word: str, start: int, end: int) -> tuple[Found | None, int]:
    if not word:
        return None, end
    if "@" in word:
        return _find_address(line, word, start, end)
    if IPV4.match(word):
        return _find_ipv4(line, start, end)
    found = _find_opaque(line, word, start)
    if found or "." not in word:
        return found, end
    named = find_name(line, word, start)
    return _with_path(line, named, end) if named else (None, end)


def _find_ipv4(line: Line, start: int, end: int) -> tuple[Found | None, int]:
    found = find_ipv4(line, start)
    if not found:
        shape = IPV4.match(line.text, start)
        rest = shape.end() if shape else end
        return find_name(line, line.text[start:end], start), max(rest, end)
    if found.kind == "ipv4" and line.text[found.end : found.end + 1] == ".":
        longer = find_name(line, line.text[start:end], start)
        return (longer, end) if longer else (found, found.end)
    return _with_path(line, found, found.end)


def _with_path(line: Line, found: Found, end: int) -> tuple[Found, int]:
    """The URL without a scheme that a host and a path behind it make; else the host."""
    if found.kind not in ("domain", "ipv4"):
        return found, end
    url = find_bare_url(line, found.start, found.end)
    if url == found.end:
        return found, max(end, found.end)
    doubt = found.doubt or "has no scheme such as https://"
    return Found("url", line.text[found.start : url], found.start, url, doubt), url


def _find_address(line: Line, word: str, start: int, end: int) -> tuple[Found | None, int]:
    local, _, host = word.rpartition("@")
    host_at = start + len(local) + 1
    local = local.rpartition("@")[2].lstrip(".+-")
    if IPV4.match(host):
        return _find_ipv4(line, host_at, end)
    found = find_name(line, host, host_at)
    if not found or _MESSAGE_ID.match(line.text):
        return None, end
    if not local:
        return (found if found.kind == "domain" else None), end
    name = line.text[found.start : found.end].strip(".")
    if "_" in name:
        return None, end
    return _email(line, local, name, host_at - 1 - len(local), found), end


def _email(line: Line, local: str, host: str, start: int, found: Found) -> Found | None:
    if found.kind == "file_name" and not has_public_suffix(host):
        return None
    doubt = found.doubt if found.kind == "domain" and "file" not in found.doubt else ""
    return Found("email", f"{local}@{host}", start, found.end, doubt)


def _find_opaque(line: Line, word: str, start: int) -> Found | None:
    """Digests, fingerprints, AS numbers and wallets: words without structure for the eye."""
    end = start + len(word)
    if len(word) < _SHORTEST:
        return None
    if _DIGEST.fullmatch(word):
        return _find_digest(line, word.lower(), start, end)
    if _ASN.fullmatch(word) and word not in _NOT_AN_ASN:
        return Found("asn", word, start, end)
    if _JA4.fullmatch(word):
        return _find_ja4(word, start, end)
    if looks_like_bitcoin(word):
        return _find_wallet(line, word, start, end)
    return None


def _find_digest(line: Line, word: str, start: int, end: int) -> Found | None:
    if len(set(word)) < 4 or _NOT_A_HASH.search(line.before(start, 30)):
        return None
    if len(word) in _BY_LENGTH:
        secret = line.cue(start, end) == "secret"
        return None if secret else Found(_BY_LENGTH[len(word)], word, start, end)
    if len(word) != 32 or _is_ntlm(line, start, end):
        return None
    cue = line.cue(start, end)
    if cue == "secret":
        return None
    if cue in ("ja3", "imphash"):
        return Found(cue, word, start, end)
    doubt = "" if cue == "md5" else "32 hex digits may be an MD5 or a JA3"
    return Found("md5", word, start, end, doubt, ("ja3", "imphash"))


def _is_ntlm(line: Line, start: int, end: int) -> bool:
    """A pair of password hashes, LM:NT, as dumping tools print them."""
    paired = re.match(r":[0-9A-Fa-f]{32}\b", line.after(end, 34))
    second = re.search(r"\b[0-9A-Fa-f]{32}:$", line.before(start, 34))
    return bool(paired or second) or line.cue(start, end) == "ntlm"


def _find_ja4(word: str, start: int, end: int) -> Found | None:
    return Found("ja4", word.lower(), start, end) if is_ja4(word) else None


def _find_wallet(line: Line, word: str, start: int, end: int) -> Found | None:
    if is_bitcoin(word):
        return Found("btc", word, start, end)
    if _BTC_CUE.search(line.before(start)):
        return Found("btc", word, start, end, "the checksum of this bitcoin address is wrong")
    return None


def _is_east_asian_name(word: str) -> bool:
    """A domain whose labels are each wholly Latin or wholly Chinese, Japanese or Korean."""
    labels = word.strip(".").split(".")
    pure = all(label.isascii() or _EAST_ASIAN.fullmatch(label) for label in labels)
    try:
        return pure and is_public_name(to_ascii(word.strip(".")))
    except ValueError:
        return False


def _find_beside_east_asian(line: Line, start: int, end: int) -> tuple[Found | None, int]:
    """The first Latin stretch of a word in a text that puts no spaces between words."""
    gap = _EAST_ASIAN.match(line.text, start, end)
    if gap:
        return None, gap.end()
    stop = _EAST_ASIAN.search(line.text, start, end)
    return find_word(line, start, stop.start() if stop else end)
