"""What a failed call had written: `LeydenError.outcome`, and the rejections of a transaction.

A call may send several requests, and the one that fails need not be the one that writes. For
example, an update may succeed, and its answer may not decode. Every error says what its call had
written by then, so that you neither repeat a change nor rely on one that did not happen.
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

    `action` is `put`, `update` or `delete`. `raw` is the whole item for a `put`, and the item's key
    otherwise, both with typed AttributeValues.
    """

    action: Literal["put", "update", "delete"]
    table: str
    raw: Mapping[str, Any] = field(repr=False)


@frozen
class Outcome:
    """What a call had written when it failed. It is true if the call may have written anything.

    `written` lists the writes that certainly happened, and `unsure` those that may have happened.
    Other writes of the call did not happen. `item` is the raw item of the write: the one that
    DynamoDB returned for `response=`, or the one that was put; None if there is none. Guard items
    of unique values and parts of large values are listed like other items. If a call writes very
    many items, only the last ones are listed, and `earlier` counts the requests before those.

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
    """Why one operation of a canceled transaction was refused.

    * `position`: the operation's place in the transaction, from 0; `operation`: its name, such as
      `task.create`; `entity`: its entity.
    * `key`: the key attributes of its item.
    * `reason`: `exists` (a create found an item), `not_found` (a patch, remove or check found
      none), `condition` (of `.where()` or `.composite()`), `collision`, `version`, `unique`,
      `overflow`, `conflict`, `throttled`, `size` or `invalid`. `why` says it in words.
    * `aws_code`: DynamoDB's own code.
    * `item`: the stored record, if DynamoDB returned it and it belongs to the entity; `raw`: the
      stored item in raw form.
    * `attributes`: for `unique`, the attributes of the constraint. `raw` is then the guard item,
      which names its owner.
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
    "version": "the stored item has another version than the one that you read",
    "unique": "another item has the same values of unique attributes",
    "overflow": "the stored item has large values outside it, which the request did not expect",
    "conflict": "another write to the item was in progress",
    "throttled": "the request was throttled",
    "size": "the items with its partition key are too large together",
    "invalid": "the request was not valid",
}

_CLAIM: Final = re.compile(r"(?:[;.,]| and)? [Nn]othing was (?:changed|deleted|written)")


def told(message: str, outcome: Outcome, *, doubted: bool) -> str:
    """Return the message of an error, extended by what its call wrote.

    `doubted` says that the message already mentions the doubtful write. The code that raised the
    error may not know of earlier writes, so a claim that nothing was changed is removed.
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
