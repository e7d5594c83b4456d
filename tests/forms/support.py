"""A form as a browser fills it in, and a page as a person reads it."""

from html.parser import HTMLParser

from django.http import HttpResponse
from django.test import Client

NEW = "/events/new/"
VOID = frozenset({"input", "br", "meta", "link", "hr", "img", "path", "rect"})

EXAMPLE = {
    "category": "Domain Resolution",
    "date": "2022-04-01T00:00:00Z",
    "event": "An attacker registered the domain domain.com",
    "insight": "",
    "attacker": "Flying Yeti",
    "attacker_country": "CN",
    "target_country": "US",
    "target_industry": "Agriculture",
    "tlp": "amber",
    "dataset_id": "",
    "tags": "",
    "raw_data": "",
    "raw_source": "",
    "raw_tlp": "",
    "source_id": "",
    "source_title": "",
    "account_id": "",
    "indicator_text": "",
    "form_token": "2d1f9c1e-6f4b-4d0e-9d5a-0d8f6f4a1c11",
    "action": "preview",
}


def rows(*pairs: tuple[str, str]) -> dict[str, str]:
    """Indicator rows of (type, value) as a browser posts them."""
    posted = {"indicators-TOTAL_FORMS": str(len(pairs)), "indicators-INITIAL_FORMS": "0"}
    for number, (kind, value) in enumerate(pairs):
        posted[f"indicators-{number}-indicator_type"] = kind
        posted[f"indicators-{number}-value"] = value
    return posted


class Element:
    """One element: its tag and attributes; where it begins and ends in its page."""

    def __init__(self, page: "Page", tag: str, attrs: dict[str, str]) -> None:
        self.tag = tag
        self.attrs = attrs
        self._page = page
        self._from = (len(page.all) + 1, len(page.texts))
        self._to = self._from

    def close(self) -> None:
        """Everything from here on is outside."""
        self._to = (len(self._page.all), len(self._page.texts))

    @property
    def text(self) -> str:
        """The text inside."""
        return "".join(self._page.texts[self._from[1] : self._to[1]])

    @property
    def inside(self) -> list["Element"]:
        """The elements inside, at any depth."""
        return self._page.all[self._from[0] : self._to[0]]


class Page(HTMLParser):
    """The elements of a page, to be found by id, tag or name."""

    def __init__(self, response: HttpResponse) -> None:
        super().__init__()
        self.status = response.status_code
        self.html = response.content.decode()
        self.all: list[Element] = []
        self.texts: list[str] = []
        self._open: list[Element] = []
        self._named: dict[str, list[Element]] = {}
        self.feed(self.html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        element = Element(self, tag, {name: value or "" for name, value in attrs})
        self.all.append(element)
        self._named.setdefault(element.attrs.get("name", ""), []).append(element)
        if tag not in VOID:
            self._open.append(element)

    def handle_endtag(self, tag: str) -> None:
        while self._open:
            element = self._open.pop()
            element.close()
            if element.tag == tag:
                return

    def handle_data(self, data: str) -> None:
        self.texts.append(data)

    def id(self, identifier: str) -> Element:
        """The one element with this id."""
        (element,) = [e for e in self.all if e.attrs.get("id") == identifier]
        return element

    def tags(self, tag: str, **attrs: str) -> list[Element]:
        """Every element of this tag with these attributes."""
        return [
            e
            for e in self.all
            if e.tag == tag and all(e.attrs.get(k.rstrip("_")) == v for k, v in attrs.items())
        ]

    def value(self, name: str) -> str:
        """What the field with this name holds."""
        for element in self._named.get(name, []):
            if element.tag == "button":
                continue
            if element.tag == "select":
                chosen = [o for o in element.inside if "selected" in o.attrs]
                return chosen[0].attrs["value"] if chosen else ""
            if element.tag == "textarea":
                return element.text.removeprefix("\n")
            if element.attrs.get("type") != "radio":
                return element.attrs.get("value", "")
            if "checked" in element.attrs:
                return element.attrs["value"]
        return ""

    def error(self, name: str) -> str:
        """What stands beside the field with this name as its error."""
        found = [e for e in self.all if e.attrs.get("id") == f"id_{name}_error"]
        return found[0].text if found else ""

    @property
    def summary(self) -> list[str]:
        """The errors in the summary at the top."""
        boxes = [e for e in self.all if e.attrs.get("id") == "problems"]
        return [item.text for box in boxes for item in box.inside if item.tag == "li"]

    @property
    def rows(self) -> list[tuple[str, str]]:
        """The indicator rows shown, as (type, value)."""
        total = int(self.value("indicators-TOTAL_FORMS"))
        return [
            (self.value(f"indicators-{n}-indicator_type"), self.value(f"indicators-{n}-value"))
            for n in range(total)
        ]


def press(client: Client, action: str = "preview", url: str = NEW, **changes: str) -> Page:
    """The page that follows a press of a button on the example form with `changes`."""
    posted = EXAMPLE | rows(("domain", "domain.com")) | changes | {"action": action}
    return Page(client.post(url, posted))
