"""Writing the store's items without overwriting another id's item or losing stored data.

A newer client of the table may store more in an item than this one knows about. Updates leave that
alone, but a write that replaces or copies a whole item has to bring it along. So the store looks at
what is stored first: a single write learns it from its refused condition, and many writes read it
in batches. A change that depends on what is stored has the condition that this is still there.
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
"""For how many seconds a change is retried while others change the same item."""

STORED_APART: Final = (
    'only a store with large_values="chunk" stores large values outside their item, and reads them'
)

_CONFLICT: Final = "TransactionConflictException"
"""DynamoDB's refusal of a write because a transaction is under way on the item."""

_FIRST_WAIT: Final = 0.005
_LONGEST_WAIT: Final = 0.25
_FEW: Final = 2
"""How many retries use what the refusal showed, after the shortest pauses, without a new read."""

T = TypeVar("T")
Values: TypeAlias = Mapping[str, Any]
Change: TypeAlias = Callable[[Any], Values | None]


class OnTable(Domain):
    """A domain on a table: the service, an entity of it, and the store's options.

    One call has at most `concurrency` requests under way at once.
    """

    _alias: ClassVar[str]

    def __init__(self, app: Service, now: Clock, ttl: TtlRules, concurrency: int) -> None:
        super().__init__(app.driver, now)
        self._app = app
        self._entity = app.entities[self._alias]
        self._ttl = ttl.rules
        self._concurrency = concurrency

    def _living(self, entity: Entity, now: datetime) -> dict[str, datetime]:
        """Return what a save at this time adds to an item: its time to live, or nothing."""
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
        """Put items, keyed by id, over the stored ones; return what was stored before.

        `id` names the attribute that holds the items' ids, and `what` is what messages call the
        items. They are written in batches, or in one transaction with `atomic`. Raises
        KeyCollisionError, before anything is saved, if two ids of the call, or an id and a stored
        one, differ only by the case of their letters; and SaveIncompleteError.
        """
        if not items:
            return []
        if len(items) == 1:
            # A single write can carry a condition, so that nobody comes between look and write.
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

        # Building the requests first refuses items that cannot be written, before any is sent.
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
        """Return what is stored under each key, whosever it is, or None where nothing is.

        Reading whole items costs the same as reading parts of them.
        """
        if not keys:
            return []
        reading = entity.get(list(keys)).program(
            consistent=True, ignore_ownership=True, concurrency=self._concurrency, **options
        )
        try:
            return list((yield from reading))
        except BatchIncompleteError as error:
            # For a read, the batch's error has nothing that its cause does not have.
            cause = error.failures[0] if error.failures else error.__cause__
            raise (cause if isinstance(cause, LeydenError) else error) from error


def folded(id: str) -> str:
    """Return the part of an id that its key holds: keys fold the case of letters."""
    return id.lower()


def incomplete(
    entity: Entity, ids: Sequence[str], error: LeydenError, *, id: str, what: str
) -> LeydenError:
    """Return the error for a save that was not complete, from its batch or transaction's error."""
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
    """Return the error for a save of these ids; `left` were not written, `unsure` may have been."""
    saved = [one for one in ids if one not in left and one not in unsure]
    doubt = f", and {len(unsure)} may or may not have been" if unsure else ""
    failures = error.failures if isinstance(error, BatchIncompleteError) else (error,)
    return SaveIncompleteError(
        f"{len(saved)} of {len(ids)} {what} were {done}, {len(left)} were not{doubt}; doing it "
        f"again is safe ({error.message})",
        saved=saved,
        unsaved=[one for one in ids if one in left],
        unsure=[one for one in ids if one in unsure],
        failures=failures or (error,),
        entity=entity.name,
    )


def left_of(error: BatchIncompleteError, name: Callable[[Any], str]) -> tuple[set[str], set[str]]:
    """Return the names of a batch's raw writes that were not done, and of those that may be."""
    left = {name(write) for write in error.result.unprocessed}
    unsure = {name(write) for part in error.unsure for writes in part.values() for write in writes}
    # If every failure was a refusal, the writes in doubt have certainly not happened.
    refused = len(error.unsure) == len(error.failures) and all(
        isinstance(failure, InputError)
        or (isinstance(failure, AwsError) and bool(failure.aws_code) and not failure.unsure)
        for failure in error.failures
    )
    return (left | unsure, set()) if refused else (left, unsure)


def _collision(what: str, entity: Entity, id: str) -> KeyCollisionError:
    return KeyCollisionError(
        f"{what} under the same key: its {id} differs only by the case of its letters. Nothing was "
        "written; give one of them another id",
        entity=entity.name,
    )


def put_over(entity: Entity, values: Values, key: Values) -> Program[Item | None]:
    """Write an item over what is stored under its key; return that, or None if nothing was.

    A new item takes one request. Replacing an item takes one more, because the first is refused
    and its refusal shows what is stored. Raises KeyCollisionError.
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
            # If an answer was lost, the item that refused this write may be our own.
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
    """A record and its stored item; the item is None if the caller has read the record only."""

    record: Any
    item: Item | None = field(default=None, repr=False)

    @property
    def changed_at(self) -> datetime | None:
        """The time of the last change, or None if nothing is stored."""
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
    """Change an item depending on what is stored; return the record as it is afterwards.

    `change` gets the stored record, or None if there is none, and returns the attributes to set;
    for a new item, these are all but the key. If it returns None, nothing is written and the result
    is the stored record. It is called again whenever another writer was faster, so it must have no
    side effects. If it raises, nothing is changed.

    `updated_at` is set later than the stored time, so that other writers see the change. The write
    also compares the fields that change, whole and as they are stored, because a writer that rounds
    to milliseconds may have left `updated_at` as it was. `seen` is the record if it was just read
    and is short enough for its item to have it unchanged.

    Raises VersionConflictError if others were faster for `patience` seconds.

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
                # An earlier attempt, whose answer was lost, made the change.
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
        yield pause(attempt)
        attempt += 1
        if attempt > _FEW:
            # After so long a pause, and among many writers, the item has changed again: read it.
            stored = yield from _read(entity, key)


def insisting(begin: Callable[[], Program[T]], *, patience: float = PATIENCE) -> Program[T]:
    """Run a program, and start it again while a transaction is under way on what it writes."""
    deadline = time.monotonic() + patience
    attempt = 0
    while True:
        try:
            return (yield from begin())
        except (AwsError, TransactionCanceledError) as error:
            if not _may_pass(error) or time.monotonic() >= deadline:
                raise
        yield pause(attempt)
        attempt += 1


def _may_pass(error: LeydenError) -> bool:
    """Return whether only other writes, which also cancel transactions, were in the way."""
    refused = isinstance(error, AwsError) and error.aws_code == _CONFLICT
    return refused or isinstance(error, TransactionCanceledError)


def pause(attempt: int) -> Pause:
    """A pause before the next attempt, longer each time, and random so that writers part."""
    return Pause(random.uniform(0, min(_LONGEST_WAIT, _FIRST_WAIT * 2 ** (attempt + 1))))


def unchanged(entity: Entity, stored: Any, values: Values) -> Condition:
    """Return the condition that an item still has what a record has where `values` change it.

    The condition also fails if a value is stored in another form than this store would write it.
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
    """Return what is stored: the refusal shows it, unless parts of the item are stored outside."""
    if error.item is not None and OVERFLOW_FIELD not in error.item:
        return Stored(entity.parse(error.item), error.item)
    return (yield from _read(entity, key))


def _write(entity: Entity, key: Values, stored: Stored, values: Values) -> Program[Any]:
    """Write `values` if the stored item is unchanged.

    Raises DecodeError if a value is stored outside the item and this store does not read it there.
    """
    if stored.record is None:
        return (yield from entity.create(**key, **values).program())
    if stored.item is None:
        condition = unchanged(entity, stored.record, values)
    else:
        # The manifest names the fields whose values are stored outside the item.
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
