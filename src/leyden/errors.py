"""The errors that Leyden raises, in one tree.

::

    LeydenError
    ├── SchemaError                 the schema files have faults
    ├── InputError (ValueError)     refused before anything was sent
    │   ├── UnknownAttributeError (AttributeError)
    │   ├── UnknownNameError (AttributeError, KeyError)
    │   ├── ValidationError
    │   │   ├── RequiredAttributeError
    │   │   └── ReadOnlyAttributeError
    │   ├── MissingCompositeError
    │   ├── CompositeConflictError
    │   ├── AmbiguousKeyError
    │   ├── InvalidCursorError
    │   ├── InvalidOptionError
    │   ├── InvalidExpressionError
    │   ├── ItemTooLargeError
    │   ├── ArgumentError (TypeError)
    │   └── CallStyleError (TypeError)
    ├── DecodeError                 a stored item does not fit its schema
    │   └── DecryptError                an encrypted value could not be decrypted
    ├── ConversionError             an item cannot be moved to another schema's form
    ├── MigrationError              a migration cannot do this at its current step
    │   └── MigrationBusyError          another process is running it
    ├── NotReadError (AttributeError)   a record lacks what the read left out
    ├── HookError                   a function that you passed as `hooks=` failed
    ├── NoResultError               `.one()` found no record
    ├── MultipleResultsError        `.one()` found more than one record
    ├── NotFoundError               the memory store has no such record
    ├── SaveIncompleteError         the memory store wrote only a part
    ├── ThreadOwnerError            a thread belongs to another resource
    ├── IndexIncompleteError        messages are stored, their vectors are not
    ├── EmbedderError               an embedder failed, or returned unfit vectors
    ├── VectorStoreError            a vector store failed; some vectors may not be written
    │   ├── VectorInputError (ValueError)   refused before anything was sent
    │   ├── VectorIndexNotFoundError
    │   └── VectorIndexMismatchError
    ├── BatchIncompleteError        some entries of a batch were not processed
    ├── TransactionCanceledError    a transaction was refused as a whole
    ├── ConditionFailedError        the table answered no
    │   ├── ItemExistsError
    │   ├── ItemNotFoundError
    │   ├── KeyCollisionError
    │   ├── UniqueConstraintError
    │   └── VersionConflictError
    ├── TableError
    │   ├── TableNotFoundError
    │   ├── TableMismatchError
    │   └── IndexNotReadyError
    ├── EngineError                 an embedded engine cannot be started
    └── AwsError                    the service refused or could not be reached
        ├── ThrottledError
        ├── CredentialsError
        ├── UnsupportedError
        └── ConnectionFailedError

`SchemaWarning`, a UserWarning, is no error: `leyden.load` warns with it. Nor is
`UnsentWriteWarning`, a ResourceWarning, for a write that was dropped without `.go()`.

Each class has a stable dotted `code`. Messages name attributes and fields, never their values.
The `outcome` of an error says what its call had written; see `leyden.outcomes`.
`StreamRecordError` of `leyden.service.stream` is a DecodeError; `leyden.porting` has a ModelError,
which is an InputError, and a NodeError, which is an EngineError.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Protocol, Self

from leyden.outcomes import NOTHING, Outcome, Rejection, told

if TYPE_CHECKING:
    from typing import TypedDict, Unpack

    from leyden._steps import Item, Request
    from leyden.schema.faults import Fault

    class Context(TypedDict, total=False):
        """The call that failed, as keyword arguments of every error."""

        operation: str | None
        entity: str | None

    class Doubtful(Context, total=False):
        """The same, for an error after which something may have been written."""

        unsure: bool


__all__ = [
    "AmbiguousKeyError",
    "ArgumentError",
    "AwsError",
    "BatchIncompleteError",
    "CallStyleError",
    "CompositeConflictError",
    "ConditionFailedError",
    "ConnectionFailedError",
    "ConversionError",
    "CredentialsError",
    "DecodeError",
    "DecryptError",
    "EmbedderError",
    "EngineError",
    "HookError",
    "IndexIncompleteError",
    "IndexNotReadyError",
    "InputError",
    "InvalidCursorError",
    "InvalidExpressionError",
    "InvalidOptionError",
    "ItemExistsError",
    "ItemNotFoundError",
    "ItemTooLargeError",
    "KeyCollisionError",
    "LeydenError",
    "MigrationBusyError",
    "MigrationError",
    "MissingCompositeError",
    "MultipleResultsError",
    "NoResultError",
    "NotFoundError",
    "NotReadError",
    "ReadOnlyAttributeError",
    "RequiredAttributeError",
    "SaveIncompleteError",
    "SchemaError",
    "TableError",
    "TableMismatchError",
    "TableNotFoundError",
    "ThreadOwnerError",
    "ThrottledError",
    "TransactionCanceledError",
    "UniqueConstraintError",
    "UnknownAttributeError",
    "UnknownNameError",
    "UnsupportedError",
    "ValidationError",
    "VectorIndexMismatchError",
    "VectorIndexNotFoundError",
    "VectorInputError",
    "VectorStoreError",
    "VersionConflictError",
]


class Done(Protocol):
    """What a call had done when it failed."""

    @property
    def items(self) -> tuple[Any, ...]:
        """The records that were read or put. A batch has None for its other entries."""

    @property
    def consumed(self) -> float | None:
        """The capacity units that were consumed, None if the engine does not report them."""

    @property
    def requests(self) -> int:
        """The number of requests."""

    @property
    def unreadable(self) -> tuple[DecodeError | HookError, ...]:
        """The errors of items that do not decode."""

    def __len__(self) -> int: ...

    def __iter__(self) -> Iterator[Any]: ...


class PageRead(Done, Protocol):
    """A `leyden.Page` or a `leyden.CollectionPage` on an error."""

    @property
    def cursor(self) -> str | None:
        """The cursor to continue with."""

    @property
    def scanned(self) -> int:
        """The number of items that were read."""


class BatchDone(Done, Protocol):
    """A `leyden.BatchResult` on an error."""

    @property
    def unprocessed(self) -> tuple[Any, ...]:
        """The entries that DynamoDB did not process, in raw form."""


class LeydenError(Exception):
    """The root of all errors of this package.

    `operation` (`task.create`) and `entity` (`tasks`) say what you called. Both are None if that is
    not known. If a read of many items failed after its first page, `page` has what it had read, and
    its `cursor` continues from there. Otherwise `page` is None.

    `outcome` says what the call had written by then: `outcome.written` happened all the same,
    `outcome.unsure` may have. `unsure` is true if something may have been written.

    You can pickle and copy every error. A stand-in replaces what does not pickle.
    """

    code: ClassVar[str] = "leyden"
    tells_outcome: ClassVar[bool] = False
    """Whether the message itself says what was written."""

    page: PageRead | None
    outcome: Outcome = NOTHING
    unsure: Any = False
    happened: bool = False
    """Whether a second look showed that a request with this error has written all the same."""

    _doubted: bool = False

    def __init__(
        self,
        message: str,
        *,
        unsure: bool = False,
        operation: str | None = None,
        entity: str | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.operation = operation
        self.entity = entity
        self.page = None
        if unsure:
            # Code that passes `unsure` says so in the message as well.
            self.unsure = self._doubted = True

    def __str__(self) -> str:
        message = self.message
        if self.outcome and not self.tells_outcome:
            message = told(message, self.outcome, doubted=self._doubted)
        return f"{self.operation}: {message}" if self.operation else message

    def __reduce__(self) -> tuple[Any, ...]:
        state = {**self.__dict__, "": (self.args, self.__cause__)}
        from leyden.carrying import nearest, pack

        return _carried, (nearest(type(self)), pack(state))

    def __copy__(self) -> Self:
        return self._with(dict(self.__dict__))

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        return self._with({name: _deeply(value, memo) for name, value in self.__dict__.items()})

    def _with(self, state: dict[str, Any]) -> Self:
        """Return a copy of the error with other values in its attributes."""
        if "__notes__" in state:
            state["__notes__"] = list(state["__notes__"])
        again = type(self).__new__(type(self), *self.args)
        again.__dict__.update(state)
        again.__cause__, again.__context__ = self.__cause__, self.__context__
        again.__suppress_context__ = self.__suppress_context__
        return again.with_traceback(self.__traceback__)


def _carried(kind: type[LeydenError], packed: Mapping[str, bytes]) -> LeydenError:
    """Unpickle an error."""
    from leyden.carrying import unpack

    state = unpack(packed)
    kept = state.pop("")
    args, cause = kept if isinstance(kept, tuple) else ((), None)
    error = kind.__new__(kind, *args)
    error.__dict__.update(state)
    if isinstance(cause, BaseException):
        error.__cause__ = cause
    return error


def _deeply(value: Any, memo: dict[int, Any]) -> Any:
    try:
        return copy.deepcopy(value, memo)
    except Exception:
        # Share what cannot be copied, such as a lock.
        return value


class SchemaError(LeydenError):
    """The schema has faults; `faults` holds all of them, each with its place."""

    code = "schema.invalid"

    def __init__(self, faults: Sequence[Fault]) -> None:
        self.faults = tuple(faults)
        super().__init__("\n".join(str(fault) for fault in self.faults))


class SchemaWarning(UserWarning):
    """A schema loads, but silently loses or hides items; each line names one such fault.

    `warnings.filterwarnings("error", category=leyden.SchemaWarning)` makes it an error.
    """


class UnsentWriteWarning(ResourceWarning):
    """A write was built and dropped: its chain has no `.go()`.

    Python shows a ResourceWarning under `python -X dev`, `-W default` and in test runners, and
    leaves it out in production.
    """


class InputError(LeydenError, ValueError):
    """Refused before anything was sent."""

    code = "input"


class UnknownAttributeError(InputError, AttributeError):
    """A name that the entity does not have.

    Also an AttributeError, so that `hasattr(task.attr, name)` works.
    """

    code = "input.unknown_attribute"


class UnknownNameError(InputError, AttributeError, KeyError):
    """An entity, a collection or an access pattern that does not exist.

    Also an AttributeError and a KeyError, so that `hasattr(app.entities, name)` and
    `app.entities.get(name)` work.
    """

    code = "input.unknown_name"


class ValidationError(InputError):
    """A value that its attribute does not accept. `path` says which (`detail.effort`)."""

    code = "input.invalid_value"

    def __init__(self, message: str, *, path: str = "", **context: Unpack[Context]) -> None:
        super().__init__(message, **context)
        self.path = path


class RequiredAttributeError(ValidationError):
    """A required attribute is missing, or would be removed."""

    code = "input.required"


class ReadOnlyAttributeError(ValidationError):
    """A write would change a read-only attribute, or one that is part of the item's own key."""

    code = "input.read_only"


class MissingCompositeError(InputError):
    """A key cannot be built: `missing` names the attributes that it needs."""

    code = "key.missing_composite"

    def __init__(
        self, message: str, *, missing: Sequence[str] = (), **context: Unpack[Context]
    ) -> None:
        super().__init__(message, **context)
        self.missing = tuple(missing)


class CompositeConflictError(InputError):
    """`composite()` got two different values for one attribute."""

    code = "key.composite_conflict"


class AmbiguousKeyError(InputError):
    """The values would make a key that reads back as other values."""

    code = "key.ambiguous"


class InvalidCursorError(InputError):
    """A cursor that was changed or truncated, or belongs to another query."""

    code = "cursor.invalid"


class InvalidOptionError(InputError):
    """An option that the operation does not have, or a value that the option does not take."""

    code = "option.invalid"


class InvalidExpressionError(InputError):
    """A condition, a path or a JMESPath expression that does not fit the entity."""

    code = "expression.invalid"


class ItemTooLargeError(InputError):
    """An item over DynamoDB's limit; `size` and `limit` are in bytes."""

    code = "item.too_large"

    def __init__(self, message: str, *, size: int, limit: int, **context: Unpack[Context]) -> None:
        super().__init__(message, **context)
        self.size = size
        self.limit = limit


class ArgumentError(InputError, TypeError):
    """A call whose arguments do not fit; the message shows the right form."""

    code = "input.arguments"


class CallStyleError(InputError, TypeError):
    """An asynchronous service used as a blocking one, or the other way round."""

    code = "call.style"


class DecodeError(LeydenError):
    """A stored item does not fit its schema. `field` says where.

    `item` is the item in raw form, `key` its own key, which the message names as well. Both are
    None if there is no item.
    """

    code = "item.unreadable"

    def __init__(
        self,
        message: str,
        *,
        field: str = "",
        item: Item | None = None,
        key: Item | None = None,
        **context: Unpack[Context],
    ) -> None:
        super().__init__(message, **context)
        self.field = field
        self.item = item
        self.key = key


class DecryptError(DecodeError):
    """An encrypted value could not be decrypted. `field` says which, `key_id` under which key.

    The key is missing from `encryption_keys=`, or is not the one that encrypted the value. Or the
    value was changed, copied from another item or attribute, or stored without encryption.
    `key_id` is what the stored value says, None if it says nothing. Do not trust it.
    """

    code = "item.not_decrypted"

    def __init__(
        self,
        message: str,
        *,
        key_id: str | None = None,
        field: str = "",
        item: Item | None = None,
        key: Item | None = None,
        **context: Unpack[Context],
    ) -> None:
        super().__init__(message, field=field, item=item, key=key, **context)
        self.key_id = key_id


class ConversionError(LeydenError):
    """An item that a migration cannot move into the form of another schema.

    `key` is the item's own key, which the message names as well. `path` is the attribute at fault,
    empty if it is not a single one.
    """

    code = "item.not_converted"

    def __init__(
        self,
        message: str,
        *,
        path: str = "",
        key: Item | None = None,
        **context: Unpack[Context],
    ) -> None:
        super().__init__(message, **context)
        self.path = path
        self.key = key


class MigrationError(LeydenError):
    """A migration cannot do this at its current step; the message says what it can do.

    `name` is the migration's name.
    """

    code = "migration.refused"

    def __init__(self, message: str, *, name: str = "", **context: Unpack[Context]) -> None:
        super().__init__(message, **context)
        self.name = name


class MigrationBusyError(MigrationError):
    """Another process is running the migration, and only one may."""

    code = "migration.busy"


class NotReadError(LeydenError, AttributeError):
    """A record lacks an attribute because the read left it out; `attribute` says which.

    Also an AttributeError, so that `hasattr(record, name)` is False, and `getattr` takes a
    default.
    """

    code = "record.not_read"

    def __init__(self, message: str, *, attribute: str = "", **context: Unpack[Context]) -> None:
        super().__init__(message, **context)
        self.attribute = attribute


class HookError(LeydenError):
    """A function that `{call: NAME}` names raised an exception, which is the `__cause__`.

    `hook` is its name, `path` the attribute that calls it. `item` and `key` are the item that was
    read, as on a DecodeError. Leyden's own errors pass unchanged, and a ValueError of a `validate`
    refuses the value.
    """

    code = "hook.failed"

    def __init__(
        self,
        message: str,
        *,
        hook: str = "",
        path: str = "",
        item: Item | None = None,
        key: Item | None = None,
        **context: Unpack[Context],
    ) -> None:
        super().__init__(message, **context)
        self.hook = hook
        self.path = path
        self.item = item
        self.key = key


class ConditionFailedError(LeydenError):
    """A write's condition did not hold; nothing was changed, unless `unsure`.

    `item` is the stored item in raw form, None if there is none or DynamoDB did not return it.
    `unsure` says that an earlier attempt of the same request got no answer. That attempt may have
    written, and the condition may have failed because of it. If `is_item_read` is true, None as
    `item` means that there is no item.
    """

    code = "condition.failed"

    def __init__(
        self,
        message: str,
        *,
        item: Item | None = None,
        request: Request | None = None,
        **context: Unpack[Doubtful],
    ) -> None:
        super().__init__(message, **context)
        self.item = item
        self.request = request
        self.is_item_read = item is not None


class ItemExistsError(ConditionFailedError):
    """A `create` found an item under its key. `item` is the stored one, if known."""

    code = "item.exists"


class ItemNotFoundError(ConditionFailedError):
    """A `patch`, `remove` or `check` found no item under its key."""

    code = "item.not_found"


class KeyCollisionError(ConditionFailedError):
    """Another item, with other key attributes, is stored under the same key."""

    code = "key.collision"


class VersionConflictError(ConditionFailedError):
    """The stored item has another version than the one that you read.

    `stored` is its record, None if the item no longer exists. `item` is the same in raw form.
    """

    code = "version.conflict"

    def __init__(
        self,
        message: str,
        *,
        stored: Any = None,
        item: Item | None = None,
        request: Request | None = None,
        **context: Unpack[Doubtful],
    ) -> None:
        super().__init__(message, item=item, request=request, **context)
        self.stored = stored


class UniqueConstraintError(ConditionFailedError):
    """Another item of the entity has the values that must be unique.

    `attributes` names the attributes of the constraint, `owner` is the raw key of the item that
    has the values.
    """

    code = "unique.violated"

    def __init__(
        self,
        message: str,
        *,
        attributes: Sequence[str] = (),
        owner: Item | None = None,
        request: Request | None = None,
        **context: Unpack[Context],
    ) -> None:
        super().__init__(message, request=request, **context)
        self.attributes = tuple(attributes)
        self.owner = owner


class BatchIncompleteError(LeydenError):
    """Some entries of a batch were not processed, or their requests failed.

    `result` says what was done, and `result.unprocessed` what certainly was not. `unsure` holds, in
    raw form, the entries of requests that failed: these writes may or may not have happened.
    `failures` are the errors of those requests.
    """

    code = "batch.incomplete"
    tells_outcome = True

    def __init__(
        self,
        message: str,
        *,
        result: BatchDone,
        unsure: Sequence[Mapping[str, Any]] = (),
        failures: Sequence[LeydenError] = (),
        **context: Unpack[Context],
    ) -> None:
        super().__init__(message, **context)
        self.result = result
        self.unsure = tuple(unsure)
        self.failures = tuple(failures)


class TransactionCanceledError(LeydenError):
    """A transaction was refused, and wrote nothing.

    `rejections` names each operation that was refused, and why.
    """

    code = "transaction.canceled"

    def __init__(
        self, message: str, *, rejections: Sequence[Rejection] = (), **context: Unpack[Context]
    ) -> None:
        super().__init__(message, **context)
        self.rejections = tuple(rejections)


class NoResultError(LeydenError):
    """`.one()` found no record."""

    code = "result.none"


class MultipleResultsError(LeydenError):
    """`.one()` found more than one record."""

    code = "result.multiple"


class NotFoundError(LeydenError):
    """The record that the store should change does not exist; `kind` and `id` say which one."""

    code = "store.not_found"

    def __init__(self, message: str, *, kind: str, id: str, operation: str | None = None) -> None:
        super().__init__(message, operation=operation, entity=kind)
        self.kind = kind
        self.id = id


class SaveIncompleteError(LeydenError):
    """The store wrote only a part of what you gave it.

    `saved`, `unsaved` and `unsure` hold ids: of what was written, what was not, and what may or
    may not have been, since an answer was lost. Saving all of it again is safe. `failures` are
    the errors behind it.
    """

    code = "store.save_incomplete"
    tells_outcome = True

    def __init__(
        self,
        message: str,
        *,
        saved: Sequence[str] = (),
        unsaved: Sequence[str] = (),
        unsure: Sequence[str] = (),
        failures: Sequence[LeydenError] = (),
        **context: Unpack[Context],
    ) -> None:
        super().__init__(message, **context)
        self.saved = tuple(saved)
        self.unsaved = tuple(unsaved)
        self.unsure = tuple(unsure)
        self.failures = tuple(failures)


class ThreadOwnerError(LeydenError):
    """A thread belongs to another resource than the one that you named.

    Leyden read nothing else of the thread. `thread_id` says which one it is.
    """

    code = "memory.thread_owner"

    def __init__(self, message: str, *, thread_id: str = "", **context: Unpack[Context]) -> None:
        super().__init__(message, **context)
        self.thread_id = thread_id


class IndexIncompleteError(LeydenError):
    """A memory stored or deleted messages, but could not update their vectors.

    `saved` has the ids of the messages that it stored. `unindexed` has the ids of those that recall
    by meaning does not find, or finds by an earlier text; `reindex` of their thread mends that.
    `failures` are the errors behind it.
    """

    code = "memory.index_incomplete"
    tells_outcome = True

    def __init__(
        self,
        message: str,
        *,
        saved: Sequence[str] = (),
        unindexed: Sequence[str] = (),
        failures: Sequence[LeydenError] = (),
        **context: Unpack[Context],
    ) -> None:
        super().__init__(message, **context)
        self.saved = tuple(saved)
        self.unindexed = tuple(unindexed)
        self.failures = tuple(failures)


class EmbedderError(LeydenError):
    """An embedder raised an exception, which is the `__cause__`, or returned unfit vectors.

    Unfit means too few or too many vectors, other dimensions than it says, or numbers that are not
    finite. Leyden uses none of them.
    """

    code = "embedder.failed"


class VectorStoreError(LeydenError):
    """A vector store refused a call, or could not be reached. The original is the `__cause__`.

    `index` names the index. `unsaved` holds the ids of the vectors that an upsert did not write.
    If the answer to a request was lost, its ids are among them, although it may have written
    them. You can safely upsert all of the vectors again.
    """

    code = "vectors.failed"

    def __init__(
        self,
        message: str,
        *,
        index: str | None = None,
        unsaved: Sequence[str] = (),
        **context: Unpack[Doubtful],
    ) -> None:
        super().__init__(message, **context)
        self.index = index
        self.unsaved = tuple(unsaved)


class VectorInputError(VectorStoreError, InputError):
    """A vector, a filter or an option that the vector store does not take; nothing was sent."""

    code = "vectors.input"


class VectorIndexNotFoundError(VectorStoreError):
    """The vector store does not have the index. `create_index` makes it."""

    code = "vectors.index_not_found"


class VectorIndexMismatchError(VectorStoreError):
    """The vector store has an index of that name with other dimensions or another metric."""

    code = "vectors.index_mismatch"


class TableError(LeydenError):
    """Something is wrong with the table itself."""

    code = "table"


class TableNotFoundError(TableError):
    """The table, or the index, does not exist."""

    code = "table.not_found"


class TableMismatchError(TableError):
    """The table differs from what the schemas need; `differences` lists how."""

    code = "table.mismatch"

    def __init__(
        self, message: str, *, differences: Sequence[str] = (), **context: Unpack[Context]
    ) -> None:
        super().__init__(message, **context)
        self.differences = tuple(differences)


class IndexNotReadyError(TableError):
    """A vector index is being created or backfilled, and cannot be searched yet."""

    code = "table.index_not_ready"


class EngineError(LeydenError):
    """An engine for development cannot start here; the message says what is missing."""

    code = "engine.unavailable"


class AwsError(LeydenError):
    """The service refused a request, or could not be reached.

    `aws_code` is AWS's own name (`ValidationException`), None if no answer came. `request` is
    what Leyden sent, `response` what came back. The original is the `__cause__`.
    `unsure` says that a write of the request may have happened all the same.
    """

    code = "aws.failed"

    def __init__(
        self,
        message: str,
        *,
        aws_code: str | None = None,
        request: Request | None = None,
        response: Mapping[str, Any] | None = None,
        **context: Unpack[Doubtful],
    ) -> None:
        super().__init__(message, **context)
        self.aws_code = aws_code
        self.request = request
        self.response = response


class ThrottledError(AwsError):
    """The request was throttled; retries are used up."""

    code = "aws.throttled"


class CredentialsError(AwsError):
    """There are no credentials, or the service does not accept them."""

    code = "aws.credentials"


class UnsupportedError(AwsError):
    """The endpoint, or the client that sends to it, does not know the operation."""

    code = "aws.unsupported"


class ConnectionFailedError(AwsError):
    """The endpoint could not be reached, or did not answer in time."""

    code = "aws.connection"
