"""Check a model's form, and read its identity and its types.

A model comes from JSON or from somebody's module, so it may contain anything. After these checks,
the rest of the package can rely on text being text and on lists being lists.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final, TypeAlias

from attrs import frozen

from leyden.porting.callbacks import membership
from leyden.porting.context import Context, ModelError, Place
from leyden.schema import ENTITY_FIELD, VERSION_FIELD

_Check: TypeAlias = Callable[[Any, str], None]


def check_shapes(model: Any) -> None:
    """Check a whole model. Raises ModelError with the place of any value of the wrong kind."""
    _mapping(model, "model")
    inner = model.get("model")
    if isinstance(inner, Mapping):
        _options(inner, "model", _IDENTITY)
    else:
        _options(model, "", _IDENTITY)
    # Porting refuses a section that is not an object.
    for name, raw in _entries(model.get("attributes")):
        _attribute(raw, f"attributes.{name}")
    for name, raw in _entries(model.get("indexes")):
        _mapping(raw, f"indexes.{name}")
        _options(raw, f"indexes.{name}", _INDEX)
        for half in ("pk", "sk"):
            if isinstance(raw.get(half), Mapping):
                _options(raw[half], f"indexes.{name}.{half}", _KEY)


def _entries(section: Any) -> Iterable[tuple[str, Any]]:
    return section.items() if isinstance(section, Mapping) else ()


def _options(raw: Mapping[str, Any], place: str, checks: Mapping[str, _Check]) -> None:
    for option, check in checks.items():
        value = raw.get(option)
        if value is not None:
            check(value, f"{place}.{option}" if place else option)


def _mapping(value: Any, place: str) -> None:
    if not isinstance(value, Mapping):
        raise ModelError("must be an object", place=place)


def _text(value: Any, place: str) -> None:
    if not isinstance(value, str):
        raise ModelError("must be text", place=place)
    try:
        value.encode()
    except UnicodeEncodeError:
        raise ModelError(
            "has half of a surrogate pair, which DynamoDB cannot store", place=place
        ) from None


def _texts(value: Any, place: str) -> None:
    if not isinstance(value, list) or not all(isinstance(entry, str) for entry in value):
        raise ModelError("must be a list of names", place=place)


def _text_or_texts(value: Any, place: str) -> None:
    if not isinstance(value, str):
        _texts(value, place)


def _type(value: Any, place: str) -> None:
    entries = value if isinstance(value, list) else [value]
    if isinstance(value, Mapping) and "$symbol" in value:
        return
    if not all(isinstance(entry, str | int | float) for entry in entries):
        raise ModelError("must be the name of a type, or a list of values", place=place)


def _watch(value: Any, place: str) -> None:
    if value != "*":
        if not isinstance(value, list):
            raise ModelError('must be a list, or "*"', place=place)
        _texts(value, place)


def _attribute(raw: Any, place: str) -> None:
    if not isinstance(raw, Mapping):
        return  # A type in short form. Porting reports anything else.
    _options(raw, place, _ATTRIBUTE)
    kind, items = raw.get("type"), raw.get("items")
    if isinstance(items, Mapping) and kind != "set":
        _attribute(items, f"{place}.items")
    elif items is not None and kind == "set":
        _type(items, f"{place}.items")
    for name, part in _entries(raw.get("properties")):
        _attribute(part, f"{place}.properties.{name}")


_IDENTITY: Final[Mapping[str, _Check]] = {"entity": _text, "version": _text, "service": _text}
_ATTRIBUTE: Final[Mapping[str, _Check]] = {
    "type": _type,
    "field": _text,
    "label": _text,
    "watch": _watch,
    "padding": _mapping,
    "properties": _mapping,
}
_INDEX: Final[Mapping[str, _Check]] = {
    "index": _text,
    "collection": _text_or_texts,
    "type": _text,
    "scope": _text,
    "projection": _text_or_texts,
    "pk": _mapping,
    "sk": _mapping,
}
_KEY: Final[Mapping[str, _Check]] = {
    "field": _text,
    "composite": _texts,
    "facets": _text_or_texts,
    "template": _text,
    "casing": _text,
    "cast": _text,
}


@frozen
class Identity:
    """Entity, version and service. `beta` marks the form of models before ElectroDB 1."""

    entity: str
    version: str
    service: str
    beta: bool = False
    versioned: bool = True
    """Whether the model states its version."""
    fields: tuple[str, str] = (ENTITY_FIELD, VERSION_FIELD)
    """The item fields that hold the entity's name and its version."""


def read_identity(model: Mapping[str, Any]) -> Identity:
    """Return the model's identity. Raises ModelError for what is not a model."""
    inner = model.get("model")
    if isinstance(inner, Mapping) and isinstance(inner.get("entity"), str) and inner["entity"]:
        return Identity(
            inner["entity"],
            _needed(inner, "version", "model."),
            _needed(inner, "service", "model."),
        )
    if isinstance(model.get("entity"), str) and model["entity"]:
        version = model.get("version")
        return Identity(
            entity=model["entity"],
            version=version if isinstance(version, str) else "1",
            service=_needed(model, "service", ""),
            beta=True,
            versioned=isinstance(version, str),
        )
    raise ModelError(
        "this is not an ElectroDB model: it has neither model.entity nor entity", place="model"
    )


def _needed(options: Mapping[str, Any], name: str, where: str) -> str:
    value = options.get(name)
    if not isinstance(value, str):
        raise ModelError("must be text", place=f"{where}{name}")
    return value


_SAME: Final = frozenset({"string", "number", "boolean", "any", "map", "list", "set"})
_ANYTHING: Final = frozenset({"custom", "static"})


@frozen
class Kind:
    """A type in the schema's terms; `validate` adds what the type alone cannot say.

    `name` is the type, `enum` for a list of texts. `numeric_enum` marks a list of numbers. For
    ElectroDB that is an enum, so it is never a number by itself in a key.
    """

    name: str
    type: str | list[str]
    validate: str | None = None
    numeric_enum: bool = False


def kind_of(raw: Any, place: Place, context: Context) -> Kind:
    """Return the type in `type`, or in the `items` of a set. Raises ModelError if it is none."""
    if isinstance(raw, list):
        return _enum(raw, place, context)
    if raw is None:
        return Kind("string", "string")
    if (isinstance(raw, dict) and "$symbol" in raw) or raw in _ANYTHING:
        return Kind("any", "any")
    if raw == "enum":
        return _enum([], place, context)
    if not isinstance(raw, str) or raw not in _SAME:
        shown = f'"{raw}"' if isinstance(raw, str) else f"a {type(raw).__name__}"
        raise ModelError(f"{shown} is not a type that ElectroDB has", place=str(place))
    return Kind(raw, raw)


def _enum(values: list[Any], place: Place, context: Context) -> Kind:
    if not all(isinstance(value, str | int | float) for value in values):
        raise ModelError("the values of an enum are texts or numbers", place=str(place))
    distinct = list({(type(value).__name__, value): value for value in values}.values())
    if not distinct:
        context.adapt(place, "an enum without values, which no value fits", "list the values here")
        return Kind("string", "string")
    if all(isinstance(value, str) for value in distinct):
        if all(distinct):
            return Kind("enum", distinct)
        return Kind("string", "string", membership(distinct))
    if all(isinstance(value, int | float) and not isinstance(value, bool) for value in distinct):
        return Kind("number", "number", membership(distinct), numeric_enum=True)
    return Kind("any", "any", membership(distinct))
