"""What the API may do to what it is given: to texts as it stores them, to raw data as it answers.

Filters compare with the stored form, answers show it; the ledger keeps the body as it was sent.
"""

import html
import json
import re
import unicodedata
from collections.abc import Callable, Mapping
from typing import Any

from events.sandbox.behaviours import Behaviour, Turn

_UUID = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_TEXTS: Mapping[str, Callable[[str, int], str]] = {
    "text-as-sent": lambda text, number: text,
    "text-escaped": lambda text, number: html.escape(text),
    "text-trimmed": lambda text, number: " ".join(text.split()),
    "text-cut": lambda text, number: text[:number],
    "text-upper": lambda text, number: text.upper(),
    "text-lower": lambda text, number: text.lower(),
    "text-nfd": lambda text, number: unicodedata.normalize("NFD", text),
}


def stored(text: str, behaviour: Behaviour) -> str:
    """`text` as the API stores it."""
    return _TEXTS[behaviour.name](text, int(behaviour.seconds))


def shown(answer: Mapping[str, Any], turn: Turn) -> dict[str, Any]:
    """An event as the API answers with it."""
    is_upper = turn.tlp.name == "tlp-upper"
    return {**answer, "tlp": answer["tlp"].upper()} if is_upper else dict(answer)


def raw_data(data: Any, turn: Turn) -> Any:
    """Raw data as the API answers with them: a map, its JSON text, or None."""
    changed = _RAW[turn.raw.name](data)
    return json.dumps(changed) if turn.data.name == "data-text" else changed


def _reordered(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _reordered(value[key]) for key in sorted(value, reverse=True)}
    return [_reordered(item) for item in value] if isinstance(value, list) else value


def _retyped(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _retyped(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_retyped(item) for item in value]
    if isinstance(value, bool | int | float):
        return json.dumps(value)
    return value.upper() if isinstance(value, str) and _UUID.fullmatch(value) else value


_RAW: Mapping[str, Callable[[Any], Any]] = {
    "raw-as-sent": lambda data: data,
    "raw-reordered": _reordered,
    "raw-retyped": _retyped,
    "raw-null": lambda data: None,
}
