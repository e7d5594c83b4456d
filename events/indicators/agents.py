"""User agents and mutexes: free text that a keyword or its first words give away."""

import re

from events.indicators.lexicon import CUE
from events.indicators.line import Found, Line
from events.indicators.normalise import collapse_backslashes

CLIENT = re.compile(
    r"(?i:Mozilla|Opera|curl|Wget|python-requests|Python-urllib|python-httpx|aiohttp|Go-http-client|"
    r"okhttp|PostmanRuntime|Java|libwww-perl|axios|node-fetch|Apache-HttpClient|HTTPie|rclone|"
    r"Microsoft-CryptoAPI|Microsoft BITS|Microsoft-WebDAV-MiniRedir|WinHTTP|CertUtil URL Agent|"
    r"sqlmap|masscan|zgrab|Nuclei|gobuster|Nmap|nikto|feroxbuster|ffuf|wfuzz|Faraday|Dalvik|Lynx|"
    r"Googlebot|bingbot)/(?=\d|[A-Za-z]+/)"
)
NAMED_AGENT = re.compile(
    r"(?i:user[-_ ]?agents?)(?:\s{1,3}(?:string|header))?[\"'`]?"
    r"(?:\s{0,3}(?P<sign>[:=])\s{0,3}|\s{1,3}(?:is\s)?\(?)"
)
NAMED_MUTEX = re.compile(
    r"(?i:mutex(?:e[sn]?)?)(?:\s{1,3}(?:object|name|string|value))?[\"']?"
    r"(?:\s{0,3}(?P<sign>[:=]|\b(?:named|called|genannt|namens|nommé|appelé|with the name|"
    r"mit dem Namen)\b)\s{0,3}|,(?=\S)|\s{0,3}[|;\t]\s{0,3}|\s{1,3}(?:is\s)?\(?)"
)
_PRODUCT = re.compile(r"[A-Za-z][\w.!#$%&*+^~-]*/[^\s\"'<>|,;()`“”„«»]*")
_SOLO = re.compile(r"(?:like Gecko|Mobile|Safari|Gecko|Version|Edge|KHTML)(?![\w/])")
_COMMENT = re.compile(r"\((?:[^()]++|\((?:[^()]++|\([^()]*+\))*+\))*+\)")
_COMMENT_LENGTH = 400
_QUOTED = {'"': '"', "'": "'", "`": "`", "“": '”“"', "„": "“”", "«": "»", "‘": "’", "‚": "‘"}
_OBJECT = re.compile(r"(?:(?:Global|Local)\\+)?(?:[\w.!@#$%&+=~-]|\{[\w-]{1,60}\}){1,200}(?!\\)")
_MUTEX_WORD = re.compile(r"[^\s,;\"'`<>|“”„«»]{3,200}")
_MUTEX_CELL = re.compile(r"(?<==)[^\s,;=\"'`<>|]+(?: [^\s,;=\"'`<>|]+){0,3}(?=;|$)")
_NONE = frozenset({"none", "n/a", "-", "unknown", "yes", "no", "null", "true", "false"})
MAX_NAME = 400


def find_agent(line: Line, start: int) -> tuple[Found | None, int]:
    """The user agent that begins with a known client at `start`; and where to read on."""
    end = agent_end(line.text, start)
    value = line.text[start:end].rstrip(".,;")
    return Found("user_agent", value, start, start + len(value)), end


def agent_end(text: str, start: int) -> int:
    """Where products, comments and versions in the manner of RFC 9110, section 10.1.5, end."""
    plus = re.compile(r"[A-Za-z]+/[\d.]+\+\S*").match(text, start)
    first = (
        plus or _PRODUCT.match(text, start) or re.compile(r"[\w -]{1,40}/\S*").match(text, start)
    )
    end = first.end() if first else start
    while not plus:
        gap = 1 if text[end : end + 1] == " " else 0
        if text[end + gap : end + gap + 1] == "(":
            stop = _comment_end(text, end + gap)
        else:
            more = gap and (_PRODUCT.match(text, end + 1) or _SOLO.match(text, end + 1))
            stop = more.end() if more else 0
        if not stop:
            break
        end = stop
    return end


def _comment_end(text: str, start: int) -> int:
    match = _COMMENT.match(text, start, start + _COMMENT_LENGTH)
    return match.end() if match else 0


def find_named_agent(
    line: Line, keyword_at: int, start: int, *, signed: bool
) -> tuple[Found | None, int]:
    """What follows `User-Agent:` (signed) or `user agent "`; and where to read on."""
    quote = line.text[start : start + 1]
    if quote in _QUOTED and quote:
        end = _closing(line.text, start + 1, _QUOTED[quote])
        return (_named("user_agent", line, start + 1, end), end) if end else (None, start)
    if not signed:
        return None, start
    header = re.fullmatch(r"[\s>*-]*", line.before(keyword_at, 200))
    end = len(line.text) if header else agent_end(line.text, start)
    cell = re.compile(r"[^\t|]*").match(line.text, start, end)
    return _named("user_agent", line, start, cell.end() if cell else end), end


def find_named_mutex(line: Line, start: int, *, signed: bool) -> tuple[Found | None, int]:
    """What follows `mutex named`, `mutex:` (signed) or `mutex "`; and where to read on."""
    quote = line.text[start : start + 1]
    if quote in _QUOTED and quote:
        end = _closing(line.text, start + 1, _QUOTED[quote])
        return (_named("mutex", line, start + 1, end), end) if end else (None, start)
    word = _MUTEX_CELL.match(line.text, start) if signed else None
    word = word or _MUTEX_WORD.match(line.text, start)
    if not word:
        return None, start
    name = word[0].rstrip(".,:;)")
    if not (signed or re.search(r"[\d_{\\]|[a-z][A-Z]", name)) or CUE.fullmatch(name):
        return None, start
    return _named("mutex", line, start, start + len(name)), start + len(name)


def _closing(text: str, start: int, quotes: str) -> int:
    ends = [at for quote in quotes if (at := text.find(quote, start, start + MAX_NAME)) > start]
    return min(ends, default=0)


def _named(kind: str, line: Line, start: int, end: int) -> Found | None:
    value = line.text[start:end].strip(" \t\"'`").rstrip(",;")
    if value.lower() in _NONE or len(value) < 2:
        return None
    at = line.text.index(value, start)
    return Found(kind, value, at, at + len(value))


def find_object_name(line: Line, start: int) -> tuple[Found, int] | None:
    r"""The kernel object `Global\name` or `Local\name` at an offset; and where to read on."""
    match = _OBJECT.match(line.text, start)
    if not match:
        return None
    value = collapse_backslashes(match[0]).rstrip(".-")
    return Found("mutex", value, start, match.end()), match.end()
