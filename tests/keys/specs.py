"""Entity specs for key tests, built by hand."""

from __future__ import annotations

from typing import Any

from leyden.schema.spec import AttributeSpec, EntitySpec, IndexSpec, KeySpec


def attribute(name: str, kind: str = "string", **options: Any) -> AttributeSpec:
    options.setdefault("field", name)
    options.setdefault("label", name)
    return AttributeSpec(name=name, type=kind, **options)


def entity(
    attributes: list[AttributeSpec],
    pk: list[str],
    sk: list[str] | None,
    *,
    keys: str = "electrodb",
    casing: str = "default",
    kind: str = "isolated",
    collection: tuple[str, ...] = (),
    scope: str | None = None,
) -> EntitySpec:
    return EntitySpec(
        entity="things",
        alias="thing",
        version="1",
        service="shop",
        attributes={a.name: a for a in attributes},
        indexes={
            "main": IndexSpec(
                name="main",
                index=None,
                pk=KeySpec("pk", tuple(pk), casing=casing),
                sk=None if sk is None else KeySpec("sk", tuple(sk), casing=casing),
                type=kind,
                collection=collection,
                scope=scope,
            )
        },
        keys=keys,
    )
