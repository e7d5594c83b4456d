"""The configuration of the admin site, and of apps that are used in part."""

from allauth.usersessions.apps import UserSessionsConfig
from django.contrib import admin
from django.contrib.admin.apps import AdminConfig

FOREIGN_APPS = frozenset({"account", "usersessions"})


class DeskAdminConfig(AdminConfig):
    """Django's admin with Event Desk's site: its own title, and the one sign-in page."""

    default_site = "webui.site.DeskAdminSite"

    def ready(self) -> None:
        """Find every admin page, and leave out those that the sign-in's library brings along."""
        super().ready()
        foreign = [m for m in admin.site._registry if m._meta.app_label in FOREIGN_APPS]
        admin.site.unregister(foreign)


class SessionRowsConfig(UserSessionsConfig):  # type: ignore[misc]
    """The table alone: the desk writes its rows itself, by the database's clock."""

    def ready(self) -> None:
        """Listen to nothing."""
