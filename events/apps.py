"""The one app, and what is wired at start: lock order, what follows a migrate, checks."""

from django.apps import AppConfig
from django.db.backends.signals import connection_created
from django.db.models.signals import post_migrate


class EventsConfig(AppConfig):
    """Event Desk's app."""

    name = "events"
    verbose_name = "Event Desk"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Models can be imported only now."""
        from events import checks  # noqa: F401, PLC0415
        from events.audit.order import watch  # noqa: PLC0415
        from events.audit.restore import restore_triggers  # noqa: PLC0415
        from events.outbox.history import name_migrated  # noqa: PLC0415
        from events.privileges import grant_after_migrate  # noqa: PLC0415

        connection_created.connect(watch)
        post_migrate.connect(restore_triggers, sender=self)
        post_migrate.connect(name_migrated, sender=self)
        post_migrate.connect(grant_after_migrate, sender=self)
