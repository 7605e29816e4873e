"""Conditional writes, which wait while transactions of others are under way on the same items."""

from __future__ import annotations

from typing import Any, Final

from leyden.errors import AwsError, ConditionFailedError, TransactionCanceledError
from leyden.program import Program
from leyden.store.dynamodb.writing import insisting

REFUSALS: Final = frozenset({"condition", "exists", "not_found"})
"""Why a transaction is refused if what is stored is not what it depends on."""

_PASSING: Final = frozenset({"conflict", "throttled", "overflow"})
"""Why one may be refused that will succeed later."""


def refused(error: TransactionCanceledError) -> set[str]:
    """The entities of a transaction that were not as it depends on."""
    return {one.entity for one in error.rejections if one.reason in REFUSALS}


def patient(chain: Any) -> Program[None]:
    """Write what a chain says, again for as long as other transactions are in the way.

    Raises what the write raises. A condition that failed is `unsure` if any attempt before may have
    written.
    """
    doubtful = False

    def begin() -> Program[TransactionCanceledError | None]:
        nonlocal doubtful
        try:
            yield from chain.program()
        except TransactionCanceledError as error:
            if {one.reason for one in error.rejections} <= _PASSING:
                raise
            return error
        except ConditionFailedError as error:
            error.unsure = error.unsure or doubtful
            raise
        except AwsError as error:
            doubtful = doubtful or error.unsure
            raise
        return None

    refusal = yield from insisting(begin)
    if refusal is not None:
        raise refusal
