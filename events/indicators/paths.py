"""File paths and registry keys, whose folders may hold spaces."""

import re

from events.indicators.lexicon import FILE_EXTENSIONS
from events.indicators.line import Found, Line

_CLOSING = {
    '"': '"',
    "'": "'",
    "`": "`",
    "“": "”",
    "„": "“",
    "«": "»",
    "‘": "’",
    "(": ")",
    "[": "]",
}
_SEGMENT = re.compile(r"(?:[^\\/:*?\"<>|\x00-\x1f`“”„«»’;]|<[\w ]{1,30}>){0,255}")
_KEY_SEGMENT = re.compile(r"(?:[^\\:\"<>|\x00-\x1f`“”„«»’;]|<[\w ]{1,30}>){0,255}")
_HAS_EXTENSION = re.compile(r".*\.(\w{1,12})$")
_FOLDER_STOP = re.compile(
    r"(?i)(?:^|\s)(?:and|or|to|into|in|from|then|und|oder|nach|et|ou|vers|as|is|was|with|via|by|on|at|"
    r"hkey_\w+|hk(?:lm|cu|cr|u|cc)|[%$]\w+.*)(?:\s|$)|,\s|\s$|^\s"
)
_TITLE_WORD = re.compile(r"[^\W_a-z][\w().&+-]*|\(?\d[\w().-]*|-|&")
_TWO_WORD_KEYS = re.compile(
    r"(?:Windows NT|Internet Settings|(?:User )?Shell Folders|Session Manager|Windows Defender|"
    r"Image File Execution Options|Internet Explorer|Control Panel|Active Setup|"
    r"Credential Providers)"
    r"(?![\w])"
)
_TRAILING = ".,:!?)]}'*_"
_UNIX = re.compile(r"[^\s\"'<>|,;`“”„«»’:)\]}*?]+")
_UNIX_ROOTS = frozenset(
    "tmp etc var usr home root opt bin sbin dev proc lib lib64 mnt srv boot run sys data sdcard "  # noqa: SIM905
    "media Users Library Applications System private Volumes storage".split()
)
_NOT_EVIDENCE = frozenset({"/dev/null", "/dev/stdout", "/dev/stderr", "/dev/zero"})
_HTTP_VERB = re.compile(r"(?:GET|POST|PUT|HEAD|DELETE|OPTIONS|PATCH)\s+\"?$")
_COMMAND_TAIL = re.compile(r"(?i)\.(?:exe|dll|bat|cmd|ps1|vbs|js|com|scr|msi|py|hta)\"?(?=\s)")


def find_windows_path(line: Line, start: int, body_at: int) -> tuple[Found | None, int]:
    """The path that begins at `start`, its first folder at `body_at`; and where to read on."""
    end = _backslashed_end(line, start, body_at, _SEGMENT)
    if end <= body_at:
        return None, body_at
    path = line.text[start:end]
    doubt = "holds a placeholder such as <user>" if "<" in path else ""
    return Found("file_path", path, start, end, doubt), end


def find_registry_key(line: Line, start: int, body_at: int) -> tuple[Found | None, int]:
    """The key whose hive is at `start` and first subkey at `body_at`; and where to read on."""
    end = _backslashed_end(line, start, body_at, _KEY_SEGMENT)
    if end <= body_at:
        return None, body_at
    return Found("registry_key", line.text[start:end], start, end), end


def find_unix_path(line: Line, start: int) -> tuple[Found | None, int]:
    """The absolute or `~/` path at an offset, if its root is a usual one; and where to read on."""
    match = _UNIX.match(line.text, start)
    path = match[0].rstrip(".,!-_") if match else ""
    end = start + max(len(path), 1)
    parts = path.strip("/").split("/")
    known = path.startswith("~/") or parts[0] in _UNIX_ROOTS
    if not known or len(parts) < 2 or path in _NOT_EVIDENCE:
        return None, end
    if _HTTP_VERB.search(line.before(start)):
        return None, end
    return Found("file_path", path, start, end), end


def _backslashed_end(line: Line, start: int, at: int, segment: re.Pattern[str]) -> int:
    quoted = _quoted_end(line.text, start, at)
    if quoted:
        return quoted
    separators = "\\/" if segment is _SEGMENT else "\\"
    while True:
        match = segment.match(line.text, at)
        part = match[0] if match else ""
        stop = at + len(part)
        if line.text[stop : stop + 1] not in separators or stop == len(line.text):
            break
        if not _is_folder(part):
            break
        at = stop + 1
    return at + _last_part_length(line, start, part, at)


def _quoted_end(text: str, start: int, at: int) -> int:
    """Where the quotation that begins just before the path ends; 0 when there is none."""
    closing = _CLOSING.get(text[start - 1 : start]) if start else None
    if not closing or closing in ")]":
        return 0
    end = text.find(closing, at, at + 400)
    if end < 0:
        return 0
    command = _COMMAND_TAIL.search(text, at, end)
    return command.end() if command else end


def _is_folder(part: str) -> bool:
    """Whether text before a backslash can be a folder's name rather than running prose."""
    if " " not in part or part == "Documents and Settings":
        return True
    words = part.split(" ")
    if len(words) > 7 or _FOLDER_STOP.search(part):
        return False
    return not any(_extension(word) for word in words[:-1])


def _extension(word: str) -> str:
    match = _HAS_EXTENSION.match(word.rstrip(_TRAILING))
    return match[1].lower() if match and match[1].lower() in FILE_EXTENSIONS else ""


def _last_part_length(line: Line, start: int, part: str, at: int) -> int:
    """How much of the text behind the last separator belongs to the path."""
    if key := _TWO_WORD_KEYS.match(part):
        return key.end()
    words = re.split(r"[ \t]", part)
    taken = _words_taken(words, at_cell=_is_whole_cell(line, start, at + len(part)))
    text = " ".join(words[:taken])
    if "," in text:
        text = text[: text.index(",")]
    return len(_strip_end(text))


def _words_taken(words: list[str], *, at_cell: bool) -> int:
    if _extension(words[0]):
        return 1
    for count in range(1, min(len(words), 6)):
        if not _TITLE_WORD.fullmatch(words[count - 1].rstrip(",")):
            break
        if _extension(words[count]):
            return count + 1
    if at_cell and len(words) <= 6 and all(_TITLE_WORD.fullmatch(word) for word in words):
        return len(words)
    return 1


def _is_whole_cell(line: Line, start: int, end: int) -> bool:
    """Whether the path begins a line or cell, and the text read ends it."""
    begins = re.search(r"(?:^|[\t|])[\s*•>-]*$", line.before(start))
    ends = re.match(r"\s*(?:$|[\t|])", line.after(end))
    return bool(begins and ends)


def _strip_end(text: str) -> str:
    while text and text[-1] in _TRAILING:
        opening = {")": "(", "]": "[", "}": "{"}.get(text[-1])
        if opening and text.count(opening) >= text.count(text[-1]):
            break
        text = text[:-1]
    return text
