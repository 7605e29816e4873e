"""What a write meets in its earlier form while a migration is under way: it is moved, then written.

A write is sent as if its item had been moved already, on the condition that this is so. Its refusal
shows the item where it has not; that is moved, in a request of its own that changes no value, and
the write is sent again. What an attempt met in its earlier form decides nothing else about it: only
the next attempt shows what a service without a migration would have been told.
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
    """What the attempts of a write or a transaction met in its earlier form.

    `strangers` are what was seen under earlier keys of writes and is not to be moved, by position:
    another item that has such a key now, or one that cannot be moved.
    """

    plans: Sequence[WritePlan]
    strangers: dict[int, Item] = field(factory=dict)

    def beside_strangers(self, position: int, write: ResolvedWrite) -> ResolvedWrite:
        """The write, which leaves alone what stands under its earlier key and is not its item."""
        stranger = self.strangers.get(position)
        if stranger is None or write.earlier is None:
            return write
        return evolve(write, earlier=evolve(write.earlier, stranger=stranger))

    def read(self, found: Mapping[int, Item | None], state: GuardState) -> Program[bool]:
        """Move those of the items that were read in their earlier form; whether there were any."""
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
        """Whether something stood under an earlier key, so that nothing else need be looked at."""
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
        """Move what stood in the way; gives the verdicts where that decides the attempt.

        `seen` is what stands under the keys of the writes, by position. `may_change`: the next
        attempt may be another request than this one.
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
                # What is not there any more was moved by somebody, and its write is still to come.
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
        """Leave what stands under earlier keys alone: its fields that tell it from others."""
        for position, item in others.items():
            moving = self.plans[position].entity.moving
            told = {name for one in (moving.earlier, moving.entity) for name in one.telling}
            self.strangers[position] = {name: item[name] for name in item if name in told}

    def _is_written(self, position: int, item: Item) -> bool:
        """Whether an item in its earlier form is that of one of the writes, or cannot tell."""
        plan = self.plans[position]
        try:
            after = plan.entity.moving.forward(item)
        except LeydenError:
            return True
        one = item_id(plan.table, {name: after[name] for name in plan.key})
        return any(item_id(other.table, other.key) == one for other in self.plans)

    def _move(self, met: dict[int, Item], state: GuardState) -> Program[dict[int, LeydenError]]:
        """Bring items into their new form; gives the errors of those that cannot be, by position.

        Two writes may meet one item, which is moved once. Items that no step changes are taken out
        of `met`: what they lack of the new form, they have nothing to make it of. One that changed
        meanwhile stays in it, as only another attempt shows what a write meets now.
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
        """What stands under the earlier key of a write, where its refusal did not show it."""
        plan = self.plans[position]
        params = {"TableName": plan.table, "Key": plan.earlier_key, "ConsistentRead": True}
        answer = yield Request("GetItem", params, plan.entry._name, plan.entity.spec.entity)
        state.consumed = add_units(state.consumed, consumed_units(answer))
        item: Item | None = answer.get("Item")
        return item
