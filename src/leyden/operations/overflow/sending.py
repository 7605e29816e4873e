"""Sending a write together with the parts of its large values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import uuid4

from leyden._attrs import define, evolve, frozen
from leyden.errors import (
    AwsError,
    ConditionFailedError,
    ItemTooLargeError,
    KeyCollisionError,
    LeydenError,
    TransactionCanceledError,
    VersionConflictError,
)
from leyden.operations.bound import BoundEntity
from leyden.operations.guard import Marks, bears, collision, read_stored, send_guarded
from leyden.operations.options import Options
from leyden.operations.overflow.reading import join_items, joining_for
from leyden.operations.overflow.writing import UNKNOWN, Laid, Spread, Stored, lay_out
from leyden.operations.transactions.cancellation import (
    ATTEMPTS,
    CONDITION_FAILED,
    cancellation,
    is_conflict,
    send_transaction,
    wait_before,
)
from leyden.operations.versions import Expectation, conflict
from leyden.program import Item, Params, Pause, Program, Request, Response
from leyden.results import add_units, consumed_units

_REFUSALS = 4
"""How often a write begins again that the service refuses for its size, with less in the item."""

_REFUSED_FOR_SIZE = "ValidationError"


@frozen
class SpreadWrite:
    """A write that may concern values outside of its item.

    `request` is the plain one, but for what `spread` says. `wants` is `all_old` or `all_new`
    where the item before or after is wanted.
    """

    entity: BoundEntity
    request: Request
    part: str
    key: Item
    marks: Marks
    expected: Expectation | None
    spread: Spread
    wants: str = ""


@frozen
class SpreadDone:
    """A write that happened. `attributes` is the item that `response=` asked for."""

    attributes: Item | None
    consumed: float | None
    response: Response


def send_spread(write: SpreadWrite) -> Program[SpreadDone]:
    """Send the write: as one plain request where no parts come or go, else as a transaction.

    It depends on the stored manifest; where that is another one than was thought, it begins
    again. Raises what a plain write raises.
    """
    return (yield from _Attempts(write).run())


@define
class _Attempts:
    """The attempts of one write, and what they learned of the stored item."""

    write: SpreadWrite
    stored: Stored = UNKNOWN
    consumed: float | None = None

    def run(self) -> Program[SpreadDone]:
        write = self.write
        if write.spread.needs_reading:
            yield from self._read()
        attempt = 0
        while True:
            attempt += 1
            laid = lay_out(write.entity, write.key, write.request.params, write.spread, self.stored)
            if laid.siblings and write.wants == "all_old" and not self.stored.is_read:
                yield from self._read()
                continue
            try:
                return (yield from self._send(laid))
            except (KeyCollisionError, VersionConflictError):
                raise
            except ConditionFailedError as error:
                now = error.item
                if now is None:
                    error.item = now = yield from read_stored(write.request, write.key)
                    error.is_item_read = True
                if laid.is_over(now):
                    raise
                self.stored = evolve(self.stored, item=now, is_read=True)
                last: LeydenError = error
            except (AwsError, ItemTooLargeError) as error:
                if _is_too_large(error):
                    if self.stored.refusals >= _REFUSALS:
                        raise
                    yield from self._read()
                    self.stored = evolve(self.stored, refusals=self.stored.refusals + 1)
                elif not is_conflict(error):
                    raise
                last = error
            except _PartsChangedError as error:
                yield from self._read()
                last = error.cause
            if attempt >= ATTEMPTS:
                raise TransactionCanceledError(
                    f"other writes got in the way of this one {attempt} times; nothing was "
                    "written. Try again later",
                    operation=write.request.operation,
                ) from last
            if attempt > 1:
                yield Pause(wait_before(attempt))

    def _send(self, laid: Laid) -> Program[SpreadDone]:
        write = self.write
        if laid.siblings:
            return (yield from self._transact(laid))
        request = evolve(write.request, params=laid.params)
        response = yield from send_guarded(
            write.entity, request, write.marks, write.key, write.expected
        )
        consumed = add_units(self.consumed, consumed_units(response))
        return SpreadDone(response.get("Attributes"), consumed, response)

    def _transact(self, laid: Laid) -> Program[SpreadDone]:
        write = self.write
        before = None
        if write.wants == "all_old":
            # Its parts are deleted with the write, so that they must be read before.
            before = yield from self._before()
        params = {
            "TransactItems": [part_of(write.part, laid.params), *laid.siblings],
            # Sent again after a lost answer, it is the same transaction.
            "ClientRequestToken": str(uuid4()),
        }
        request = Request(
            "TransactWriteItems", params, write.request.operation, write.request.entity
        )
        try:
            response, _ = yield from send_transaction(request)
        except AwsError as error:
            reasons = cancellation(error)
            if reasons:
                yield from self._judge(reasons, error)
            raise
        self.consumed = add_units(self.consumed, consumed_units(response))
        after = before
        if write.wants == "all_new":
            after = yield from self._stored_item()
        return SpreadDone(after, self.consumed, response)

    def _judge(self, reasons: Sequence[Mapping[str, Any]], error: AwsError) -> Program[None]:
        """Raise what stands in the way, in the terms of a plain write."""
        write = self.write
        main, *others = reasons
        if main.get("Code") != CONDITION_FAILED:
            if any(reason.get("Code") == CONDITION_FAILED for reason in others):
                raise _PartsChangedError(error) from error
            return
        now = main.get("Item") or None
        if now is None:
            now = yield from read_stored(write.request, write.key)
        if now is not None and not bears(now, write.marks):
            raise collision(write.marks, now, write.request) from error
        if write.expected is not None and not write.expected.holds(now):
            raise conflict(write.entity, now, write.request, write.request.operation) from error
        refusal = ConditionFailedError(
            f"the condition did not hold for an item of {write.request.params['TableName']}; "
            "nothing was changed",
            item=now,
            request=write.request,
            operation=write.request.operation,
            entity=write.request.entity,
        )
        refusal.is_item_read = True
        raise refusal from error

    def _read(self) -> Program[None]:
        item = yield from self._stored_item()
        self.stored = evolve(self.stored, item=item, is_read=True)

    def _stored_item(self) -> Program[Item | None]:
        request = self.write.request
        response = yield Request(
            "GetItem",
            {
                "TableName": request.params["TableName"],
                "Key": self.write.key,
                "ConsistentRead": True,
            },
            request.operation,
            request.entity,
        )
        self.consumed = add_units(self.consumed, consumed_units(response))
        item: Item | None = response.get("Item")
        return item

    def _before(self) -> Program[Item | None]:
        """The stored item with its values in place, or as it is where they changed meanwhile.

        In the latter case the transaction is refused, as the manifest is then another one too.
        """
        if self.stored.item is None:
            return None
        request = self.write.request
        joining = joining_for(
            self.write.entity,
            request.operation,
            request.params["TableName"],
            Options(consistent=True),
            lambda item: True,
        )
        joined = yield from join_items(joining, [self.stored.item])
        self.consumed = add_units(self.consumed, joined.consumed)
        return joined.items[0]


class _PartsChangedError(Exception):
    """A part that the write counted on is not there."""

    def __init__(self, cause: AwsError) -> None:
        super().__init__()
        self.cause = cause


def part_of(kind: str, body: Params) -> Params:
    """A write as a part of a transaction."""
    own = {name: value for name, value in body.items() if name != "ReturnValues"}
    if "ConditionExpression" in own:
        own["ReturnValuesOnConditionCheckFailure"] = "ALL_OLD"
    return {kind: own}


def _is_too_large(error: AwsError | ItemTooLargeError) -> bool:
    """Whether the service refused the item for its size."""
    if isinstance(error, ItemTooLargeError):
        return True
    if error.aws_code == "ValidationException":
        return _says_too_large(str(error))
    return any(map(is_refused_for_size, cancellation(error) or ()))


def is_refused_for_size(reason: Mapping[str, Any]) -> bool:
    """Whether this is the reason of an operation whose item would be too large."""
    return reason.get("Code") == _REFUSED_FOR_SIZE and _says_too_large(
        str(reason.get("Message", ""))
    )


def _says_too_large(text: str) -> bool:
    folded = text.lower()
    return "item size" in folded and "exceeded" in folded
