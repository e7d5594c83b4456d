"""What each action is called for people."""

WORDS = {
    "session.signed_in": "Signed in",
    "session.sign_in_failed": "Sign-in failed",
    "session.signed_out": "Signed out",
    "access.denied": "Access denied",
    "submission.drafted": "Event drafted",
    "submission.frozen": "Event frozen to be sent",
    "submission.sending": "Event being sent",
    "submission.created": "Event created",
    "submission.refused": "Event refused by the API",
    "submission.deferred": "Sending put off",
    "submission.unknown": "Outcome not known",
    "submission.duplicated": "Event found more than once",
    "submission.absent": "Event not found at Cloudflare",
    "submission.taken_back": "Event taken back to draft",
    "submission.discarded": "Event discarded",
    "submission.viewed": "Event viewed",
    "audit.viewed": "Audit entry viewed",
    "audit.exported": "Audit log exported",
    "audit.triggers_restored": "Audit triggers put back",
    "user.roles_changed": "Account's roles changed",
    "user.password_changed": "Account's password set",
    "user.deleted": "Account deleted",
    "group.permissions_changed": "Group's permissions changed",
    "group.deleted": "Group deleted",
}


def words(action: str) -> str:
    """`action` in words: those of the table, else the dotted name without its punctuation."""
    return WORDS.get(action) or action.replace(".", " ").replace("_", " ").capitalize()
