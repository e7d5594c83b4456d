"""Widgets that render without a template per option: a form here has hundreds of options.

Django's own select takes about a millisecond per row of indicators; a page may hold a thousand.
"""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any, NamedTuple

from django import forms
from django.forms.utils import flatatt
from django.utils.html import conditional_escape, format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe


class Choice(NamedTuple):
    """One option. `hint` is what pickers show beside the label and search too, parted by " · "."""

    value: str
    label: str
    hint: str = ""


Choices = tuple[Choice, ...]


class Select(forms.Select):
    """A native select that keeps a value which is not among those `offered` as a further one.

    Options in `closed` are shown but cannot be chosen.
    """

    offered: Choices = ()
    closed: frozenset[str] = frozenset()

    def render(
        self, name: str, value: Any, attrs: Mapping[str, Any] | None = None, renderer: Any = None
    ) -> SafeString:
        """The `<select>` with `value` selected."""
        options = _with_selected(self.offered, self.closed, str(value or ""))
        all_attrs = flatatt({**self.attrs, **(attrs or {})})
        return format_html('<select name="{}"{}>{}</select>', name, all_attrs, options)


class Line(forms.TextInput):
    """A one-line text input."""

    def render(
        self, name: str, value: Any, attrs: Mapping[str, Any] | None = None, renderer: Any = None
    ) -> SafeString:
        """The `<input>`."""
        given = {**self.attrs, **(attrs or {}), "value": value or False}
        return format_html('<input type="{}" name="{}"{}>', self.input_type, name, flatatt(given))


class Hidden(Line):
    """A hidden input; nothing at all while it is empty."""

    input_type = "hidden"

    def render(self, name: str, value: Any, *args: Any, **kwargs: Any) -> SafeString:
        """The `<input>`, if there is anything to hold."""
        return super().render(name, value, *args, **kwargs) if value else SafeString("")


def _with_selected(choices: Choices, closed: frozenset[str], value: str) -> SafeString:
    options = _options(choices, closed)
    escaped = conditional_escape(value)
    plain = f'<option value="{escaped}"'
    if plain in options:
        chosen = options.replace(f"{plain} disabled", plain, 1)
        return mark_safe(chosen.replace(plain, f"{plain} selected", 1))  # noqa: S308 (escaped)
    extra = format_html(
        '<option value="{}" selected>{} (not in the list)</option>', value, value[:80]
    )
    return options + extra


@lru_cache(maxsize=64)
def _options(choices: Choices, closed: frozenset[str]) -> SafeString:
    hints = {choice.hint: format_html(' data-hint="{}"', choice.hint) for choice in choices}
    hints[""] = SafeString("")
    marks = {True: SafeString(" disabled"), False: SafeString("")}
    return format_html_join(
        "",
        '<option value="{}"{}{}>{}</option>',
        (
            (each.value, marks[each.value in closed], hints[each.hint], each.label)
            for each in choices
        ),
    )
