"""`load` and `load_async` of a generated module: `leyden`'s functions with the module's schemas."""

from collections.abc import Callable, Mapping
from typing import Any, Protocol, TypeVar

from leyden.drivers.sync import Transport
from leyden.engine import DynamoDBLocal, LocalEngine
from leyden.service.migrating_from import Origin

S = TypeVar("S", covariant=True)

class Load(Protocol[S]):
    """Load the service; takes the arguments of `leyden.load` except its source."""

    def __call__(
        self,
        *,
        table: str | None = None,
        endpoint_url: str | None = None,
        region: str | None = None,
        credentials: Mapping[str, str | None] | None = None,
        profile: str | None = None,
        hooks: Mapping[str, Callable[..., Any]] | None = None,
        engine: LocalEngine | DynamoDBLocal | None = None,
        client: Any = None,
        session: Any = None,
        encryption_keys: Mapping[str, bytes] | Callable[[], Mapping[str, bytes]] | None = None,
        migrating_from: Origin | None = None,
        transport: Transport = "lean",
    ) -> S: ...

class LoadAsync(Protocol[S]):
    """Load the service for asyncio; takes `leyden.load_async`'s arguments without its source."""

    async def __call__(
        self,
        *,
        table: str | None = None,
        endpoint_url: str | None = None,
        region: str | None = None,
        credentials: Mapping[str, str | None] | None = None,
        profile: str | None = None,
        hooks: Mapping[str, Callable[..., Any]] | None = None,
        engine: LocalEngine | DynamoDBLocal | None = None,
        client: Any = None,
        session: Any = None,
        encryption_keys: Mapping[str, bytes] | Callable[[], Mapping[str, bytes]] | None = None,
        migrating_from: Origin | None = None,
    ) -> S: ...
