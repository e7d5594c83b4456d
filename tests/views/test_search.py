"""Searching in /events/: what is found, by whom, and that it stands in no URL."""

import re
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from events.models import State, Submission
from events.services import search
from tests.vetting.support import sent

URL = "/events/"


@pytest.fixture
def people(as_ana, as_ben, as_rita, as_otto):
    return as_ana, as_ben, as_rita, as_otto


def found(client, q, **more):
    """The ids of the submissions that a search shows, in order."""
    answer = client.post(URL, {"q": q} | more)
    assert answer.status_code == 200
    return [submission.pk for submission in answer.context["submissions"]]


@pytest.mark.parametrize(
    ("stored", "typed"),
    [
        ("evil.example", "evil.example"),
        ("evil.example", "evil[.]example"),
        ("evil.example", " EVIL.example "),
        ("http://evil.example/a", "hxxp://evil[.]example/a"),
        ("192.0.2.1", "192[.]0[.]2[.]1"),
        ("d41d8cd98f00b204e9800998ecf8427e", "D41D8CD98F00B204E9800998ECF8427E"),
    ],
)
def test_a_whole_indicator_is_found(as_ana, ana, stored, typed):
    wanted, _ = sent(ana, stored), sent(ana, "other.example")
    assert found(as_ana, typed) == [wanted.pk]


def test_a_part_of_an_indicator_is_not(as_ana, ana):
    sent(ana, "evil.example")
    assert found(as_ana, "evil.exam") == []


def test_ids_of_submission_and_event_are_found(as_ana, ana):
    uuid = str(uuid4())
    wanted, _ = sent(ana, "a.example", event_uuid=uuid), sent(ana, "b.example")
    assert found(as_ana, str(wanted.pk)) == [wanted.pk]
    assert found(as_ana, str(wanted.pk).upper()) == [wanted.pk]
    assert found(as_ana, uuid) == [wanted.pk]


def test_words_of_the_text_are_found_in_any_order_and_case(as_ana, ana):
    wanted = sent(ana, "a.example", event="Phishing of accountants in October")
    sent(ana, "b.example", event="Phishing of lawyers")
    assert found(as_ana, "october phishing") == [wanted.pk]
    assert found(as_ana, "phishing % lawyers") == []


def test_words_are_looked_for_in_so_many_events_as_the_page_says(as_ana, ana, monkeypatch):
    monkeypatch.setattr(search, "WORDS_IN", 2)
    events = [sent(ana, f"{n}.example", event="Same words") for n in range(3)]
    assert set(found(as_ana, "same words")) == {event.pk for event in events[1:]}
    assert found(as_ana, "0.example") == [events[0].pk]
    assert f"the {search.WORDS_IN} events that changed last" in as_ana.get(URL).content.decode()


@pytest.mark.parametrize("way", ["a.example", "CANARY", "id", "uuid"])
def test_only_what_one_may_see_is_found(people, ana, way):
    as_ana, as_ben, as_rita, as_otto = people
    uuid = str(uuid4())
    columns = {"event": "CANARY", "event_uuid": uuid}
    red = sent(ana, "a.example", tlp="red", **columns)
    q = {"id": str(red.pk), "uuid": uuid}.get(way, way)
    assert found(as_ana, q) == found(as_rita, q) == found(as_otto, q) == [red.pk]
    assert found(as_ben, q) == []
    Submission.objects.filter(pk=red.pk).update(tlp="green", state=State.DRAFT)
    assert found(as_ana, q) == [red.pk]
    assert found(as_ben, q) == found(as_rita, q) == found(as_otto, q) == []


def test_filters_and_pages_work_inside_a_search(as_ana, ana, ben):
    events = [sent(ana, "a.example") for _ in range(52)]
    bens = sent(ben, "a.example")
    assert found(as_ana, "a.example", mine="1")[0] == events[-1].pk
    first = as_ana.post(URL, {"q": "a.example"})
    assert len(first.context["submissions"]) == 50
    assert first.context["submissions"][0].pk == bens.pk
    assert "a.example" not in "".join(
        line for line in first.content.decode().splitlines() if "href=" in line
    )
    rest = found(as_ana, "a.example", before=first.context["older"])
    assert rest == [event.pk for event in reversed(events[:3])]
    assert found(as_ana, "a.example", state="draft") == []


def test_searching_is_a_post_with_a_token_and_leaves_the_address_alone(as_ana, ana):
    sent(ana, "a.example", event="CANARY")
    page = as_ana.get(URL).content.decode()
    assert '<form class="filters" method="post"' in page
    assert 'id="id_q" name="q" type="search"' in page
    listed = as_ana.get(f"{URL}?q=nothing-like-it").content.decode()
    assert "CANARY" in listed
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(ana)
    assert strict.post(URL, {"q": "a.example"}).status_code == 403


def test_filtering_alone_goes_by_get(as_ana):
    answer = as_ana.post(URL, {"q": "", "state": "draft", "mine": "1", "csrfmiddlewaretoken": "x"})
    assert answer["Location"] == f"{URL}?state=draft&mine=1"


@pytest.mark.parametrize("q", ["\x00", "'; --", "%", "_", "x" * 6_000, "1" * 5_000, "…"])
def test_any_text_can_be_searched_for(as_ana, ana, q):
    sent(ana, "a.example", event="plain")
    assert found(as_ana, q) in ([], [Submission.objects.get().pk])


def test_what_was_searched_for_stands_in_its_box_as_text(as_ana):
    page = as_ana.post(URL, {"q": '"><script>x'}).content.decode()
    assert "<script>x" not in page
    assert "No events match." in page


def test_strangers_search_nothing(db, client):
    assert client.post(URL, {"q": "x"})["Location"].startswith("/accounts/login/")


@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite works it out by itself")
def test_a_later_page_begins_where_it_begins_and_not_at_the_newest(as_ana, ana):
    start = datetime(2026, 1, 1, tzinfo=UTC)
    times = [start + timedelta(minutes=number) for number in range(4_000)]
    Submission.objects.bulk_create(
        Submission(author=ana, author_name="ana", state="created", created_at=at, updated_at=at)
        for at in times
    )
    position = f"{times[2_000].isoformat()}_{UUID(int=7)}"
    with CaptureQueriesContext(connection) as asked:
        as_ana.get("/events/", {"state": "created", "before": position})
    # Another query finds which of the rows are there twice.
    (listed,) = [query["sql"] for query in asked if "LIMIT 51" in query["sql"]]
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE events_submission")
        cursor.execute(f"EXPLAIN {listed}".replace("%", "%%"))
        plan = "\n".join(row[0] for row in cursor.fetchall())
    assert re.search(r"Index Cond: .*updated_at <= ", plan), plan
