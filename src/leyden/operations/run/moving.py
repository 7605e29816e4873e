"""Moving items between the forms of two schemas, each by one request that depends on what it read.

A concurrent writer always wins; the item is then read and looked at once more.

Code of the old schemas may write an item again that was moved. Then both stand there, and the one
under the key of the old form is the later one: whoever knows the new form deletes or moves the old
one with each write. So the other one goes first, and the item moves as ever.

An item whose new key is the old one of another waits until that has moved. Where items wait for one
another in a ring, as two that swap their keys, none of them can be the first. One transaction then
puts each of them where the next one stands, and depends on all of them being what was read. So do
items in a row, where the first of them cannot wait, as in a write.
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
"""How often an item is looked at that others write meanwhile."""


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
        self._moves = [Move(moving, item, moving.earlier.key_in(item)) for moving, item in entries]
        requests = MoveRequests(table, direction, copy_to, operation)
        self._look = _Look(requests, concurrency)

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
    """One look at items, and what is sent for it."""

    requests: MoveRequests
    concurrency: int

    def read_again(self, moves: Sequence[Move]) -> Program[None]:
        """Read the items that have changed, consistently, each under the key that it was read."""
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
        """Decide what is to be written, entity by entity."""
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
        """See what the other table has of items that are copied; what is alike is done."""
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
        """Send what is to be written, and judge what was refused."""
        sent: list[MoveRequest] = []
        for move in moves:
            move.blocking = None
            if move.pending is not None and move.pending.move is not move:
                # The first one of its row sends it.
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

    def send_rows(self, moves: Sequence[Move], *, reads: bool) -> Program[None]:
        """Move items that wait for others together with these, a row in one transaction.

        `reads`: items that are not at hand are read to find rows. That costs a read an item, and by
        the next look those in front have mostly moved by themselves.
        """
        known = {item_id(self.requests.table, move.key): move for move in moves}
        targets = {self.requests.place_of(move) for move in moves if move.prepared is not None}
        found: set[int] = set()
        sent: list[MoveRequest] = []
        # Those for which none waits come first: their rows are whole.
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
        """An item and those that it waits for: each gets the key of the next one.

        The last one gets that of the first, which closes the ring, or one that is free. Empty where
        it gets neither. `known` are items by their places; those that are met come into it.
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
                move.standing = yield from self._there(move)
                if self.requests.copy_to is None and self._goes_first(move.moving, move.standing):
                    move.standing, move.blocking = None, move.standing
            elif guard is not None:
                yield from self._judge_guard(move, guard, reason)

    def _there(self, move: Move) -> Program[Item | None]:
        """Read what stands under the item's new key."""
        assert move.prepared is not None
        keys = [move.prepared.new_key]
        found = yield from self._read(self.requests.target_table, keys, [move])
        return next(iter(found.values()), None)

    def _read(
        self, table: str, keys: Sequence[Item], moves: Sequence[Move]
    ) -> Program[Mapping[ItemId, Item]]:
        """Read items consistently; what that costs is shared out among the moves."""
        options = evolve(DEFAULT, concurrency=self.concurrency)
        once = [*{item_id(table, key): key for key in keys}.values()]
        found, cost, _ = yield from get_items(
            table, once, options, self.requests.operation, consistent=True
        )
        for move in moves:
            move.cost = add_units(move.cost, None if cost is None else cost / len(moves))
        return found

    def _goes_first(self, moving: Moving, standing: Item | None) -> bool:
        """Whether what stands under an item's new key moves before it, so that the place is free.

        That is an item of the form that this one has.
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
        # A copy does not follow deletions, and what is left of them keeps its values.
        is_copied = self.requests.copy_to is not None
        left = "; if that one is gone here, delete its copy" if is_copied else ""
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
