"""What the entries about one submission say of it: its state, bytes, uuid, author, marking.

One table says what each action means. An action of a submission that is in none of the tables is
one that somebody forgot here, and a test says so.
"""

from typing import Any

from events.models import PRIVATE, State

# Where each action leads; the last one says which state the submission is in.
LEADS_TO = {
    "submission.drafted": State.DRAFT,
    "submission.frozen": State.READY,
    "submission.sending": State.SENDING,
    "submission.created": State.CREATED,
    "submission.refused": State.REJECTED,
    "submission.altered": State.REJECTED,
    "submission.deferred": State.READY,
    "submission.unknown": State.UNKNOWN,
    "submission.found": State.CREATED,
    "submission.absent": State.ABSENT,
    "submission.declared_absent": State.ABSENT,
    "submission.duplicated": State.DUPLICATED,
    "submission.recovered": State.CREATED,
    "submission.sent_again": State.READY,
    "submission.taken_back": State.DRAFT,
    "submission.discarded": State.DISCARDED,
    "submission.restored": State.DRAFT,
}
# What is said of one as it is; the state stays.
TOLD_OF = frozenset(
    {
        "submission.looked_for",
        "submission.looked_again",
        "submission.hurried",
        "submission.put_back",
        "submission.declared_unsent",
    }
)
# Written from what was known before: their marking and attempt may be older than the row's.
BEHIND = frozenset({"submission.override", "submission.answered_late"})
ACTIONS = (*LEADS_TO, *sorted(TOLD_OF | BEHIND))
# About a submission, and nothing that it consists of.
BESIDE = frozenset({"submission.viewed", "submission.downloaded"})

_RECOVERED = "submission.recovered"
_NAMES_UUID = frozenset({"submission.created", "submission.found", _RECOVERED})
_FINDS = frozenset({"submission.found", "submission.duplicated"})
_UUID = "uuid "


class Commitment:
    """A commitment to a text: the entry whose attachment it is, that one's name, and the hash."""

    def __init__(self, seq: int, name: str, digest: str) -> None:
        self.key = (seq, name)
        self.digest = digest


class Story:
    """What the entries of one submission say, read in order."""

    def __init__(self) -> None:
        self.state: State | None = None
        self.author_id: int | None = None
        # Empty where the entries do not say.
        self.author = ""
        self.tlp = ""
        self.attempt: int | None = None
        self.uuid = ""
        self.payload: Commitment | None = None
        self.answer: Commitment | None = None
        # Whether lists show what was sent; else what the API or a draft says.
        self.shows_payload = False
        self._late: Commitment | None = None

    def read(self, seq: int, fields: dict[str, Any]) -> None:
        """Go on with the entry `seq`."""
        action = fields["action"]
        if self.state is None or action == _RECOVERED:
            self._begin(fields)
        if action not in BEHIND:
            self.tlp, self.attempt = fields["tlp"], fields["attempt"]
        self._read_texts(seq, action, fields["attachments"])
        if action in _NAMES_UUID and str(fields["reason"]).startswith(_UUID):
            self.uuid = fields["reason"].removeprefix(_UUID)
        if action in LEADS_TO:
            if action in _FINDS and self.state in PRIVATE:
                self.shows_payload = False
            self.state = LEADS_TO[action]

    def _begin(self, fields: dict[str, Any]) -> None:
        """Whoever drafts is the author; what was taken in has no author and no bytes here."""
        is_draft = fields["action"] == "submission.drafted"
        self.author_id = fields["actor_id"] if is_draft else None
        self.author = fields["actor"] if is_draft else ""
        self.payload, self.shows_payload = None, False

    def _read_texts(self, seq: int, action: str, attachments: dict[str, str]) -> None:
        made = {name: Commitment(seq, name, digest) for name, digest in attachments.items()}
        if "payload" in made:
            self.payload, self.shows_payload = made["payload"], True
        if action == "submission.answered_late":
            self._late = made.get("answer")
            return
        if action in LEADS_TO:
            # What came late is what was found, if nothing else is said of that.
            found = self._late if action == "submission.found" else None
            self.answer = made.get("answer") or found or self.answer
            self._late = None
