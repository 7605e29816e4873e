"""`load` and `load_async` of a generated module: those of `leyden`, with the module's schemas."""

from collections.abc import Callable, Mapping
from typing import Any, Protocol, TypeVar

from leyden.drivers.sync import Transport
from leyden.engine import DynamoDBLocal, LocalEngine
from leyden.service.migrating_from import Origin

S = TypeVar("S", covariant=True)

class Load(Protocol[S]):
    """Load the service; takes what `leyden.load` takes, but for its source."""

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
    """Load the service for event loops; takes what `leyden.load_async` takes."""

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
