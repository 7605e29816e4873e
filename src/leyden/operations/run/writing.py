"""The write engine, which sends every single write, guarded batch and transaction.

An attempt reads what its writes depend on, plans every write over what is known, and sends
everything at once. A write without companions is a plain request. Several parts are a transaction
under a token of its own, so that a retry after a lost answer is still the same transaction.
`attempts` judges refusals and tries again.

A transaction under a caller's token is never planned again. The token promises that the same
request is sent, and DynamoDB refuses a different request with the same token.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final
from uuid import uuid4

from leyden._attrs import evolve
from leyden._ledger import has_happened, same_item
from leyden.errors import ConditionFailedError, LeydenError, TransactionCanceledError
from leyden.operations.bound import error_context, item_id, matches
from leyden.operations.companions.overflow.reading import join_items, joining_for
from leyden.operations.companions.overflow.writing import UNKNOWN
from leyden.operations.companions.unique import GuardPart
from leyden.operations.options import DEFAULT, Options, finish
from leyden.operations.plan.identity import collision
from leyden.operations.plan.updated import updated_part
from leyden.operations.plan.writes import Part, ResolvedWrite, WritePlan, parts_of, resolve
from leyden.operations.run.attempts import Attempts, Written
from leyden.operations.run.verdicts import (
    CONDITION_FAILED,
    WRITE,
    Refusal,
    Verdict,
    canceled,
    error_of,
    rejection_of,
    send_transaction,
)
from leyden.program import Gather, Item, Params, Program, Request, Response
from leyden.results import add_units, consumed_units

_CONCURRENT_READS: Final = 8


def write_one(plan: WritePlan, options: Options, wants: str = "") -> Program[Written]:
    """Send one write. `wants` is what `response=` asks for; "" for nothing.

    Raises the error that says why it was refused, or TransactionCanceledError where other writes
    got in the way each time.
    """
    if plan.effect is not None or plan.entity.moving is not None:
        return (yield from _Single(plan, options, wants).run())
    # Most writes succeed as they are, and need none of the state of `Attempts`.
    write = resolve(plan)
    params = write.params if options is DEFAULT else finish(write.params, options)
    try:
        response = yield request_of(plan, params)
    except LeydenError as error:
        return (yield from _Single(plan, options, wants).run(error))
    return Written((write,), response, None, 1, response.get("Attributes"))


def write_together(
    plans: Sequence[WritePlan],
    token: str | None = None,
    unread: Sequence[ResolvedWrite] | None = None,
) -> Program[Written]:
    """Send writes as one transaction. `unread` is what each attempt under a `token` sends.

    Raises TransactionCanceledError, whose rejections say which writes were refused, and why.
    """
    return _Together(plans, token, unread).run()


def request_of(plan: WritePlan, params: Params) -> Request:
    """Return the plain request of a write."""
    entry = plan.entry
    return Request(entry._api, params, entry._name, entry._entity.spec.entity)


_ALONE: Final = (Part("main", 0, {}),)
"""The parts of a plain request."""


class _Single(Attempts):
    """A single write: a plain request, or a transaction with its companions."""

    __slots__ = ("_before", "_options", "_wants")

    def __init__(self, plan: WritePlan, options: Options, wants: str) -> None:
        super().__init__((plan,))
        self._options = options
        self._wants = wants
        self._before: Item | None = None

    def run(self, first: LeydenError | None = None) -> Program[Written]:
        """Send it, and read the item that is wanted where the answer does not have it."""
        done = yield from super().run(first)
        if not done.writes[0].is_accompanied:
            return done
        item = self._before
        if self._wants.endswith("_new"):
            (answer,) = yield from self.get((0,))
            if isinstance(answer, LeydenError):
                raise answer
            item = answer.get("Item")
        if item is not None and self._wants.startswith("updated_"):
            item = updated_part(done.writes[0].params, item)
        return evolve(done, attributes=item, earlier=self.state.consumed)

    def depends(self, position: int) -> bool:
        """Whether unique values may be given up; only the stored item shows which."""
        plan = self.plans[0]
        return plan.effect is not None and plan.effect.kind != "create" and plan.moves_claims

    def prepared(self) -> Program[tuple[Sequence[ResolvedWrite], Sequence[Part]]]:
        """Return the write over what is known. A create and a plain write read nothing first."""
        yield from self.read()
        writes = ((yield from self.resolved(0)),)
        if self._wants.endswith("_old") and writes[0].is_accompanied:
            # A transaction does not return what it replaced, and deletes the parts of large values.
            # So the old item is read before.
            if not self.known.get(0, UNKNOWN).is_read:
                self.unclear.add(0)
                yield from self.read()
                writes = ((yield from self.resolved(0)),)
            if writes[0].is_accompanied:
                self._before = yield from self._joined()
        if not writes[0].is_accompanied:
            return writes, _ALONE
        return writes, parts_of(writes, self.state)

    def send(
        self, writes: Sequence[ResolvedWrite], parts: Sequence[Part]
    ) -> Program[tuple[Response, int]]:
        """Send it as it is, or as a transaction under a token of this attempt."""
        entry = self.plans[0].entry
        if parts is _ALONE:
            params = finish(writes[0].params, self._options)
            return (yield request_of(self.plans[0], params)), 1
        params = _transaction(parts, str(uuid4()))
        request = Request("TransactWriteItems", params, entry._name, entry._entity.spec.entity)
        return (yield from send_transaction(request))

    def get(self, positions: Iterable[int]) -> Program[Sequence[Any]]:
        """Read the stored item consistently."""
        try:
            response = yield self.asking(0)
        except LeydenError as error:
            return [error]
        self.state.consumed = add_units(self.state.consumed, consumed_units(response))
        return [response]

    def take(self, position: int, item: Item | None) -> Item | None:
        """Return the item. Raises KeyCollisionError for another item with the same key."""
        plan = self.plans[0]
        if item is not None and not matches(item, plan.identity):
            raise collision(plan.identity, item, request_of(plan, plan.params))
        return item

    def must_see(self, write: ResolvedWrite, error: LeydenError) -> bool:
        """Whether it may have been refused for more than what the caller asked."""
        plan = write.plan
        return bool(
            plan.identity
            or write.expected is not None
            or plan.has_companions
            or plan.entity.moving is not None
            or error.unsure
        )

    def wrote_unheard(
        self,
        error: LeydenError,
        writes: Sequence[ResolvedWrite],
        seen: Mapping[int, Item | None],
    ) -> bool:
        """Whether an earlier attempt wrote exactly this item, although its answer was lost."""
        written, stored = writes[0].params.get("Item"), seen.get(0)
        if not isinstance(error, ConditionFailedError) or not (error.unsure and stored and written):
            return False
        if same_item(stored, written):
            has_happened(error)
        return error.happened

    def passes(self, position: int, verdict: Verdict) -> bool:
        """Whether another transaction was under way on the item or its companions."""
        return verdict == "conflict" and self.plans[0].has_companions

    def refused(
        self,
        error: LeydenError,
        refusals: Sequence[Refusal],
        writes: Sequence[ResolvedWrite],
        attempt: int,
    ) -> LeydenError:
        """Return the error for what refused it for good, or for other writes that always did."""
        write = writes[0]
        final = [refusal for refusal in refusals if not refusal.again]
        shown = [refusal for refusal in final if refusal.code == CONDITION_FAILED]
        if not final and not write.plan.has_companions and write.plan.entity.moving is None:
            shown = [*refusals]
        if shown:
            return error_of(shown[0], write, request_of(write.plan, write.params), error)
        if final:
            return error
        told = TransactionCanceledError(
            f"other writes got in the way of this one {attempt} times; nothing was "
            "written. Try again later",
            operation=write.plan.entry._name,
        )
        told.__cause__ = error
        return told

    def _joined(self) -> Program[Item | None]:
        """Return the stored item with its large values in place, if they have not changed.

        If they have, the manifest has changed as well, and the transaction will be refused.
        """
        plan, item = self.plans[0], self.known[0].item
        if item is None:
            return None
        options = Options(consistent=True)
        joining = joining_for(plan.entity, plan.entry._name, plan.table, options, lambda _: True)
        joined = yield from join_items(joining, [item])
        self.state.consumed = add_units(self.state.consumed, joined.consumed)
        return joined.items[0]


def _transaction(parts: Sequence[Part], token: str) -> Params:
    return {"TransactItems": [part.body for part in parts], "ClientRequestToken": token}


class _Together(Attempts):
    """Writes that all happen together, or not at all."""

    __slots__ = ("_token", "_unread")

    def __init__(
        self,
        plans: Sequence[WritePlan],
        token: str | None,
        unread: Sequence[ResolvedWrite] | None,
    ) -> None:
        super().__init__(plans)
        self._token = token
        self._unread = unread

    @property
    def may_begin_again(self) -> bool:
        """False under a token, which promises that the same request is sent again."""
        return self._token is None

    def depends(self, position: int) -> bool:
        """Whether the write cannot be built without the stored item."""
        return self._unread is None and self.plans[position].depends

    def prepared(self) -> Program[tuple[Sequence[ResolvedWrite], Sequence[Part]]]:
        """Return the writes over what is known. Under a token they are the same each time."""
        writes = self._unread
        if writes is None:
            yield from self.read()
            writes = []
            for position, plan in enumerate(self.plans):
                with error_context(plan.entry._name, plan.entity):
                    writes.append((yield from self.resolved(position)))
        return writes, parts_of(writes, self.state, WRITE)

    def send(
        self, writes: Sequence[ResolvedWrite], parts: Sequence[Part]
    ) -> Program[tuple[Response, int]]:
        """Send all parts under the caller's token, or one of this attempt."""
        # Requests with the same token are one transaction: an earlier attempt may be under way, or
        # may have succeeded while its answer was lost.
        params = _transaction(parts, self._token or str(uuid4()))
        return (yield from send_transaction(Request("TransactWriteItems", params, WRITE)))

    def get(self, positions: Iterable[int]) -> Program[Sequence[Any]]:
        """Read stored items, several at once."""
        requests = tuple(map(self.asking, positions))
        answers = yield Gather(requests, _CONCURRENT_READS)
        for answer in answers:
            if not isinstance(answer, LeydenError):
                consumed = consumed_units(answer)
                self.state.consumed = add_units(self.state.consumed, consumed)
        return [*answers]

    def take(self, position: int, item: Item | None) -> Item | None:
        """Return the item that was read; None for another item with the same key."""
        # With another item there, the write will be refused.
        return item if item is not None and matches(item, self.plans[position].identity) else None

    def must_see(self, write: ResolvedWrite, error: LeydenError) -> bool:
        """Whether the item may be in its earlier form.

        Otherwise an item that is not shown counts as absent, unless that decides the error.
        """
        return write.plan.entity.moving is not None

    def operation(self, position: int) -> tuple[str, str]:
        """Return the transaction as the operation that reads the owners of guards."""
        return WRITE, self.plans[position].entity.spec.entity

    def refused(
        self,
        error: LeydenError,
        refusals: Sequence[Refusal],
        writes: Sequence[ResolvedWrite],
        attempt: int,
    ) -> LeydenError:
        """Return the error with everything that refused it for good, or else all refusals."""
        final = [refusal for refusal in refusals if not refusal.again]
        rejections = [rejection_of(one, writes[one.position]) for one in final or refusals]
        told = canceled(WRITE, rejections, "nothing was written")
        told.__cause__ = error
        return told

    def was_there(self, position: int) -> bool:
        """Whether the item was seen; a refusal without it says that it is gone, or nothing."""
        return self.known.get(position, UNKNOWN).item is not None

    def _is_left_by_unread(self, guard: GuardPart) -> bool:
        owner = self.state.stale.get(guard.claim.text)
        if owner is None:
            return False
        left = item_id(guard.table, owner)
        return any(
            not plan.depends and item_id(plan.table, plan.key) == left for plan in self.plans
        )
