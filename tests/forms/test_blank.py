"""The blank form: what it offers, in which order, and what is never shared between people."""

import re
from datetime import UTC, datetime

from django.contrib.auth.models import User
from django.test import Client

from events.models import ReferenceList
from events.payload import COUNTRIES
from tests.forms.support import EXAMPLE, NEW, Page


def test_sections_and_fields_stand_in_the_order_of_the_design(as_ana):
    page = Page(as_ana.get(NEW))
    names = [e.attrs["name"] for e in page.all if "name" in e.attrs and e.tag != "meta"]
    wanted = "category date event insight indicator_text attacker attacker_country"
    wanted += " target_industry target_country raw_data raw_source raw_tlp"
    wanted += " source_id account_id source_title tlp dataset_id tags"
    assert [name for name in dict.fromkeys(names) if name in wanted.split()] == wanted.split()
    headings = [e.text for e in page.tags("h2")]
    sections = ["What happened", "Indicators", "Who and whom", "Raw data"]
    sections += ["Where it comes from", "Handling"]
    assert headings[:6] == sections
    assert "As it will be sent" in headings


def test_every_field_has_a_visible_or_spoken_label(as_ana):
    page = Page(as_ana.get(NEW))
    labelled = {e.attrs.get("for") for e in page.tags("label")}
    for element in page.all:
        if element.tag in {"select", "textarea"} or element.attrs.get("type") == "text":
            assert element.attrs["id"] in labelled or element.attrs.get("aria-label"), element


def test_tlp_has_no_default_and_tells_what_each_label_means(as_ana):
    page = Page(as_ana.get(NEW))
    radios = page.tags("input", type="radio")
    assert [r.attrs["value"] for r in radios] == ["clear", "green", "amber", "amber+strict", "red"]
    assert not [r for r in radios if "checked" in r.attrs]
    meanings = [page.id(r.attrs["aria-describedby"]).text for r in radios]
    assert meanings[2] == "TLP:AMBER: Need-to-know, within the organisation and its clients."
    assert len(set(meanings)) == 5


def test_countries_are_all_of_iso_3166_by_name_and_code(as_ana):
    options = Page(as_ana.get(NEW)).id("id_target_country").inside
    assert len(options) == len(COUNTRIES) + 1
    (germany,) = [o for o in options if o.attrs["value"] == "DE"]
    assert germany.text == "Germany (DE)"


def test_what_is_required_is_said_to_people_and_to_machines(as_ana):
    page = Page(as_ana.get(NEW))
    required = {
        e.attrs["name"] for e in page.all if "aria-required" in e.attrs and "name" in e.attrs
    }
    assert required == {"category", "date", "event"}
    assert page.id("id_tlp").attrs["aria-required"] == "true"
    optional = [e.text for e in page.tags("label") if "optional" in e.text]
    assert "Insight optional" in optional
    assert not [text for text in optional if text.startswith(("Category", "When", "Event"))]


def test_built_in_lists_say_that_they_are(as_ana):
    assert "built-in lists: never fetched from the API" in as_ana.get(NEW).content.decode()


def test_fetched_lists_are_offered_with_their_age(as_ana):
    fetched_at = datetime(2026, 11, 23, 11, 58, tzinfo=UTC)
    ReferenceList.objects.create(name="industries", items='["Space"]', fetched_at=fetched_at)
    page = Page(as_ana.get(NEW))
    assert "lists from 23 Nov 2026, 11:58 UTC" in page.html
    assert [o.text for o in page.id("id_target_industry").inside] == ["Not known", "Space"]


def test_each_form_has_a_token_of_its_own(as_ana):
    tokens = {Page(as_ana.get(NEW)).value("form_token") for _ in range(3)}
    assert len(tokens) == 3


def test_two_people_share_neither_name_nor_tokens(as_ana, as_ben):
    for _ in range(2):
        anas, bens = as_ana.get(NEW).content.decode(), as_ben.get(NEW).content.decode()
        assert ">ana<" in anas
        assert ">ana<" not in bens
        assert ">ben<" in bens
        tokens = re.compile(r'csrfmiddlewaretoken" value="(\w{64})"')
        assert not set(tokens.findall(anas)) & set(tokens.findall(bens))


def test_a_name_cannot_break_out_of_the_page(db):
    user = User.objects.create_superuser('"><script>x</script>')
    client = Client()
    client.force_login(user)
    assert "<script>x" not in client.get(NEW).content.decode()


def test_rights_decide_what_the_header_links_to(as_ana, as_adam):
    assert ">Audit</a>" in as_adam.get(NEW).content.decode()
    assert ">Audit</a>" not in as_ana.get(NEW).content.decode()


def test_a_message_is_shown_once(as_ana):
    saved = as_ana.post(NEW, {"action": "save", "form_token": EXAMPLE["form_token"]})
    assert saved.status_code == 302
    assert "Draft saved" in as_ana.get(NEW).content.decode()
    assert "Draft saved" not in as_ana.get(NEW).content.decode()


def test_the_csrf_token_of_the_page_is_accepted(ana):
    client = Client(enforce_csrf_checks=True)
    client.force_login(ana)
    page = Page(client.get(NEW))
    token = page.value("csrfmiddlewaretoken")
    assert client.post(NEW, {"csrfmiddlewaretoken": token}).status_code == 200
    assert client.post(NEW, {"csrfmiddlewaretoken": "x" * 64}).status_code == 403


def test_the_sandbox_is_named_on_the_page(as_ana):
    assert "Nothing reaches Cloudflare" in as_ana.get(NEW).content.decode()
