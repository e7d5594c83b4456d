"""The Django forms: labels, help, widgets and order. What is valid is `reading`'s to say."""

from collections.abc import Sequence
from typing import Any, TypeAlias

from django import forms

from events.forms import choices
from events.forms.faults import Fault, row_field
from events.forms.typed import PREFIX, Row, Typed
from events.forms.widgets import Choices, Hidden, Line, Select
from events.payload import INDICATORS_MAX, LABELS, EventCreate, Tlp
from events.reference import References


class Text(forms.Field):
    """A field that takes any text as it is, and shows a hint beside its label."""

    def __init__(self, name: str, widget: forms.Widget, *, label: str = "", hint: str = "") -> None:
        field = EventCreate.model_fields.get(name)
        required = field is not None and field.is_required()
        super().__init__(required=required, label=label or LABELS.get(name, ""), widget=widget)
        self.hint = hint or ("" if required else "optional")
        if required and not isinstance(widget, forms.RadioSelect):
            self.widget.attrs["aria-required"] = "true"

    def validate(self, value: Any) -> None:
        """Nothing: the payload decides what is missing."""


def _line(mono: bool = False, picker: str = "", **attrs: str) -> Line:
    classes = {"class": "mono"} if mono else {}
    suggested = {"data-picker": picker} if picker else {}
    return Line({"autocomplete": "off", **classes, **suggested, **attrs})


def _area(rows: int, mono: bool = False, **attrs: str) -> forms.Textarea:
    classes = {"class": "mono", "spellcheck": "false"} if mono else {}
    return forms.Textarea({"rows": str(rows), "cols": "40", **classes, **attrs})


_PASTE = "Paste anything: a paragraph, a log, a column. hxxp, [.] and (at) are undone."


class EventForm(forms.Form):
    """The fields of one event as a page shows them."""

    use_required_attribute = False

    category = Text("category", Select({"data-picker": "choose"}))
    date = Text(
        "date", _line(mono=True, placeholder="2026-11-23 11:58", spellcheck="false"), hint="UTC"
    )
    event = Text("event", _area(2))
    insight = Text("insight", _area(1))
    indicator_text = Text(
        "indicator_text",
        _area(2, mono=True, placeholder=_PASTE),
        label="Paste box",
    )
    attacker = Text("attacker", _line(picker="one", list="attackers"))
    attacker_country = Text("attacker_country", Select({"data-picker": "choose"}))
    target_industry = Text("target_industry", Select({"data-picker": "choose"}))
    target_country = Text("target_country", Select({"data-picker": "choose"}))
    raw_data = Text(
        "raw_data",
        _area(3, mono=True, placeholder='{"source_ip": "192.0.2.1"}'),
        label="Data",
        hint="a JSON map, optional",
    )
    raw_source = Text("raw_source", _line(), label="Source")
    raw_tlp = Text("raw_tlp", Select(), label="TLP of the raw data")
    source_id = Text(
        "source_id",
        _line(mono=True, spellcheck="false"),
        hint="uuid of a Threat Signals article, optional",
    )
    source_title = Text("source_title", _line())
    account_id = Text(
        "account_id", _line(mono=True, inputmode="numeric"), hint="a number, optional"
    )
    tlp = Text("tlp", forms.RadioSelect(choices=[(label.value, label) for label in Tlp]))
    dataset_id = Text("dataset_id", Select({"data-picker": "filled"}), hint=" ")
    tags = Text("tags", _line(picker="many", list="tags", placeholder="phishing, october"))

    def __init__(self, references: References, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.references = references
        self.indicators: IndicatorForms | None = None
        self.indicators_fault = ""
        self.attackers, self.has_more_attackers = choices.of_attackers(references)
        self.offered_tags, self.has_more_tags = choices.of_tags(references)
        countries = choices.of_countries(references)
        self._offer("category", choices.of_categories(references))
        self._offer("target_industry", choices.of_names(references.industries, "Not known"))
        self._offer("attacker_country", countries)
        self._offer("target_country", countries)
        self._offer("raw_tlp", choices.of_raw_tlp())
        self._offer(
            "dataset_id", choices.of_datasets(references), choices.closed_datasets(references)
        )

    def _offer(self, name: str, options: Choices, closed: frozenset[str] = frozenset()) -> None:
        widget = self.fields[name].widget
        if isinstance(widget, Select):
            widget.offered, widget.closed = options, closed


class IndicatorForm(forms.Form):
    """One indicator row."""

    use_required_attribute = False

    indicator_type = Text("indicator_type", Select())
    value = Text("value", _line(mono=True, spellcheck="false"))
    note = Text("note", Hidden())

    def __init__(self, *args: Any, types: Choices, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        kind, value = self.fields["indicator_type"].widget, self.fields["value"].widget
        if isinstance(kind, Select):
            kind.offered = types
        self.index = str(self.prefix).rpartition("-")[2]
        self.number = str(int(self.index) + 1) if self.index.isdecimal() else self.index
        kind.attrs["aria-label"] = f"Type of indicator {self.number}"
        value.attrs["aria-label"] = f"Value of indicator {self.number}"


IndicatorForms: TypeAlias = "forms.BaseFormSet[IndicatorForm]"
IndicatorFormSet = forms.formset_factory(
    IndicatorForm, extra=0, max_num=INDICATORS_MAX, absolute_max=INDICATORS_MAX + 1
)


def event_form(
    typed: Typed, references: References, faults: Sequence[Fault] = (), *, focus: int | None = None
) -> EventForm:
    """The form that shows `typed` with each fault beside its field; `focus` is a row's index."""
    form = EventForm(references, data=dict(typed.texts))
    form.indicators = _indicator_forms(typed.rows, references, faults)
    form.indicators_fault = next((f.message for f in faults if f.field == PREFIX), "")
    if focus is not None and focus < len(form.indicators.forms):
        form.indicators.forms[focus].fields["indicator_type"].widget.attrs["autofocus"] = True
    for fault in faults:
        if fault.field in form.fields:
            form.add_error(fault.field, fault.message)
    return form


def _indicator_forms(
    rows: Sequence[Row], references: References, faults: Sequence[Fault]
) -> IndicatorForms:
    data: dict[str, str] = {f"{PREFIX}-TOTAL_FORMS": str(len(rows)), f"{PREFIX}-INITIAL_FORMS": "0"}
    for number, row in enumerate(rows):
        data |= {row_field(number, name): text for name, text in row._asdict().items()}
    types = choices.of_names(references.indicator_types, "Type…")
    formset = IndicatorFormSet(data, prefix=PREFIX, form_kwargs={"types": types})
    found = {fault.field: fault.message for fault in faults}
    for number, form in enumerate(formset.forms):
        for name in form.fields:
            if message := found.get(row_field(number, name)):
                form.add_error(name, message)
    return formset
