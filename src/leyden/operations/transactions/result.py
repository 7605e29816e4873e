"""What a transaction did, or why it was refused."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final, Protocol

from leyden._steps import Item
from leyden.errors import DecodeError, TransactionCanceledError
from leyden.operations.bound import BoundEntity
from leyden.operations.guard import Marks, bears
from leyden.operations.overflow.format import record_in_place
from leyden.operations.refusal import Asked, why_refused
from leyden.operations.versions import Expectation
from leyden.outcomes import Rejection


class Named(Protocol):
    """An operation of a transaction: its entity, and its name in errors."""

    @property
    def entity(self) -> BoundEntity:
        """The entity that it is on."""
        ...

    @property
    def name(self) -> str:
        """`task.create`."""
        ...


WRITE: Final = "transact_write"
GET: Final = "transact_get"

_REASONS: Final = {
    "ConditionalCheckFailed": "condition",
    "TransactionConflict": "conflict",
    "ThrottlingError": "throttled",
    "ProvisionedThroughputExceeded": "throttled",
    "ItemCollectionSizeLimitExceeded": "size",
    "ValidationError": "invalid",
}


def rejection(
    position: int,
    entry: Named,
    key: Item,
    why: Mapping[str, Any],
    *,
    marks: Marks | None = None,
    expected: Expectation | None = None,
    unique: tuple[str, ...] = (),
    overflow: bool = False,
    asked: Asked | None = None,
    is_item_read: bool = False,
) -> Rejection:
    """What the service's reason `why` says of an operation, whose key attributes `key` holds.

    `unique` are the attributes of a constraint whose guard was refused; `overflow` says that it
    was refused for the large values that the stored item has outside. `asked` is what the
    operation asks of the stored item; `is_item_read`: without `Item` in `why`, there is none.
    """
    code, raw = str(why.get("Code", "None")), why.get("Item") or None
    reason = _REASONS.get(code, "invalid")
    mine = not unique and raw is not None and bears(raw, marks or {})
    if reason == "condition":
        if unique:
            reason = "unique"
        elif raw is not None and not mine:
            reason = "collision"
        elif expected is not None and not expected.holds(raw):
            reason = "version"
        elif overflow:
            reason = "overflow"
        elif asked is not None:
            is_known = raw is not None or is_item_read
            told = why_refused(asked, raw, is_known=is_known)
            reason = told if told in ("exists", "not_found") else "condition"
    compiled = entry.entity.compiled
    values = compiled.decode_values(key)
    names = entry.entity.keys.primary.spec.composites
    return Rejection(
        position,
        entry.name,
        entry.entity.spec.entity,
        {name: values[name] for name in names if name in values},
        reason,
        code,
        _readable(entry, raw) if mine else None,
        raw,
        unique,
    )


def _readable(entry: Named, raw: Item | None) -> Any:
    """The stored record; None where it cannot be read, which is not what went wrong here."""
    try:
        return None if raw is None else record_in_place(entry.entity, raw)
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
