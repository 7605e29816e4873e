"""Writing and deleting many items, over any of a service's entities.

DynamoDB's batches carry no conditions. So a batch refuses writes that have one, and sends writes
that go with other items on their own. With `guard=True` it is made of transactions instead.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import Any, Final, Unpack

from leyden._attrs import evolve, frozen
from leyden._calls import Endable, end, fitting, hand_on, warn_unended
from leyden._ledger import accounted
from leyden.errors import (
    BatchIncompleteError,
    InputError,
    ItemTooLargeError,
    LeydenError,
    TransactionCanceledError,
)
from leyden.operations.bound import ItemId, error_context, item_id, refuse_duplicates
from leyden.operations.chains.put import Create, Delete, Put, Remove
from leyden.operations.chains.transactions import TransactWrite
from leyden.operations.companions.overflow.format import (
    TRANSACTION_BYTES,
    TRANSACTION_LIMIT,
    asking_manifests,
    read_manifest,
)
from leyden.operations.options import DEFAULT, BatchWriteOptions, Options, read_options
from leyden.operations.plan.reads import Explanation
from leyden.operations.plan.writes import ResolvedWrite, WritePlan, cost_of, over_version, resolve
from leyden.operations.run.sending import (
    RequestItems,
    Sent,
    cause_of,
    chunks,
    name_entry,
    send_all,
    settle,
)
from leyden.operations.run.writing import write_one
from leyden.program import Params, Program, Runner, Work, outcomes_of
from leyden.results import BatchResult, add_units
from leyden.schema.spec import OVERFLOW_FIELD

_GET_LIMIT: Final = 100


@frozen
class Split:
    """The positions of the entries that go in a batch, and of those that are sent on their own.

    `consumed` and `requests` are the cost of finding out.
    """

    together: tuple[int, ...]
    apart: tuple[int, ...]
    consumed: float | None = None
    requests: int = 0


def split_batch(
    operation: str, writes: Sequence[ResolvedWrite], options: Options
) -> Program[Split]:
    """Find the entries that are stored in several items, or would be.

    A batch carries no condition, so it would leave the parts of stored large values behind. So for
    entities that may have large values, it first reads whether there are any. An item whose key
    changes in a migration is also written on its own, because its write depends on two keys.
    """
    large = {n for n, write in enumerate(writes) if goes_alone(write)}
    asked = [n for n, write in enumerate(writes) if write.overflow is not None and n not in large]
    if not asked:
        return Split(tuple(n for n in range(len(writes)) if n not in large), tuple(sorted(large)))
    bodies: list[Params] = []
    for some in chunks(asked, _GET_LIMIT):
        tables: dict[str, Any] = {}
        for n in some:
            plan = writes[n].plan
            asking = tables.setdefault(plan.table, asking_manifests(plan.key))
            asking["Keys"].append(plan.key)
        bodies.append({"RequestItems": tables})
    quiet = evolve(options, progress=None)
    sent = yield from send_all("BatchGetItem", operation, bodies, quiet, left_in="UnprocessedKeys")
    left = tuple(
        key for part in sent.unprocessed for entry in part.values() for key in entry["Keys"]
    )
    result = BatchResult((), left, sent.consumed, sent.requests)
    settle(sent, result, evolve(quiet, unprocessed="raise"), operation)
    spread = set()
    for response in sent.responses:
        for table, items in response.get("Responses", {}).items():
            for item in items:
                if any(entry.parts for entry in read_manifest(item).values()):
                    key = {name: value for name, value in item.items() if name != OVERFLOW_FIELD}
                    spread.add(item_id(table, key))
    large |= {n for n in asked if item_id(writes[n].plan.table, writes[n].plan.key) in spread}
    return Split(
        tuple(n for n in range(len(writes)) if n not in large),
        tuple(sorted(large)),
        sent.consumed,
        sent.requests,
    )


def goes_alone(write: ResolvedWrite) -> bool:
    """Whether a write is known to need more than one item of a batch."""
    return bool(write.siblings) or write.plan.leaves_batches


def write_apart(
    split: Split, writes: Sequence[ResolvedWrite], sent: Sent, options: Options
) -> Program[Sent]:
    """Write the entries that are sent on their own. Returns the totals of the whole batch."""
    requests = sent.requests + split.requests
    consumed = add_units(sent.consumed, split.consumed)
    written = sent.bytes_written
    failures, unsure = list(sent.failures), list(sent.unsure)
    programs = (write_one(writes[n].plan, DEFAULT) for n in split.apart)
    results = yield from outcomes_of(programs, options.concurrency)
    for n, result in zip(split.apart, results, strict=True):
        requests += 1
        if isinstance(result, LeydenError):
            failures.append(result)
            unsure.append({writes[n].plan.table: [raw_write(writes[n].plan.params)]})
        else:
            consumed = add_units(consumed, result.consumed)
            written = add_units(written, result.bytes_written)
    return evolve(
        sent,
        consumed=consumed,
        bytes_written=written,
        requests=requests,
        failures=tuple(failures),
        unsure=tuple(unsure),
    )


def raw_write(params: Params) -> Params:
    """Return a put or a delete in the form of a batch."""
    if "Item" in params:
        return {"PutRequest": {"Item": params["Item"]}}
    return {"DeleteRequest": {"Key": params["Key"]}}


WRITE_LIMIT: Final = 25
"""The most writes that DynamoDB takes in a batch."""

Entry = Put | Delete
_ENTRIES: Final = (Put, Delete)
_CONDITIONAL: Final = (Create, Remove)


@frozen(eq=False, repr=False)
class BatchWrite(Endable):
    """`task.put([...])`, `task.delete([...])`, `app.batch_write([...])`: independent writes.

    A batch carries no conditions, so it cannot guard against stored items that share a key; it
    refuses two entries with the same key. `go(guard=True)` uses transactions instead, which carry
    the guard.

    Where an entity's values may be stored outside its items, the batch reads the stored items
    first, and writes those on their own that have such values or would have them. It does the same
    for an item that gets another key in a migration, because that write depends on both keys.
    """

    _runner: Runner
    _name: str
    _entries: Sequence[Entry]

    def __attrs_post_init__(self) -> None:
        hand_on(self._entries)

    def __del__(self) -> None:
        if not hasattr(self, "_ended"):
            warn_unended(self, self._name)

    @fitting(".params(guard=True)")
    def params(self, /, **options: Unpack[BatchWriteOptions]) -> list[Params]:
        """Return the low-level requests, of at most 25 writes each; nothing is sent."""
        read = self._read(options)
        if read.guard and read.table is not None:
            return self._on(read.table).params(**options | {"table": None})
        prepared = self._prepare(read)
        if read.guard:
            return [self._together(prepared, part).params() for part in self._parts(prepared)]
        laid = self._laid(prepared)
        apart = [n for n, write in enumerate(laid) if goes_alone(write)]
        together = [n for n in range(len(laid)) if n not in apart] if apart else range(len(laid))
        return [
            *self._requests(laid, together),
            *(self._entries[n].params(table=read.table) for n in apart),
        ]

    @fitting(".go(concurrency=4)")
    def go(self, /, **options: Unpack[BatchWriteOptions]) -> BatchResult:
        """Write, `concurrency` requests at a time, and retry what is unprocessed.

        With `guard=True`, up to 100 writes go in one transaction, and each carries the guard
        against another item with the same key. Raises BatchIncompleteError, with what was written,
        where some writes failed or were still unprocessed after `budget` seconds.

        >>> task.put([{"project_id": "p1", "task_id": "t1"}]).go()          # doctest: +SKIP
        """
        # The runner keeps account of the whole call.
        return self._runner.run(self._started(options))

    @fitting(".program(concurrency=4)")
    def program(self, /, **options: Unpack[BatchWriteOptions]) -> Program[BatchResult]:
        """Return what `go()` runs as a program, for use in a larger program."""
        return accounted(self._started(options))

    @fitting(".explain(guard=True)")
    def explain(self, /, **options: Unpack[BatchWriteOptions]) -> Explanation:
        """Say in words what is written."""
        read = self._read(options)
        guarded = read.guard
        # The content of a guarded write may depend on what is stored, but the number of writes does
        # not.
        parts = self._parts(self._prepare(read)) if guarded else self.params(**options)
        table = read.table or (self._entries[0]._entity.table if self._entries else "")
        notes = [
            f"{len(self._entries)} writes in {len([*parts])} requests",
            "in transactions, each write guarded"
            if guarded
            else "without conditions, so without the guard against items that share a key",
        ]
        moving = [entry for entry in self._entries if entry._entity.moving is not None]
        if not guarded and any(entry._entity.moving.moves for entry in moving):
            notes.append(
                "an item that gets another key in the migration is written on its own, in a "
                "transaction with its earlier key, and guarded"
            )
        api = "TransactWriteItems" if guarded else "BatchWriteItem"
        return Explanation(self._name, api, table, None, None, False, "", "", tuple(notes))

    def __repr__(self) -> str:
        return f"<{self._name} of {len(self._entries)}>"

    def _on(self, table: str) -> BatchWrite:
        """Return the same writes on another table."""
        entries = [evolve(e, entity=evolve(e._entity, table=table)) for e in self._entries]
        return BatchWrite(self._runner, self._name, entries)

    def _read(self, options: Mapping[str, Any]) -> Options:
        end(self, True)
        return read_options(self._name, BatchWriteOptions, options)

    def _started(self, options: Mapping[str, Any]) -> Program[BatchResult]:
        """Return what `go()` runs. Bad input is refused here, not when it runs."""
        read = self._read(options)
        if read.guard and read.table is not None:
            return self._on(read.table)._started({**options, "table": None})
        prepared = self._prepare(read)
        if read.guard:
            return self._guarded(prepared, read)
        if any(one.is_large for one in prepared):
            return self._laid_first(prepared, read)
        is_split = any(one.overflow is not None or one.leaves_batches for one in prepared)
        return self._sent(prepared, self._laid(prepared) if is_split else None, read)

    def _laid_first(self, prepared: list[WritePlan], options: Options) -> Program[BatchResult]:
        laid = yield Work(partial(self._laid, prepared))
        return (yield from self._sent(prepared, laid, options))

    def _prepare(self, options: Options) -> list[WritePlan]:
        for position, entry in enumerate(self._entries):
            if not isinstance(entry, _ENTRIES):
                raise InputError(
                    f"entry {position} is not a put or a delete, and a batch takes only these; "
                    "use app.transact_write",
                    operation=self._name,
                )
            spec, why = entry._entity.spec, ""
            # A put finds out which version to count on from when a condition that expects none is
            # refused.
            counts_on = isinstance(entry, Put) and spec.version_attribute is not None
            if options.guard:
                continue
            if spec.unique:
                why = (
                    "has unique attributes, whose guards a batch cannot keep; pass guard=True, or "
                    "write it on its own"
                )
            elif (
                counts_on
                or entry._conditions
                or entry._expected is not None
                or isinstance(entry, _CONDITIONAL)
            ):
                why = (
                    "has a condition, which a batch cannot carry; pass guard=True, or use "
                    "app.transact_write"
                )
            if why:
                said = f"entry {position} ({entry._name}) {why}"
                raise InputError(said, operation=self._name)
        prepared = []
        for position, entry in enumerate(self._entries):
            # A write that turns out too large for a batch is sent on its own, with its conditions.
            entity = entry._entity
            whole = options.guard or entity.mapping.overflow or entity.moving is not None
            try:
                prepared.append(entry._plan(DEFAULT) if whole else entry._unguarded())
            except LeydenError as error:
                name_entry(error, position, self._name, entity)
                raise
            if options.table is not None:
                prepared[-1].params["TableName"] = options.table
        refuse_duplicates(self._name, (item_id(plan.table, plan.key) for plan in prepared))
        return prepared

    def _laid(self, prepared: list[WritePlan]) -> list[ResolvedWrite]:
        """Return the writes over items that have no large values outside."""
        laid = []
        for position, plan in enumerate(prepared):
            try:
                laid.append(resolve(plan))
            except LeydenError as error:
                name_entry(error, position, self._name, plan.entity)
                raise
        return laid

    def _requests(
        self, writes: Sequence[WritePlan | ResolvedWrite], places: Sequence[int]
    ) -> list[Params]:
        bodies: list[Params] = []
        for chunk in chunks([writes[n] for n in places], WRITE_LIMIT):
            tables: dict[str, list[Params]] = {}
            for write in chunk:
                tables.setdefault(write.params["TableName"], []).append(raw_write(write.params))
            bodies.append({"RequestItems": tables})
        return bodies

    def _sent(
        self, prepared: list[WritePlan], laid: list[ResolvedWrite] | None, options: Options
    ) -> Program[BatchResult]:
        """Write the batch; entries with values outside their items are sent on their own.

        `laid` is None where there can be no such values.
        """
        writes: Sequence[WritePlan | ResolvedWrite] = prepared
        split = Split(tuple(range(len(prepared))), ())
        if laid is not None:
            writes = laid
            try:
                split = yield from split_batch(self._name, laid, options)
            except LeydenError as error:
                # The look at the stored items failed, and nothing has been written.
                said = cause_of(error) if isinstance(error, BatchIncompleteError) else error
                raise self._broken_off(prepared, [], 0, None, 0, said) from said
        bodies = self._requests(writes, split.together)
        sent = yield from send_all(
            "BatchWriteItem", self._name, bodies, options, left_in="UnprocessedItems"
        )
        if laid is not None:
            sent = yield from write_apart(split, laid, sent, options)
        return self._settled(prepared, sent, options)

    def _settled(self, prepared: list[WritePlan], sent: Sent, options: Options) -> BatchResult:
        """Return the result, with the records that were put.

        A record is None for deletes, and for puts that may not have been written. Raises
        BatchIncompleteError, or else the first error of a record that was written but cannot be
        made, for example because a hook failed.
        """
        missing = self._missing(prepared, [*sent.unprocessed, *sent.unsure])
        records: list[Any] = []
        unreadable: LeydenError | None = None
        for entry, one in zip(self._entries, prepared, strict=True):
            record = None
            is_put = isinstance(entry, Put)
            if is_put and not (missing and item_id(one.table, one.key) in missing):
                try:
                    record = entry._entity.record_of(one.kept)
                except LeydenError as error:
                    error_context(self._name, entry._entity).name(error)
                    unreadable = unreadable or error
            records.append(record)
        left = tuple(
            write for part in sent.unprocessed for writes in part.values() for write in writes
        )
        result = BatchResult(
            tuple(records), left, sent.consumed, sent.requests, bytes_written=sent.bytes_written
        )
        settled = settle(sent, result, options, self._name)
        if unreadable is not None:
            raise unreadable
        return settled

    def _missing(
        self, prepared: list[WritePlan], still_open: Sequence[RequestItems]
    ) -> set[ItemId]:
        """Return the items of puts that may not have been written."""
        if not still_open:
            return set()
        keys = {(plan.table, tuple(plan.key)) for plan in prepared}
        puts = (
            (table, write["PutRequest"]["Item"])
            for part in still_open
            for table, writes in part.items()
            for write in writes
            if "PutRequest" in write
        )
        return {
            item_id(table, {name: item[name] for name in fields})
            for table, item in puts
            for own, fields in keys
            if own == table and item.keys() >= {*fields}
        }

    def _guarded(self, prepared: list[WritePlan], options: Options) -> Program[BatchResult]:
        consumed: float | None = None
        written: int | None = None
        requests = 0
        records: list[Any] = []
        unreadable: LeydenError | None = None
        if any(plan.is_large for plan in prepared):
            # Each plan keeps what it compresses, so the next line compresses nothing.
            yield Work(lambda: [*map(cost_of, prepared)])
        waiting = [*self._parts(prepared)]
        while waiting:
            part = waiting.pop(0)
            try:
                result = yield from self._together(prepared, part).program()
            except ItemTooLargeError:
                # Nothing was sent: the parts of stored values were too many for one transaction.
                if len(part) == 1:
                    raise
                half = len(part) // 2
                waiting[:0] = [part[:half], part[half:]]
                continue
            except (TransactionCanceledError, InputError) as error:
                error.message = f"{error.message}. The {len(records)} entries before were written"
                if records:
                    error.message += ", and operations are counted from there on"
                error.operation = self._name
                raise
            except LeydenError as error:
                if error.unsure or not error.outcome.written:
                    in_doubt = len(part) if error.unsure else 0
                    raise self._broken_off(
                        prepared, records, in_doubt, consumed, requests, error
                    ) from error
                # It was written; what failed came afterwards, such as a hook over a record.
                unreadable = unreadable or error
                records += [None] * len(part)
            else:
                consumed = add_units(consumed, result.consumed)
                written = add_units(written, result.bytes_written)
                requests += result.attempts
                for n, record in zip(part, result, strict=True):
                    records.append(record if isinstance(self._entries[n], Put) else None)
            if options.progress is not None:
                options.progress(len(records), len(prepared))
        if unreadable is not None:
            unreadable.operation = self._name
            raise unreadable
        return BatchResult(tuple(records), (), consumed, requests, bytes_written=written)

    def _broken_off(
        self,
        prepared: list[WritePlan],
        records: list[Any],
        in_doubt: int,
        consumed: float | None,
        requests: int,
        error: LeydenError,
    ) -> BatchIncompleteError:
        """Return the error where `records` are written and the next `in_doubt` may be."""
        error.operation = self._name
        done = len(records)
        raw = [raw_write(over_version(plan)[0]) for plan in prepared]
        left = tuple(raw[done + in_doubt :])
        items = (*records, *(None for _ in raw[done:]))
        said = f"the first {done} entries were written, {len(left)} were not"
        if in_doubt:
            said += f", and the {in_doubt} between may or may not have been"
        unsure: dict[str, list[Params]] = {}
        for n in range(done, done + in_doubt):
            unsure.setdefault(self._entries[n]._entity.table, []).append(raw[n])
        return BatchIncompleteError(
            f"the batch is incomplete: {said} ({error.message})",
            result=BatchResult(items, left, consumed, requests + 1),
            unsure=(unsure,) if unsure else (),
            failures=(error,),
            operation=self._name,
        )

    def _together(self, prepared: list[WritePlan], part: Sequence[int]) -> TransactWrite:
        """Return the transaction of the entries at these positions."""
        entries = [self._entries[n] for n in part]
        return TransactWrite(self._runner, entries, [prepared[n] for n in part])

    def _parts(self, prepared: list[WritePlan]) -> Iterator[Sequence[int]]:
        """Yield the positions of the entries, in runs that fit into one transaction."""
        start = size = count = 0
        for n, plan in enumerate(prepared):
            parts, own = cost_of(plan)
            if n > start and (count + parts > TRANSACTION_LIMIT or size + own > TRANSACTION_BYTES):
                yield range(start, n)
                start, size, count = n, 0, 0
            size += own
            count += parts
        if prepared:
            yield range(start, len(prepared))
