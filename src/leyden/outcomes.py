"""What a call did that ended in an error: `LeydenError.outcome`, and a transaction's rejections.

A call may send several requests, and the one that fails need not be the one that writes: the item
was changed, and what came back could not be decoded. Every error says what its call had written by
then, so that nobody makes a change twice, or takes one for made that was not.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final, Literal

from leyden._attrs import field, frozen
from leyden._steps import Item


@frozen
class ItemWrite:
    """One write of one item.

    `raw` is the whole item for a `put`, and the item's key for an `update` or a `delete`, both in
    raw form.
    """

    action: Literal["put", "update", "delete"]
    table: str
    raw: Mapping[str, Any] = field(repr=False)


@frozen
class Outcome:
    """What a call had written when it failed; true if it may have written anything.

    `written` happened for sure, `unsure` may have happened, and what stands in neither did not.
    `item` is the raw item that belongs to the write: what the service returned for `response=`,
    or what was put; None where there is none. Guard items of unique values and parts of large
    values are listed like any other item. A call that writes very many items lists the last ones;
    `earlier` counts the requests that wrote before those.

    >>> error.outcome.written                                         # doctest: +SKIP
    (ItemWrite(action='update', table='tasks'),)
    """

    written: tuple[ItemWrite, ...] = ()
    unsure: tuple[ItemWrite, ...] = ()
    item: Mapping[str, Any] | None = field(default=None, repr=False)
    earlier: int = 0

    def __bool__(self) -> bool:
        return bool(self.written or self.unsure or self.earlier)


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


NOTHING: Final = Outcome()
"""The outcome of a call that has written nothing."""

_MEANING: Final = {
    "exists": "the item already exists",
    "not_found": "the item does not exist",
    "condition": "its condition did not hold",
    "collision": "another item is stored under the same key",
    "version": "the stored item has another version than the one that was seen",
    "unique": "another item has its values of unique attributes",
    "overflow": "the stored item has large values outside, which the request did not count on",
    "conflict": "another write was under way on the item",
    "throttled": "the table was throttled",
    "size": "the items of its partition key are too large together",
    "invalid": "the request was not valid",
}

_CLAIM: Final = re.compile(r"(?:[;.,]| and)? [Nn]othing was (?:changed|deleted|written)")


def told(message: str, outcome: Outcome, *, doubted: bool) -> str:
    """The message of an error with what its call wrote.

    `doubted` says that the message names the doubt already. What failed may not know of the
    writes before it, so where there were any it must not claim that there were none.
    """
    count = len(outcome.written)
    said = ""
    if outcome.earlier or count > 1:
        most = "more than " if outcome.earlier else ""
        said = f"; {most}{count} writes of the call were made before this failed"
    elif count:
        said = "; the write was made before this failed, so do not make it again"
    if outcome.unsure and not doubted:
        said += "; a write of the call may or may not have happened: an attempt got no answer"
    return _CLAIM.sub("", message) + said
