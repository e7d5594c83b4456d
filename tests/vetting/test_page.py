"""POST /events/check/: the panel, for whom, at what cost, and that nothing is kept or sent."""

import time

import pytest

from events.models import AuditEntry, FormToken, KnownValue, Submission, SubmissionIndicator

from .hostile import HOSTILE
from .support import form, page_codes, sent

URL = "/events/check/"
FIVE = ("evil-site.ru", "45.12.7.8", "https://evil-site.ru/a", "10.0.0.1", "8.8.8.8")


def counts():
    tables = (Submission, SubmissionIndicator, FormToken, AuditEntry, KnownValue)
    return [table.objects.count() for table in tables]


def test_a_form_is_answered_with_what_to_look_at(as_ana, lists):
    answer = as_ana.post(
        URL, form(*FIVE, tlp="red", raw_tlp="green", date="2035-01-01 00:00", category="Fishing")
    )
    assert page_codes(answer) == [
        "tlp.public",
        "address.private",
        "benign.resolver",
        "category.unlisted",
        "date.future",
        "raw_tlp.weaker",
    ]
    html = answer.content.decode()
    assert "1 to settle before sending, 5 to look at" in html
    assert 'href="#id_indicators-3-value">Row 4</a>' in html
    assert '<a href="#id_date">When</a>: ' in html
    assert '<a href="#id_raw_tlp">TLP of the raw data</a>: ' in html
    assert "<html" not in html


def test_a_form_without_trouble_says_so(as_ana, lists):
    answer = as_ana.post(URL, form("evil-site.ru", tlp="amber", category="Phishing"))
    assert "Nothing to look at" in answer.content.decode()
    assert page_codes(answer) == []


def test_a_form_that_is_half_written_is_checked_as_far_as_it_goes(as_ana):
    answer = as_ana.post(URL, form("10.0.0.1", date="yester", tlp="purple", raw_data="{"))
    assert page_codes(answer) == ["address.private"]
    assert as_ana.post(URL).status_code == 200


@pytest.mark.parametrize("value", HOSTILE)
def test_no_value_makes_a_500(as_ana, value):
    sendable = value.encode(errors="replace").decode()
    texts = dict.fromkeys(("date", "tlp", "raw_tlp", "category", "dataset_id"), sendable)
    answer = as_ana.post(URL, form(sendable, kind=sendable, **texts))
    assert answer.status_code == 200
    assert b"<script>" not in answer.content


def test_the_field_for_a_reason_is_for_those_who_may_override(as_ana, as_rita, lists):
    posted = form(tlp="red", override_reason="the <source> agreed")
    assert "override_reason" not in as_ana.post(URL, posted).content.decode()
    html = as_rita.post(URL, posted).content.decode()
    assert 'name="override_reason"' in html
    assert "the &lt;source&gt; agreed</textarea>" in html


def test_many_findings_of_a_kind_are_told_once(as_ana):
    answer = as_ana.post(URL, form(*(f"10.0.0.{number}" for number in range(60))))
    assert page_codes(answer) == ["address.private"]
    assert "and 50 more like this" in answer.content.decode()
    assert "60 to look at" in answer.content.decode()


@pytest.mark.parametrize(
    ("who", "status"), [("ana", 200), ("rita", 200), ("otto", 403), ("adam", 403)]
)
@pytest.mark.parametrize("url", [URL, "/events/check/cloudflare/"])
def test_who_may_ask(request, who, status, url):
    assert request.getfixturevalue(f"as_{who}").post(url, form()).status_code == status


@pytest.mark.parametrize("url", [URL, "/events/check/cloudflare/"])
def test_looking_at_the_page_asks_nothing(as_ana, client, url):
    assert as_ana.get(url).status_code == 405
    stranger = client.post(url, form("10.0.0.1", tlp="amber"))
    assert stranger.status_code in {302, 401}
    assert b"data-code" not in stranger.content


def test_a_check_keeps_nothing_and_sends_nothing(as_ana, ben, sandbox):
    sent(ben, *FIVE)
    before = counts()
    as_ana.post(URL, form(*FIVE, tlp="amber"))
    assert counts() == before
    assert sandbox.requests == []


def test_an_event_is_not_told_of_itself_while_it_is_edited(as_ana, ana):
    mine = sent(ana, "evil-site.ru", state="rejected")
    assert page_codes(as_ana.post(URL, form("evil-site.ru"))) == ["seen.here"]
    assert page_codes(as_ana.post(f"/events/{mine.pk}/check/", form("evil-site.ru"))) == []


@pytest.mark.parametrize("rows", [5, 300])
def test_the_queries_do_not_grow_with_the_rows(as_ana, ben, rows, django_assert_max_num_queries):
    values = [f"site-{number}.ru" for number in range(rows)]
    sent(ben, *values)
    as_ana.post(URL, form(*values))
    # Session, user, rights, and the earlier events; each second also the lists and known values.
    with django_assert_max_num_queries(6):
        as_ana.post(URL, form(*values))


def test_a_thousand_indicators_are_checked_within_seconds(as_ana, ben):
    values = [f"host-{number}.site-{number % 50}.ru" for number in range(1_000)]
    sent(ben, *values)
    start = time.perf_counter()
    answer = as_ana.post(URL, form(*values))
    assert time.perf_counter() - start < 5
    assert "1000 to look at" in answer.content.decode()
