"""Writing items of the store: none over another's id, and nothing of theirs lost.

A newer client of the table may keep more in an item than this one knows of. Updates leave that as
it is; what puts a whole item in place of another, or copies one, has to bring it along. So what is
stored is looked at first: the refusal of a single write tells it, and many are read in batches. A
change that depends on what is stored is made under the condition that this is still there.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime
from functools import partial, reduce
from operator import and_
from typing import Any, ClassVar, Final, TypeAlias, TypeVar

from attrs import field, frozen
from pynamodb.expressions.condition import Condition

from leyden import Entity, Service
from leyden.errors import (
    AwsError,
    BatchIncompleteError,
    ConditionFailedError,
    DecodeError,
    InputError,
    KeyCollisionError,
    LeydenError,
    SaveIncompleteError,
    TransactionCanceledError,
    VersionConflictError,
)
from leyden.program import Item, Pause, Program
from leyden.schema import OVERFLOW_FIELD
from leyden.store.dynamodb.settings import TtlRules
from leyden.store.methods import Domain
from leyden.store.values import Clock, later

PATIENCE: Final = 30.0
"""For how many seconds a change is tried again while others change the same item."""

STORED_APART: Final = (
    'a store with large_values="chunk" stores large values outside, and only such a one reads them'
)

_CONFLICT: Final = "TransactionConflictException"
"""A transaction is under way on the item, which has therefore not been written."""

_FIRST_WAIT: Final = 0.005
_LONGEST_WAIT: Final = 0.25
_FEW: Final = 2
"""How often a change is tried again on what its refusal told, behind the shortest pauses."""

T = TypeVar("T")
Values: TypeAlias = Mapping[str, Any]
Change: TypeAlias = Callable[[Any], Values | None]


class OnTable(Domain):
    """A domain on a table: the service, an entity of it, and the store's rules.

    `concurrency` requests of one call go at once.
    """

    _alias: ClassVar[str]

    def __init__(self, app: Service, now: Clock, ttl: TtlRules, concurrency: int) -> None:
        super().__init__(app.driver, now)
        self._app = app
        self._entity = app.entities[self._alias]
        self._ttl = ttl.rules
        self._concurrency = concurrency

    def _living(self, entity: Entity, now: datetime) -> dict[str, datetime]:
        """What a save at this time adds to an item: its time to live, or nothing."""
        rule = self._ttl.get(entity.spec.alias)
        return {} if rule is None else {rule.attribute: now + rule.after}

    def _save_all(
        self,
        entity: Entity,
        items: Mapping[str, Values],
        *,
        id: str,
        what: str,
        atomic: bool = False,
    ) -> Program[list[Item | None]]:
        """Put items, given by their ids, each over what has its id; gives what was stored before.

        `id` names the attribute that tells the items apart, `what` is what to call them in
        messages. They go in batches, or with `atomic` in one transaction. Raises KeyCollisionError,
        before anything is saved, where an id differs from another one of the call or from a stored
        one by the case of its letters only; and SaveIncompleteError.
        """
        if not items:
            return []
        if len(items) == 1:
            # Alone it can be guarded: nobody comes between looking and writing.
            ((one, item),) = items.items()
            return [(yield from put_over(entity, item, {id: one}))]
        if len({folded(one) for one in items}) < len(items):
            raise _collision(f"another of the {what} would be stored", entity, id)
        ids = list(items)

        def written(beside: Mapping[str, Item]) -> Program[Any]:
            puts = [entity.put(**item).carrying(beside.get(one, {})) for one, item in items.items()]
            if atomic:
                return self._app.transact_write(puts).program()
            return self._app.batch_write(puts).program(concurrency=self._concurrency)

        # What cannot be written is refused before anything is sent.
        writing = written({})
        before = yield from self._stored_under(entity, [{id: one} for one in ids], data="raw")
        stored_id = entity.spec.attributes[id].field
        beside = {}
        for one, stored in zip(ids, before, strict=True):
            if stored is not None and stored.get(stored_id, {}).get("S", one) != one:
                raise _collision(f"another {entity.name} is stored", entity, id)
            if carried := entity.unknown_fields(stored or {}):
                beside[one] = carried
        try:
            yield from written(beside) if beside else writing
        except (AwsError, BatchIncompleteError, TransactionCanceledError) as error:
            if isinstance(error, AwsError) and not atomic:
                raise
            raise incomplete(entity, ids, error, id=id, what=what) from error
        return before

    def _stored_under(
        self, entity: Entity, keys: Sequence[Values], **options: Any
    ) -> Program[list[Any]]:
        """What is stored under keys, whosever it is; None for each where nothing is.

        Whole items cost what a part of them would cost.
        """
        if not keys:
            return []
        reading = entity.get(list(keys)).program(
            consistent=True, ignore_ownership=True, concurrency=self._concurrency, **options
        )
        try:
            return list((yield from reading))
        except BatchIncompleteError as error:
            # Of a read it says no more than what befell it.
            cause = error.failures[0] if error.failures else error.__cause__
            raise (cause if isinstance(cause, LeydenError) else error) from error


def folded(id: str) -> str:
    """What is the same of ids that are stored under one key: keys fold the case of letters."""
    return id.lower()


def incomplete(
    entity: Entity, ids: Sequence[str], error: LeydenError, *, id: str, what: str
) -> LeydenError:
    """The account of what was not saved as a whole, by the error of its batch or transaction."""
    if isinstance(error, BatchIncompleteError):
        field = entity.spec.attributes[id].field
        left, unsure = left_of(error, lambda write: str(write["PutRequest"]["Item"][field]["S"]))
        return account(entity, ids, left, unsure, error, what)
    rejections = error.rejections if isinstance(error, TransactionCanceledError) else ()
    if any(rejection.reason == "collision" for rejection in rejections):
        return _collision(f"another {entity.name} is stored", entity, id)
    in_doubt = isinstance(error, AwsError) and bool(error.unsure)
    left, unsure = ({*ids}, set[str]()) if not in_doubt else (set[str](), {*ids})
    return account(entity, ids, left, unsure, error, what)


def account(
    entity: Entity,
    ids: Collection[str],
    left: Collection[str],
    unsure: Collection[str],
    error: LeydenError,
    what: str,
    done: str = "written",
) -> SaveIncompleteError:
    """The error for ids of which some are left and some may have been written."""
    saved = [one for one in ids if one not in left and one not in unsure]
    doubt = f", and {len(unsure)} may or may not have been" if unsure else ""
    failures = error.failures if isinstance(error, BatchIncompleteError) else (error,)
    return SaveIncompleteError(
        f"of {len(ids)} {what} {len(saved)} were {done}, {len(left)} were not{doubt}; doing it "
        f"again is safe ({error.message})",
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


def put_over(entity: Entity, values: Values, key: Values) -> Program[Item | None]:
    """Write an item over what is stored under its key; gives that, or None where it is new.

    A new item is one request, and one that replaces another is a refused one more: the refusal
    tells what is stored. Raises KeyCollisionError.
    """
    write: Any = entity.create(**values)
    stored: Item | None = None
    doubtful = False
    while True:
        try:
            yield from insisting(partial(write.program, response="none"))
            return stored
        except KeyCollisionError:
            raise
        except ConditionFailedError as error:
            # Where an answer was lost, what refused the write may be what it wrote itself.
            doubtful = doubtful or error.unsure
            stored = error.item
        except AwsError as error:
            error.unsure = error.unsure or doubtful
            raise
        if stored is None:
            stored = yield from entity.get(**key).program(consistent=True, data="raw")
        seen = entity.stored_as(stored or {}, ["updated_at"])
        write = entity.put(**values).carrying(entity.unknown_fields(stored or {})).where(seen)


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
    key: Values,
    change: Change,
    *,
    now: Callable[[], datetime],
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

    >>> merge(app.entities.thread, {"id": "t1"}, lambda thread: {"title": "New"}, now=now)
    ... # doctest: +SKIP
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
            made = stored.record is not None and all(
                getattr(stored.record, name) == value for name, value in values.items()
            )
            if error.unsure and made:
                # An attempt whose answer was lost had made the change.
                error.unsure, error.happened = False, True
                return stored.record
            if time.monotonic() >= deadline:
                raise VersionConflictError(
                    f"the {entity.name} was changed by others for {patience:g} seconds, each "
                    "time between reading and writing it. Nothing was changed; try again later",
                    stored=stored.record,
                    item=error.item,
                    request=error.request,
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
    refused = isinstance(error, AwsError) and error.aws_code == _CONFLICT
    return refused or isinstance(error, TransactionCanceledError)


def _pause(attempt: int) -> Pause:
    return Pause(random.uniform(0, min(_LONGEST_WAIT, _FIRST_WAIT * 2 ** (attempt + 1))))


def unchanged(entity: Entity, stored: Any, values: Values) -> Condition:
    """The condition that an item is as a record has it, as far as `values` change it.

    It does not hold either where a value is stored in another way than it would be written.
    """
    conditions = []
    for name in {**values, "updated_at": None}:
        attribute, value = entity.attr[name], getattr(stored, name)
        conditions.append(attribute.does_not_exist() if value is None else attribute == value)
    together: Condition = reduce(and_, conditions)
    return together


def _read(entity: Entity, key: Values) -> Program[Stored]:
    found = yield from entity.get(**key).program(consistent=True, data="result")
    return Stored(found.item, None if found.item is None else found.response["Item"])


def found_after(entity: Entity, key: Values, error: ConditionFailedError) -> Program[Stored]:
    """What is stored after all: the refusal tells it, unless parts of it are kept elsewhere."""
    if error.item is not None and OVERFLOW_FIELD not in error.item:
        return Stored(entity.parse(error.item), error.item)
    return (yield from _read(entity, key))


def _write(entity: Entity, key: Values, stored: Stored, values: Values) -> Program[Any]:
    """Write what `values` say, if what is stored is as it was.

    Raises DecodeError where a value is stored outside of the item, and is not read there.
    """
    if stored.record is None:
        return (yield from entity.create(**key, **values).program())
    if stored.item is None:
        condition = unchanged(entity, stored.record, values)
    else:
        # A manifest names the fields of values that are kept outside.
        outside = stored.item.get(OVERFLOW_FIELD, {}).get("M", {}).keys() - stored.item.keys()
        for name in values:
            attribute = entity.spec.attributes[name]
            if attribute.overflow is None and attribute.field in outside:
                raise DecodeError(
                    f'the value of "{name}" is not in its item: {STORED_APART}. Nothing was '
                    "changed",
                    field=attribute.field,
                    entity=entity.name,
                )
        condition = entity.stored_as(stored.item, {**values, "updated_at": None})
    patch = entity.patch(**key).set(**values).where(condition)
    return (yield from patch.program(response="all_new"))
