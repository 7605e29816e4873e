"""Transactions: several writes, or several reads, that happen together or not at all."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from typing import Any, Final
from uuid import uuid4

from attrs import define, frozen

from leyden.errors import (
    AwsError,
    InputError,
    InvalidOptionError,
    ItemTooLargeError,
    TransactionCanceledError,
)
from leyden.operations.batch_sending import key_text, refuse_duplicates
from leyden.operations.cancellation import (
    ATTEMPTS,
    CONDITION_FAILED,
    cancellation,
    send_transaction,
    wait_before,
)
from leyden.operations.get import Get, is_mine, read_key
from leyden.operations.guard import bears
from leyden.operations.operation import naming
from leyden.operations.options import TRANSACT_GET, TRANSACT_WRITE, Options, read_options
from leyden.operations.outcome import add_units, consumed_units, shape
from leyden.operations.request import Gather, Item, Params, Pause, Program, Request
from leyden.operations.runner import Runner
from leyden.operations.size import item_size, value_size
from leyden.operations.transact_result import Rejection, TransactionResult, rejection
from leyden.operations.unique import Claim
from leyden.operations.unique_guards import (
    GuardPart,
    Obstacles,
    still_left,
    together,
    values_changed,
)
from leyden.operations.write import PreparedWrite, Write

TRANSACTION_LIMIT: Final = 100
"""The most operations that DynamoDB takes in a transaction."""

TRANSACTION_BYTES: Final = 4 * 1024 * 1024
"""The most bytes that DynamoDB takes in a transaction."""

_CONCURRENT_READS: Final = 8


@frozen(eq=False, repr=False, slots=False)
class TransactWrite:
    """`app.transact_write([...])`: writes and checks that happen together or not at all.

    Generated values, such as ids and times, are made once: sent again, with the same token, it
    is the same transaction.
    """

    runner: Runner
    entries: Sequence[Write]

    def params(self, **options: Any) -> Params:
        """The low-level request; nothing is sent.

        Raises InputError where it depends on what is stored: on the unique values that an
        operation gives up.
        """
        read = read_options(_WRITE, TRANSACT_WRITE, options)
        for entry, draft in zip(self.entries, self._drafts, strict=True):
            with naming(entry.name, entry.entity):
                entry.refuse_reading(draft)
        return _plan(self.entries, self._drafts, Obstacles(), read.token).params

    def go(self, **options: Any) -> TransactionResult:
        """Write all, or nothing.

        `token` makes the transaction idempotent for ten minutes: sent again with the same
        token it happens once. Raises TransactionCanceledError, whose `rejections` say which
        operations were refused and why; conflicts with other writes are tried again before.

        Where the request depends on what is stored (unique values that are given up, versions
        that a put counts on from), that is read first, and the transaction depends on it; where
        it has changed meanwhile, the transaction begins again.
        """
        return self.runner.run(self.program(**options))

    def program(self, **options: Any) -> Program[TransactionResult]:
        """The transaction as a program, for larger ones to go on from: what `go()` runs."""
        read = read_options(_WRITE, TRANSACT_WRITE, options)
        drafts = self._drafts
        if read.token is not None:
            self._refuse_token(drafts)
        elif not any(draft.settle for draft in drafts):
            # Refuses bad input here, not when the program runs.
            _plan(self.entries, drafts, Obstacles(), None)
        return _Attempts(self.entries, drafts, read.token).run()

    def explain(self, **options: Any) -> str:
        """Says in words what the transaction does."""
        lines = [str(entry.explain()) for entry in self.entries]
        return "\n".join([f"{len(lines)} operations, together or not at all:", *lines])

    def __repr__(self) -> str:
        return f"<{_WRITE} of {len(self.entries)}>"

    @cached_property
    def _drafts(self) -> list[PreparedWrite]:
        _refuse_count(_WRITE, self.entries)
        drafts = []
        for position, entry in enumerate(self.entries):
            if not isinstance(entry, Write):
                raise InputError(
                    f"operation {position} is no write or check: a transaction takes chains "
                    "such as task.create(...), task.patch(...).set(...), task.check(...)",
                    operation=_WRITE,
                )
            with naming(entry.name, entry.entity):
                drafts.append(entry.draft())
        tables = [entry.entity.table for entry in self.entries]
        refuse_duplicates(_WRITE, [(t, d.key) for t, d in zip(tables, drafts, strict=True)])
        return drafts

    def _refuse_token(self, drafts: Sequence[PreparedWrite]) -> None:
        for position, (entry, draft) in enumerate(zip(self.entries, drafts, strict=True)):
            if draft.settle is not None:
                raise InvalidOptionError(
                    f"a token promises that the same request is sent again, and operation "
                    f"{position}, {entry.name}, depends on what is stored each time; say in it "
                    "what that is (.composite(), .expecting()), or leave the token out",
                    operation=_WRITE,
                )


@frozen
class _Plan:
    """One attempt: its request, and whose each of its parts is.

    First stand the writes, then the guards, then the checks of owners that left guards behind;
    `guards` and `checks` have the position of the write that each belongs to.
    """

    params: Params
    writes: Sequence[PreparedWrite]
    guards: tuple[tuple[int, GuardPart], ...]
    checks: tuple[tuple[int, tuple[Claim, ...]], ...]


def _plan(
    entries: Sequence[Write],
    writes: Sequence[PreparedWrite],
    obstacles: Obstacles,
    token: str | None,
) -> _Plan:
    guards = _guards(writes, obstacles)
    keys = {key_text(e.entity.table, w.key) for e, w in zip(entries, writes, strict=True)}
    checked: dict[str, tuple[int, str, Item, list[Claim]]] = {}
    for position, guard in guards:
        owner = obstacles.left.get(guard.claim.text)
        # What an operation of this very transaction leaves is settled by its own condition.
        if guard.taken and owner and (text := key_text(guard.table, owner)) not in keys:
            first = checked.setdefault(text, (position, guard.table, owner, []))
            first[3].append(guard.claim)
    extra = len(guards) + len(checked)
    if len(writes) + extra > TRANSACTION_LIMIT:
        raise InputError(
            f"the transaction has {len(writes)} operations and {extra} guards of unique "
            f"values, and DynamoDB takes at most {TRANSACTION_LIMIT} of both; split it where its "
            "parts may happen apart",
            operation=_WRITE,
        )
    parts = []
    for entry, write in zip(entries, writes, strict=True):
        body = dict(write.params)
        if "ConditionExpression" in body:
            body["ReturnValuesOnConditionCheckFailure"] = "ALL_OLD"
        parts.append({entry.part: body})
    parts += [guard.part for _, guard in guards]
    parts += [still_left(claims, owner, table) for _, table, owner, claims in checked.values()]
    _refuse_size(sum(request_size(body) for part in parts for body in part.values()))
    params: Params = {"TransactItems": parts}
    if token is not None:
        params["ClientRequestToken"] = token
    checks = tuple((position, tuple(claims)) for position, _, _, claims in checked.values())
    return _Plan(params, writes, guards, checks)


def _guards(
    writes: Sequence[PreparedWrite], obstacles: Obstacles
) -> tuple[tuple[int, GuardPart], ...]:
    """The guards of all writes, each once, with the position of the write it belongs to.

    Raises InputError where two operations take the same values.
    """
    groups: dict[str, list[tuple[int, GuardPart]]] = {}
    for position, write in enumerate(writes):
        for guard in obstacles.around(write.guards):
            text = key_text(guard.table, guard.claim.key)
            groups.setdefault(text, []).append((position, guard))
    guards = []
    for group in groups.values():
        one = together([guard for _, guard in group])
        takers = [position for position, guard in group if guard.taken]
        if one is None:
            quoted = ", ".join(f'"{name}"' for name in group[0][1].claim.attributes)
            raise InputError(
                f"operations {takers[0]} and {takers[1]} would both have the same values of the "
                f"unique {quoted}",
                operation=_WRITE,
            )
        guards.append((takers[0] if takers else group[0][0], one))
    return tuple(guards)


@define
class _Attempts:
    """The attempts of one transaction, and what they learned of what stands in its way."""

    entries: Sequence[Write]
    drafts: Sequence[PreparedWrite]
    token: str | None

    def run(self) -> Program[TransactionResult]:
        obstacles, sent, attempt = Obstacles(), 0, 0
        while True:
            attempt += 1
            stored = yield from self._read(obstacles)
            writes = [
                draft if draft.settle is None else draft.settle(stored[position])
                for position, draft in enumerate(self.drafts)
            ]
            # What is sent again under one token is one transaction: an earlier attempt may be
            # under way, or done unheard.
            plan = _plan(self.entries, writes, obstacles, self.token or str(uuid4()))
            try:
                response, times = yield from send_transaction(
                    Request("TransactWriteItems", plan.params, _WRITE)
                )
            except AwsError as error:
                reasons = cancellation(error)
                if not reasons:
                    raise
                again = attempt < ATTEMPTS and self.token is None
                if not (
                    again and (yield from self._may_begin_again(plan, stored, reasons, obstacles))
                ):
                    raise self._canceled(reasons, plan) from error
                sent += 1
            else:
                break
            yield Pause(wait_before(attempt))
        items = tuple(
            shape(entry.entity, write.kept, _PLAIN)
            for entry, write in zip(self.entries, writes, strict=True)
        )
        consumed = add_units(obstacles.consumed, consumed_units(response))
        return TransactionResult(items, consumed, sent + times)

    def _read(self, obstacles: Obstacles) -> Program[Mapping[int, Item | None]]:
        """What is stored under the keys of the writes that depend on it, by their positions."""
        wanted = [n for n, draft in enumerate(self.drafts) if draft.settle is not None]
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
        plan: _Plan,
        stored: Mapping[int, Item | None],
        reasons: Sequence[Mapping[str, Any]],
        obstacles: Obstacles,
    ) -> Program[bool]:
        """Whether all that was refused may be granted once what has changed is looked at."""
        failed = [n for n, why in enumerate(reasons) if why.get("Code") == CONDITION_FAILED]
        if not failed:
            return False
        count = len(plan.writes)
        for place in failed:
            item = reasons[place].get("Item") or None
            behind = place - count - len(plan.guards)
            if place < count:
                if not self._outdated(place, plan.writes[place], stored, item):
                    return False
            elif behind >= 0:
                for claim in plan.checks[behind][1]:
                    obstacles.left.pop(claim.text, None)
            else:
                position, guard = plan.guards[place - count]
                entry = self.entries[position]
                request = Request("", {}, _WRITE, entry.entity.spec.entity)
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
        if position not in stored or (now is not None and not bears(now, write.marks)):
            return False
        if values_changed(entry.entity, stored[position], now):
            return True
        return entry.counts_on and write.expected is not None and not write.expected.holds(now)

    def _left_by_unread(self, guard: GuardPart, obstacles: Obstacles) -> bool:
        """Whether the guard was left by the item of an operation that does not say so itself."""
        owner = obstacles.left.get(guard.claim.text)
        if owner is None:
            return False
        text = key_text(guard.table, owner)
        return any(
            draft.settle is None and key_text(entry.entity.table, draft.key) == text
            for entry, draft in zip(self.entries, self.drafts, strict=True)
        )

    def _canceled(
        self, reasons: Sequence[Mapping[str, Any]], plan: _Plan
    ) -> TransactionCanceledError:
        rejections = []
        count = len(plan.writes)
        owners = [*range(count), *(n for n, _ in plan.guards), *(n for n, _ in plan.checks)]
        claims = [guard.claim for _, guard in plan.guards] + [some[0] for _, some in plan.checks]
        for place, why in enumerate(reasons):
            if str(why.get("Code", "None")) == "None":
                continue
            position = owners[place]
            write = plan.writes[position]
            unique = claims[place - count].attributes if place >= count else ()
            rejections.append(
                rejection(
                    position,
                    self.entries[position],
                    write.kept,
                    why,
                    marks=write.marks,
                    expected=write.expected,
                    unique=unique,
                )
            )
        return _canceled(_WRITE, rejections, "nothing was written")


@frozen(eq=False, repr=False)
class TransactGet:
    """`app.transact_get([...])`: items as they all were at one moment."""

    runner: Runner
    entries: Sequence[Get]

    def params(self, **options: Any) -> Params:
        """The low-level request; nothing is sent."""
        return self._request(read_options(_GET, TRANSACT_GET, options))

    def go(self, **options: Any) -> TransactionResult:
        """Read all of them; None stands where there is no item.

        Raises TransactionCanceledError where writes were under way on them, still after all
        attempts.
        """
        return self.runner.run(self.program(**options))

    def program(self, **options: Any) -> Program[TransactionResult]:
        """The transaction as a program, for larger ones to go on from: what `go()` runs."""
        read = read_options(_GET, TRANSACT_GET, options)
        return self._program(self._request(read), read)

    def __repr__(self) -> str:
        return f"<{_GET} of {len(self.entries)}>"

    def _request(self, options: Options) -> Params:
        _refuse_count(_GET, self.entries)
        parts = []
        for position, entry in enumerate(self.entries):
            if not isinstance(entry, Get):
                raise InputError(
                    f"operation {position} is no get: this takes chains such as task.get(...)",
                    operation=_GET,
                )
            parts.append({"Get": entry.params()})
        keys = [(part["Get"]["TableName"], part["Get"]["Key"]) for part in parts]
        refuse_duplicates(_GET, keys)
        return {"TransactItems": parts}

    def _program(self, params: Params, options: Options) -> Program[TransactionResult]:
        try:
            response, attempts = yield from send_transaction(
                Request("TransactGetItems", params, _GET)
            )
        except AwsError as error:
            reasons = cancellation(error)
            if not reasons:
                raise
            raise _canceled(_GET, self._rejections(reasons), "nothing was read") from error
        items = []
        for entry, found in zip(self.entries, response["Responses"], strict=True):
            item = found.get("Item")
            mine = item is not None and is_mine(entry.entity, item, entry.marks(), options)
            items.append(shape(entry.entity, item, options) if mine and item else None)
        return TransactionResult(tuple(items), consumed_units(response), attempts)

    def _rejections(self, reasons: Sequence[Mapping[str, Any]]) -> Iterable[Rejection]:
        for position, (entry, why) in enumerate(zip(self.entries, reasons, strict=True)):
            if str(why.get("Code", "None")) != "None":
                values = read_key(entry.entity, entry.given)
                yield rejection(position, entry, entry.entity.compiled.encode(values), why)


_WRITE: Final = "transact_write"
_GET: Final = "transact_get"
_PLAIN: Final = Options()


def _canceled(
    operation: str, rejections: Iterable[Rejection], outcome: str
) -> TransactionCanceledError:
    found = tuple(rejections)
    said = "; ".join(map(str, found))
    return TransactionCanceledError(
        f"the transaction was cancelled and {outcome}: {said}",
        rejections=found,
        operation=operation,
    )


def _refuse_size(size: int) -> None:
    if size > TRANSACTION_BYTES:
        raise ItemTooLargeError(
            f"the transaction has {size:,} bytes and DynamoDB takes at most "
            f"{TRANSACTION_BYTES:,}; write less in it",
            size=size,
            limit=TRANSACTION_BYTES,
            operation=_WRITE,
        )


def _refuse_count(operation: str, entries: Sequence[Any]) -> None:
    if not entries:
        raise InputError("a transaction needs at least one operation", operation=operation)
    if len(entries) > TRANSACTION_LIMIT:
        raise InputError(
            f"the transaction has {len(entries)} operations and DynamoDB takes at most "
            f"{TRANSACTION_LIMIT}; split it where its parts may happen apart",
            operation=operation,
        )


def transaction_size(write: PreparedWrite) -> int:
    """The bytes that a write and its guards count for in a transaction, at most."""
    bodies = [write.params, *(body for guard in write.guards for body in guard.part.values())]
    unknown = 0 if write.settle is None else (write.most_parts - 1) * _GUARD_BYTES
    return sum(map(request_size, bodies)) + unknown


_GUARD_BYTES: Final = 8 * 1024
"""More than the keys of a guard and of its owner ever are, and what compares them."""


def request_size(params: Params) -> int:
    """The bytes that a write counts for in a transaction."""
    values = params.get("ExpressionAttributeValues", {}).values()
    own = params.get("Item") or params.get("Key", {})
    return item_size(own) + sum(map(value_size, values))
