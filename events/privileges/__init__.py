"""PostgreSQL's two roles: the owner of the tables, and the application's, which owns nothing."""

from events.privileges.granted import excess, grant_after_migrate, lacking, may_create, privileges
from events.privileges.making import Address, Steps, steps
from events.privileges.owner import as_owner

__all__ = [
    "Address",
    "Steps",
    "as_owner",
    "excess",
    "grant_after_migrate",
    "lacking",
    "may_create",
    "privileges",
    "steps",
]
