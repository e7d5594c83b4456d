"""What the workers know of the audit log: how far it was verified, and how far it was streamed."""

from django.db import models


class AuditWatch(models.Model):
    """One row, the key `KEY`: what verifying the log found last.

    `verified_seq`, `verified_hash` and `verified_at`: the newest entry that was verified, and when.
    `whole_at`: when the whole log was verified and found good. `fault`: what is wrong, empty if
    nothing is; `fault_since` and `fault_by` (a machine): when and where that was found.
    """

    KEY = 1

    id = models.PositiveSmallIntegerField(primary_key=True, default=KEY)
    verified_seq = models.BigIntegerField(default=0)
    verified_hash = models.CharField(max_length=64, blank=True)
    verified_at = models.DateTimeField(null=True)
    whole_at = models.DateTimeField(null=True)
    fault = models.TextField(blank=True)
    fault_since = models.DateTimeField(null=True)
    fault_by = models.CharField(max_length=255, blank=True)

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return self.fault or f"whole up to {self.verified_seq}"


class AuditStream(models.Model):
    """One row, the key `KEY`: every entry up to `seq` went out.

    `owner` is the worker that streams until `until`, unless it says again that it does.
    """

    KEY = 1

    id = models.PositiveSmallIntegerField(primary_key=True, default=KEY)
    seq = models.BigIntegerField(default=0)
    owner = models.CharField(max_length=100, blank=True)
    until = models.DateTimeField(null=True)

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return str(self.seq)
