"""The four groups and what each may do; the migration that makes them reads this table."""

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
        *_AUTH,
    ),
}
