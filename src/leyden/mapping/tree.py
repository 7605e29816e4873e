"""The attributes of an entity, compiled from the leaves up."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NoReturn

from leyden._text import did_you_mean
from leyden.errors import InvalidExpressionError, UnknownAttributeError
from leyden.keys import entity_keys
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


def step_into(
    attribute: CompiledAttribute, segments: tuple[str, ...], path: str, step: str | int
) -> tuple[CompiledAttribute, tuple[str, ...], str]:
    """The part of `attribute` that `step` (a name or an index) leads to.

    `segments` and `path` are its place so far, by stored names and by names; both are given
    back with the step added. Raises InvalidExpressionError or UnknownAttributeError.
    """
    kind = attribute.spec.type
    entity = attribute.entity
    if isinstance(step, bool) or not isinstance(step, str | int):
        raise InvalidExpressionError(
            f'a part of "{path}" is a name or an index, not {type(step).__name__}', entity=entity
        )
    if isinstance(step, int):
        if kind not in ("list", "any"):
            _refuse(attribute, path, "has no elements to count")
        if step < 0:
            raise InvalidExpressionError(
                f'"{path}" counts its elements from 0; DynamoDB has no negative index',
                entity=entity,
            )
        place = (*segments[:-1], f"{segments[-1]}[{step}]")
        within = f"{path}[{step}]"
        if attribute.items is not None:
            return attribute.items, place, within
        return _open(str(step), within, place, entity), place, within
    if kind not in ("map", "any"):
        _refuse(attribute, path, "has no properties")
    within = f"{path}.{step}"
    properties = attribute.properties
    if properties is None:
        if not step or "[" in step or "]" in step:
            raise InvalidExpressionError(
                f'a key of "{path}" is empty or has square brackets, and PynamoDB cannot '
                "write such a path",
                entity=entity,
            )
        place = (*segments, step)
        return _open(step, within, place, entity), place, within
    part = properties.get(step)
    if part is None:
        raise UnknownAttributeError(
            f'"{path}" has no property "{step}"{did_you_mean(step, properties)}', entity=entity
        )
    return part, (*segments, part.spec.field), within


def _open(name: str, path: str, segments: tuple[str, ...], entity: str) -> CompiledAttribute:

    depth = sum(1 + segment.count("[") for segment in segments)
    return undeclared(name, path, segments, depth, entity)


def _refuse(attribute: CompiledAttribute, path: str, reason: str) -> NoReturn:
    reason = attribute.type.without_parts or f"is a {attribute.spec.type} and {reason}"
    raise InvalidExpressionError(f'"{path}" {reason}', entity=attribute.entity)


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
    spec: EntitySpec, attributes: Mapping[str, CompiledAttribute]
) -> dict[str, KeyText]:
    """Let attributes that are stored in a key's own field be written and read as that key.

    Gives those of them that are texts, by name.
    """
    stored = {attribute.spec.field for attribute in attributes.values()}
    halves = [half for index in spec.indexes.values() for half in (index.pk, index.sk) if half]
    if stored.isdisjoint(half.field for half in halves):
        return {}
    keys = entity_keys(spec)
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
