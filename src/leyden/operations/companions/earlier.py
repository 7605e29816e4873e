"""What a write does about the key that its item had before a migration gave it another one.

An item is under its earlier key until it is moved. So a write under the new key goes together with
a check that nothing stands under the earlier one: the two are one transaction, and no item is ever
in both forms by a write of ours. A write that nothing stored can refuse, such as a plain `put`,
deletes what stands there instead.
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

    Where `sign` says how the item is told there, it is deleted; otherwise it must not be there. An
    item with another value in one of the fields of `apart` is another one, which stays, and so is
    `stranger`: what was seen there of one that is not to be moved.
    """

    table: str
    key: Item
    sign: Item | None = field(default=None, repr=False)
    apart: Item = field(factory=dict, repr=False)
    stranger: Item | None = field(default=None, repr=False)

    @property
    def part(self) -> Params:
        """It as a part of a transaction."""
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
    """The request of a write, on the condition that nothing under its key is yet to be moved.

    `stored` has the fields of the key attributes, of which `identity` is asked for already. A key
    of the new form may have been another item's key before, which has other key attributes.
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
    """That no item which is yet to be moved has the unique values that a write takes.

    Its guard is another item than the one of the present form where fields or the version changed.
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
    """What a migration that is under way means for a write, in words."""
    if entity.moving is None:
        return ()
    if earlier is None:
        return (
            "where the stored item is still in the form from before the migration, it is brought "
            "into the new form first, and the write is sent again",
        )
    if earlier.sign is not None:
        return ("the transaction deletes the item under the key that it had before the migration",)
    return (
        "the transaction checks that nothing stands under the key that the item had before the "
        "migration; where the item does, it is moved first, and the write is sent again",
    )
