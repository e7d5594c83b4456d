"""Templates of events: typed text to start from, a person's own or the team's."""

import json
import uuid
from typing import Any

from django.conf import settings
from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.models import AnonymousUser
from django.db import models
from django.db.models import Q


class EventTemplateQuerySet(models.QuerySet["EventTemplate"]):
    """Templates, with the one rule of who may see which."""

    def visible_to(self, user: AbstractBaseUser | AnonymousUser) -> "EventTemplateQuerySet":
        """The team's, and the own ones of `user`."""
        return self.filter(Q(owner=None) | Q(owner=user.pk))


class EventTemplate(models.Model):
    """What a form held, without what belongs to one event alone.

    A template without `owner` is the team's. `typed` is ASCII JSON: field name → text.
    `was_red`: the form was TLP:RED, or copied from what was.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    name = models.CharField(max_length=100)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.CASCADE, related_name="templates"
    )
    saved_by = models.CharField(max_length=150)
    saved_at = models.DateTimeField()
    typed = models.TextField()
    was_red = models.BooleanField(default=False, db_default=False)

    objects = EventTemplateQuerySet.as_manager()

    class Meta:
        default_permissions = ()
        permissions = (("share_template", "Can save, rename and delete templates of the team"),)
        constraints = (
            models.UniqueConstraint(fields=["owner", "name"], name="template_own_name"),
            models.UniqueConstraint(
                fields=["name"], condition=Q(owner=None), name="template_team_name"
            ),
        )

    def __str__(self) -> str:
        return self.name

    @property
    def is_team(self) -> bool:
        """Whether the team has it."""
        return self.owner_id is None

    @property
    def typed_values(self) -> dict[str, Any]:
        """Field name → text."""
        value = json.loads(self.typed)
        return value if isinstance(value, dict) else {}
