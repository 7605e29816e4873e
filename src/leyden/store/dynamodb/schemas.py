"""The schemas that a store works with: those of the memory, and the user's own beside them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final, Literal, TypeAlias, get_args

from attrs import evolve

from leyden._text import did_you_mean
from leyden.errors import InvalidOptionError
from leyden.schema import load_service
from leyden.schema.spec import AttributeSpec, EntitySpec, ServiceSpec
from leyden.service.enforcing import refuse_unenforced
from leyden.shipped import schemas_folder
from leyden.store.dynamodb.ttl import LIVING, TtlRules

Source: TypeAlias = str | Path | Mapping[str, Any]
LargeValues: TypeAlias = Literal["error", "chunk"]

LARGE: Final = {
    "thread": ("metadata",),
    "message": ("content",),
    "resource": ("working_memory", "metadata"),
    "workflow_snapshot": ("snapshot",),
    "score": ("input", "output"),
}
"""What may outgrow an item, by entity."""


def memory_schemas(
    *,
    entities: Source | None = None,
    hooks: Mapping[str, Callable[..., Any]] | None = None,
    ttl: TtlRules,
    large_values: LargeValues = "error",
) -> ServiceSpec:
    """The schemas of the memory, with the user's entities in the same service and table.

    Raises SchemaError with all faults, as for an entity whose name the memory has already, and
    InvalidOptionError.
    """
    if large_values not in get_args(LargeValues):
        hint = did_you_mean(str(large_values), get_args(LargeValues))
        raise InvalidOptionError(f'large_values takes "error" or "chunk"{hint}')
    service = load_service(schemas_folder("memory"), hooks=hooks, beside=entities)
    own = {alias: service.entities[alias] for alias in LIVING}
    for alias, entity in service.entities.items():
        if alias not in own and entity.entity.lower() in own:
            raise InvalidOptionError(
                f'entities: {entity.span}: "{entity.entity}" is the name of an entity of the '
                "store, and keys do not tell capitals from small letters; choose another"
            )
    if large_values == "chunk":
        own = {alias: _overflowing(entity, LARGE.get(alias, ())) for alias, entity in own.items()}
    for alias in ttl.rules:
        own[alias] = _living(own[alias], ttl)
    table = evolve(service.table, ttl=_field(own, ttl) or service.table.ttl)
    changed = evolve(service, entities={**service.entities, **own}, table=table)
    refuse_unenforced(changed)
    return changed


def _overflowing(entity: EntitySpec, names: tuple[str, ...]) -> EntitySpec:
    chunked = {name: evolve(entity.attributes[name], overflow="chunk") for name in names}
    return evolve(entity, attributes={**entity.attributes, **chunked})


def _living(entity: EntitySpec, ttl: TtlRules) -> EntitySpec:
    """The entity with the attribute that its time to live is kept in."""
    name = ttl.rules[entity.alias].attribute
    attribute = entity.attributes.get(name)
    if attribute is None:
        added = AttributeSpec(name, "ttl", name, name, span=entity.span)
        return evolve(entity, attributes={**entity.attributes, name: added})
    if attribute.type != "ttl":
        raise InvalidOptionError(
            f'ttl["{entity.alias}"]: "{name}" is an attribute for something else; name another'
        )
    return entity


def _field(entities: Mapping[str, EntitySpec], ttl: TtlRules) -> str | None:
    """The field that the table's time to live must read; None where nothing expires."""
    for alias, rule in ttl.rules.items():
        return entities[alias].attributes[rule.attribute].field
    return None
