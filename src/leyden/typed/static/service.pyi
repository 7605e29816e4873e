"""Entities and services, as far as they do not depend on a schema."""

from collections.abc import Callable, Coroutine, Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from decimal import Decimal
from types import TracebackType
from typing import Any, Generic, Literal, Protocol, Self, TypeAlias, overload

from pynamodb.models import Model
from typing_extensions import TypeVar

from leyden.drivers.aio import AsyncDriver
from leyden.drivers.base import Driver
from leyden.mapping import EntityMapping
from leyden.mapping.table import TableDefinition
from leyden.operations.companions.backfill import Adoption
from leyden.operations.companions.overflow.sweeping import Sweep
from leyden.program import Item
from leyden.schema.spec import EntitySpec, ServiceSpec
from leyden.service.conversions import Conversions
from leyden.service.stream import Change, StreamRecordError, Unknown
from leyden.tables import AddedIndexes, CreateTableResult, IndexProgress
from leyden.typed.static.conditions import Condition
from leyden.typed.static.reads import Async, BatchGet, Get, M, Scan, Sync, TransactGet
from leyden.typed.static.writes import BatchWrite, Check, Delete, Put, TransactWrite, Write

T = TypeVar("T")
R = TypeVar("R", covariant=True, default=Any)
X = TypeVar("X")
E = TypeVar("E", covariant=True, default=Any)
C = TypeVar("C", covariant=True, default=Any)
_Task = Coroutine[Any, Any, T]

Paths: TypeAlias = Mapping[str, Any]
"""Values by their paths inside attributes: `{"lines[0].count": 1}`."""

Group: TypeAlias = AbstractSet[X] | list[X] | tuple[X, ...]
"""What a set takes: a set, or a list without duplicates."""

class _Array(Protocol):
    def tolist(self) -> Any: ...

Vector: TypeAlias = Sequence[float] | Sequence[Decimal] | _Array
"""What a vector takes: numbers, NumPy's arrays, tensors."""

class Entity(Generic[R, M]):
    """An entity, as far as all entities are alike."""

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
    def unknown_fields(self, item: Item) -> Item: ...
    def decode(self, item: Item) -> dict[str, Any]: ...
    def stored_as(self, item: Item, names: Iterable[str]) -> Condition: ...
    def parse(
        self, item: Item, *, apart: Literal["raise", "keep"] = "raise", deferred: bool = False
    ) -> R: ...

class Entities(Generic[M]):
    """`app.entities`: the service's own class has one attribute an entity."""

    def __iter__(self) -> Iterator[str]: ...
    def __len__(self) -> int: ...
    def __contains__(self, alias: object) -> bool: ...
    def keys(self) -> Iterable[str]: ...
    def values(self) -> Iterable[Entity[Any, M]]: ...
    def items(self) -> Iterable[tuple[str, Entity[Any, M]]]: ...

class Collections(Generic[M]):
    """`app.collections`: the service's own class has one method a collection."""

    def __iter__(self) -> Iterator[str]: ...
    def __len__(self) -> int: ...
    def __contains__(self, name: object) -> bool: ...

class _Service(Generic[E, C]):
    @property
    def spec(self) -> ServiceSpec: ...
    @property
    def name(self) -> str: ...
    @property
    def table(self) -> str: ...
    @property
    def table_definition(self) -> TableDefinition: ...
    @property
    def entities(self) -> E: ...
    @property
    def collections(self) -> C: ...
    def parse(self, item: Item) -> Any: ...
    def parse_stream(
        self,
        event: Any,
        *,
        unknown: Unknown = "skip",
        failed: list[StreamRecordError] | None = None,
    ) -> list[Change]: ...

class Service(_Service[E, C], Generic[E, C]):
    """A service of `load()`: `leyden.Service`, with entities `E` and collections `C`."""

    @property
    def driver(self) -> Driver: ...
    def entity_of(self, item: Item) -> Entity[Any, Sync]: ...
    def batch_get(self, entries: Sequence[Get[T, Sync]]) -> BatchGet[T, Sync]: ...
    def batch_write(
        self, entries: Sequence[Put[T, Sync] | Delete[T, Sync]]
    ) -> BatchWrite[T, Sync]: ...
    def transact_get(self, entries: Sequence[Get[T, Sync]]) -> TransactGet[T, Sync]: ...
    def transact_write(
        self, entries: Sequence[Write[T, Sync] | Check[T, Sync]]
    ) -> TransactWrite[T, Sync]: ...
    def create_table(self) -> CreateTableResult: ...
    def add_vector_indexes(
        self,
        *,
        time_limit: float | None = None,
        progress: Callable[[IndexProgress], object] | None = None,
    ) -> AddedIndexes: ...
    def check_table(self) -> None: ...
    def beside(self, spec: ServiceSpec) -> Any: ...
    def close(self) -> None: ...
    def __enter__(self) -> Self: ...
    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None: ...

class AsyncService(_Service[E, C], Generic[E, C]):
    """A service of `load_async()`: `leyden.AsyncService`; what sends is awaited."""

    @property
    def driver(self) -> AsyncDriver: ...
    def entity_of(self, item: Item) -> Entity[Any, Async]: ...
    def batch_get(self, entries: Sequence[Get[T, Async]]) -> BatchGet[T, Async]: ...
    def batch_write(
        self, entries: Sequence[Put[T, Async] | Delete[T, Async]]
    ) -> BatchWrite[T, Async]: ...
    def transact_get(self, entries: Sequence[Get[T, Async]]) -> TransactGet[T, Async]: ...
    def transact_write(
        self, entries: Sequence[Write[T, Async] | Check[T, Async]]
    ) -> TransactWrite[T, Async]: ...
    async def create_table(self) -> CreateTableResult: ...
    async def add_vector_indexes(
        self,
        *,
        time_limit: float | None = None,
        progress: Callable[[IndexProgress], object] | None = None,
    ) -> AddedIndexes: ...
    async def check_table(self) -> None: ...
    def beside(self, spec: ServiceSpec) -> Any: ...
    async def close(self) -> None: ...
    async def __aenter__(self) -> Self: ...
    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None: ...
