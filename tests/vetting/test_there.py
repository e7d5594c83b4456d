"""Seen at Cloudflare: judged by the sandbox's ledger and the requests that it got."""

import json
import time
from urllib.parse import parse_qs, urlsplit
from uuid import uuid4

import pytest

from events.models import State
from events.outbox import gate
from events.vetting import looks
from tests.servers import MisbehavingServer, reply

from .support import form, page_codes, payload, sent

URL = "/events/check/cloudflare/"
VALUE = "evil-site.ru"


@pytest.fixture(autouse=True)
def _soon(monkeypatch, sandbox):
    """A look that is given up soon, so that the tests are quick."""
    monkeypatch.setattr(looks, "DEADLINE", 0.5)
    looks._client.cache_clear()
    yield
    looks._client.cache_clear()


def there(*values, **changes):
    """An event at Cloudflare that somebody else made."""
    return looks.client().create_event(payload(*values, **changes).to_bytes()).uuid


def asked(sandbox):
    """The values that were looked up, the nonsense that tests the filter aside."""
    values = {
        value
        for request in lists(sandbox)
        for each in conditions(request)
        for value in (each["value"] if isinstance(each["value"], list) else [each["value"]])
    }
    return sorted(value for value in values if len(value) != 32)


def conditions(request):
    text = parse_qs(urlsplit(request.target).query).get("search", ["[]"])[0]
    return json.loads(request.body)["search"] if request.method == "POST" else json.loads(text)


def lists(sandbox):
    return [r for r in sandbox.requests if not urlsplit(r.target).path.endswith("/create")]


def test_what_is_there_is_told(as_ana, sandbox):
    there(VALUE)
    answer = as_ana.post(URL, form(VALUE, "45.12.7.8", tlp="amber"))
    assert page_codes(answer) == ["seen.there"]
    assert "evil-site.ru is in an event at Cloudflare" in answer.content.decode()


def test_the_second_indicator_of_an_event_is_found_too(as_ana, sandbox):
    there("first-site.ru", VALUE)
    assert page_codes(as_ana.post(URL, form(VALUE, tlp="amber"))) == ["seen.there"]


def test_what_is_not_there_is_told_honestly(as_ana, sandbox):
    answer = as_ana.post(URL, form(VALUE, tlp="amber"))
    assert page_codes(answer) == ["there.none"]


@pytest.mark.parametrize(
    "behaviour", ["hang-before", "drop-before", "500-before", "429", "403", "html-200"]
)
def test_trouble_is_said_within_the_deadline(as_ana, sandbox, behaviour):
    sandbox.behave("all", behaviour)
    start = time.perf_counter()
    answer = as_ana.post(URL, form(VALUE, "45.12.7.8", tlp="amber"))
    assert time.perf_counter() - start < 5
    assert page_codes(answer) == ["there.unknown"]
    assert "could not look" in answer.content.decode()


def test_an_api_that_ignores_the_filter_is_not_believed(as_ana, sandbox):
    there("other-site.ru")
    sandbox.behave("list", "ignore-filters")
    assert page_codes(as_ana.post(URL, form(VALUE, tlp="amber"))) == ["there.unknown"]
    there("third-site.ru")
    assert page_codes(as_ana.post(URL, form("third-site.ru", tlp="amber"))) == ["seen.there"]


def test_answers_are_kept_nothing_and_failures_too(as_ana, sandbox):
    as_ana.post(URL, form(VALUE, tlp="amber"))
    number = len(lists(sandbox))
    as_ana.post(URL, form(VALUE, tlp="amber"))
    assert len(lists(sandbox)) == number
    sandbox.behave("list", "500-before")
    as_ana.post(URL, form("broken-site.ru", tlp="amber"))
    number = len(lists(sandbox))
    as_ana.post(URL, form("broken-site.ru", tlp="amber"))
    assert len(lists(sandbox)) == number


def test_a_look_is_bounded_in_number_and_says_so(as_ana, sandbox):
    values = [f"site-{number}.ru" for number in range(140)]
    there("site-7.ru")
    answer = as_ana.post(URL, form(*values, tlp="amber"))
    assert page_codes(answer) == ["seen.there", "there.more"]
    assert asked(sandbox) == sorted(values[:100])
    assert len(lists(sandbox)) == 3
    assert "The first 100 of 140 values were looked up" in answer.content.decode()


def test_very_long_values_take_several_requests_and_a_bound(as_ana, sandbox):
    values = ["ü" * 500 + str(number) for number in range(40)]
    there(values[0])
    answer = as_ana.post(URL, form(*values, tlp="amber"))
    assert page_codes(answer) == ["seen.there", "there.more"]
    assert len(lists(sandbox)) == 9
    assert max(len(request.target) for request in lists(sandbox)) < 16_000


def test_the_values_stand_in_no_other_address_than_that_of_the_indicators(as_ana, sandbox):
    there(VALUE)
    as_ana.post(URL, form(VALUE, tlp="amber"))
    addresses = {
        urlsplit(r.target).path.rsplit("/", 1)[-1] for r in sandbox.requests if VALUE in r.target
    }
    assert addresses == {"indicators"}


@pytest.mark.parametrize("status", [400, 403, 404, 405, 501])
def test_where_no_indicators_are_listed_the_events_are_asked_one_by_one(as_ana, api_at, status):
    def script(peer, request):
        if "/indicators" in request.target:
            return reply(status, b"{}")(peer, request)
        wanted = json.loads(request.body)["search"][0]
        # An event of several indicators, of which it shows another one.
        event = {"uuid": "e", "tlp": "amber", "indicator": "first-site.ru", "date": "2026-11-01"}
        found = [event] if wanted == {"field": "indicator", "op": "equals", "value": VALUE} else []
        return reply(200, json.dumps(found).encode())(peer, request)

    values = [VALUE, *(f"site-{number}.ru" for number in range(9))]
    with MisbehavingServer(script) as server:
        api_at(f"{server.url}/client/v4")
        answer = as_ana.post(URL, form(*values, tlp="amber"))
        assert len(server.requests) == 8
    assert page_codes(answer) == ["seen.there", "there.more"]
    assert "The first 5 of 10 values were looked up" in answer.content.decode()
    assert gate.closed() is None


@pytest.mark.parametrize("operation", ["list", "indicators"])
def test_an_incomplete_answer_proves_nothing(as_ana, sandbox, operation):
    sandbox.behave(operation, "incomplete")
    answer = as_ana.post(URL, form(VALUE, tlp="amber"))
    assert page_codes(answer) == ["there.incomplete"]
    assert "not found proves nothing" in answer.content.decode()
    sandbox.behave(operation, "complete")
    there("seen-site.ru")
    assert page_codes(as_ana.post(URL, form("seen-site.ru", tlp="amber"))) == ["seen.there"]


@pytest.mark.parametrize("operation", ["list", "indicators"])
def test_if_one_list_fails_the_other_still_tells_what_it_has(as_ana, sandbox, operation):
    there(VALUE)
    sandbox.behave(operation, "500-before")
    answer = as_ana.post(URL, form(VALUE, "other-site.ru", tlp="amber"))
    assert page_codes(answer) == ["seen.there", "there.unknown"]
    assert "other-site.ru: could not look" in answer.content.decode()


def test_indicators_that_were_not_asked_for_are_not_believed(as_ana, sandbox):
    there("other-site.ru")
    sandbox.behave("indicators", "ignore-filters")
    assert page_codes(as_ana.post(URL, form(VALUE, tlp="amber"))) == ["there.unknown"]
    there(VALUE)
    looks.cache.clear()
    assert page_codes(as_ana.post(URL, form(VALUE, tlp="amber"))) == ["seen.there"]


@pytest.mark.parametrize("label", ["RED", "PURPLE", "purple", "", "secret"])
@pytest.mark.parametrize("events", [[], [{"datasetId": "d", "eventId": "e"}]])
def test_an_event_that_only_its_indicator_names_follows_the_indicators_label(
    as_ana, as_rita, api_at, label, events
):
    with MisbehavingServer(puppet(label, events)) as server:
        api_at(f"{server.url}/client/v4")
        assert page_codes(as_ana.post(URL, form(VALUE, tlp="amber"))) == ["there.none"]
        answer = as_rita.post(URL, form(VALUE, tlp="amber"))
    assert page_codes(answer) == ["seen.there"]
    assert ("in an event" in answer.content.decode()) is bool(events)


@pytest.mark.parametrize("label", ["CLEAR", "white", "AMBER-STRICT", "amber+strict"])
def test_an_event_of_an_indicator_that_is_not_red_is_told(as_ana, api_at, label):
    with MisbehavingServer(puppet(label, [{"datasetId": "d", "eventId": "e"}])) as server:
        api_at(f"{server.url}/client/v4")
        answer = as_ana.post(URL, form(VALUE, tlp="amber"))
    assert page_codes(answer) == ["seen.there"]
    assert "is in an event at Cloudflare." in answer.content.decode()


@pytest.mark.parametrize("own", ["red", "amber"])
def test_of_an_event_that_both_lists_show_its_own_label_counts(as_ana, api_at, own):
    event = {"uuid": "e", "tlp": own, "indicator": VALUE, "date": "2026-11-01", "category": "x"}
    label = {"red": "GREEN", "amber": "RED"}[own]
    with MisbehavingServer(puppet(label, [{"eventId": "e"}], [event])) as server:
        api_at(f"{server.url}/client/v4")
        answer = as_ana.post(URL, form(VALUE, tlp="amber"))
    assert page_codes(answer) == [{"red": "there.none", "amber": "seen.there"}[own]]


def test_a_red_event_that_shows_another_indicator_is_red_all_the_same(as_ana, as_rita, api_at):
    related = [{"eventId": "open"}, {"eventId": "hidden", "eventDate": "2026-11-02"}]
    event = {"uuid": "hidden", "tlp": "red", "indicator": "other-site.ru", "date": "2026-11-02"}
    with MisbehavingServer(puppet("AMBER", related, [event])) as server:
        api_at(f"{server.url}/client/v4")
        html = as_ana.post(URL, form(VALUE, tlp="amber")).content.decode()
        assert "in an event at Cloudflare." in html
        assert "in 2 events" in as_rita.post(URL, form(VALUE, tlp="amber")).content.decode()


@pytest.mark.parametrize("state", [State.DUPLICATED, State.UNKNOWN])
def test_our_own_red_event_is_ours_by_each_of_its_uuids(as_ana, as_rita, ben, api_at, state):
    uuids = [str(uuid4()), str(uuid4())]
    hidden = sent(ben, VALUE, tlp="red", state=state, found=json.dumps(uuids))
    with MisbehavingServer(puppet("AMBER", [{"eventId": each} for each in uuids])) as server:
        api_at(f"{server.url}/client/v4")
        assert page_codes(as_ana.post(URL, form(VALUE, tlp="amber"))) == ["there.none"]
        html = as_rita.post(URL, form(VALUE, tlp="amber")).content.decode()
    assert "in 2 events" in html
    assert f"/events/{hidden.pk}/" in html


@pytest.mark.parametrize("status", [400, 403, 429, 500])
def test_what_the_api_says_of_one_persons_values_is_told_to_nobody(as_ana, as_ben, api_at, status):
    def echo(peer, request):
        said = {"success": False, "errors": [{"message": f"bad value in {request.target}"}]}
        return reply(status, json.dumps(said).encode())(peer, request)

    with MisbehavingServer(echo) as server:
        api_at(f"{server.url}/client/v4")
        mine = as_ana.post(URL, form("anas-draft.ru", VALUE, tlp="amber")).content.decode()
        html = as_ben.post(URL, form(VALUE, tlp="amber")).content.decode()
    assert "could not look" in html
    assert "anas-draft.ru" not in html
    assert "bad value" not in mine


def test_what_is_hidden_does_not_show_by_what_is_not_said(as_ana, sandbox):
    """A value whose events are all hidden is as unknown as one that is not there."""
    there(VALUE, tlp="red")
    sandbox.behave("list", "ignore-filters")
    answer = as_ana.post(URL, form(VALUE, "other-site.ru", tlp="amber"))
    html = answer.content.decode()
    assert f"{VALUE}: could not look" in html
    assert "other-site.ru: could not look" in html


def puppet(label, related, events=()):
    """An API that holds one indicator with that label, and those events."""

    def script(peer, request):
        if "/indicators" in request.target:
            held = {"value": VALUE, "tlp": label, "relatedEvents": related}
            return reply(200, json.dumps({"indicators": [held]}).encode())(peer, request)
        is_control = json.loads(request.body)["search"][0]["op"] == "equals"
        found = [] if is_control else list(events)
        return reply(200, json.dumps(found).encode())(peer, request)

    return script


@pytest.mark.parametrize(
    ("texts", "code"),
    [
        ({"tlp": "red"}, "there.red"),
        ({"tlp": "amber", "raw_tlp": "red"}, "there.red"),
        ({"tlp": ""}, "there.no_label"),
        ({"tlp": "purple"}, "there.no_label"),
    ],
)
def test_red_and_unmarked_values_do_not_leave(as_ana, sandbox, texts, code):
    assert page_codes(as_ana.post(URL, form(VALUE, **texts))) == [code]
    assert lists(sandbox) == []


def test_the_plain_check_does_not_look_there(as_ana, sandbox):
    as_ana.post("/events/check/", form(VALUE, tlp="amber"))
    assert lists(sandbox) == []


def test_a_red_event_there_is_for_those_who_may_see_red(as_ana, as_rita, sandbox):
    uuid = there(VALUE, tlp="red")
    answer = as_ana.post(URL, form(VALUE, tlp="amber"))
    assert page_codes(answer) == ["there.none"]
    assert uuid not in answer.content.decode()
    assert page_codes(as_rita.post(URL, form(VALUE, tlp="amber"))) == ["seen.there"]


def test_our_own_event_there_follows_our_own_rule(as_ana, as_rita, ben, sandbox):
    """The label there may be weaker by now than the one that it was sent with."""
    uuid = there(VALUE, tlp="amber")
    hidden = sent(ben, VALUE, tlp="red", event_uuid=uuid)
    assert page_codes(as_ana.post(URL, form(VALUE, tlp="amber"))) == ["there.none"]
    answer = as_rita.post(URL, form(VALUE, tlp="amber"))
    assert page_codes(answer) == ["seen.there"]
    assert f"/events/{hidden.pk}/" in answer.content.decode()


def test_a_long_value_is_not_put_into_a_url(as_ana, sandbox):
    answer = as_ana.post(URL, form("x" * 600, tlp="amber"))
    assert page_codes(answer) == ["there.unknown"]
    assert asked(sandbox) == []


def test_a_defanged_value_is_looked_up_as_it_is(as_ana, sandbox):
    there(VALUE)
    assert page_codes(as_ana.post(URL, form("evil-site[.]ru", tlp="amber"))) == ["seen.there"]


def test_nothing_is_looked_up_while_the_rate_limit_is_used_up(as_ana, sandbox):
    sandbox.behave("list", "429", seconds=60)
    as_ana.post(URL, form(VALUE, tlp="amber"))
    number = len(lists(sandbox))
    answer = as_ana.post(URL, form("other-site.ru", tlp="amber"))
    assert page_codes(answer) == ["there.unknown"]
    assert len(lists(sandbox)) == number


def test_the_token_is_not_in_the_answer(as_ana, sandbox, settings):
    sandbox.behave("list", "401")
    html = as_ana.post(URL, form(VALUE, tlp="amber")).content.decode()
    assert settings.CLOUDFLARE.token not in json.dumps(html)
