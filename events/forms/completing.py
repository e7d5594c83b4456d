"""What a press of a button completes: relative times become fixed ones, placeholders are filled."""

from datetime import datetime

from django.http import QueryDict

from events.forms.moments import pinned
from events.forms.typed import Typed
from events.services import templates

# The name of the template that the form was made from: only such a form has placeholders.
FROM_TEMPLATE = "template"


def completed(post: QueryDict, now: datetime) -> QueryDict:
    """`post` with "2h ago" as the moment that it means `now`, and indicators in the text.

    What is previewed, kept and sent is then one and the same text.
    """
    changes = _changes(post, now)
    if all(post.get(name) == text for name, text in changes.items()):
        return post
    post = post.copy()
    for name, text in changes.items():
        post[name] = text
    return post


def _changes(post: QueryDict, now: datetime) -> dict[str, str]:
    changes = {}
    if "date" in post:
        changes["date"] = pinned(post.get("date", ""), now)
    texts = {name: post.get(name, "") for name in templates.FILLED_IN}
    if post.get(FROM_TEMPLATE) and any("{" in text for text in texts.values()):
        values = [row.value.strip() for row in Typed.from_post(post).rows if row.value.strip()]
        for name, text in texts.items():
            changes[name] = templates.with_indicators(text, values)
    return changes
