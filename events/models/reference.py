"""The cached lists of the API: categories, industries, datasets, types, attackers, actors, tags…"""

from django.db import models


class ReferenceList(models.Model):
    """One list as it was last fetched; `items` is ASCII JSON."""

    name = models.CharField(primary_key=True, max_length=32)
    items = models.TextField()
    fetched_at = models.DateTimeField()

    class Meta:
        default_permissions = ("view", "change")

    def __str__(self) -> str:
        return self.name
