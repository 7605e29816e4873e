"""Reading several items as they all were at one moment."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from typing import Any, Unpack

from leyden._attrs import evolve, frozen
from leyden.arguments import fitting
from leyden.errors import AwsError, DecodeError, HookError, InputError
from leyden.operations.bound import BoundEntity
from leyden.operations.chains.reads import Get
from leyden.operations.item_id import item_id, refuse_duplicates
from leyden.operations.options import Options, TransactGetOptions, read_options
from leyden.operations.overflow.reading import Joining, join_items, wanted_fields
from leyden.operations.plan.reads import is_mine, read_key
from leyden.operations.run import retry
from leyden.operations.run.verdicts import verdict_of_code
from leyden.operations.shape import attempt_to, shape
from leyden.operations.transactions.cancellation import (
    Reason,
    cancellation,
    code_of,
    send_transaction,
)
from leyden.operations.transactions.limits import refuse_count
from leyden.operations.transactions.result import GET, canceled, rejection
from leyden.outcomes import Rejection
from leyden.program import Item, Params, Program, Request, Runner
from leyden.results import TransactionResult, add_units, consumed_units


@frozen(eq=False, repr=False)
class TransactGet:
    """`app.transact_get([...])`: items as they all were at one moment."""

    runner: Runner
    entries: Sequence[Get]

    @fitting(".params()")
    def params(self, /, **options: Unpack[TransactGetOptions]) -> Params:
        """The low-level request; nothing is sent."""
        return self._request(read_options(GET, TransactGetOptions, options))

    @fitting(".go()")
    def go(self, /, **options: Unpack[TransactGetOptions]) -> TransactionResult:
        """Read all of them; None stands where there is no item.

        Raises TransactionCanceledError where writes were under way on them, still after all
        attempts.
        """
        return self.runner.run(self.program(**options))

    @fitting(".program()")
    def program(self, /, **options: Unpack[TransactGetOptions]) -> Program[TransactionResult]:
        """The transaction as a program, for larger ones to go on from: what `go()` runs."""
        read = read_options(GET, TransactGetOptions, options)
        return self._program(self._request(read), read)

    def __repr__(self) -> str:
        return f"<{GET} of {len(self.entries)}>"

    def _request(self, options: Options) -> Params:
        refuse_count(GET, self.entries)
        parts = []
        for position, entry in enumerate(self.entries):
            if not isinstance(entry, Get):
                raise InputError(
                    f"operation {position} is no get: this takes chains such as task.get(...)",
                    operation=GET,
                )
            parts.append({"Get": entry.params()})
        gets = [part["Get"] for part in parts]
        refuse_duplicates(GET, (item_id(get["TableName"], get["Key"]) for get in gets))
        return {"TransactItems": parts}

    def _program(self, params: Params, options: Options) -> Program[TransactionResult]:
        consumed: float | None = None
        sent = attempt = 0
        while True:
            attempt += 1
            try:
                response, attempts = yield from send_transaction(
                    Request("TransactGetItems", params, GET)
                )
            except AwsError as error:
                reasons = cancellation(error)
                if not reasons:
                    raise
                raise canceled(GET, self._rejections(reasons), "nothing was read") from error
            sent += attempts
            found: dict[int, Item] = {}
            for place, (entry, part) in enumerate(
                zip(self.entries, response["Responses"], strict=True)
            ):
                item = part.get("Item")
                if item is not None and is_mine(
                    entry._said.entity, item, entry._said.marks(), options
                ):
                    found[place] = item
            torn, cost, apart = yield from self._join(found, options, last=attempt >= retry.READS)
            consumed = add_units(add_units(consumed, consumed_units(response)), cost)
            if torn is None:
                break
            # Values of one moment: where a part is of another, all are read again.
            if attempt >= retry.READS:
                raise torn
            yield retry.pause_before(attempt)
        items: list[Any] = [None] * len(self.entries)
        unreadable: list[DecodeError | HookError] = [*apart]
        for place, item in found.items():
            make = partial(shape, self.entries[place]._said.entity, options=options)
            items[place], failure = attempt_to(make, item, options, GET)
            if failure is not None:
                unreadable.append(failure)
        return TransactionResult(tuple(items), consumed, sent, tuple(unreadable))

    def _join(
        self, found: dict[int, Item], options: Options, *, last: bool
    ) -> Program[tuple[DecodeError | None, float | None, list[DecodeError]]]:
        """Put large values in their places, table by table; gives the error where that fails.

        And the errors that are collected, whose items are taken out.
        """
        consumed: float | None = None
        unreadable: list[DecodeError] = []
        for table in dict.fromkeys(entry._said.entity.table for entry in self.entries):
            places = [n for n in found if self.entries[n]._said.entity.table == table]
            owners = {id(found[n]): self.entries[n]._said.entity for n in places}
            joining = Joining(
                GET,
                table,
                evolve(options, consistent=True),
                partial(_owner_of, owners),
                partial(wanted_fields, options=options),
                lambda item: True,
                again=False,
                last=last,
            )
            given = [found[n] for n in places]
            joined = yield from join_items(None if options.data == "raw" else joining, given)
            consumed = add_units(consumed, joined.consumed)
            if joined.error is not None:
                return joined.error, consumed, []
            unreadable += joined.unreadable
            for n, item in zip(places, joined.items, strict=True):
                # Nothing was read again, so nothing is gone; it may be unreadable.
                if item is None:
                    del found[n]
                else:
                    found[n] = item
        return None, consumed, unreadable

    def _rejections(self, reasons: Sequence[Reason]) -> Iterable[Rejection]:
        for position, (entry, reason) in enumerate(zip(self.entries, reasons, strict=True)):
            code = code_of(reason)
            if code != "None":
                said = entry._said
                key = said.entity.compiled.encode(read_key(said.entity, said.given))
                verdict = verdict_of_code(code)
                yield rejection(position, said.name, said.entity, key, verdict, code)


def _owner_of(owners: Mapping[int, BoundEntity], item: Item) -> BoundEntity:
    return owners[id(item)]
