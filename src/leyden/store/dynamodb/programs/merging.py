"""Changing what is stored by way of reading it: nothing that is written meanwhile is lost."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from functools import reduce
from operator import and_
from typing import Any, Final, TypeVar

from pynamodb.expressions.condition import Condition

from leyden.compile.texts import json_text
from leyden.compile.times import accept_timestamp
from leyden.errors import (
    AwsError,
    ConditionFailedError,
    KeyCollisionError,
    VersionConflictError,
)
from leyden.operations.request import Pause, Program
from leyden.service.entity import Entity

PATIENCE: Final = 30.0
"""For how many seconds a change is tried again while others change the same item."""

_COMPARED: Final = 64 * 1024
"""The longest value, in characters, that a condition carries along to be compared."""

_FIRST_WAIT: Final = 0.005
_LONGEST_WAIT: Final = 0.25
_TICK: Final = timedelta(milliseconds=1)
_LATEST: Final = datetime(9999, 12, 31, 23, 59, 59, 999_000, tzinfo=UTC)
_CONFLICT: Final = "TransactionConflictException"

T = TypeVar("T")
Change = Callable[[Any], Mapping[str, Any] | None]


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
    fields that change are compared as well, since a writer that rounds to milliseconds may have
    left `updated_at` as it was. `seen` is the record where it was just read.

    Raises VersionConflictError when others were faster for `patience` seconds.

    >>> merge(app.entities.thread, {"id": "t1"}, lambda thread: {"title": "New"},
    ...       now=now, operation="store.memory.update_thread")          # doctest: +SKIP
    """
    deadline = time.monotonic() + patience
    stored = seen
    if stored is None:
        stored = yield from _read(entity, key)
    comparing = True
    attempt = 0
    while True:
        asked = change(stored)
        if asked is None:
            return stored
        values = {**asked, "updated_at": later(now(), stored)}
        try:
            return (yield from _write(entity, key, stored, values, comparing))
        except KeyCollisionError:
            raise
        except AwsError as error:
            if error.aws_code != _CONFLICT or time.monotonic() >= deadline:
                raise
        except ConditionFailedError as error:
            found = yield from _found(entity, key, error)
            if error.unsure and found is not None and _has(found, values):
                # An attempt whose answer was lost had made the change.
                return found
            if found is not None and found == stored:
                # It is unchanged, so its text is only written in another way than ours.
                comparing = False
            if time.monotonic() >= deadline:
                raise VersionConflictError(
                    f"the {entity.name} was changed by others for {patience:g} seconds, each "
                    "time between reading and writing it. Nothing was changed; try again later",
                    stored=found,
                    item=error.item,
                    request=error.request,
                    operation=operation,
                    entity=entity.name,
                ) from error
            stored = found
        yield _pause(attempt)
        attempt += 1


def insisting(begin: Callable[[], Program[T]], *, patience: float = PATIENCE) -> Program[T]:
    """Run a program, and begin it again while a transaction is under way on what it writes."""
    deadline = time.monotonic() + patience
    attempt = 0
    while True:
        try:
            return (yield from begin())
        except AwsError as error:
            if error.aws_code != _CONFLICT or time.monotonic() >= deadline:
                raise
        yield _pause(attempt)
        attempt += 1


def _pause(attempt: int) -> Pause:
    return Pause(random.uniform(0, min(_LONGEST_WAIT, _FIRST_WAIT * 2 ** (attempt + 1))))


def unchanged(entity: Entity, stored: Any, values: Mapping[str, Any]) -> Condition:
    """The condition that a stored item is as it was read, as far as `values` change it."""
    conditions = (
        _still(entity, name, getattr(stored, name)) for name in {**values, "updated_at": None}
    )
    together: Condition = reduce(and_, (each for each in conditions if each is not None))
    return together


def _read(entity: Entity, key: Mapping[str, Any]) -> Program[Any]:
    return (yield from entity.get(**key).program(consistent=True))


def _found(entity: Entity, key: Mapping[str, Any], error: ConditionFailedError) -> Program[Any]:
    """What is stored after all: the refusal tells it, unless parts of it are kept elsewhere."""
    whole = all(attribute.overflow is None for attribute in entity.spec.attributes.values())
    if error.item is not None and whole:
        return entity.parse(error.item)
    return (yield from _read(entity, key))


def later(now: datetime, stored: Any) -> datetime:
    """The time of a change: now, but later than the one before; `stored` is None without one."""
    now = accept_timestamp(now, "clock")
    before: datetime | None = None if stored is None else stored.updated_at
    if before is None:
        return now
    return max(now, before + _TICK) if before < _LATEST else before


def _write(
    entity: Entity, key: Mapping[str, Any], stored: Any, values: Mapping[str, Any], comparing: bool
) -> Program[Any]:
    if stored is None:
        return (yield from entity.create(**key, **values).program())
    compared = values if comparing else {}
    patch = entity.patch(**key).set(**values).where(unchanged(entity, stored, compared))
    return (yield from patch.program(response="all_new"))


def _still(entity: Entity, name: str, value: Any) -> Any:
    """The condition that a field has the value that was read; None where nothing short says so."""
    attribute = entity.attr[name]
    if value is None:
        return attribute.does_not_exist()
    text = json_text(value) if isinstance(value, list | dict) else value
    if not isinstance(text, str) or len(text) <= _COMPARED:
        return attribute == value
    # What overflows is kept in another form; engines count what is not ASCII in different ways.
    told = text.isascii() and entity.spec.attributes[name].overflow is None
    return attribute.size() == len(text) if told else None


def _has(record: Any, values: Mapping[str, Any]) -> bool:
    return all(getattr(record, name) == value for name, value in values.items())
