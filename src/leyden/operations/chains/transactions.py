"""Transactions: writes that all happen or none, and reads of a single moment."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property, partial
from typing import Any, Unpack

from leyden._attrs import evolve, frozen
from leyden._calls import Endable, end, fitting, hand_on, warn_unended
from leyden._ledger import accounted
from leyden.errors import AwsError, DecodeError, InputError, InvalidOptionError, LeydenError
from leyden.operations.bound import (
    BoundEntity,
    error_context,
    item_id,
    reader_of,
    refuse_duplicates,
)
from leyden.operations.chains.reads import Get
from leyden.operations.chains.write import Write
from leyden.operations.companions.overflow.format import TRANSACTION_LIMIT
from leyden.operations.companions.overflow.reading import OverflowRead, join_items, wanted_fields
from leyden.operations.companions.unique import GuardState
from leyden.operations.options import (
    DEFAULT,
    Options,
    TransactGetOptions,
    TransactWriteOptions,
    read_options,
)
from leyden.operations.plan.costs import total_of
from leyden.operations.plan.reads import Explanation, attempt_to, is_mine, shape
from leyden.operations.plan.writes import (
    Part,
    ResolvedWrite,
    WritePlan,
    over_nothing_outside,
    parts_of,
    refuse_reading,
)
from leyden.operations.run.sending import READS, Wanted, pause_before
from leyden.operations.run.verdicts import (
    GET,
    WRITE,
    Reason,
    canceled,
    cancellation,
    code_of,
    refuse_count,
    rejection,
    send_transaction,
    verdict_of_code,
)
from leyden.operations.run.writing import write_together
from leyden.outcomes import Rejection
from leyden.program import Item, Params, Program, Request, Runner, Work
from leyden.results import TransactionResult, add_units, consumed_units


@frozen(eq=False, repr=False, slots=False)
class TransactGet:
    """`app.transact_get([...])`: reads items as they all were at one moment."""

    _runner: Runner
    _entries: Sequence[Get]

    @fitting(".params()")
    def params(self, /, **options: Unpack[TransactGetOptions]) -> Params:
        """Return the low-level request; nothing is sent."""
        return self._request(read_options(GET, TransactGetOptions, options))

    @fitting(".go()")
    def go(self, /, **options: Unpack[TransactGetOptions]) -> TransactionResult:
        """Read all of them. An entry without an item gives None.

        Raises TransactionCanceledError where other writes of these items were in the way at every
        attempt.

        >>> app.transact_get([task.get(project_id="p1", task_id="t1")]).go()   # doctest: +SKIP
        """
        return self._runner.run(self.program(**options))

    @fitting(".program()")
    def program(self, /, **options: Unpack[TransactGetOptions]) -> Program[TransactionResult]:
        """Return what `go()` runs as a program, for use in a larger program."""
        read = read_options(GET, TransactGetOptions, options)
        return self._program(self._request(read), read)

    def __repr__(self) -> str:
        return f"<{GET} of {len(self._entries)}>"

    def _request(self, options: Options) -> Params:
        refuse_count(GET, self._entries)
        parts = []
        for position, entry in enumerate(self._entries):
            if not isinstance(entry, Get):
                raise InputError(
                    f"operation {position} is not a get: a transaction of reads takes chains such "
                    "as task.get(...)",
                    operation=GET,
                )
            parts.append({"Get": entry.params()})
        gets = [part["Get"] for part in parts]
        refuse_duplicates(GET, (item_id(get["TableName"], get["Key"]) for get in gets))
        for place, old in self._old_keys.items():
            get = {"TableName": gets[place]["TableName"], "Key": old}
            if {"Get": get} not in parts:
                parts.append({"Get": get})
        if len(parts) > TRANSACTION_LIMIT:
            raise InputError(
                f"the transaction reads {len(parts)} items, as {len(self._old_keys)} of them may "
                "still be stored under the keys of an earlier schema, and DynamoDB takes at most "
                f"{TRANSACTION_LIMIT}; read fewer at a time",
                operation=GET,
            )
        return {"TransactItems": parts}

    @cached_property
    def _old_keys(self) -> dict[int, Item]:
        """The keys of an earlier form that differ from the present ones, by position of the get."""
        found = {}
        for place, entry in enumerate(self._entries):
            said = entry._said
            if said.entity.moving is not None:
                old = said.entity.moving.earlier_key(said.entity.mapping.own_values(said.given))
                if old is not None:
                    found[place] = old
        return found

    def _program(self, params: Params, options: Options) -> Program[TransactionResult]:
        consumed: float | None = None
        sent = attempt = 0
        reader = reader_of((entry._said.entity for entry in self._entries), options.data)
        while True:
            attempt += 1
            try:
                response, attempts = yield from send_transaction(
                    Request("TransactGetItems", params, GET, reader=reader)
                )
            except AwsError as error:
                reasons = cancellation(error)
                if not reasons:
                    raise
                raise canceled(GET, self._rejections(reasons), "nothing was read") from error
            sent += attempts
            read = [part.get("Item") for part in response["Responses"]]
            converted: list[Any] = []
            if any(entry._said.entity.moving is not None for entry in self._entries):
                converted, cost = yield from self._presented(params, read, options)
                consumed = add_units(consumed, cost)
            found: dict[int, Item] = {}
            for place, entry in enumerate(self._entries):
                item = read[place]
                if item is not None and is_mine(
                    entry._said.entity, item, entry._said.identity(), options
                ):
                    found[place] = item
            torn, cost, apart = yield from self._join(found, options, last=attempt >= READS)
            consumed = add_units(add_units(consumed, consumed_units(response)), cost)
            if torn is None:
                break
            # The values must be of one moment. If a part is of another, all items are read again.
            if attempt >= READS:
                raise torn
            yield pause_before(attempt)
        items: list[Any] = [None] * len(self._entries)
        unreadable: list[Any] = [*converted, *apart]
        for place, item in found.items():
            make = partial(shape, self._entries[place]._said.entity, options=options)
            items[place], failure = attempt_to(make, item, options, GET)
            if failure is not None:
                unreadable.append(failure)
        return TransactionResult(tuple(items), consumed, sent, tuple(unreadable))

    def _presented(
        self, params: Params, read: list[Item | None], options: Options
    ) -> Program[tuple[list[LeydenError], float | None]]:
        """Put the items into `read` in their present forms. Returns the errors, and the cost."""
        # Imported here because only services under a migration read two forms.
        from leyden.operations.run.looking import LookUps

        gets = [part["Get"] for part in params["TransactItems"]]
        ids = [item_id(get["TableName"], get["Key"]) for get in gets]
        there = {one: item for one, item in zip(ids, read, strict=True) if item is not None}
        looking = LookUps([], options, GET, there)
        for place, entry in enumerate(self._entries):
            entity, get = entry._said.entity, gets[place]
            if entity.moving is None:
                continue
            found: dict[Any, Item] = {}
            old = self._old_keys.get(place)
            one = Wanted(entity, get["TableName"], get["Key"], entry._said.identity(), old)
            yield from looking.convert(one, there.get(ids[place]), found)
            read[place] = found.get(ids[place])
        return looking.unreadable, looking.consumed

    def _join(
        self, found: dict[int, Item], options: Options, *, last: bool
    ) -> Program[tuple[DecodeError | None, float | None, list[DecodeError]]]:
        """Join large values, table by table. Returns the error where that fails.

        Also returns the cost, and the collected errors, whose items are removed from `found`.
        """
        consumed: float | None = None
        unreadable: list[DecodeError] = []
        for table in dict.fromkeys(entry._said.entity.table for entry in self._entries):
            places = [n for n in found if self._entries[n]._said.entity.table == table]
            owners = {id(found[n]): self._entries[n]._said.entity for n in places}
            joining = OverflowRead(
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
                # Items are not read again here, so a missing one is unreadable, not deleted.
                if item is None:
                    del found[n]
                else:
                    found[n] = item
        return None, consumed, unreadable

    def _rejections(self, reasons: Sequence[Reason]) -> Iterable[Rejection]:
        parts = [*enumerate(self._entries)]
        # They are followed by those earlier keys that no other get reads.
        parts += [(place, self._entries[place]) for place in self._old_keys]
        for (position, entry), reason in zip(parts, reasons, strict=False):
            code = code_of(reason)
            if code != "None":
                said = entry._said
                key = said.entity.mapping.encode(said.entity.mapping.own_values(said.given))
                verdict = verdict_of_code(code)
                yield rejection(position, said.name, said.entity, key, verdict, code)


def _owner_of(owners: Mapping[int, BoundEntity], item: Item) -> BoundEntity:
    return owners[id(item)]


def _in_transaction(explained: Explanation) -> Explanation:
    """Return the explanation of a write as part of a transaction, where it costs twice as much."""
    cost = explained.cost
    return evolve(explained, cost=cost and evolve(cost, in_transaction=True))


@frozen(eq=False, repr=False, slots=False)
class TransactWrite(Endable):
    """`app.transact_write([...])`: writes and checks that all happen, or none of them.

    Generated values, such as ids and times, are made once. Sent again with the same token, it is
    the same transaction.
    """

    _runner: Runner
    _entries: Sequence[Write]
    _planned: Sequence[WritePlan] | None = None
    """The plans of the entries, where they have been made already."""

    def __attrs_post_init__(self) -> None:
        hand_on(self._entries)

    def __del__(self) -> None:
        if not hasattr(self, "_ended"):
            warn_unended(self, WRITE)

    @fitting(".params()")
    def params(self, /, **options: Unpack[TransactWriteOptions]) -> Params:
        """Return the low-level request; nothing is sent.

        Raises InputError where the request depends on stored values, namely on unique values that
        an operation gives up.
        """
        end(self, True)
        read = read_options(WRITE, TransactWriteOptions, options)
        for plan in self._plans:
            with error_context(plan.entry._name, plan.entity):
                refuse_reading(plan)
        params: Params = {"TransactItems": [part.body for part in self._parts()]}
        if read.token is not None:
            params["ClientRequestToken"] = read.token
        return params

    @fitting(".go()")
    def go(self, /, **options: Unpack[TransactWriteOptions]) -> TransactionResult:
        """Write all, or nothing.

        `token` makes the transaction idempotent for ten minutes: sent again with the same token, it
        happens once. Raises TransactionCanceledError, whose `rejections` say which operations were
        refused and why. Conflicts with other writes are retried first.

        Where the request depends on stored values (unique values that are given up, versions that a
        put counts on from), these are read first, and the transaction is conditional on them. If
        they change meanwhile, it starts again. It also starts again where an item turns out to have
        large values outside. With a `token` it never does, because the token allows only one
        request.

        >>> app.transact_write([task.create(project_id="p1", task_id="t1")]).go()   # doctest: +SKIP
        """
        return self._runner.run(self.program(**options))

    @fitting(".program()")
    def program(self, /, **options: Unpack[TransactWriteOptions]) -> Program[TransactionResult]:
        """Return what `go()` runs as a program, for use in a larger program."""
        end(self, True)
        token = read_options(WRITE, TransactWriteOptions, options).token
        plans = self._plans
        if token is not None:
            self._refuse_token(plans)
        is_known = token is not None or not any(plan.depends for plan in plans)
        if is_known and not any(plan.is_large for plan in plans):
            # This refuses bad input now, before the program runs.
            self._parts()
        return accounted(self._finished(plans, token))

    def _finished(
        self, plans: Sequence[WritePlan], token: str | None
    ) -> Program[TransactionResult]:
        unread = None
        if token is not None:
            if any(plan.is_large for plan in plans):
                yield Work(lambda: self._unread)
            unread = self._unread
        done = yield from write_together(plans, token, unread)
        pairs = zip(self._entries, done.writes, strict=True)
        items = tuple(entry._returned(write.kept, DEFAULT) for entry, write in pairs)
        return TransactionResult(
            items, done.consumed, done.attempts, bytes_written=done.bytes_written
        )

    @fitting(".explain()")
    def explain(self, /, **options: Unpack[TransactWriteOptions]) -> str:
        """Say in words what the transaction does, and what its writes cost together."""
        end(self, True)
        explained = [_in_transaction(entry.explain()) for entry in self._entries]
        lines = [f"{len(explained)} operations, together or not at all:", *map(str, explained)]
        total = total_of([one.cost for one in explained])
        return "\n".join(lines if total is None else [*lines, f"costs together: {total}"])

    def __repr__(self) -> str:
        return f"<{WRITE} of {len(self._entries)}>"

    @cached_property
    def _plans(self) -> Sequence[WritePlan]:
        refuse_count(WRITE, self._entries)
        if self._planned is not None:
            return self._planned
        plans = []
        for position, entry in enumerate(self._entries):
            if not isinstance(entry, Write):
                raise InputError(
                    f"operation {position} is not a write or check: a transaction takes chains "
                    "such as task.create(...), task.patch(...).set(...), task.check(...)",
                    operation=WRITE,
                )
            with error_context(entry._name, entry._entity):
                plans.append(entry._plan(DEFAULT))
        refuse_duplicates(WRITE, (item_id(plan.table, plan.key) for plan in plans))
        return plans

    @cached_property
    def _unread(self) -> list[ResolvedWrite]:
        """The writes over items without large values outside; the same ones each time."""
        writes = []
        for plan in self._plans:
            with error_context(plan.entry._name, plan.entity):
                writes.append(over_nothing_outside(plan))
        return writes

    def _parts(self) -> Sequence[Part]:
        return parts_of(self._unread, GuardState(), WRITE)

    def _refuse_token(self, plans: Sequence[WritePlan]) -> None:
        for position, plan in enumerate(plans):
            if plan.depends or (plan.overflow is not None and plan.overflow.needs_reading):
                raise InvalidOptionError(
                    f"a token promises that the same request is sent again, but operation "
                    f"{position}, {plan.entry._name}, depends on what is stored at the time; say "
                    "in it what that is (.composite(), .expecting()), or leave out the token",
                    operation=WRITE,
                )
