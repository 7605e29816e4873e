"""Writing whole items over stored ones: none over another's id, and nothing of theirs lost.

A newer client of the table may keep more in an item than this one knows of. Updates leave that as
it is; what puts a whole item in place of another, or copies one, has to bring it along. So what is
stored is looked at first: the refusal of a single write tells it, and many are read in batches.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

from leyden import Entity, Service
from leyden.errors import (
    AwsError,
    BatchIncompleteError,
    ConditionFailedError,
    InputError,
    KeyCollisionError,
    LeydenError,
    SaveIncompleteError,
    TransactionCanceledError,
)
from leyden.operations.plan.expressions import as_stored
from leyden.program import Item, Program
from leyden.schema.spec import ENTITY_FIELD, OVERFLOW_FIELD, VERSION_FIELD
from leyden.store.dynamodb.merging import insisting

_OWN = frozenset({ENTITY_FIELD, VERSION_FIELD, OVERFLOW_FIELD})

Values = Mapping[str, Any]


def save_all(
    app: Service,
    entity: Entity,
    items: Mapping[str, Values],
    *,
    id: str,
    what: str,
    concurrency: int,
    atomic: bool = False,
) -> Program[list[Item | None]]:
    """Put items, given by their ids, each over what has its id; gives what was stored before.

    `id` names the attribute that tells the items apart, `what` is what to call them in messages.
    They go in batches, or with `atomic` in one transaction. Raises KeyCollisionError, before
    anything is saved, where an id differs from another one of the call or from a stored one by the
    case of its letters only; and SaveIncompleteError.
    """
    if not items:
        return []
    if len(items) == 1:
        # Alone it can be guarded: nobody comes between looking and writing.
        ((one, item),) = items.items()
        return [(yield from put_over(entity, item, {id: one}))]
    if len({key_id(key_of(entity, **{id: one})) for one in items}) < len(items):
        raise _collision(f"another of the {what} would be stored", entity, id)

    def written(beside: Mapping[str, Item]) -> Program[None]:
        puts = [entity.put(**item).carrying(beside.get(one, {})) for one, item in items.items()]
        if atomic:
            return _as_one(app.transact_write(puts).program(), entity, list(items), id, what)
        program = app.batch_write(puts).program(concurrency=concurrency)
        return _in_batches(program, entity, list(items), id, what)

    # What cannot be written is refused before anything is sent.
    writing = written({})
    before = yield from raw_items(entity, [{id: one} for one in items], concurrency)
    field = entity.spec.attributes[id].field
    beside = {}
    for one, stored in zip(items, before, strict=True):
        if stored is not None and stored.get(field, {}).get("S", one) != one:
            raise _collision(f"another {entity.name} is stored", entity, id)
        if carried := unknown_fields(entity, stored):
            beside[one] = carried
    yield from written(beside) if beside else writing
    return before


def _in_batches(
    program: Program[Any], entity: Entity, ids: Sequence[str], id: str, what: str
) -> Program[None]:
    try:
        yield from program
    except BatchIncompleteError as error:
        raise incomplete(entity, ids, error, id=id, what=what) from error


def _as_one(
    program: Program[Any], entity: Entity, ids: Sequence[str], id: str, what: str
) -> Program[None]:
    try:
        yield from program
    except TransactionCanceledError as error:
        if any(rejection.reason == "collision" for rejection in error.rejections):
            raise _collision(f"another {entity.name} is stored", entity, id) from error
        raise _account(entity, ids, set(ids), set(), error, what) from error
    except AwsError as error:
        unsure = set(ids) if error.unsure else set()
        raise _account(entity, ids, set(ids) - unsure, unsure, error, what) from error


def incomplete(
    entity: Entity, ids: Sequence[str], error: BatchIncompleteError, *, id: str, what: str
) -> SaveIncompleteError:
    """The account of a batch that was not saved as a whole."""
    field = entity.spec.attributes[id].field
    left, unsure = left_of(error, lambda write: str(write["PutRequest"]["Item"][field]["S"]))
    return _account(entity, ids, left, unsure, error, what)


def _account(
    entity: Entity,
    ids: Sequence[str],
    left: set[str],
    unsure: set[str],
    error: LeydenError,
    what: str,
) -> SaveIncompleteError:
    saved = [one for one in ids if one not in left | unsure]
    doubt = f", and {len(unsure)} may or may not have been" if unsure else ""
    failures = error.failures if isinstance(error, BatchIncompleteError) else (error,)
    return SaveIncompleteError(
        f"of {len(ids)} {what} {len(saved)} were written, {len(left)} were not{doubt}; saving all "
        f"of them again is safe ({error.message})",
        saved=saved,
        unsaved=[one for one in ids if one in left],
        unsure=[one for one in ids if one in unsure],
        failures=failures or (error,),
        entity=entity.name,
    )


def left_of(error: BatchIncompleteError, name: Callable[[Any], str]) -> tuple[set[str], set[str]]:
    """The names of a batch's raw writes that were not done, and of those that may have been."""
    left = {name(write) for write in error.result.unprocessed}
    unsure = {name(write) for part in error.unsure for writes in part.values() for write in writes}
    # Whether all that failed was refused, so that it has written nothing for sure.
    refused = len(error.unsure) == len(error.failures) and all(
        isinstance(failure, InputError)
        or (isinstance(failure, AwsError) and bool(failure.aws_code) and not failure.unsure)
        for failure in error.failures
    )
    return (left | unsure, set()) if refused else (left, unsure)


def _collision(what: str, entity: Entity, id: str) -> KeyCollisionError:
    return KeyCollisionError(
        f"{what} under the same key: its {id} differs by the case of its letters only. Nothing was "
        "written; give one of them another id",
        entity=entity.name,
    )


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
        stored = yield from _refused_by(entity, key, error)
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
            stored = yield from _refused_by(entity, key, error)
        except AwsError as error:
            error.unsure = error.unsure or doubtful
            raise
        else:
            return stored


def _refused_by(
    entity: Entity, key: Mapping[str, Any], error: ConditionFailedError
) -> Program[Item | None]:
    if error.item is not None:
        return error.item
    found: Item | None = yield from entity.get(**key).program(consistent=True, data="raw")
    return found


def unknown_fields(entity: Entity, item: Item | None) -> Item:
    """The fields of a raw item that the entity's schema does not have."""
    if item is None:
        return {}
    spec = entity.spec
    known = {attribute.field for attribute in spec.attributes.values()}
    keys = {half.field for index in spec.indexes.values() for half in (index.pk, index.sk) if half}
    return {name: v for name, v in item.items() if name not in known | keys | _OWN}


def raw_items(
    entity: Entity, keys: Sequence[Values], concurrency: int
) -> Program[list[Item | None]]:
    """What is stored under keys as it is, whosever it is; it costs what a part of it would cost."""
    return (yield from stored_under(entity, keys, concurrency, data="raw"))


def stored_under(
    entity: Entity, keys: Sequence[Values], concurrency: int, **options: Any
) -> Program[list[Any]]:
    """What is stored under keys, whosever it is; None for each where nothing is."""
    if not keys:
        return []
    reading = entity.get(list(keys)).program(
        consistent=True, ignore_ownership=True, concurrency=concurrency, **options
    )
    try:
        return list((yield from reading))
    except BatchIncompleteError as error:
        # Of a read it says no more than what befell it.
        cause = error.failures[0] if error.failures else error.__cause__
        raise (cause if isinstance(cause, LeydenError) else error) from error


def key_of(entity: Entity, **values: Any) -> Item:
    """The key of the item with these values of its key's attributes."""
    key: Item = entity.get(**values).params()["Key"]
    return key


def key_id(key: Item) -> tuple[tuple[str, str], ...]:
    """What is the same for equal keys, in any order of their fields, which are texts."""
    return tuple(sorted((name, value["S"]) for name, value in key.items()))
