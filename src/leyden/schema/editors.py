"""The JSON Schema of schema files, for editors; written from the tables of the language."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, TypeAlias

from leyden.schema.language import ENTITY, SHAPES, TABLE
from leyden.schema.shapes import (
    NAME_PATTERN,
    RESERVED_NAMES,
    Choice,
    Either,
    Flag,
    ListOf,
    Name,
    Named,
    Number,
    Option,
    Options,
    Reference,
    Shape,
    Source,
    Text,
    Whole,
)
from leyden.types import TYPES

Json: TypeAlias = dict[str, Any]

DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"


def json_schema() -> Json:
    """The JSON Schema (2020-12) of entity files and of table.yaml.

    A document with `entity` or `attributes` is taken for an entity, any other for the
    description of the table. What needs more than one place of a file to judge is left to
    `check_service`: whatever this schema refuses, it refuses as well.

    >>> json_schema()["title"]
    'A Leyden schema file'
    """
    definitions: Json = {"entity": _emit(ENTITY), "table": {**_emit(TABLE), "minProperties": 1}}
    for name, shape in SHAPES.items():
        definitions[name] = _emit(shape)
    return {
        "$schema": DIALECT,
        "title": "A Leyden schema file",
        "description": "An entity, or the description of the table that entities share.",
        "type": "object",
        "if": {"anyOf": [{"required": ["entity"]}, {"required": ["attributes"]}]},
        "then": {"$ref": "#/$defs/entity"},
        "else": {"$ref": "#/$defs/table"},
        "$defs": definitions,
    }


def _emit(shape: Shape) -> Json:
    if isinstance(shape, Options):
        return _options(shape)
    if isinstance(shape, Named):
        return _named(shape)
    if isinstance(shape, ListOf):
        found: Json = {"type": "array", "items": _emit(shape.element)}
        return {**found, "minItems": shape.least} if shape.least else found
    if isinstance(shape, Either):
        inner = [_emit(s) for s in (shape.text, shape.listing, shape.mapping) if s is not None]
        return {"anyOf": inner} if len(inner) > 1 else inner[0]
    if isinstance(shape, Source):
        return _source(shape)
    if isinstance(shape, Reference):
        return {"$ref": f"#/$defs/{shape.name}"}
    return _scalar(shape)


def _scalar(shape: Text | Name | Choice | Whole | Number | Flag) -> Json:
    if isinstance(shape, Text):
        text: Json = {"type": ["string", "integer"] if shape.numbers else "string"}
        if not shape.empty:
            text["minLength"] = 1
        return text
    if isinstance(shape, Name):
        return {"type": "string", **_name(shape)}
    if isinstance(shape, Choice):
        return {"enum": list(shape.values)}
    if isinstance(shape, Whole):
        return {"type": "integer", "minimum": shape.least, "maximum": shape.most}
    return {"type": "boolean" if isinstance(shape, Flag) else "number"}


def _name(shape: Name) -> Json:
    return {"pattern": NAME_PATTERN, "not": {"enum": [*RESERVED_NAMES, *shape.taken]}}


def _options(shape: Options) -> Json:
    properties = {name: _option(option) for name, option in shape.options.items()}
    found: Json = {"type": "object", "properties": properties, "additionalProperties": False}
    if shape.description:
        found["description"] = shape.description
    required = [name for name, option in shape.options.items() if option.required]
    if required:
        found["required"] = required
    rules = [*_rules_by_type(shape.options)]
    if rules:
        found["allOf"] = rules
    return found


def _option(option: Option) -> Json:
    return {**_emit(option.shape), "description": option.description}


def _rules_by_type(options: Mapping[str, Option]) -> list[Json]:
    """Which options an attribute must not have, by its type."""
    absent: dict[tuple[str, ...], list[str]] = {}
    for name, option in options.items():
        if option.types is not None:
            others = tuple(kind for kind in TYPES if kind not in option.types)
            absent.setdefault(others, []).append(name)
    rules: list[Json] = []
    for others, names in absent.items():
        kinds: list[Json] = [{"enum": [kind for kind in others if kind != "enum"]}]
        if "enum" in others:
            kinds.append({"type": "array"})
        rules.append(
            {
                "if": {"properties": {"type": {"anyOf": kinds}}, "required": ["type"]},
                "then": {"properties": dict.fromkeys(names, False)},
            }
        )
    return rules


def _named(shape: Named) -> Json:
    names = _name(shape.name) if isinstance(shape.name, Name) else {"minLength": 1}
    found: Json = {
        "type": "object",
        "propertyNames": names,
        "additionalProperties": _emit(shape.value),
    }
    return {**found, "minProperties": shape.least} if shape.least else found


def _source(shape: Source) -> Json:
    def directive(name: str, options: Options) -> Json:
        return {
            "if": {"type": "object", "required": [name], "maxProperties": 1},
            "then": _emit(options),
        }

    return {
        "not": {"type": "null"},
        "allOf": [directive("generate", shape.generate), directive("call", shape.call)],
    }
