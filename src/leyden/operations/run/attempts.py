"""The attempts of a write or a transaction, and what they learn from refusals.

`verdicts` has the table by which refusals are judged. Where every reason was only that something
had changed meanwhile, the next attempt is planned over what the refusal showed. Anything else is
final.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from leyden._attrs import evolve, frozen
from leyden.errors import LeydenError
from leyden.operations.companions.overflow.writing import UNKNOWN, Stored
from leyden.operations.companions.unique import GuardPart, GuardState, values_changed
from leyden.operations.plan.writes import Part, ResolvedWrite, WritePlan, resolve
from leyden.operations.run.sending import SIZES, WRITES, pause_before
from leyden.operations.run.verdicts import (
    CONDITION_FAILED,
    Reason,
    Refusal,
    Verdict,
    code_of,
    is_refused_for_size,
    is_too_large,
    reasons_of,
    verdict_of_code,
    verdict_of_main,
)
from leyden.program import Item, Program, Request, Response, Work
from leyden.results import add_units, bytes_written, consumed_units

if TYPE_CHECKING:
    from leyden.operations.run.earlier import Earlier


@frozen(slots=False)
class Written:
    """What was written in the end, and what it took.

    `earlier` is what the requests before the last one consumed. `attempts` counts the requests that
    were sent to write. `attributes` is the item that `response=` of a single write asked for.
    """

    writes: Sequence[ResolvedWrite]
    response: Response
    earlier: float | None = None
    attempts: int = 1
    attributes: Item | None = None

    @property
    def consumed(self) -> float | None:
        """The capacity units that all requests consumed."""
        return add_units(self.earlier, consumed_units(self.response))

    @property
    def bytes_written(self) -> int | None:
        """The bytes that were written to vector indexes."""
        return bytes_written(self.response)


class Attempts(ABC):
    """The attempts of one write or transaction, and what they learn from refusals."""

    __slots__ = ("earlier", "has_read", "known", "plans", "state", "unclear")

    def __init__(self, plans: Sequence[WritePlan]) -> None:
        self.plans = plans
        self.state = GuardState()
        self.known: dict[int, Stored] = {}
        """What is known of stored items by position: what was read, or shown by a refusal."""
        self.unclear: set[int] = set()
        """Positions to read before the next attempt, as the refusal did not show enough."""
        self.has_read = False
        self.earlier: Earlier | None = None
        """Items that were met in an earlier form; None where no migration is under way."""
        if any(plan.entity.moving is not None for plan in plans):
            from leyden.operations.run.earlier import Earlier

            self.earlier = Earlier(plans)

    def run(self, first: LeydenError | None = None) -> Program[Written]:
        """Send until it succeeds or is refused for good; `first` is the first attempt's error."""
        attempt = sent = 0
        while True:
            attempt += 1
            writes, parts = yield from self.prepared()
            try:
                if first is not None and attempt == 1:
                    raise first
                response, times = yield from self.send(writes, parts)
            except LeydenError as error:
                refusals = yield from self.judge(error, writes, parts)
                if refusals is None:
                    raise
                if not refusals:
                    response, times = {}, 1
                    break
                again = all(refusal.again for refusal in refusals)
                may = self.may_begin_again or all(one.verdict == "earlier" for one in refusals)
                if not again or attempt >= WRITES or not may:
                    told = self.refused(error, refusals, writes, attempt)
                    raise told from told.__cause__
            else:
                break
            sent += 1
            # A write that read nothing first learns from its first refusal. That needs no pause,
            # because no other write was in its way.
            if attempt > 1 or self.has_read:
                yield pause_before(attempt)
        attributes = response.get("Attributes")
        return Written(writes, response, self.state.consumed, sent + times, attributes)

    @property
    def may_begin_again(self) -> bool:
        """Whether another attempt may be planned over what a refusal showed."""
        return True

    @abstractmethod
    def depends(self, position: int) -> bool:
        """Whether the write depends on its stored item, which is then read before each attempt."""

    @abstractmethod
    def prepared(self) -> Program[tuple[Sequence[ResolvedWrite], Sequence[Part]]]:
        """Read what must be read, and return the writes over it with all their parts."""

    @abstractmethod
    def send(
        self, writes: Sequence[ResolvedWrite], parts: Sequence[Part]
    ) -> Program[tuple[Response, int]]:
        """Send one attempt. Returns the answer, and how often it was sent."""

    @abstractmethod
    def get(self, positions: Iterable[int]) -> Program[Sequence[Any]]:
        """Read the items at these positions. Returns their answers or errors."""

    @abstractmethod
    def take(self, position: int, item: Item | None) -> Item | None:
        """Return an item that was read before an attempt, if it is the intended one."""

    @abstractmethod
    def must_see(self, write: ResolvedWrite, error: LeydenError) -> bool:
        """Whether a refusal cannot be explained without the stored item."""

    @abstractmethod
    def refused(
        self,
        error: LeydenError,
        refusals: Sequence[Refusal],
        writes: Sequence[ResolvedWrite],
        attempt: int,
    ) -> LeydenError:
        """Return the error to end with."""

    def wanted(self) -> list[int]:
        """Return the positions whose items must be read before the next attempt."""
        return [n for n, plan in enumerate(self.plans) if n in self.unclear or self._needs(n, plan)]

    def _needs(self, position: int, plan: WritePlan) -> bool:
        if self.depends(position):
            return True
        is_large = plan.overflow is not None and plan.overflow.needs_reading
        return is_large and not self.known.get(position, UNKNOWN).is_read

    def read(self) -> Program[None]:
        """Read what the next attempt depends on."""
        wanted = self.wanted()
        if not wanted:
            return
        self.unclear.clear()
        self.has_read = True
        answers = yield from self.get(wanted)
        found: dict[int, Item | None] = {}
        for position, answer in zip(wanted, answers, strict=True):
            if isinstance(answer, LeydenError):
                raise answer
            found[position] = answer.get("Item")
        if self.earlier is not None and (yield from self.earlier.read(found, self.state)):
            self._forget()
            yield from self.read()
            return
        for position in wanted:
            item = self.take(position, found[position])
            refusals = self.known.get(position, UNKNOWN).refusals
            self.known[position] = Stored(item, is_read=True, refusals=refusals)

    def resolved(self, position: int) -> Program[ResolvedWrite]:
        """Return a write over what is known to be stored."""
        plan, known = self.plans[position], self.known.get(position, UNKNOWN)
        compute = partial(resolve, plan, known, is_read=self.depends(position))
        write: ResolvedWrite = (yield Work(compute)) if plan.is_large else compute()
        return write if self.earlier is None else self.earlier.beside_strangers(position, write)

    def asking(self, position: int) -> Request:
        """Return the request for a stored item."""
        plan = self.plans[position]
        params = {"TableName": plan.table, "Key": plan.key, "ConsistentRead": True}
        return Request("GetItem", params, plan.entry._name, plan.entity.spec.entity)

    def judge(
        self, error: LeydenError, writes: Sequence[ResolvedWrite], parts: Sequence[Part]
    ) -> Program[list[Refusal] | None]:
        """Judge all that was refused.

        Returns None for an error that is not a refusal, and an empty list where the write has
        succeeded after all.
        """
        if is_too_large(error):
            return self._judge_size()
        reasons = reasons_of(error)
        if not reasons:
            return None
        pairs = [pair for pair in zip(parts, reasons, strict=False) if code_of(pair[1]) != "None"]
        seen: dict[int, Item | None] = {}
        if self.earlier is None or not self.earlier.decides(pairs):
            seen = yield from self._look(error, writes, pairs)
        if self.wrote_unheard(error, writes, seen):
            return []
        if self.earlier is not None:
            met = yield from self.earlier.judge(pairs, seen, self.state, self.may_begin_again)
            if met:
                self._forget()
                return met
        refusals: list[Refusal] = []
        mains: dict[int, Refusal] = {}
        for part, reason in pairs:
            if code_of(reason) != CONDITION_FAILED:
                refusals.append(self._judge_code(part, reason))
            elif part.role in ("main", "earlier"):
                mains[part.position] = self._judge_main(part, writes[part.position], seen)
                refusals.append(mains[part.position])
            elif part.role == "guard":
                refusals.append((yield from self._judge_guard(part, reason, mains, refusals)))
            elif part.position in mains:
                continue
            elif part.role == "check":
                for claim in part.claims:
                    self.state.stale.pop(claim.text, None)
                refusals.append(_refusal(part, reason, "unique", again=True))
            else:
                # A part that goes with its item is gone: with the item, unless the part was lost.
                self.unclear.add(part.position)
                refusals.append(_refusal(part, reason, "overflow", again=True))
        return refusals

    def _forget(self) -> None:
        """Forget the known items, because some of them have been moved."""
        for position, known in self.known.items():
            self.known[position] = Stored(refusals=known.refusals)

    def wrote_unheard(
        self,
        error: LeydenError,
        writes: Sequence[ResolvedWrite],
        seen: Mapping[int, Item | None],
    ) -> bool:
        """Whether an earlier attempt of this request succeeded, although its answer was lost."""
        return False

    def _look(
        self,
        error: LeydenError,
        writes: Sequence[ResolvedWrite],
        pairs: Sequence[tuple[Part, Reason]],
    ) -> Program[dict[int, Item | None]]:
        """Return the stored items of refused writes, as far as they are known.

        DynamoDB shows the item with a refusal, and shows nothing for one that does not exist; some
        engines never show it. If reading an item fails, that raises only where the verdict depends
        on the item.
        """
        seen: dict[int, Item | None] = {}
        wanted: dict[int, bool] = {}
        for part, reason in pairs:
            if part.role != "main" or code_of(reason) != CONDITION_FAILED:
                continue
            if reason.get("Item"):
                seen[part.position] = reason["Item"]
            elif not self.was_there(part.position):
                asked = self.plans[part.position].asked
                must_see = self.must_see(writes[part.position], error)
                if must_see or (asked.needs != "anything" and not asked.is_by_verb_alone):
                    wanted[part.position] = must_see
        if wanted:
            answers = yield from self.get(wanted)
            for (position, must_see), answer in zip(wanted.items(), answers, strict=True):
                if not isinstance(answer, LeydenError):
                    seen[position] = answer.get("Item")
                elif must_see:
                    raise answer
        return seen

    def was_there(self, position: int) -> bool:
        """Whether the write depended on an item that was read.

        If the item is gone now, it may be back in a moment, so it is read again.
        """
        known = self.known.get(position, UNKNOWN)
        return known.item is not None and self.depends(position)

    def _judge_size(self) -> list[Refusal] | None:
        """Judge a request that was refused as a whole because an item would be too large.

        DynamoDB measures differently from Leyden, and does not say which item it means.
        """
        large = [n for n, plan in enumerate(self.plans) if plan.overflow is not None]
        if not large or not self.may_begin_again or not all(map(self._leaves_more, large)):
            return None
        return [Refusal(n, "invalid", "ValidationError", again=True) for n in large]

    def _leaves_more(self, position: int) -> bool:
        """Make the next attempt leave more room in the item; False after the last such attempt."""
        known = self.known.get(position, UNKNOWN)
        if known.refusals >= SIZES:
            return False
        self.known[position] = evolve(known, refusals=known.refusals + 1)
        self.unclear.add(position)
        return True

    def _judge_code(self, part: Part, reason: Reason) -> Refusal:
        position, verdict = part.position, verdict_of_code(code_of(reason))
        again = (
            part.role == "main"
            and self.plans[position].overflow is not None
            and is_refused_for_size(reason)
            and self._leaves_more(position)
        )
        return _refusal(part, reason, verdict, again=again or self.passes(position, verdict))

    def passes(self, position: int, verdict: Verdict) -> bool:
        """Whether a refusal for another cause than a condition may pass by the next attempt."""
        return False

    def _judge_main(
        self, part: Part, write: ResolvedWrite, seen: Mapping[int, Item | None]
    ) -> Refusal:
        position = part.position
        now, is_known = seen.get(position), position in seen
        verdict = verdict_of_main(write, now, is_known=is_known)
        return Refusal(
            position,
            verdict,
            CONDITION_FAILED,
            again=verdict != "collision" and self._is_outdated(position, write, verdict, now),
            raw=now,
            is_known=is_known,
            is_mine=now is not None and verdict != "collision",
        )

    def _is_outdated(
        self, position: int, write: ResolvedWrite, verdict: Verdict, now: Item | None
    ) -> bool:
        """Whether a write was refused because its item changed after the write was planned."""
        plan, known = write.plan, self.known.get(position, UNKNOWN)
        is_gone = now is None and self.was_there(position)
        if verdict == "version" and not plan.counts_on and not is_gone:
            return False
        is_outdated = (
            is_gone
            or (verdict == "version" and plan.counts_on)
            or (write.overflow is not None and not write.overflow.is_over(now))
            or (self.depends(position) and values_changed(plan.entity, known.item, now))
        )
        if is_gone:
            self.unclear.add(position)
        elif is_outdated:
            self.known[position] = Stored(now, is_read=True, refusals=known.refusals)
        return is_outdated

    def _judge_guard(
        self,
        part: Part,
        reason: Reason,
        mains: Mapping[int, Refusal],
        refusals: Sequence[Refusal],
    ) -> Program[Refusal]:
        """Find whose guard of a unique value was refused.

        If the write's own item has changed, the guard may be for values that the item will not
        have. Where the outcome is certain already, no owner is looked for.
        """
        guard = part.guard
        assert guard is not None
        is_over = not self.may_begin_again or not all(refusal.again for refusal in refusals)
        if part.position in mains or is_over:
            return _refusal(part, reason, "unique", again=not is_over)
        owner = yield from self.state.judge(
            guard, reason.get("Item"), self.operation(part.position)
        )
        again = owner is None and not self._is_left_by_unread(guard)
        return evolve(_refusal(part, reason, "unique", again=again), owner=owner)

    def operation(self, position: int) -> tuple[str, str]:
        """Return the operation and entity on whose behalf items are read."""
        entry = self.plans[position].entry
        return entry._name, entry._entity.spec.entity

    def _is_left_by_unread(self, guard: GuardPart) -> bool:
        """Whether the guard's last owner is the item of another write that does not read it.

        It cannot be checked as well then, because a transaction takes one operation on an item.
        """
        return False


def _refusal(part: Part, reason: Reason, verdict: Verdict, *, again: bool) -> Refusal:
    return Refusal(
        part.position,
        verdict,
        code_of(reason),
        again=again,
        raw=reason.get("Item") or None,
        claim=part.claims[0] if part.claims else None,
    )
