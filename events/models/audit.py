"""The tables of the audit log; only the `audit` package writes them."""

from django.db import models


class AuditEntry(models.Model):
    """One entry of the chain. `body` is what is hashed; the other columns are copies to find it by.

    `prev` is the hash of the entry before, 64 zeros for the first; it is unique, so that the
    chain cannot fork. `mac` is the seal of `hash` by a key that is not in the database; entries of
    version 1 have none. The list is in order of time: each index holds `at` and `seq` behind its
    own column, so that one filter and a range of dates together need no sorting.
    """

    seq = models.BigIntegerField(primary_key=True)
    prev = models.CharField(max_length=64, unique=True)
    hash = models.CharField(max_length=64, unique=True)
    body = models.TextField()
    at = models.DateTimeField()
    actor = models.CharField(max_length=150)
    request_id = models.CharField(max_length=32, blank=True)
    action = models.CharField(max_length=64)
    object_id = models.CharField(max_length=64, blank=True)
    outcome = models.CharField(max_length=16)
    tlp = models.CharField(max_length=16, blank=True)
    # Without a default, so that no database has to write a long log anew for it.
    mac = models.CharField(max_length=64, null=True)  # noqa: DJ001

    class Meta:
        verbose_name = "audit entry"
        verbose_name_plural = "audit entries"
        default_permissions = ("view",)
        permissions = (("export_auditentry", "Can export the audit log"),)
        indexes = (
            models.Index(fields=["at", "seq"], name="audit_at"),
            models.Index(fields=["actor", "at", "seq"], name="audit_actor"),
            models.Index(fields=["action", "at", "seq"], name="audit_action"),
            models.Index(fields=["object_id", "at", "seq"], name="audit_object"),
            models.Index(fields=["outcome", "at", "seq"], name="audit_outcome"),
            models.Index(fields=["tlp", "at", "seq"], name="audit_tlp"),
            models.Index(fields=["request_id"], name="audit_request"),
        )

    def __str__(self) -> str:
        return f"{self.seq} {self.action}"


class AuditAttachment(models.Model):
    """A text that an entry commits to: the payload sent, or the answer that came.

    The entry's body holds SHA-256 over `salt` and `content`, so that the text can be shown to be
    the one that was meant, and no hash of a guessable text stands in the chain.
    """

    entry = models.ForeignKey(
        AuditEntry, on_delete=models.PROTECT, related_name="attachments", db_index=False
    )
    name = models.CharField(max_length=16)
    salt = models.CharField(max_length=32)
    content = models.TextField()

    class Meta:
        default_permissions = ()
        constraints = (
            models.UniqueConstraint(fields=["entry", "name"], name="audit_attachment_name"),
        )

    def __str__(self) -> str:
        return f"{self.name} of {self.entry_id}"


class AuditTerm(models.Model):
    """A finding aid, not evidence: a digest of an indicator that an entry is about.

    A digest, because an indicator may be longer than an index takes.
    """

    entry = models.ForeignKey(
        AuditEntry, on_delete=models.PROTECT, related_name="terms", db_index=False
    )
    digest = models.CharField(max_length=32)

    class Meta:
        default_permissions = ()
        constraints = (models.UniqueConstraint(fields=["digest", "entry"], name="audit_term"),)

    def __str__(self) -> str:
        return f"{self.digest} of {self.entry_id}"
