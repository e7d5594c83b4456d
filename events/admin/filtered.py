"""Lists of the admin that are asked by the filters beside them, and by nothing else."""

from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.http import HttpRequest

if TYPE_CHECKING:
    _Admin = admin.ModelAdmin[Any]
else:
    _Admin = admin.ModelAdmin

# How the filters beside a list ask.
_ENDS = ("", "__exact", "__isnull", "__id__exact")


class FilteredAdmin(_Admin):
    """Refuses every other lookup that Django could do: values of fields would be guessed by them,
    and some are errors of the database.
    """

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest | None = None) -> bool:
        """Whether a filter beside the list asks in this way."""
        return lookup in {f"{name}{end}" for name in self.list_filter for end in _ENDS}
