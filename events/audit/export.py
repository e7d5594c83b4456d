"""Exporting: entries as JSON lines that can be verified without this software.

Each line is an object: `seq`, `hash`, `body` (a string: the canonical bytes that were hashed) and
`attachments` (a list of `name`, `salt`, `content`). The recipe, with any language's SHA-256:

1. SHA-256 of the text `audit-v1`, a zero byte and `body` in UTF-8 is `hash`.
2. `body` is JSON. Its `seq` is one more than the line before has, and its `prev` is that line's
   `hash`; for entry 1 it is 64 zeros.
3. SHA-256 of `salt` followed by `content`, in UTF-8, is what `attachments` in the body names for
   each attachment, and there are no others.
"""

import json
from collections import defaultdict
from collections.abc import Iterator

from events.models import AuditAttachment, AuditEntry

_PAGE = 200


def lines(first: int, last: int) -> Iterator[str]:
    """The entries from `first` to `last`, both included, each as one line without its end."""
    entries = AuditEntry.objects.order_by("seq").values_list("seq", "hash", "body")
    page = list(entries.filter(seq__gte=first, seq__lte=last)[:_PAGE])
    while page:
        attachments = _attachments(page[0][0], page[-1][0])
        for seq, digest, body in page:
            line = {"seq": seq, "hash": digest, "body": body, "attachments": attachments[seq]}
            yield json.dumps(line)
        page = list(entries.filter(seq__gt=page[-1][0], seq__lte=last)[:_PAGE])


def _attachments(first: int, last: int) -> dict[int, list[dict[str, str]]]:
    found: dict[int, list[dict[str, str]]] = defaultdict(list)
    rows = AuditAttachment.objects.filter(entry_id__gte=first, entry_id__lte=last)
    columns = rows.values_list("entry_id", "name", "salt", "content")
    for seq, name, salt, content in columns.order_by("entry_id", "name"):
        found[seq].append({"name": name, "salt": salt, "content": content})
    return found
