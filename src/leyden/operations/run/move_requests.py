"""The requests that move items between the forms of two schemas.

Where an item keeps its key and has no companions, the request updates the fields that differ.
Otherwise it is a transaction that puts the item under its new key and deletes it under its old one,
with its guards and the parts of its large values. Either is conditional on the item being as it was
read, so a concurrent writer always wins.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Literal, TypeAlias
from uuid import uuid4

from leyden._attrs import define, evolve, field, frozen
from leyden._ledger import IN_PROGRESS
from leyden.errors import (
    AwsError,
    BatchIncompleteError,
    ConversionError,
    KeyCollisionError,
    LeydenError,
)
from leyden.operations.bound import BoundEntity, ItemId, item_id, key_text, matches, name_key
from leyden.operations.companions.moving.company import Direction, Prepared
from leyden.operations.companions.moving.kept import same_items
from leyden.operations.companions.moving.moving import Moving
from leyden.operations.companions.overflow.format import (
    TRANSACTION_LIMIT,
    delete_parts,
    read_manifest,
)
from leyden.operations.companions.unique import (
    Effect,
    GuardPart,
    GuardState,
    claims_of,
    guards_over,
)
from leyden.operations.plan.expressions import Expressions, conjunction
from leyden.operations.run.verdicts import reasons_of
from leyden.program import Item, Params, Request
from leyden.schema.migrations import BEFORE_FIELD

Role: TypeAlias = Literal["item", "place", "guard", "row", "part"]
"""The role of a part of a transaction.

`item` is the item under its old key, `place` its new key, `guard` the guard of a unique value,
`row` an item of a row, `part` a part of a large value.
"""

_Parts: TypeAlias = list[tuple[Role, Params]]

_CONDITION_LIMIT: Final = 4096
"""The longest expression that DynamoDB takes, in characters."""

_APIS: Final = {"Put": "PutItem", "Update": "UpdateItem"}
_OF_ITEMS: Final = frozenset({"ValidationException", "ItemCollectionSizeLimitExceededException"})


@define(eq=False)
class Move:
    """One item on its way; `result` is None while something is left to do."""

    moving: Moving
    item: Item
    key: Item
    result: Literal["moved", "done", "gone", "failed"] | None = None
    error: LeydenError | None = None
    cost: float | None = None
    prepared: Prepared | None = None
    guards: GuardState = field(factory=GuardState)
    standing: Item | None = None
    """The item that was seen under the new key."""
    is_another: bool = False
    blocking: Item | None = None
    """The item that was seen there last and has to move first."""
    is_entry: bool = True
    """Whether it was to be moved, and is not only in the way of one that was."""
    beside: int = 0
    pending: MoveRequest | None = None
    """The last request for it, if its answer does not say whether it succeeded."""
    in_doubt: bool = False
    """Whether a request of this move may have succeeded without an answer."""

    def is_done_by(self, stored: Item) -> bool:
        """Whether an item is stored as a request of this move, whose answer was lost, left it."""
        return (
            self.in_doubt and self.prepared is not None and same_items(stored, self.prepared.after)
        )

    @property
    def can_move_up(self) -> bool:
        """Whether it can get its new key in one transaction with others."""
        is_settled = self.result is not None or self.pending is not None
        return not is_settled and self.prepared is not None and self.prepared.moves

    def fail(self, error: LeydenError) -> None:
        """Record the failure; the item stays as it is."""
        name_key(error, self.key)
        self.result, self.error = "failed", error


@frozen
class MoveRequest:
    """A request for an item. `roles` are those of its parts, `guards` the guards among them.

    `others` are the other items of a row. With `makes_room`, it does not move the item but deletes
    the one under its new key.
    """

    move: Move
    request: Request
    roles: Sequence[Role]
    guards: Sequence[GuardPart] = ()
    makes_room: bool = False
    others: Sequence[Move] = ()

    @property
    def moves(self) -> tuple[Move, ...]:
        """All items that it is about."""
        return (self.move, *self.others)


@frozen
class MoveRequests:
    """Builds the requests for items of one table that move in one direction.

    With `copy_to` the items are put into that table, and also stay where they are.
    """

    table: str
    direction: Direction
    copy_to: str | None
    operation: str

    @property
    def target_table(self) -> str:
        """The table that items are put into."""
        return self.copy_to or self.table

    def target(self, move: Move) -> BoundEntity:
        """Return the entity whose form the item gets."""
        return move.moving.earlier if self.direction == "back" else move.moving.entity

    def place_of(self, move: Move) -> ItemId:
        """Return the id of the key that an item gets."""
        assert move.prepared is not None
        return item_id(self.table, move.prepared.new_key)

    def next_for(self, move: Move) -> MoveRequest:
        """Return the next request for an item. Raises ConversionError, KeyCollisionError."""
        one = move.prepared
        assert one is not None
        if move.standing is not None and self.copy_to is None:
            return self._outdated(move, one, move.standing)
        guards = move.guards.apply(one.guards)
        under_old_key: Params = {"TableName": self.table, "Key": one.old_key}
        parts: _Parts
        if self.copy_to is not None:
            parts = [("place", {"Put": self._put(move, one)})]
        elif one.moves:
            delete = self._if_as_read(move, under_old_key, whole=True)
            parts = [("place", {"Put": self._put(move, one)}), ("item", {"Delete": delete})]
        elif one.before is one.after:
            check = self._if_as_read(move, under_old_key, whole=False)
            parts = [("item", {"ConditionCheck": check})]
        else:
            parts = [("item", {"Update": self._update(move, one)})]
        parts += (("guard", guard.part) for guard in guards)
        parts += (("part", part) for part in one.parts)
        return self._together(move, parts, guards)

    def for_row(self, row: Sequence[Move]) -> MoveRequest:
        """Return the transaction that puts each item of a row under the key of the next one.

        If the row is not a ring, the last item gets a free key, and the first one's key becomes
        free. Raises ConversionError, KeyCollisionError.
        """
        first, last = row[0], row[-1]
        is_ring = self.place_of(last) == item_id(self.table, first.key)
        parts: _Parts = []
        company: _Parts = []
        for move, behind in zip(row, (*row[1:], first if is_ring else None), strict=True):
            one = move.prepared
            assert one is not None
            if behind is None:
                put = self._put(move, one)
            else:
                body = {"TableName": self.table, "Item": one.after}
                put = self._if_as_read(behind, body, whole=True)
            parts.append(("row", {"Put": put}))
            # The guards of each item are settled: its own request got as far as the next item's
            # place.
            company += (("part", guard.part) for guard in move.guards.apply(one.guards))
            company += (("part", part) for part in one.parts)
        if not is_ring:
            body = {"TableName": self.table, "Key": first.key}
            parts.append(("row", {"Delete": self._if_as_read(first, body, whole=True)}))
        return evolve(self._together(first, [*parts, *company]), others=row[1:])

    def over_copy(self, move: Move, one: Prepared, standing: Item) -> Prepared:
        """Return the writes of a copy that replaces an earlier copy, with its companions.

        The guards of its old values and the parts of its old large values are deleted. Whether the
        earlier copy belongs to this item is checked before anything is sent.
        """
        target, there = self.target(move), self.target_table
        try:
            claims, entries = claims_of(target, standing), read_manifest(standing).values()
            kept = claims_of(target, one.after)
        except LeydenError:
            # The doctor finds what is left of such an item.
            return one
        guards = [
            GuardPart(target, claim, False, one.new_key, there)
            for text, claim in claims.items()
            if text not in kept
        ]
        new = {entry.generation for entry in read_manifest(one.after).values()}
        left = [entry for entry in entries if entry.generation not in new]
        deletes = delete_parts(target, one.new_key, left, there)
        return evolve(one, guards=(*one.guards, *guards), parts=(*one.parts, *deletes))

    def _together(
        self,
        move: Move,
        parts: Sequence[tuple[Role, Params]],
        guards: Sequence[GuardPart] = (),
        *,
        makes_room: bool = False,
    ) -> MoveRequest:
        """Return the parts as one request: a transaction, where there are several."""
        name = move.moving.entity.spec.entity
        if len(parts) > TRANSACTION_LIMIT:
            raise ConversionError(
                f"moving it takes {len(parts)} writes, with the parts of its large values, and a "
                f"transaction takes at most {TRANSACTION_LIMIT}",
                entity=name,
            )
        roles, bodies = zip(*parts, strict=True)
        ((kind, params),) = bodies[0].items()
        api = _APIS.get(kind) if len(bodies) == 1 else None
        if api is None:
            api = "TransactWriteItems"
            params = {"TransactItems": [*bodies], "ClientRequestToken": str(uuid4())}
        request = Request(api, params, self.operation, name, restates=True)
        return MoveRequest(move, request, roles, guards, makes_room)

    def _put(self, move: Move, one: Prepared) -> Params:
        """Put the item under a free key; a copy may replace the earlier copy that was seen."""
        expressions = Expressions()
        body: Params = {"TableName": self.target_table, "Item": one.after}
        if move.standing is None:
            condition = f"attribute_not_exists({expressions.name(next(iter(one.new_key)))})"
        else:
            self._refuse_other(move, one, move.standing)
            condition = conjunction(expressions.equal_all(move.standing))
        return _with_condition(move, body, condition, expressions)

    def _update(self, move: Move, one: Prepared) -> Params:
        """Set the fields that differ, and remove those that are gone."""
        expressions = Expressions()
        before, after = one.before, one.after
        sets = [
            expressions.equal(name, value)
            for name, value in after.items()
            if before.get(name) != value
        ]
        removes = [expressions.name(name) for name in before if name not in after]
        clauses = [f"SET {', '.join(sets)}"] if sets else []
        clauses += [f"REMOVE {', '.join(removes)}"] if removes else []
        body = {"TableName": self.table, "Key": one.old_key, "UpdateExpression": " ".join(clauses)}
        return self._if_as_read(move, body, expressions, whole=False)

    def _if_as_read(
        self, move: Move, body: Params, expressions: Expressions | None = None, *, whole: bool
    ) -> Params:
        """Return the body with the condition that an item is as it was read.

        It compares all fields that either schema knows. With `whole`, as for an item that is
        deleted, it also compares the item's other fields.
        """
        moving, item = move.moving, move.item
        expressions = Expressions() if expressions is None else expressions
        known = moving.entity.mapping.known_fields | moving.earlier.mapping.known_fields
        known |= {BEFORE_FIELD}
        present = {name: value for name, value in item.items() if whole or name in known}
        condition = conjunction(
            (
                *expressions.equal_all(present),
                *(expressions.unchanged(name, None) for name in sorted(known - item.keys())),
            )
        )
        return _with_condition(move, body, condition, expressions)

    def _outdated(self, move: Move, one: Prepared, standing: Item) -> MoveRequest:
        """Delete the item in the new form after code of the old schemas has written the old one.

        Moving forward, that is the item under the new key. Moving back, it is the item itself, and
        the one under the old key stays.
        """
        self._refuse_other(move, one, standing)
        back = self.direction == "back"
        entity = move.moving.entity
        old, new = (standing, move.item) if back else (move.item, standing)
        old_key, new_key = (one.new_key, one.old_key) if back else (one.old_key, one.new_key)
        parts: _Parts = [
            ("item" if back else "place", {"Delete": self._exactly(move, new_key, new)}),
            ("place" if back else "item", {"ConditionCheck": self._exactly(move, old_key, old)}),
        ]
        released = guards_over(entity, new_key, Effect("delete"), self.table, new)
        guards = move.guards.apply(evolve(guard, others=(old_key,)) for guard in released)
        parts += (("guard", guard.part) for guard in guards)
        deletes = delete_parts(entity, new_key, read_manifest(new).values(), self.table)
        parts += (("part", delete) for delete in deletes)
        return self._together(move, parts, guards, makes_room=not back)

    def _exactly(self, move: Move, key: Item, item: Item) -> Params:
        """Return a part of a transaction that is conditional on an item being exactly as seen."""
        expressions = Expressions()
        condition = conjunction(expressions.equal_all(item))
        return _with_condition(move, {"TableName": self.table, "Key": key}, condition, expressions)

    def _refuse_other(self, move: Move, one: Prepared, standing: Item) -> None:
        """Raise KeyCollisionError where another item is stored under the key.

        Comparing key attributes is not enough: two items whose old keys differ by other attributes
        may get the same new key. So the stored item must be this one's: its key, in the form that
        is left, must be this item's key.
        """
        target, moving = self.target(move), move.moving
        is_same = target.owns(standing) and matches(standing, target.identity_of(one.after))
        if is_same and one.moves:
            try:
                left = (
                    moving.present(standing) if self.direction == "back" else moving.back(standing)
                )
                is_same = same_items({name: left[name] for name in one.old_key}, one.old_key)
            except ConversionError:
                # It has no such form. Where new keys determine old ones, it is still this item's.
                is_same = self.direction != "back" and moving.finds_by_key
        if not is_same:
            raise place_taken(one, target.spec.entity, standing)


def _with_condition(move: Move, body: Params, condition: str, expressions: Expressions) -> Params:
    """Add a condition to the body. Raises ConversionError if it is too long for DynamoDB."""
    if len(condition) > _CONDITION_LIMIT:
        raise ConversionError(
            f"it has {len(expressions.names)} fields, more than one condition can compare; move it "
            "by hand",
            entity=move.moving.entity.spec.entity,
        )
    body = {
        **body,
        "ConditionExpression": condition,
        "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
    }
    expressions.write_to(body)
    return body


def place_taken(one: Prepared, entity: str, standing: Item | None = None) -> KeyCollisionError:
    """Return the error for an item whose new key another item has: `standing`, if it was seen.

    It was not seen where it is another item that is to be moved.
    """
    return KeyCollisionError(
        f"another item {'has' if standing is None else 'is stored under'} its new key, "
        f"{key_text(one.new_key)}; change or delete one of the two, and run the migration again",
        item=standing or {},
        operation="migrate",
        entity=entity,
    )


def concerns_all(error: LeydenError) -> bool:
    """Whether an error is no single item's fault: a lost connection, throttling, a permission."""
    if isinstance(error, BatchIncompleteError):
        return True
    if not isinstance(error, AwsError) or reasons_of(error) or is_under_way(error):
        return False
    return error.aws_code not in _OF_ITEMS


def is_under_way(error: LeydenError) -> bool:
    """Whether a transaction with the same token is still in progress, and may yet happen."""
    return isinstance(error, AwsError) and error.aws_code == IN_PROGRESS
