"""Changing what is stored by way of reading it: nothing that is written meanwhile is lost."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Mapping
from datetime import datetime
from functools import reduce
from operator import and_
from typing import Any, Final, TypeVar

from attrs import field, frozen
from pynamodb.expressions.condition import Condition

from leyden import Entity
from leyden._ledger import has_happened
from leyden.errors import (
    AwsError,
    ConditionFailedError,
    KeyCollisionError,
    LeydenError,
    TransactionCanceledError,
    VersionConflictError,
)
from leyden.operations.plan.expressions import as_stored
from leyden.operations.run.verdicts import is_conflict
from leyden.program import Item, Pause, Program
from leyden.schema.spec import OVERFLOW_FIELD
from leyden.store.dynamodb.rows import refuse_outside
from leyden.store.times import later

PATIENCE: Final = 30.0
"""For how many seconds a change is tried again while others change the same item."""

_FIRST_WAIT: Final = 0.005
_LONGEST_WAIT: Final = 0.25
_FEW: Final = 2
"""How often a change is tried again on what its refusal told, behind the shortest pauses."""

T = TypeVar("T")
Change = Callable[[Any], Mapping[str, Any] | None]


@frozen
class Stored:
    """A record, and its item as it is stored; of a record that the caller has read only that."""

    record: Any
    item: Item | None = field(default=None, repr=False)

    @property
    def changed_at(self) -> datetime | None:
        """When it was last changed; None where nothing is stored."""
        return None if self.record is None else self.record.updated_at


def merge(
    entity: Entity,
    key: Mapping[str, Any],
    change: Change,
    *,
    now: Callable[[], datetime],
    operation: str,
    seen: Any = None,
    patience: float = PATIENCE,
) -> Program[Any]:
    """Change an item by what is stored of it; gives the record as it is afterwards.

    `change` is given the stored record, or None where there is none, and says which attributes
    to set: of a new item all of them but the key. Where it says None nothing is written, and the
    result is the record as it was. It is asked again whenever another writer was faster, so it
    must do nothing else. What it raises ends the merge.

    `updated_at` is set to a time later than the stored one, by which others see the change; the
    fields that change are compared as well, whole and as they are stored, since a writer that
    rounds to milliseconds may have left `updated_at` as it was. `seen` is the record where it was
    just read, and is short enough to be in its item as it is.

    Raises VersionConflictError when others were faster for `patience` seconds.

    >>> merge(app.entities.thread, {"id": "t1"}, lambda thread: {"title": "New"},
    ...       now=now, operation="store.memory.update_thread")          # doctest: +SKIP
    """
    deadline = time.monotonic() + patience
    stored = Stored(seen) if seen is not None else (yield from _read(entity, key))
    attempt = 0
    while True:
        asked = change(stored.record)
        if asked is None:
            return stored.record
        values = {**asked, "updated_at": later(now(), stored.changed_at)}
        try:
            return (yield from _write(entity, key, stored, values))
        except KeyCollisionError:
            raise
        except (AwsError, TransactionCanceledError) as error:
            if not _may_pass(error) or time.monotonic() >= deadline:
                raise
        except ConditionFailedError as error:
            stored = yield from found_after(entity, key, error)
            if error.unsure and stored.record is not None and _has(stored.record, values):
                # An attempt whose answer was lost had made the change.
                has_happened(error)
                return stored.record
            if time.monotonic() >= deadline:
                raise VersionConflictError(
                    f"the {entity.name} was changed by others for {patience:g} seconds, each "
                    "time between reading and writing it. Nothing was changed; try again later",
                    stored=stored.record,
                    item=error.item,
                    request=error.request,
                    operation=operation,
                    entity=entity.name,
                ) from error
        yield _pause(attempt)
        attempt += 1
        if attempt > _FEW:
            # Among many writers, what was stored before so long a pause is not stored any more.
            stored = yield from _read(entity, key)


def insisting(begin: Callable[[], Program[T]], *, patience: float = PATIENCE) -> Program[T]:
    """Run a program, and begin it again while a transaction is under way on what it writes."""
    deadline = time.monotonic() + patience
    attempt = 0
    while True:
        try:
            return (yield from begin())
        except (AwsError, TransactionCanceledError) as error:
            if not _may_pass(error) or time.monotonic() >= deadline:
                raise
        yield _pause(attempt)
        attempt += 1


def _may_pass(error: LeydenError) -> bool:
    """Whether only other writes were in the way; those of large values are transactions."""
    return is_conflict(error) or isinstance(error, TransactionCanceledError)


def _pause(attempt: int) -> Pause:
    return Pause(random.uniform(0, min(_LONGEST_WAIT, _FIRST_WAIT * 2 ** (attempt + 1))))


def unchanged(entity: Entity, stored: Any, values: Mapping[str, Any]) -> Condition:
    """The condition that an item is as a record has it, as far as `values` change it.

    It does not hold either where a value is stored in another way than it would be written.
    """
    conditions = (
        _still(entity, name, getattr(stored, name)) for name in {**values, "updated_at": None}
    )
    together: Condition = reduce(and_, conditions)
    return together


def _read(entity: Entity, key: Mapping[str, Any]) -> Program[Stored]:
    found = yield from entity.get(**key).program(consistent=True, data="result")
    return Stored(found.item, None if found.item is None else found.response["Item"])


def found_after(
    entity: Entity, key: Mapping[str, Any], error: ConditionFailedError
) -> Program[Stored]:
    """What is stored after all: the refusal tells it, unless parts of it are kept elsewhere."""
    if error.item is not None and OVERFLOW_FIELD not in error.item:
        return Stored(entity.parse(error.item), error.item)
    return (yield from _read(entity, key))


def _write(
    entity: Entity, key: Mapping[str, Any], stored: Stored, values: Mapping[str, Any]
) -> Program[Any]:
    if stored.record is None:
        return (yield from entity.create(**key, **values).program())
    if stored.item is not None:
        refuse_outside(entity.spec, stored.item, values)
    if stored.item is None:
        condition = unchanged(entity, stored.record, values)
    else:
        condition = as_stored(entity.spec, stored.item, {**values, "updated_at": None})
    patch = entity.patch(**key).set(**values).where(condition)
    return (yield from patch.program(response="all_new"))


def _still(entity: Entity, name: str, value: Any) -> Any:
    """The condition that a field has the value that was read."""
    attribute = entity.attr[name]
    return attribute.does_not_exist() if value is None else attribute == value


def _has(record: Any, values: Mapping[str, Any]) -> bool:
    return all(getattr(record, name) == value for name, value in values.items())
