"""One attempt of a transaction: its request, and whose each of its parts is."""

from __future__ import annotations

from collections.abc import Sequence

from leyden._attrs import frozen
from leyden.errors import InputError, ItemTooLargeError
from leyden.operations.item_id import ItemId, item_id
from leyden.operations.overflow.layout import TRANSACTION_LIMIT
from leyden.operations.size import request_size
from leyden.operations.transactions.limits import refuse_size
from leyden.operations.transactions.result import WRITE
from leyden.operations.uniqueness.claims import Claim
from leyden.operations.uniqueness.guards import GuardPart, Obstacles, still_left, together
from leyden.operations.write import PreparedWrite, Write
from leyden.program import Item, Params


@frozen
class Plan:
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


def plan_of(
    entries: Sequence[Write],
    writes: Sequence[PreparedWrite],
    obstacles: Obstacles,
    token: str | None,
) -> Plan:
    """The request of an attempt: the writes with all that must go with them.

    Raises InputError and ItemTooLargeError where that is more than a transaction takes.
    """
    guards = _guards(writes, obstacles)
    keys = {item_id(e.entity.table, w.key) for e, w in zip(entries, writes, strict=True)}
    checked: dict[ItemId, tuple[int, str, Item, list[Claim]]] = {}
    for position, guard in guards:
        owner = obstacles.left.get(guard.claim.text)
        # What an operation of this very transaction leaves is settled by its own condition.
        if guard.taken and owner and (one := item_id(guard.table, owner)) not in keys:
            first = checked.setdefault(one, (position, guard.table, owner, []))
            first[3].append(guard.claim)
    extra = len(guards) + len(checked)
    if len(writes) + extra > TRANSACTION_LIMIT:
        raise InputError(
            f"the transaction has {len(writes)} operations and {extra} guards of unique "
            f"values, and DynamoDB takes at most {TRANSACTION_LIMIT} of both; split it where its "
            "parts may happen apart",
            operation=WRITE,
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
            operation=WRITE,
        )
    refuse_size(sum(request_size(body) for part in parts for body in part.values()), WRITE)
    params: Params = {"TransactItems": parts}
    if token is not None:
        params["ClientRequestToken"] = token
    checks = tuple((position, tuple(claims)) for position, _, _, claims in checked.values())
    return Plan(params, writes, guards, checks, tuple(spread))


def _guards(
    writes: Sequence[PreparedWrite], obstacles: Obstacles
) -> tuple[tuple[int, GuardPart], ...]:
    """The guards of all writes, each once, with the position of the write it belongs to.

    Raises InputError where two operations take the same values.
    """
    groups: dict[ItemId, list[tuple[int, GuardPart]]] = {}
    for position, write in enumerate(writes):
        for guard in obstacles.around(write.guards):
            one = item_id(guard.table, guard.claim.key)
            groups.setdefault(one, []).append((position, guard))
    guards = []
    for group in groups.values():
        one = together([guard for _, guard in group])
        takers = [position for position, guard in group if guard.taken]
        if one is None:
            quoted = ", ".join(f'"{name}"' for name in group[0][1].claim.attributes)
            raise InputError(
                f"operations {takers[0]} and {takers[1]} would both have the same values of the "
                f"unique {quoted}",
                operation=WRITE,
            )
        guards.append((takers[0] if takers else group[0][0], one))
    return tuple(guards)
