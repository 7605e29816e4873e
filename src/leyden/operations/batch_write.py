"""Writing and deleting many items, over any of a service's entities."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final

from attrs import frozen

from leyden.errors import InputError, TransactionCanceledError
from leyden.operations.batch_sending import (
    BatchResult,
    chunks,
    entry_named,
    refuse_duplicates,
    send_all,
    settle,
)
from leyden.operations.delete import Delete, Remove
from leyden.operations.explain import Explanation
from leyden.operations.operation import naming
from leyden.operations.options import BATCH_WRITE, Options, read_options
from leyden.operations.outcome import add_units, shape
from leyden.operations.put import Create, Put
from leyden.operations.request import Params, Program
from leyden.operations.runner import Runner
from leyden.operations.transact import (
    TRANSACTION_BYTES,
    TRANSACTION_LIMIT,
    TransactWrite,
    transaction_size,
)
from leyden.operations.write import PreparedWrite

WRITE_LIMIT: Final = 25
"""The most writes that DynamoDB takes in a batch."""

Entry = Put | Delete


@frozen(eq=False, repr=False)
class BatchWrite:
    """`task.put([...])`, `task.delete([...])`, `app.batch_write([...])`: each write by itself.

    A batch carries no conditions, so it cannot guard against items that share a key; two of
    its own items under one key are refused. `go(guard=True)` makes it transactional.
    """

    runner: Runner
    name: str
    entries: Sequence[Entry]

    def params(self, **options: Any) -> list[Params]:
        """The low-level requests, of at most 25 writes each; nothing is sent."""
        read = self._read(options)
        prepared = self._prepare(read)
        if read.guard:
            return [TransactWrite(self.runner, part).params() for part in self._parts(prepared)]
        return self._requests(prepared, read)

    def go(self, **options: Any) -> BatchResult:
        """Write, `concurrency` requests at a time; what is unprocessed is retried.

        With `guard=True` up to 100 writes go in one transaction, each with the guard against
        another item under its key. Raises BatchIncompleteError, with what was written, where
        some writes failed or were left over after `budget` seconds.
        """
        read = self._read(options)
        prepared = self._prepare(read)
        if read.guard:
            return self.runner.run(self._guarded(prepared, read))
        return self.runner.run(self._program(prepared, self._requests(prepared, read), read))

    def explain(self, **options: Any) -> Explanation:
        """Says in words what is written."""
        requests = self.params(**options)
        table = self.entries[0].entity.table if self.entries else ""
        guarded = options.get("guard", False)
        notes = (
            f"{len(self.entries)} writes in {len(requests)} requests",
            "in transactions, each write guarded"
            if guarded
            else "without conditions, so without the guard against items that share a key",
        )
        api = "TransactWriteItems" if guarded else "BatchWriteItem"
        return Explanation(self.name, api, table, None, None, False, "", "", notes)

    def __repr__(self) -> str:
        return f"<{self.name} of {len(self.entries)}>"

    def _read(self, options: dict[str, Any]) -> Options:
        return read_options(self.name, BATCH_WRITE, options)

    def _prepare(self, options: Options) -> list[PreparedWrite]:
        prepared = []
        for position, entry in enumerate(self.entries):
            self._refuse_odd(position, entry, options)
            with naming(self.name, entry.entity), entry_named(position):
                prepared.append(entry.prepare())
        tables = [options.table or entry.entity.table for entry in self.entries]
        refuse_duplicates(
            self.name, ((t, one.key) for t, one in zip(tables, prepared, strict=True))
        )
        return prepared

    def _refuse_odd(self, position: int, entry: Any, options: Options) -> None:
        if not isinstance(entry, Put | Delete):
            raise InputError(
                f"entry {position} is neither a put nor a delete, and a batch takes no others; "
                "app.transact_write does",
                operation=self.name,
            )
        if options.guard:
            return
        if entry.entity.spec.unique:
            raise InputError(
                f"entry {position} ({entry.name}) has unique attributes, whose guards a batch "
                "cannot keep; write it by itself, or as a create with guard=True",
                operation=self.name,
            )
        if entry.needs_condition or isinstance(entry, Create | Remove):
            raise InputError(
                f"entry {position} ({entry.name}) has a condition, which a batch cannot carry; "
                "say guard=True, or use app.transact_write",
                operation=self.name,
            )

    def _requests(self, prepared: list[PreparedWrite], options: Options) -> list[Params]:
        bodies: list[Params] = []
        pairs = list(zip(self.entries, prepared, strict=True))
        for chunk in chunks(pairs, WRITE_LIMIT):
            tables: dict[str, list[Params]] = {}
            for entry, one in chunk:
                write = (
                    {"PutRequest": {"Item": one.params["Item"]}}
                    if isinstance(entry, Put)
                    else {"DeleteRequest": {"Key": one.key}}
                )
                tables.setdefault(options.table or entry.entity.table, []).append(write)
            bodies.append({"RequestItems": tables})
        return bodies

    def _program(
        self, prepared: list[PreparedWrite], bodies: list[Params], options: Options
    ) -> Program[BatchResult]:
        sent = yield from send_all(
            "BatchWriteItem", self.name, bodies, options, left_in="UnprocessedItems"
        )
        left = tuple(
            write for part in sent.unprocessed for writes in part.values() for write in writes
        )
        result = BatchResult(self._records(prepared), left, sent.consumed, sent.requests)
        return settle(sent, result, options, self.name)

    def _guarded(self, prepared: list[PreparedWrite], options: Options) -> Program[BatchResult]:
        consumed: float | None = None
        requests = 0
        records: list[Any] = []
        for part in self._parts(prepared):
            try:
                result = yield from TransactWrite(self.runner, part).program()
            except TransactionCanceledError as error:
                error.message = f"{error.message}. The {len(records)} entries before were written"
                error.operation = self.name
                raise
            consumed = add_units(consumed, result.consumed)
            requests += result.attempts
            for entry, record in zip(part, result, strict=True):
                records.append(record if isinstance(entry, Put) else None)
            if options.progress is not None:
                options.progress(len(records), len(prepared))
        return BatchResult(tuple(records), (), consumed, requests)

    def _parts(self, prepared: list[PreparedWrite]) -> Iterator[list[Entry]]:
        """The entries in runs that DynamoDB takes as one transaction."""
        part: list[Entry] = []
        size = count = 0
        for entry, one in zip(self.entries, prepared, strict=True):
            own, parts = transaction_size(one), 1 + len(one.guards)
            if part and (count + parts > TRANSACTION_LIMIT or size + own > TRANSACTION_BYTES):
                yield part
                part, size, count = [], 0, 0
            part.append(entry)
            size += own
            count += parts
        if part:
            yield part

    def _records(self, prepared: list[PreparedWrite]) -> tuple[Any, ...]:
        return tuple(
            shape(entry.entity, one.kept, _PLAIN) if isinstance(entry, Put) else None
            for entry, one in zip(self.entries, prepared, strict=True)
        )


_PLAIN: Final = Options()
