"""Text from outside as people may safely see it: nothing invisible, nothing reordered."""

import json
import re
from contextlib import suppress

_UNSEEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\xad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"
    "\U000e0000-\U000e007f]"
)


def shown(text: str) -> str:
    r"""`text` with control and direction characters written out as `\u202e`; tab and LF stay."""
    if text.isascii() and text.isprintable():
        return text
    return _UNSEEN.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def pretty(text: str) -> str:
    """`text` laid out over lines if it is JSON, as it is otherwise."""
    with suppress(ValueError, RecursionError):
        text = json.dumps(json.loads(text), indent=2, ensure_ascii=False)
    return shown(text)
