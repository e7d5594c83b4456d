"""Search: events by whole identifiers and indicators, and by words in what was changed last.

Identifiers and indicators are found among all events, by an index. No index on both databases
finds words inside a text, so that words are looked for in a bounded number of events, and the page
says so.
"""

from uuid import UUID

from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.models import AnonymousUser
from django.db.models import Q

from events.models import Submission
from events.models.submission import SubmissionQuerySet
from events.payload.values import value_of

QUERY_MAX = 5_000
MATCHES = 1_000
WORDS_IN = 2_000
WORDS_MOST = 8


def search(text: str, user: AbstractBaseUser | AnonymousUser) -> SubmissionQuerySet:
    """The submissions that `user` may see and that `text` means, in no order.

    `text` is the id of a submission or of its event, one whole indicator (defanged or not), or
    words that all stand in an event's text. At most `MATCHES` of each kind, the newest.
    """
    text = text.strip().replace("\x00", "")[:QUERY_MAX]
    visible = Submission.objects.visible_to(user)
    newest = visible.order_by("-updated_at").values_list("pk", flat=True)
    recent = visible.order_by("-updated_at").values("pk")[:WORDS_IN]
    ways = (
        newest.filter(_has_id(text)),
        newest.filter(indicators__key__in=_keys(text)),
        Submission.objects.filter(_has_words(text), pk__in=recent).values_list("pk", flat=True),
    )
    return visible.filter(pk__in={pk for way in ways for pk in way[:MATCHES]})


def _has_id(text: str) -> Q:
    """A digest of 32 digits may be an id without its dashes: it is looked for as both."""
    try:
        identifier = UUID(text)
    except ValueError:
        return Q(pk__in=())
    return Q(pk=identifier) | Q(event_uuid=str(identifier))


def _keys(text: str) -> set[str]:
    """Under which keys `text` is remembered: as a place on the net, and as plain text."""
    return {value_of("", text).key, value_of("file", text).key}


def _has_words(text: str) -> Q:
    condition = Q()
    for word in text.split()[:WORDS_MOST]:
        condition &= Q(event__icontains=word)
    return condition


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
