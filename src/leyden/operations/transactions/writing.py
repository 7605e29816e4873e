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
from leyden.operations.options import DEFAULT, TransactWriteOptions, read_options
from leyden.operations.plan.writes import (
    Part,
    ResolvedWrite,
    WritePlan,
    over_nothing_outside,
    parts_of,
    refuse_reading,
)
from leyden.operations.run.attempts import Written
from leyden.operations.run.writing import write_together
from leyden.operations.transactions.limits import refuse_count
from leyden.operations.transactions.result import WRITE
from leyden.operations.unended import Endable, end, hand_on, warn_if_unended
from leyden.operations.uniqueness.guards import GuardState
from leyden.operations.write import Write
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
    planned: Sequence[WritePlan] | None = None
    """The plans of the entries, where they are made already."""

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
        for plan in self._plans:
            with naming(plan.entry._name, plan.entity):
                refuse_reading(plan)
        params: Params = {"TransactItems": [part.body for part in self._parts()]}
        if read.token is not None:
            params["ClientRequestToken"] = read.token
        return params

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
        token = read_options(WRITE, TransactWriteOptions, options).token
        plans = self._plans
        if token is not None:
            self._refuse_token(plans)
        elif not any(plan.depends for plan in plans):
            # Refuses bad input here, not when the program runs.
            self._parts()
        unread = self._unread if token is not None else None
        return accounted(self._finished(write_together(plans, token, unread)))

    def _finished(self, writing: Program[Written]) -> Program[TransactionResult]:
        done = yield from writing
        pairs = zip(self.entries, done.writes, strict=True)
        items = tuple(entry._returned(write.kept, DEFAULT) for entry, write in pairs)
        return TransactionResult(items, done.consumed, done.attempts)

    @fitting(".explain()")
    def explain(self, /, **options: Unpack[TransactWriteOptions]) -> str:
        """Says in words what the transaction does."""
        end(self)
        lines = [str(entry.explain()) for entry in self.entries]
        return "\n".join([f"{len(lines)} operations, together or not at all:", *lines])

    def __repr__(self) -> str:
        return f"<{WRITE} of {len(self.entries)}>"

    @cached_property
    def _plans(self) -> Sequence[WritePlan]:
        refuse_count(WRITE, self.entries)
        if self.planned is not None:
            return self.planned
        plans = []
        for position, entry in enumerate(self.entries):
            if not isinstance(entry, Write):
                raise InputError(
                    f"operation {position} is no write or check: a transaction takes chains "
                    "such as task.create(...), task.patch(...).set(...), task.check(...)",
                    operation=WRITE,
                )
            with naming(entry._name, entry._entity):
                plans.append(entry._draft())
        refuse_duplicates(WRITE, (item_id(plan.table, plan.key) for plan in plans))
        return plans

    @cached_property
    def _unread(self) -> list[ResolvedWrite]:
        """The writes over items without large values outside; the same ones each time."""
        writes = []
        for plan in self._plans:
            with naming(plan.entry._name, plan.entity):
                writes.append(over_nothing_outside(plan))
        return writes

    def _parts(self) -> Sequence[Part]:
        return parts_of(self._unread, GuardState(), WRITE)

    def _refuse_token(self, plans: Sequence[WritePlan]) -> None:
        for position, plan in enumerate(plans):
            if plan.depends or (plan.spread is not None and plan.spread.needs_reading):
                raise InvalidOptionError(
                    f"a token promises that the same request is sent again, and operation "
                    f"{position}, {plan.entry._name}, depends on what is stored each time; say in "
                    "it what that is (.composite(), .expecting()), or leave the token out",
                    operation=WRITE,
                )
