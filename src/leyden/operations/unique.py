"""Unique constraints: which values an item claims, and the guard items that hold the claims.

For each constraint whose attributes an item has, the table holds one guard item. Its key is made
of the values, so that no two items can have the same; it names its owner by the owner's key. A
guard is written and deleted in the same transaction as its item.

Whatever is interrupted, nothing is half-done: a transaction happens or does not. A guard can only
be left behind by what goes past Leyden (time to live, other writers). Such a guard harms nobody: a
write that meets it looks at its owner, and where that one is gone or has other values it takes the
guard over, in a transaction that checks once more that this is so.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final, Literal

from attrs import field, frozen

from leyden.errors import InputError, InvalidExpressionError, ItemTooLargeError
from leyden.keys.strict import escape, strict_text_of
from leyden.operations.bound import PARTITION_KEY_LIMIT, BoundEntity
from leyden.operations.expression import Expressions
from leyden.operations.request import Item, Params
from leyden.operations.update_steps import Step
from leyden.schema.spec import ENTITY_FIELD, VERSION_FIELD

GUARD_SUFFIX: Final = "#unique"
"""What guard items have behind the entity's name, so that they are no entity's items."""

OWNER_FIELD: Final = "__leyden_owner__"
"""The field in which a guard item holds the key of its owner."""

_SORT_KEY: Final = "$unique"
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
        values = entity.compiled.decode_values(held)
        if len(held) < len(fields) or any(values.get(name) is None for name in names):
            continue
        text = _text(entity, names, values)
        pk, *sk = (form.field for form in entity.keys.primary.forms)
        key: Item = {pk: {"S": text}, **{name: {"S": _SORT_KEY} for name in sk}}
        claims[text] = Claim(names, held, key, text)
    return claims


def _text(entity: BoundEntity, names: tuple[str, ...], values: dict[str, Any]) -> str:
    """A text that these values of this constraint have, and nothing else has.

    It goes by fields in the order of their names, so that neither renaming an attribute nor
    turning a constraint round loses the guards that there are.
    """
    attributes = sorted((entity.spec.attributes[name] for name in names), key=lambda a: a.field)
    parts = [
        entity.spec.entity,
        entity.spec.version,
        ",".join(attribute.field for attribute in attributes),
    ]
    texts = [strict_text_of(attribute)(values[attribute.name]) for attribute in attributes]
    head = f"${escape(entity.spec.service)}$unique"
    return "#".join([head, *map(escape, parts), *texts])


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
    return effect.kind != "change" or bool(_touched(entity, effect))


def _touched(entity: BoundEntity, effect: Effect) -> list[tuple[str, ...]]:
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
    unique = {name for names in entity.spec.unique for name in names}
    for step in steps:
        if step.root in unique and step.operator not in _KNOWN_OUTCOMES:
            raise InvalidExpressionError(
                f'"{step.root}" is unique, and after .{step.operator}() its value is not known '
                "here; give the new value with .set()",
                entity=entity.spec.entity,
            )


@frozen
class GuardPart:
    """A guard's part of a transaction; `taken` is False for one that is given up."""

    claim: Claim
    taken: bool
    part: Params = field(repr=False)


def take(
    entity: BoundEntity, claim: Claim, owner: Item, table: str, left_by: Item | None = None
) -> GuardPart:
    """Write a guard, unless another item has it; `left_by` may have had it, and be gone.

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
    item: Item = {
        **claim.key,
        ENTITY_FIELD: {"S": f"{entity.spec.entity}{GUARD_SUFFIX}"},
        VERSION_FIELD: {"S": entity.spec.version},
        OWNER_FIELD: {"M": owner},
    }
    owners = [owner] if left_by is None else [owner, left_by]
    body = {"TableName": table, "Item": item, **_free_or_of(claim, owners)}
    return GuardPart(claim, True, {"Put": body})


def release(claim: Claim, owner: Item, table: str) -> GuardPart:
    """Delete a guard, if the owner has it."""
    body = {"TableName": table, "Key": claim.key, **_free_or_of(claim, [owner])}
    return GuardPart(claim, False, {"Delete": body})


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


def _free_or_of(claim: Claim, owners: list[Item]) -> Params:
    expressions = Expressions()
    allowed = [f"attribute_not_exists({_first(claim.key, expressions)})"]
    allowed += [expressions.equal(OWNER_FIELD, {"M": owner}) for owner in owners]
    condition: Params = {
        "ConditionExpression": " OR ".join(allowed),
        "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
    }
    expressions.write_to(condition)
    return condition


def _first(key: Item, expressions: Expressions) -> str:
    return expressions.name(next(iter(key)))


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


def parts_without_reading(
    entity: BoundEntity, key: Item, effect: Effect | None, table: str
) -> tuple[GuardPart, ...]:
    """The guards' parts of a write of which everything is known: in a larger transaction.

    Raises InputError where what is stored would have to be read first.
    """
    if effect is None or not moves_claims(entity, effect):
        return ()
    if effect.kind == "create":
        return tuple(take(entity, c, key, table) for c in claims_of(entity, effect.sets).values())
    if effect.kind != "change":
        verb = "a put" if effect.kind == "replace" else "deleting"
        raise InputError(
            f'"{entity.spec.entity}" has unique attributes, and {verb} must read the stored item '
            "for those that it had; do it by itself, outside of a transaction, or use .create() "
            "and .patch()",
            entity=entity.spec.entity,
        )
    touched = _touched(entity, effect)
    unknown = {
        name
        for names in touched
        for name in names
        if entity.spec.attributes[name].field not in effect.known
    }
    wholly_own = any(set(names) <= {*entity.keys.primary.spec.composites} for names in touched)
    if unknown or wholly_own:
        quoted = ", ".join(f'"{name}"' for name in sorted(unknown))
        what = f"say what the unique {quoted} was, with .composite()" if unknown else "use .patch()"
        raise InputError(
            f"in a transaction nothing is read first: {what}, or write it by itself",
            entity=entity.spec.entity,
        )
    before = claims_of(entity, effect.known, touched)
    after = claims_of(entity, effect.after(effect.known), touched)
    return (
        *(release(c, key, table) for text, c in before.items() if text not in after),
        *(take(entity, c, key, table) for text, c in after.items() if text not in before),
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
