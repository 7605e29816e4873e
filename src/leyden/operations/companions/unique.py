"""The guard items that enforce unique constraints, and how writes change them.

For each constraint whose attributes an item has, the table holds one guard item. Its key is made of
the values, so no two items can have the same ones. It holds the key of its owner. A guard is
written and deleted in the same transaction as its item.

An interruption leaves nothing half-done, because a transaction happens as a whole or not at all. A
guard can only be left behind by what bypasses Leyden, such as time to live or other writers. That
does no harm: a write that meets such a guard reads its owner. If the owner is gone or has other
values, the write takes over the guard, in a transaction that checks this once more.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final, Literal

from leyden._attrs import define, evolve, field, frozen
from leyden.errors import InvalidExpressionError, ItemTooLargeError
from leyden.mapping.entity import PARTITION_KEY_LIMIT
from leyden.operations.bound import BoundEntity
from leyden.operations.plan.expressions import Expressions
from leyden.operations.plan.steps import Step
from leyden.program import (
    Item,
    Params,
    Program,
    Request,
)
from leyden.results import add_units, consumed_units
from leyden.schema.spec import ENTITY_FIELD, VERSION_FIELD, AttributeSpec, EntitySpec
from leyden.types import type_of
from leyden.types.text import escape

GUARD_SORT_KEY: Final = "$unique"
"""The sort key of every guard."""
_KNOWN_OUTCOMES: Final = frozenset({"set", "remove", "if_not_exists"})


@frozen
class Claim:
    """One constraint, and an item's values for it.

    `attributes` are the constraint's, `values` their stored fields, `key` is the guard's.
    """

    attributes: tuple[str, ...]
    values: Item = field(repr=False)
    key: Item = field(repr=False)
    text: str = field(repr=False)


@frozen
class Effect:
    """What a write does to the fields of an item.

    It sets `sets`, sets `defaults` where the item has no value, and removes `removes`. `known` are
    the stored fields that it requires. With `creates`, it may create an item.
    """

    kind: Literal["create", "replace", "change", "delete"]
    sets: Item = field(factory=dict, repr=False)
    defaults: Item = field(factory=dict, repr=False)
    removes: frozenset[str] = frozenset()
    known: Item = field(factory=dict, repr=False)
    creates: bool = False
    constraints: tuple[tuple[str, ...], ...] | None = None
    """The unique constraints that a create applies to; None for all."""

    def after(self, stored: Item | None) -> Item:
        """Return the item's fields after the write, given the stored ones before it."""
        if self.kind == "delete":
            return {}
        if self.kind != "change":
            return self.sets
        fields = {**self.defaults, **(stored or {}), **self.sets}
        return {name: value for name, value in fields.items() if name not in self.removes}


def claims_of(
    entity: BoundEntity, item: Item, constraints: Iterable[tuple[str, ...]] | None = None
) -> dict[str, Claim]:
    """Return the claims of an item, by the text of their guards' keys.

    An item that lacks one of a constraint's attributes has no claim for that constraint.
    """
    claims = {}
    for names in entity.spec.unique if constraints is None else constraints:
        fields = _fields(entity, names)
        held = {name: item[name] for name in fields if name in item}
        values = entity.mapping.decode_values(held)
        if len(held) < len(fields) or any(values.get(name) is None for name in names):
            continue
        beginning, attributes = guard_form(entity.spec, names)
        texts = (type_of(one).strict_text(values[one.name]) for one in attributes)
        # This text is unique to these values of this constraint.
        text = beginning + "#".join(texts)
        pk, *sk = (form.field for form in entity.keys.primary.forms)
        key: Item = {pk: {"S": text}, **{name: {"S": GUARD_SORT_KEY} for name in sk}}
        claims[text] = Claim(names, held, key, text)
    return claims


def guard_form(spec: EntitySpec, names: Iterable[str]) -> tuple[str, tuple[AttributeSpec, ...]]:
    """Return the beginning of a constraint's guard keys, and the attributes whose texts follow.

    Both are ordered by field name, so renaming an attribute or reordering a constraint does not
    lose the existing guards.
    """
    attributes = sorted((spec.attributes[name] for name in names), key=lambda a: a.field)
    parts = [spec.entity, spec.version, ",".join(attribute.field for attribute in attributes)]
    beginning = guard_beginning(spec) + "#".join(map(escape, parts))
    return f"{beginning}#", tuple(attributes)


def guard_beginning(spec: EntitySpec) -> str:
    """Return the beginning of the keys of all guards of a service."""
    return f"${escape(spec.service)}$unique#"


def _fields(entity: BoundEntity, names: Iterable[str]) -> list[str]:
    return [entity.spec.attributes[name].field for name in names]


def unique_fields(entity: BoundEntity) -> tuple[str, ...]:
    """Return the fields of all unique attributes."""
    names = dict.fromkeys(name for constraint in entity.spec.unique for name in constraint)
    return tuple(_fields(entity, names))


def moves_claims(entity: BoundEntity, effect: Effect | None) -> bool:
    """Whether a write may change what its item claims."""
    if not entity.spec.unique or effect is None:
        return False
    if effect.kind == "create":
        return bool(claims_of(entity, effect.sets))
    return effect.kind != "change" or bool(touched_by(entity, effect))


def why_read(entity: BoundEntity, effect: Effect | None) -> str | None:
    """Say why a write must read the stored item to know its claims; None where it need not."""
    if effect is None or effect.kind == "create" or not moves_claims(entity, effect):
        return None
    if effect.kind != "change":
        verb = "a put" if effect.kind == "replace" else "deleting"
        return f'"{entity.spec.entity}" has unique attributes, and {verb} gives up their old values'
    touched = touched_by(entity, effect)
    own = {*entity.keys.primary.spec.composites}
    unknown = {
        name
        for names in touched
        for name in names
        if entity.spec.attributes[name].field not in effect.known
    }
    if unknown:
        quoted = ", ".join(f'"{name}"' for name in sorted(unknown))
        return f"the old value of the unique {quoted} is unknown; give it with .composite()"
    if any(own.issuperset(names) for names in touched):
        return "it may be an update, or a new item with new values; .patch() is an update"
    return None


def touched_by(entity: BoundEntity, effect: Effect) -> list[tuple[str, ...]]:
    """Return the constraints that an update may affect."""
    own = set(_fields(entity, entity.keys.primary.spec.composites))
    moved = {*effect.sets, *effect.defaults, *effect.removes} - own
    return [
        names
        for names in entity.spec.unique
        if moved.intersection(_fields(entity, names))
        or (effect.creates and own.issuperset(_fields(entity, names)))
    ]


def refuse_unknown_claims(entity: BoundEntity, steps: Iterable[Step]) -> None:
    """Raise InvalidExpressionError where the new value of a unique attribute would be unknown."""
    if not entity.spec.unique:
        return
    unique = {name for names in entity.spec.unique for name in names}
    for step in steps:
        if step.root in unique and step.operator not in _KNOWN_OUTCOMES:
            raise InvalidExpressionError(
                f'"{step.root}" is unique, and after .{step.operator}() its value is not known '
                "here; give the new value with .set()",
                entity=entity.spec.entity,
            )


def unique_notes(entity: BoundEntity, effect: Effect | None) -> tuple[str, ...]:
    """Say what keeping the constraints costs a write."""
    if effect is None or not moves_claims(entity, effect):
        return ()
    names = "; ".join(" with ".join(constraint) for constraint in entity.spec.unique)
    if effect.kind == "create":
        return (f"writes a guard item for each unique value, in one transaction ({names})",)
    return (
        "reads the stored item first, consistently",
        f"where unique values change ({names}), it becomes a transaction that also writes "
        "their guard items; otherwise it is this request, on the condition that they are as read",
    )


GUARD_SUFFIX: Final = "#unique"
"""What guard items have after the entity's name, so that they belong to no entity."""

OWNER_FIELD: Final = "__leyden_owner__"
"""The field in which a guard item holds the key of its owner."""


def is_guard(entity: BoundEntity, item: Item) -> bool:
    """Whether an item is, by its key, a guard of one of the entity's constraints."""
    text = item.get(entity.key_fields[0], {}).get("S", "")
    return OWNER_FIELD in item and any(
        text.startswith(guard_form(entity.spec, names)[0]) for names in entity.spec.unique
    )


@frozen
class GuardPart:
    """A guard's part of a transaction; `taken` is False for a guard that is given up.

    `owner` is the key of the item that takes it or gives it up. `others` are keys of items that may
    also have it: one that left it behind, or one that gives it up in the same transaction. A
    `foreign` guard belongs to another item, and is left alone instead of being given up.

    With `told`, it is the guard of the same values before a migration. No other item may have it
    either, but it is only checked; `told` is the claim that the item takes.
    """

    entity: BoundEntity
    claim: Claim
    taken: bool
    owner: Item = field(repr=False)
    table: str
    others: tuple[Item, ...] = field(default=(), repr=False)
    foreign: bool = False
    told: Claim | None = field(default=None, repr=False)

    @property
    def part(self) -> Params:
        """The part of a transaction, on the condition that no other item has the guard."""
        if self.foreign:
            # It may belong to another owner by now, and would then have to be given up after all.
            return still_foreign(self.claim, (self.owner, *self.others), self.table)
        body: Params = {"TableName": self.table}
        if self.taken and self.told is None:
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
        if self.told is not None:
            return {"ConditionCheck": body}
        return {"Put" if self.taken else "Delete": body}


@define
class GuardState:
    """What the attempts of a write learned about the guards in its way."""

    stale: dict[str, Item] = field(factory=dict)
    """Guards to take over, each with the key of the item that left it behind."""
    foreign: set[str] = field(factory=set)
    """Guards to leave alone: another item has them, though this one has the values too."""
    consumed: float | None = None

    def apply(self, parts: Iterable[GuardPart]) -> tuple[GuardPart, ...]:
        """Return the parts with guards to take over, and with foreign guards left alone."""
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
        """Find out who has the guard that refused `part`; `guard` is it, if it was returned.

        Returns the key of an item that really has the values, or None where another attempt may
        succeed. `operation` has the names of the operation and the entity, for the reads.
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
            and part.entity.owns(holder)
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
    """Return the part that writes a guard, unless another item has it.

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
    """Return the guards of a write that knows its claims (`why_read` is None)."""
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
    """Return the guards of a write over this stored item."""
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
    """Combine what several writes of a transaction do to one guard, which can occur only once.

    One may give up what another takes. None where two of them take it.
    """
    takers = [part for part in parts if part.taken]
    if len(takers) > 1:
        return None
    first = takers[0] if takers else parts[0]
    others = [part.owner for part in parts if part is not first]
    return evolve(first, others=(*first.others, *others))


def still_left(claims: Iterable[Claim], owner: Item, table: str) -> Params:
    """Return a check that the owner of guards is gone, or has other values by now."""
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
    """Return a check that none of these items has a guard."""
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
    """Return the condition that the unique values are still those that were read."""
    if stored is None:
        return f"attribute_not_exists({_first(key, expressions)})"
    there = f"attribute_exists({_first(key, expressions)})"
    fields = unique_fields(entity)
    return " AND ".join([there, *(expressions.unchanged(f, stored.get(f)) for f in fields)])


def values_changed(entity: BoundEntity, stored: Item | None, now: Item | None) -> bool:
    """Whether the unique values differ from those that were read."""
    return (stored is None) != (now is None) or any(
        (stored or {}).get(name) != (now or {}).get(name) for name in unique_fields(entity)
    )


def _first(key: Item, expressions: Expressions) -> str:
    return expressions.name(next(iter(key)))
