"""Seen before here: told to those who may see the other event, and to nobody else."""

import pytest
from django.urls import reverse

from events import vetting
from events.models import State, SubmissionIndicator

from .support import codes, entry, form, page_codes, payload, sent, vet

CANARY = "red-canary-7f3a.ru"


def seen(findings):
    return [finding for finding in findings if finding.code == "seen.here"]


def test_an_event_of_a_colleague_is_linked(ana, ben):
    other = sent(ben, "evil-site.ru")
    (found,) = vet(entry("EVIL-site[.]ru"), ana)[-1:]
    assert found.code == "seen.here"
    assert found.link == reverse("event_detail", args=[other.pk])
    assert found.field == ("indicators", 0)
    assert "ben" in found.link_text


def test_of_several_events_the_newest_is_linked_and_the_number_told(ana, ben):
    sent(ben, "evil-site.ru", "45.12.7.8")
    newest = sent(ana, "evil-site.ru")
    (found,) = vet(entry("evil-site.ru"), ana)
    assert found.link == reverse("event_detail", args=[newest.pk])
    assert "2 events" in found.message


def test_an_event_is_not_seen_before_itself(ana):
    mine = sent(ana, "evil-site.ru", state=State.REJECTED)
    assert vet(entry("evil-site.ru", submission_id=mine.pk), ana) == ()


@pytest.mark.parametrize(
    ("columns", "told"),
    [
        ({"tlp": "amber", "state": State.CREATED}, {"ana", "ben", "rita", "otto", "adam"}),
        ({"tlp": "amber", "state": State.READY}, {"ana", "ben", "rita", "otto", "adam"}),
        ({"tlp": "red", "state": State.CREATED}, {"ben", "rita", "otto"}),
        ({"tlp": "red", "state": State.REJECTED}, {"ben", "rita", "otto"}),
        ({"tlp": "amber", "state": State.DRAFT}, {"ben"}),
        ({"tlp": "red", "state": State.DRAFT}, {"ben"}),
        ({"tlp": "amber", "state": State.DISCARDED}, set()),
    ],
)
@pytest.mark.parametrize("who", ["ana", "ben", "rita", "otto", "adam"])
def test_roles_against_what_may_be_seen(request, ben, who, columns, told):
    sent(ben, CANARY, **columns)
    found = vet(entry(CANARY), request.getfixturevalue(who))
    assert bool(seen(found)) == (who in told)


def test_a_red_event_leaves_no_trace_on_the_page(as_ana, ben):
    before = as_ana.post("/events/check/", form(CANARY)).content
    hidden = sent(ben, CANARY, tlp="red")
    answer = as_ana.post("/events/check/", form(CANARY))
    assert answer.content == before
    assert str(hidden.pk) not in answer.content.decode()


def test_a_red_event_does_not_count_among_others(ana, ben):
    shown = sent(ben, CANARY)
    sent(ben, CANARY, tlp="red")
    (found,) = vet(entry(CANARY), ana)
    assert "an event here" in found.message
    assert found.link == reverse("event_detail", args=[shown.pk])


def test_who_may_see_red_sees_it_on_the_page(as_rita, ben):
    hidden = sent(ben, CANARY, tlp="red")
    answer = as_rita.post("/events/check/", form(CANARY))
    assert page_codes(answer) == ["seen.here"]
    assert str(hidden.pk) in answer.content.decode()


def test_freezing_again_forgets_what_is_no_longer_there(ana):
    mine = sent(ana, "first-site.ru", "second-site.ru")
    vetting.remember(mine, payload("second-site.ru", "third-site.ru"), is_new=False)
    assert codes(vet(entry("first-site.ru"), ana)) == []
    assert codes(vet(entry("second-site.ru"), ana)) == ["seen.here"]
    assert codes(vet(entry("third-site.ru"), ana)) == ["seen.here"]


def test_remembering_is_one_insert_however_often_a_value_stands_there(
    ana, django_assert_num_queries
):
    mine = sent(ana)
    with django_assert_num_queries(1):
        vetting.remember(mine, payload("a-site.ru", "A-SITE.ru", "b-site.ru"), is_new=True)
    assert SubmissionIndicator.objects.count() == 2


@pytest.mark.parametrize("rows", [1, 5, 400])
def test_the_queries_do_not_grow_with_the_rows(ana, ben, rows, django_assert_num_queries):
    values = [f"site-{number}.ru" for number in range(rows)]
    sent(ben, *values)
    ana.has_perms(["events.view_submission", "events.view_red"])
    vet(entry(*values), ana)
    with django_assert_num_queries(1):
        found = vet(entry(*values), ana)
    assert len(seen(found)) == rows
