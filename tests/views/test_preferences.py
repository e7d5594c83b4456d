"""/accounts/preferences/: what a person chooses, and where it shows."""

from datetime import UTC, datetime

import pytest
from django.test import Client

from events.models import Preferences, ReferenceList, Submission
from tests.conftest import PASSWORD
from tests.forms.support import NEW, Page, press
from tests.vetting.support import sent

URL = "/accounts/preferences/"
KYIV = {"dataset_id": "", "time_zone": "Europe/Kyiv", "theme": "dark"}
DATASETS = (
    '[{"uuid": "11111111-1111-4111-8111-111111111111", "name": "Ours", "is_public": false, '
    '"writable": true}, {"uuid": "22222222-2222-4222-8222-222222222222", "name": "Read", '
    '"is_public": true, "writable": false}]'
)
OURS = "11111111-1111-4111-8111-111111111111"


def theme(page):
    return page.tags("html")[0].attrs.get("data-theme", "")


@pytest.fixture
def datasets(db):
    ReferenceList.objects.create(name="datasets", items=DATASETS, fetched_at=datetime.now(UTC))


def test_choices_are_kept_and_shown_again(as_ana, ana):
    answer = as_ana.post(URL, KYIV)
    assert answer["Location"] == URL
    page = Page(as_ana.get(URL))
    assert {name: page.value(name) for name in KYIV} == KYIV
    stored = Preferences.objects.get(user=ana)
    assert (stored.time_zone, stored.theme) == ("Europe/Kyiv", "dark")


def test_the_next_sign_in_knows_them(as_ana, client):
    as_ana.post(URL, KYIV)
    client.post("/accounts/login/", {"username": "ana", "password": PASSWORD})
    assert theme(Page(client.get("/"))) == "dark"


@pytest.mark.parametrize(
    "changes",
    [{"time_zone": "Mars/Olympus"}, {"theme": '"><script>'}, {"dataset_id": "nowhere"}],
)
def test_what_is_not_offered_is_refused(as_ana, changes):
    page = Page(as_ana.post(URL, KYIV | changes))
    assert page.status == 200
    assert "Nothing was saved" in page.html
    assert not Preferences.objects.exists()


def test_the_theme_is_on_every_page_and_each_persons_own(as_ana, as_ben, sandbox):
    as_ana.post(URL, KYIV)
    for path in ("/", NEW, "/events/", URL):
        as_ana.get(path)
        assert theme(Page(as_ana.get(path))) == "dark"
        assert theme(Page(as_ben.get(path))) in {"", "system"}
    as_ana.post(URL, KYIV | {"theme": "light"})
    assert theme(Page(as_ana.get(NEW))) == "light"
    as_ana.post(URL, KYIV | {"theme": ""})
    assert theme(Page(as_ana.get(NEW))) in {"", "system"}
    assert theme(Page(as_ana.get(NEW))) == "system"


def test_the_blank_form_proposes_ones_own_dataset(as_ana, as_ben, datasets):
    as_ana.post(URL, KYIV | {"dataset_id": OURS})
    for _ in range(2):
        assert Page(as_ana.get(NEW)).value("dataset_id") == OURS
        assert Page(as_ben.get(NEW)).value("dataset_id") == ""


def test_a_dataset_that_takes_no_events_is_not_offered(as_ana, datasets):
    options = [o.attrs["value"] for o in Page(as_ana.get(URL)).id("id_dataset_id").inside]
    assert options == ["", OURS]


def test_local_time_stands_beside_utc(as_ana, as_ben, ana):
    submission = sent(ana, "a.example")
    at = datetime(2026, 7, 1, 22, 30, 0, tzinfo=UTC)
    Submission.objects.update(updated_at=at, created_at=at)
    as_ana.post(URL, KYIV)
    listed = as_ana.get("/events/").content.decode()
    assert "2026-07-01 22:30<" in listed
    assert ">07-02 01:30 EEST<" in listed
    detail = as_ana.get(f"/events/{submission.pk}/").content.decode()
    assert "2026-07-01 22:30:00 UTC (2026-07-02 01:30 EEST)" in detail
    assert "EEST" not in as_ben.get("/events/").content.decode()


def test_the_preview_shows_the_event_by_both_clocks(as_ana):
    as_ana.post(URL, KYIV)
    html = press(as_ana, date="2026-07-01 22:30").html
    assert "When: 2026-07-01 22:30:00 UTC, 2026-07-02 01:30:00 EEST" in html


def test_a_time_without_a_zone_is_utc_whatever_is_shown(as_ana):
    as_ana.post(URL, KYIV)
    assert '"2026-07-01T22:30:00Z"' in press(as_ana, date="2026-07-01 22:30").tags("pre")[0].text


def test_the_forms_head_and_its_scripts_know_the_clock(as_ana, as_ben):
    at = datetime(2026, 7, 1, 22, 30, tzinfo=UTC)
    ReferenceList.objects.create(name="industries", items='["Space"]', fetched_at=at)
    as_ana.post(URL, KYIV)
    as_ana.get(NEW)
    anas, bens = (client.get(NEW).content.decode() for client in (as_ana, as_ben))
    assert "lists from 1 Jul 2026, 22:30 UTC (01:30 EEST)" in anas
    assert 'data-time-zone="Europe/Kyiv"' in anas
    assert "EEST" not in bens
    assert 'data-time-zone=""' in bens


def test_the_blank_form_asks_the_database_no_more_than_before(as_ana, django_assert_num_queries):
    as_ana.post(URL, KYIV)
    as_ana.get(NEW)
    as_ana.get(NEW)
    # Session, user, rights.
    with django_assert_num_queries(3):
        as_ana.get(NEW)


@pytest.mark.parametrize("who", ["ana", "rita", "otto", "adam"])
def test_everybody_has_preferences(request, who):
    client = request.getfixturevalue(f"as_{who}")
    assert client.get(URL).status_code == 200
    assert client.post(URL, KYIV).status_code == 302


def test_strangers_are_sent_to_sign_in_and_forms_need_their_token(db, ana, client):
    assert client.get(URL)["Location"].startswith("/accounts/login/")
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(ana)
    assert strict.post(URL, KYIV).status_code == 403
