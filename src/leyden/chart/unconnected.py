"""A service for drawing: the real keys and items, no network, and no hooks needed.

What only binds values (patterns, bounds, validations), what makes them anew at every run
(`{generate: now}`), and what takes more than one item to keep are left out of its schema:
none of it has a part in how keys are built.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

import attrs

from leyden.drivers.sync import SyncDriver
from leyden.schema.spec import AttributeSpec, Call, EntitySpec, Literal, ServiceSpec
from leyden.service.service import Service, build_service

Hooks = Mapping[str, Callable[..., Any]]

_REGION: Final = "us-east-1"
"""Never reached; a connection wants one before it is used."""


def unconnected(spec: ServiceSpec, hooks: Hooks | None = None) -> Service:
    """A service that builds requests for examples. Hooks that are not given let values pass."""
    drawable = attrs.evolve(
        spec, entities={alias: _drawable(entity) for alias, entity in spec.entities.items()}
    )
    stand_ins = {
        name: (hooks or {}).get(name, _pass)
        for entity in drawable.entities.values()
        for attribute in entity.attributes.values()
        for name in _calls(attribute)
    }
    table = spec.table.table or spec.service
    return build_service(drawable, SyncDriver(region=_REGION), table=table, hooks=stand_ins)


def _pass(*arguments: Any) -> Any:
    """`get`, `set` and `derive` are called with a value and all values: the value passes."""
    return arguments[0] if arguments else None


def _drawable(entity: EntitySpec) -> EntitySpec:
    return attrs.evolve(
        entity,
        attributes={name: _unbound(spec) for name, spec in entity.attributes.items()},
        unique=(),
        version_attribute=None,
    )


def _unbound(attribute: AttributeSpec) -> AttributeSpec:
    properties = attribute.properties
    return attrs.evolve(
        attribute,
        default=attribute.default if isinstance(attribute.default, Literal) else None,
        on_write=None,
        pattern=None,
        min=None,
        max=None,
        min_length=None,
        max_length=None,
        validate=None,
        overflow=None,
        items=None if attribute.items is None else _unbound(attribute.items),
        properties=(
            None
            if properties is None
            else {name: _unbound(part) for name, part in properties.items()}
        ),
    )


def _calls(attribute: AttributeSpec) -> list[str]:
    own = [
        call.name
        for call in (attribute.get, attribute.set, attribute.derive)
        if isinstance(call, Call)
    ]
    parts = [attribute.items, *(attribute.properties or {}).values()]
    return own + [name for part in parts if part is not None for name in _calls(part)]
