"""Writing whole items over stored ones without losing fields that the schemas do not know.

A newer client of the table may keep more in an item than this one knows of. Updates leave that as
it is; what puts a whole item in place of another, or copies one, has to bring it along.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from leyden.errors import (
    AwsError,
    BatchIncompleteError,
    ConditionFailedError,
    KeyCollisionError,
)
from leyden.operations.as_stored import as_stored
from leyden.program import Item, Program
from leyden.schema.spec import ENTITY_FIELD, OVERFLOW_FIELD, VERSION_FIELD
from leyden.service.entity import Entity
from leyden.store.dynamodb.programs.merging import insisting

_OWN = frozenset({ENTITY_FIELD, VERSION_FIELD, OVERFLOW_FIELD})


def unknown_fields(entity: Entity, item: Item | None) -> Item:
    """The fields of a raw item that the entity's schema does not have."""
    if item is None:
        return {}
    spec = entity.spec
    known = {attribute.field for attribute in spec.attributes.values()}
    keys = {half.field for index in spec.indexes.values() for half in (index.pk, index.sk) if half}
    return {name: v for name, v in item.items() if name not in known | keys | _OWN}


def raw_items(
    entity: Entity, keys: Sequence[Mapping[str, Any]], concurrency: int
) -> Program[list[Item | None]]:
    """What is stored under keys as it is, whosever it is; it costs what a part of it would cost."""
    if not keys:
        return []
    reading = entity.get(list(keys)).program(
        data="raw", ignore_ownership=True, consistent=True, concurrency=concurrency
    )
    try:
        return list((yield from reading))
    except BatchIncompleteError as error:
        # Of a read it says no more than what befell it.
        raise error.failures[0] if error.failures else error from error


def put_over(
    entity: Entity, values: Mapping[str, Any], key: Mapping[str, Any]
) -> Program[Item | None]:
    """Write an item over what is stored under its key; gives that, or None where it is new.

    A new item is one request, and one that replaces another is a refused one more: the refusal
    tells what is stored. Raises KeyCollisionError.
    """
    creating = entity.create(**values)
    try:
        yield from insisting(partial(creating.program, response="none"))
    except KeyCollisionError:
        raise
    except ConditionFailedError as error:
        # Where an answer was lost, what refused the write may be what it wrote itself.
        doubtful = error.unsure
        stored = yield from _stored(entity, key, error)
    else:
        return None
    while True:
        carried = entity.put(**values).carrying(unknown_fields(entity, stored))
        seen = as_stored(entity.spec, stored or {}, ["updated_at"])
        write = carried.where(seen)
        try:
            yield from insisting(partial(write.program, response="none"))
        except KeyCollisionError:
            raise
        except ConditionFailedError as error:
            doubtful = doubtful or error.unsure
            stored = yield from _stored(entity, key, error)
        except AwsError as error:
            error.unsure = error.unsure or doubtful
            raise
        else:
            return stored


def _stored(
    entity: Entity, key: Mapping[str, Any], error: ConditionFailedError
) -> Program[Item | None]:
    if error.item is not None:
        return error.item
    found: Item | None = yield from entity.get(**key).program(consistent=True, data="raw")
    return found
