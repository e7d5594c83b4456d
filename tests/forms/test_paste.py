"""The paste box: rows appear, doubtful ones say why, nothing is taken twice."""

from events.payload import INDICATORS_MAX
from tests.forms.support import press, rows


def test_a_defanged_paragraph_becomes_rows(as_ana):
    text = "It called hxxps://evil[.]example/login from 203.0.113[.]9, again 203.0.113.9."
    page = press(as_ana, "parse", indicator_text=text, **rows(("", "")))
    assert ("ip", "203.0.113.9") in page.rows
    assert ("url", "https://evil.example/login") in page.rows
    assert page.value("indicator_text") == ""
    assert "found 2 times" in page.html


def test_rows_that_are_there_stay_and_are_not_doubled(as_ana):
    there = rows(("domain", "a.example.com"), ("", ""), ("mutex", "mine"))
    page = press(as_ana, "parse", indicator_text="a[.]example[.]com b[.]example[.]com", **there)
    assert page.rows == [
        ("domain", "a.example.com"),
        ("mutex", "mine"),
        ("domain", "b.example.com"),
    ]


def test_a_doubtful_row_keeps_its_reason_through_other_buttons(as_ana):
    md5 = "d41d8cd98f00b204e9800998ecf8427e"
    page = press(as_ana, "parse", indicator_text=md5, **rows(("", "")))
    note = page.value("indicators-0-note")
    assert note
    again = press(as_ana, "add_row", **rows(*page.rows), **{"indicators-0-note": note})
    assert again.value("indicators-0-note") == note


def test_text_without_an_indicator_stays_and_is_said_to_hold_none(as_ana):
    page = press(as_ana, "parse", indicator_text="nothing to see", **rows(("", "")))
    assert page.value("indicator_text") == "nothing to see"
    assert page.error("indicator_text").startswith("No indicator was found")


def test_more_than_an_event_holds_stays_in_the_box(as_ana):
    pasted = "\n".join(f"host{number}.example.com" for number in range(INDICATORS_MAX + 5))
    page = press(as_ana, "parse", indicator_text=pasted, **rows(("", "")))
    assert len(page.rows) == INDICATORS_MAX
    assert len(page.value("indicator_text").splitlines()) == 5


def test_the_first_new_row_has_the_focus(as_ana):
    page = press(
        as_ana, "parse", indicator_text="b.example.com", **rows(("domain", "a.example.com"))
    )
    # The closed dialog of the sign-in has one of its own.
    names = [e.attrs.get("name", "") for e in page.all if "autofocus" in e.attrs]
    (focused,) = [name for name in names if name.startswith("indicators")]
    assert focused == "indicators-1-indicator_type"


def test_a_script_gets_the_panel_alone(as_ana):
    posted = {"indicator_text": "b.example.com", "action": "parse", **rows(("", ""))}
    answer = as_ana.post("/events/new/", posted, headers={"X-Part": "indicators"})
    html = answer.content.decode()
    assert html.lstrip().startswith("<section")
    assert "b.example.com" in html
    assert "<html" not in html
