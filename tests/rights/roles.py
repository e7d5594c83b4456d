"""The roles, who plays them here, and which permission is meant for which of them."""

# Role → the people of the world who have it and no other.
PERSONS = {
    "analyst": ("off", "owner", "other"),
    "reviewer": ("reviewer",),
    "auditor": ("auditor",),
    "administrator": ("administrator",),
}

_NOBODY: tuple[str, ...] = ()
_WRITERS = ("analyst", "reviewer")
_EVERYBODY = ("analyst", "reviewer", "auditor", "administrator")
_LOG_READERS = ("reviewer", "auditor", "administrator")
_ADMINISTRATORS = ("administrator",)

# Permission → the roles that have it.
RIGHTS = {
    "events.add_submission": _WRITERS,
    "events.change_submission": _WRITERS,
    "events.view_submission": _EVERYBODY,
    "events.send_submission": _WRITERS,
    "events.view_red": ("reviewer", "auditor"),
    "events.override_public_tlp": ("reviewer",),
    "events.override_knownvalue": ("reviewer",),
    "events.share_template": ("reviewer", "administrator"),
    "events.view_auditentry": _LOG_READERS,
    "events.export_auditentry": ("auditor",),
    "events.view_referencelist": _ADMINISTRATORS,
    "events.change_referencelist": _ADMINISTRATORS,
    "events.view_knownvalue": _ADMINISTRATORS,
    "events.add_knownvalue": _ADMINISTRATORS,
    "events.change_knownvalue": _ADMINISTRATORS,
    "events.delete_knownvalue": _ADMINISTRATORS,
    "auth.add_user": _ADMINISTRATORS,
    "auth.change_user": _ADMINISTRATORS,
    "auth.view_user": _ADMINISTRATORS,
    "auth.delete_user": _NOBODY,
    "auth.view_group": _ADMINISTRATORS,
    "auth.add_group": _NOBODY,
    "auth.change_group": _NOBODY,
    "auth.delete_group": _NOBODY,
    "auth.add_permission": _NOBODY,
    "auth.change_permission": _NOBODY,
    "auth.delete_permission": _NOBODY,
    "auth.view_permission": _NOBODY,
}
