"""The admin site's configuration."""

from django.contrib.admin.apps import AdminConfig


class DeskAdminConfig(AdminConfig):
    """Django's admin with Event Desk's site: its own title, and the one sign-in page."""

    default_site = "webui.site.DeskAdminSite"
