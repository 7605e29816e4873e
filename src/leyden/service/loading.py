"""Loading: from schema files to a service that can be used."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from leyden.drivers.sync import SyncDriver
from leyden.engine import LocalEngine
from leyden.errors import InvalidOptionError, SchemaError
from leyden.schema import load_service
from leyden.schema.faults import Fault
from leyden.schema.spec import EntitySpec, ServiceSpec
from leyden.service.service import Service, build_service

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
    engine: LocalEngine | None = None,
) -> Service:
    """Load a service from its schemas.

    `source` is a folder of YAML files, one file, YAML text, or a dict. `table` overrides the
    name in table.yaml. `endpoint_url`, `region`, `credentials` (`access_key_id`,
    `secret_access_key`, `session_token`) and `profile` follow the usual AWS rules where they
    are not given; `engine` takes all of them from an engine of `leyden.local()`. `hooks` are
    the functions that `{call: NAME}` names. Nothing is sent.

    Raises SchemaError with all faults of the schemas, InvalidOptionError.

    >>> app = leyden.load("schemas/taskapp", region="eu-central-1")    # doctest: +SKIP
    """
    if engine is not None and (endpoint_url or region or credentials or profile):
        raise InvalidOptionError(
            "`engine` brings its own endpoint, region and credentials; leave those out",
            operation="load",
        )
    spec = load_service(source, hooks=hooks)
    refuse_unenforced(spec)
    if engine is not None:
        driver = SyncDriver(
            region=engine.region,
            endpoint_url=engine.endpoint_url,
            credentials=engine.credentials,
        )
    else:
        driver = SyncDriver(
            region=region, endpoint_url=endpoint_url, credentials=credentials, profile=profile
        )
    return build_service(spec, driver, table=table, hooks=hooks)


def refuse_unenforced(spec: ServiceSpec) -> None:
    """Raise SchemaError for declarations that this version reads but could not keep."""
    faults = [fault for entity in spec.entities.values() for fault in _unenforced(entity)]
    if faults:
        raise SchemaError(faults)


def _unenforced(entity: EntitySpec) -> list[Fault]:
    declared = []
    if entity.unique:
        declared.append((entity.span, "unique"))
    if entity.version_attribute is not None:
        declared.append((entity.span, "version_attribute"))
    declared += [
        (attribute.span, f"overflow (of {name})")
        for name, attribute in entity.attributes.items()
        if attribute.overflow is not None
    ]
    return [
        Fault(
            span,
            "schema.not_kept",
            f'"{entity.entity}" declares `{what}`, which this version of Leyden does not keep; '
            "take it out, so that nobody relies on it",
        )
        for span, what in declared
    ]
