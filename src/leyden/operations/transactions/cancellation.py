"""Why a transaction was cancelled, and whether to try it again."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from typing import Any, Final

from leyden._ledger import CANCELED, IN_PROGRESS
from leyden.errors import AwsError, LeydenError
from leyden.program import Pause, Program, Request, Response

ATTEMPTS: Final = 12
"""How often a write begins again because the item changed under it."""

CONDITION_FAILED: Final = "ConditionalCheckFailed"
"""The reason of an operation whose condition did not hold."""

_CONFLICT: Final = "TransactionConflictException"
_PATIENCE: Final = 6
_FIRST_WAIT: Final = 0.05
_LONGEST_WAIT: Final = 1.6
_PASSING: Final = frozenset(
    {"TransactionConflict", "ThrottlingError", "ProvisionedThroughputExceeded"}
)


def wait_before(attempt: int) -> float:
    """How many seconds to wait after this many attempts: longer each time, with full jitter."""
    return random.uniform(0, min(_LONGEST_WAIT, _FIRST_WAIT * 2**attempt))


def cancellation(error: AwsError) -> Sequence[Mapping[str, Any]] | None:
    """The reasons of a cancelled transaction, one an operation; empty while one is in progress.

    None for any other error.
    """
    if error.aws_code == IN_PROGRESS:
        return ()
    if error.aws_code != CANCELED or error.response is None:
        return None
    reasons: Sequence[Mapping[str, Any]] = error.response.get("CancellationReasons") or ()
    return reasons


def may_pass(reasons: Sequence[Mapping[str, Any]]) -> bool:
    """Whether only passing causes stood in the way, so that trying again is safe and useful."""
    codes = {str(reason.get("Code", "None")) for reason in reasons} - {"None"}
    return codes <= _PASSING


def is_conflict(error: LeydenError) -> bool:
    """Whether a write was refused as a transaction is under way on its item.

    It has written nothing, and may be made again.
    """
    if not isinstance(error, AwsError):
        return False
    reasons = cancellation(error)
    if reasons:
        codes = {str(reason.get("Code", "None")) for reason in reasons} - {"None"}
        return codes == {"TransactionConflict"}
    return error.aws_code == _CONFLICT


def send_transaction(request: Request, *, patient: bool = True) -> Program[tuple[Response, int]]:
    """Send a transaction, again where only passing causes stood in the way; and how often.

    With `patient=False` it is only sent again while it is under way already, which its token
    makes the same transaction. Raises the AwsError of the last attempt.
    """
    attempt = 0
    while True:
        attempt += 1
        try:
            response: Response = yield request
        except AwsError as error:
            reasons = cancellation(error)
            again = reasons is not None and (may_pass(reasons) if patient else not reasons)
            if not again or attempt >= _PATIENCE:
                raise
        else:
            return response, attempt
        yield Pause(wait_before(attempt))
