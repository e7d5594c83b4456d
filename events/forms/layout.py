"""The crispy layouts: which fields stand where, in the sections and the order of the page."""

from typing import Any

from crispy_forms.helper import FormHelper
from crispy_forms.layout import Div, Field, Layout, TemplateNameMixin
from django.template import Context
from django.template.loader import render_to_string
from django.utils.safestring import SafeString

from events.forms.event import EventForm

PACK = "desk"


class Part(TemplateNameMixin):  # type: ignore[misc] # crispy is not typed
    """A template of the pack that is given the form and nothing else."""

    def __init__(self, template: str) -> None:
        self.template = template

    def render(self, form: EventForm, context: Context, **kwargs: Any) -> SafeString:
        """The template's HTML."""
        return render_to_string(self.get_template_name(PACK), {"form": form})


class Section(Div):  # type: ignore[misc] # crispy is not typed
    """A panel with a heading; `name` is its id."""

    template = "%s/layout/section.html"

    def __init__(self, title: str, name: str, *fields: Any) -> None:
        super().__init__(*fields, css_id=name)
        self.title = title


def _row(*fields: Any) -> Div:
    return Div(*fields, css_class="fields")


def _wide(name: str) -> Field:
    return Field(name, wrapper_class="wide")


INDICATORS = Section(
    "Indicators",
    "indicators",
    Field("indicator_text", template="desk/paste.html"),
    Part("%s/rows.html"),
)
MAIN = Layout(
    Section(
        "What happened",
        "what",
        _row(_wide("category"), "date", Part("%s/local_time.html")),
        "event",
        "insight",
    ),
    INDICATORS,
    Section(
        "Who and whom",
        "who",
        _row(_wide("attacker"), "attacker_country"),
        _row(_wide("target_industry"), "target_country"),
        Part("%s/attackers.html"),
    ),
    Section("Raw data", "raw", "raw_data", _row(_wide("raw_source"), "raw_tlp")),
    Section(
        "Where it comes from", "source", _row(_wide("source_id"), "account_id"), "source_title"
    ),
)
HANDLING = Section(
    "Handling",
    "handling",
    Field("tlp", template="desk/tlp.html"),
    "dataset_id",
    "tags",
    Part("%s/tags.html"),
)


def rendered(form: EventForm, *parts: Any) -> SafeString:
    """The HTML of these parts of `form`, by crispy and the pack's templates."""
    helper = FormHelper()
    helper.layout = Layout(*parts)
    html: SafeString = helper.render_layout(form, Context(), template_pack=PACK)
    return html
