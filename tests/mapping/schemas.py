"""Specs built by hand, and strategies for them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from leyden.schema.spec import AttributeSpec, EntitySpec, Generate, IndexSpec, JMESPath, KeySpec
from leyden.schema.spec import Literal as Fixed


def attribute(name: str, type: str = "string", **options: Any) -> AttributeSpec:
    items = options.get("items")
    if isinstance(items, str):
        options["items"] = attribute("", items)
    elif isinstance(items, dict):
        options["items"] = attribute("", **items)
    properties = options.get("properties")
    if isinstance(properties, Mapping):
        options["properties"] = {
            key: attribute(key, part) if isinstance(part, str) else attribute(key, **part)
            for key, part in properties.items()
        }
    if "variants" in options:
        word = options["tag"]
        options["variants"] = {
            tag: attribute(
                name,
                "map",
                properties={
                    word: {"type": "enum", "values": [tag], "required": True},
                    **said.get("properties", {}),
                },
            )
            for tag, said in options["variants"].items()
        }
    if "values" in options:
        options["values"] = tuple(options["values"])
    options.setdefault("field", name)
    options.setdefault("label", name)
    return AttributeSpec(name=name, type=type, **options)


def entity(attributes: Mapping[str, Any], **options: Any) -> EntitySpec:
    """An entity; an `id` and a primary key on it are added where they are not given."""
    specs = {}
    for name, said in (
        {} if "id" in attributes or "indexes" in options else {"id": "string"}
    ).items():
        specs[name] = attribute(name, said)
    for name, said in attributes.items():
        specs[name] = attribute(name, said) if isinstance(said, str) else attribute(name, **said)
    options.setdefault(
        "indexes",
        {"primary": IndexSpec("primary", None, KeySpec("pk", ("id",)), KeySpec("sk", ()))},
    )
    options.setdefault("alias", options.get("entity", "thing"))
    return EntitySpec(
        **{
            "entity": "thing",
            "version": "1",
            "service": "app",
            **options,
            "attributes": specs,
        }
    )


TASK = entity(
    {
        "task_id": {
            "required": True,
            "default": Generate("uuid7"),
            "field": "taskId",
            "label": "taskId",
        },
        "project_id": {"required": True, "field": "projectId"},
        "employee_id": "string",
        "status": {"type": "enum", "values": ["open", "closed"], "default": Fixed("open")},
        "points": {"type": "number", "default": Fixed(0)},
        "tags": {"type": "set", "items": "string"},
        "history": {"type": "list", "items": "string"},
        "detail": {
            "type": "map",
            "properties": {"owner": "string", "effort": {"type": "number", "field": "eff"}},
        },
        "payload": "json",
        "extra": "any",
        "blob": "binary",
        "done": "boolean",
        "price": "decimal",
        "count": "integer",
        "created_at": {
            "type": "timestamp",
            "default": Generate("now"),
            "read_only": True,
            "field": "createdAt",
        },
        "updated_at": {"type": "timestamp", "on_write": Generate("now")},
        "expires_at": {"type": "ttl", "field": "ttl"},
        "headline": {
            "watch": ("status", "points"),
            "derive": JMESPath("join(' ', [status, to_string(points)])"),
        },
        "secret": {"hidden": True},
    },
    entity="tasks",
    alias="task",
    service="taskapp",
    indexes={
        "project": IndexSpec(
            "project",
            None,
            KeySpec("pk", ("project_id",)),
            KeySpec("sk", ("task_id",)),
            collection=("overview",),
        ),
        "assigned": IndexSpec(
            "assigned",
            "gsi2",
            KeySpec("gsi2pk", ("employee_id",)),
            KeySpec("gsi2sk", ("project_id",)),
            when=JMESPath("status == 'open'"),
        ),
    },
)
"""The design page's example."""

DEEP = entity(
    {
        "steps": {
            "type": "list",
            "field": "st",
            "items": {
                "type": "map",
                "properties": {"due": {"type": "timestamp", "field": "d"}},
            },
        },
        "open": "map",
        "prices": {"type": "set", "items": "decimal"},
        "mixed": "list",
    }
)
"""Containers of containers."""
