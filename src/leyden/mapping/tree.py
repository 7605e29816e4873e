"""The attributes of an entity, compiled from the leaves up."""

from __future__ import annotations

from collections.abc import Mapping

from leyden.keys import EntityKeys
from leyden.mapping.attribute import CompiledAttribute, KeyText, key_text_of
from leyden.mapping.hooking import (
    Hooks,
    build_apply_get,
    build_apply_set,
    build_constrain,
    build_fill_defaults,
)
from leyden.schema.spec import AttributeSpec, EntitySpec
from leyden.types.anything import decode_any, encode_any, plain_any


def compile_attributes(spec: EntitySpec, hooks: Hooks) -> dict[str, CompiledAttribute]:
    """All root attributes by name; `encode` and `read` are added from the generated source."""
    return {
        name: _compile(attribute, name, (attribute.field,), 1, spec.entity, hooks)
        for name, attribute in spec.attributes.items()
    }


def _compile(
    spec: AttributeSpec,
    path: str,
    segments: tuple[str, ...] | None,
    depth: int,
    entity: str,
    hooks: Hooks,
) -> CompiledAttribute:
    items = None
    if spec.items is not None:
        # Members of a set stand no deeper than the set: it is no container of documents.
        deeper = depth if spec.type == "set" else depth + 1
        items = _compile(spec.items, f"{path}[]", None, deeper, entity, hooks)
    properties = None
    if spec.properties is not None:
        properties = {
            name: _compile(
                part,
                f"{path}.{name}",
                None if segments is None else (*segments, part.field),
                depth + 1,
                entity,
                hooks,
            )
            for name, part in spec.properties.items()
        }
    attribute = CompiledAttribute(
        spec, path=path, segments=segments, entity=entity, items=items, properties=properties
    )
    attribute.plain = attribute.type.plain(attribute)
    attribute.check = attribute.type.check(attribute, depth)
    attribute.constrain = build_constrain(attribute, hooks)
    attribute.fill_defaults = build_fill_defaults(attribute, hooks)
    attribute.apply_set = build_apply_set(attribute, hooks)
    attribute.apply_get = build_apply_get(attribute, hooks)
    return attribute


def set_key_texts(
    keys: EntityKeys, attributes: Mapping[str, CompiledAttribute]
) -> dict[str, KeyText]:
    """Let attributes that are stored in a key's own field be written and read as that key.

    Gives those of them that are texts, by name.
    """
    texts: dict[str, KeyText] = {}
    for index in keys.values():
        for form in index.forms:
            attribute = attributes[form.names[0]] if form.bare and not form.numeric else None
            if attribute is not None and attribute.kind != "B":
                attribute.key_text = key_text_of(form, keys)
                attribute.kind = "S"
                if attribute.spec.type == "string":
                    texts[attribute.spec.name] = attribute.key_text
    return texts


def undeclared(
    name: str, path: str, segments: tuple[str, ...], depth: int, entity: str
) -> CompiledAttribute:
    """An attribute of type `any`, for a place inside an open map or an untyped list."""
    spec = AttributeSpec(name=name, type="any", field=name, label=name)
    attribute = CompiledAttribute(spec, path=path, segments=segments, entity=entity)
    return _without_source(attribute, depth)


def stand_alone(spec: AttributeSpec, entity: str) -> CompiledAttribute:
    """A string or number that is no attribute of an entity, such as a key field."""
    attribute = CompiledAttribute(spec, path=spec.name, segments=(spec.field,), entity=entity)
    return _without_source(attribute, 1)


def _without_source(attribute: CompiledAttribute, depth: int) -> CompiledAttribute:
    attribute.check = attribute.type.check(attribute, depth)
    attribute.encode = encode_any
    attribute.read = decode_any
    attribute.plain = plain_any
    return attribute
