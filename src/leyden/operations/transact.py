"""Transactions: several writes, or several reads, that happen together or not at all."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any, Final
from uuid import uuid4

from attrs import field, frozen

from leyden.errors import AwsError, InputError, ItemTooLargeError, TransactionCanceledError
from leyden.operations.batch_sending import refuse_duplicates
from leyden.operations.cancellation import cancellation, may_pass, wait_before
from leyden.operations.get import Get, is_mine
from leyden.operations.guard import bears
from leyden.operations.operation import Operation, naming
from leyden.operations.options import TRANSACT_GET, TRANSACT_WRITE, Options, read_options
from leyden.operations.outcome import consumed_units, shape
from leyden.operations.request import Item, Params, Pause, Program, Request, Response
from leyden.operations.runner import Runner
from leyden.operations.size import item_size, value_size
from leyden.operations.unique import GuardPart
from leyden.operations.write import PreparedWrite, Write

TRANSACTION_LIMIT: Final = 100
"""The most operations that DynamoDB takes in a transaction."""

TRANSACTION_BYTES: Final = 4 * 1024 * 1024
"""The most bytes that DynamoDB takes in a transaction."""

_ATTEMPTS: Final = 6
_REASONS: Final = {
    "ConditionalCheckFailed": "condition",
    "TransactionConflict": "conflict",
    "ThrottlingError": "throttled",
    "ProvisionedThroughputExceeded": "throttled",
    "ItemCollectionSizeLimitExceeded": "size",
    "ValidationError": "invalid",
}
_MEANING: Final = {
    "condition": "its condition did not hold",
    "collision": "another item is stored under the same key",
    "version": "the stored item has another version than the one that was seen",
    "unique": "another item has its values of unique attributes",
    "conflict": "another write was under way on the item",
    "throttled": "the table took no more requests",
    "size": "the items of its partition key are too large together",
    "invalid": "the request was not valid",
}


@frozen
class Rejection:
    """Why one operation of a cancelled transaction was refused.

    `reason` is `condition`, `collision`, `version`, `unique`, `conflict`, `throttled`, `size` or
    `invalid`; `key` holds the key attributes; `item` is the stored record where the service
    returned one and it is the entity's, `raw` the stored item as it is. For `unique`,
    `attributes` are those of the constraint, and `raw` is the guard item, which names its owner.
    """

    position: int
    operation: str
    entity: str
    key: Mapping[str, Any] = field(repr=False)
    reason: str
    aws_code: str
    item: Any = field(repr=False)
    raw: Item | None = field(repr=False)
    attributes: tuple[str, ...] = ()

    def __str__(self) -> str:
        names = f" ({', '.join(self.attributes)})" if self.attributes else ""
        return f"operation {self.position}, {self.operation}: {_MEANING[self.reason]}{names}"


@frozen
class TransactionResult(Sequence[Any]):
    """What a transaction wrote or read, in the order of its operations.

    A write's entries are the records that were put, and records of the key attributes for the
    other verbs; a read's entries are None where there is no item. `attempts` counts the
    requests made: conflicts are tried again.
    """

    items: tuple[Any, ...]
    consumed: float | None
    attempts: int

    def __len__(self) -> int:
        return len(self.items)

    def __getitem__(self, index: Any) -> Any:
        return self.items[index]


@frozen(eq=False, repr=False, slots=False)
class TransactWrite:
    """`app.transact_write([...])`: writes and checks that happen together or not at all.

    Generated values, such as ids and times, are made once: sent again, with the same token, it
    is the same transaction.
    """

    runner: Runner
    entries: Sequence[Write]

    def params(self, **options: Any) -> Params:
        """The low-level request; nothing is sent."""
        return self._request(read_options(_WRITE, TRANSACT_WRITE, options), self._prepared)

    def go(self, **options: Any) -> TransactionResult:
        """Write all, or nothing.

        `token` makes the transaction idempotent for ten minutes: sent again with the same
        token it happens once. Raises TransactionCanceledError, whose `rejections` say which
        operations were refused and why; conflicts with other writes are tried again before.
        """
        return self.runner.run(self.program(**options))

    def program(self, **options: Any) -> Program[TransactionResult]:
        """The transaction as a program, for larger ones to go on from."""
        read = read_options(_WRITE, TRANSACT_WRITE, options)
        prepared = self._prepared
        return self._program(self._request(read, prepared), prepared)

    def explain(self, **options: Any) -> str:
        """Says in words what the transaction does."""
        lines = [str(entry.explain()) for entry in self.entries]
        return "\n".join([f"{len(lines)} operations, together or not at all:", *lines])

    def __repr__(self) -> str:
        return f"<{_WRITE} of {len(self.entries)}>"

    @cached_property
    def _prepared(self) -> list[PreparedWrite]:
        _refuse_count(_WRITE, self.entries)
        prepared = []
        for position, entry in enumerate(self.entries):
            if not isinstance(entry, Write):
                raise InputError(
                    f"operation {position} is no write or check: a transaction takes chains "
                    "such as task.create(...), task.patch(...).set(...), task.check(...)",
                    operation=_WRITE,
                )
            with naming(entry.name, entry.entity):
                prepared.append(entry.prepare())
        tables = [entry.entity.table for entry in self.entries]
        refuse_duplicates(_WRITE, [(t, p.key) for t, p in zip(tables, prepared, strict=True)])
        _refuse_guards(prepared, tables)
        size = sum(transaction_size(write) for write in prepared)
        if size > TRANSACTION_BYTES:
            raise ItemTooLargeError(
                f"the transaction has {size:,} bytes and DynamoDB takes at most "
                f"{TRANSACTION_BYTES:,}; write less in it",
                size=size,
                limit=TRANSACTION_BYTES,
                operation=_WRITE,
            )
        return prepared

    def _request(self, options: Options, prepared: list[PreparedWrite]) -> Params:
        parts = []
        for entry, write in zip(self.entries, prepared, strict=True):
            body = dict(write.params)
            if "ConditionExpression" in body:
                body["ReturnValuesOnConditionCheckFailure"] = "ALL_OLD"
            parts.append({entry.part: body})
        parts += [guard.part for write in prepared for guard in write.guards]
        params: Params = {"TransactItems": parts}
        if options.token is not None:
            params["ClientRequestToken"] = options.token
        return params

    def _program(self, params: Params, prepared: list[PreparedWrite]) -> Program[TransactionResult]:
        # All attempts are one transaction: an earlier one may be under way, or done unheard.
        params = {"ClientRequestToken": str(uuid4()), **params}
        attempt = 0
        while True:
            attempt += 1
            try:
                response: Response = yield Request("TransactWriteItems", params, _WRITE)
            except AwsError as error:
                reasons = cancellation(error)
                if reasons is None or attempt >= _ATTEMPTS or not may_pass(reasons):
                    if not reasons:
                        raise
                    raise self._canceled(reasons, prepared) from error
            else:
                break
            yield Pause(wait_before(attempt))
        items = tuple(
            shape(entry.entity, write.kept, _PLAIN)
            for entry, write in zip(self.entries, prepared, strict=True)
        )
        return TransactionResult(items, consumed_units(response), attempt)

    def _canceled(
        self, reasons: Sequence[Mapping[str, Any]], prepared: list[PreparedWrite]
    ) -> TransactionCanceledError:
        rejections = []
        guards = [(n, guard) for n, write in enumerate(prepared) for guard in write.guards]
        for place, reason in enumerate(reasons):
            code = str(reason.get("Code", "None"))
            if code == "None":
                continue
            behind = place - len(prepared)
            position, guard = guards[behind] if behind >= 0 else (place, None)
            entry, write = self.entries[position], prepared[position]
            item = reason.get("Item") or None
            rejections.append(_rejection(position, entry, write, guard, code, item))
        said = "; ".join(map(str, rejections))
        return TransactionCanceledError(
            f"the transaction was cancelled and nothing was written: {said}",
            rejections=rejections,
            operation=_WRITE,
        )


@frozen(eq=False, repr=False)
class TransactGet:
    """`app.transact_get([...])`: items as they all were at one moment."""

    runner: Runner
    entries: Sequence[Get]

    def params(self, **options: Any) -> Params:
        """The low-level request; nothing is sent."""
        return self._request(read_options(_GET, TRANSACT_GET, options))

    def go(self, **options: Any) -> TransactionResult:
        """Read all of them; None stands where there is no item."""
        return self.runner.run(self.program(**options))

    def program(self, **options: Any) -> Program[TransactionResult]:
        """The transaction as a program, for larger ones to go on from: what `go()` runs."""
        read = read_options(_GET, TRANSACT_GET, options)
        return self._program(self._request(read), read)

    def __repr__(self) -> str:
        return f"<{_GET} of {len(self.entries)}>"

    def _request(self, options: Options) -> Params:
        _refuse_count(_GET, self.entries)
        parts = []
        for position, entry in enumerate(self.entries):
            if not isinstance(entry, Get):
                raise InputError(
                    f"operation {position} is no get: this takes chains such as task.get(...)",
                    operation=_GET,
                )
            parts.append({"Get": entry.params()})
        keys = [(part["Get"]["TableName"], part["Get"]["Key"]) for part in parts]
        refuse_duplicates(_GET, keys)
        return {"TransactItems": parts}

    def _program(self, params: Params, options: Options) -> Program[TransactionResult]:
        attempt = 0
        while True:
            attempt += 1
            try:
                response: Response = yield Request("TransactGetItems", params, _GET)
            except AwsError as error:
                reasons = cancellation(error)
                if not reasons or attempt >= _ATTEMPTS or not may_pass(reasons):
                    raise
            else:
                break
            yield Pause(wait_before(attempt))
        items = []
        for entry, found in zip(self.entries, response["Responses"], strict=True):
            item = found.get("Item")
            mine = item is not None and is_mine(entry.entity, item, entry.marks(), options)
            items.append(shape(entry.entity, item, options) if mine and item else None)
        return TransactionResult(tuple(items), consumed_units(response), attempt)


_WRITE: Final = "transact_write"
_GET: Final = "transact_get"
_PLAIN: Final = Options()


def _rejection(
    position: int,
    entry: Operation,
    write: PreparedWrite,
    guard: GuardPart | None,
    code: str,
    raw: Item | None,
) -> Rejection:
    reason = _REASONS.get(code, "invalid")
    mine = guard is None and raw is not None and bears(raw, write.marks)
    if reason == "condition":
        if guard is not None:
            reason = "unique"
        elif raw is not None and not mine:
            reason = "collision"
        elif write.expected is not None and not write.expected.holds(raw):
            reason = "version"
    compiled = entry.entity.compiled
    names = entry.entity.keys.primary.spec.composites
    kept = compiled.decode_values(write.kept)
    return Rejection(
        position,
        entry.name,
        entry.entity.spec.entity,
        {name: kept[name] for name in names if name in kept},
        reason,
        code,
        compiled.decode(raw) if raw is not None and mine else None,
        raw,
        () if guard is None else guard.claim.attributes,
    )


def _refuse_guards(prepared: Sequence[PreparedWrite], tables: Sequence[str]) -> None:
    """Raise where the guards do not fit in, or two operations move the same unique values."""
    guards = sum(len(write.guards) for write in prepared)
    if len(prepared) + guards > TRANSACTION_LIMIT:
        raise InputError(
            f"the transaction has {len(prepared)} operations and {guards} guards of unique "
            f"values, and DynamoDB takes at most {TRANSACTION_LIMIT} of both; split it where its "
            "parts may happen apart",
            operation=_WRITE,
        )
    seen: dict[tuple[str, str], int] = {}
    for position, (write, table) in enumerate(zip(prepared, tables, strict=True)):
        for guard in write.guards:
            first = seen.setdefault((table, guard.claim.text), position)
            if first != position:
                quoted = ", ".join(f'"{name}"' for name in guard.claim.attributes)
                raise InputError(
                    f"operations {first} and {position} take or give up the same values of the "
                    f"unique {quoted}, and a transaction touches each item once",
                    operation=_WRITE,
                )


def _refuse_count(operation: str, entries: Sequence[Any]) -> None:
    if not entries:
        raise InputError("a transaction needs at least one operation", operation=operation)
    if len(entries) > TRANSACTION_LIMIT:
        raise InputError(
            f"the transaction has {len(entries)} operations and DynamoDB takes at most "
            f"{TRANSACTION_LIMIT}; split it where its parts may happen apart",
            operation=operation,
        )


def transaction_size(write: PreparedWrite) -> int:
    """The bytes that a write and its guards count for in a transaction."""
    bodies = [write.params, *(body for guard in write.guards for body in guard.part.values())]
    return sum(map(request_size, bodies))


def request_size(params: Params) -> int:
    """The bytes that a write counts for in a transaction."""
    values = params.get("ExpressionAttributeValues", {}).values()
    own = params.get("Item") or params.get("Key", {})
    return item_size(own) + sum(map(value_size, values))
