"""What each action is called for people."""

WORDS = {
    "session.signed_in": "Signed in",
    "session.sign_in_failed": "Sign-in failed",
    "session.signed_out": "Signed out",
    "access.denied": "Access denied",
    "account.password_changed": "Own password changed",
    "submission.drafted": "Event drafted",
    "submission.frozen": "Event fixed for sending",
    "submission.override": "Check of an event overridden",
    "submission.sending": "Event being sent",
    "submission.created": "Event created",
    "submission.refused": "Event refused by the API",
    "submission.deferred": "Sending put off",
    "submission.unknown": "Outcome unknown",
    "submission.looked_for": "Event looked for",
    "submission.found": "Event found at Cloudflare",
    "submission.absent": "Event not found at Cloudflare",
    "submission.declared_absent": "Event said to be missing",
    "submission.duplicated": "Event there more than once",
    "submission.sent_again": "Event to be sent again",
    "submission.taken_back": "Event taken back to draft",
    "submission.discarded": "Event discarded",
    "submission.restored": "Event restored",
    "submission.viewed": "Event viewed",
    "audit.viewed": "Audit entry viewed",
    "audit.exported": "Audit log exported",
    "audit.triggers_restored": "Audit triggers put back",
    "user.roles_changed": "Account's roles changed",
    "user.password_changed": "Account's password set",
    "user.deleted": "Account deleted",
    "group.permissions_changed": "Group's permissions changed",
    "group.deleted": "Group deleted",
    "known_value.added": "Known value added",
    "known_value.changed": "Known value changed",
    "known_value.deleted": "Known value deleted",
    "template.saved": "Template saved",
    "template.renamed": "Template renamed",
    "template.deleted": "Template deleted",
    "reference.refreshed": "Reference lists fetched",
}


def words(action: str) -> str:
    """`action` in words: those of the table, else the dotted name without its punctuation."""
    return WORDS.get(action) or action.replace(".", " ").replace("_", " ").capitalize()
