"""What all processes know together of the API: whether it may be asked now, and if not, why."""

from django.db import models


class ApiGate(models.Model):
    """One row, the key `KEY`; while there is none, nothing is known and the API may be asked.

    `paused_until`: the API asked to wait. `create_failures` and `read_failures`: how many creates
    and reads in a row got no answer. `opened_at`: since when the circuit breaker keeps everybody
    from asking, `reason` why, `probe_at` when one process asks again, and
    `trial_at` when it may try a create; `is_access`: because the
    API refuses this desk's token. `look_before`: what was made before this moment is looked for in
    Cloudforce One before its first send, because the desk was restored or stood still. `database`:
    the database that this row was written in, as its server or the file system names it.
    """

    KEY = 1

    id = models.PositiveSmallIntegerField(primary_key=True, default=KEY)
    paused_until = models.DateTimeField(null=True)
    create_failures = models.PositiveIntegerField(default=0)
    read_failures = models.PositiveIntegerField(default=0)
    opened_at = models.DateTimeField(null=True)
    probe_at = models.DateTimeField(null=True)
    trial_at = models.DateTimeField(null=True)
    reason = models.TextField(blank=True)
    is_access = models.BooleanField(default=False)
    look_before = models.DateTimeField(null=True)
    database = models.CharField(max_length=100, blank=True)

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return self.reason or "open"
