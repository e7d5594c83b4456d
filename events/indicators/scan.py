"""The scanner: reads a line from left to right once and hands each place to whoever knows it."""

import re
from collections.abc import Callable, Iterator
from dataclasses import replace

from events.indicators import agents, paths
from events.indicators.addresses import find_ipv6, hex_pairs_end
from events.indicators.lexicon import COMMANDS, FILE_EXTENSIONS
from events.indicators.line import Found, Line
from events.indicators.normalise import normal_form
from events.indicators.urls import find_url, url_end
from events.indicators.words import find_word

Step = tuple[Found | None, int]
_HIVE = (
    r"HKLM|HKCU|HKCR|HKU|HKCC|HKEY_(?:LOCAL_MACHINE|CURRENT_USER|CLASSES_ROOT|USERS|CURRENT_CONFIG)"
)
# Marks that vowels of Indic, Thai and other scripts need, which \w leaves out.
_MARKS = "\u0300-\u036f\u0900-\u0dff\u0e31-\u0e4e"
_PLACES = {
    "named_agent": r"(?i:user[-_ ]?agents?)(?:\s+(?:string|header))?[\"'`]?(?:\s*(?P<sign>[:=])\s*|\s+(?:is\s+)?\(?)",
    "agent": rf"(?i:{agents.CLIENTS})/(?=\d|[A-Za-z]+/)",
    "url": r"[A-Za-z][A-Za-z0-9+.-]{1,20}://(?=[^\s/])",
    "relative_url": r"(?<![\w:/.])//(?=[\w-]{1,63}\.)",
    "mutex": (
        r"(?i:\bmutex(?:e[sn]?)?)(?:\s+(?:object|name|string|value))?[\"']?"
        r"(?:\s*(?P<mutex_sign>[:=]|\b(?:named|called|genannt|namens|nommé|appelé|with the name|"
        r"mit dem Namen)\b)\s*|,(?=\S)|\s*[|;\t]\s*|\s+(?:is\s+)?\(?)"
    ),
    "object": r"(?:(?<=BaseNamedObjects\\)|(?<![\\\w]))(?:Global|Local)\\+(?=[\w{])",
    "registry": rf"(?i:\b(?:{_HIVE})):?(?=\\)\\+",
    "drive": r"(?<![A-Za-z0-9])[A-Za-z]:(?:\\+|/(?!/))(?=[^\s\\/])",
    "variable": r"%[A-Za-z_()0-9]{2,40}%[\\/]+|\$(?:env:)?[A-Za-z_]{2,40}\\+(?=\w)",
    "share": r"(?<!\\)\\\\+(?:[.?]\\+)?(?:[A-Za-z]:\\+)?(?=[\w.$-])",
    "unix": r"~?/(?=[\w.~-])",
    "cve": r"(?i:\bCVE)[-\u2012-\u2015_ :]{1,2}\d{4}[-\u2012-\u2015_]\d{4,19}(?!\d)",
    "asn": r"\b(?:ASN|asn|Asn|AS)[\"']?[ ]?[:=#]?[ ]?[\"']?(?:AS)?\d{1,10}(?!\w|\.\d)",
    "quoted_file": r"(?<=[\"'“„«`])\s?[\w()&+-][\w()&+ -]{0,120} [\w()&+. -]{0,80}\.\w{2,5}\s?(?=[\"'”“»`])",
    "numbered_file": r"[\w.-]{1,100}\(\d{1,3}\)\.\w{2,5}\b",
    "ipv6": r"(?<![\w.])(?=[0-9A-Fa-f]{0,4}:[0-9A-Fa-f:])(?=[^:]{0,4}:[^:]{0,4}:)",
    "word": rf"[\w{_MARKS}](?:[\w.@+{_MARKS}-])*",
}
_SCANNER = re.compile("|".join(f"(?P<{name}>{pattern})" for name, pattern in _PLACES.items()))
_MASKED = re.compile(r"[^\s\"'`(<,;:|]@$")  # the rest of an address such as b***@example.com
_WORD = re.compile(_PLACES["word"])


def scan(line: Line) -> Iterator[Found]:
    """The indicators of a line, in order and apart from each other."""
    at = last = 0
    while match := _SCANNER.search(line.text, at):
        if match.lastgroup == "unix" and match.start() == last:
            at = match.start() + 1
            continue
        found, end = _HANDLERS[match.lastgroup or "word"](line, match)
        if found and (normal := normalised(found)):
            yield normal
            last = found.end
        at = max(end, match.start() + 1)


def normalised(found: Found) -> Found | None:
    """The same with its value in normal form; None when the value has none."""
    try:
        return replace(found, value=normal_form(found.kind, found.value))
    except ValueError:
        return None


def _url(line: Line, match: re.Match[str]) -> Step:
    return find_url(line, match.start(), match.end())


def _relative_url(line: Line, match: re.Match[str]) -> Step:
    return _word_at(line, match.end())


def _unix(line: Line, match: re.Match[str]) -> Step:
    """A path; what hangs on a word (`and/or`, `Product/1.2.3.4`) is part of that word."""
    start = match.start()
    if re.match(r"[\w.]", line.before(start, 1)):
        return None, url_end(line, start, start)
    found, end = paths.find_unix_path(line, start)
    if not found and re.match(r"/\d{1,3}(?:\.\d{1,3}){3}(?!\S*/)", line.after(start)):
        return None, start + 1
    return found, end


def _cve(line: Line, match: re.Match[str]) -> Step:
    return Found("cve", match[0], match.start(), match.end()), match.end()


def _asn(line: Line, match: re.Match[str]) -> Step:
    shouted = re.search(r"\b[A-Z]{3,}\s$", line.before(match.start()))
    spaced = re.match(r"AS \d", match[0])
    if re.fullmatch(r"AS\d+", match[0]) or (spaced and shouted):
        return _word_at(line, match.start())
    number = re.sub(r"\D", "", match[0])
    return Found("asn", f"AS{number}", match.start(), match.end()), match.end()


def _file(line: Line, match: re.Match[str]) -> Step:
    """A quoted file name with spaces in it, or one with a copy's number."""
    name = match[0].strip()
    stem, _, extension = name.rpartition(".")
    words = stem.split(" ")
    command = words[0].lower() in COMMANDS or any(word.startswith("-") for word in words)
    if extension.lower() not in FILE_EXTENSIONS or command or any("." in w for w in words[:-1]):
        return _word_at(line, match.start())
    start = match.start() + match[0].index(name)
    return Found("file_name", name, start, start + len(name)), match.end()


def _ipv6(line: Line, match: re.Match[str]) -> Step:
    start = match.start()
    found = find_ipv6(line, start)
    if found:
        return found, found.end
    return (
        (None, end) if (end := hex_pairs_end(line.text, start)) > start else _word_at(line, start)
    )


def _word_at(line: Line, start: int) -> Step:
    match = _WORD.match(line.text, start)
    if not match:
        return None, start + 1
    if line.before(start, 1) == "%" or _MASKED.search(line.before(start, 2)):
        return None, match.end()
    end = match.end()
    if line.text[end : end + 1] == "\\" and line.text[end + 1 : end + 2].isalnum():
        return _relative_path(line, start, end)
    return find_word(line, start, end)


def _relative_path(line: Line, start: int, end: int) -> Step:
    r"""`AppData\Roaming\a.exe` is a path; `CORP\alice` is an account."""
    found, stop = paths.find_windows_path(line, start, end + 1)
    named = found and found.value.rpartition(".")[2].lower() in FILE_EXTENSIONS
    return (found, stop) if named else find_word(line, start, end)


_HANDLERS: dict[str, Callable[[Line, re.Match[str]], Step]] = {
    "named_agent": lambda line, match: agents.find_named_agent(
        line, match.start(), match.end(), signed=bool(match["sign"])
    ),
    "agent": lambda line, match: agents.find_agent(line, match.start()),
    "url": _url,
    "relative_url": _relative_url,
    "mutex": lambda line, match: agents.find_named_mutex(
        line, match.end(), signed=bool(match["mutex_sign"])
    ),
    "object": lambda line, match: agents.find_object_name(line, match.start()),
    "registry": lambda line, match: paths.find_registry_key(line, match.start(), match.end()),
    "drive": lambda line, match: paths.find_windows_path(line, match.start(), match.end()),
    "variable": lambda line, match: paths.find_windows_path(line, match.start(), match.end()),
    "share": lambda line, match: paths.find_windows_path(line, match.start(), match.end()),
    "unix": _unix,
    "cve": _cve,
    "asn": _asn,
    "quoted_file": _file,
    "numbered_file": _file,
    "ipv6": _ipv6,
    "word": lambda line, match: _word_at(line, match.start()),
}
