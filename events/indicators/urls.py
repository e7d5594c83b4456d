"""Where a URL in a line begins and ends."""

import re

from events.indicators.addresses import IPV4
from events.indicators.hosts import has_public_suffix
from events.indicators.line import Found, Line
from events.indicators.normalise import host_address, is_public_host

_BODY = re.compile(
    r"[^\s\"'<>`|\\^\x00-\x20\u2018-\u201f\u2026\u2039\u203a\u00ab\u00bb\u3001-\u3011]*"
)
_EAST_ASIAN = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")
_NEXT_URL = re.compile(r"(?<![=/?&:])https?://")
_TRAILING = ".,;:!?*_~'\"-•"
_PAIRS = {")": "(", "]": "[", "}": "{"}
_HOST_BEGINS = re.compile(r"[\w\[]")
_NETLOC = re.compile(r"[^/?#]*")
_PORT = re.compile(r":\d{0,5}$")
_CELL_START = re.compile(r"[\s>*-]*+(?:$|[,;\t|])")  # of the text before, reversed
_TOKEN = re.compile(r"[^\s,;/:?#\"']{1,255}")
_DIGEST = re.compile(r"[0-9A-Fa-f]{32,128}")
_KEY_VALUE = re.compile(r"[\w.%-]+=")
_SOCKET = re.compile(r"/\d{1,3}(?:\.\d{1,3}){3}(?::\d{1,5})?(?![\w/])")
_ZONE_CLASS = re.compile(r"/(?:IN|A|AAAA|TXT|MX|NS|CNAME|SOA|PTR)(?![\w/?.-])")
_AFTER_HOST = frozenset(":/?")
_PORT_BEFORE_PATH = re.compile(r":\d{1,5}(?=[/?])")
_PATH = re.compile(r"/[^\s\"'<>|,;)\]*`]|\?[\w.%-]+=")
_PORT_PATH = re.compile(r"\d{1,3}(?:\.\d{1,3}){3}/\d{1,5}(?![\w/.?-])")
MAX_URL = 2048


def find_url(line: Line, start: int, host_at: int) -> tuple[Found | None, int]:
    """The URL whose scheme is at `start` and host at `host_at`, and where to read on."""
    if not _HOST_BEGINS.match(line.text, host_at):
        return None, host_at
    end = url_end(line, start, host_at)
    netloc = _NETLOC.match(line.text, host_at, end)
    host = _PORT.sub("", netloc[0].rpartition("@")[2] if netloc else "")
    doubt = _host_doubt(line, host, start, end)
    if doubt is None:
        return None, max(end, host_at)
    return Found("url", line.text[start:end], start, end, doubt), end


def _host_doubt(line: Line, host: str, start: int, end: int) -> str | None:
    """Why a URL's host is doubtful; empty when it is not, None when it is no host at all."""
    try:
        host_address(host)
    except ValueError:
        return None
    if is_public_host(host):
        return ""
    if "." in host or host == "localhost" or line.defanged(start, end):
        return "the host is not a public name"
    return None


def find_bare_url(line: Line, start: int, host_end: int) -> int:
    """Where a URL without a scheme ends, given its host; `host_end` when there is no path."""
    text = line.text
    if text[host_end : host_end + 1] not in _AFTER_HOST:
        return host_end
    port = _PORT_BEFORE_PATH.match(text, host_end)
    path_at = port.end() if port else host_end
    if not _PATH.match(text, path_at):
        return host_end
    if any(pattern.match(text, path_at) for pattern in (_SOCKET, _ZONE_CLASS)):
        return host_end
    if _PORT_PATH.match(text, start):
        return host_end
    return url_end(line, start, path_at)


def url_end(line: Line, start: int, body_at: int) -> int:
    """Where the URL ends: before delimiters, unmatched brackets and final punctuation."""
    text = line.text
    second = text.find("://", text.find("://", body_at, start + MAX_URL) + 3, start + MAX_URL)
    match = _BODY.match(text, body_at, second if second > body_at else start + MAX_URL)
    body = match[0] if match else ""
    if not body.isascii() and (found := _EAST_ASIAN.search(body)):
        body = body[: found.start()]
    if "://" in body and (found := _NEXT_URL.search(body)):
        body = body[: found.start()]
    body = body[: _separator_at(body, in_cell=_starts_cell(line.before(start)))]
    body = body[: _unbalanced_at(body)].rstrip(_TRAILING)
    return body_at + len(body)


def _separator_at(body: str, *, in_cell: bool) -> int:
    """Where a comma or semicolon ends the URL: a cell's end, or a new indicator behind it."""
    for match in re.finditer(r"[,;]", body):
        rest = body[match.end() :]
        if match[0] == ";" and _KEY_VALUE.match(rest):
            continue
        if in_cell or not rest or _begins_indicator(rest):
            return match.start()
    return len(body)


def _starts_cell(before: str) -> bool:
    return bool(_CELL_START.match(before[::-1]))


def _begins_indicator(text: str) -> bool:
    if re.match(r"[A-Za-z][A-Za-z0-9+.-]{1,15}://", text) or IPV4.match(text):
        return True
    token = _TOKEN.match(text)
    return bool(token and (_DIGEST.fullmatch(token[0]) or has_public_suffix(token[0])))


def _unbalanced_at(body: str) -> int:
    open_brackets: list[str] = []
    for at, char in enumerate(body):
        if char in "([{":
            open_brackets.append(char)
        elif char in _PAIRS and (not open_brackets or open_brackets.pop() != _PAIRS[char]):
            return at
    return len(body)
