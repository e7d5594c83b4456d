"""/templates/: saving, using, renaming and deleting templates, and who may."""

import pytest
import time_machine

from events.models import AuditEntry, EventTemplate, Submission
from tests.forms.support import EXAMPLE, NEW, Page, press, rows

URL = "/templates/"
TEXT = "{indicator} seen by {analyst} on {date}; {unknown} and {} stay"


def save(client, name="Phishing", **changes):
    return press(client, "save_template", template_name=name, **changes)


def saved(name="Phishing"):
    return EventTemplate.objects.get(name=name)


def use(client, template):
    return Page(client.get(f"{NEW}?template={template.pk}"))


def test_saving_keeps_the_form_and_sends_nothing(as_ana, sandbox):
    page = save(as_ana, tlp="red", insight="Why")
    assert "“Phishing” is saved. Nothing was sent." in page.html
    assert page.value("event") == EXAMPLE["event"]
    assert page.value("tlp") == "red"
    assert page.rows == [("domain", "domain.com")]
    assert not Submission.objects.exists()
    assert not sandbox.requests
    assert AuditEntry.objects.get().action == "template.saved"


def test_a_template_holds_neither_tlp_nor_time_nor_indicators(as_ana):
    save(
        as_ana, tlp="amber", raw_tlp="amber", date="2022-04-01 00:00", indicator_text="x[.]example"
    )
    template = saved()
    kept = {"category", "event", "attacker", "attacker_country"}
    kept |= {"target_country", "target_industry"}
    assert {name for name, text in template.typed_values.items() if text} == kept
    page = use(as_ana, template)
    assert page.value("category") == EXAMPLE["category"]
    assert page.value("tlp") == page.value("raw_tlp") == page.value("date") == ""
    assert page.rows == [("", "")]
    assert "from template" in page.html
    assert page.value("template") == "Phishing"
    assert page.summary == []


@time_machine.travel("2026-11-23T23:30:00Z")
def test_placeholders_are_filled_and_unknown_ones_stay(as_ana):
    save(as_ana, event=TEXT, insight="{analyst}", tags="{date}")
    page = use(as_ana, saved())
    assert page.value("event") == "{indicator} seen by ana on 2026-11-23; {unknown} and {} stay"
    assert page.value("insight") == "ana"
    assert page.value("tags") == "{date}"


def test_indicators_are_filled_in_when_there_are_some(as_ana, sandbox):
    posted = {"template": "Phishing", "event": "{indicator} of {indicators}, {unknown}"}
    page = press(as_ana, **posted, **rows(("", "")))
    assert page.value("event") == posted["event"]
    two = rows(("domain", "a.example"), ("domain", "b.example"))
    page = press(as_ana, **posted, **two)
    wanted = "a.example of a.example, b.example, {unknown}"
    assert page.value("event") == wanted
    press(as_ana, "send", **posted, **two)
    assert Submission.objects.get().event == wanted


def test_braces_stay_as_they_are_without_a_template(as_ana):
    text = "GET /{indicator}/{date} was called"
    assert press(as_ana, event=text).value("event") == text


def test_a_draft_remembers_its_template(as_ana):
    press(as_ana, "save", template="Phishing", event="{indicator}", **rows(("", "")))
    draft = Submission.objects.get()
    page = Page(as_ana.get(f"/events/{draft.pk}/edit/"))
    assert page.value("template") == "Phishing"
    assert "from template" in page.html


@pytest.mark.parametrize(
    ("name", "problem"),
    [
        ("  ", "Write a name for the template."),
        ("x" * 101, "101 characters long. Write 100 or fewer."),
        ("a\u202eb", "RIGHT-TO-LEFT OVERRIDE"),
    ],
)
def test_a_bad_name_is_refused_and_the_text_is_kept(as_ana, name, problem):
    page = save(as_ana, name)
    assert problem in page.summary[0]
    assert page.value("event") == EXAMPLE["event"]
    assert not EventTemplate.objects.exists()


def test_a_name_is_taken_once_per_person_and_once_in_the_team(as_ana, as_ben, as_rita):
    save(as_ana)
    assert "You have a template of this name" in save(as_ana, "  Phishing ").summary[0]
    assert save(as_ben).summary == []
    assert save(as_rita, template_for="team").summary == []
    assert save(as_rita).summary == []
    assert "The team has" in save(as_rita, template_for="team").summary[0]
    assert EventTemplate.objects.count() == 4


def test_own_templates_are_nobody_elses(as_ana, as_ben, as_rita, as_adam):
    save(as_ana, "Mine", event="CANARY")
    template = saved("Mine")
    for other, writes in ((as_ben, True), (as_rita, True), (as_adam, False)):
        assert "Mine" not in other.get(URL).content.decode()
        used = other.get(f"{NEW}?template={template.pk}")
        assert used.status_code == (404 if writes else 403)
        for verb in ("rename", "delete"):
            assert other.get(f"{URL}{template.pk}/{verb}/").status_code == 404
            assert other.post(f"{URL}{template.pk}/{verb}/", {"name": "x"}).status_code == 404
    assert "Mine" in as_ana.get(URL).content.decode()


def test_templates_of_the_team_are_everybodys_to_use_and_the_reviewers_to_change(
    as_ana, as_rita, as_adam
):
    page = save(as_rita, "Ours", template_for="team")
    assert "Everybody who may enter events reads this template" in page.html
    template = saved("Ours")
    assert use(as_ana, template).value("event") == EXAMPLE["event"]
    listed = Page(as_ana.get(URL))
    assert listed.tags("a", href=f"{NEW}?template={template.pk}")
    assert not listed.tags("a", href=f"{URL}{template.pk}/rename/")
    for verb in ("rename", "delete"):
        assert as_ana.get(f"{URL}{template.pk}/{verb}/").status_code == 403
        assert as_ana.post(f"{URL}{template.pk}/{verb}/", {"name": "x"}).status_code == 403
    assert Page(as_adam.get(URL)).tags("a", href=f"{URL}{template.pk}/delete/")
    as_adam.post(f"{URL}{template.pk}/delete/")
    assert not EventTemplate.objects.exists()


def test_an_analyst_cannot_save_for_the_team(as_ana, as_rita):
    assert "template_for" not in as_ana.get(NEW).content.decode()
    assert "template_for" in as_rita.get(NEW).content.decode()
    assert save(as_ana, template_for="team").status == 403
    assert not EventTemplate.objects.exists()


@pytest.mark.parametrize("name", ["tlp", "raw_tlp"])
def test_red_text_does_not_become_a_template_of_the_team(as_rita, name):
    page = save(as_rita, template_for="team", **{name: "red"})
    assert "This form is TLP:RED" in page.summary[0]
    assert not EventTemplate.objects.exists()
    assert save(as_rita, **{name: "red"}).summary == []


def test_the_form_warns_whoever_may_share(as_ana, as_rita):
    warning = "Everybody who may enter events reads a template of the team"
    assert warning in as_rita.get(NEW).content.decode()
    assert warning not in as_ana.get(NEW).content.decode()


def test_rename(as_ana):
    save(as_ana, "Old")
    save(as_ana, "Other")
    url = f"{URL}{saved('Old').pk}/rename/"
    assert Page(as_ana.get(url)).value("name") == "Old"
    refused = Page(as_ana.post(url, {"name": "Other"}))
    assert "You have a template of this name" in refused.html
    assert refused.value("name") == "Other"
    assert as_ana.post(url, {"name": "New"})["Location"] == URL
    assert saved("New").typed_values["event"] == EXAMPLE["event"]
    assert not EventTemplate.objects.filter(name="Old").exists()
    assert AuditEntry.objects.order_by("-seq").first().action == "template.renamed"


def test_delete_asks_first(as_ana):
    save(as_ana)
    url = f"{URL}{saved().pk}/delete/"
    assert "Delete this template?" in as_ana.get(url).content.decode()
    assert EventTemplate.objects.exists()
    as_ana.post(url)
    assert not EventTemplate.objects.exists()
    assert AuditEntry.objects.order_by("-seq").first().action == "template.deleted"


def test_templates_go_with_their_owner_and_the_teams_stay(as_rita, rita):
    save(as_rita, "Mine")
    save(as_rita, "Ours", template_for="team")
    rita.delete()
    assert list(EventTemplate.objects.values_list("name", flat=True)) == ["Ours"]


@pytest.mark.parametrize(("who", "status"), [("ana", 200), ("rita", 200), ("otto", 403)])
def test_who_sees_the_list(request, who, status):
    assert request.getfixturevalue(f"as_{who}").get(URL).status_code == status


def test_the_administrators_role_looks_after_the_teams(db, client):
    from tests.conftest import make_user

    client.force_login(make_user("root", "administrator"))
    page = client.get(URL)
    assert page.status_code == 200
    assert "?template=" not in page.content.decode()


@pytest.mark.parametrize("url", [URL, f"{URL}00000000-0000-4000-8000-000000000000/delete/"])
def test_strangers_are_sent_to_sign_in(db, client, url):
    assert client.get(url)["Location"].startswith("/accounts/login/")


@pytest.mark.parametrize("pk", ["nonsense", "00000000-0000-4000-8000-000000000000"])
def test_no_such_template(as_ana, pk):
    assert as_ana.get(f"{NEW}?template={pk}").status_code == 404
