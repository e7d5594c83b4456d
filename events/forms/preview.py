"""The preview: the bytes that would be sent, laid out for the eye, and where they would go."""

import json
import re
import uuid
from typing import NamedTuple

from django.conf import settings
from django.utils.html import escape, format_html
from django.utils.safestring import SafeString

from events import outbox
from events.forms.choices import dataset_words
from events.payload import EventCreate
from events.reference import References

_KEY = re.compile(r'(\s*)("(?:[^"\\]|\\.)*")(?=: )')


class Preview(NamedTuple):
    """What a page shows of an event that is ready: the JSON as HTML, its size in bytes, its way."""

    endpoint: str
    dataset: str
    json: SafeString
    size: int


def preview(
    payload: EventCreate, references: References, *, submission_id: uuid.UUID, attempt: int
) -> Preview:
    """The preview of `payload` as that submission would send it at that attempt."""
    body = outbox.mark(payload, submission_id, attempt).to_bytes()
    return Preview(
        endpoint=f"{settings.CLOUDFLARE.base_url}/…/cloudforce-one/events/create",
        dataset=dataset_words(payload.dataset_id or "", references),
        json=pretty(body),
        size=len(body),
    )


def pretty(body: bytes) -> SafeString:
    """JSON as HTML: one member per line, keys in `<b>`."""
    lines = json.dumps(json.loads(body), indent=2, ensure_ascii=False).split("\n")
    return SafeString("\n".join(map(_line, lines)))


def _line(line: str) -> str:
    if key := _KEY.match(line):
        return format_html("{}<b>{}</b>{}", key[1], key[2], line[key.end() :])
    return escape(line)
