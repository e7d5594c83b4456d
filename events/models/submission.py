"""A submission: what an analyst typed, the frozen bytes that are sent, and what became of them."""

import json
import uuid
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.contrib.auth.models import AbstractBaseUser, AnonymousUser, User
from django.db import models
from django.db.models import Exists, OuterRef, Q

from events.models.rights import may_see_red
from events.models.states import (
    ALTERED,
    ALTERED_IN_DOUBT,
    EDITABLE,
    PRIVATE,
    REFUSED_IN_DOUBT,
    THERE,
    Look,
    State,
    Words,
)
from events.payload import Tlp

if TYPE_CHECKING:
    _BinaryField = models.BinaryField[bytes | None, bytes | None]
else:
    _BinaryField = models.BinaryField

# What is not known to be there, and not known to be nowhere once an outcome was unknown.
_NOT_PROVEN = frozenset({State.READY, State.REJECTED, State.DRAFT, State.DISCARDED})


# As `was_altered`, for a query.
WAS_ALTERED = Q(state=State.REJECTED, outcome__startswith='{"kind": "altered"')


class SubmissionQuerySet(models.QuerySet["Submission"]):
    """Submissions, with the one rule of who may see which."""

    def visible_to(self, user: AbstractBaseUser | AnonymousUser) -> "SubmissionQuerySet":
        """What `user` may see: own ones; of others no drafts, and RED only with the right to it."""
        if not isinstance(user, User) or not user.has_perm("events.view_submission"):
            return self.none()
        others = ~Q(state__in=PRIVATE)
        if not may_see_red(user):
            others &= ~Q(tlp=Tlp.RED)
        return self.filter(others | Q(author=user))

    def live(self) -> "SubmissionQuerySet":
        """What was not discarded."""
        return self.exclude(state=State.DISCARDED)

    def uncorrected(self) -> "SubmissionQuerySet":
        """Those whose place no other one takes; a correction that was discarded takes none."""
        taken = Submission.objects.live().filter(corrects=OuterRef("pk"))
        return self.filter(~Exists(taken))

    def both_there(self) -> "SubmissionQuerySet":
        """Corrections that Cloudforce One holds together with what they correct."""
        return self.filter(corrects__isnull=False, state__in=THERE, corrects__state__in=THERE)


class StoredBytes(_BinaryField):
    """Bytes, whatever type they are stored under.

    SQLite keeps each value under a type of its own, so that an edit past this program may leave a
    text or a number. It is read as its bytes, and then compared as any others are.
    """

    def from_db_value(self, value: object, *_: object) -> bytes | None:
        """What is stored, as bytes."""
        if value is None or isinstance(value, (bytes, memoryview)):
            return None if value is None else bytes(value)
        return str(value).encode(errors="surrogateescape")

    def deconstruct(self) -> Any:
        """For migrations it is Django's own field."""
        name, _, args, kwargs = super().deconstruct()
        return name, "django.db.models.BinaryField", args, kwargs


class Submission(models.Model):
    """One event on its way to the API.

    `typed` is what the form held, as ASCII JSON, so that any text survives any database. `body`
    is frozen when the person sends: the exact bytes of the create. The columns from `category` to
    `event_date` are copies for lists. `outcome` is the last answer in our words.
    `tlp` is the stricter of the labels of the event and of its raw data. `was_red`: the text was
    copied from what was TLP:RED, so that it counts as RED until a person chooses a label.
    `attempt` counts its sends; `tries` those since a person last decided to send it.
    `unknown_since`, `negatives` and `found` are what reconciling knows: since when the outcome is
    unknown, how many searches did not find it, and the uuids of the events that carry its mark.
    `sweep_at` is when what is settled is compared with Cloudforce One again, None for never;
    `searched_at` when a search last proved that it is not there. `look` and `look_changes` are what
    the last look at the created event showed, at `looked_at`. `corrects` is the submission whose
    place this one takes, because its first send may still exist.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    state = models.CharField(max_length=16, choices=State.choices, default=State.DRAFT)
    version = models.PositiveIntegerField(default=0)
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        on_delete=models.SET_NULL,
        related_name="submissions",
        db_index=False,
    )
    author_name = models.CharField(max_length=150)
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()

    typed = models.TextField(default="{}")
    was_red = models.BooleanField(default=False, db_default=False)
    category = models.TextField(blank=True)
    event = models.TextField(blank=True)
    tlp = models.CharField(max_length=16, blank=True)
    dataset_id = models.TextField(blank=True)
    event_date = models.DateTimeField(null=True)

    body = StoredBytes(null=True)
    body_sha256 = models.CharField(max_length=64, blank=True)
    attempt = models.PositiveIntegerField(default=0)
    tries = models.PositiveIntegerField(default=0)
    lease_until = models.DateTimeField(null=True)
    next_at = models.DateTimeField(null=True)

    unknown_since = models.DateTimeField(null=True)
    negatives = models.PositiveSmallIntegerField(default=0)
    found = models.TextField(default="[]")
    sweep_at = models.DateTimeField(null=True)
    searched_at = models.DateTimeField(null=True)
    look = models.CharField(max_length=8, choices=Look.choices, blank=True)
    look_changes = models.TextField(blank=True)
    looked_at = models.DateTimeField(null=True)
    corrects = models.ForeignKey(
        "self", null=True, on_delete=models.SET_NULL, related_name="corrections", db_index=False
    )

    outcome = models.TextField(default="{}")
    event_uuid = models.CharField(max_length=64, blank=True)
    answer = models.TextField(blank=True)

    objects = SubmissionQuerySet.as_manager()

    class Meta:
        default_permissions = ("add", "change", "view")
        permissions = (
            ("send_submission", "Can send events to Cloudforce One"),
            ("view_red", "Can see TLP:RED events of others"),
            (
                "override_public_tlp",
                "Can send RED and AMBER+STRICT into public datasets, with a reason",
            ),
        )
        indexes = (
            models.Index(fields=["state", "next_at"], name="submission_due"),
            models.Index(fields=["author", "state", "-updated_at", "-id"], name="submission_mine"),
            models.Index(fields=["-updated_at", "-id"], name="submission_recent"),
            models.Index(fields=["state", "-updated_at", "-id"], name="submission_state"),
            models.Index(fields=["author", "-updated_at", "-id"], name="submission_author"),
            models.Index(
                fields=["corrects"], condition=Q(corrects__isnull=False), name="submission_corrects"
            ),
            models.Index(
                fields=["sweep_at"], condition=Q(sweep_at__isnull=False), name="submission_sweep"
            ),
            models.Index(fields=["event_uuid"], name="submission_event_uuid"),
            models.Index(
                fields=["author", "state"],
                condition=Q(corrects__isnull=False),
                name="submission_correction",
            ),
        )

    def __str__(self) -> str:
        return f"{self.get_state_display()} {self.id}"

    @property
    def marking(self) -> Tlp | None:
        """The TLP label; None while none was chosen."""
        return Tlp(self.tlp) if self.tlp else None

    @property
    def may_exist(self) -> bool:
        """Whether an earlier send may have created the event, though the state does not say so.

        Its text is what it is looked for by, so it is never changed into another event.
        """
        return self.unknown_since is not None and self.state in _NOT_PROVEN

    @property
    def is_editable(self) -> bool:
        """Whether its author may change what was typed, and send it."""
        return self.state in EDITABLE and not self.may_exist

    @property
    def was_altered(self) -> bool:
        """Whether it was stopped because it was not what had been locked for sending.

        The API was not asked, so that nothing says of it that the API refused it.
        """
        return self.state == State.REJECTED and self.outcome_values.get("kind") == "altered"

    def get_state_display(self) -> str:  # type: ignore[no-redef]
        """The state in a word for people."""
        if self.was_altered:
            return "Held"
        return str(dict(State.choices).get(self.state, self.state))

    @property
    def words(self) -> Words:
        """What is true of it, what happens next, and what people may do."""
        if self.was_altered:
            return ALTERED_IN_DOUBT if self.may_exist else ALTERED
        if self.state == State.REJECTED and self.may_exist:
            return REFUSED_IN_DOUBT
        return State(self.state).words

    @property
    def typed_values(self) -> dict[str, Any]:
        """What the form held: field name → text, and `indicators` → list of rows."""
        return _json_object(self.typed)

    @property
    def outcome_values(self) -> dict[str, Any]:
        """The last answer: `kind`, `status`, `detail`, `problems`, `cf_ray`."""
        return _json_object(self.outcome)

    @property
    def found_uuids(self) -> list[str]:
        """The uuids of the events there that carry this submission's mark."""
        return [str(item) for item in json.loads(self.found)]

    @property
    def answer_values(self) -> dict[str, Any]:
        """The event as the API returned it."""
        return _json_object(self.answer or "{}")


class FormToken(models.Model):
    """A form that was rendered for an existing submission, and has been sent.

    The first form of a submission needs no row: its token is the submission's own id.
    """

    token = models.UUIDField(primary_key=True)
    submission = models.ForeignKey(Submission, on_delete=models.CASCADE, related_name="form_tokens")
    spent_at = models.DateTimeField()

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return str(self.token)


def _json_object(text: str) -> dict[str, Any]:
    value = json.loads(text)
    return value if isinstance(value, dict) else {}
