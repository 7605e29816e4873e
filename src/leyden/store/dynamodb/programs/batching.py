"""Saving items in batches: none over another's id, and a clear account of what was not saved."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from leyden.errors import (
    AwsError,
    BatchIncompleteError,
    InputError,
    KeyCollisionError,
    SaveIncompleteError,
)
from leyden.program import Item, Program
from leyden.service.entity import Entity
from leyden.service.service import Service
from leyden.store.dynamodb.programs.carrying import put_over, raw_items, unknown_fields


def save_all(
    app: Service,
    entity: Entity,
    items: Sequence[Mapping[str, Any]],
    *,
    id: str,
    concurrency: int,
) -> Program[None]:
    """Put items in batches, each over what has its id; of one id the last is saved.

    `id` names the attribute that tells the items apart. Raises KeyCollisionError, before anything
    is saved, where an id differs from another one of the call or from a stored one by the case
    of its letters only; and SaveIncompleteError.
    """
    by_id = {item[id]: item for item in items}
    if len(by_id) == 1:
        # Alone it can be guarded: nobody comes between looking and writing.
        ((one, item),) = by_id.items()
        yield from put_over(entity, item, {id: one})
    elif by_id:
        stored = yield from _stored(entity, list(by_id), id, concurrency)
        puts = [
            entity.put(**item).carrying(unknown_fields(entity, before))
            for item, before in zip(by_id.values(), stored, strict=True)
        ]
        try:
            yield from app.batch_write(puts).program(concurrency=concurrency)
        except BatchIncompleteError as error:
            raise incomplete(entity, by_id, error, id=id) from error


def incomplete(
    entity: Entity, ids: Iterable[str], error: BatchIncompleteError, *, id: str
) -> SaveIncompleteError:
    """The account of a batch that was not saved as a whole."""
    field = entity.spec.attributes[id].field
    unsaved = [_id(write, field) for write in error.result.unprocessed]
    unsure = [_id(write, field) for write in failed_writes(error)]
    if were_refused(error):
        unsaved, unsure = [*unsaved, *unsure], []
    left = {*unsaved, *unsure}
    saved = [one for one in ids if one not in left]
    doubt = f", and {len(unsure)} may or may not have been" if unsure else ""
    return SaveIncompleteError(
        f"{len(saved)} of {len(saved) + len(left)} were saved, {len(unsaved)} were not{doubt}. "
        "Save all of it again: what was saved is then written a second time",
        saved=saved,
        unsaved=unsaved,
        unsure=unsure,
        failures=error.failures,
        entity=entity.name,
    )


def failed_writes(error: BatchIncompleteError) -> list[Any]:
    """The writes in requests that failed, in raw form."""
    return [write for part in error.unsure for writes in part.values() for write in writes]


def were_refused(error: BatchIncompleteError) -> bool:
    """Whether all that failed of a batch was refused, so that it has written nothing for sure."""
    return len(error.unsure) == len(error.failures) and all(
        isinstance(failure, InputError)
        or (isinstance(failure, AwsError) and bool(failure.aws_code) and not failure.unsure)
        for failure in error.failures
    )


def _stored(
    entity: Entity, ids: Sequence[str], id: str, concurrency: int
) -> Program[list[Item | None]]:
    """What is stored under ids. Raises KeyCollisionError where it is another's, or two are one."""
    folded: dict[str, str] = {}
    for one in ids:
        if folded.setdefault(one.lower(), one) != one:
            raise _collision(entity, id, "another one of the same call")
    field = entity.spec.attributes[id].field
    found = yield from raw_items(entity, [{id: one} for one in ids], concurrency)
    for one, item in zip(ids, found, strict=True):
        if item is not None and item.get(field, {}).get("S", one) != one:
            raise _collision(entity, id, "that of a stored one")
    return found


def _id(write: Mapping[str, Any], field: str) -> str:
    return str(write["PutRequest"]["Item"][field]["S"])


def _collision(entity: Entity, id: str, whose: str) -> KeyCollisionError:
    return KeyCollisionError(
        f'the "{id}" of one {entity.name} differs from {whose} by the case of its letters only, '
        "which keys do not tell apart; give it another",
        entity=entity.name,
    )
