"""Submissions as they were frozen, forms as they are posted, findings as they are compared."""

import re
from datetime import UTC, datetime
from uuid import uuid4

from django.utils import timezone

from events import reference, vetting
from events.models import State, Submission
from events.payload import EventCreate, Indicator, Raw
from events.vetting import Entry

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)


def payload(*values, tlp="amber", kind="domain", **changes):
    fields = {
        "category": "Phishing",
        "date": datetime(2026, 11, 1, tzinfo=UTC),
        "event": "Somebody registered it",
        "tlp": tlp,
        "raw": Raw(data={}),
    }
    rows = [Indicator(indicator_type=kind, value=value) for value in values]
    return EventCreate.with_indicators(rows, **fields | changes)


def sent(author, *values, tlp="amber", state=State.CREATED, **columns):
    """A submission of `author` about `values`, as the freeze leaves it."""
    now = timezone.now()
    submission = Submission.objects.create(
        id=uuid4(),
        state=state,
        author=author,
        author_name=author.get_username(),
        created_at=now,
        updated_at=now,
        tlp=tlp,
        **columns,
    )
    vetting.remember(submission, payload(*values), is_new=True)
    return submission


def vet(entry, user, references=None, now=NOW):
    return vetting.vet(entry, user=user, references=references or reference.load(), now=now)


def entry(*values, kind="", **fields):
    return Entry(rows=tuple((kind, value) for value in values), **fields)


def codes(findings):
    return [finding.code for finding in findings]


def form(*values, kind="", **texts):
    """The body that a browser posts."""
    fields = {
        "form_token": str(uuid4()),
        "action": "preview",
        "indicators-TOTAL_FORMS": str(len(values)),
        "indicators-INITIAL_FORMS": "0",
    }
    for number, value in enumerate(values):
        fields |= {
            f"indicators-{number}-indicator_type": kind,
            f"indicators-{number}-value": value,
        }
    return fields | texts


def page_codes(answer):
    """The codes in a fragment, blocks first."""
    assert answer.status_code == 200, answer.status_code
    return re.findall(r'data-code="([^"]+)"', answer.content.decode())
