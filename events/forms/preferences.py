"""The form of a person's preferences."""

from django import forms

from events.forms.choices import dataset_words
from events.models import Preferences
from events.reference import References
from events.services.preferences import Chosen, time_zones


class PreferencesForm(forms.Form):
    """Dataset, clock and colours; every choice may be left empty."""

    use_required_attribute = False

    dataset_id = forms.ChoiceField(label="Dataset that a new form proposes", required=False)
    time_zone = forms.ChoiceField(label="Time zone shown beside UTC", required=False)
    theme = forms.ChoiceField(label="Colours", choices=Preferences.Theme.choices, required=False)

    def __init__(self, references: References, **kwargs: object) -> None:
        super().__init__(**kwargs)  # type: ignore[arg-type]
        writable = [dataset.uuid for dataset in references.datasets if dataset.writable]
        kept = str(self.initial.get("dataset_id", ""))
        if kept and kept not in writable:
            writable.append(kept)
        datasets = [(uuid, dataset_words(uuid, references)) for uuid in writable]
        zones = [(name, name.replace("_", " ")) for name in time_zones()]
        self._offer("dataset_id", [("", "The desk's own"), *datasets])
        self._offer("time_zone", [("", "UTC alone"), *zones])

    def _offer(self, name: str, choices: list[tuple[str, str]]) -> None:
        field = self.fields[name]
        if isinstance(field, forms.ChoiceField):
            field.choices = choices

    @property
    def chosen(self) -> Chosen:
        """What was chosen, once the form is valid."""
        return Chosen(**{name: self.cleaned_data[name] for name in Chosen._fields})
