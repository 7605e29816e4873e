"""What a refusal means: the table of verdicts over the parts of a request.

For each part of a transaction, DynamoDB says why it was refused; a plain request counts as a
transaction of one part. The verdict depends on the role of the part:

| part    | refused as                | verdict                                                   |
| ------- | ------------------------- | --------------------------------------------------------- |
| main    | condition                 | `collision`: another item is stored under the key         |
|         |                           | `version`: not the one seen; again if none had been seen  |
|         |                           | `overflow`, again: its large values are not those assumed |
|         |                           | again: the unique values that were read have changed      |
|         |                           | `exists`, `not_found`, `composite`, `where`: what the     |
|         |                           | caller asked does not hold                                |
|         |                           | `vector`: a vector would be left without its partition    |
|         |                           | `variant`: a path leads into another variant of a union   |
|         |                           | `derived`: a derived attribute has unknown inputs         |
|         |                           | `earlier`, again: it was in its earlier form, and has     |
|         |                           | been moved                                                |
| earlier | condition                 | `earlier`, again: the item was under its earlier key, and |
|         |                           | has been moved; for a create `exists`, `collision`        |
| guard   | condition                 | `unique`; again if its owner is gone or gave it up        |
| check   | condition                 | `unique`, again: the owner has the values back            |
| sibling | condition                 | `overflow`, again: a part of a large value is gone        |
| any     | conflict, throttled       | `conflict`, `throttled`: passes by itself                 |
| main    | the item too large        | `invalid`, again with less in the item where that is      |
|         |                           | possible                                                  |
| any     | anything else             | `size`, `invalid`                                         |

"Again" means that the write is planned again over what the refusal showed, and sent once more. All
other verdicts are final: the error of a single write, or a `Rejection` in a transaction's error.
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
            f"the transaction has {len(entries)} operations, and DynamoDB takes at most "
            f"{TRANSACTION_LIMIT}; split it where its parts may happen apart",
            operation=operation,
        )


Reason: TypeAlias = Mapping[str, Any]
"""What DynamoDB says of one part: a `Code`, and the stored `Item`, if it shows that."""

CONDITION_FAILED: Final = "ConditionalCheckFailed"
"""The reason of a part whose condition failed."""

_CONFLICT: Final = "TransactionConflictException"
_REFUSED_FOR_SIZE: Final = "ValidationError"
_PASSING: Final = frozenset(
    {"TransactionConflict", "ThrottlingError", "ProvisionedThroughputExceeded"}
)


def code_of(reason: Reason) -> str:
    """Return AWS's code for why a part was refused; `None` for a part that was not."""
    return str(reason.get("Code", "None"))


def cancellation(error: LeydenError) -> Sequence[Reason] | None:
    """Return the reasons of a canceled transaction, one a part; empty while one is in progress.

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
    """Return the reasons of a refusal; empty for an error that shows nothing of parts.

    A plain request that was refused reads as a transaction of one part.
    """
    if isinstance(error, ConditionFailedError):
        return ({"Code": CONDITION_FAILED, "Item": error.item},)
    if isinstance(error, AwsError) and error.aws_code == _CONFLICT:
        return ({"Code": "TransactionConflict"},)
    return cancellation(error) or ()


def may_pass(reasons: Sequence[Reason]) -> bool:
    """Whether only passing causes were in the way, so that a retry is safe and useful."""
    return {code_of(reason) for reason in reasons} - {"None"} <= _PASSING


def is_too_large(error: LeydenError) -> bool:
    """Whether DynamoDB refused a whole request because of the size of an item."""
    if isinstance(error, ItemTooLargeError):
        return True
    refused = isinstance(error, AwsError) and error.aws_code == "ValidationException"
    return refused and _says_too_large(str(error))


def is_refused_for_size(reason: Reason) -> bool:
    """Whether a part was refused because its item would be too large."""
    return code_of(reason) == _REFUSED_FOR_SIZE and _says_too_large(str(reason.get("Message", "")))


def _says_too_large(text: str) -> bool:
    folded = text.lower()
    return "item size" in folded and "exceeded" in folded


def send_transaction(request: Request) -> Program[tuple[Response, int]]:
    """Send a transaction, and retry while only passing causes are in the way.

    Returns the answer, and how often it was sent. Under its token it is the same transaction each
    time, so it happens once even if an answer was lost or it is still in progress. Raises the
    AwsError of the last attempt.
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
"""What a rejection calls a verdict, where it uses another word."""

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
    """Return why an operation was refused; `key` has its key attributes.

    `code` is AWS's reason. With `is_mine`, `raw` is the intended item.
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
    """Return the error of a refused transaction; `outcome` says what did not happen."""
    found = tuple(rejections)
    said = "; ".join(map(str, found))
    return TransactionCanceledError(
        f"the transaction was canceled and {outcome}: {said}",
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
    """The verdict over one refused part, for the write at `position`.

    `again` means that another attempt may succeed. `raw` is the stored item, or the guard of a
    unique value; with `is_known` and no `raw`, nothing is stored. `claim` is the unique value that
    `owner` has.
    """

    position: int
    verdict: Verdict
    code: str
    again: bool = False
    raw: Item | None = field(default=None, repr=False)
    is_known: bool = False
    is_mine: bool = False
    """Whether `raw` is the intended item."""
    claim: Claim | None = field(default=None, repr=False)
    owner: Item | None = field(default=None, repr=False)


def verdict_of_main(write: ResolvedWrite, stored: Item | None, *, is_known: bool) -> Verdict:
    """Return which of a write's own conditions failed."""
    if stored is not None and not matches(stored, write.plan.identity):
        return "collision"
    if write.expected is not None and not write.expected.holds(stored):
        return "version"
    if write.overflow is not None and not write.overflow.is_over(stored):
        return "overflow"
    return why_refused(write.plan.asked, stored, is_known=is_known)


def verdict_of_code(code: str) -> Verdict:
    """Return the verdict over a part that was refused for another cause than a condition."""
    return _VERDICTS.get(code, "invalid")


def error_of(
    refusal: Refusal, write: ResolvedWrite, request: Request, cause: LeydenError
) -> ConditionFailedError:
    """Return the error of a single write that a condition refused for good."""
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
            # Callers who need DynamoDB's own answer find it as the cause.
            error.__cause__ = cause.__cause__ if isinstance(cause, ConditionFailedError) else cause
            return error
        case _:
            raise AssertionError(f"{refusal.verdict} is not about a condition of the caller's")
    error.__cause__ = cause
    return error


def rejection_of(refusal: Refusal, write: ResolvedWrite) -> Rejection:
    """Return what a transaction's error says of a refused part."""
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
    """Return the error for values that another item has."""
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
