"""Plan one write: first without reading, then over what is known of the stored item.

A `WritePlan` holds all that a chain says. Three things about the stored item may change the
request: its version, its unique values (whose guard items change with it), and its large values
(whose parts are written and deleted with it). These are the companions of the write. Each adds
conditions that what is known of the stored item is still true, and further items that are written
together with this one. Where nothing is known, the write is sent as if there were no companions, on
the condition that there are none. If DynamoDB refuses that, its answer shows the stored item.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from contextlib import suppress
from functools import cached_property
from typing import Any, Final, Literal, Protocol

from leyden._attrs import evolve, field, frozen
from leyden.errors import ConversionError, InputError, ItemTooLargeError
from leyden.mapping.index_keys import NO_CHANGES, KeyChanges
from leyden.operations.bound import BoundEntity, Identity, ItemId, item_id
from leyden.operations.companions.earlier import EarlierPart, earlier_guards, over_moved
from leyden.operations.companions.overflow.format import TRANSACTION_BYTES, TRANSACTION_LIMIT
from leyden.operations.companions.overflow.writing import (
    UNKNOWN,
    OverflowChange,
    OverflowClauses,
    OverflowPlan,
    Stored,
    lay_out,
)
from leyden.operations.companions.unique import (
    Claim,
    Effect,
    GuardPart,
    GuardState,
    guards_over,
    guards_without_reading,
    moves_claims,
    still_left,
    together,
    unchanged,
    why_read,
)
from leyden.operations.companions.versions import Expectation, expectation_from
from leyden.operations.plan.expressions import Expressions, request_size, require
from leyden.operations.plan.refusal import Asked, Need
from leyden.operations.plan.steps import Step, UpdateExpression
from leyden.program import Item, Params


@frozen(slots=False)
class PartChange:
    """What a write changes in an item.

    It sets `fields`; those that are also in `once` only where the item does not have them. It
    removes `removes`. `steps` are all other changes: amounts, and paths inside attributes. They
    come before the fields or after them.
    """

    fields: Item = field(repr=False)
    steps: tuple[Step, ...]
    removes: Iterable[str] = ()
    once: Collection[str] = ()
    keys: KeyChanges = NO_CHANGES
    steps_first: bool = False


def update_of(
    entity: BoundEntity, expressions: Expressions, change: PartChange
) -> tuple[UpdateExpression, OverflowClauses | None]:
    """Return the clauses of a change, and those for values that may be stored outside the item."""
    update = UpdateExpression(expressions)
    large = OverflowClauses(entity) if entity.mapping.overflow else None
    fields = change.fields
    if large is not None:
        fields = {
            name: value
            for name, value in fields.items()
            if not large.set(name, value, once=name in change.once)
        }
    if change.steps_first:
        _write_steps(update, large, change)
    update.set_all(fields, change.once)
    for name, value in change.keys.begin.items():
        update.set_if_absent(name, value)
    for name in change.removes:
        if large is None or not large.remove(name):
            update.remove(name)
    if not change.steps_first:
        _write_steps(update, large, change)
    if entity.spec.version_attribute is not None:
        update.count(entity.spec.attributes[entity.spec.version_attribute].field)
    return update, large


def _write_steps(
    update: UpdateExpression, large: OverflowClauses | None, change: PartChange
) -> None:
    for step in change.steps:
        if step.operator == "set" and step.is_root:
            # It is set with the fields.
            continue
        # A field that is part of a key stays: its new text has no value in it.
        is_key = step.operator == "remove" and step.segments[0] in change.keys.set
        if not is_key and (large is None or not large.step(step)):
            update.add_step(step)


def defaults_of(steps: Iterable[Step]) -> Item:
    """Return the fields that steps set only where the item does not have them."""
    return {
        step.segments[0]: step.encoded
        for step in steps
        if step.operator == "if_not_exists" and step.is_root and step.encoded is not None
    }


_PARTS_A_CLAIM: Final = 3
"""For each unique constraint: one guard given up, one taken, and a check on its last owner."""

_GUARD_BYTES: Final = 8 * 1024
"""An upper bound for a guard, with the keys of its owner and the condition that compares them."""


class Entry(Protocol):
    """The chain that made a write, as far as sending it needs to know."""

    @property
    def _entity(self) -> BoundEntity:
        """The entity whose item is written."""
        ...

    @property
    def _name(self) -> str:
        """The name in errors and events, such as `task.create`."""
        ...

    @property
    def _api(self) -> str:
        """The API operation that sends it alone, such as `PutItem`."""
        ...

    @property
    def _part(self) -> str:
        """Its key in a part of TransactWriteItems, such as `Put`."""
        ...

    @property
    def _asked(self) -> Asked:
        """What it requires of the stored item."""
        ...


@frozen(slots=False)  # every write makes one, and attrs fills those with slots far more slowly
class WritePlan:
    """A write, as far as it is known before anything is read.

    `identity` tells the intended item from others that share its `key`. `kept` is what `go()`
    returns where DynamoDB returns nothing: the item that was written, or its key attributes.
    """

    entry: Entry
    params: Params
    key: Item
    identity: Identity
    kept: Item
    expected: Expectation | None = None
    """The version that the caller saw. The stored item must still have it."""
    counts_on: bool = False
    """Whether it must know the stored version, because it stores the next one."""
    effect: Effect | None = None
    """What it does to the item's fields; None where no other items depend on them."""
    overflow: OverflowChange | None = None
    """Its changes to values that may be stored outside the item. `params` does not have them."""
    demands: tuple[Need, ...] = ()
    """What it needs of the stored item beyond what the caller asked; already in the conditions."""

    @property
    def entity(self) -> BoundEntity:
        """The entity whose item is written."""
        return self.entry._entity

    @property
    def asked(self) -> Asked:
        """What it requires of the stored item, so that an error can say which part failed."""
        asked = self.entry._asked
        return evolve(asked, demands=self.demands) if self.demands else asked

    @property
    def table(self) -> str:
        """The name of the table."""
        return str(self.params["TableName"])

    @cached_property
    def moves_claims(self) -> bool:
        """Whether it may change which unique values are taken."""
        return self.effect is not None and moves_claims(self.entity, self.effect)

    @cached_property
    def earlier_key(self) -> Item | None:
        """The key of the item before a migration moved it; None where the key stays the same."""
        moving = self.entity.moving
        key: Item | None = None
        if moving is not None and moving.moves:
            # Values that the old schema could not hold have no earlier item.
            with suppress(ConversionError):
                key = moving.earlier_key(self.own_values)
        return key

    @cached_property
    def own_values(self) -> dict[str, Any]:
        """The values of the attributes that make the item's own key."""
        entity = self.entity
        attributes = entity.spec.attributes
        fields = [attributes[name].field for name in entity.keys.primary.composites]
        return entity.mapping.decode_values({name: self.kept[name] for name in fields})

    @property
    def overrides(self) -> bool:
        """Whether it requires nothing of the stored item and replaces or deletes all of it."""
        return (
            self.entry._part in ("Put", "Delete")
            and self.entry._asked.is_nothing
            and self.expected is None
            and not self.counts_on
            and self.effect is None
            and not self.entity.moving.earlier.mapping.has_companions
            and "ReturnValues" not in self.params
        )

    @property
    def has_companions(self) -> bool:
        """Whether other items may have to be written with it."""
        return self.overflow is not None or self.moves_claims or self.moves_key

    @property
    def is_large(self) -> bool:
        """Whether values must be compressed, which takes too long for an event loop."""
        return self.overflow is not None and self.overflow.is_large(self.params.get("Item"))

    @property
    def moves_key(self) -> bool:
        """Whether a migration under way moves its item to another key."""
        return self.entity.moving is not None and self.earlier_key is not None

    @cached_property
    def why_read(self) -> str | None:
        """Why its unique values are unknown until the item is read; None where they are known."""
        return why_read(self.entity, self.effect)

    @property
    def leaves_batches(self) -> bool:
        """Whether a migration under way keeps it out of batches, because it needs a transaction."""
        moving = self.entity.moving
        return moving is not None and (moving.moves or moving.earlier.mapping.has_companions)

    @property
    def depends(self) -> bool:
        """Whether the request depends on the stored item each time it is sent."""
        return self.counts_on or self.why_read is not None


@frozen(slots=False)
class ResolvedWrite:
    """A write over what is known of the stored item, with the items that go with it."""

    plan: WritePlan
    params: Params
    kept: Item
    expected: Expectation | None = None
    """The version that the stored item must have; already in the conditions."""
    guards: tuple[GuardPart, ...] = ()
    overflow: OverflowPlan | None = None
    """How its large values are stored."""
    earlier: EarlierPart | None = None
    """The part for the key that its item had before a migration."""

    @property
    def is_accompanied(self) -> bool:
        """Whether one transaction writes or checks other items with it."""
        return bool(self.guards or self.siblings or self.earlier)

    @property
    def siblings(self) -> tuple[Params, ...]:
        """The requests that write the parts of large values."""
        return () if self.overflow is None else self.overflow.siblings


def resolve(plan: WritePlan, stored: Stored = UNKNOWN, *, is_read: bool = False) -> ResolvedWrite:
    """Return the write over what is known of the stored item.

    With `is_read`, it is conditional on the unique values that were read. Raises the errors of
    `lay_out`, and DecodeError where the stored version is not a number.
    """
    effect, entity = plan.effect, plan.entity
    is_plain = effect is None and plan.expected is None and not plan.counts_on
    if is_plain and entity.moving is None:
        return ResolvedWrite(plan, plan.params, plan.kept)
    params, kept, expected = over_version(plan, stored.item)
    earlier = None if entity.moving is None else earlier_part(plan)
    if effect is None:
        return ResolvedWrite(plan, params, kept, expected, earlier=earlier)
    key = plan.key
    guards: tuple[GuardPart, ...] = ()
    if plan.moves_claims:
        if is_read:
            item = stored.item
            params = require(params, lambda text: unchanged(entity, key, item, text))
            guards = guards_over(entity, key, effect, plan.table, item)
        elif plan.why_read is None:
            guards = guards_without_reading(entity, key, effect, plan.table)
        if entity.moving is not None:
            guards += earlier_guards(entity, guards, plan.earlier_key)
    overflow = None
    if plan.overflow is not None:
        overflow = lay_out(entity, key, params, plan.overflow, stored)
        params = overflow.params
    return ResolvedWrite(plan, params, kept, expected, guards, overflow, earlier)


_TOLD_BY_VALUE: Final = frozenset({"string", "enum", "integer", "number", "boolean"})
"""The types for which a different stored value always means a different attribute value."""


def earlier_part(plan: WritePlan) -> EarlierPart | None:
    """Return the part that keeps the item from also being stored under its earlier key."""
    key, entity = plan.earlier_key, plan.entity
    if key is None:
        return None
    sign: Item | None = entity.moving.sign(plan.own_values)
    # Where keys fold case, items with different values may still share a key.
    names = entity.keys.primary.composites
    apart = {
        field: value
        for name, (field, value) in zip(names, (sign or {}).items(), strict=False)
        if name not in entity.guarded and entity.spec.attributes[name].type in _TOLD_BY_VALUE
    }
    return EarlierPart(plan.table, key, sign if plan.overrides else None, apart)


def over_version(
    plan: WritePlan, stored: Item | None = None
) -> tuple[Params, Item, Expectation | None]:
    """Return the request, the item it keeps, and the version that it expects."""
    params, kept, expected = plan.params, plan.kept, plan.expected
    if plan.entity.moving is not None and plan.asked.needs != "no item":
        params = over_moved(plan.entity, params, plan.kept, plan.identity)
    if plan.counts_on:
        expected = expectation_from(plan.entity, stored)
    if expected is None:
        return params, kept, None
    seen = expected
    if "Item" in params:
        kept = {**params["Item"], seen.field: seen.next}
        params = {**params, "Item": kept}
    return require(params, lambda text: seen.condition(text, plan.key)), kept, seen


def over_nothing_outside(plan: WritePlan) -> ResolvedWrite:
    """Return the write for an item without large values outside it, as shown without reading."""
    is_large = plan.overflow is not None and plan.overflow.needs_reading
    return resolve(plan, Stored(None, is_read=True) if is_large else UNKNOWN)


def refuse_reading(plan: WritePlan) -> None:
    """Raise InputError where the request depends on the stored item."""
    if plan.why_read is not None:
        raise InputError(
            f"the request depends on what is stored, and nothing is read here: {plan.why_read}. "
            ".go() reads it first",
            entity=plan.entity.spec.entity,
        )


def cost_of(plan: WritePlan, *, laid_out: bool = True) -> tuple[int, int]:
    """Return the write's number of parts in a transaction, and their bytes, both at most.

    Without `laid_out`, large values count as if they stayed in the item. Raises the errors of
    `lay_out`.
    """
    write = resolve(plan if laid_out else evolve(plan, overflow=None))
    parts = [*(guard.part for guard in write.guards), *write.siblings]
    if write.earlier is not None:
        parts.append(write.earlier.part)
    bodies = [write.params, *(body for part in parts for body in part.values())]
    count = 1 + len(parts) - len(write.siblings)
    size = sum(map(request_size, bodies))
    if plan.depends:
        forms = 1 if plan.entity.moving is None else 2
        unknown = forms * _PARTS_A_CLAIM * len(plan.entity.spec.unique)
        count, size = 1 + unknown, size + unknown * _GUARD_BYTES
    # The parts of the stored large values are deleted, and are probably as many.
    return count + 2 * len(write.siblings), size


@frozen(slots=False)
class Part:
    """One part of a transaction, with the position of the write that it belongs to.

    `main` is the write itself. `earlier` is for the key that its item had before a migration,
    `guard` for a unique value. `check` requires that the last owner of the guards of `claims` is
    gone. `sibling` is a part of a large value.
    """

    role: Literal["main", "earlier", "guard", "check", "sibling"]
    position: int
    body: Params
    guard: GuardPart | None = None
    claims: tuple[Claim, ...] = ()


def parts_of(
    writes: Sequence[ResolvedWrite], state: GuardState, operation: str | None = None
) -> list[Part]:
    """Return all parts of one attempt: the writes, then earlier keys, guards, checks, siblings.

    `operation` is the name of a transaction; None for a single write. Raises InputError and
    ItemTooLargeError where they exceed the limits of a transaction.
    """
    mains = [
        Part("main", n, {w.plan.entry._part: _as_part(w.params)}) for n, w in enumerate(writes)
    ]
    earlier = _earlier(writes)
    guards = _guards(writes, state, operation)
    checks = _checks(writes, guards, state) if state.stale else []
    siblings = [
        Part("sibling", n, body) for n, write in enumerate(writes) for body in write.siblings
    ]
    parts = [*mains, *earlier, *guards, *checks, *siblings]
    count = len(guards) + len(checks)
    if operation is not None and len(writes) + count + len(earlier) > TRANSACTION_LIMIT:
        also = f"{len(earlier)} keys that items had before the migration" if earlier else ""
        also = " and ".join(filter(None, (also, f"{count} guards of unique values")))
        raise InputError(
            f"the transaction has {len(writes)} operations and {also}, "
            f"and DynamoDB takes at most {TRANSACTION_LIMIT} together; split it where its parts "
            "may happen apart",
            operation=operation,
        )
    if operation is not None or (siblings and guards):
        _refuse_much(parts, len(writes), len(siblings), operation or writes[0].plan.entry._name)
    return parts


def _as_part(params: Params) -> Params:
    own = {name: value for name, value in params.items() if name != "ReturnValues"}
    if "ConditionExpression" in own:
        own["ReturnValuesOnConditionCheckFailure"] = "ALL_OLD"
    return own


def _earlier(writes: Sequence[ResolvedWrite]) -> list[Part]:
    """Return the parts for earlier keys, each key once.

    Where another write of the transaction has that key, its own condition is enough.
    """
    if all(write.earlier is None for write in writes):
        return []
    taken = {item_id(write.plan.table, write.plan.key) for write in writes}
    parts = []
    for position, write in enumerate(writes):
        if write.earlier is None:
            continue
        one = item_id(write.earlier.table, write.earlier.key)
        if one not in taken:
            taken.add(one)
            parts.append(Part("earlier", position, write.earlier.part))
    return parts


def _guards(
    writes: Sequence[ResolvedWrite], state: GuardState, operation: str | None
) -> list[Part]:
    """Return the guards of all writes, each once, with the position of the write it belongs to.

    Raises InputError where two operations take the same values.
    """
    groups: dict[ItemId, list[tuple[int, GuardPart]]] = {}
    for position, write in enumerate(writes):
        for guard in state.apply(write.guards):
            one = item_id(guard.table, guard.claim.key)
            groups.setdefault(one, []).append((position, guard))
    guards = []
    for group in groups.values():
        one_guard = together([guard for _, guard in group])
        takers = [position for position, guard in group if guard.taken]
        if one_guard is None:
            quoted = ", ".join(f'"{name}"' for name in group[0][1].claim.attributes)
            raise InputError(
                f"operations {takers[0]} and {takers[1]} would both have the same values of the "
                f"unique {quoted}",
                operation=operation,
            )
        position = takers[0] if takers else group[0][0]
        claim = one_guard.told or one_guard.claim
        guards.append(Part("guard", position, one_guard.part, one_guard, (claim,)))
    return guards


def _checks(
    writes: Sequence[ResolvedWrite], guards: Sequence[Part], state: GuardState
) -> list[Part]:
    """Check that the owners of guards that are taken over are still gone, each owner once."""
    keys = {item_id(write.plan.table, write.plan.key) for write in writes}
    keys |= {item_id(one.earlier.table, one.earlier.key) for one in writes if one.earlier}
    found: dict[ItemId, tuple[int, str, Item, list[Claim]]] = {}
    for part in guards:
        guard = part.guard
        assert guard is not None
        owner = state.stale.get(guard.claim.text)
        # An owner that this transaction writes has a condition of its own.
        if guard.taken and owner and (one := item_id(guard.table, owner)) not in keys:
            first = found.setdefault(one, (part.position, guard.table, owner, []))
            first[3].append(guard.claim)
    return [
        Part("check", position, still_left(claims, owner, table), None, tuple(claims))
        for position, table, owner, claims in found.values()
    ]


def _refuse_much(parts: Sequence[Part], writes: int, siblings: int, operation: str) -> None:
    if siblings and len(parts) > TRANSACTION_LIMIT:
        raise ItemTooLargeError(
            f"the transaction has {writes} operations and {len(parts) - writes} guards and parts "
            f"of large values, and DynamoDB takes at most {TRANSACTION_LIMIT} together; split it "
            "where its parts may happen apart",
            size=len(parts),
            limit=TRANSACTION_LIMIT,
            operation=operation,
        )
    size = sum(request_size(body) for part in parts for body in part.body.values())
    if size > TRANSACTION_BYTES:
        raise ItemTooLargeError(
            f"the transaction has {size:,} bytes, and DynamoDB takes at most "
            f"{TRANSACTION_BYTES:,}; split it, or write less in it",
            size=size,
            limit=TRANSACTION_BYTES,
            operation=operation,
        )
