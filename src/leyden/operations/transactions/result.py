"""What a transaction did, or why it was refused."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from attrs import field, frozen

from leyden.errors import DecodeError, HookError, TransactionCanceledError
from leyden.operations.guard import Marks, bears
from leyden.operations.operation import Operation
from leyden.operations.overflow.format import record_in_place
from leyden.operations.refusal import Asked, why_refused
from leyden.operations.request import Item
from leyden.operations.versions import Expectation

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
_MEANING: Final = {
    "exists": "the item already exists",
    "not_found": "the item does not exist",
    "condition": "its condition did not hold",
    "collision": "another item is stored under the same key",
    "version": "the stored item has another version than the one that was seen",
    "unique": "another item has its values of unique attributes",
    "overflow": "the stored item has large values outside, which the request did not count on",
    "conflict": "another write was under way on the item",
    "throttled": "the table took no more requests",
    "size": "the items of its partition key are too large together",
    "invalid": "the request was not valid",
}


@frozen
class Rejection:
    """Why one operation of a cancelled transaction was refused.

    `reason` is `exists` (a create found an item), `not_found` (a patch, remove or check found
    none), `condition` (of `.where()` or `.composite()`), `collision`, `version`, `unique`,
    `overflow`, `conflict`, `throttled`, `size` or `invalid`; `key` holds the key attributes; `item`
    is the stored record where the service returned one and it is the entity's, `raw` the stored
    item as it is. For `unique`, `attributes` are those of the constraint, and `raw` is the guard
    item, which names its owner.
    """

    position: int
    operation: str
    entity: str
    key: Mapping[str, Any] = field(repr=False)
    reason: str
    aws_code: str
    item: Any = field(repr=False)
    raw: Item | None = field(repr=False)
    attributes: tuple[str, ...] = ()

    def __str__(self) -> str:
        return f"operation {self.position}, {self.operation}: {self.why}"

    @property
    def why(self) -> str:
        """The reason in words."""
        names = f" ({', '.join(self.attributes)})" if self.attributes else ""
        return f"{_MEANING[self.reason]}{names}"


@frozen
class TransactionResult(Sequence[Any]):
    """What a transaction wrote or read, in the order of its operations.

    A write's entries are the records that were put, and records of the key attributes for the
    other verbs; a read's entries are None where there is no item. `attempts` counts the
    transactions that were sent: conflicts are tried again. `consumed` covers what was read first.
    `unreadable` has the errors of items that could not be read, with `unreadable="collect"`; None
    stands in their places.
    """

    items: tuple[Any, ...]
    consumed: float | None
    attempts: int
    unreadable: tuple[DecodeError | HookError, ...] = field(default=(), repr=False)

    def __len__(self) -> int:
        return len(self.items)

    def __getitem__(self, index: Any) -> Any:
        return self.items[index]


def rejection(
    position: int,
    entry: Operation,
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


def _readable(entry: Operation, raw: Item | None) -> Any:
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
