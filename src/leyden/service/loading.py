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
from leyden.mapping.sealing import Keys, keyring_of
from leyden.schema.faults import DANGERS, Fault
from leyden.schema.prepared import Prepared
from leyden.schema.spec import ServiceSpec
from leyden.service.enforcing import refuse_unenforced
from leyden.service.service import Service, build_service

if TYPE_CHECKING:
    from leyden.engine import DynamoDBLocal, LocalEngine
    from leyden.service.asynchronous import AsyncService
    from leyden.service.migrating_from import Origin

Source = str | Path | Mapping[str, Any] | Prepared
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
    client: Any = None,
    session: Any = None,
    encryption_keys: Keys | None = None,
    migrating_from: Origin | None = None,
    transport: Transport = "lean",
) -> Service:
    """Load a service from its schemas.

    `source` is a folder of YAML files, one file, YAML text, or a dict. `table` overrides the
    name in table.yaml. `endpoint_url`, `region`, `credentials` (`access_key_id`,
    `secret_access_key`, `session_token`) and `profile` follow the usual AWS rules where they
    are not given; `engine` takes all of them from an engine of `leyden.local()`. `hooks` are
    the functions that `{call: NAME}` names. `transport="pynamodb"` sends through PynamoDB and
    botocore all the way, which costs several times the processor time. Nothing is sent.

    Where you have a boto3 session or client, hand it in. `session` takes a `boto3.Session`, or one
    of botocore, which brings credentials (renewed as it renews them), region and profile; `region`
    and `endpoint_url` may be given beside it. `client` takes `boto3.client("dynamodb")`, or an
    engine, in place of all that says where to send: requests go through that client, with its
    configuration and its event handlers, and it stays open when the service closes.

    `encryption_keys` are the keys of attributes that say `encrypt: true`, 32 bytes each, by an id
    that is stored beside what they encrypt. The first one writes, all of them read. A function that
    gives them is called once, when the first value is encrypted or decrypted.

    `migrating_from` is for code that runs while `leyden migrate` moves the items: the schemas that
    they come from, as `source` is given, or the file of the migration. Reads then find items in
    either form, and writes leave the new form alone behind. `.model`, and scans with `data="raw"`,
    give items as they are stored. `hooks` and `encryption_keys` serve both schemas.

    Raises SchemaError with all faults of the schemas, InvalidOptionError. Warns once, with a
    `SchemaWarning`, of what in the schemas would lose or hide items in silence; `leyden check`
    tells of all that may surprise.

    >>> app = leyden.load("schemas/taskapp", region="eu-central-1")    # doctest: +SKIP
    """
    spec, noted = _checked(source, hooks)
    _warn(noted, 4)
    where = _where(
        "load",
        engine=engine,
        client=client,
        session=session,
        endpoint_url=endpoint_url,
        region=region,
        credentials=credentials,
        profile=profile,
    )
    binding = _binding(spec, table, hooks, encryption_keys, migrating_from, "load")
    return _blocking(spec, where, transport, binding, checked=True)


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
    client: Any = None,
    session: Any = None,
    encryption_keys: Keys | None = None,
    migrating_from: Origin | None = None,
) -> AsyncService:
    """Load a service for event loops; takes what `load` takes.

    The names are those of `load`'s service: you await `.go()`, and iterate over queries, scans and
    collections with `async for`. Schemas are read on a thread; nothing is sent, and nothing is
    tied to the running loop. `client` takes an engine only, because a boto3 client would block the
    loop; give its `session` instead.

    >>> async with await leyden.load_async("schemas/taskapp") as app:        # doctest: +SKIP
    ...     async for task in app.entities.task.query.project(project_id="p1"):
    ...         print(task)
    """
    # Event loops are for those who use them: the rest is spared what they need.
    import asyncio

    def load_all() -> tuple[AsyncService, tuple[Fault, ...]]:
        spec, noted = _checked(source, hooks)
        binding = _binding(spec, table, hooks, encryption_keys, migrating_from, "load_async")
        return _asynchronous(spec, where, binding, checked=True), noted

    where = _where(
        "load_async",
        engine=engine,
        client=client,
        session=session,
        endpoint_url=endpoint_url,
        region=region,
        credentials=credentials,
        profile=profile,
    )
    _refuse_client("load_async", where)
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
    session: Any = None,
    encryption_keys: Keys | None = None,
    migrating_from: Origin | None = None,
    transport: Transport = "lean",
) -> Service:
    """Make a service of schemas that `leyden.schema.load_service` has read; see `load`.

    For what changes schemas before it uses them, and for what only builds requests: nothing is
    sent before something asks for it.

    Raises SchemaError for what the schemas declare and Leyden could not keep, InvalidOptionError.

    >>> spec = leyden.schema.load_service("schemas/taskapp")           # doctest: +SKIP
    >>> leyden.bind(spec, table="any", region="eu-central-1").entities.task.put(...).params()
    ... # doctest: +SKIP
    """
    refuse_unenforced(spec)
    where = _where(
        "bind",
        engine=engine,
        client=client,
        session=session,
        endpoint_url=endpoint_url,
        region=region,
        credentials=credentials,
        profile=profile,
    )
    binding = _binding(spec, table, hooks, encryption_keys, migrating_from, "bind")
    return _blocking(spec, where, transport, binding)


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
    client: Any = None,
    session: Any = None,
    encryption_keys: Keys | None = None,
    migrating_from: Origin | None = None,
) -> AsyncService:
    """Make a service for event loops of schemas that are read already; see `bind`.

    It is not awaited: it reads no file and sends nothing.

    >>> app = leyden.bind_async(spec, table="any")                     # doctest: +SKIP
    """
    refuse_unenforced(spec)
    where = _where(
        "bind_async",
        engine=engine,
        client=client,
        session=session,
        endpoint_url=endpoint_url,
        region=region,
        credentials=credentials,
        profile=profile,
    )
    _refuse_client("bind_async", where)
    binding = _binding(spec, table, hooks, encryption_keys, migrating_from, "bind_async")
    return _asynchronous(spec, where, binding)


def _checked(source: Source, hooks: Hooks | None) -> tuple[ServiceSpec, tuple[Fault, ...]]:
    """The service of schemas, and what is worth a warning. Raises SchemaError."""
    if isinstance(source, Prepared):
        spec, noted = source.checked(hooks)
    else:
        # A process whose schemas are compiled reads no YAML, and is spared what reads it.
        from leyden.schema.loading import load_checked

        spec, noted = load_checked(source, hooks=hooks)
    refuse_unenforced(spec)
    return spec, noted


def _binding(
    spec: ServiceSpec,
    table: str | None,
    hooks: Hooks | None,
    keys: Keys | None,
    origin: Origin | None,
    operation: str,
) -> dict[str, Any]:
    """What `build_service` takes, of what callers say about the schemas."""
    keyring = keyring_of(spec, keys, operation)
    binding: dict[str, Any] = {"table": table, "hooks": hooks, "keyring": keyring}
    if origin is not None:
        from leyden.service.migrating_from import Migrating, migration_of

        binding["migrating"] = Migrating(migration_of(origin, spec, hooks), keys, operation)
    return binding


def _blocking(
    spec: ServiceSpec,
    where: Mapping[str, Any],
    transport: Transport,
    binding: Mapping[str, Any],
    *,
    checked: bool = False,
) -> Service:
    told = dict(where)
    if "client" in told:
        from leyden.drivers.pynamodb import ClientConnection

        told = {"connection": ClientConnection(told["client"])}
    driver = SyncDriver(**told, transport=transport, capacity=_capacity(spec))
    return build_service(spec, driver, checked=checked, **binding)


def _asynchronous(
    spec: ServiceSpec,
    where: Mapping[str, Any],
    binding: Mapping[str, Any],
    *,
    checked: bool = False,
) -> AsyncService:
    from leyden.drivers.aio import AsyncDriver
    from leyden.service.asynchronous import AsyncEntity, AsyncService

    driver = cast(Driver, AsyncDriver(**where, capacity=_capacity(spec)))
    kinds: Any = {"kind": AsyncService, "entity_kind": AsyncEntity}
    return cast(AsyncService, build_service(spec, driver, checked=checked, **binding, **kinds))


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
    operation: str, *, engine: Any, client: Any, session: Any, **named: Any
) -> dict[str, Any]:
    """What a driver needs to know to find the table and to be let in.

    That is `client` alone where a boto3 client is handed in, and otherwise a driver's own
    arguments. `named` are those that a caller gives one by one: endpoint, region, credentials,
    profile. Raises InvalidOptionError where two arguments would say the same.
    """
    for name, value, brings, others in (
        ("client", client, "endpoint, region and credentials", (*named, "engine", "session")),
        ("engine", engine, "endpoint, region and credentials", (*named, "session")),
        ("session", session, "credentials and profile", ("credentials", "profile")),
    ):
        if value is None:
            continue
        given = {"engine": engine, "session": session, **named}
        twice = [f"`{other}`" for other in others if given[other]]
        if twice:
            raise InvalidOptionError(
                f"`{name}` brings its own {brings}; leave those out (got {', '.join(twice)} too)",
                operation=operation,
            )
    # An engine says where it is; a boto3 client has no such attribute.
    if client is not None and not hasattr(client, "endpoint_url"):
        return {"client": client}
    running = engine if client is None else client
    if running is None:
        return named if session is None else {**named, "session": session}
    try:
        return {
            "region": running.region,
            "endpoint_url": running.endpoint_url,
            "credentials": running.credentials,
            "shared": getattr(running, "access", None),
        }
    except AttributeError:
        raise InvalidOptionError(
            f"`engine` takes what leyden.local() gives, not {type(running).__name__}",
            operation=operation,
        ) from None


def _refuse_client(operation: str, where: Mapping[str, Any]) -> None:
    """Refuse a boto3 client on an event loop, which its requests would stop."""
    if "client" in where:
        raise InvalidOptionError(
            "`client` takes an engine of leyden.local() here, not "
            f"{type(where['client']).__name__}, which would block the event loop; hand in the "
            "client's session, as `session=boto3.Session(...)`, or give region, credentials or "
            "profile",
            operation=operation,
        )
