"""Owns the bounded decoding of JSON that somebody else wrote."""

from __future__ import annotations

import json
import math
import re
from typing import NoReturn, TypeAlias

Json: TypeAlias = "dict[str, Json] | list[Json] | str | int | float | bool | None"

MAX_DEPTH = 64
MAX_DIGITS = 64

_UNSTORABLE_ESCAPE = re.compile(r"\\u(?:0000|[dD][89a-fA-F])")
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")


class BadAnswer(ValueError):
    """An answer that cannot be read; the text completes the sentence "The answer …"."""


def decode(body: bytes) -> Json:
    """The value of a JSON text, safe to store and to walk.

    No deeper than `MAX_DEPTH`, no integer of more than `MAX_DIGITS` digits, no NaN or infinity,
    no NUL and no lone surrogate in a string (U+FFFD stands in their place; databases and UTF-8
    refuse both). Raises BadAnswer.
    """
    text = as_text(body)
    if not text.strip():
        raise BadAnswer("is empty")
    value = _loads(text)
    if text.count("[") + text.count("{") > MAX_DEPTH and _deeper_than(MAX_DEPTH, value):
        raise BadAnswer(f"is nested more than {MAX_DEPTH} levels deep")
    return _storable(value) if _UNSTORABLE_ESCAPE.search(text) else value


def as_text(body: bytes) -> str:
    """The characters of an answer, which must be UTF-8. Raises BadAnswer."""
    try:
        return body.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise BadAnswer("is not UTF-8 text") from None


def _loads(text: str) -> Json:
    try:
        value: Json = json.loads(
            text, parse_int=_integer, parse_float=_real, parse_constant=_refuse_constant
        )
    except BadAnswer:
        raise
    except RecursionError:
        raise BadAnswer(f"is nested more than {MAX_DEPTH} levels deep") from None
    except ValueError:
        raise BadAnswer("is not JSON") from None
    return value


def _integer(digits: str) -> int:
    if len(digits) > MAX_DIGITS:
        raise BadAnswer(f"holds a number of more than {MAX_DIGITS} digits")
    return int(digits)


def _real(digits: str) -> float:
    value = float(digits)
    if not math.isfinite(value):
        raise BadAnswer("holds a number that is too large")
    return value


def _refuse_constant(name: str) -> NoReturn:
    raise BadAnswer(f"holds {name}, which is not JSON")


def _deeper_than(limit: int, value: Json) -> bool:
    level: list[Json] = [value]
    for _ in range(limit):
        level = [child for item in level for child in _children(item)]
        if not level:
            return False
    return any(isinstance(item, dict | list) for item in level)


def _children(item: Json) -> list[Json]:
    if isinstance(item, dict):
        return list(item.values())
    return item if isinstance(item, list) else []


def _storable(value: Json) -> Json:
    if isinstance(value, str):
        return _UNSTORABLE.sub("\N{REPLACEMENT CHARACTER}", value)
    if isinstance(value, list):
        return [_storable(item) for item in value]
    if isinstance(value, dict):
        return {str(_storable(key)): _storable(item) for key, item in value.items()}
    return value
