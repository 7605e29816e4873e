"""Loading: makes services from schema files.

`load` and `load_async` read schemas and bind them to a table. `bind` and `bind_async` take schemas
that have been read already, for tools that change them first.
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
    """Load a service from its schemas. This sends no request.

    `source` is a folder of YAML files, one file, YAML text, or a dict. `table` overrides the name
    in table.yaml. `hooks` are the functions that `{call: NAME}` names.

    `endpoint_url`, `region`, `credentials` (a dict of `access_key_id`, `secret_access_key` and
    `session_token`) and `profile` say where to send requests. What you leave out is found by AWS's
    usual rules. `engine` takes an engine of `leyden.local()` instead of all of these.
    `transport="pynamodb"` sends everything through PynamoDB and botocore, which costs several times
    the processor time.

    If you have a boto3 session or client, pass it. `session` takes a `boto3.Session` or a botocore
    session, which provides region, profile, and credentials that it renews; you can pass `region`
    and `endpoint_url` as well. `client` takes `boto3.client("dynamodb")`, or an engine, instead of
    all other options of the connection. Requests go through that client, with its configuration and
    event handlers, and it stays open when the service closes.

    `encryption_keys` are the keys of attributes with `encrypt: true`: a dict of 32 bytes each, by
    an id that is stored with the encrypted values. Leyden encrypts with the first key, and decrypts
    with all of them. You can also pass a function that returns the dict; Leyden calls it once, when
    it encrypts or decrypts the first value.

    `migrating_from` is for code that runs while `leyden migrate` moves the items. Pass the earlier
    schemas, in any form that `source` takes, or the migration file. Reads then find items in either
    form, and writes leave only the new form behind. `.model`, and scans with `data="raw"`, return
    items as they are stored. `hooks` and `encryption_keys` serve both schemas.

    Raises SchemaError with all faults of the schemas, InvalidOptionError. Warns once, with a
    `SchemaWarning`, of anything in the schemas that silently loses or hides items; `leyden check`
    reports everything that may surprise.

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
    """Load a service for event loops. It takes the arguments of `load`, except `transport`.

    The service has the same names as that of `load`, but you await `.go()`, and iterate over
    queries, scans and collections with `async for`. Schemas are read on a thread. It sends no
    request, and the service is not tied to the running loop. `client` takes an engine only, because
    a boto3 client would block the loop; pass its `session` instead.

    >>> async with await leyden.load_async("schemas/taskapp") as app:        # doctest: +SKIP
    ...     async for task in app.entities.task.query.project(project_id="p1"):
    ...         print(task)
    """
    # Processes that use no event loop should not pay for this import.
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
    """Make a service from schemas that `leyden.schema.load_service` has read; see `load`.

    It is for tools that change schemas before they use them, and for code that only builds
    requests. This sends no request.

    Raises SchemaError for declarations that Leyden could not enforce, InvalidOptionError.

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
    """Make a service for event loops from schemas that have been read already; see `bind`.

    Do not await it: it reads no file and sends nothing.

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
    """Return the spec of the schemas, and the faults to warn of. Raises SchemaError."""
    if isinstance(source, Prepared):
        spec, noted = source.checked(hooks)
    else:
        # A process with compiled schemas reads no YAML, and should not import what reads it.
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
    """Return the arguments of `build_service` that callers pass with the schemas."""
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
    """Return the `ReturnConsumedCapacity` of requests.

    DynamoDB reports the bytes written to vector indexes only with INDEXES.
    """
    searched = any(entity.searches for entity in spec.entities.values())
    return "INDEXES" if searched else "TOTAL"


def _warn(noted: tuple[Fault, ...], above: int) -> None:
    """Warn the caller of `load` of anything in a schema that is dangerous in production.

    The caller is `above` frames up: between it and `load` is the frame that checks arguments.
    """
    dangers = [str(fault) for fault in noted if fault.code in DANGERS]
    if dangers:
        warnings.warn("\n".join(dangers), SchemaWarning, stacklevel=above)


def _where(
    operation: str, *, engine: Any, client: Any, session: Any, **named: Any
) -> dict[str, Any]:
    """Return the arguments of a driver that say where to send requests, and as whom.

    For a boto3 client the result is `client` alone. `named` are the arguments that a caller passes
    one by one: endpoint, region, credentials, profile. Raises InvalidOptionError if two arguments
    would set the same thing.
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
    # An engine has an `endpoint_url`; a boto3 client does not.
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
            f"`engine` takes an engine of leyden.local(), not {type(running).__name__}",
            operation=operation,
        ) from None


def _refuse_client(operation: str, where: Mapping[str, Any]) -> None:
    """Refuse a boto3 client on an event loop, which its requests would block."""
    if "client" in where:
        raise InvalidOptionError(
            "`client` takes an engine of leyden.local() here, not "
            f"{type(where['client']).__name__}, which would block the event loop; pass the "
            "client's session, as `session=boto3.Session(...)`, or region, credentials or "
            "profile",
            operation=operation,
        )
