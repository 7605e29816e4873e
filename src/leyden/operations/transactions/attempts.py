"""The attempts of a transaction: what each learns of what stands in its way."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, Final
from uuid import uuid4

from leyden._attrs import define, field
from leyden.errors import AwsError, ItemTooLargeError, TransactionCanceledError
from leyden.operations.guard import bears
from leyden.operations.item_id import item_id
from leyden.operations.operation import naming
from leyden.operations.options import Options
from leyden.operations.overflow.sending import is_refused_for_size
from leyden.operations.overflow.writing import UNKNOWN, Stored
from leyden.operations.transactions.cancellation import (
    ATTEMPTS,
    CONDITION_FAILED,
    cancellation,
    send_transaction,
    wait_before,
)
from leyden.operations.transactions.plan import Plan, plan_of
from leyden.operations.transactions.result import WRITE, canceled, rejection
from leyden.operations.uniqueness.guards import GuardPart, Obstacles, values_changed
from leyden.operations.write import PreparedWrite, Write
from leyden.program import Gather, Item, Pause, Program, Request
from leyden.results import TransactionResult, add_units, consumed_units

_CONCURRENT_READS: Final = 8
_SIZE_ATTEMPTS: Final = 4
_PLAIN: Final = Options()


@define
class Attempts:
    """The attempts of one transaction, and what they learned of what stands in its way."""

    entries: Sequence[Write]
    drafts: Sequence[PreparedWrite]
    token: str | None
    unread: Sequence[PreparedWrite] | None
    """The writes as they are to be sent each time, where there is a token."""
    known: dict[int, Stored] = field(factory=dict)
    """What refusals showed of stored items with large values outside, by position."""
    refused: Counter[int] = field(factory=Counter)
    """How often a write was refused because its item would be too large, by position."""

    def run(self) -> Program[TransactionResult]:
        """Send until it is granted, or refused for good. Raises TransactionCanceledError."""
        obstacles, sent, attempt = Obstacles(), 0, 0
        while True:
            attempt += 1
            stored = yield from self._read(obstacles)
            writes = self.unread or [
                self._written(position, draft, stored) for position, draft in enumerate(self.drafts)
            ]
            # What is sent again under one token is one transaction: an earlier attempt may be
            # under way, or done unheard.
            plan = plan_of(self.entries, writes, obstacles, self.token or str(uuid4()))
            try:
                response, times = yield from send_transaction(
                    Request("TransactWriteItems", plan.params, WRITE)
                )
            except ItemTooLargeError:
                # Refused as a whole, so that it may be any of them.
                large = [n for n, draft in enumerate(self.drafts) if draft.spread is not None]
                if not large or self.token is not None or attempt >= _SIZE_ATTEMPTS:
                    raise
                self.refused.update(large)
                sent += 1
            except AwsError as error:
                reasons = cancellation(error)
                if not reasons:
                    raise
                again = attempt < ATTEMPTS and self.token is None
                if not (
                    again and (yield from self._may_begin_again(plan, stored, reasons, obstacles))
                ):
                    shown, read = yield from self._looked_at(reasons, plan)
                    raise self._canceled(shown, plan, read) from error
                sent += 1
            else:
                break
            yield Pause(wait_before(attempt))
        items = tuple(
            entry.returned(write.kept, _PLAIN)
            for entry, write in zip(self.entries, writes, strict=True)
        )
        consumed = add_units(obstacles.consumed, consumed_units(response))
        return TransactionResult(items, consumed, sent + times)

    def _written(
        self,
        position: int,
        draft: PreparedWrite,
        stored: Mapping[int, Item | None],
    ) -> PreparedWrite:
        """The write over what is known to be stored."""
        entry = self.entries[position]
        write = draft if draft.settle is None else draft.settle(stored[position])
        known = self.known.get(position, UNKNOWN)
        if position in stored:
            known = Stored(stored[position], is_read=True, refusals=self.refused[position])
        with naming(entry.name, entry.entity):
            return write.over(entry.entity, known)

    def _read(self, obstacles: Obstacles) -> Program[Mapping[int, Item | None]]:
        """What is stored under the keys of the writes that depend on it, by their positions."""
        wanted = [
            n
            for n, draft in enumerate(self.drafts)
            if draft.settle is not None
            or (draft.spread is not None and (draft.spread.needs_reading or n in self.refused))
        ]
        if not wanted:
            return {}
        requests = []
        for position in wanted:
            entry, key = self.entries[position], self.drafts[position].key
            get = {"TableName": entry.entity.table, "Key": key, "ConsistentRead": True}
            requests.append(Request("GetItem", get, entry.name, entry.entity.spec.entity))
        responses = yield Gather(tuple(requests), _CONCURRENT_READS)
        stored: dict[int, Item | None] = {}
        for position, response in zip(wanted, responses, strict=True):
            if isinstance(response, Exception):
                raise response
            obstacles.consumed = add_units(obstacles.consumed, consumed_units(response))
            item = response.get("Item")
            # Of another item under the key nothing is given up: the write will be refused.
            mine = item is not None and bears(item, self.drafts[position].marks)
            stored[position] = item if mine else None
        return stored

    def _may_begin_again(
        self,
        plan: Plan,
        stored: Mapping[int, Item | None],
        reasons: Sequence[Mapping[str, Any]],
        obstacles: Obstacles,
    ) -> Program[bool]:
        """Whether all that was refused may be granted once what has changed is looked at."""
        failed = [n for n, why in enumerate(reasons) if why.get("Code") == CONDITION_FAILED]
        count = len(plan.writes)
        large = [
            n for n in range(count) if self.drafts[n].spread and is_refused_for_size(reasons[n])
        ]
        self.refused.update(large)
        if not failed and not large:
            return False
        for place in failed:
            item = reasons[place].get("Item") or None
            behind = place - count - len(plan.guards)
            if place >= len(reasons) - len(plan.spread):
                # A part that was to move along is gone; with its item, unless it is lost.
                position = plan.spread[place - (len(reasons) - len(plan.spread))]
                self.known.pop(position, None)
                continue
            if place < count:
                if not self._outdated(place, plan.writes[place], stored, item):
                    return False
            elif behind >= 0:
                for claim in plan.checks[behind][1]:
                    obstacles.left.pop(claim.text, None)
            else:
                position, guard = plan.guards[place - count]
                entry = self.entries[position]
                request = Request("", {}, WRITE, entry.entity.spec.entity)
                if (yield from obstacles.judge(guard, item, request)) is not None:
                    return False
                if self._left_by_unread(guard, obstacles):
                    return False
        return True

    def _outdated(
        self,
        position: int,
        write: PreparedWrite,
        stored: Mapping[int, Item | None],
        now: Item | None,
    ) -> bool:
        """Whether a write was refused because its item is not any more what was read."""
        entry = self.entries[position]
        if now is not None and not bears(now, write.marks):
            return False
        if write.laid is not None and not write.laid.is_over(now):
            self.known[position] = Stored(now, is_read=True)
            return True
        if position not in stored:
            return False
        if values_changed(entry.entity, stored[position], now):
            return True
        return entry.counts_on and write.expected is not None and not write.expected.holds(now)

    def _left_by_unread(self, guard: GuardPart, obstacles: Obstacles) -> bool:
        """Whether the guard was left by the item of an operation that does not say so itself."""
        owner = obstacles.left.get(guard.claim.text)
        if owner is None:
            return False
        left = item_id(guard.table, owner)
        return any(
            draft.settle is None and item_id(entry.entity.table, draft.key) == left
            for entry, draft in zip(self.entries, self.drafts, strict=True)
        )

    def _looked_at(
        self, reasons: Sequence[Mapping[str, Any]], plan: Plan
    ) -> Program[tuple[Sequence[Mapping[str, Any]], frozenset[int]]]:
        """The reasons with the items that tell them apart, and which of these had to be read.

        The service leaves out an item that does not exist; some engines leave out all. A read
        that fails leaves its reason as it is.
        """
        unclear = []
        for place, write in enumerate(plan.writes):
            asked = self.entries[place].asked
            told = reasons[place].get("Item") or reasons[place].get("Code") != CONDITION_FAILED
            if not told and asked.needs != "anything" and not asked.is_by_verb_alone:
                unclear.append((place, write.key))
        if not unclear:
            return reasons, frozenset()
        requests = tuple(
            Request(
                "GetItem",
                {"TableName": self.entries[n].entity.table, "Key": key, "ConsistentRead": True},
                self.entries[n].name,
                self.entries[n].entity.spec.entity,
            )
            for n, key in unclear
        )
        responses = yield Gather(requests, _CONCURRENT_READS)
        shown, read = list(reasons), set()
        for (place, _), response in zip(unclear, responses, strict=True):
            if not isinstance(response, Exception):
                read.add(place)
                shown[place] = {**reasons[place], "Item": response.get("Item")}
        return shown, frozenset(read)

    def _canceled(
        self, reasons: Sequence[Mapping[str, Any]], plan: Plan, read: frozenset[int]
    ) -> TransactionCanceledError:
        rejections = []
        count = len(plan.writes)
        owners = [
            *range(count),
            *(n for n, _ in plan.guards),
            *(n for n, _ in plan.checks),
            *plan.spread,
        ]
        claims = [guard.claim for _, guard in plan.guards] + [some[0] for _, some in plan.checks]
        for place, why in enumerate(reasons):
            if str(why.get("Code", "None")) == "None":
                continue
            position = owners[place]
            write = plan.writes[position]
            guard = count <= place < count + len(claims)
            unique = claims[place - count].attributes if guard else ()
            item = why.get("Item") or None
            overflow = write.laid is not None and not write.laid.is_over(item)
            if overflow and place < count and self._any_other(reasons, plan, place):
                continue
            rejections.append(
                rejection(
                    position,
                    self.entries[position],
                    write.kept,
                    why,
                    marks=write.marks,
                    expected=write.expected,
                    unique=unique,
                    overflow=overflow or place >= count + len(claims),
                    asked=self.entries[position].asked if place < count else None,
                    is_item_read=place in read,
                )
            )
        return canceled(WRITE, rejections, "nothing was written")

    def _any_other(self, reasons: Sequence[Mapping[str, Any]], plan: Plan, place: int) -> bool:
        """Whether something stood in the way that beginning again would not have solved."""
        for n, why in enumerate(reasons):
            if n == place or str(why.get("Code", "None")) == "None":
                continue
            laid = plan.writes[n].laid if n < len(plan.writes) else None
            if laid is None or laid.is_over(why.get("Item") or None):
                return True
        return False
