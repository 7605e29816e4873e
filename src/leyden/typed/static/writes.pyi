"""Chains that write, by the class of their records and the mode of their service."""

from collections.abc import Coroutine
from typing import Any, Generic, Literal, Self, overload

from pynamodb.expressions.condition import Condition
from typing_extensions import TypeVar, Unpack

from leyden.operations.plan.reads import Explanation
from leyden.program import Item, Params, Program
from leyden.results import BatchResult, Result, TransactionResult
from leyden.typed.static.options import BatchWriteOptions, TransactWriteOptions, WriteOptions
from leyden.typed.static.reads import Async, M, Sync

T = TypeVar("T")
R = TypeVar("R", covariant=True, default=Any)
_Task = Coroutine[Any, Any, T]
_Plain = Literal["attributes"] | None
_New = Literal["default", "all_new", "updated_new"] | None
_Old = Literal["all_old", "updated_old"]
_Response = Literal["default", "none", "all_old", "updated_old", "all_new", "updated_new"] | None

class Write(Generic[R, M]):
    """A write of one item: immutable, until `.go()` or another ending sends or shows it."""

    def where(self, *conditions: Condition) -> Self: ...
    def expecting(self, seen: Any) -> Self: ...
    def params(
        self,
        *,
        response: _Response = None,
        data: Any = None,
        select: str | None = None,
        **options: Unpack[WriteOptions],
    ) -> Params: ...
    def program(
        self,
        *,
        response: _Response = None,
        data: Any = None,
        select: str | None = None,
        **options: Unpack[WriteOptions],
    ) -> Program[Any]: ...
    def explain(
        self,
        *,
        response: _Response = None,
        data: Any = None,
        select: str | None = None,
        **options: Unpack[WriteOptions],
    ) -> Explanation: ...
    @overload
    def go(
        self: Write[T, Sync],
        *,
        response: _New = None,
        data: _Plain = None,
        **options: Unpack[WriteOptions],
    ) -> T: ...
    @overload
    def go(
        self: Write[T, Async],
        *,
        response: _New = None,
        data: _Plain = None,
        **options: Unpack[WriteOptions],
    ) -> _Task[T]: ...
    @overload
    def go(
        self: Write[T, Sync],
        *,
        response: _Old,
        data: _Plain = None,
        **options: Unpack[WriteOptions],
    ) -> T | None: ...
    @overload
    def go(
        self: Write[T, Async],
        *,
        response: _Old,
        data: _Plain = None,
        **options: Unpack[WriteOptions],
    ) -> _Task[T | None]: ...
    @overload
    def go(
        self: Write[T, Sync],
        *,
        response: Literal["none"],
        data: _Plain = None,
        **options: Unpack[WriteOptions],
    ) -> None: ...
    @overload
    def go(
        self: Write[T, Async],
        *,
        response: Literal["none"],
        data: _Plain = None,
        **options: Unpack[WriteOptions],
    ) -> _Task[None]: ...
    @overload
    def go(
        self: Write[T, Sync],
        *,
        data: Literal["result"],
        response: _New = None,
        **options: Unpack[WriteOptions],
    ) -> Result[T]: ...
    @overload
    def go(
        self: Write[T, Async],
        *,
        data: Literal["result"],
        response: _New = None,
        **options: Unpack[WriteOptions],
    ) -> _Task[Result[T]]: ...
    @overload
    def go(
        self: Write[T, Sync],
        *,
        data: Literal["result"],
        response: _Old | Literal["none"],
        **options: Unpack[WriteOptions],
    ) -> Result[T | None]: ...
    @overload
    def go(
        self: Write[T, Async],
        *,
        data: Literal["result"],
        response: _Old | Literal["none"],
        **options: Unpack[WriteOptions],
    ) -> _Task[Result[T | None]]: ...
    @overload
    def go(
        self: Write[T, Sync],
        *,
        data: Literal["include_keys", "raw"],
        response: _Response = None,
        **options: Unpack[WriteOptions],
    ) -> Item | None: ...
    @overload
    def go(
        self: Write[T, Async],
        *,
        data: Literal["include_keys", "raw"],
        response: _Response = None,
        **options: Unpack[WriteOptions],
    ) -> _Task[Item | None]: ...
    @overload
    def go(
        self: Write[T, Sync],
        *,
        select: str | None,
        data: Any = None,
        response: _Response = None,
        **options: Unpack[WriteOptions],
    ) -> Any: ...
    @overload
    def go(
        self: Write[T, Async],
        *,
        select: str | None,
        data: Any = None,
        response: _Response = None,
        **options: Unpack[WriteOptions],
    ) -> _Task[Any]: ...

class Put(Write[R, M], Generic[R, M]):
    """`order.put(...)`: write an item, and replace the one with the same key, if there is one."""

    def carrying(self, fields: Item) -> Self: ...

class Create(Put[R, M], Generic[R, M]):
    """`order.create(...)`: write an item that must not exist yet."""

class Delete(Write[R, M], Generic[R, M]):
    """`order.delete(...)`: delete the item with this key, if there is one."""

class Remove(Delete[R, M], Generic[R, M]):
    """`order.remove(...)`: delete the item with this key, which must exist."""

class Update(Write[R, M], Generic[R, M]):
    """`order.update(...)` and `order.patch(...)`; the entity's own class has the steps."""

class Upsert(Write[R, M], Generic[R, M]):
    """`order.upsert(...)`; the entity's own class has the steps."""

class Check(Generic[R, M]):
    """`order.check(...)`: a condition that a transaction depends on."""

    def where(self, *conditions: Condition) -> Self: ...
    def expecting(self, seen: Any) -> Self: ...
    def params(self) -> Params: ...
    def program(self) -> Program[Any]: ...
    def explain(self) -> Explanation: ...
    @overload
    def go(self: Check[T, Sync]) -> T: ...
    @overload
    def go(self: Check[T, Async]) -> _Task[T]: ...

class BatchWrite(Generic[R, M]):
    """`order.put([...])`, `order.delete([...])`, `app.batch_write([...])`: independent writes."""

    def params(self, **options: Unpack[BatchWriteOptions]) -> list[Params]: ...
    def program(self, **options: Unpack[BatchWriteOptions]) -> Program[BatchResult[R | None]]: ...
    def explain(self, **options: Unpack[BatchWriteOptions]) -> Explanation: ...
    @overload
    def go(
        self: BatchWrite[T, Sync], **options: Unpack[BatchWriteOptions]
    ) -> BatchResult[T | None]: ...
    @overload
    def go(
        self: BatchWrite[T, Async], **options: Unpack[BatchWriteOptions]
    ) -> _Task[BatchResult[T | None]]: ...

class TransactWrite(Generic[R, M]):
    """`app.transact_write([...])`: writes and checks that all happen, or none of them."""

    def params(self, **options: Unpack[TransactWriteOptions]) -> Params: ...
    def program(self, **options: Unpack[TransactWriteOptions]) -> Program[TransactionResult[R]]: ...
    def explain(self, **options: Unpack[TransactWriteOptions]) -> str: ...
    @overload
    def go(
        self: TransactWrite[T, Sync], **options: Unpack[TransactWriteOptions]
    ) -> TransactionResult[T]: ...
    @overload
    def go(
        self: TransactWrite[T, Async], **options: Unpack[TransactWriteOptions]
    ) -> _Task[TransactionResult[T]]: ...
