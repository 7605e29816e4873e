"""Writing an item together with the guards of its unique values."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from attrs import define, field, frozen

from leyden.errors import (
    AwsError,
    ConditionFailedError,
    TransactionCanceledError,
    UniqueConstraintError,
)
from leyden.operations.bound import BoundEntity
from leyden.operations.cancellation import ATTEMPTS, cancellation, may_pass, wait_before
from leyden.operations.expression import Expressions, require
from leyden.operations.guard import Marks, bears, collision, owns
from leyden.operations.outcome import add_units, consumed_units
from leyden.operations.request import Item, Params, Pause, Program, Request, Response
from leyden.operations.unique import (
    OWNER_FIELD,
    Claim,
    Effect,
    GuardPart,
    claims_of,
    release,
    still_left,
    take,
    unchanged,
    unique_fields,
)
from leyden.operations.versions import Expectation, conflict, expectation_from

_FAILED = "ConditionalCheckFailed"


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
    """The attempts of one write, and what they learn of the guards in the way."""

    write: UniqueWrite
    left: dict[str, Item] = field(factory=dict)
    """Guards to take over, each with the key of the item that left it."""
    foreign: set[str] = field(factory=set)
    """Guards to leave alone: another item has them, though this one has the values too."""
    consumed: float | None = None

    def run(self) -> Program[Written]:
        attempt = 0
        while True:
            attempt += 1
            stored = None
            if self.write.effect.kind != "create":
                stored = yield from self._read(self.write.key)
                if stored is not None and not bears(stored, self.write.marks):
                    raise collision(self.write.marks, stored, self.write.request)
            plan = _plan(self.write, stored, self.left, self.foreign)
            try:
                response: Response = yield plan.request
            except ConditionFailedError as error:
                yield from self._judge_item(stored, error.item, error)
                last: Exception = error
            except AwsError as error:
                reasons = cancellation(error)
                if reasons is None:
                    raise
                yield from self._judge(plan, stored, reasons, error)
                last = error
            else:
                self.consumed = add_units(self.consumed, consumed_units(response))
                return (yield from self._written(plan, stored, response))
            if attempt >= ATTEMPTS:
                raise TransactionCanceledError(
                    f"other writes got in the way of this one {attempt} times; nothing was "
                    "written. Try again later",
                    operation=self.write.request.operation,
                ) from last
            yield Pause(wait_before(attempt))

    def _read(self, key: Item) -> Program[Item | None]:
        request = self.write.request
        response = yield Request(
            "GetItem",
            {"TableName": self.write.table, "Key": key, "ConsistentRead": True},
            request.operation,
            request.entity,
        )
        self.consumed = add_units(self.consumed, consumed_units(response))
        item: Item | None = response.get("Item")
        return item

    def _written(self, plan: _Plan, stored: Item | None, response: Response) -> Program[Written]:
        attributes = response.get("Attributes")
        if plan.parts:
            attributes = stored
            if self.write.reads_back:
                attributes = yield from self._read(self.write.key)
        return Written(stored, attributes, self.consumed, response)

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
        if main.get("Code") == _FAILED:
            yield from self._judge_item(stored, main.get("Item"), error)
            return
        failed = False
        for part, reason in zip(plan.parts, others, strict=False):
            if reason.get("Code") == _FAILED:
                failed = True
                yield from self._judge_guard(part, reason.get("Item"), error)
        for claims, reason in zip(plan.checked, others[len(plan.parts) :], strict=True):
            if reason.get("Code") == _FAILED:
                failed = True
                for claim in claims:
                    self.left.pop(claim.text, None)
        if not failed:
            raise error

    def _judge_item(
        self, stored: Item | None, now: Item | None, error: AwsError | ConditionFailedError
    ) -> Program[None]:
        """The item itself was refused: it changed since it was read, or a condition says no."""
        write, entity = self.write, self.write.entity
        if now is None:
            now = yield from self._read(write.key)
        if now is not None and not bears(now, write.marks):
            raise collision(write.marks, now, write.request) from error
        if write.effect.kind != "create":
            if (stored is None) != (now is None) or any(
                (stored or {}).get(name) != (now or {}).get(name) for name in unique_fields(entity)
            ):
                return
            if write.counts_on and not expectation_from(entity, stored).holds(now):
                return
        if write.expected is not None and not write.expected.holds(now):
            raise conflict(entity, now, write.request, write.request.operation) from error
        raise ConditionFailedError(
            f"the condition did not hold for an item of {write.table}; nothing was changed",
            item=now,
            request=write.request,
            operation=write.request.operation,
            entity=write.request.entity,
        ) from error

    def _judge_guard(self, part: GuardPart, guard: Item | None, error: AwsError) -> Program[None]:
        """A guard is another item's, or was left behind by one."""
        claim, entity = part.claim, self.write.entity
        if not part.taken:
            self.foreign.add(claim.text)
            return
        if guard is None:
            guard = yield from self._read(claim.key)
        if guard is None:
            return
        owner: Item = guard.get(OWNER_FIELD, {}).get("M") or {}
        holder = (yield from self._read(owner)) if owner else guard
        held = holder is not None and (
            not owner or (owns(entity, holder) and claim.text in claims_of(entity, holder))
        )
        if held:
            raise violated(claim, owner, self.write.request) from error
        self.left[claim.text] = owner


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


def _plan(
    write: UniqueWrite, stored: Item | None, left: Mapping[str, Item], foreign: set[str]
) -> _Plan:
    entity, key, table = write.entity, write.key, write.table
    before = {} if stored is None else claims_of(entity, stored, write.constraints)
    after = claims_of(entity, write.effect.after(stored), write.constraints)
    taken = [claim for text, claim in after.items() if text not in before]
    released = [c for text, c in before.items() if text not in after and text not in foreign]
    parts = (
        *(take(entity, claim, key, table, left.get(claim.text)) for claim in taken),
        *(release(claim, key, table) for claim in released),
    )
    body = write.body(stored)
    if write.effect.kind != "create":
        body = require(body, lambda text: unchanged(entity, key, stored, text))
    request = write.request
    if not parts:
        return _Plan(Request(request.api, body, request.operation, request.entity), (), ())
    owners: dict[str, tuple[Item, list[Claim]]] = {}
    for claim in taken:
        if claim.text in left:
            owner = left[claim.text]
            owners.setdefault(repr(sorted(owner.items())), (owner, []))[1].append(claim)
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
