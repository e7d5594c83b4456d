"""One event on its way through a page: what was typed, what is wrong with it, its HTML."""

from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from typing import Any, NamedTuple
from uuid import UUID

from django.http import QueryDict
from django.utils.safestring import SafeString

from events.forms import layout
from events.forms.event import event_form
from events.forms.faults import Fault
from events.forms.pasting import parsed
from events.forms.reading import read
from events.forms.refusals import faults_of
from events.forms.typed import PREFIX, Row, Typed, count_problem, without_overflow
from events.forms.vetted import entry_of
from events.payload import EventCreate
from events.reference import References
from events.vetting import Entry

_NOTHING_FOUND = (
    "No indicator was found in this text. Write it into a row below, and clear the box."
)


class Fields(NamedTuple):
    """The HTML of the form's fields: the wide column and the panel in the narrow one."""

    main: SafeString
    handling: SafeString


class EventEntry:
    """The event form and its indicator rows as one thing.

    `faults` are those to show: what came with the post at once, what else is wrong once
    `is_valid` was asked. Until then a form that is still being written stays quiet.
    """

    def __init__(
        self,
        typed: Typed,
        references: References,
        faults: Sequence[Fault] = (),
        *,
        focus: int | None = None,
    ) -> None:
        self._typed = typed
        self._references = references
        self._focus = focus
        self.faults = tuple(faults)

    def looked_at(self, submission_id: UUID | None, *, was_red: bool = False) -> Entry:
        """What the checks may look at; `submission_id` is the submission that is edited."""
        return entry_of(self._typed, submission_id, was_red=was_red)

    @classmethod
    def blank(cls, references: References, dataset_id: str) -> "EventEntry":
        """An empty form with one empty row that proposes a dataset."""
        typed = Typed(rows=(Row(),)).with_text("dataset_id", dataset_id)
        return cls(typed, references)

    @classmethod
    def from_post(cls, post: QueryDict, references: References) -> "EventEntry":
        """What a browser posted; what is wrong with its rows is a fault at once."""
        posted = Typed.from_post(post)
        typed, overflow = without_overflow(posted)
        sentence = overflow or count_problem(post, posted.rows)
        return cls(typed, references, (Fault(PREFIX, sentence),) if sentence else ())

    @classmethod
    def from_typed(
        cls,
        typed: Mapping[str, Any],
        references: References,
        refused: Iterable[Mapping[str, Any]] = (),
    ) -> "EventEntry":
        """What `typed()` gave earlier; `refused` are the API's problems with it."""
        return cls(Typed.from_draft(typed), references, faults_of(refused))

    def is_valid(self) -> bool:
        """Whether this can be sent as it is; if not, `faults` says why."""
        self.faults = tuple(dict.fromkeys((*self.faults, *self.open_faults)))
        return self.payload is not None

    @property
    def payload(self) -> EventCreate | None:
        """The event to send; None while anything is wrong."""
        return None if self.faults else self._read[0]

    @property
    def open_faults(self) -> tuple[Fault, ...]:
        """What keeps this from being sent, shown or not."""
        return self._read[1]

    @cached_property
    def _read(self) -> tuple[EventCreate | None, tuple[Fault, ...]]:
        return read(self._typed, self._references)

    def typed(self) -> dict[str, Any]:
        """What the form held, for a draft: text by field name, and `indicators` as rows."""
        return self._typed.to_draft()

    def parsed(self) -> "EventEntry":
        """The same with rows made of the paste box; the first new one gets the focus."""
        if not self._typed["indicator_text"].strip():
            return self
        typed, overflow = without_overflow(parsed(self._typed, self._references))
        first = sum(not row.is_blank for row in self._typed.rows)
        faults = [Fault(PREFIX, overflow)] if overflow else []
        if typed == self._typed:
            faults = [Fault("indicator_text", _NOTHING_FOUND)]
        return EventEntry(typed, self._references, (*self.faults, *faults), focus=first)

    def with_row(self) -> "EventEntry":
        """The same with one more empty row, which gets the focus."""
        return self._with_rows((*self._typed.rows, Row()), focus=len(self._typed.rows))

    def without_row(self, number: int) -> "EventEntry":
        """The same without the row at the index `number`."""
        rows = self._typed.rows
        return self._with_rows(rows[:number] + rows[number + 1 :], focus=max(number - 1, 0))

    def with_fault(self, message: str) -> "EventEntry":
        """The same with a fault of the whole form."""
        return EventEntry(self._typed, self._references, (*self.faults, Fault("", message)))

    def _with_rows(self, rows: tuple[Row, ...], *, focus: int) -> "EventEntry":
        return EventEntry(self._typed.with_rows(rows), self._references, self.faults, focus=focus)

    @cached_property
    def fields(self) -> Fields:
        """The fields as HTML, without the `<form>` around them."""
        form = event_form(self._shown, self._references, self.faults, focus=self._focus)
        return Fields(layout.rendered(form, layout.MAIN), layout.rendered(form, layout.HANDLING))

    @cached_property
    def indicators(self) -> SafeString:
        """The panel of the indicators alone."""
        form = event_form(self._shown, self._references, self.faults, focus=self._focus)
        return layout.rendered(form, layout.INDICATORS)

    @property
    def _shown(self) -> Typed:
        return self._typed if self._typed.rows else self._typed.with_rows((Row(),))


_BLANK_MOST = 32
_blank: dict[tuple[str, str], Fields] = {}


def blank_fields(references: References, dataset_id: str) -> Fields:
    """The blank form's fields, rendered once per version of the lists and dataset, and kept."""
    key = (references.version, dataset_id)
    fields = _blank.get(key)
    if fields is None:
        fields = EventEntry.blank(references, dataset_id).fields
        if len(_blank) >= _BLANK_MOST:
            _blank.clear()
        _blank[key] = fields
    return fields
