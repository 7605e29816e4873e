"""What was done to a thread as a whole, which says which of its checkpoints are there.

A thread's *mark* is one item, and moves first: to delete a thread of any size is a single write,
after which nobody sees what remains to be deleted, whether it is asked for by its id or not. A
graph that was running on it goes on to write checkpoints of the generation it knew, so these are
not seen either. A copy is made in a generation that nobody sees until it is finished.

A checkpoint may refer to pieces that earlier ones have, so whoever deletes checkpoints must not
take pieces from under a writer. Two times see to that. What a writer has read or written it relies
on for as long as `LEASE`; then its write takes place only if the mark is what it was. And whoever
deletes checkpoints leaves the pieces of those that somebody may rely on: the ones that were the
newest of their namespace within the last `GRACE`.
"""

from __future__ import annotations

import os
from base64 import urlsafe_b64encode
from typing import Any, Final

from attrs import evolve, frozen

from leyden import Check, Get, Put
from leyden.agents.backend import Backend
from leyden.agents.patience import patient, refused
from leyden.errors import TransactionCanceledError
from leyden.program import Program

LEASE: Final = 5 * 60
"""For how many seconds a writer relies on what it knows."""

GRACE: Final = 15 * 60
"""For how many seconds what somebody may rely on is not deleted."""

LAST: Final = "\U0010ffff"
"""In place of a checkpoint's id: behind all of them."""


@frozen
class Mark:
    """What a thread's item of the entity `generation` says, or that there is none."""

    number: int = 0
    copying: bool = False
    revision: str | None = None
    deleted_at: int | None = None

    @classmethod
    def of(cls, record: Any) -> Mark:
        """Read a record; None stands for a thread without one."""
        if record is None:
            return cls()
        return cls(record.number, bool(record.copying), record.revision, record.deleted_at)

    def shows(self, head: Any) -> bool:
        """Whether a checkpoint is there."""
        number = head.generation or 0
        return number >= self.number and not self.is_pending(head)

    def is_pending(self, head: Any) -> bool:
        """Whether a checkpoint belongs to a copy that is under way."""
        return self.copying and (head.generation or 0) == self.number

    @property
    def own(self) -> dict[str, int]:
        """What a checkpoint has that is written now."""
        return {"generation": self.number + 1} if self.number else {}

    def after_all(self, *, copying: bool = False) -> Mark:
        """The mark under which nothing is there yet of what was."""
        return Mark(self.number + 2, copying)


class Marks:
    """The marks of threads, and the transactions that depend on them."""

    def __init__(self, backend: Backend) -> None:
        self._app = backend.app
        self._entity = backend.app.entities.generation

    def get(self, thread_id: str) -> Get:
        """The chain that reads a mark."""
        return self._entity.get(**_key(thread_id))

    def read(self, thread_id: str) -> Program[Mark]:
        """Read the mark of a thread."""
        return Mark.of((yield from self.get(thread_id).program(consistent=True)))

    def is_still(self, thread_id: str, mark: Mark) -> Check:
        """The condition of a transaction that a thread has that mark."""
        revision = self._entity.attr.revision
        same = revision.does_not_exist() if mark.revision is None else revision == mark.revision
        return self._entity.check(**_key(thread_id)).where(same)

    def move(
        self, thread_id: str, before: Mark, after: Mark, beside: Any = ()
    ) -> Program[Mark | None]:
        """Move a mark, and write up to 99 items beside it. Returns None if it has been moved."""
        after = evolve(after, revision=urlsafe_b64encode(os.urandom(12)).decode("ascii"))
        values = {
            "number": after.number,
            "copying": after.copying or None,
            "revision": after.revision,
            "deleted_at": after.deleted_at,
        }
        values = {name: value for name, value in values.items() if value is not None}
        moving: Put = self._entity.put(**_key(thread_id), **values)
        revision = self._entity.attr.revision
        if before.revision is None:
            moving = moving.where(revision.does_not_exist())
        else:
            moving = moving.where(revision == before.revision)
        return after if (yield from self.together([moving, *beside])) else None

    def together(self, writes: Any) -> Program[bool]:
        """Write in one transaction; returns False if something is not what it depends on."""
        try:
            yield from patient(self._app.transact_write([*writes]))
        except TransactionCanceledError as error:
            if refused(error):
                return False
            raise
        return True


def _key(thread_id: str) -> dict[str, str]:
    return {"thread_id": thread_id, "namespace": "", "checkpoint_id": LAST}
