"""The one app, and what is wired at start: lock order, the log of accounts, checks."""

from django.apps import AppConfig
from django.db.backends.signals import connection_created
from django.db.models.signals import post_migrate, post_save, pre_save


class EventsConfig(AppConfig):
    """Event Desk's app."""

    name = "events"
    verbose_name = "Event Desk"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Models can be imported only now."""
        from django.contrib.auth.models import User  # noqa: PLC0415
        from django.contrib.auth.signals import user_logged_in  # noqa: PLC0415

        from events import checks  # noqa: F401, PLC0415
        from events.audit import closing, order  # noqa: PLC0415
        from events.audit.restore import restore_triggers  # noqa: PLC0415
        from events.models import account  # noqa: PLC0415
        from events.outbox.history import name_migrated  # noqa: PLC0415
        from events.services import accounts, confirming, sessions  # noqa: PLC0415

        connection_created.connect(order.watch)
        connection_created.connect(closing.watch)
        accounts.watch()
        sessions.watch()
        pre_save.connect(account.refuse_taken, sender=User)
        post_save.connect(account.keep_name, sender=User)
        user_logged_in.connect(confirming.confirm)
        post_migrate.connect(restore_triggers, sender=self)
        post_migrate.connect(name_migrated, sender=self)
