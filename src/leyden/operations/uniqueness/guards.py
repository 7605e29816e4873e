"""The guard items that hold the claims of unique constraints, and how writes move them.

For each constraint whose attributes an item has, the table holds one guard item. Its key is made
of the values, so that no two items can have the same; it names its owner by the owner's key. A
guard is written and deleted in the same transaction as its item.

Whatever is interrupted, nothing is half-done: a transaction happens or does not. A guard can only
be left behind by what goes past Leyden (time to live, other writers). Such a guard harms nobody: a
write that meets it looks at its owner, and where that one is gone or has other values it takes the
guard over, in a transaction that checks once more that this is so.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from leyden._attrs import define, evolve, field, frozen
from leyden.errors import ItemTooLargeError
from leyden.operations.bound import PARTITION_KEY_LIMIT, BoundEntity
from leyden.operations.guard import owns
from leyden.operations.plan.expressions import Expressions
from leyden.operations.uniqueness.claims import Claim, Effect, claims_of, touched_by, unique_fields
from leyden.program import (
    Item,
    Params,
    Program,
    Request,
)
from leyden.results import add_units, consumed_units
from leyden.schema.spec import ENTITY_FIELD, VERSION_FIELD

GUARD_SUFFIX: Final = "#unique"
"""What guard items have behind the entity's name, so that they are no entity's items."""

OWNER_FIELD: Final = "__leyden_owner__"
"""The field in which a guard item holds the key of its owner."""


@frozen
class GuardPart:
    """A guard's part of a transaction; `taken` is False for one that is given up.

    `owner` is the key of the item that takes it or gives it up. `others` are keys of items that
    may have it as well: one that left it, or that gives it up in the same transaction. A
    `foreign` one, which another item has, is left alone in place of being given up.
    """

    entity: BoundEntity
    claim: Claim
    taken: bool
    owner: Item = field(repr=False)
    table: str
    others: tuple[Item, ...] = field(default=(), repr=False)
    foreign: bool = False

    @property
    def part(self) -> Params:
        """It as a part of a transaction: to be done if no stranger has the guard."""
        if self.foreign:
            # Whose it is may have changed since, and then it must be given up after all.
            return still_foreign(self.claim, (self.owner, *self.others), self.table)
        body: Params = {"TableName": self.table}
        if self.taken:
            body["Item"] = {
                **self.claim.key,
                ENTITY_FIELD: {"S": f"{self.entity.spec.entity}{GUARD_SUFFIX}"},
                VERSION_FIELD: {"S": self.entity.spec.version},
                OWNER_FIELD: {"M": self.owner},
            }
        else:
            body["Key"] = self.claim.key
        expressions = Expressions()
        allowed = [f"attribute_not_exists({_first(self.claim.key, expressions)})"]
        allowed += [
            expressions.equal(OWNER_FIELD, {"M": owner}) for owner in (self.owner, *self.others)
        ]
        body["ConditionExpression"] = " OR ".join(allowed)
        body["ReturnValuesOnConditionCheckFailure"] = "ALL_OLD"
        expressions.write_to(body)
        return {"Put" if self.taken else "Delete": body}


@define
class GuardState:
    """What the attempts of a write learned of the guards that stood in its way."""

    stale: dict[str, Item] = field(factory=dict)
    """Guards to take over, each with the key of the item that left it."""
    foreign: set[str] = field(factory=set)
    """Guards to leave alone: another item has them, though this one has the values too."""
    consumed: float | None = None

    def apply(self, parts: Iterable[GuardPart]) -> tuple[GuardPart, ...]:
        """The parts with what was learned: guards taken over, and foreign ones left alone."""
        known = []
        for part in parts:
            text = part.claim.text
            if part.taken and text in self.stale:
                known.append(evolve(part, others=(*part.others, self.stale[text])))
            else:
                known.append(evolve(part, foreign=not part.taken and text in self.foreign))
        return tuple(known)

    def judge(
        self, part: GuardPart, guard: Item | None, operation: tuple[str, str]
    ) -> Program[Item | None]:
        """Look at who has the guard that refused `part`; `guard` is it, where it was returned.

        Gives the key of an item that has the values indeed. None: another attempt may do.
        `operation` has the names of the operation and the entity that it is asked for.
        """
        if not part.taken:
            (self.foreign.discard if part.foreign else self.foreign.add)(part.claim.text)
            return None
        if guard is None:
            guard = yield from self._read(part.table, part.claim.key, operation)
        if guard is None:
            return None
        owner: Item = guard.get(OWNER_FIELD, {}).get("M") or {}
        if not owner:
            return owner
        holder = yield from self._read(part.table, owner, operation)
        if (
            holder is not None
            and owns(part.entity, holder)
            and part.claim.text in claims_of(part.entity, holder)
        ):
            return owner
        self.stale[part.claim.text] = owner
        return None

    def _read(self, table: str, key: Item, operation: tuple[str, str]) -> Program[Item | None]:
        response = yield Request(
            "GetItem", {"TableName": table, "Key": key, "ConsistentRead": True}, *operation
        )
        self.consumed = add_units(self.consumed, consumed_units(response))
        item: Item | None = response.get("Item")
        return item


def take(entity: BoundEntity, claim: Claim, owner: Item, table: str) -> GuardPart:
    """Write a guard, unless another item has it.

    Raises ItemTooLargeError for values that are too long for a key.
    """
    size = len(claim.text.encode())
    if size > PARTITION_KEY_LIMIT:
        quoted = ", ".join(f'"{name}"' for name in claim.attributes)
        raise ItemTooLargeError(
            f"the values of the unique {quoted} make a key of {size:,} bytes, and DynamoDB takes "
            f"at most {PARTITION_KEY_LIMIT:,}; shorten them",
            size=size,
            limit=PARTITION_KEY_LIMIT,
            entity=entity.spec.entity,
        )
    return GuardPart(entity, claim, True, owner, table)


def guards_without_reading(
    entity: BoundEntity, key: Item, effect: Effect, table: str
) -> tuple[GuardPart, ...]:
    """The guards of a write of which everything is known: `why_read` says nothing."""
    if effect.kind == "create":
        claims = claims_of(entity, effect.sets, effect.constraints)
        return tuple(take(entity, claim, key, table) for claim in claims.values())
    touched = touched_by(entity, effect)
    return _moved(
        entity,
        key,
        table,
        claims_of(entity, effect.known, touched),
        claims_of(entity, effect.after(effect.known), touched),
    )


def guards_over(
    entity: BoundEntity,
    key: Item,
    effect: Effect,
    table: str,
    stored: Item | None,
) -> tuple[GuardPart, ...]:
    """The guards of a write over this stored item."""
    before = {} if stored is None else claims_of(entity, stored)
    after = claims_of(entity, effect.after(stored))
    return _moved(entity, key, table, before, after)


def _moved(
    entity: BoundEntity,
    key: Item,
    table: str,
    before: dict[str, Claim],
    after: dict[str, Claim],
) -> tuple[GuardPart, ...]:
    released = (
        GuardPart(entity, claim, False, key, table)
        for text, claim in before.items()
        if text not in after
    )
    taken = (take(entity, claim, key, table) for text, claim in after.items() if text not in before)
    return (*taken, *released)


def together(parts: Sequence[GuardPart]) -> GuardPart | None:
    """What several writes of one transaction do to one guard, which is there once.

    One may give up what another takes. None where two would take it.
    """
    takers = [part for part in parts if part.taken]
    if len(takers) > 1:
        return None
    first = takers[0] if takers else parts[0]
    others = [part.owner for part in parts if part is not first]
    return evolve(first, others=(*first.others, *others))


def still_left(claims: Iterable[Claim], owner: Item, table: str) -> Params:
    """Check that the owner of guards is gone, or has other values by now."""
    expressions = Expressions()
    held = [
        " AND ".join(expressions.equal(*pair) for pair in claim.values.items()) for claim in claims
    ]
    others = " AND ".join(f"(NOT ({condition}))" for condition in held)
    body: Params = {"TableName": table, "Key": owner}
    body["ConditionExpression"] = f"attribute_not_exists({_first(owner, expressions)}) OR {others}"
    expressions.write_to(body)
    return {"ConditionCheck": body}


def still_foreign(claim: Claim, owners: Iterable[Item], table: str) -> Params:
    """Check that none of these items has a guard."""
    expressions = Expressions()
    body: Params = {"TableName": table, "Key": claim.key}
    absent = f"attribute_not_exists({_first(claim.key, expressions)})"
    others = " AND ".join(
        f"(NOT ({expressions.equal(OWNER_FIELD, {'M': owner})}))" for owner in owners
    )
    body["ConditionExpression"] = f"{absent} OR {others}"
    expressions.write_to(body)
    return {"ConditionCheck": body}


def unchanged(entity: BoundEntity, key: Item, stored: Item | None, expressions: Expressions) -> str:
    """The condition that the unique values are still those that were read."""
    if stored is None:
        return f"attribute_not_exists({_first(key, expressions)})"
    parts = [f"attribute_exists({_first(key, expressions)})"]
    for name in unique_fields(entity):
        if name in stored:
            parts.append(expressions.equal(name, stored[name]))
        else:
            parts.append(f"attribute_not_exists({expressions.name(name)})")
    return " AND ".join(parts)


def values_changed(entity: BoundEntity, stored: Item | None, now: Item | None) -> bool:
    """Whether the unique values are others than those that were read."""
    return (stored is None) != (now is None) or any(
        (stored or {}).get(name) != (now or {}).get(name) for name in unique_fields(entity)
    )


def _first(key: Item, expressions: Expressions) -> str:
    return expressions.name(next(iter(key)))
