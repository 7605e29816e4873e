"""What a refusal means: the one table of verdicts over the parts of what was sent.

DynamoDB says of each part of a transaction why it was refused, and of a plain request the same of
its only part. The verdict depends on whose part it was:

| part    | refused as                | verdict                                                   |
| ------- | ------------------------- | --------------------------------------------------------- |
| main    | condition                 | `collision`: another item is stored under the key         |
|         |                           | `version`: not the one seen; again if none had been seen  |
|         |                           | `overflow`, again: it has other large values than thought |
|         |                           | again: the unique values that were read have changed      |
|         |                           | `exists`, `not_found`, `composite`, `where`: what the     |
|         |                           | caller asked does not hold                                |
|         |                           | `vector`: it would leave a vector without its partition   |
|         |                           | `variant`: a path leads into another variant of a union   |
|         |                           | `derived`: what it begins is derived of what is not known |
|         |                           | `earlier`, again: it was in its earlier form, and has     |
|         |                           | been moved                                                |
| earlier | condition                 | `earlier`, again: the item stood under its earlier key,   |
|         |                           | and has been moved; of a create `exists`, `collision`     |
| guard   | condition                 | `unique`; again where its owner is gone or has let go     |
| check   | condition                 | `unique`, again: the owner has the values back            |
| sibling | condition                 | `overflow`, again: a part of a large value is gone        |
| any     | conflict, throttled       | `conflict`, `throttled`: passes by itself                 |
| main    | the item too large        | `invalid`, again with less in the item where that may be  |
| any     | anything else             | `size`, `invalid`                                         |

Again means that the write is planned anew, over what the refusal told, and sent once more. All else
is final: of a single write it is its error, of a transaction a `Rejection`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final, Literal, TypeAlias

from leyden._attrs import field, frozen
from leyden._ledger import CANCELED, IN_PROGRESS
from leyden.errors import (
    AwsError,
    ConditionFailedError,
    InputError,
    ItemTooLargeError,
    LeydenError,
    TransactionCanceledError,
    UniqueConstraintError,
)
from leyden.operations.bound import BoundEntity, matches
from leyden.operations.companions.overflow.format import TRANSACTION_LIMIT, record_or_none
from leyden.operations.companions.unique import Claim
from leyden.operations.companions.versions import conflict
from leyden.operations.plan.identity import collision
from leyden.operations.plan.refusal import Why, told_of, why_refused
from leyden.operations.plan.writes import ResolvedWrite
from leyden.operations.run.sending import RESENDS, pause_before
from leyden.outcomes import Rejection
from leyden.program import Item, Program, Request, Response


def refuse_count(operation: str, entries: Sequence[Any]) -> None:
    """Raise InputError for no operations, or more than DynamoDB takes in a transaction."""
    if not entries:
        raise InputError("a transaction needs at least one operation", operation=operation)
    if len(entries) > TRANSACTION_LIMIT:
        raise InputError(
            f"the transaction has {len(entries)} operations and DynamoDB takes at most "
            f"{TRANSACTION_LIMIT}; split it where its parts may happen apart",
            operation=operation,
        )


Reason: TypeAlias = Mapping[str, Any]
"""What DynamoDB says of one part: a `Code`, and the `Item` that is stored, if it tells."""

CONDITION_FAILED: Final = "ConditionalCheckFailed"
"""The reason of a part whose condition did not hold."""

_CONFLICT: Final = "TransactionConflictException"
_REFUSED_FOR_SIZE: Final = "ValidationError"
_PASSING: Final = frozenset(
    {"TransactionConflict", "ThrottlingError", "ProvisionedThroughputExceeded"}
)


def code_of(reason: Reason) -> str:
    """Why a part was refused, in AWS's words; `None` for one that was not."""
    return str(reason.get("Code", "None"))


def cancellation(error: LeydenError) -> Sequence[Reason] | None:
    """The reasons of a cancelled transaction, one a part; empty while one is in progress.

    None for any other error.
    """
    if not isinstance(error, AwsError):
        return None
    if error.aws_code == IN_PROGRESS:
        return ()
    if error.aws_code != CANCELED or error.response is None:
        return None
    return tuple(error.response.get("CancellationReasons") or ())


def reasons_of(error: LeydenError) -> Sequence[Reason]:
    """The reasons of a refusal; empty for an error of which nothing is to be learned.

    A plain request that was refused reads as a transaction of one part.
    """
    if isinstance(error, ConditionFailedError):
        return ({"Code": CONDITION_FAILED, "Item": error.item},)
    if isinstance(error, AwsError) and error.aws_code == _CONFLICT:
        return ({"Code": "TransactionConflict"},)
    return cancellation(error) or ()


def may_pass(reasons: Sequence[Reason]) -> bool:
    """Whether only passing causes stood in the way, so that trying again is safe and useful."""
    return {code_of(reason) for reason in reasons} - {"None"} <= _PASSING


def is_too_large(error: LeydenError) -> bool:
    """Whether the service refused a request as a whole for the size of an item."""
    if isinstance(error, ItemTooLargeError):
        return True
    refused = isinstance(error, AwsError) and error.aws_code == "ValidationException"
    return refused and _says_too_large(str(error))


def is_refused_for_size(reason: Reason) -> bool:
    """Whether this is the reason of a part whose item would be too large."""
    return code_of(reason) == _REFUSED_FOR_SIZE and _says_too_large(str(reason.get("Message", "")))


def _says_too_large(text: str) -> bool:
    folded = text.lower()
    return "item size" in folded and "exceeded" in folded


def send_transaction(request: Request) -> Program[tuple[Response, int]]:
    """Send a transaction, again where only passing causes stood in the way; and how often.

    Under its token it is the same transaction each time, so that one whose answer was lost, or
    that is still in progress, happens once. Raises the AwsError of the last attempt.
    """
    attempt = 0
    while True:
        attempt += 1
        try:
            response: Response = yield request
        except AwsError as error:
            reasons = cancellation(error)
            if reasons is None or not may_pass(reasons) or attempt >= RESENDS:
                raise
        else:
            return response, attempt
        yield pause_before(attempt)


_CALLED: Final = {
    **dict.fromkeys(("composite", "vector", "variant", "derived", "where", "unknown"), "condition"),
    "earlier": "conflict",
}
"""What a rejection calls verdicts, where it has another word."""

WRITE: Final = "transact_write"
GET: Final = "transact_get"


def rejection(
    position: int,
    operation: str,
    entity: BoundEntity,
    key: Item,
    reason: str,
    code: str,
    raw: Item | None = None,
    *,
    attributes: tuple[str, ...] = (),
    is_mine: bool = False,
) -> Rejection:
    """Why an operation was refused, whose key attributes `key` holds.

    `code` is the reason in AWS's words. `is_mine`: `raw` is the item that was meant.
    """
    values = entity.mapping.decode_values(key)
    names = entity.keys.primary.spec.composites
    return Rejection(
        position,
        operation,
        entity.spec.entity,
        {name: values[name] for name in names if name in values},
        reason,
        code,
        record_or_none(entity, raw) if is_mine else None,
        raw,
        attributes,
    )


def canceled(
    operation: str, rejections: Iterable[Rejection], outcome: str
) -> TransactionCanceledError:
    """The error for a transaction that was refused; `outcome` says what did not happen."""
    found = tuple(rejections)
    said = "; ".join(map(str, found))
    return TransactionCanceledError(
        f"the transaction was cancelled and {outcome}: {said}",
        rejections=found,
        operation=operation,
    )


Verdict: TypeAlias = (
    Why
    | Literal[
        "collision",
        "version",
        "overflow",
        "unique",
        "earlier",
        "conflict",
        "throttled",
        "size",
        "invalid",
    ]
)

_VERDICTS: Final[Mapping[str, Verdict]] = {
    "TransactionConflict": "conflict",
    "ThrottlingError": "throttled",
    "ProvisionedThroughputExceeded": "throttled",
    "ItemCollectionSizeLimitExceeded": "size",
}
"""The verdicts that depend on the reason alone."""


@frozen
class Refusal:
    """The verdict over one part that was refused, for the write at `position`.

    `again` says that another attempt may be granted. `raw` is the stored item, or the guard of a
    unique value; `is_known`: without `raw`, nothing is stored. `claim` is the unique value that
    `owner` has.
    """

    position: int
    verdict: Verdict
    code: str
    again: bool = False
    raw: Item | None = field(default=None, repr=False)
    is_known: bool = False
    is_mine: bool = False
    """Whether `raw` is the item that was meant."""
    claim: Claim | None = field(default=None, repr=False)
    owner: Item | None = field(default=None, repr=False)


def verdict_of_main(write: ResolvedWrite, stored: Item | None, *, is_known: bool) -> Verdict:
    """Which of the conditions of a write itself did not hold."""
    if stored is not None and not matches(stored, write.plan.identity):
        return "collision"
    if write.expected is not None and not write.expected.holds(stored):
        return "version"
    if write.overflow is not None and not write.overflow.is_over(stored):
        return "overflow"
    return why_refused(write.plan.asked, stored, is_known=is_known)


def verdict_of_code(code: str) -> Verdict:
    """The verdict over a part that was refused for something else than a condition."""
    return _VERDICTS.get(code, "invalid")


def error_of(
    refusal: Refusal, write: ResolvedWrite, request: Request, cause: LeydenError
) -> ConditionFailedError:
    """The error of a single write that was refused for good, by a condition."""
    entity, stored = write.plan.entity, refusal.raw
    unsure = isinstance(cause, ConditionFailedError) and cause.unsure
    error: ConditionFailedError
    match refusal.verdict:
        case "collision":
            assert stored is not None
            error = collision(write.plan.identity, stored, request)
        case "version":
            operation = request.operation
            error = conflict(entity, stored, request, operation, unsure=unsure)
        case "unique":
            assert refusal.claim is not None
            error = _violated(refusal.claim, refusal.owner or {}, request)
        case (
            "exists"
            | "not_found"
            | "composite"
            | "vector"
            | "variant"
            | "derived"
            | "where"
            | "unknown" as why
        ):
            plan, is_known = write.plan, refusal.is_known
            error = told_of(
                plan.entry, plan.asked, why, stored, request, is_known=is_known, unsure=unsure
            )
            # Whoever looks for the service's own answer finds it one step behind.
            error.__cause__ = cause.__cause__ if isinstance(cause, ConditionFailedError) else cause
            return error
        case _:
            raise AssertionError(f"{refusal.verdict} is not about a condition of the caller's")
    error.__cause__ = cause
    return error


def rejection_of(refusal: Refusal, write: ResolvedWrite) -> Rejection:
    """What the error of a transaction says of a part that was refused."""
    entry, raw = write.plan.entry, refusal.raw
    reason = refusal.verdict
    return rejection(
        refusal.position,
        entry._name,
        entry._entity,
        write.kept,
        _CALLED.get(reason, reason),
        refusal.code,
        raw,
        attributes=() if refusal.claim is None else refusal.claim.attributes,
        is_mine=refusal.is_mine,
    )


def _violated(claim: Claim, owner: Item, request: Request) -> UniqueConstraintError:
    """The error for values that another item has."""
    quoted = ", ".join(f'"{name}"' for name in claim.attributes)
    one = "this value" if len(claim.attributes) == 1 else "these values together"
    return UniqueConstraintError(
        f"another item has {one} of {quoted}, which must be unique; nothing was written",
        attributes=claim.attributes,
        owner=owner,
        request=request,
        operation=request.operation,
        entity=request.entity,
    )
