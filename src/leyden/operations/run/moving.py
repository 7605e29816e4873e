"""Move items between the forms of two schemas, each by a request conditional on what was read.

A concurrent writer always wins, and the item is then read and moved again.

Code of the old schemas may write an item again that has moved. Then both forms are stored, and the
one under the old key is the later one, because code that knows the new form deletes or moves the
old one with each write. So the new one is deleted first, and the item then moves as usual.

An item whose new key is the old key of another item waits until that one has moved. Items may wait
for one another in a ring, such as two that swap their keys, so that none can be the first. One
transaction then puts each of them under the key of the next, on the condition that all of them are
as they were read. The same is done for items in a row when the first of them cannot wait, as in a
write.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final, Literal

from leyden._attrs import evolve, frozen
from leyden.errors import LeydenError, UniqueConstraintError
from leyden.operations.bound import ItemId, item_id, key_text
from leyden.operations.companions.moving.company import Direction, prepare
from leyden.operations.companions.moving.kept import same_items
from leyden.operations.companions.moving.moving import Moving
from leyden.operations.companions.overflow.format import TRANSACTION_LIMIT
from leyden.operations.companions.unique import GuardPart
from leyden.operations.options import DEFAULT
from leyden.operations.run.move_requests import (
    Move,
    MoveRequest,
    MoveRequests,
    concerns_all,
    is_under_way,
    place_taken,
)
from leyden.operations.run.sending import get_items, pause_before
from leyden.operations.run.verdicts import CONDITION_FAILED, Reason, code_of, may_pass, reasons_of
from leyden.program import Gather, Item, Program
from leyden.results import add_units, consumed_units

LOOKS: Final = 5
"""How often an item is tried while others keep writing it."""


@frozen
class Moved:
    """What became of one item.

    `outcome` is one of: `moved`; `done`, nothing was to do; `gone`, the item no longer exists;
    `conflict`, others kept writing it, so a later attempt may succeed; `failed`, it cannot be moved
    and stays as it is, and `error` says why. `key` is the raw key under which it was read.

    With `is_another`, the item had changed and was read again, because others wrote or moved it.
    `beside` counts the items that moved with it and are not among the entries.
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

    An item is moved as it was read, or not at all. If it has changed, it is read and tried again,
    up to 5 times. With `copy_to`, items are put into that table and also stay where they are. An
    item that waits for others moves together with them, even if they are not among the entries.
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
        self._moves = [Move(moving, item, moving.earlier.key_in(item)) for moving, item in entries]
        requests = MoveRequests(table, direction, copy_to, operation)
        self._look = _Look(requests, concurrency)

    def run(self) -> Program[list[Moved]]:
        """Move the items. Returns what became of each, in the order of the entries.

        Raises the error of a request that failed for no fault of an item, such as a lost
        connection. A second run continues: it leaves alone what has moved, and repeats a request
        whose answer was lost exactly as it was, to learn what became of it.
        """
        look = self._look
        for attempt in range(1, LOOKS + 1):
            waiting = self._waiting
            if attempt > 1:
                yield pause_before(attempt)
                yield from look.read_again([move for move in waiting if move.pending is None])
            yield from look.prepare([move for move in self._waiting if move.pending is None])
            yield from look.send(self._waiting)
            # When one item is moved alone, nothing else moves the item in its way.
            alone = len(self._moves) == 1
            yield from look.send_rows(self._waiting, reads=alone or attempt == LOOKS)
            if not self._waiting:
                break
        for move in self._waiting:
            if move.blocking is not None and move.prepared is not None:
                # It may wait for this one, or for one that cannot move.
                name = look.requests.target(move).spec.entity
                move.fail(place_taken(move.prepared, name, move.blocking))
        return [
            Moved(
                move.result or "conflict",
                move.moving.entity.spec.alias,
                move.key,
                move.error,
                move.cost,
                move.is_another,
                move.beside,
            )
            for move in self._moves
        ]

    @property
    def _waiting(self) -> list[Move]:
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


@frozen
class _Look:
    """One round over items: reading, preparing, sending and judging."""

    requests: MoveRequests
    concurrency: int

    def read_again(self, moves: Sequence[Move]) -> Program[None]:
        """Read the items that have changed, consistently, each under the key where it was read."""
        table = self.requests.table
        found = yield from self._read(table, [move.key for move in moves], moves)
        for move in moves:
            item = found.get(item_id(table, move.key))
            move.is_another = move.is_another or item != move.item
            if item is None or not move.moving.owns(item):
                move.result = "gone"
            elif move.is_done_by(item):
                move.result = "moved"
            else:
                move.item = item

    def prepare(self, moves: Sequence[Move]) -> Program[None]:
        """Decide what to write, entity by entity."""
        by_entity: dict[int, list[Move]] = {}
        for move in moves:
            by_entity.setdefault(id(move.moving), []).append(move)
        for some in by_entity.values():
            prepared = yield from prepare(
                some[0].moving,
                [move.item for move in some],
                self.requests.table,
                self.requests.operation,
                direction=self.requests.direction,
                copy_to=self.requests.copy_to,
            )
            for move, one in zip(some, prepared, strict=True):
                if isinstance(one, LeydenError):
                    if concerns_all(one):
                        raise one
                    move.fail(one)
                    continue
                move.prepared = one
                if one.is_nothing and self.requests.copy_to is None:
                    move.result = "done"
        if self.requests.copy_to is not None:
            yield from self._look_there([move for move in moves if move.result is None])

    def _look_there(self, moves: Sequence[Move]) -> Program[None]:
        """Read the target table's copies of the items. An equal copy needs nothing more."""
        table = self.requests.target_table
        keys = [move.prepared.new_key for move in moves if move.prepared is not None]
        found = yield from self._read(table, keys, moves)
        for move in moves:
            assert move.prepared is not None
            move.standing = found.get(item_id(table, move.prepared.new_key))
            if move.standing is None:
                continue
            if same_items(move.standing, move.prepared.after):
                move.result = "moved" if move.in_doubt else "done"
            else:
                move.prepared = self.requests.over_copy(move, move.prepared, move.standing)

    def send(self, moves: Sequence[Move]) -> Program[None]:
        """Send the writes, and judge those that were refused."""
        sent: list[MoveRequest] = []
        for move in moves:
            move.blocking = None
            if move.pending is not None and move.pending.move is not move:
                # The first move of its row sends it.
                continue
            try:
                sent.append(move.pending or self.requests.next_for(move))
            except LeydenError as error:
                move.fail(error)
        yield from self._exchange(sent)

    def _exchange(self, sent: Sequence[MoveRequest]) -> Program[None]:
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
            # A request that made room for the item does not move it; another one does.
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

    def send_rows(self, moves: Sequence[Move], *, reads: bool) -> Program[None]:
        """Move items that wait for others together with these, a row in one transaction.

        With `reads`, items that are not at hand are read to find rows. That costs a read for each
        item, and by the next round most of the items in the way have moved by themselves.
        """
        known = {item_id(self.requests.table, move.key): move for move in moves}
        targets = {self.requests.place_of(move) for move in moves if move.prepared is not None}
        found: set[int] = set()
        sent: list[MoveRequest] = []
        # Items for which none waits come first, because their rows are complete.
        for move in sorted(
            moves, key=lambda move: item_id(self.requests.table, move.key) in targets
        ):
            if move.blocking is None or id(move) in found:
                continue
            row = yield from self._row(move, known, reads=reads)
            if not row or not found.isdisjoint(map(id, row)):
                continue
            found.update(map(id, row))
            try:
                sent.append(self.requests.for_row(row))
            except LeydenError as error:
                move.fail(error)
        yield from self._exchange(sent)

    def _row(self, first: Move, known: dict[ItemId, Move], *, reads: bool) -> Program[list[Move]]:
        """Return an item and those that it waits for: each gets the key of the next one.

        The last one gets the key of the first, which closes the ring, or a free key. If it gets
        neither, the result is empty. `known` has items by their places; items that are met are
        added to it.
        """
        row = [first]
        while len(row) <= TRANSACTION_LIMIT:
            last = row[-1]
            place = self.requests.place_of(last)
            if place == item_id(self.requests.table, first.key):
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
                known[place] = Move(first.moving, item, last.prepared.new_key, is_entry=False)
                if self._goes_first(first.moving, item):
                    yield from self.prepare([known[place]])
            behind = known[place]
            if not (behind.can_move_up and behind.moving is first.moving):
                return []
            row.append(behind)
        return []

    def _judge(self, sent: MoveRequest, error: LeydenError) -> Program[None]:
        """Learn from a refusal what the next round needs. An item that cannot move fails."""
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
                # One of them was written meanwhile; the next round may find all of them unchanged.
                for one in sent.moves:
                    one.blocking = None
            if code_of(reason) != CONDITION_FAILED:
                continue
            if role == "place":
                move.standing = yield from self._there(move)
                if self.requests.copy_to is None and self._goes_first(move.moving, move.standing):
                    move.standing, move.blocking = None, move.standing
            elif guard is not None:
                yield from self._judge_guard(move, guard, reason)

    def _there(self, move: Move) -> Program[Item | None]:
        """Read the item under this item's new key."""
        assert move.prepared is not None
        keys = [move.prepared.new_key]
        found = yield from self._read(self.requests.target_table, keys, [move])
        return next(iter(found.values()), None)

    def _read(
        self, table: str, keys: Sequence[Item], moves: Sequence[Move]
    ) -> Program[Mapping[ItemId, Item]]:
        """Read items consistently, and share the cost among the moves."""
        options = evolve(DEFAULT, concurrency=self.concurrency)
        once = [*{item_id(table, key): key for key in keys}.values()]
        found, cost, _ = yield from get_items(
            table, once, options, self.requests.operation, consistent=True
        )
        for move in moves:
            move.cost = add_units(move.cost, None if cost is None else cost / len(moves))
        return found

    def _goes_first(self, moving: Moving, standing: Item | None) -> bool:
        """Whether the item under another item's new key moves first, which frees the key.

        It does if it is in the form that this item is in.
        """
        is_back = self.requests.direction == "back"
        return (
            standing is not None
            and moving.owns(standing)
            and moving.is_earlier(standing) != is_back
        )

    def _judge_guard(self, move: Move, guard: GuardPart, reason: Reason) -> Program[None]:
        named = (self.requests.operation, guard.entity.spec.entity)
        owner = yield from move.guards.judge(guard, reason.get("Item"), named)
        if owner is None or owner in (guard.owner, *guard.others):
            return
        quoted = ", ".join(f'"{name}"' for name in guard.claim.attributes)
        key = guard.entity.key_in(owner)
        said = f", {key_text(key)}," if key else ""
        # Deletions are not copied, and the copy of a deleted item keeps its values.
        is_copied = self.requests.copy_to is not None
        left = "; if that item was deleted here, delete its copy" if is_copied else ""
        move.fail(
            UniqueConstraintError(
                f"another item{said} has its value of {quoted}, which must be unique; change one "
                f"of the two, and run the migration again{left}",
                attributes=guard.claim.attributes,
                owner=owner,
                operation=self.requests.operation,
                entity=guard.entity.spec.entity,
            )
        )
