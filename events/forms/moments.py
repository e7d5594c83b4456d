"""When something happened: reading the time that a person typed."""

import re
from datetime import UTC, datetime

_EXAMPLE = "Write it in UTC, such as 2022-04-01 00:00 or 2022-04-01T00:00:00Z."
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_MOMENT = re.compile(
    r"(?P<day>\d{4}-\d{2}-\d{2})[Tt ]\s*(?P<time>\d{2}:\d{2}(?::\d{2}(?:\.\d{1,6})?)?)\s*"
    r"(?P<zone>[Zz]|UTC|GMT|[+-]\d{2}:?\d{2})?",
    re.ASCII,
)


def parse_moment(text: str) -> datetime:
    """The moment that `text` names, in UTC; a text without a time zone is in UTC already.

    Takes RFC 3339 and the same with a space for the `T`, without seconds, or with an offset.
    Raises `ValueError` with one sentence that says what to write.
    """
    text = text.strip()
    if _DAY.fullmatch(text):
        raise ValueError(f"When needs the time of day too. Write such as {text} 00:00, in UTC.")
    match = _MOMENT.fullmatch(text)
    if match is None:
        raise ValueError(f"When is not a date and time. {_EXAMPLE}")
    zone = match["zone"] or "Z"
    offset = zone if zone[0] in "+-" else "+00:00"
    try:
        moment = datetime.fromisoformat(f"{match['day']}T{match['time']}{offset}")
        return moment.astimezone(UTC)
    except (ValueError, OverflowError):
        raise ValueError(f"When names a day or time that does not exist. {_EXAMPLE}") from None
