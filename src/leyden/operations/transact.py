"""Transactions: several writes, or several reads, that happen together or not at all."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property, partial
from typing import Any, Final
from uuid import uuid4

from attrs import define, evolve, field, frozen

from leyden.errors import (
    AwsError,
    DecodeError,
    InputError,
    InvalidOptionError,
    ItemTooLargeError,
    TransactionCanceledError,
)
from leyden.operations.batch_sending import key_text, refuse_duplicates
from leyden.operations.bound import BoundEntity
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
from leyden.operations.overflow_layout import TRANSACTION_BYTES, TRANSACTION_LIMIT
from leyden.operations.overflow_read import ATTEMPTS as JOIN_ATTEMPTS
from leyden.operations.overflow_read import Joining, join_items, wanted_fields
from leyden.operations.overflow_send import is_refused_for_size
from leyden.operations.overflow_write import UNKNOWN, Stored
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

_CONCURRENT_READS: Final = 8
_SIZE_ATTEMPTS: Final = 4


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
        return _plan(self.entries, self._laid, Obstacles(), read.token).params

    def go(self, **options: Any) -> TransactionResult:
        """Write all, or nothing.

        `token` makes the transaction idempotent for ten minutes: sent again with the same
        token it happens once. Raises TransactionCanceledError, whose `rejections` say which
        operations were refused and why; conflicts with other writes are tried again before.

        Where the request depends on what is stored (unique values that are given up, versions
        that a put counts on from), that is read first, and the transaction depends on it; where
        it has changed meanwhile, the transaction begins again. So it does where an item has large
        values outside, unless there is a `token`, under which nothing else can be sent.
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
            _plan(self.entries, self._laid, Obstacles(), None)
        unread = self._laid if read.token is not None else None
        return _Attempts(self.entries, drafts, read.token, unread).run()

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

    @cached_property
    def _laid(self) -> list[PreparedWrite]:
        """The writes over items without large values outside; the same ones each time."""
        laid = []
        for entry, draft in zip(self.entries, self._drafts, strict=True):
            large = draft.spread is not None and draft.spread.needs_reading
            with naming(entry.name, entry.entity):
                stored = Stored(None, is_read=True) if large else UNKNOWN
                laid.append(draft.over(entry.entity, stored))
        return laid

    def _refuse_token(self, drafts: Sequence[PreparedWrite]) -> None:
        for position, (entry, draft) in enumerate(zip(self.entries, drafts, strict=True)):
            large = draft.spread is not None and draft.spread.needs_reading
            if draft.settle is not None or large:
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
    `guards` and `checks` have the position of the write that each belongs to. At the end stand
    the parts of large values, which belong to the writes at `spread`.
    """

    params: Params
    writes: Sequence[PreparedWrite]
    guards: tuple[tuple[int, GuardPart], ...]
    checks: tuple[tuple[int, tuple[Claim, ...]], ...]
    spread: tuple[int, ...]


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
    spread = []
    for position, write in enumerate(writes):
        siblings = write.laid.siblings if write.laid else ()
        parts += siblings
        spread += [position] * len(siblings)
    if spread and len(parts) > TRANSACTION_LIMIT:
        raise ItemTooLargeError(
            f"the transaction has {len(writes)} operations and {len(parts) - len(writes)} guards "
            f"and parts of large values, and DynamoDB takes at most {TRANSACTION_LIMIT} of all; "
            "split it where its parts may happen apart",
            size=len(parts),
            limit=TRANSACTION_LIMIT,
            operation=_WRITE,
        )
    _refuse_size(sum(request_size(body) for part in parts for body in part.values()))
    params: Params = {"TransactItems": parts}
    if token is not None:
        params["ClientRequestToken"] = token
    checks = tuple((position, tuple(claims)) for position, _, _, claims in checked.values())
    return _Plan(params, writes, guards, checks, tuple(spread))


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
    unread: Sequence[PreparedWrite] | None
    """The writes as they are to be sent each time, where there is a token."""
    known: dict[int, Stored] = field(factory=dict)
    """What refusals showed of stored items with large values outside, by position."""
    refused: Counter[int] = field(factory=Counter)
    """How often a write was refused because its item would be too large, by position."""

    def run(self) -> Program[TransactionResult]:
        obstacles, sent, attempt = Obstacles(), 0, 0
        while True:
            attempt += 1
            stored = yield from self._read(obstacles)
            writes = self.unread or [
                self._written(position, draft, stored) for position, draft in enumerate(self.drafts)
            ]
            # What is sent again under one token is one transaction: an earlier attempt may be
            # under way, or done unheard.
            plan = _plan(self.entries, writes, obstacles, self.token or str(uuid4()))
            try:
                response, times = yield from send_transaction(
                    Request("TransactWriteItems", plan.params, _WRITE)
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
        plan: _Plan,
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
                )
            )
        return _canceled(_WRITE, rejections, "nothing was written")

    def _any_other(self, reasons: Sequence[Mapping[str, Any]], plan: _Plan, place: int) -> bool:
        """Whether something stood in the way that beginning again would not have solved."""
        for n, why in enumerate(reasons):
            if n == place or str(why.get("Code", "None")) == "None":
                continue
            laid = plan.writes[n].laid if n < len(plan.writes) else None
            if laid is None or laid.is_over(why.get("Item") or None):
                return True
        return False


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
        consumed: float | None = None
        sent = attempt = 0
        while True:
            attempt += 1
            try:
                response, attempts = yield from send_transaction(
                    Request("TransactGetItems", params, _GET)
                )
            except AwsError as error:
                reasons = cancellation(error)
                if not reasons:
                    raise
                raise _canceled(_GET, self._rejections(reasons), "nothing was read") from error
            sent += attempts
            found: dict[int, Item] = {}
            for place, (entry, part) in enumerate(
                zip(self.entries, response["Responses"], strict=True)
            ):
                item = part.get("Item")
                if item is not None and is_mine(entry.entity, item, entry.marks(), options):
                    found[place] = item
            torn, cost = yield from self._join(found, options)
            consumed = add_units(add_units(consumed, consumed_units(response)), cost)
            if torn is None:
                break
            # Values of one moment: where a part is of another, all are read again.
            if attempt >= JOIN_ATTEMPTS:
                raise torn
            yield Pause(wait_before(attempt))
        items = (
            shape(entry.entity, found[place], options) if place in found else None
            for place, entry in enumerate(self.entries)
        )
        return TransactionResult(tuple(items), consumed, sent)

    def _join(
        self, found: dict[int, Item], options: Options
    ) -> Program[tuple[DecodeError | None, float | None]]:
        """Put large values in their places, table by table; gives the error where that fails."""
        consumed: float | None = None
        for table in dict.fromkeys(entry.entity.table for entry in self.entries):
            places = [n for n in found if self.entries[n].entity.table == table]
            owners = {id(found[n]): self.entries[n].entity for n in places}
            joining = Joining(
                _GET,
                table,
                evolve(options, consistent=True),
                partial(_owner_of, owners),
                partial(wanted_fields, options=options),
                lambda item: True,
                again=False,
            )
            given = [found[n] for n in places]
            joined = yield from join_items(None if options.data == "raw" else joining, given)
            consumed = add_units(consumed, joined.consumed)
            if joined.error is not None:
                return joined.error, consumed
            for n, item in zip(places, joined.items, strict=True):
                assert item is not None, "nothing was read again, so nothing can be gone"
                found[n] = item
        return None, consumed

    def _rejections(self, reasons: Sequence[Mapping[str, Any]]) -> Iterable[Rejection]:
        for position, (entry, why) in enumerate(zip(self.entries, reasons, strict=True)):
            if str(why.get("Code", "None")) != "None":
                values = read_key(entry.entity, entry.given)
                yield rejection(position, entry, entry.entity.compiled.encode(values), why)


def _owner_of(owners: Mapping[int, BoundEntity], item: Item) -> BoundEntity:
    return owners[id(item)]


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
    parts = [*(guard.part for guard in write.guards), *(write.laid.siblings if write.laid else ())]
    bodies = [write.params, *(body for part in parts for body in part.values())]
    unknown = 0 if write.settle is None else (write.most_parts - 1) * _GUARD_BYTES
    return sum(map(request_size, bodies)) + unknown


_GUARD_BYTES: Final = 8 * 1024
"""More than the keys of a guard and of its owner ever are, and what compares them."""


def request_size(params: Params) -> int:
    """The bytes that a write counts for in a transaction."""
    values = params.get("ExpressionAttributeValues", {}).values()
    own = params.get("Item") or params.get("Key", {})
    return item_size(own) + sum(map(value_size, values))
