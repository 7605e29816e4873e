"""Short ways to a schema with one thing in it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from leyden.schema import check_service
from leyden.schema.spec import EntitySpec

NO_HOOKS: Mapping[str, Callable[..., Any]] = {}


def entity(attributes: dict[str, Any], **options: Any) -> dict[str, Any]:
    """An entity as a dict: attribute `a` and a table key, and what is given."""
    return {
        "entity": "tasks",
        "version": "1",
        "service": "app",
        "attributes": {"a": "string", **attributes},
        "indexes": {"main": {"pk": {"field": "pk", "composite": ["a"]}, "sk": {"field": "sk"}}},
        **options,
    }


def loaded(source: Any) -> EntitySpec:
    """The one entity of a source that has no errors."""
    result = check_service(source)
    assert result.service is not None, result.faults
    (found,) = result.service.entities.values()
    return found


def codes(source: Any) -> list[str]:
    """The codes of all faults of a source."""
    return [fault.code for fault in check_service(source).faults]
