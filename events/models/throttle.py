"""Counters that slow repetition down: failed sign-ins, sends."""

from django.db import models


class Throttle(models.Model):
    """How often `key` happened since `since`; shared by all processes through the database."""

    key = models.CharField(primary_key=True, max_length=200)
    since = models.DateTimeField(db_index=True)
    count = models.PositiveIntegerField()

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return self.key
