"""What new entries are compared with: indicators of earlier submissions, and people's own lists."""

import ipaddress
import secrets
from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import models

from events.indicators.hosts import to_ascii
from events.models.submission import Submission
from events.payload import refuse_hostile


class SubmissionIndicator(models.Model):
    """One indicator of a submission that was frozen to be sent.

    `key` is a digest of the normalised value, because a value may be longer than an index takes.
    Whoever reads this table goes through `Submission.objects.visible_to`.
    """

    submission = models.ForeignKey(
        Submission, on_delete=models.CASCADE, related_name="indicators", db_index=False
    )
    key = models.CharField(max_length=32)

    class Meta:
        default_permissions = ()
        indexes = (models.Index(fields=["key", "submission"], name="indicator_key"),)
        constraints = (
            models.UniqueConstraint(fields=["submission", "key"], name="indicator_once"),
        )

    def __str__(self) -> str:
        return f"{self.key} of {self.submission_id}"


def new_revision() -> int:
    """A number that no other state of an entry has. Small enough that millions can be added up."""
    return secrets.randbits(40)


class KnownValue(models.Model):
    """A value, domain or network of which people are told when they enter it, or that is blocked.

    A domain stands for all names below it too, a network for all addresses in it. Of several
    entries that fit, the narrowest counts. `revision` is another one after each save: a time would
    not do to tell that something changed, because an earlier one may be committed later.
    """

    class Kind(models.TextChoices):
        """Whose it is."""

        KNOWN = "known", "Well-known"
        OWN = "own", "Our own"

    class Match(models.TextChoices):
        """What `value` stands for."""

        DOMAIN = "domain", "Domain and all names below it"
        NETWORK = "network", "Address or network"
        EXACT = "exact", "Exactly this value"

    class Level(models.TextChoices):
        """What happens when it is entered."""

        INFORM = "inform", "Inform"
        BLOCK = "block", "Block"

    kind = models.CharField(max_length=8, choices=Kind.choices, default=Kind.KNOWN)
    match = models.CharField("stands for", max_length=8, choices=Match.choices)
    value = models.CharField(
        max_length=500, help_text="Such as example.com, 198.51.100.0/24, or any value as it is."
    )
    level = models.CharField(max_length=8, choices=Level.choices, default=Level.INFORM)
    note = models.CharField(
        max_length=300, blank=True, help_text="Analysts read this: say why it is here."
    )
    active = models.BooleanField(default=True)
    added_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, editable=False
    )
    updated_at = models.DateTimeField(auto_now=True)
    revision = models.BigIntegerField(default=new_revision, editable=False)

    class Meta:
        verbose_name = "known value"
        permissions = (
            ("override_knownvalue", "Can send indicators that the lists block, with a reason"),
        )
        constraints = (
            models.UniqueConstraint(
                fields=["match", "value"],
                name="known_once",
                violation_error_message="This value is in the list already. Change that entry.",
            ),
        )

    def __str__(self) -> str:
        return self.value

    def save(self, *args: Any, update_fields: Any = None, **kwargs: Any) -> None:
        """Save under another revision."""
        self.revision = new_revision()
        if update_fields is not None:
            update_fields = {*update_fields, "revision"}
        super().save(*args, update_fields=update_fields, **kwargs)

    def clean(self) -> None:
        """Bring `value` into the form in which it is compared."""
        try:
            self.value = _NORMAL.get(self.match, _exact)(self.value)
        except ValueError as error:
            raise ValidationError({"value": str(error)}) from None


def _domain(text: str) -> str:
    return to_ascii(text.strip().removeprefix("*.").removeprefix("."))


def _network(text: str) -> str:
    try:
        network = ipaddress.ip_network(text.strip(), strict=False)
    except ValueError:
        raise ValueError(
            "This is not an address or network. Write it as in 198.51.100.7 or 198.51.100.0/24."
        ) from None
    return str(network.network_address) if network.num_addresses == 1 else str(network)


def _exact(text: str) -> str:
    if not text.strip():
        raise ValueError("Write a value.")
    return refuse_hostile(text.strip())


_NORMAL: dict[str, Callable[[str], str]] = {"domain": _domain, "network": _network}
