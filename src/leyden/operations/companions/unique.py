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
    """One constraint, and the values that an item has for it.

    `attributes` are the constraint's, `values` their stored fields, `key` is the guard's.
    """

    attributes: tuple[str, ...]
    values: Item = field(repr=False)
    key: Item = field(repr=False)
    text: str = field(repr=False)


@frozen
class Effect:
    """What a write does to the fields of an item.

    It sets `sets`, sets `defaults` where there is nothing yet, and takes `removes` away. `known`
    is what it requires the stored fields to be. `creates`: it may make an item that is not there.
    """

    kind: Literal["create", "replace", "change", "delete"]
    sets: Item = field(factory=dict, repr=False)
    defaults: Item = field(factory=dict, repr=False)
    removes: frozenset[str] = frozenset()
    known: Item = field(factory=dict, repr=False)
    creates: bool = False
    constraints: tuple[tuple[str, ...], ...] | None = None
    """The unique constraints that a create is about; None for all."""

    def after(self, stored: Item | None) -> Item:
        """The item's fields after the write, those of the stored one before it."""
        if self.kind == "delete":
            return {}
        if self.kind != "change":
            return self.sets
        fields = {**self.defaults, **(stored or {}), **self.sets}
        return {name: value for name, value in fields.items() if name not in self.removes}


def claims_of(
    entity: BoundEntity, item: Item, constraints: Iterable[tuple[str, ...]] | None = None
) -> dict[str, Claim]:
    """The claims of an item, by the text of their guards' keys.

    An item that lacks one of a constraint's attributes claims nothing for it.
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
        # A text that these values of this constraint have, and nothing else has.
        text = beginning + "#".join(texts)
        pk, *sk = (form.field for form in entity.keys.primary.forms)
        key: Item = {pk: {"S": text}, **{name: {"S": GUARD_SORT_KEY} for name in sk}}
        claims[text] = Claim(names, held, key, text)
    return claims


def guard_form(spec: EntitySpec, names: Iterable[str]) -> tuple[str, tuple[AttributeSpec, ...]]:
    """The text that a constraint's guards begin with, and the attributes whose texts follow it.

    It goes by fields in the order of their names, so that neither renaming an attribute nor
    turning a constraint round loses the guards that there are.
    """
    attributes = sorted((spec.attributes[name] for name in names), key=lambda a: a.field)
    parts = [spec.entity, spec.version, ",".join(attribute.field for attribute in attributes)]
    beginning = guard_beginning(spec) + "#".join(map(escape, parts))
    return f"{beginning}#", tuple(attributes)


def guard_beginning(spec: EntitySpec) -> str:
    """What the keys of all guards of a service begin with."""
    return f"${escape(spec.service)}$unique#"


def _fields(entity: BoundEntity, names: Iterable[str]) -> list[str]:
    return [entity.spec.attributes[name].field for name in names]


def unique_fields(entity: BoundEntity) -> tuple[str, ...]:
    """The fields of all unique attributes."""
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
    """Why a write cannot know its claims without reading what is stored; None where it can."""
    if effect is None or effect.kind == "create" or not moves_claims(entity, effect):
        return None
    if effect.kind != "change":
        verb = "a put" if effect.kind == "replace" else "deleting"
        return f'"{entity.spec.entity}" has unique attributes, and {verb} gives up what they were'
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
        return f"nothing says what the unique {quoted} was; say it with .composite()"
    if any(own.issuperset(names) for names in touched):
        return "it may be an update or a new item with new values; .patch() is an update"
    return None


def touched_by(entity: BoundEntity, effect: Effect) -> list[tuple[str, ...]]:
    """The constraints that an update may change something about."""
    own = set(_fields(entity, entity.keys.primary.spec.composites))
    moved = {*effect.sets, *effect.defaults, *effect.removes} - own
    return [
        names
        for names in entity.spec.unique
        if moved.intersection(_fields(entity, names))
        or (effect.creates and own.issuperset(_fields(entity, names)))
    ]


def refuse_unknown_claims(entity: BoundEntity, steps: Iterable[Step]) -> None:
    """Raise where the new value of a unique attribute would not be known here."""
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
    """What keeping the constraints costs a write, in words."""
    if effect is None or not moves_claims(entity, effect):
        return ()
    names = "; ".join(" with ".join(constraint) for constraint in entity.spec.unique)
    if effect.kind == "create":
        return (f"writes a guard item for each unique value, in one transaction ({names})",)
    return (
        "reads the stored item first, consistently",
        f"where unique values change ({names}), it becomes a transaction that moves their guard "
        "items along; otherwise it is this request, on the condition that they are as read",
    )


GUARD_SUFFIX: Final = "#unique"
"""What guard items have behind the entity's name, so that they are no entity's items."""

OWNER_FIELD: Final = "__leyden_owner__"
"""The field in which a guard item holds the key of its owner."""


def is_guard(entity: BoundEntity, item: Item) -> bool:
    """Whether an item is the guard of a constraint that the entity has, by its key."""
    text = item.get(entity.key_fields[0], {}).get("S", "")
    return OWNER_FIELD in item and any(
        text.startswith(guard_form(entity.spec, names)[0]) for names in entity.spec.unique
    )


@frozen
class GuardPart:
    """A guard's part of a transaction; `taken` is False for one that is given up.

    `owner` is the key of the item that takes it or gives it up. `others` are keys of items that
    may have it as well: one that left it, or that gives it up in the same transaction. A
    `foreign` one, which another item has, is left alone in place of being given up.

    With `told` it is the guard of the same values before a migration, which no other item may have
    either, and which is only looked at; `told` is the claim that the item takes.
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
        """It as a part of a transaction: to be done if no stranger has the guard."""
        if self.foreign:
            # Whose it is may have changed since, and then it must be given up after all.
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
    there = f"attribute_exists({_first(key, expressions)})"
    fields = unique_fields(entity)
    return " AND ".join([there, *(expressions.unchanged(f, stored.get(f)) for f in fields)])


def values_changed(entity: BoundEntity, stored: Item | None, now: Item | None) -> bool:
    """Whether the unique values are others than those that were read."""
    return (stored is None) != (now is None) or any(
        (stored or {}).get(name) != (now or {}).get(name) for name in unique_fields(entity)
    )


def _first(key: Item, expressions: Expressions) -> str:
    return expressions.name(next(iter(key)))
