"""Moving items between the forms of two schemas, each by one request that depends on what it read.

Where an item keeps its key and nothing goes with it, the request updates the fields that differ.
Else it is a transaction, which puts the item under its new key and deletes it under its old one,
with its guards and the parts of its large values. Either asks that the item still is what was read,
so that a concurrent writer always wins; the item is then read and looked at once more.

Code of the old schemas may write an item again that was moved. Then both stand there, and the one
under the key of the old form is the later one: whoever knows the new form deletes or moves the old
one with each write. So the other one goes first, and the item moves as ever.

An item whose new key is the old one of another waits until that has moved. Where items wait for one
another in a ring, as two that swap their keys, none of them can be the first. One transaction then
puts each of them where the next one stands, and depends on all of them being what was read. So do
items in a row, where the first of them cannot wait, as in a write.
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
    UniqueConstraintError,
)
from leyden.operations.bound import BoundEntity, ItemId, item_id, key_text, matches, name_key
from leyden.operations.companions.moving.company import Prepared, prepare
from leyden.operations.companions.moving.kept import same_items
from leyden.operations.companions.moving.moving import Moving
from leyden.operations.companions.overflow.format import (
    TRANSACTION_LIMIT,
    part_keys,
    read_manifest,
    sort_field_of,
)
from leyden.operations.companions.unique import (
    Effect,
    GuardPart,
    GuardState,
    claims_of,
    guards_over,
)
from leyden.operations.options import Options
from leyden.operations.plan.expressions import Expressions, conjunction
from leyden.operations.run.sending import get_items, pause_before
from leyden.operations.run.verdicts import CONDITION_FAILED, Reason, code_of, may_pass, reasons_of
from leyden.program import Gather, Item, Params, Program, Request
from leyden.results import add_units, consumed_units
from leyden.schema.migrations import BEFORE_FIELD

Direction: TypeAlias = Literal["forward", "back", "commit"]
"""Into the new form; back into the old one; or into the new one, with no way back."""

LOOKS: Final = 5
"""How often an item is looked at that others write meanwhile."""

_CONDITION_LIMIT: Final = 4096
"""The longest expression that DynamoDB takes, in characters."""

_APIS: Final = {"Put": "PutItem", "Update": "UpdateItem"}
_OF_ITEMS: Final = frozenset({"ValidationException", "ItemCollectionSizeLimitExceededException"})
_OPTIONS: Final = Options(concurrency=8)


@frozen
class Moved:
    """What became of one item.

    `outcome` is `moved`; `done` where nothing was to be done; `gone` where the item is not there
    any more; `conflict` where others kept writing it, so that a later look may find it at rest;
    `failed` where it cannot be moved, and stays as it is: `error` says why. `key` is the raw key
    under which it was read.

    `is_another`: the item was not any more what was to be moved, and had to be read again, as
    others wrote or moved it. `beside` is how many items moved with it that are not among the
    entries.
    """

    outcome: Literal["moved", "done", "gone", "conflict", "failed"]
    alias: str
    key: Item
    error: LeydenError | None = None
    consumed: float | None = None
    is_another: bool = False
    beside: int = 0


class Moves:
    """Raw items that are moved, each by itself.

    An item is moved as it was read, or not at all: where it has changed it is read and looked at
    again, up to 5 times. With `copy_to` items are put into that table, and stay where they are.
    An item that waits for others moves together with these, which need not be among the entries.
    """

    def __init__(
        self,
        entries: Sequence[tuple[Moving, Item]],
        table: str,
        *,
        direction: Direction = "forward",
        copy_to: str | None = None,
        concurrency: int = 8,
        operation: str = "migrate",
    ) -> None:
        self._moves = [
            _Move(moving, item, {name: item[name] for name in moving.earlier.key_fields})
            for moving, item in entries
        ]
        self._look = _Look(table, direction, copy_to, concurrency, operation)

    def run(self) -> Program[list[Moved]]:
        """Move them; gives what became of each, in the order of the entries.

        Raises the error of a request that failed for something that is no item's fault, such as a
        lost connection. Running them again goes on: what has moved is left alone, and a request
        whose answer was lost is sent once more as it was, so that it tells what became of it.
        """
        look = self._look
        for attempt in range(1, LOOKS + 1):
            waiting = self._waiting
            if attempt > 1:
                yield pause_before(attempt)
                yield from look.read_again([move for move in waiting if move.pending is None])
            yield from look.prepare([move for move in self._waiting if move.pending is None])
            yield from look.send(self._waiting)
            # For an item that is moved alone, nobody moves what stands in front of it.
            alone = len(self._moves) == 1
            yield from look.send_rows(self._waiting, reads=alone or attempt == LOOKS)
            if not self._waiting:
                break
        for move in self._waiting:
            if move.blocking is not None and move.prepared is not None:
                # It may wait for this one, or for one that cannot move.
                name = look.target(move).spec.entity
                move.fail(place_taken(move.prepared, name, move.blocking))
        return [move.told for move in self._moves]

    @property
    def _waiting(self) -> list[_Move]:
        return [move for move in self._moves if move.result is None]

    @property
    def moved(self) -> int:
        """How many items have moved so far, as far as answers say."""
        return sum(1 + move.beside for move in self._moves if move.result == "moved")


def move_items(
    entries: Sequence[tuple[Moving, Item]],
    table: str,
    *,
    direction: Direction = "forward",
    copy_to: str | None = None,
    operation: str = "migrate",
) -> Program[list[Moved]]:
    """Move raw items; see `Moves`."""
    moves = Moves(entries, table, direction=direction, copy_to=copy_to, operation=operation)
    return moves.run()


@define(eq=False)
class _Move:
    """One item on its way; `result` is None while there is something left to do."""

    moving: Moving
    item: Item
    key: Item
    result: Literal["moved", "done", "gone", "failed"] | None = None
    error: LeydenError | None = None
    cost: float | None = None
    prepared: Prepared | None = None
    guards: GuardState = field(factory=GuardState)
    standing: Item | None = None
    """What was seen to stand under the key that the item is to get."""
    is_another: bool = False
    blocking: Item | None = None
    """What stood there last and has to move before it."""
    is_entry: bool = True
    """Whether it was to be moved, and not only stands in the way of one that was."""
    beside: int = 0
    pending: _Sending | None = None
    """What was sent for it last, where the answer does not say whether it was done."""
    in_doubt: bool = False
    """Whether a request of this move may have been done without an answer that says so."""

    @property
    def told(self) -> Moved:
        """What became of it."""
        alias = self.moving.entity.spec.alias
        outcome = self.result or "conflict"
        return Moved(outcome, alias, self.key, self.error, self.cost, self.is_another, self.beside)

    def is_done_by(self, stored: Item) -> bool:
        """Whether an item is stored as this move left it, by a request whose answer got lost."""
        return (
            self.in_doubt and self.prepared is not None and same_items(stored, self.prepared.after)
        )

    @property
    def can_move_up(self) -> bool:
        """Whether it may get its new key together with others."""
        is_settled = self.result is not None or self.pending is not None
        return not is_settled and self.prepared is not None and self.prepared.moves

    def fail(self, error: LeydenError) -> None:
        """Leave the item as it is."""
        name_key(error, self.key)
        self.result, self.error = "failed", error


@frozen
class _Look:
    """One look at items, and what is sent for it."""

    table: str
    direction: Direction
    copy_to: str | None
    concurrency: int
    operation: str

    @property
    def target_table(self) -> str:
        return self.copy_to or self.table

    def target(self, move: _Move) -> BoundEntity:
        """The entity whose form the item gets."""
        return move.moving.earlier if self.direction == "back" else move.moving.entity

    def read_again(self, moves: Sequence[_Move]) -> Program[None]:
        """Read the items that have changed, consistently, each under the key that it was read."""
        options = evolve(_OPTIONS, concurrency=self.concurrency)
        keys = [*{item_id(self.table, move.key): move.key for move in moves}.values()]
        found, cost, _ = yield from get_items(
            self.table, keys, options, self.operation, consistent=True
        )
        for move in moves:
            item = found.get(item_id(self.table, move.key))
            move.is_another = move.is_another or item != move.item
            move.cost = add_units(move.cost, None if cost is None else cost / len(moves))
            if item is None or not move.moving.owns(item):
                move.result = "gone"
            elif move.is_done_by(item):
                move.result = "moved"
            else:
                move.item = item

    def prepare(self, moves: Sequence[_Move]) -> Program[None]:
        """Decide what is to be written, entity by entity."""
        by_entity: dict[int, list[_Move]] = {}
        for move in moves:
            by_entity.setdefault(id(move.moving), []).append(move)
        for some in by_entity.values():
            prepared = yield from prepare(
                some[0].moving,
                [move.item for move in some],
                self.table,
                self.operation,
                back=self.direction == "back",
                copy_to=self.copy_to,
            )
            for move, one in zip(some, prepared, strict=True):
                if isinstance(one, LeydenError):
                    if concerns_all(one):
                        raise one
                    move.fail(one)
                    continue
                if self.direction == "commit" or self.copy_to is not None:
                    final = move.moving.final(one.after)
                    one = evolve(one, after=one.before if same_items(final, one.before) else final)
                move.prepared = one
                if one.is_nothing and self.copy_to is None:
                    move.result = "done"
        if self.copy_to is not None:
            yield from self._look_there([move for move in moves if move.result is None])

    def _look_there(self, moves: Sequence[_Move]) -> Program[None]:
        """See what the other table has of items that are copied; what is alike is done."""
        keys = [move.prepared.new_key for move in moves if move.prepared is not None]
        if not keys:
            return
        options = evolve(_OPTIONS, concurrency=self.concurrency)
        found, cost, _ = yield from get_items(
            self.target_table, keys, options, self.operation, consistent=True
        )
        for move in moves:
            assert move.prepared is not None
            move.cost = add_units(move.cost, None if cost is None else cost / len(moves))
            move.standing = found.get(item_id(self.target_table, move.prepared.new_key))
            if move.standing is None:
                continue
            if same_items(move.standing, move.prepared.after):
                move.result = "moved" if move.in_doubt else "done"
            else:
                self._give_up(move, move.prepared, move.standing)

    def _give_up(self, move: _Move, one: Prepared, standing: Item) -> None:
        """Take with an earlier copy what goes with it: guards of values, and parts of large ones.

        Whether it is one of this item is asked before anything is sent.
        """
        target, there = self.target(move), self.target_table
        try:
            claims, entries = claims_of(target, standing), read_manifest(standing).values()
            kept = claims_of(target, one.after)
        except LeydenError:
            # The doctor finds what is left of such an item.
            return
        guards = [
            GuardPart(target, claim, False, one.new_key, there)
            for text, claim in claims.items()
            if text not in kept
        ]
        new = {entry.generation for entry in read_manifest(one.after).values()}
        deletes = [
            {"Delete": {"TableName": there, "Key": key}}
            for entry in entries
            if entry.parts and entry.generation not in new
            for key in part_keys(one.new_key, sort_field_of(target), entry)
        ]
        move.prepared = evolve(one, guards=(*one.guards, *guards), parts=(*one.parts, *deletes))

    def send(self, moves: Sequence[_Move]) -> Program[None]:
        """Send what is to be written, and judge what was refused."""
        sent: list[_Sending] = []
        for move in moves:
            move.blocking = None
            if move.pending is not None and move.pending.move is not move:
                # The first one of its row sends it.
                continue
            try:
                sent.append(move.pending or self._sending(move))
            except LeydenError as error:
                move.fail(error)
        yield from self._exchange(sent)

    def _exchange(self, sent: Sequence[_Sending]) -> Program[None]:
        """Send requests at the same time, and note what became of their items."""
        if not sent:
            return
        answers = yield Gather(tuple(one.request for one in sent), self.concurrency)
        for one, answer in zip(sent, answers, strict=True):
            is_open = isinstance(answer, LeydenError) and (
                concerns_all(answer) or is_under_way(answer)
            )
            for move in one.moves:
                move.pending = one if is_open else None
            if isinstance(answer, LeydenError):
                for move in one.moves:
                    move.in_doubt = move.in_doubt or bool(answer.unsure)
                continue
            one.move.cost = add_units(one.move.cost, consumed_units(answer))
            # Where room was made for it, another request moves the item.
            one.move.standing = None
            for move in () if one.makes_room else one.moves:
                move.result = "moved"
            one.move.beside = sum(not move.is_entry for move in one.moves)
        for answer in answers:
            if isinstance(answer, LeydenError) and concerns_all(answer):
                raise answer
        for one, answer in zip(sent, answers, strict=True):
            if isinstance(answer, LeydenError) and one.move.pending is None:
                yield from self._judge(one, answer)

    def send_rows(self, moves: Sequence[_Move], *, reads: bool) -> Program[None]:
        """Move items that wait for others together with these, a row in one transaction.

        `reads`: items that are not at hand are read to find rows. That costs a read an item, and by
        the next look those in front have mostly moved by themselves.
        """
        known = {item_id(self.table, move.key): move for move in moves}
        targets = {self._place_of(move) for move in moves if move.prepared is not None}
        found: set[int] = set()
        sent: list[_Sending] = []
        # Those for which none waits come first: their rows are whole.
        for move in sorted(moves, key=lambda move: item_id(self.table, move.key) in targets):
            if move.blocking is None or id(move) in found:
                continue
            row = yield from self._row(move, known, reads=reads)
            if not row or not found.isdisjoint(map(id, row)):
                continue
            found.update(map(id, row))
            try:
                sent.append(self._moving_up(row))
            except LeydenError as error:
                move.fail(error)
        yield from self._exchange(sent)

    def _place_of(self, move: _Move) -> ItemId:
        """The place of the key that an item gets."""
        assert move.prepared is not None
        return item_id(self.table, move.prepared.new_key)

    def _row(
        self, first: _Move, known: dict[ItemId, _Move], *, reads: bool
    ) -> Program[list[_Move]]:
        """An item and those that it waits for: each gets the key of the next one.

        The last one gets that of the first, which closes the ring, or one that is free. Empty where
        it gets neither. `known` are items by their places; those that are met come into it.
        """
        row = [first]
        while len(row) <= TRANSACTION_LIMIT:
            last = row[-1]
            place = self._place_of(last)
            if place == item_id(self.table, first.key):
                return row
            if place not in known:
                item = last.blocking
                if item is None and not reads:
                    return []
                if item is None:
                    last.standing = item = yield from self._there(last)
                if item is None:
                    return row
                assert last.prepared is not None
                known[place] = _Move(first.moving, item, last.prepared.new_key, is_entry=False)
                if self._goes_first(first.moving, item):
                    yield from self.prepare([known[place]])
            behind = known[place]
            if not (behind.can_move_up and behind.moving is first.moving):
                return []
            row.append(behind)
        return []

    def _moving_up(self, row: Sequence[_Move]) -> _Sending:
        """The transaction that puts each item of a row where the next one stands.

        Where the row is no ring, the last one is put where nothing stands, and the place of the
        first one gets empty.
        """
        first, last = row[0], row[-1]
        is_ring = self._place_of(last) == item_id(self.table, first.key)
        parts: list[Params] = []
        company: list[Params] = []
        for move, behind in zip(row, (*row[1:], first if is_ring else None), strict=True):
            one = move.prepared
            assert one is not None
            if behind is None:
                parts.append({"Put": self._put(move, one)})
            else:
                condition = self._as_read(behind, Expressions(), whole=True)
                parts.append({"Put": {"TableName": self.table, "Item": one.after, **condition}})
            company += (guard.part for guard in move.guards.apply(one.guards))
            company += one.parts
        if not is_ring:
            condition = self._as_read(first, Expressions(), whole=True)
            parts.append({"Delete": {"TableName": self.table, "Key": first.key, **condition}})
        # Of its guards each item learned by its own request, which the next one was in the way of.
        roles = ["row"] * len(parts)
        sending = self._together(first, [*parts, *company], roles, ())
        return evolve(sending, others=row[1:])

    def _sending(self, move: _Move) -> _Sending:
        """What is to be sent next for an item."""
        one = move.prepared
        assert one is not None
        if move.standing is not None and self.copy_to is None:
            return self._outdated(move, one, move.standing)
        guards = move.guards.apply(one.guards)
        parts: list[Params] = []
        roles: list[str] = []
        if one.moves or self.copy_to is not None:
            parts.append({"Put": self._put(move, one)})
            roles.append("place")
            if self.copy_to is None:
                condition = self._as_read(move, Expressions(), whole=True)
                parts.append({"Delete": {"TableName": self.table, "Key": one.old_key, **condition}})
                roles.append("item")
        elif one.before is one.after:
            condition = self._as_read(move, Expressions(), whole=False)
            body = {"TableName": self.table, "Key": one.old_key, **condition}
            parts.append({"ConditionCheck": body})
            roles.append("item")
        else:
            parts.append({"Update": self._update(move, one)})
            roles.append("item")
        parts += (guard.part for guard in guards)
        roles += ["guard"] * len(guards)
        parts += one.parts
        return self._together(move, parts, roles, guards)

    def _together(
        self,
        move: _Move,
        parts: Sequence[Params],
        roles: Sequence[str],
        guards: Sequence[GuardPart],
        *,
        makes_room: bool = False,
    ) -> _Sending:
        """The parts as one request: a transaction, where there are several."""
        name = move.moving.entity.spec.entity
        if len(parts) > TRANSACTION_LIMIT:
            raise ConversionError(
                f"moving it takes {len(parts)} writes, with the parts of its large values, and a "
                f"transaction takes {TRANSACTION_LIMIT}",
                entity=name,
            )
        ((kind, body),) = parts[0].items()
        if len(parts) == 1 and kind in _APIS:
            request = Request(_APIS[kind], body, self.operation, name, restates=True)
        else:
            params = {"TransactItems": [*parts], "ClientRequestToken": str(uuid4())}
            request = Request("TransactWriteItems", params, self.operation, name, restates=True)
        return _Sending(move, request, roles, guards, makes_room)

    def _put(self, move: _Move, one: Prepared) -> Params:
        """Put the item where nothing stands; a copy over what was seen to stand there."""
        expressions = Expressions()
        body: Params = {"TableName": self.target_table, "Item": one.after}
        if move.standing is None:
            condition = f"attribute_not_exists({expressions.name(next(iter(one.new_key)))})"
        else:
            self._refuse_other(move, one, move.standing)
            condition = conjunction(expressions.equal_all(move.standing))
        return self._with(body, condition, expressions, move)

    def _update(self, move: _Move, one: Prepared) -> Params:
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
        update = {"UpdateExpression": " ".join(clauses)}
        condition = self._as_read(move, expressions, whole=False)
        return {"TableName": self.table, "Key": one.old_key, **update, **condition}

    def _as_read(self, move: _Move, expressions: Expressions, *, whole: bool) -> Params:
        """The condition that an item is as it was read, as far as either schema knows its fields.

        `whole`: fields that neither knows as well, as for an item that is deleted.
        """
        moving, item = move.moving, move.item
        known = moving.entity.mapping.known_fields | moving.earlier.mapping.known_fields
        known |= {BEFORE_FIELD}
        present = {name: value for name, value in item.items() if whole or name in known}
        condition = conjunction(
            (
                *expressions.equal_all(present),
                *(expressions.unchanged(name, None) for name in sorted(known - item.keys())),
            )
        )
        return self._with({}, condition, expressions, move)

    def _outdated(self, move: _Move, one: Prepared, standing: Item) -> _Sending:
        """Delete what code of the old schemas has written over: the item in the new form.

        Moving forward that is what stands under the new key; moving back it is the item itself,
        and what stands under the old key stays.
        """
        self._refuse_other(move, one, standing)
        back = self.direction == "back"
        entity = move.moving.entity
        old, new = (standing, move.item) if back else (move.item, standing)
        old_key, new_key = (one.new_key, one.old_key) if back else (one.old_key, one.new_key)
        parts: list[Params] = [
            {"Delete": self._exactly(move, new_key, new)},
            {"ConditionCheck": self._exactly(move, old_key, old)},
        ]
        released = guards_over(entity, new_key, Effect("delete"), self.table, new)
        guards = move.guards.apply(evolve(guard, others=(old_key,)) for guard in released)
        parts += (guard.part for guard in guards)
        parts += (
            {"Delete": {"TableName": self.table, "Key": key}}
            for entry in read_manifest(new).values()
            for key in part_keys(new_key, sort_field_of(entity), entry)
        )
        roles = [*(("item", "place") if back else ("place", "item")), *["guard"] * len(guards)]
        return self._together(move, parts, roles, guards, makes_room=not back)

    def _exactly(self, move: _Move, key: Item, item: Item) -> Params:
        """A part of a transaction that depends on an item being just as it was seen."""
        expressions = Expressions()
        condition = conjunction(expressions.equal_all(item))
        return self._with({"TableName": self.table, "Key": key}, condition, expressions, move)

    def _with(self, body: Params, condition: str, expressions: Expressions, move: _Move) -> Params:
        """The body with a condition. Raises ConversionError for one that DynamoDB does not take."""
        if len(condition) > _CONDITION_LIMIT:
            raise ConversionError(
                f"it has {len(expressions.names)} fields, and they are more than one condition can "
                "compare; move it by hand",
                entity=move.moving.entity.spec.entity,
            )
        body["ConditionExpression"] = condition
        body["ReturnValuesOnConditionCheckFailure"] = "ALL_OLD"
        expressions.write_to(body)
        return body

    def _refuse_other(self, move: _Move, one: Prepared, standing: Item) -> None:
        """Raise KeyCollisionError where another item stands under the key.

        It may have the same key attributes: where the keys of two items differed by others, their
        keys in the other form are one. So the item that stands there must be this one's: its own
        key, in the form that is left, is this one's.
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
                # It has no such form. Where new keys tell old ones, it is this one's nevertheless.
                is_same = self.direction != "back" and moving.finds_by_key
        if not is_same:
            raise place_taken(one, target.spec.entity, standing)

    def _judge(self, sent: _Sending, error: LeydenError) -> Program[None]:
        """Learn from a refusal what the next look needs; an item that cannot move has failed."""
        move, reasons = sent.move, reasons_of(error)
        if not reasons or not may_pass(
            [one for one in reasons if code_of(one) != CONDITION_FAILED]
        ):
            move.fail(error)
            return
        guards = iter(sent.guards)
        for role, reason in zip(sent.roles, reasons, strict=False):
            guard = next(guards) if role == "guard" else None
            if role == "row" and code_of(reason) != "None":
                # One of them was written meanwhile; another look may find all of them at rest.
                for one in sent.moves:
                    one.blocking = None
            if code_of(reason) != CONDITION_FAILED:
                continue
            if role == "place":
                yield from self._look_at_place(move)
            elif guard is not None:
                yield from self._judge_guard(move, guard, reason)

    def _look_at_place(self, move: _Move) -> Program[None]:
        """Read what stands under the item's new key."""
        move.standing = yield from self._there(move)
        if self.copy_to is None and self._goes_first(move.moving, move.standing):
            move.standing, move.blocking = None, move.standing

    def _there(self, move: _Move) -> Program[Item | None]:
        assert move.prepared is not None
        found, cost, _ = yield from get_items(
            self.target_table, [move.prepared.new_key], _OPTIONS, self.operation, consistent=True
        )
        move.cost = add_units(move.cost, cost)
        return next(iter(found.values()), None)

    def _goes_first(self, moving: Moving, standing: Item | None) -> bool:
        """Whether what stands under an item's new key moves before it, so that the place is free.

        That is an item of the form that this one has.
        """
        is_back = self.direction == "back"
        return (
            standing is not None
            and moving.owns(standing)
            and moving.is_earlier(standing) != is_back
        )

    def _judge_guard(self, move: _Move, guard: GuardPart, reason: Reason) -> Program[None]:
        named = (self.operation, guard.entity.spec.entity)
        owner = yield from move.guards.judge(guard, reason.get("Item"), named)
        if owner is None or owner in (guard.owner, *guard.others):
            return
        quoted = ", ".join(f'"{name}"' for name in guard.claim.attributes)
        key = {name: owner[name] for name in guard.entity.key_fields if name in owner}
        said = f", {key_text(key)}," if key else ""
        # A copy does not follow deletions, and what is left of them keeps its values.
        left = "" if self.copy_to is None else "; if that one is gone here, delete its copy"
        move.fail(
            UniqueConstraintError(
                f"another item{said} has its value of {quoted}, which must be unique; change one "
                f"of the two, and run the migration again{left}",
                attributes=guard.claim.attributes,
                owner=owner,
                operation=self.operation,
                entity=guard.entity.spec.entity,
            )
        )


@frozen
class _Sending:
    """A request for an item. `roles` are those of its first parts, `guards` the guards in it.

    `others` are the other items of a row.
    """

    move: _Move
    request: Request
    roles: Sequence[str]
    guards: Sequence[GuardPart]
    makes_room: bool
    others: Sequence[_Move] = ()

    @property
    def moves(self) -> tuple[_Move, ...]:
        """All items that it is about."""
        return (self.move, *self.others)


def place_taken(one: Prepared, entity: str, standing: Item | None = None) -> KeyCollisionError:
    """The error for an item whose new key is another item's: the one that is seen to stand there.

    None is seen where that is another one that is to be moved.
    """
    return KeyCollisionError(
        f"another item {'has' if standing is None else 'stands under'} its new key, "
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
    """Whether a transaction is under way under the same token: it may yet happen."""
    return isinstance(error, AwsError) and error.aws_code == IN_PROGRESS
