"""Entities and services, without what depends on a schema."""

from collections.abc import Callable, Coroutine, Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from decimal import Decimal
from typing import Any, Generic, Literal, Protocol, TypeAlias, overload

from pynamodb.models import Model
from typing_extensions import TypeVar

from leyden.errors import DecodeError, HookError
from leyden.mapping import EntityMapping
from leyden.operations.companions.backfill import Adoption
from leyden.operations.companions.overflow.sweeping import Sweep
from leyden.program import Item
from leyden.schema.spec import EntitySpec
from leyden.service.asynchronous import AsyncService as _AsyncService
from leyden.service.conversions import Conversions
from leyden.service.service import Service as _Service
from leyden.typed.static.conditions import Condition
from leyden.typed.static.reads import (
    Async,
    BatchGet,
    CollectionQuery,
    Get,
    M,
    Scan,
    Sync,
    TransactGet,
)
from leyden.typed.static.writes import BatchWrite, Check, Delete, Put, TransactWrite, Write

T = TypeVar("T")
R = TypeVar("R", covariant=True, default=Any)
X = TypeVar("X")
E = TypeVar("E", covariant=True, default=Any)
C = TypeVar("C", covariant=True, default=Any)
"""A chain, or the collections of a service."""
_Task = Coroutine[Any, Any, T]

Paths: TypeAlias = Mapping[str, Any]
"""Values by their paths inside attributes: `{"lines[0].count": 1}`."""

Group: TypeAlias = AbstractSet[X] | list[X] | tuple[X, ...]
"""The value of a set attribute: a set, or a list without duplicates."""

class _Array(Protocol):
    def tolist(self) -> Any: ...

Vector: TypeAlias = Sequence[float] | Sequence[Decimal] | _Array
"""The value of a vector attribute: numbers, a NumPy array, or a tensor."""

class Entity(Generic[R, M]):
    """One entity of a service: what all entities have in common."""

    @property
    def spec(self) -> EntitySpec: ...
    @property
    def name(self) -> str: ...
    @property
    def mapping(self) -> EntityMapping: ...
    @property
    def model(self) -> type[Model]: ...
    @property
    def scan(self) -> Scan[R, M]: ...
    @property
    def conversions(self) -> Conversions: ...
    @overload
    def adopt_unique(
        self: Entity[T, Sync],
        *,
        cursor: str | None = None,
        pages: int | None = None,
        progress: Callable[[Adoption], object] | None = None,
    ) -> Adoption: ...
    @overload
    def adopt_unique(
        self: Entity[T, Async],
        *,
        cursor: str | None = None,
        pages: int | None = None,
        progress: Callable[[Adoption], object] | None = None,
    ) -> _Task[Adoption]: ...
    @overload
    def sweep_overflow(
        self: Entity[T, Sync],
        *,
        cursor: str | None = None,
        pages: int | None = None,
        progress: Callable[[Sweep], object] | None = None,
    ) -> Sweep: ...
    @overload
    def sweep_overflow(
        self: Entity[T, Async],
        *,
        cursor: str | None = None,
        pages: int | None = None,
        progress: Callable[[Sweep], object] | None = None,
    ) -> _Task[Sweep]: ...
    def owns(self, item: Item) -> bool: ...
    def owns_part(self, item: Item) -> bool: ...
    def owns_guard(self, item: Item) -> bool: ...
    def unknown_fields(self, item: Item) -> Item: ...
    def decode(self, item: Item) -> dict[str, Any]: ...
    def stored_as(self, item: Item, names: Iterable[str]) -> Condition: ...
    def parse(
        self, item: Item, *, apart: Literal["raise", "keep"] = "raise", deferred: bool = False
    ) -> R: ...

class Patterns:
    """`order.query`, `note.search`: an entity's own class has a method for each access pattern."""

    def __getitem__(self, name: str) -> Callable[..., Any]: ...
    def __iter__(self) -> Iterator[str]: ...

class CollectionPage(Sequence[R], Generic[R]):
    """The records that a collection query found; its own class has one list for each entity."""

    @property
    def items(self) -> tuple[R, ...]: ...
    @property
    def entries(self) -> tuple[tuple[str, R], ...]: ...
    @property
    def aliases(self) -> tuple[str, ...]: ...
    @property
    def cursor(self) -> str | None: ...
    @property
    def consumed(self) -> float | None: ...
    @property
    def scanned(self) -> int: ...
    @property
    def requests(self) -> int: ...
    @property
    def unreadable(self) -> tuple[DecodeError | HookError, ...]: ...
    def __len__(self) -> int: ...
    @overload
    def __getitem__(self, index: int, /) -> R: ...
    @overload
    def __getitem__(self, index: slice, /) -> tuple[R, ...]: ...

class Entities(Generic[M]):
    """`app.entities`: a service's own class has one attribute for each entity."""

    def __iter__(self) -> Iterator[str]: ...
    def __len__(self) -> int: ...
    def __contains__(self, alias: object) -> bool: ...
    def keys(self) -> Iterable[str]: ...
    def values(self) -> Iterable[Entity[Any, M]]: ...
    def items(self) -> Iterable[tuple[str, Entity[Any, M]]]: ...

class Collections(Generic[M]):
    """`app.collections`: a service's own class has one method for each collection."""

    def __getitem__(self, name: str) -> Callable[..., CollectionQuery[Any, M, Any]]: ...
    def __iter__(self) -> Iterator[str]: ...
    def __len__(self) -> int: ...
    def __contains__(self, name: object) -> bool: ...

class Service(_Service, Generic[E, C]):
    """A service of `load()`: a `leyden.Service` with entities `E` and collections `C`."""

    @property
    def entities(self) -> E: ...  # type: ignore[override]
    @property
    def collections(self) -> C: ...  # type: ignore[override]
    def batch_get(  # type: ignore[override]
        self, entries: Sequence[Get[T, Sync]]
    ) -> BatchGet[T, Sync]: ...
    def batch_write(  # type: ignore[override]
        self, entries: Sequence[Put[Any, Sync] | Delete[Any, Sync]]
    ) -> BatchWrite[Any, Sync]: ...
    def transact_get(  # type: ignore[override]
        self, entries: Sequence[Get[T, Sync]]
    ) -> TransactGet[T, Sync]: ...
    def transact_write(  # type: ignore[override]
        self, entries: Sequence[Write[Any, Sync] | Check[Any, Sync]]
    ) -> TransactWrite[Any, Sync]: ...

class AsyncService(_AsyncService, Generic[E, C]):
    """A service of `load_async()`: a `leyden.AsyncService`, whose calls that send are awaited."""

    @property
    def entities(self) -> E: ...  # type: ignore[override]
    @property
    def collections(self) -> C: ...  # type: ignore[override]
    def batch_get(  # type: ignore[override]
        self, entries: Sequence[Get[T, Async]]
    ) -> BatchGet[T, Async]: ...
    def batch_write(  # type: ignore[override]
        self, entries: Sequence[Put[Any, Async] | Delete[Any, Async]]
    ) -> BatchWrite[Any, Async]: ...
    def transact_get(  # type: ignore[override]
        self, entries: Sequence[Get[T, Async]]
    ) -> TransactGet[T, Async]: ...
    def transact_write(  # type: ignore[override]
        self, entries: Sequence[Write[Any, Async] | Check[Any, Async]]
    ) -> TransactWrite[Any, Async]: ...
