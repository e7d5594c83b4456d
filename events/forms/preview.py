"""The preview: the bytes that would be sent, laid out for the eye, and where they would go."""

import json
import re
import shlex
import uuid
from typing import NamedTuple

from django.conf import settings
from django.utils.html import escape, format_html
from django.utils.safestring import SafeString

from events import outbox
from events.forms.choices import dataset_words
from events.payload import EventCreate
from events.reference import References

# Accounts and tokens are for the shell to fill in: neither belongs on a page or in a clipboard.
_CURL = (
    'curl -X POST "{base}/accounts/$CLOUDFLARE_ACCOUNT_ID/cloudforce-one/events/create" '
    '-H "Authorization: Bearer $CLOUDFLARE_API_TOKEN" '
    '-H "Content-Type: application/json" --data-binary {body}'
)
# What the eye sees instead; the text beneath stays exact, so that what is copied is, too.
_LIVE = re.compile(r"(?i)(?<=h)tt(?=ps?://)|://|(?<=[^\W_])\.(?=[^\W_])|(?<=[^\W_])@(?=[^\W_])")
_SHOWN = {"://": "[:]//", ".": "[.]", "@": "[@]"}
_KEY = re.compile(r'(\s*)("(?:[^"\\]|\\.)*")(?=: )')


class Preview(NamedTuple):
    """What a page shows of an event that is ready.

    `json` is HTML for the eye, `exact` the text of the very bytes, `size` their number, `curl` a
    shell command that posts them.
    """

    endpoint: str
    dataset: str
    json: SafeString
    exact: str
    curl: str
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
        exact=body.decode(),
        curl=_CURL.format(base=settings.CLOUDFLARE.base_url, body=shlex.quote(body.decode())),
        size=len(body),
    )


def pretty(body: bytes) -> SafeString:
    """JSON as HTML: one member per line, keys in `<b>`, links defanged for the eye alone."""
    lines = json.dumps(json.loads(body), indent=2, ensure_ascii=False).split("\n")
    return SafeString("\n".join(map(_line, lines)))


def _line(line: str) -> str:
    key = _KEY.match(line)
    before, value = (line[: key.end()], line[key.end() :]) if key else ("", line)
    is_text = value.lstrip(": ").startswith('"') and not before.endswith('"date"')
    shown = _defanged(value) if is_text else escape(value)
    return format_html("{}<b>{}</b>{}", key[1], key[2], shown) if key else shown


def _defanged(text: str) -> SafeString:
    """HTML of `text` in which `<i data-as>` shows as something that is not a link."""
    pieces, end = [], 0
    for live in _LIVE.finditer(text):
        shown = _SHOWN.get(live[0], "xx")
        pieces += [
            escape(text[end : live.start()]),
            format_html('<i data-as="{}">{}</i>', shown, live[0]),
        ]
        end = live.end()
    return SafeString("".join([*pieces, escape(text[end:])]))
