"""Loading: from schema files to a service that can be used.

`load` and `load_async` read schemas and bind them to a table; `bind` and `bind_async` take schemas
that are read already, as tools do that change them first.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from leyden._calls import fitting
from leyden.drivers.base import Driver
from leyden.drivers.sync import SyncDriver, Transport
from leyden.errors import InvalidOptionError, SchemaWarning
from leyden.schema import load_checked
from leyden.schema.faults import DANGERS, Fault
from leyden.schema.spec import ServiceSpec
from leyden.service.enforcing import refuse_unenforced
from leyden.service.service import Service, build_service

if TYPE_CHECKING:
    from leyden.engine import DynamoDBLocal, LocalEngine
    from leyden.service.asynchronous import AsyncService

Source = str | Path | Mapping[str, Any]
Hooks = Mapping[str, Callable[..., Any]]


@fitting('leyden.load("schemas/taskapp", table="projectmanagement")')
def load(
    source: Source,
    *,
    table: str | None = None,
    endpoint_url: str | None = None,
    region: str | None = None,
    credentials: Mapping[str, str | None] | None = None,
    profile: str | None = None,
    hooks: Hooks | None = None,
    engine: LocalEngine | DynamoDBLocal | None = None,
    transport: Transport = "lean",
) -> Service:
    """Load a service from its schemas.

    `source` is a folder of YAML files, one file, YAML text, or a dict. `table` overrides the
    name in table.yaml. `endpoint_url`, `region`, `credentials` (`access_key_id`,
    `secret_access_key`, `session_token`) and `profile` follow the usual AWS rules where they
    are not given; `engine` takes all of them from an engine of `leyden.local()`. `hooks` are
    the functions that `{call: NAME}` names. `transport="pynamodb"` sends through PynamoDB and
    botocore all the way, which costs several times the processor time. Nothing is sent.

    Raises SchemaError with all faults of the schemas, InvalidOptionError. Warns once, with a
    `SchemaWarning`, of what in the schemas would lose or hide items in silence; `leyden check`
    tells of all that may surprise.

    >>> app = leyden.load("schemas/taskapp", region="eu-central-1")    # doctest: +SKIP
    """
    spec, noted = load_checked(source, hooks=hooks)
    refuse_unenforced(spec)
    _warn(noted, 4)
    where = _where("load", engine, endpoint_url, region, credentials, profile)
    driver = SyncDriver(**where, transport=transport, capacity=_capacity(spec))
    return build_service(spec, driver, table=table, hooks=hooks)


@fitting('await leyden.load_async("schemas/taskapp", table="projectmanagement")')
async def load_async(
    source: Source,
    *,
    table: str | None = None,
    endpoint_url: str | None = None,
    region: str | None = None,
    credentials: Mapping[str, str | None] | None = None,
    profile: str | None = None,
    hooks: Hooks | None = None,
    engine: LocalEngine | DynamoDBLocal | None = None,
) -> AsyncService:
    """Load a service for event loops; takes what `load` takes.

    The names are those of `load`'s service: `.go()` is awaited, queries, scans and collections
    are gone over with `async for`. Schemas are read on a thread; nothing is sent, and nothing is
    tied to the running loop.

    >>> async with await leyden.load_async("schemas/taskapp") as app:        # doctest: +SKIP
    ...     async for task in app.entities.task.query.project(project_id="p1"):
    ...         print(task)
    """
    # Event loops are for those who use them: the rest is spared what they need.
    import asyncio

    def load_all() -> tuple[AsyncService, tuple[Fault, ...]]:
        spec, noted = load_checked(source, hooks=hooks)
        refuse_unenforced(spec)
        return _asynchronous(spec, where, table, hooks), noted

    where = _where("load_async", engine, endpoint_url, region, credentials, profile)
    service, noted = await asyncio.to_thread(load_all)
    _warn(noted, 3)
    return service


@fitting('leyden.bind(spec, table="projectmanagement")')
def bind(
    spec: ServiceSpec,
    *,
    table: str | None = None,
    endpoint_url: str | None = None,
    region: str | None = None,
    credentials: Mapping[str, str | None] | None = None,
    profile: str | None = None,
    hooks: Hooks | None = None,
    engine: LocalEngine | DynamoDBLocal | None = None,
    client: Any = None,
    transport: Transport = "lean",
) -> Service:
    """Make a service of schemas that `leyden.schema.load_service` has read; see `load`.

    For what changes schemas before it uses them, and for what only builds requests: nothing is
    sent before something asks for it. `client` takes a boto3 client of DynamoDB in place of all
    that says where to send; it stays open when the service closes.

    Raises SchemaError for what the schemas declare and Leyden could not keep, InvalidOptionError.

    >>> spec = leyden.schema.load_service("schemas/taskapp")           # doctest: +SKIP
    >>> leyden.bind(spec, table="any", region="eu-central-1").entities.task.put(...).params()
    ... # doctest: +SKIP
    """
    refuse_unenforced(spec)
    where = _where("bind", engine, endpoint_url, region, credentials, profile)
    if client is None:
        driver = SyncDriver(**where, transport=transport, capacity=_capacity(spec))
    elif any(where.values()):
        raise InvalidOptionError(
            "`client` brings its own endpoint, region and credentials; leave those out",
            operation="bind",
        )
    else:
        from leyden.drivers.pynamodb import ClientConnection

        driver = SyncDriver(connection=ClientConnection(client), capacity=_capacity(spec))
    return build_service(spec, driver, table=table, hooks=hooks)


@fitting('leyden.bind_async(spec, table="projectmanagement")')
def bind_async(
    spec: ServiceSpec,
    *,
    table: str | None = None,
    endpoint_url: str | None = None,
    region: str | None = None,
    credentials: Mapping[str, str | None] | None = None,
    profile: str | None = None,
    hooks: Hooks | None = None,
    engine: LocalEngine | DynamoDBLocal | None = None,
) -> AsyncService:
    """Make a service for event loops of schemas that are read already; see `bind`.

    It is not awaited: it reads no file and sends nothing.

    >>> app = leyden.bind_async(spec, table="any")                     # doctest: +SKIP
    """
    refuse_unenforced(spec)
    where = _where("bind_async", engine, endpoint_url, region, credentials, profile)
    return _asynchronous(spec, where, table, hooks)


def _asynchronous(
    spec: ServiceSpec, where: Mapping[str, Any], table: str | None, hooks: Hooks | None
) -> AsyncService:
    from leyden.drivers.aio import AsyncDriver
    from leyden.service.asynchronous import AsyncEntity, AsyncService

    driver = cast(Driver, AsyncDriver(**where, capacity=_capacity(spec)))
    kinds: Any = {"kind": AsyncService, "entity_kind": AsyncEntity}
    return cast(AsyncService, build_service(spec, driver, table=table, hooks=hooks, **kinds))


def _capacity(spec: ServiceSpec) -> str:
    """What requests report on what they consume.

    How many bytes a write to a vector index is metered as, DynamoDB says by index only.
    """
    searched = any(entity.searches for entity in spec.entities.values())
    return "INDEXES" if searched else "TOTAL"


def _warn(noted: tuple[Fault, ...], above: int) -> None:
    """Warn the caller of `load` of what in a schema is dangerous in production.

    The caller stands `above` so many frames; `load` is called by the frame that checks arguments.
    """
    dangers = [str(fault) for fault in noted if fault.code in DANGERS]
    if dangers:
        warnings.warn("\n".join(dangers), SchemaWarning, stacklevel=above)


def _where(
    operation: str,
    engine: LocalEngine | DynamoDBLocal | None,
    endpoint_url: str | None,
    region: str | None,
    credentials: Mapping[str, str | None] | None,
    profile: str | None,
) -> dict[str, Any]:
    """What a driver needs to know to find the table and to be let in."""
    if engine is None:
        return {
            "region": region,
            "endpoint_url": endpoint_url,
            "credentials": credentials,
            "profile": profile,
        }
    if endpoint_url or region or credentials or profile:
        raise InvalidOptionError(
            "`engine` brings its own endpoint, region and credentials; leave those out",
            operation=operation,
        )
    try:
        return {
            "region": engine.region,
            "endpoint_url": engine.endpoint_url,
            "credentials": engine.credentials,
        }
    except AttributeError:
        raise InvalidOptionError(
            f"`engine` takes what leyden.local() gives, not {type(engine).__name__}",
            operation=operation,
        ) from None
