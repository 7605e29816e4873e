"""Loading: from schema files to a service that can be used."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from leyden.compile.expressions import Expression
from leyden.drivers.protocol import Driver
from leyden.drivers.sync import SyncDriver, Transport
from leyden.errors import InvalidOptionError, SchemaError
from leyden.keys import entity_keys
from leyden.operations.uniqueness.guards import GUARD_SUFFIX
from leyden.schema import load_service
from leyden.schema.faults import Fault
from leyden.schema.spec import EntitySpec, JMESPath, ServiceSpec
from leyden.service.overflow_rules import unspreadable
from leyden.service.service import Service, build_service

if TYPE_CHECKING:
    from leyden.engine import DynamoDBLocal, LocalEngine
    from leyden.service.asynchronous import AsyncService

Source = str | Path | Mapping[str, Any]


def load(
    source: Source,
    *,
    table: str | None = None,
    endpoint_url: str | None = None,
    region: str | None = None,
    credentials: Mapping[str, str | None] | None = None,
    profile: str | None = None,
    hooks: Mapping[str, Callable[..., Any]] | None = None,
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

    Raises SchemaError with all faults of the schemas, InvalidOptionError.

    >>> app = leyden.load("schemas/taskapp", region="eu-central-1")    # doctest: +SKIP
    """
    where = _where("load", engine, endpoint_url, region, credentials, profile)
    spec = load_service(source, hooks=hooks)
    refuse_unenforced(spec)
    driver = SyncDriver(**where, transport=transport)
    return build_service(spec, driver, table=table, hooks=hooks)


async def load_async(
    source: Source,
    *,
    table: str | None = None,
    endpoint_url: str | None = None,
    region: str | None = None,
    credentials: Mapping[str, str | None] | None = None,
    profile: str | None = None,
    hooks: Mapping[str, Callable[..., Any]] | None = None,
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

    from leyden.drivers.aio import AsyncDriver
    from leyden.service.asynchronous import AsyncEntity, AsyncService

    where = _where("load_async", engine, endpoint_url, region, credentials, profile)

    def load_all() -> Service:
        spec = load_service(source, hooks=hooks)
        refuse_unenforced(spec)
        driver = cast(Driver, AsyncDriver(**where))
        return build_service(
            spec, driver, table=table, hooks=hooks, kind=AsyncService, entity_kind=AsyncEntity
        )

    return cast("AsyncService", await asyncio.to_thread(load_all))


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
    return {
        "region": engine.region,
        "endpoint_url": engine.endpoint_url,
        "credentials": engine.credentials,
    }


def refuse_unenforced(spec: ServiceSpec) -> None:
    """Raise SchemaError for declarations that could not be kept."""
    faults = [
        fault
        for entity in spec.entities.values()
        for fault in (
            *unspreadable(entity, spec),
            *_unguardable(entity, spec),
            *_uncountable(entity),
        )
    ]
    if faults:
        raise SchemaError(faults)


def _unguardable(entity: EntitySpec, service: ServiceSpec) -> list[Fault]:
    """What stands against guard items for the entity's unique values."""
    if not entity.unique:
        return []
    problems = [
        f'the table\'s key field "{form.field}" '
        + ("holds numbers" if form.numeric else "is itself an attribute")
        + ", so it cannot hold the keys of guard items, which are texts of their own"
        for form in entity_keys(entity).primary.forms
        if form.numeric or form.bare
    ]
    if any(entity.version_attribute in names for names in entity.unique):
        problems.append(f'"{entity.version_attribute}" changes with every write')
    guards = f"{entity.entity}{GUARD_SUFFIX}"
    if any(other.entity == guards for other in service.entities.values()):
        problems.append(f'its guard items would be those of the entity "{guards}"')
    return [
        Fault(entity.span, "entity.unique", f'"{entity.entity}" cannot have `unique`: {problem}')
        for problem in problems
    ]


def _uncountable(entity: EntitySpec) -> list[Fault]:
    """What reads the version, which is counted in the table and not known to a write."""
    name = entity.version_attribute
    if name is None:
        return []
    readers = [
        (index.span, f'the condition of "{index.name}"')
        for index in entity.indexes.values()
        if index.when is not None and name in (Expression(index.when.text).roots or ())
    ]
    for attribute in entity.attributes.values():
        derived = attribute.derive
        roots = Expression(derived.text).roots if isinstance(derived, JMESPath) else None
        if name in attribute.watch or name in (roots or ()):
            readers.append((attribute.span, f'"{attribute.name}"'))
    return [
        Fault(
            span,
            "entity.version_attribute",
            f'{what} reads "{name}", which every write counts up in the table, so that its value '
            "is not known when the write is made",
        )
        for span, what in readers
    ]
