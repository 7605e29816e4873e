"""Two schemas, and an entity under the migration from one to the other."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import leyden
from leyden.operations.bound import BoundEntity
from leyden.operations.companions.moving.moving import Moving
from leyden.program import Item
from leyden.schema import check_against, load_migration, load_service

WHERE: dict[str, Any] = {
    "table": "moving",
    "region": "eu-central-1",
    "endpoint_url": "http://127.0.0.1:1",
    "credentials": {"access_key_id": "none", "secret_access_key": "none"},
}


def entity(
    attributes: Mapping[str, Any], indexes: Mapping[str, Any] | None = None, **options: Any
) -> dict[str, Any]:
    """The schema of an entity `task`, with `project` and `task_id` as its key unless told."""
    own = {
        "task": {
            "pk": {"field": "pk", "composite": ["project"]},
            "sk": {"field": "sk", "composite": ["task_id"]},
        }
    }
    key = {"project": "string", "task_id": "string"}
    return {
        "entity": "tasks",
        "alias": "task",
        "version": "1",
        "service": "app",
        **options,
        "attributes": {**key, **attributes},
        "indexes": {**own, **(indexes or {})},
    }


def moving(
    old: Mapping[str, Any],
    new: Mapping[str, Any],
    change: Mapping[str, Any] | None = None,
    *,
    hooks: Mapping[str, Any] | None = None,
    encryption_keys: Any = None,
) -> Moving:
    """The entity under the migration that `change` says."""
    given = {"migration": "m", "from": dict(old), "entities": {"task": dict(change or {})}}
    spec = load_migration(given, hooks=hooks)
    service = load_service(new, hooks=hooks)
    check_against(spec, service)
    options = {**WHERE, "hooks": hooks, "encryption_keys": encryption_keys}
    earlier = leyden.bind(spec.earlier, **options)
    later = leyden.bind(service, **options)
    return Moving(
        bound(later, "task"), bound(earlier, spec.entities["task"].source), spec.entities["task"]
    )


def bound(app: leyden.Service, alias: str) -> BoundEntity:
    """An entity as operations have it."""
    return app.entities[alias]._bound


def stored(entity: BoundEntity, **values: Any) -> Item:
    """The item that a put of these values writes."""
    from leyden.mapping.index_keys import put_keys

    made = entity.mapping.prepare_create(values)
    return {**entity.mapping.encode(made), **put_keys(entity.mapping, made), **entity.identifiers}
