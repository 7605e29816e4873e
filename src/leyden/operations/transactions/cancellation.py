"""What DynamoDB says of a write that it refused, and sending a transaction again as it is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final, TypeAlias

from leyden._ledger import CANCELED, IN_PROGRESS
from leyden.errors import AwsError, ConditionFailedError, ItemTooLargeError, LeydenError
from leyden.operations.run.retry import RESENDS, pause_before
from leyden.program import Program, Request, Response

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


def is_conflict(error: LeydenError) -> bool:
    """Whether a write was refused as a transaction is under way on its item.

    It has written nothing, and may be made again.
    """
    codes = {code_of(reason) for reason in reasons_of(error)} - {"None"}
    return codes == {"TransactionConflict"}


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
