"""The one app, and what is wired at start: audit triggers after each migrate, system checks."""

from django.apps import AppConfig


class EventsConfig(AppConfig):
    """Event Desk's app."""

    name = "events"
    verbose_name = "Event Desk"
    default_auto_field = "django.db.models.BigAutoField"
