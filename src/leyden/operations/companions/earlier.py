"""What a write does about the key that its item had before a migration.

An item keeps its earlier key until it is moved. So a write under the new key is a transaction with
a check that no item has the earlier key. That way no write of Leyden's leaves an item in both
forms. A write that no stored item can refuse, such as a plain `put`, deletes the item under the
earlier key instead.
"""

from __future__ import annotations

from collections.abc import Sequence

from leyden._attrs import evolve, field, frozen
from leyden.operations.bound import BoundEntity, Identity
from leyden.operations.companions.unique import GuardPart, claims_of
from leyden.operations.plan.expressions import Expressions, conjunction, require
from leyden.operations.plan.identity import guard_condition
from leyden.program import Item, Params


@frozen
class EarlierPart:
    """The part of a transaction for the key that its item had before a migration.

    With `sign`, the fields that identify the item there, the item is deleted; otherwise there must
    be none. An item with another value in one of the fields of `apart` is a different item, which
    stays. So does `stranger`, the fields of an item that was seen there and must not be moved.
    """

    table: str
    key: Item
    sign: Item | None = field(default=None, repr=False)
    apart: Item = field(factory=dict, repr=False)
    stranger: Item | None = field(default=None, repr=False)

    @property
    def part(self) -> Params:
        """The part of a transaction."""
        expressions = Expressions()
        allowed = [f"attribute_not_exists({expressions.name(next(iter(self.key)))})"]
        told = self.sign if self.stranger is None else self.stranger
        if told is not None:
            same = [expressions.equal(name, value) for name, value in told.items()]
            allowed.append(f"({' AND '.join(same)})")
        if self.sign is None:
            for name, value in self.apart.items():
                there = f"attribute_exists({expressions.name(name)})"
                allowed.append(f"({there} AND (NOT {expressions.equal(name, value)}))")
        body: Params = {"TableName": self.table, "Key": self.key}
        body["ConditionExpression"] = " OR ".join(allowed)
        body["ReturnValuesOnConditionCheckFailure"] = "ALL_OLD"
        expressions.write_to(body)
        is_deleted = self.sign is not None and self.stranger is None
        return {"Delete" if is_deleted else "ConditionCheck": body}


def over_moved(entity: BoundEntity, params: Params, stored: Item, identity: Identity) -> Params:
    """Return a write's request, on the condition that the item under its key has moved.

    `stored` has the fields of the key attributes; `identity` is among the conditions already. The
    new key may have been the old key of another item, with other key attributes.
    """

    def write(expressions: Expressions) -> str:
        own = (entity.spec.attributes[name].field for name in entity.keys.primary.composites)
        others = {name: stored[name] for name in own if name not in identity}
        guard = guard_condition(others, expressions) if others and entity.moving.moves else ""
        return conjunction([entity.moving.settled(expressions), guard])

    stricter = require(params, write)
    if not stricter["ConditionExpression"]:
        del stricter["ConditionExpression"]
    return stricter


def earlier_guards(
    entity: BoundEntity, guards: Sequence[GuardPart], earlier_key: Item | None
) -> tuple[GuardPart, ...]:
    """Return checks that no item in the earlier form has the unique values that a write takes.

    The guard of that form is a different item where fields or the version changed.
    """
    earlier: BoundEntity = entity.moving.earlier
    found = []
    for guard in guards if earlier.spec.unique else ():
        for names in earlier.spec.unique if guard.taken else ():
            fields = entity.moving.earlier_fields(names, guard.claim.attributes, guard.claim.values)
            for text, claim in claims_of(earlier, fields, [names]).items():
                if text != guard.claim.text:
                    others = () if earlier_key is None else (earlier_key,)
                    one = GuardPart(earlier, claim, True, guard.owner, guard.table, others)
                    found.append(evolve(one, told=guard.claim))
    return tuple(found)


def earlier_notes(entity: BoundEntity, earlier: EarlierPart | None) -> tuple[str, ...]:
    """Say what a migration under way means for a write."""
    if entity.moving is None:
        return ()
    if earlier is None:
        return (
            "where the stored item is still in its form from before the migration, it is "
            "moved to the new form first, and the write is sent again",
        )
    if earlier.sign is not None:
        return ("the transaction deletes the item under the key that it had before the migration",)
    return (
        "the transaction checks that nothing is stored under the key that the item had before the "
        "migration; if the item is, it is moved first, and the write is sent again",
    )
