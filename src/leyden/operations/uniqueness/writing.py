"""Writing an item together with the guards of its unique values."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from leyden._attrs import define, field, frozen
from leyden.errors import (
    AwsError,
    ConditionFailedError,
    TransactionCanceledError,
    UniqueConstraintError,
)
from leyden.operations.bound import BoundEntity
from leyden.operations.guard import Marks, bears, collision
from leyden.operations.item_id import ItemId, item_id
from leyden.operations.plan.expressions import Expressions, require
from leyden.operations.transactions.cancellation import (
    ATTEMPTS,
    CONDITION_FAILED,
    cancellation,
    may_pass,
    send_transaction,
    wait_before,
)
from leyden.operations.uniqueness.claims import Claim, Effect
from leyden.operations.uniqueness.guards import (
    GuardPart,
    Obstacles,
    guards_over,
    still_left,
    unchanged,
    values_changed,
)
from leyden.operations.versions import Expectation, conflict, expectation_from
from leyden.program import (
    Item,
    Params,
    Pause,
    Program,
    Request,
    Response,
)
from leyden.results import add_units, consumed_units


@frozen
class UniqueWrite:
    """A write that moves unique values.

    `request` is the plain one; `body` makes its parameters, given what is stored. `claims` are
    what the item will claim, given what is stored. `counts_on`: it depends on the stored version,
    whichever that is; `expected` is the one that the caller had seen. `reads_back`: the item as
    it is afterwards is wanted.
    """

    entity: BoundEntity
    request: Request
    part: str
    key: Item
    marks: Marks
    effect: Effect
    body: Callable[[Item | None], Params]
    counts_on: bool
    expected: Expectation | None
    reads_back: bool
    constraints: tuple[tuple[str, ...], ...] | None = None
    """The constraints that it is about; None for all."""

    @property
    def table(self) -> str:
        """The name of the table."""
        return str(self.request.params["TableName"])


@frozen
class Written:
    """A write that happened, over the item `before`; `attributes` as `response=` asked for."""

    before: Item | None
    attributes: Item | None
    consumed: float | None
    response: Response


def write_unique(write: UniqueWrite) -> Program[Written]:
    """Read what is stored, and write the item and its guards in one transaction.

    The transaction depends on what was read; where that has changed, it begins again. A create
    reads nothing first. Where no claim moves, the write is a plain request, which depends on what
    was read as well. Raises UniqueConstraintError, and what a plain write raises.
    """
    return (yield from _Attempts(write).run())


@define
class _Attempts:
    """The attempts of one write, and what they learned of the guards in the way."""

    write: UniqueWrite
    obstacles: Obstacles = field(factory=Obstacles)

    def run(self) -> Program[Written]:
        attempt = 0
        while True:
            attempt += 1
            stored = None
            if self.write.effect.kind != "create":
                stored = yield from self._read(self.write.key)
                if stored is not None and not bears(stored, self.write.marks):
                    raise collision(self.write.marks, stored, self.write.request)
            plan = _plan(self.write, stored, self.obstacles)
            try:
                response = yield from self._send(plan)
            except ConditionFailedError as error:
                yield from self._judge_item(stored, error.item, error)
                last: Exception = error
            except AwsError as error:
                reasons = cancellation(error)
                if not reasons:
                    # Still in progress, it may happen yet: another one beside it could be too much.
                    raise
                yield from self._judge(plan, stored, reasons, error)
                last = error
            else:
                consumed = add_units(self.obstacles.consumed, consumed_units(response))
                self.obstacles.consumed = consumed
                return (yield from self._written(plan, stored, response))
            if attempt >= ATTEMPTS:
                raise TransactionCanceledError(
                    f"other writes got in the way of this one {attempt} times; nothing was "
                    "written. Try again later",
                    operation=self.write.request.operation,
                ) from last
            yield Pause(wait_before(attempt))

    def _send(self, plan: _Plan) -> Program[Response]:
        response: Response
        if plan.parts:
            # One that is under way already is asked for again, as it is; others are planned anew.
            response, _ = yield from send_transaction(plan.request, patient=False)
        else:
            response = yield plan.request
        return response

    def _read(self, key: Item) -> Program[Item | None]:
        return (yield from self.obstacles.read(self.write.table, key, self.write.request))

    def _written(self, plan: _Plan, stored: Item | None, response: Response) -> Program[Written]:
        attributes = response.get("Attributes")
        if plan.parts:
            attributes = stored
            if self.write.reads_back:
                attributes = yield from self._read(self.write.key)
        return Written(stored, attributes, self.obstacles.consumed, response)

    def _judge(
        self,
        plan: _Plan,
        stored: Item | None,
        reasons: Sequence[Mapping[str, Any]],
        error: AwsError,
    ) -> Program[None]:
        """Return where trying again is right; otherwise raise what stands in the way."""
        if may_pass(reasons):
            return
        main, *others = reasons
        if main.get("Code") == CONDITION_FAILED:
            yield from self._judge_item(stored, main.get("Item"), error)
            return
        failed = False
        for part, reason in zip(plan.parts, others, strict=False):
            if reason.get("Code") != CONDITION_FAILED:
                continue
            failed = True
            request = self.write.request
            owner = yield from self.obstacles.judge(part, reason.get("Item"), request)
            if owner is not None:
                raise violated(part.claim, owner, request) from error
        for claims, reason in zip(plan.checked, others[len(plan.parts) :], strict=True):
            if reason.get("Code") == CONDITION_FAILED:
                failed = True
                for claim in claims:
                    self.obstacles.left.pop(claim.text, None)
        if not failed:
            raise error

    def _judge_item(
        self, stored: Item | None, now: Item | None, error: AwsError | ConditionFailedError
    ) -> Program[None]:
        """The item itself was refused: it changed since it was read, or a condition says no."""
        write, entity = self.write, self.write.entity
        if now is None and stored is not None and write.effect.kind != "create":
            # It was gone. By now it may be there again, as if nothing had happened.
            return
        if now is None:
            now = yield from self._read(write.key)
        if now is not None and not bears(now, write.marks):
            raise collision(write.marks, now, write.request) from error
        if write.effect.kind != "create":
            if values_changed(entity, stored, now):
                return
            if write.counts_on and not expectation_from(entity, stored).holds(now):
                return
        if write.expected is not None and not write.expected.holds(now):
            raise conflict(entity, now, write.request, write.request.operation) from error
        refusal = ConditionFailedError(
            f"the condition did not hold for an item of {write.table}; nothing was changed",
            item=now,
            request=write.request,
            operation=write.request.operation,
            entity=write.request.entity,
        )
        refusal.is_item_read = True
        raise refusal from error


def claim_for(entity: BoundEntity, claim: Claim, key: Item, request: Request) -> UniqueWrite:
    """A transaction that writes the guard of an item that is there, and changes nothing else.

    Raises ConditionFailedError where the item has other values by now.
    """
    expressions = Expressions()
    body: Params = {"TableName": request.params["TableName"], "Key": key}
    body["ConditionExpression"] = " AND ".join(
        expressions.equal(*pair) for pair in claim.values.items()
    )
    expressions.write_to(body)
    effect = Effect("create", sets=claim.values)
    return UniqueWrite(
        entity,
        request,
        "ConditionCheck",
        key,
        {},
        effect,
        lambda stored: body,
        False,
        None,
        False,
        (claim.attributes,),
    )


def violated(claim: Claim, owner: Item, request: Request) -> UniqueConstraintError:
    """The error for values that another item has."""
    quoted = ", ".join(f'"{name}"' for name in claim.attributes)
    one = "this value" if len(claim.attributes) == 1 else "these values together"
    return UniqueConstraintError(
        f"another item has {one} of {quoted}, which must be unique; nothing was written",
        attributes=claim.attributes,
        owner=owner,
        request=request,
        operation=request.operation,
        entity=request.entity,
    )


@frozen
class _Plan:
    """One attempt: its request, the guards in it, and the claims of each left owner checked."""

    request: Request
    parts: tuple[GuardPart, ...]
    checked: tuple[tuple[Claim, ...], ...]


def _plan(write: UniqueWrite, stored: Item | None, obstacles: Obstacles) -> _Plan:
    entity, key, table = write.entity, write.key, write.table
    parts = guards_over(entity, key, write.effect, table, stored, write.constraints)
    parts = obstacles.around(parts)
    body = write.body(stored)
    if write.effect.kind != "create":
        body = require(body, lambda text: unchanged(entity, key, stored, text))
    request = write.request
    if not parts:
        return _Plan(Request(request.api, body, request.operation, request.entity), (), ())
    owners: dict[ItemId, tuple[Item, list[Claim]]] = {}
    for part in parts:
        for owner in part.others:
            owners.setdefault(item_id(table, owner), (owner, []))[1].append(part.claim)
    params = transaction_of(write.part, body, parts)
    params["TransactItems"] += [
        still_left(claims, owner, table) for owner, claims in owners.values()
    ]
    # Sent again after a lost answer, it is the same transaction.
    params["ClientRequestToken"] = str(uuid.uuid4())
    return _Plan(
        Request("TransactWriteItems", params, request.operation, request.entity),
        parts,
        tuple(tuple(claims) for _, claims in owners.values()),
    )


def transaction_of(part: str, body: Params, guards: Sequence[GuardPart]) -> Params:
    """The transaction of a write and its guards."""
    own = {name: value for name, value in body.items() if name != "ReturnValues"}
    if "ConditionExpression" in own:
        own["ReturnValuesOnConditionCheckFailure"] = "ALL_OLD"
    return {"TransactItems": [{part: own}, *(guard.part for guard in guards)]}
