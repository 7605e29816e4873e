"""Several writes that happen together or not at all."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import Unpack

from leyden._attrs import frozen
from leyden._ledger import accounted
from leyden.arguments import fitting
from leyden.errors import InputError, InvalidOptionError
from leyden.operations.item_id import item_id, refuse_duplicates
from leyden.operations.operation import naming
from leyden.operations.options import TransactWriteOptions, read_options
from leyden.operations.overflow.writing import UNKNOWN, Stored
from leyden.operations.transactions.attempts import Attempts
from leyden.operations.transactions.limits import refuse_count
from leyden.operations.transactions.plan import plan_of
from leyden.operations.transactions.result import WRITE
from leyden.operations.unended import Endable, end, hand_on, warn_if_unended
from leyden.operations.uniqueness.guards import Obstacles
from leyden.operations.write import PreparedWrite, Write
from leyden.program import Params, Program, Runner
from leyden.results import TransactionResult


@frozen(eq=False, repr=False, slots=False)
class TransactWrite(Endable):
    """`app.transact_write([...])`: writes and checks that happen together or not at all.

    Generated values, such as ids and times, are made once: sent again, with the same token, it
    is the same transaction.
    """

    runner: Runner
    entries: Sequence[Write]
    drafted: Sequence[PreparedWrite] | None = None
    """The drafts of the entries, where they are made already."""

    def __attrs_post_init__(self) -> None:
        hand_on(self.entries)

    def __del__(self) -> None:
        warn_if_unended(self, WRITE)

    @fitting(".params()")
    def params(self, /, **options: Unpack[TransactWriteOptions]) -> Params:
        """The low-level request; nothing is sent.

        Raises InputError where it depends on what is stored: on the unique values that an
        operation gives up.
        """
        end(self)
        read = read_options(WRITE, TransactWriteOptions, options)
        for entry, draft in zip(self.entries, self._drafts, strict=True):
            with naming(entry.name, entry.entity):
                entry.refuse_reading(draft)
        return plan_of(self.entries, self._laid, Obstacles(), read.token).params

    @fitting(".go()")
    def go(self, /, **options: Unpack[TransactWriteOptions]) -> TransactionResult:
        """Write all, or nothing.

        `token` makes the transaction idempotent for ten minutes: sent again with the same
        token it happens once. Raises TransactionCanceledError, whose `rejections` say which
        operations were refused and why; conflicts with other writes are tried again before.

        Where the request depends on what is stored (unique values that are given up, versions
        that a put counts on from), that is read first, and the transaction depends on it; where
        it has changed meanwhile, the transaction begins again. So it does where an item has large
        values outside, unless there is a `token`, under which nothing else can be sent.
        """
        return self.runner.run(self.program(**options))

    @fitting(".program()")
    def program(self, /, **options: Unpack[TransactWriteOptions]) -> Program[TransactionResult]:
        """The transaction as a program, for larger ones to go on from: what `go()` runs."""
        end(self)
        read = read_options(WRITE, TransactWriteOptions, options)
        drafts = self._drafts
        if read.token is not None:
            self._refuse_token(drafts)
        elif not any(draft.settle for draft in drafts):
            # Refuses bad input here, not when the program runs.
            plan_of(self.entries, self._laid, Obstacles(), None)
        unread = self._laid if read.token is not None else None
        return accounted(Attempts(self.entries, drafts, read.token, unread).run())

    @fitting(".explain()")
    def explain(self, /, **options: Unpack[TransactWriteOptions]) -> str:
        """Says in words what the transaction does."""
        end(self)
        lines = [str(entry.explain()) for entry in self.entries]
        return "\n".join([f"{len(lines)} operations, together or not at all:", *lines])

    def __repr__(self) -> str:
        return f"<{WRITE} of {len(self.entries)}>"

    @cached_property
    def _drafts(self) -> Sequence[PreparedWrite]:
        refuse_count(WRITE, self.entries)
        if self.drafted is not None:
            return self.drafted
        drafts = []
        for position, entry in enumerate(self.entries):
            if not isinstance(entry, Write):
                raise InputError(
                    f"operation {position} is no write or check: a transaction takes chains "
                    "such as task.create(...), task.patch(...).set(...), task.check(...)",
                    operation=WRITE,
                )
            with naming(entry.name, entry.entity):
                drafts.append(entry.draft())
        pairs = zip(self.entries, drafts, strict=True)
        refuse_duplicates(WRITE, (item_id(e.entity.table, draft.key) for e, draft in pairs))
        return drafts

    @cached_property
    def _laid(self) -> list[PreparedWrite]:
        """The writes over items without large values outside; the same ones each time."""
        laid = []
        for entry, draft in zip(self.entries, self._drafts, strict=True):
            large = draft.spread is not None and draft.spread.needs_reading
            with naming(entry.name, entry.entity):
                stored = Stored(None, is_read=True) if large else UNKNOWN
                laid.append(draft.over(entry.entity, stored))
        return laid

    def _refuse_token(self, drafts: Sequence[PreparedWrite]) -> None:
        for position, (entry, draft) in enumerate(zip(self.entries, drafts, strict=True)):
            large = draft.spread is not None and draft.spread.needs_reading
            if draft.settle is not None or large:
                raise InvalidOptionError(
                    f"a token promises that the same request is sent again, and operation "
                    f"{position}, {entry.name}, depends on what is stored each time; say in it "
                    "what that is (.composite(), .expecting()), or leave the token out",
                    operation=WRITE,
                )
