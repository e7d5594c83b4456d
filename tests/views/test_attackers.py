"""Attackers are offered by every name that the lists of the API give them."""

import json

from django.utils import timezone

from events import reference, services
from events.models import ReferenceList
from events.outbox import gate
from events.outbox.api import Api
from events.reference import Attacker
from tests.cloudflare.support import envelope
from tests.forms.support import NEW, Page
from tests.servers import MisbehavingServer, reply

APT28 = {"name": "APT28", "aliases": ["Fancy Bear", "Sofacy"]}


def keep(**lists):
    for name, items in lists.items():
        ReferenceList.objects.update_or_create(
            name=name, defaults={"items": json.dumps(items), "fetched_at": timezone.now()}
        )
    reference.forget()


def offered(client):
    """Name and other names of each option, and whether there are more than these."""
    page = Page(client.get(NEW))
    options = [e for e in page.id("attackers").inside if e.tag == "option"]
    names = {e.attrs["value"]: e.attrs.get("data-hint", "") for e in options}
    return names, "data-more" in page.id("attackers").attrs


def test_names_in_use_and_the_catalogue_are_one_list(as_ana):
    keep(attackers=["apt28", "Local Gang"], actors=[APT28, {"name": "Turla", "aliases": []}])
    names, has_more = offered(as_ana)
    assert names == {"apt28": "Fancy Bear · Sofacy", "Local Gang": "", "Turla": ""}
    assert not has_more


def test_without_a_catalogue_the_names_in_use_are_offered(as_ana):
    keep(attackers=["Local Gang"])
    assert offered(as_ana) == ({"Local Gang": ""}, False)


def test_the_catalogue_is_fetched_with_its_other_names(db, sandbox):
    from_api = {each.name: each.items for each in reference.refresh(services.client())}
    assert from_api["actors"] > 10
    found = {each.name: each for each in reference.load().attackers}
    assert found["APT28"] == Attacker(
        "APT28", ("Fancy Bear", "Sofacy", "Forest Blizzard", "STRONTIUM")
    )
    assert "UAC-0149" in found["Flying Yeti"].aliases


def test_an_api_without_the_catalogue_keeps_the_other_lists(db, sandbox):
    sandbox.behave("actors", "403")
    api = Api(services.client())
    from_api = {each.name: each for each in reference.refresh(api.client, api.ask)}
    assert "HTTP 403" in from_api["actors"].error
    assert not any(each.error for name, each in from_api.items() if name != "actors")
    assert gate.closed() is None


def test_what_is_marked_for_few_is_in_no_list_for_all(db, api_at):
    actors = [
        {"value": "Open", "tlp": "AMBER-STRICT", "aliases": [{"value": "Also", "tlp": "green"}]},
        {
            "value": "Unmarked",
            "tlp": None,
            "aliases": [{"value": "Hidden", "tlp": "red"}, {"value": "Inner", "tlp": "PURPLE"}],
            "aliasGroupNames": ["Hidden", "Group"],
        },
        *({"value": f"Secret {tlp}", "tlp": tlp} for tlp in ("red", "RED", "purple", "odd")),
    ]
    with MisbehavingServer(reply(200, envelope(actors))) as server:
        api_at(f"{server.url}/client/v4")
        reference.refresh(services.client())
    held = json.loads(ReferenceList.objects.get(name="actors").items)
    assert held == [
        {"name": "Open", "aliases": ["Also"]},
        {"name": "Unmarked", "aliases": ["Group"]},
    ]


def test_a_long_catalogue_does_not_weigh_on_the_page(as_ana):
    many = [{"name": f"Actor {number:04}", "aliases": ["Other name"] * 5} for number in range(900)]
    keep(attackers=["Local Gang", "apt28"], actors=[APT28, *many])
    assert offered(as_ana) == ({"Local Gang": "", "apt28": "Fancy Bear · Sofacy"}, True)
    options = as_ana.get(NEW, headers={"X-Part": "attackers"}).json()["options"]
    assert len(options) == 902
    assert ["apt28", "Fancy Bear · Sofacy"] in options


def test_a_long_list_of_names_in_use_does_not_weigh_on_the_page(as_ana):
    light = len(as_ana.get(NEW).content)
    keep(attackers=[f"Gang {number:05} {'x' * 400}" for number in range(20_000)])
    names, has_more = offered(as_ana)
    assert 0 < len(names) < 20
    assert has_more
    assert len(as_ana.get(NEW).content) - light < 10_000
    options = as_ana.get(NEW, headers={"X-Part": "attackers"}).json()["options"]
    assert len(options) == 20_000


def test_a_long_list_of_tags_does_not_weigh_on_the_page(as_ana):
    light = len(as_ana.get(NEW).content)
    keep(tags=["phishing", *(f"tag {number:05} {'x' * 90}" for number in range(20_000))])
    page = Page(as_ana.get(NEW))
    assert "data-more" in page.id("tags").attrs
    assert len(as_ana.get(NEW).content) - light < 10_000
    options = as_ana.get(NEW, headers={"X-Part": "tags"}).json()["options"]
    assert (len(options), options[0]) == (20_001, ["phishing", ""])


def test_the_long_list_is_for_those_who_enter_events(client, as_otto):
    assert as_otto.get(NEW, headers={"X-Part": "attackers"}).status_code == 403
    assert client.get(NEW, headers={"X-Part": "attackers"}).status_code == 401
