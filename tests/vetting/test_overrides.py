"""Going on in spite of a block: who may, with what, and what the log keeps."""

import json

import pytest
from django.db import transaction

from events import audit, vetting
from events.models import AuditEntry, KnownValue
from events.payload import Tlp
from events.vetting import Entry, Finding, Level, enforce

from .support import codes, entry, payload, sent

ACTOR = audit.Actor(id=1, name="rita", address="192.0.2.7", request_id="r1")


def red_into_public(lists):
    public = next(d for d in lists.datasets if d.is_public and d.writable)
    found = vetting.blocks(entry(tlp=Tlp.RED, dataset_id=public.uuid), references=lists)
    assert codes(found) == ["tlp.public"]
    return found


@pytest.mark.parametrize(
    ("who", "reason", "stands"),
    [
        ("ana", "the source agreed", True),
        ("otto", "the source agreed", True),
        ("rita", "the source agreed", False),
        ("rita", "   \n", True),
        ("rita", "", True),
        ("rita", "x" * 1_001, True),
        ("adam", "the source agreed", True),
    ],
)
def test_only_a_role_with_a_reason_overrides(request, lists, who, reason, stands):
    found = red_into_public(lists)
    standing = enforce(found, user=request.getfixturevalue(who), reason=reason)
    assert bool(standing) == stands


def test_the_default_dataset_counts_as_what_it_is(lists):
    assert codes(vetting.blocks(entry(tlp=Tlp.RED), references=lists)) == ["tlp.public"]


def test_a_listed_block_is_overridden_in_the_same_way(ana, rita, lists):
    KnownValue.objects.create(match="domain", value="corp-site.ru", level="block", kind="own")
    found = vetting.blocks(Entry.of(payload("vpn.corp-site.ru")), references=lists)
    assert codes(enforce(found, user=ana, reason="why")) == ["own.domain"]
    assert enforce(found, user=rita, reason="a phishing kit on our host") == ()


def test_a_block_without_a_right_to_override_stands_for_everybody(sara):
    final = Finding("final.block", Level.BLOCK, "No.")
    assert enforce([final], user=sara, reason="but") == (final,)


def test_warnings_never_stand_in_the_way(ana):
    warned = Finding("date.old", Level.WARN, "Old.")
    assert enforce([warned], user=ana, reason="") == ()


def test_the_log_keeps_what_was_overridden_and_why(rita, lists):
    submission = sent(rita, tlp="red")
    found = red_into_public(lists)
    with transaction.atomic():
        reason = "the source agreed in writing"
        audit.append(*vetting.overridden(found, submission=submission, actor=ACTOR, reason=reason))
    kept = AuditEntry.objects.get(action="submission.override")
    assert kept.object_id == str(submission.pk)
    body = json.loads(kept.body)
    assert body["reason"] == "tlp.public: the source agreed in writing"
    assert (kept.actor, kept.tlp) == ("rita", "red")


def test_nothing_is_logged_where_nothing_was_overridden(rita):
    submission = sent(rita)
    assert vetting.overridden((), submission=submission, actor=ACTOR, reason="x") == ()


def test_blocks_say_in_a_sentence_what_to_do(lists):
    problem = vetting.Blocked(red_into_public(lists))
    assert "TLP:RED would become readable for strangers" in str(problem)
    assert "Choose a private dataset." in str(problem)
