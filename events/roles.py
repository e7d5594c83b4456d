"""The four groups and what each may do, for the migrations that give it to them."""

import sys

from django.apps.registry import Apps
from django.contrib.auth.management import create_permissions

_AUTH = ("auth.add_user", "auth.change_user", "auth.view_user", "auth.view_group")

ROLES: dict[str, tuple[str, ...]] = {
    "analyst": (
        "events.add_submission",
        "events.change_submission",
        "events.view_submission",
        "events.send_submission",
    ),
    "reviewer": (
        "events.add_submission",
        "events.change_submission",
        "events.view_submission",
        "events.send_submission",
        "events.view_red",
        "events.view_auditentry",
        "events.override_public_tlp",
        "events.override_knownvalue",
        "events.share_template",
    ),
    "auditor": (
        "events.view_submission",
        "events.view_red",
        "events.view_auditentry",
        "events.export_auditentry",
    ),
    "administrator": (
        "events.view_submission",
        "events.view_auditentry",
        "events.view_referencelist",
        "events.change_referencelist",
        "events.add_knownvalue",
        "events.change_knownvalue",
        "events.delete_knownvalue",
        "events.view_knownvalue",
        "events.share_template",
        *_AUTH,
    ),
}


def grant(apps: Apps) -> None:
    """Make the groups, and give each what it may do, as far as the models of `apps` go.

    A permission of a later migration does not exist yet; that migration calls this again.
    """
    for label in ("auth", "events"):
        config = apps.get_app_config(label)
        # Permissions are otherwise made after all migrations; the groups need them now.
        before = getattr(config, "models_module", None)
        config.models_module = before or sys.modules[__name__]
        create_permissions(config, apps=apps, verbosity=0)
        config.models_module = before
    permissions = {
        f"{permission.content_type.app_label}.{permission.codename}": permission
        for permission in apps.get_model("auth", "Permission").objects.select_related()
    }
    for role, names in ROLES.items():
        group, _ = apps.get_model("auth", "Group").objects.get_or_create(name=role)
        group.permissions.add(*(permissions[name] for name in names if name in permissions))
