"""Record classes as types for Pydantic, and so for FastAPI: validation, JSON and JSON Schema.

Pydantic calls methods of its own protocol on the class. Only these use this module, so Pydantic is
not a dependency. A body is checked by the attributes' own rules, with the same messages as a write.
Pydantic gets all wrong attributes at once, each with its place.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, Final

from leyden._text import did_you_mean
from leyden.errors import LeydenError, RequiredAttributeError, UnknownAttributeError
from leyden.mapping.lack import root_of
from leyden.mapping.showing import SECRET
from leyden.schema.spec import AttributeSpec, Literal
from leyden.types import json_ready, object_schema, plain_numbers, type_of, value_from_json

if TYPE_CHECKING:
    from pydantic_core import CoreSchema, InitErrorDetails, SchemaSerializer


def core_schema(kind: type[Any], *, partial: bool = False) -> CoreSchema:
    """Return Pydantic's schema, by which it validates and writes records of a class.

    A record passes unchanged, and an object becomes a record. With `partial`, nothing is required.
    """
    from pydantic_core import core_schema as core

    if not hasattr(kind, "__leyden_attributes__"):
        # `leyden.Record` itself: a record of any entity.
        described = {"pydantic_js_functions": [lambda schema, handler: {"type": "object"}]}
        return core.is_instance_schema(kind, serialization=_serialization(core), metadata=described)
    root = root_of(kind)

    def validate(value: Any) -> Any:
        return value if isinstance(value, root) else _record_of(root, value, partial)

    # Pydantic's errors begin with the name of this function.
    validate.__name__ = validate.__qualname__ = root.__name__
    name = f"{root.__module__}.{root.__name__}{'Changes' if partial else ''}:{id(root)}"
    return core.no_info_plain_validator_function(
        validate,
        ref=name,
        serialization=_serialization(core),
        metadata={"pydantic_js_functions": [lambda schema, handler: record_schema(root, partial)]},
    )


def serializer(kind: type[Any]) -> SchemaSerializer:
    """Return Pydantic's serializer for records in fields of type Any."""
    from pydantic_core import SchemaSerializer

    return SchemaSerializer(core_schema(kind))


def _serialization(core: Any) -> Any:
    """Return the serialization for JSON only; in Python mode a record stays a record."""
    from pydantic_core import to_jsonable_python

    def shown(record: Any, info: Any) -> Any:
        values = record.to_dict(json=True)
        if info.include is None and info.exclude is None:
            return values
        return to_jsonable_python(values, include=info.include, exclude=info.exclude)

    return core.plain_serializer_function_ser_schema(
        shown, info_arg=True, when_used="json", return_schema=core.any_schema()
    )


def _record_of(root: type[Any], value: Any, partial: bool) -> Any:
    from pydantic_core import PydanticCustomError, ValidationError

    entity: str = root.__leyden_shape__[1]
    if not isinstance(value, Mapping):
        raise PydanticCustomError(
            "record_type",
            'Input should be an object, or a record of "{entity}"',
            {"entity": entity},
        )
    accepted: dict[str, Any] = {}
    wrong = [*_wrong(root, value, accepted, partial)]
    if wrong:
        raise ValidationError.from_exception_data(root.__name__, wrong)
    return root(**accepted)


def _wrong(
    root: type[Any], given: Mapping[str, Any], accepted: dict[str, Any], partial: bool
) -> Iterator[InitErrorDetails]:
    """Yield the faults of an object, and put its valid values by slot into `accepted`."""
    slots: Mapping[str, AttributeSpec] = root.__leyden_attributes__
    mapping = root.__leyden_mapping__()
    needed = () if partial else (object_schema(_named(slots), lambda spec: {})["required"] or ())
    for slot, spec in slots.items():
        name = spec.name
        value = given.get(name)
        if name not in given:
            if name in needed:
                yield {"type": "missing", "loc": (name,), "input": _printable(slots, given)}
            continue
        if value is None:
            accepted[slot] = None
            if spec.required:
                error = RequiredAttributeError(f'"{name}" is required', path=name)
                yield _detail(error, name, None)
            continue
        try:
            accepted[slot] = mapping.attributes[name].accept(value_from_json(spec, value))
        except LeydenError as refused:
            yield _detail(refused, name, SECRET if spec.encrypt else value)
    names = _named(slots)
    for name in given:
        if name not in names:
            hint = did_you_mean(str(name), names)
            unknown = UnknownAttributeError(
                f'"{root.__leyden_shape__[1]}" has no attribute "{name}"{hint}'
            )
            yield _detail(unknown, str(name), _printable(slots, given)[name])


def _printable(slots: Mapping[str, AttributeSpec], given: Mapping[str, Any]) -> dict[str, Any]:
    """Return an object as an error may show it, because errors end up in logs.

    It hides encrypted values, and values of unknown names, because a name may be misspelled.
    """
    named = _named(slots)
    if not any(spec.encrypt for spec in named.values()):
        return dict(given)
    return {
        name: value if name in named and not named[name].encrypt else SECRET
        for name, value in given.items()
    }


def _named(slots: Mapping[str, AttributeSpec]) -> dict[str, AttributeSpec]:
    return {spec.name: spec for spec in slots.values()}


def _detail(error: LeydenError, name: str, value: Any) -> InitErrorDetails:
    """Return an error in Pydantic's form, with its place: `("lines", 0, "count")`."""
    from pydantic_core import PydanticCustomError

    path = getattr(error, "path", "") or name
    place: list[int | str] = [
        int(index) if index else part for part, index in re.findall(r"([^.\[\]]+)|\[(\d+)\]", path)
    ] or [name]
    for part in place[1:]:
        try:
            value = value[part]
        except (TypeError, KeyError, IndexError):
            break
    kind = PydanticCustomError(
        error.code.replace(".", "_"), "{message}", {"message": error.message}
    )
    return {"type": kind, "loc": tuple(place), "input": value}


# ---- JSON Schema


def record_schema(root: type[Any], partial: bool = False) -> dict[str, Any]:
    """Return the JSON Schema of an entity's records."""
    attributes = _named(root.__leyden_attributes__)
    made = object_schema(attributes, _nullable)
    doc = (root.__doc__ or "").partition("\n")[0]
    schema = {"title": root.__name__, **made, "description": doc}
    if partial:
        del schema["required"]
    return _without_none(schema)


_BESIDE: Final = ("description", "default", "readOnly")
"""The keys of a schema that do not constrain values."""


def _nullable(spec: AttributeSpec) -> dict[str, Any]:
    """Return the JSON Schema of an attribute, which accepts null unless it is required."""
    schema = value_schema(spec)
    if spec.required or not schema.keys() - {*_BESIDE}:
        return schema
    told: dict[str, Any] = {key: schema.pop(key) for key in _BESIDE if key in schema}
    options = schema.pop("anyOf", None) or [schema]
    return {"anyOf": [*options, {"type": "null"}], **told}


def value_schema(spec: AttributeSpec) -> dict[str, Any]:
    """Return the JSON Schema of the values of an attribute, a property or an element."""
    schema = type_of(spec).json_schema(spec, value_schema)
    schema["description"] = spec.description
    if isinstance(spec.default, Literal):
        schema["default"] = plain_numbers(json_ready(spec.default.value))
    if spec.read_only or spec.derive is not None or spec.on_write is not None:
        schema["readOnly"] = True
    return _without_none(schema)


def _without_none(schema: Mapping[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in schema.items():
        if isinstance(value, list) and key in ("anyOf", "oneOf"):
            value = [_without_none(one) for one in value]
        if value is not None:
            found[key] = value
    return found
