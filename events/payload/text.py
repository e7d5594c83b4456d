"""Which text may be sent: the characters that are refused, and bounded JSON.

The rules are our own: the API names none. What is refused here cannot be stored by PostgreSQL
(NUL, lone surrogates), cannot be JSON for every reader (NaN, integers beyond 2**53), or shows
readers something else than what is written (bidirectional overrides: CVE-2021-42574).
"""

import json
import math
from typing import Any

RAW_MAX_BYTES = 256 * 1024
RAW_MAX_DEPTH = 32
_SAFE_INTEGER = 2**53 - 1

_BIDI_CONTROLS = {
    "\u202a": "LEFT-TO-RIGHT EMBEDDING",
    "\u202b": "RIGHT-TO-LEFT EMBEDDING",
    "\u202c": "POP DIRECTIONAL FORMATTING",
    "\u202d": "LEFT-TO-RIGHT OVERRIDE",
    "\u202e": "RIGHT-TO-LEFT OVERRIDE",
    "\u2066": "LEFT-TO-RIGHT ISOLATE",
    "\u2067": "RIGHT-TO-LEFT ISOLATE",
    "\u2068": "FIRST STRONG ISOLATE",
    "\u2069": "POP DIRECTIONAL ISOLATE",
}
_ALLOWED_CONTROLS = frozenset("\t\n\r")


def refuse_hostile(text: str) -> str:
    """`text` itself, or `ValueError` with a sentence that names the first refused character."""
    if text.isascii() and text.isprintable():
        return text
    for position, character in enumerate(text, start=1):
        if problem := _problem_with(character):
            raise ValueError(
                f"Character {position} is {problem}, which cannot be sent. Delete it and try again."
            )
    return text


def _problem_with(character: str) -> str:
    code = ord(character)
    if character in _BIDI_CONTROLS:
        return f"U+{code:04X} {_BIDI_CONTROLS[character]}, an invisible control of text direction"
    if 0xD800 <= code <= 0xDFFF:
        return f"U+{code:04X}, half of a character (a lone surrogate)"
    if (code < 0x20 and character not in _ALLOWED_CONTROLS) or 0x7F <= code < 0xA0:
        return f"the control character U+{code:04X}"
    return ""


def parse_map(text: str) -> dict[str, Any]:
    """The JSON object in `text`; an empty text is an empty object.

    Raises `ValueError` with one sentence for the person who typed it: not JSON (with line and
    column), not an object, too large, too deep, a number that JSON readers would change, a key
    written twice, or a refused character.
    """
    if not text.strip():
        return {}
    if len(text.encode(errors="replace")) > RAW_MAX_BYTES:
        raise ValueError(f"Raw data is larger than {RAW_MAX_BYTES // 1024} KB. Shorten it.")
    _refuse_depth(text)
    try:
        value = json.loads(
            text,
            parse_constant=_refuse_constant,
            parse_int=_bounded_integer,
            parse_float=_finite,
            object_pairs_hook=_unique_keys,
        )
    except json.JSONDecodeError as error:
        raise ValueError(
            f"This is not JSON: {error.msg} at line {error.lineno}, column {error.colno}. "
            'Write a map such as {"source_ip": "192.0.2.1"}, or {} for none.'
        ) from None
    if not isinstance(value, dict):
        raise ValueError('Raw data has to be a map in braces, such as {"note": "text"}.')
    _refuse_hostile_strings(value)
    return value


def _refuse_depth(text: str) -> None:
    """Depth is counted before parsing, because the parser recurses as deep as the text says."""
    depth, in_string, escaped = 0, False, False
    for character in text:
        if in_string:
            if escaped:
                escaped = False
            elif character == "\\":
                escaped = True
            elif character == '"':
                in_string = False
        elif character == '"':
            in_string = True
        elif character in "[{":
            depth += 1
            if depth > RAW_MAX_DEPTH:
                raise ValueError(f"Raw data is nested deeper than {RAW_MAX_DEPTH} levels.")
        elif character in "]}":
            depth -= 1


def _refuse_constant(name: str) -> float:
    raise ValueError(f'{name} is not a JSON number. Write null, or "{name}" in quotes.')


def _bounded_integer(digits: str) -> int:
    if len(digits) > 17 or abs(int(digits)) > _SAFE_INTEGER:
        shown = digits if len(digits) <= 24 else f"{digits[:20]}…"
        raise ValueError(
            f"The number {shown} is larger than JSON readers keep exactly (2^53 − 1). "
            "Write it in quotes."
        )
    return int(digits)


def _finite(digits: str) -> float:
    value = float(digits)
    if not math.isfinite(value):
        raise ValueError(f"The number {digits[:24]} is too large. Write it in quotes.")
    return value


def _unique_keys(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    seen: dict[str, Any] = {}
    for key, value in pairs:
        if key in seen:
            raise ValueError(f'The key "{key[:80]}" stands twice in one map. Keep one.')
        seen[key] = value
    return seen


def _refuse_hostile_strings(value: Any) -> None:
    if isinstance(value, str):
        refuse_hostile(value)
    elif isinstance(value, dict):
        for key, inner in value.items():
            refuse_hostile(key)
            _refuse_hostile_strings(inner)
    elif isinstance(value, list):
        for inner in value:
            _refuse_hostile_strings(inner)
