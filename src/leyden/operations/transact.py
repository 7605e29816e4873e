"""Transactions: several writes, or several reads, that happen together or not at all."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any, Final

from attrs import field, frozen

from leyden.errors import AwsError, InputError, ItemTooLargeError, TransactionCanceledError
from leyden.operations.batch_sending import refuse_duplicates
from leyden.operations.get import Get, is_mine
from leyden.operations.guard import bears
from leyden.operations.operation import Operation, naming
from leyden.operations.options import TRANSACT_GET, TRANSACT_WRITE, Options, read_options
from leyden.operations.outcome import consumed_units, shape
from leyden.operations.request import Item, Params, Pause, Program, Request, Response
from leyden.operations.runner import Runner
from leyden.operations.size import item_size, value_size
from leyden.operations.write import PreparedWrite, Write

TRANSACTION_LIMIT: Final = 100
"""The most operations that DynamoDB takes in a transaction."""

TRANSACTION_BYTES: Final = 4 * 1024 * 1024
"""The most bytes that DynamoDB takes in a transaction."""

_ATTEMPTS: Final = 6
_FIRST_WAIT: Final = 0.05
_PASSING: Final = frozenset(
    {"TransactionConflict", "ThrottlingError", "ProvisionedThroughputExceeded"}
)
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
    "conflict": "another write was under way on the item",
    "throttled": "the table took no more requests",
    "size": "the items of its partition key are too large together",
    "invalid": "the request was not valid",
}


@frozen
class Rejection:
    """Why one operation of a cancelled transaction was refused.

    `reason` is `condition`, `collision`, `conflict`, `throttled`, `size` or `invalid`; `key`
    holds the key attributes; `item` is the stored record where the service returned one and it
    is the entity's, `raw` the stored item as it is.
    """

    position: int
    operation: str
    entity: str
    key: Mapping[str, Any] = field(repr=False)
    reason: str
    aws_code: str
    item: Any = field(repr=False)
    raw: Item | None = field(repr=False)

    def __str__(self) -> str:
        return f"operation {self.position}, {self.operation}: {_MEANING[self.reason]}"


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
        size = sum(request_size(write.params) for write in prepared)
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
        params: Params = {"TransactItems": parts}
        if options.token is not None:
            params["ClientRequestToken"] = options.token
        return params

    def _program(self, params: Params, prepared: list[PreparedWrite]) -> Program[TransactionResult]:
        attempt = 0
        while True:
            attempt += 1
            try:
                response: Response = yield Request("TransactWriteItems", params, _WRITE)
            except AwsError as error:
                reasons = cancellation(error)
                if reasons is None or attempt >= _ATTEMPTS or not _may_pass(reasons):
                    if not reasons:
                        raise
                    raise self._canceled(reasons, prepared) from error
            else:
                break
            yield Pause(random.uniform(0, _FIRST_WAIT * 2**attempt))
        items = tuple(
            shape(entry.entity, write.kept, _PLAIN)
            for entry, write in zip(self.entries, prepared, strict=True)
        )
        return TransactionResult(items, consumed_units(response), attempt)

    def _canceled(
        self, reasons: Sequence[Mapping[str, Any]], prepared: list[PreparedWrite]
    ) -> TransactionCanceledError:
        rejections = []
        for position, reason in enumerate(reasons):
            code = str(reason.get("Code", "None"))
            if code != "None":
                entry, write = self.entries[position], prepared[position]
                rejections.append(_rejection(position, entry, write, code, reason.get("Item")))
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
        read = read_options(_GET, TRANSACT_GET, options)
        return self.runner.run(self._program(self._request(read), read))

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
                if not reasons or attempt >= _ATTEMPTS or not _may_pass(reasons):
                    raise
            else:
                break
            yield Pause(random.uniform(0, _FIRST_WAIT * 2**attempt))
        items = []
        for entry, found in zip(self.entries, response["Responses"], strict=True):
            item = found.get("Item")
            mine = item is not None and is_mine(entry.entity, item, entry.marks(), options)
            items.append(shape(entry.entity, item, options) if mine and item else None)
        return TransactionResult(tuple(items), consumed_units(response), attempt)


_WRITE: Final = "transact_write"
_GET: Final = "transact_get"
_PLAIN: Final = Options()


def cancellation(error: AwsError) -> Sequence[Mapping[str, Any]] | None:
    """The reasons of a cancelled transaction, one an operation; empty while one is in progress.

    None for any other error.
    """
    if error.aws_code == "TransactionInProgressException":
        return ()
    if error.aws_code != "TransactionCanceledException" or error.response is None:
        return None
    reasons: Sequence[Mapping[str, Any]] = error.response.get("CancellationReasons") or ()
    return reasons


def _may_pass(reasons: Sequence[Mapping[str, Any]]) -> bool:
    """Whether only passing causes stood in the way, so that trying again is safe and useful."""
    codes = {str(reason.get("Code", "None")) for reason in reasons} - {"None"}
    return codes <= _PASSING


def _rejection(
    position: int, entry: Operation, write: PreparedWrite, code: str, raw: Item | None
) -> Rejection:
    reason = _REASONS.get(code, "invalid")
    mine = raw is not None and bears(raw, write.marks)
    if reason == "condition" and raw is not None and not mine:
        reason = "collision"
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


def request_size(params: Params) -> int:
    """The bytes that a write counts for in a transaction."""
    values = params.get("ExpressionAttributeValues", {}).values()
    own = params.get("Item") or params.get("Key", {})
    return item_size(own) + sum(map(value_size, values))
