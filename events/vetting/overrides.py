"""Going on in spite of a block: who may, with which reason, and what the log says of it."""

from collections.abc import Iterable

from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.models import AnonymousUser

from events import audit, outbox
from events.models import Submission, was_given
from events.vetting.findings import Finding, Level

REASON_MAX = 1_000
ACTION = "submission.override"


class Blocked(Exception):
    """Blocks stand against sending; `findings` are they, the text names them for people."""

    def __init__(self, findings: tuple[Finding, ...]) -> None:
        super().__init__(" ".join(dict.fromkeys(f"{f.message} {f.advice}" for f in findings)))
        self.findings = findings


def may_override(finding: Finding, user: AbstractBaseUser | AnonymousUser) -> bool:
    """Whether `user` may override this block by giving a reason."""
    return finding.needs_reason and was_given(user, finding.permission)


def enforce(
    findings: Iterable[Finding], *, user: AbstractBaseUser | AnonymousUser, reason: str
) -> tuple[Finding, ...]:
    """The blocks among `findings` that stand; none means that the event may be sent.

    A block falls if `user` has its `permission` and `reason` says something in 1 to `REASON_MAX`
    characters. `reason` is the form's `override_reason`.
    """
    is_reason = 0 < len(reason.strip()) <= REASON_MAX
    blocks = (finding for finding in findings if finding.level is Level.BLOCK)
    return tuple(block for block in blocks if not (is_reason and may_override(block, user)))


def overridden(
    findings: Iterable[Finding], *, submission: Submission, actor: audit.Actor, reason: str
) -> tuple[audit.Fact, ...]:
    """What to append to the log, with the freeze, once `enforce` left nothing standing.

    One fact `submission.override` that names each code once, then the reason; none if there was
    no block.
    """
    codes = sorted({finding.code for finding in findings if finding.level is Level.BLOCK})
    if not codes:
        return ()
    reason = f"{', '.join(codes)}: {reason.strip()}"
    return (outbox.fact(submission, ACTION, actor, reason=reason),)
