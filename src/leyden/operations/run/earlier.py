"""Move items that a write meets in their earlier form, while a migration is under way.

A write is sent as if its item had been moved already, on the condition that this is true. If it is
not, the refusal shows the item. The item is then moved, by a request of its own that changes no
value, and the write is sent again. An attempt that met earlier forms decides nothing else: only the
next attempt shows what DynamoDB would answer without a migration.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from leyden._attrs import define, evolve, field
from leyden.errors import LeydenError
from leyden.operations.bound import item_id
from leyden.operations.companions.moving.moving import Moving
from leyden.operations.companions.unique import GuardState
from leyden.operations.plan.writes import Part, ResolvedWrite, WritePlan
from leyden.operations.run.moving import move_items
from leyden.operations.run.verdicts import CONDITION_FAILED, Reason, Refusal, code_of
from leyden.program import Item, Program, Request
from leyden.results import add_units, consumed_units


@define
class Earlier:
    """The items in their earlier form that the attempts of a write or transaction met.

    `strangers` are items under the earlier keys of writes that must not be moved, by position:
    another item that has such a key now, or one that cannot be moved.
    """

    plans: Sequence[WritePlan]
    strangers: dict[int, Item] = field(factory=dict)

    def beside_strangers(self, position: int, write: ResolvedWrite) -> ResolvedWrite:
        """Return the write so that it leaves a stranger under its earlier key alone."""
        stranger = self.strangers.get(position)
        if stranger is None or write.earlier is None:
            return write
        return evolve(write, earlier=evolve(write.earlier, stranger=stranger))

    def read(self, found: Mapping[int, Item | None], state: GuardState) -> Program[bool]:
        """Move the read items that are in their earlier form. Returns whether there were any."""
        met: dict[int, Item] = {}
        for position, item in found.items():
            moving: Moving | None = self.plans[position].entity.moving
            if moving is not None and item is not None and moving.is_earlier(item):
                met[position] = item
        for failed in (yield from self._move(met, state)).values():
            raise failed
        return bool(met)

    @staticmethod
    def decides(pairs: Sequence[tuple[Part, Reason]]) -> bool:
        """Whether an item was under an earlier key, so that nothing else needs to be read."""
        return any(
            part.role == "earlier" and code_of(reason) == CONDITION_FAILED for part, reason in pairs
        )

    def judge(
        self,
        pairs: Sequence[tuple[Part, Reason]],
        seen: Mapping[int, Item | None],
        state: GuardState,
        may_change: bool,
    ) -> Program[list[Refusal]]:
        """Move what was in the way. Returns the verdicts where that decides the attempt.

        `seen` are the items under the keys of the writes, by position. With `may_change`, the next
        attempt may send another request than this one.
        """
        under: dict[int, Item] = {}
        beside: dict[int, Item] = {}
        others: dict[int, Item] = {}
        for part, reason in pairs:
            position = part.position
            moving: Moving | None = self.plans[position].entity.moving
            if moving is None or code_of(reason) != CONDITION_FAILED:
                continue
            if part.role == "main":
                item = seen.get(position)
                if item is not None and moving.is_earlier(item):
                    under[position] = item
            elif part.role == "earlier":
                # If it is gone, somebody else moved it, and the next attempt shows the result.
                item = reason.get("Item") or (yield from self._read(position, state))
                self.strangers.pop(position, None)
                if item is not None:
                    (beside if moving.is_earlier(item) else others)[position] = item
        for failed in (yield from self._move(under, state)).values():
            raise failed
        there = dict(beside)
        for position, failed in (yield from self._move(beside, state)).items():
            if self._is_written(position, beside[position]):
                raise failed
            others[position] = beside[position]
        others |= {position: there[position] for position in there.keys() - beside.keys()}
        if not (under or self.decides(pairs)):
            return []
        self._leave(others)
        final = () if may_change else others
        return [
            Refusal(
                part.position,
                "collision" if part.position in final else "earlier",
                code_of(reason),
                again=part.position not in final,
            )
            for part, reason in pairs
        ]

    def _leave(self, others: Mapping[int, Item]) -> None:
        """Remember items under earlier keys that stay: their fields that identify them."""
        for position, item in others.items():
            moving = self.plans[position].entity.moving
            told = {name for one in (moving.earlier, moving.entity) for name in one.telling}
            self.strangers[position] = {name: item[name] for name in item if name in told}

    def _is_written(self, position: int, item: Item) -> bool:
        """Whether an item in its earlier form belongs to one of the writes, or may do so."""
        plan = self.plans[position]
        try:
            after = plan.entity.moving.forward(item)
        except LeydenError:
            return True
        one = item_id(plan.table, {name: after[name] for name in plan.key})
        return any(item_id(other.table, other.key) == one for other in self.plans)

    def _move(self, met: dict[int, Item], state: GuardState) -> Program[dict[int, LeydenError]]:
        """Move items to their new form. Returns the errors of those that cannot move, by position.

        Two writes may meet the same item, which is moved once. Items that no step changes are
        removed from `met`, because nothing can give them what the new form needs. An item that
        changed meanwhile stays in `met`, as only another attempt shows what a write meets now.
        """
        groups: dict[tuple[str, str], dict[Any, list[int]]] = {}
        for position, item in met.items():
            plan = self.plans[position]
            one = item_id(plan.table, {name: item[name] for name in plan.key})
            group = groups.setdefault((plan.table, plan.entry._name), {})
            group.setdefault(one, []).append(position)
        failed: dict[int, LeydenError] = {}
        for (table, operation), group in groups.items():
            entries = [
                (self.plans[first].entity.moving, met[first]) for first, *_ in group.values()
            ]
            results = yield from move_items(entries, table, operation=operation)
            for positions, moved in zip(group.values(), results, strict=True):
                state.consumed = add_units(state.consumed, moved.consumed)
                for position in positions:
                    if moved.error is not None:
                        failed[position] = moved.error
                    elif moved.outcome == "done" and not moved.is_another:
                        del met[position]
        return failed

    def _read(self, position: int, state: GuardState) -> Program[Item | None]:
        """Read the item under the earlier key of a write, where its refusal did not show it."""
        plan = self.plans[position]
        params = {"TableName": plan.table, "Key": plan.earlier_key, "ConsistentRead": True}
        answer = yield Request("GetItem", params, plan.entry._name, plan.entity.spec.entity)
        state.consumed = add_units(state.consumed, consumed_units(answer))
        item: Item | None = answer.get("Item")
        return item
