"""Connections that do a last thing inside each transaction before it is committed."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from django.db.backends.base.base import BaseDatabaseWrapper

if TYPE_CHECKING:
    _Wrapper = BaseDatabaseWrapper
else:
    _Wrapper = object


class BeforeCommit(_Wrapper):
    """Calls `before_commit`, if one was set, with this connection; an error there rolls back."""

    before_commit: Callable[[Any], None] | None = None

    def commit(self) -> None:
        """Commit. Django has left the block by now, but the database's transaction is open."""
        if self.before_commit is not None and self.run_on_commit:
            self.in_atomic_block = True
            try:
                self.before_commit(self)
            except BaseException:
                self.in_atomic_block = False
                self.rollback()
                raise
            self.in_atomic_block = False
        super().commit()

    def savepoint_commit(self, sid: str) -> None:
        """Release a savepoint; under a test runner's transaction it stands for the commit."""
        is_outermost = all(getattr(b, "_from_testcase", False) for b in self.atomic_blocks)
        if self.before_commit is not None and is_outermost and self.run_on_commit:
            self.before_commit(self)
        super().savepoint_commit(sid)
