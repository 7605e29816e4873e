"""What a transaction did, or why it was refused."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from leyden.errors import DecodeError, TransactionCanceledError
from leyden.operations.bound import BoundEntity
from leyden.operations.overflow.format import record_in_place
from leyden.outcomes import Rejection
from leyden.program import Item

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
    values = entity.compiled.decode_values(key)
    names = entity.keys.primary.spec.composites
    return Rejection(
        position,
        operation,
        entity.spec.entity,
        {name: values[name] for name in names if name in values},
        reason,
        code,
        _readable(entity, raw) if is_mine and raw is not None else None,
        raw,
        attributes,
    )


def _readable(entity: BoundEntity, raw: Item) -> Any:
    """The stored record; None where it cannot be read, which is not what went wrong here."""
    try:
        return record_in_place(entity, raw)
    except DecodeError:
        return None


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
