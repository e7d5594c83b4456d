"""What is asked of each page: queries, and presses that do something for whoever may do it.

A value may name the key of an object of the world, as in `{event[red]}`. `X-Part` is a header.
"""

from tests.conftest import PASSWORD
from tests.forms.support import EXAMPLE, rows

Asked = dict[str, dict[str, dict[str, object]]]

_EVENT = EXAMPLE | rows(("domain", "new.example"))
_REASON = {"reason": "looked in the dashboard"}
_NEW = "quite another long pass phrase"
_PASSWORDS = {"password1": _NEW, "password2": _NEW, "usable_password": "true"}
_VALUE = {"value": "new.example", "match": "domain", "kind": "own", "level": "block"}
_JOINED = {"date_joined_0": "2026-11-23", "date_joined_1": "12:00:00"}

_SEEN = EXAMPLE | rows(("domain", "red.example"), ("domain", "raw-red.example"))
_ALL_VALUES = {"action": "delete_selected", "_selected_action": "{known[value]}", "post": "yes"}
_ALL_USERS = _ALL_VALUES | {"_selected_action": "{user[analyst]}"}
_ALL_GROUPS = _ALL_VALUES | {"_selected_action": "{group[analyst]}"}

# Page → name of the question → its query. A page that is not here is asked without one.
QUERIES: Asked = {
    "events": {"plain": {}, "created": {"state": "created"}, "mine": {"mine": "1"}},
    "event_new": {
        "plain": {},
        "like": {"like": "{event[created]}"},
        "like_red": {"like": "{event[red]}"},
        "like_draft": {"like": "{event[draft]}"},
        "team": {"template": "{template[team]}"},
        "own": {"template": "{template[own]}"},
        "recent": {"X-Part": "recent"},
        "attackers": {"X-Part": "attackers"},
    },
    "admin:events_auditentry_changelist": {
        "plain": {},
        "indicator": {"q": "red.example"},
        "event": {"q": "{event[red]}"},
    },
    "admin:auth_user_changelist": {"plain": {}, "search": {"q": "owner"}},
}
# Page → name of the press → fields. A page that is not here gets an empty form.
FORMS: Asked = {
    "events": {
        "none": {},
        "search": {"q": "created.example"},
        "red": {"q": "red.example"},
        "raw_red": {"q": "raw-red.example"},
        "word": {"q": "besideword"},
        "id": {"q": "{event[red]}"},
    },
    "event_new": {
        "preview": _EVENT,
        "save": _EVENT | {"action": "save"},
        "send": _EVENT | {"action": "send"},
        "download": _EVENT | {"action": "download"},
        "template": _EVENT | {"action": "save_template", "template_name": "New"},
        "team": _EVENT
        | {"action": "save_template", "template_name": "New", "template_for": "team"},
    },
    "event_edit": {
        "preview": _EVENT,
        "save": _EVENT | {"action": "save"},
        "send": _EVENT | {"action": "send"},
    },
    "event_check": {"check": _EVENT, "red": _SEEN},
    "event_check_there": {"check": _EVENT, "red": _SEEN},
    "event_edit_check": {"check": _EVENT},
    "event_decide": {
        "absent": {"action": "absent"} | _REASON,
        "again": {"action": "send_again"} | _REASON,
        "unsent": {"action": "unsent"} | _REASON,
    },
    "template_rename": {"rename": {"name": "Renamed"}},
    "login": {"right": {"username": "owner", "password": PASSWORD}},
    "password_change": {
        "right": {"old_password": PASSWORD, "new_password1": _NEW, "new_password2": _NEW}
    },
    "preferences": {"save": {"time_zone": "Asia/Tokyo", "dataset_id": "", "theme": "dark"}},
    "admin:events_knownvalue_add": {"add": _VALUE},
    "admin:events_knownvalue_change": {"change": _VALUE},
    "admin:events_knownvalue_delete": {"delete": {"post": "yes"}},
    "admin:events_knownvalue_changelist": {"none": {}, "delete": _ALL_VALUES},
    "admin:auth_user_changelist": {"none": {}, "delete": _ALL_USERS},
    "admin:auth_group_changelist": {"none": {}, "delete": _ALL_GROUPS},
    "admin:auth_user_add": {"add": {"username": "nina"} | _PASSWORDS},
    "admin:auth_user_change": {"change": {"username": "renamed", "is_active": "on"} | _JOINED},
    "admin:auth_user_password_change": {"set": _PASSWORDS},
    "admin:auth_user_delete": {"delete": {"post": "yes"}},
    "admin:auth_group_add": {"add": {"name": "New"}},
    "admin:auth_group_change": {"change": {"name": "Renamed"}},
    "admin:auth_group_delete": {"delete": {"post": "yes"}},
}
