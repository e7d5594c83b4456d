"""Seen at Cloudflare: judged by the sandbox's ledger and the requests that it got."""

import json
import time
from urllib.parse import parse_qs, urlsplit

import pytest

from events.vetting import looks

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
    values = [
        parse_qs(urlsplit(r.target).query).get("search.value", [""])[0] for r in lists(sandbox)
    ]
    return sorted(value for value in values if len(value) != 32)


def lists(sandbox):
    return [request for request in sandbox.requests if request.method == "GET"]


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
    sandbox.behave("list", behaviour)
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
    values = [f"site-{number}.ru" for number in range(40)]
    answer = as_ana.post(URL, form(*values, tlp="amber"))
    assert asked(sandbox) == sorted(values[:5])
    assert len(lists(sandbox)) == 6
    assert "The first 5 of 40 values were looked up" in answer.content.decode()


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
