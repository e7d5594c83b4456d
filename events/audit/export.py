"""Exporting: entries as JSON lines that can be verified without this software.

Each line is an object: `seq`, `hash`, `mac` (null before there were seals), `body` (a string: the
canonical bytes that were hashed), `attachments` (a list of `name`, `salt`, `content`) and `terms`
(a list of what the entry is found by). The recipe, with any language's SHA-256:

1. SHA-256 of the text `audit-v1`, a zero byte and `body` in UTF-8 is `hash`.
2. `body` is JSON. Its `seq` is one more than the line before has, and its `prev` is that line's
   `hash`; for entry 1 it is 64 zeros.
3. SHA-256 of `salt` followed by `content`, in UTF-8, is what `attachments` in the body names for
   each attachment, and there are no others.

Who has the keys of the log can also tell that nobody without them wrote a line, with HMAC-SHA256:

4. Of the text `audit-key-id-v1` and a zero byte it begins with the 16 digits that `key` in the body
   names: that is the key of the line. If it is not that of the line before, that line's `action` is
   `audit.key_added`, and its `object_id` names the key (or this line's is `audit.key_lost`).
5. Of the text `audit-seal-v1`, a zero byte and `hash` it is `mac`.
6. Of the text `audit-terms-v1`, a zero byte, `prev` and each of the sorted `terms` behind a line
   feed it is `terms` in the body; that is empty if there are none.
7. A body without `key` and `terms` is from before there were seals: no line before it has them.
"""

import json
from collections import defaultdict
from collections.abc import Iterator

from events.audit.attached import Terms
from events.models import AuditAttachment, AuditEntry

_PAGE = 200


def lines(first: int, last: int) -> Iterator[str]:
    """The entries from `first` to `last`, both included, each as one line without its end."""
    entries = AuditEntry.objects.order_by("seq").values_list("seq", "hash", "mac", "body")
    terms = Terms(after=first - 1)
    page = list(entries.filter(seq__gte=first, seq__lte=last)[:_PAGE])
    while page:
        attachments = _attachments(page[0][0], page[-1][0])
        for seq, digest, mac, body in page:
            line = {"seq": seq, "hash": digest, "mac": mac, "body": body}
            yield json.dumps(line | {"attachments": attachments[seq], "terms": terms.of(seq)})
        page = list(entries.filter(seq__gt=page[-1][0], seq__lte=last)[:_PAGE])


def _attachments(first: int, last: int) -> dict[int, list[dict[str, str]]]:
    found: dict[int, list[dict[str, str]]] = defaultdict(list)
    rows = AuditAttachment.objects.filter(entry_id__gte=first, entry_id__lte=last)
    columns = rows.values_list("entry_id", "name", "salt", "content")
    for seq, name, salt, content in columns.order_by("entry_id", "name"):
        found[seq].append({"name": name, "salt": salt, "content": content})
    return found
