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

from collections.abc import Mapping
from typing import Final, Literal, TypeAlias

from leyden._attrs import field, frozen
from leyden.errors import ConditionFailedError, LeydenError, UniqueConstraintError
from leyden.operations.guard import bears, collision
from leyden.operations.plan.writes import ResolvedWrite
from leyden.operations.refusal import Why, told_of, why_refused
from leyden.operations.transactions.result import rejection
from leyden.operations.uniqueness.claims import Claim
from leyden.operations.versions import conflict
from leyden.outcomes import Rejection
from leyden.program import Item, Request

Verdict: TypeAlias = (
    Why
    | Literal[
        "collision", "version", "overflow", "unique", "conflict", "throttled", "size", "invalid"
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
    if stored is not None and not bears(stored, write.plan.marks):
        return "collision"
    if write.expected is not None and not write.expected.holds(stored):
        return "version"
    if write.laid is not None and not write.laid.is_over(stored):
        return "overflow"
    return why_refused(write.plan.entry._asked, stored, is_known=is_known)


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
            error = collision(write.plan.marks, stored, request)
        case "version":
            operation = request.operation
            error = conflict(entity, stored, request, operation, unsure=unsure)
        case "unique":
            assert refusal.claim is not None
            error = _violated(refusal.claim, refusal.owner or {}, request)
        case "exists" | "not_found" | "composite" | "where" | "unknown" as why:
            error = told_of(
                write.plan.entry, why, stored, request, is_known=refusal.is_known, unsure=unsure
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
        "condition" if reason in ("composite", "where", "unknown") else reason,
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
