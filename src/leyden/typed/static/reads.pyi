"""Chains that read, by the class of their records and the mode of their service.

Each ending is declared twice, for `Sync` and for `Async`, with the same result, returned or
awaited. `R` is the class of the records, `M` the mode.
"""

from collections.abc import AsyncIterator, Coroutine, Iterator
from typing import Any, Generic, Literal, Self, overload

from pynamodb.expressions.condition import Condition
from typing_extensions import TypeVar, Unpack

from leyden.errors import DecodeError, HookError
from leyden.operations.plan.reads import Explanation
from leyden.program import Item, Params, Program
from leyden.results import BatchResult, Counted, Matches, Page, Result, TransactionResult
from leyden.typed.static.options import (
    BatchGetOptions,
    FirstOptions,
    GetOptions,
    QueryCountOptions,
    QueryFirstOptions,
    QueryIterOptions,
    QueryOptions,
    ScanCountOptions,
    ScanIterOptions,
    ScanOptions,
    SearchOptions,
    TransactGetOptions,
)

class Sync:
    """The mode of a service of `load()`: `.go()` returns its result."""

class Async:
    """The mode of a service of `load_async()`: `.go()` is awaited."""

T = TypeVar("T")
R = TypeVar("R", covariant=True, default=Any)
M = TypeVar("M", Sync, Async, default=Sync)
Pages = TypeVar("Pages", covariant=True, default=Page[Any])
Range = TypeVar("Range", covariant=True, default=Any)
Limits = TypeVar("Limits", contravariant=True, default=Any)
Begins = TypeVar("Begins", covariant=True, default=Range)
_Task = Coroutine[Any, Any, T]
_Plain = Literal["attributes"] | None

class Get(Generic[R, M]):
    """`order.get(...)`: the record with this key, or None."""

    def params(
        self,
        *,
        data: Any = None,
        select: str | None = None,
        **options: Unpack[GetOptions],
    ) -> Params: ...
    def program(
        self,
        *,
        data: Any = None,
        select: str | None = None,
        **options: Unpack[GetOptions],
    ) -> Program[Any]: ...
    def explain(
        self,
        *,
        data: Any = None,
        select: str | None = None,
        **options: Unpack[GetOptions],
    ) -> Explanation: ...
    @overload
    def go(
        self: Get[T, Sync], *, data: _Plain = None, **options: Unpack[GetOptions]
    ) -> T | None: ...
    @overload
    def go(
        self: Get[T, Async], *, data: _Plain = None, **options: Unpack[GetOptions]
    ) -> _Task[T | None]: ...
    @overload
    def go(
        self: Get[T, Sync], *, data: Literal["result"], **options: Unpack[GetOptions]
    ) -> Result[T | None]: ...
    @overload
    def go(
        self: Get[T, Async], *, data: Literal["result"], **options: Unpack[GetOptions]
    ) -> _Task[Result[T | None]]: ...
    @overload
    def go(
        self: Get[T, Sync], *, data: Literal["include_keys", "raw"], **options: Unpack[GetOptions]
    ) -> Item | None: ...
    @overload
    def go(
        self: Get[T, Async], *, data: Literal["include_keys", "raw"], **options: Unpack[GetOptions]
    ) -> _Task[Item | None]: ...
    @overload
    def go(
        self: Get[T, Sync], *, select: str | None, data: Any = None, **options: Unpack[GetOptions]
    ) -> Any: ...
    @overload
    def go(
        self: Get[T, Async], *, select: str | None, data: Any = None, **options: Unpack[GetOptions]
    ) -> _Task[Any]: ...

class Records(Generic[R, M]):
    """What `.iter()` returns: an iterator over the records of all pages."""

    unreadable: list[DecodeError | HookError]
    def __iter__(self: Records[T, Sync]) -> Iterator[T]: ...
    def __next__(self: Records[T, Sync]) -> T: ...
    def __aiter__(self: Records[T, Async]) -> AsyncIterator[T]: ...
    def __anext__(self: Records[T, Async]) -> _Task[T]: ...

class _Many(Generic[R, M]):
    def where(self, *conditions: Condition) -> Self: ...
    def __iter__(self: _Many[T, Sync]) -> Iterator[T]: ...
    def __aiter__(self: _Many[T, Async]) -> AsyncIterator[T]: ...

class _Queried(_Many[R, M], Generic[R, M, Pages]):
    def params(
        self,
        *,
        data: Any = None,
        select: str | None = None,
        **options: Unpack[QueryOptions],
    ) -> Params: ...
    def program(
        self,
        *,
        data: Any = None,
        select: str | None = None,
        **options: Unpack[QueryOptions],
    ) -> Program[Any]: ...
    def explain(
        self,
        *,
        data: Any = None,
        select: str | None = None,
        **options: Unpack[QueryOptions],
    ) -> Explanation: ...
    @overload
    def go(
        self: _Queried[R, Sync, T], *, data: _Plain = None, **options: Unpack[QueryOptions]
    ) -> T: ...
    @overload
    def go(
        self: _Queried[R, Async, T], *, data: _Plain = None, **options: Unpack[QueryOptions]
    ) -> _Task[T]: ...
    @overload
    def go(
        self: _Queried[R, Sync, T],
        *,
        data: Literal["include_keys", "raw"],
        **options: Unpack[QueryOptions],
    ) -> Page[Item]: ...
    @overload
    def go(
        self: _Queried[R, Async, T],
        *,
        data: Literal["include_keys", "raw"],
        **options: Unpack[QueryOptions],
    ) -> _Task[Page[Item]]: ...
    @overload
    def go(
        self: _Queried[R, Sync, T],
        *,
        select: str | None,
        data: Any = None,
        **options: Unpack[QueryOptions],
    ) -> Page[Any]: ...
    @overload
    def go(
        self: _Queried[R, Async, T],
        *,
        select: str | None,
        data: Any = None,
        **options: Unpack[QueryOptions],
    ) -> _Task[Page[Any]]: ...
    def iter(self, **options: Unpack[QueryIterOptions]) -> Records[R, M]: ...
    @overload
    def count(self: _Queried[R, Sync, T], **options: Unpack[QueryCountOptions]) -> int: ...
    @overload
    def count(self: _Queried[R, Async, T], **options: Unpack[QueryCountOptions]) -> _Task[int]: ...
    def counting(self, **options: Unpack[QueryCountOptions]) -> Program[Counted]: ...
    @overload
    def first(
        self: _Queried[R, Sync, T], *, data: _Plain = None, **options: Unpack[QueryFirstOptions]
    ) -> R | None: ...
    @overload
    def first(
        self: _Queried[R, Async, T], *, data: _Plain = None, **options: Unpack[QueryFirstOptions]
    ) -> _Task[R | None]: ...
    @overload
    def first(
        self: _Queried[R, Sync, T],
        *,
        data: Any = None,
        select: str | None = None,
        **options: Unpack[QueryFirstOptions],
    ) -> Any: ...
    @overload
    def first(
        self: _Queried[R, Async, T],
        *,
        data: Any = None,
        select: str | None = None,
        **options: Unpack[QueryFirstOptions],
    ) -> _Task[Any]: ...
    @overload
    def one(
        self: _Queried[R, Sync, T], *, data: _Plain = None, **options: Unpack[QueryFirstOptions]
    ) -> R: ...
    @overload
    def one(
        self: _Queried[R, Async, T], *, data: _Plain = None, **options: Unpack[QueryFirstOptions]
    ) -> _Task[R]: ...
    @overload
    def one(
        self: _Queried[R, Sync, T],
        *,
        data: Any = None,
        select: str | None = None,
        **options: Unpack[QueryFirstOptions],
    ) -> Any: ...
    @overload
    def one(
        self: _Queried[R, Async, T],
        *,
        data: Any = None,
        select: str | None = None,
        **options: Unpack[QueryFirstOptions],
    ) -> _Task[Any]: ...

class Query(_Queried[R, M, Page[R]], Generic[R, M]):
    """`order.query.NAME(...)`: the items of one partition of an access pattern, in key order."""

class _Ranges(Generic[Range, Begins]):
    @property
    def begins(self) -> Begins: ...
    @property
    def gt(self) -> Range: ...
    @property
    def gte(self) -> Range: ...
    @property
    def lt(self) -> Range: ...
    @property
    def lte(self) -> Range: ...

class RangedQuery(Query[R, M], _Ranges[Range, Begins], Generic[R, M, Range, Limits, Begins]):
    """A query that takes a range: `Range` is called with the attribute, and `Limits` holds it.

    `Begins` is called with the beginning of a value, which need not be a value itself.
    """

    def between(self, start: Limits, end: Limits) -> Query[R, M]: ...

class CollectionQuery(_Queried[R, M, Pages], Generic[R, M, Pages]):
    """`app.collections.NAME(...)`: the members' items in one partition, in key order."""

class RangedCollectionQuery(
    CollectionQuery[R, M, Pages],
    _Ranges[Range, Begins],
    Generic[R, M, Pages, Range, Limits, Begins],
):
    """A query of a collection that takes a range."""

    def between(self, start: Limits, end: Limits) -> CollectionQuery[R, M, Pages]: ...

class Scan(_Many[R, M], Generic[R, M]):
    """`order.scan`: all items of the entity. DynamoDB reads the whole table for it."""

    def __call__(self) -> Self: ...
    def index(self, access_pattern: str) -> Self: ...
    def params(
        self,
        *,
        data: Any = None,
        select: str | None = None,
        **options: Unpack[ScanOptions],
    ) -> Params: ...
    def program(
        self,
        *,
        data: Any = None,
        select: str | None = None,
        **options: Unpack[ScanOptions],
    ) -> Program[Any]: ...
    def explain(
        self,
        *,
        data: Any = None,
        select: str | None = None,
        **options: Unpack[ScanOptions],
    ) -> Explanation: ...
    @overload
    def go(
        self: Scan[T, Sync], *, data: _Plain = None, **options: Unpack[ScanOptions]
    ) -> Page[T]: ...
    @overload
    def go(
        self: Scan[T, Async], *, data: _Plain = None, **options: Unpack[ScanOptions]
    ) -> _Task[Page[T]]: ...
    @overload
    def go(
        self: Scan[T, Sync],
        *,
        data: Any = None,
        select: str | None = None,
        **options: Unpack[ScanOptions],
    ) -> Page[Any]: ...
    @overload
    def go(
        self: Scan[T, Async],
        *,
        data: Any = None,
        select: str | None = None,
        **options: Unpack[ScanOptions],
    ) -> _Task[Page[Any]]: ...
    def iter(self, **options: Unpack[ScanIterOptions]) -> Records[R, M]: ...
    @overload
    def count(self: Scan[T, Sync], **options: Unpack[ScanCountOptions]) -> int: ...
    @overload
    def count(self: Scan[T, Async], **options: Unpack[ScanCountOptions]) -> _Task[int]: ...
    def counting(self, **options: Unpack[ScanCountOptions]) -> Program[Counted]: ...
    @overload
    def first(
        self: Scan[T, Sync], *, data: _Plain = None, **options: Unpack[FirstOptions]
    ) -> T | None: ...
    @overload
    def first(
        self: Scan[T, Async], *, data: _Plain = None, **options: Unpack[FirstOptions]
    ) -> _Task[T | None]: ...
    @overload
    def first(
        self: Scan[T, Sync],
        *,
        data: Any = None,
        select: str | None = None,
        **options: Unpack[FirstOptions],
    ) -> Any: ...
    @overload
    def first(
        self: Scan[T, Async],
        *,
        data: Any = None,
        select: str | None = None,
        **options: Unpack[FirstOptions],
    ) -> _Task[Any]: ...
    @overload
    def one(self: Scan[T, Sync], *, data: _Plain = None, **options: Unpack[FirstOptions]) -> T: ...
    @overload
    def one(
        self: Scan[T, Async], *, data: _Plain = None, **options: Unpack[FirstOptions]
    ) -> _Task[T]: ...
    @overload
    def one(
        self: Scan[T, Sync],
        *,
        data: Any = None,
        select: str | None = None,
        **options: Unpack[FirstOptions],
    ) -> Any: ...
    @overload
    def one(
        self: Scan[T, Async],
        *,
        data: Any = None,
        select: str | None = None,
        **options: Unpack[FirstOptions],
    ) -> _Task[Any]: ...

class Search(Generic[R, M]):
    """`note.search.NAME(vector, ...)`: the items with the nearest vectors, nearest first."""

    def where(self, *conditions: Condition) -> Self: ...
    def params(
        self,
        *,
        data: Any = None,
        **options: Unpack[SearchOptions],
    ) -> Params: ...
    def program(
        self,
        *,
        data: Any = None,
        **options: Unpack[SearchOptions],
    ) -> Program[Any]: ...
    def explain(
        self,
        *,
        data: Any = None,
        **options: Unpack[SearchOptions],
    ) -> Explanation: ...
    @overload
    def go(
        self: Search[T, Sync], *, data: _Plain = None, **options: Unpack[SearchOptions]
    ) -> Matches[T]: ...
    @overload
    def go(
        self: Search[T, Async], *, data: _Plain = None, **options: Unpack[SearchOptions]
    ) -> _Task[Matches[T]]: ...
    @overload
    def go(
        self: Search[T, Sync],
        *,
        data: Literal["include_keys", "raw"],
        **options: Unpack[SearchOptions],
    ) -> Matches[Item]: ...
    @overload
    def go(
        self: Search[T, Async],
        *,
        data: Literal["include_keys", "raw"],
        **options: Unpack[SearchOptions],
    ) -> _Task[Matches[Item]]: ...

class BatchGet(Generic[R, M]):
    """`order.get([...])` and `app.batch_get([...])`: the records with these keys."""

    def params(
        self,
        *,
        data: Any = None,
        select: str | None = None,
        **options: Unpack[BatchGetOptions],
    ) -> list[Params]: ...
    def program(
        self,
        *,
        data: Any = None,
        select: str | None = None,
        **options: Unpack[BatchGetOptions],
    ) -> Program[BatchResult[Any]]: ...
    def explain(
        self,
        *,
        data: Any = None,
        select: str | None = None,
        **options: Unpack[BatchGetOptions],
    ) -> Explanation: ...
    @overload
    def go(
        self: BatchGet[T, Sync], *, data: _Plain = None, **options: Unpack[BatchGetOptions]
    ) -> BatchResult[T | None]: ...
    @overload
    def go(
        self: BatchGet[T, Async], *, data: _Plain = None, **options: Unpack[BatchGetOptions]
    ) -> _Task[BatchResult[T | None]]: ...
    @overload
    def go(
        self: BatchGet[T, Sync],
        *,
        data: Any = None,
        select: str | None = None,
        **options: Unpack[BatchGetOptions],
    ) -> BatchResult[Any]: ...
    @overload
    def go(
        self: BatchGet[T, Async],
        *,
        data: Any = None,
        select: str | None = None,
        **options: Unpack[BatchGetOptions],
    ) -> _Task[BatchResult[Any]]: ...

class TransactGet(Generic[R, M]):
    """`app.transact_get([...])`: reads items as they all were at one moment."""

    def params(
        self,
        *,
        data: Any = None,
        select: str | None = None,
        **options: Unpack[TransactGetOptions],
    ) -> Params: ...
    def program(
        self,
        *,
        data: Any = None,
        select: str | None = None,
        **options: Unpack[TransactGetOptions],
    ) -> Program[TransactionResult[Any]]: ...
    @overload
    def go(
        self: TransactGet[T, Sync], *, data: _Plain = None, **options: Unpack[TransactGetOptions]
    ) -> TransactionResult[T | None]: ...
    @overload
    def go(
        self: TransactGet[T, Async], *, data: _Plain = None, **options: Unpack[TransactGetOptions]
    ) -> _Task[TransactionResult[T | None]]: ...
    @overload
    def go(
        self: TransactGet[T, Sync],
        *,
        data: Any = None,
        select: str | None = None,
        **options: Unpack[TransactGetOptions],
    ) -> TransactionResult[Any]: ...
    @overload
    def go(
        self: TransactGet[T, Async],
        *,
        data: Any = None,
        select: str | None = None,
        **options: Unpack[TransactGetOptions],
    ) -> _Task[TransactionResult[Any]]: ...
