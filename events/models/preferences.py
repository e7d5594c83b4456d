"""How a person wants the desk: the dataset that the form proposes, the clock, the colours."""

from django.conf import settings
from django.db import models


class Preferences(models.Model):
    """One person's choices; an empty field is the desk's own default.

    `time_zone` is an IANA name. UTC is always shown; this zone is shown beside it.
    """

    class Theme(models.TextChoices):
        """The colours of the pages."""

        SYSTEM = "", "As the system is set"
        LIGHT = "light", "Light"
        DARK = "dark", "Dark"

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL,
        primary_key=True,
        on_delete=models.CASCADE,
        related_name="preferences",
    )
    dataset_id = models.TextField(blank=True)
    time_zone = models.CharField(max_length=64, blank=True)
    theme = models.CharField(max_length=8, choices=Theme.choices, blank=True, default=Theme.SYSTEM)

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return f"preferences of {self.user_id}"
