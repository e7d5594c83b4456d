"""The one-time token of a form: a UUID that says when the form was made.

It is a UUID of version 7 (RFC 9562). A form that was open before this desk was restored may have
been sent by the desk that it is a copy of, which this one knows nothing of.
"""

import secrets
from datetime import UTC, datetime
from uuid import UUID

from events import clock

_VERSION = 7


def new_token() -> UUID:
    """A token for a form that is made now."""
    milliseconds = int(clock.now().timestamp() * 1000)
    number = milliseconds << 80 | _VERSION << 76 | secrets.randbits(76)
    return UUID(int=number & ~(0b11 << 62) | 0b10 << 62)


def made_at(token: UUID) -> datetime | None:
    """When the form was made; None for a token that does not say."""
    if token.version != _VERSION:
        return None
    try:
        return datetime.fromtimestamp((token.int >> 80) / 1000, UTC)
    except (OverflowError, ValueError):
        return None
