"""What the options of a model hold, checked before anything is made of them.

A model comes from JSON or from someone's module, so anything can stand anywhere. The rest of the
importer may then rely on text being text and lists being lists.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final, TypeAlias

from leyden.porting.errors import ModelError

__all__ = ["check_shapes"]

_Check: TypeAlias = Callable[[Any, str], None]


def check_shapes(model: Any) -> None:
    """Check a whole model. Raises ModelError with the place of what is of another kind."""
    _mapping(model, "model")
    inner = model.get("model")
    if isinstance(inner, Mapping):
        _options(inner, "model", _IDENTITY)
    else:
        _options(model, "", _IDENTITY)
    for section, check in (("attributes", _attribute), ("indexes", _index)):
        entries = model.get(section)
        if isinstance(entries, Mapping):
            for name, entry in entries.items():
                check(entry, f"{section}.{name}")


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
        raise ModelError("has half of a character, which no table stores", place=place) from None


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
        return  # A type in short form, or no attribute, which is said where it is ported.
    _options(raw, place, _ATTRIBUTE)
    kind, items = raw.get("type"), raw.get("items")
    if isinstance(items, Mapping) and kind != "set":
        _attribute(items, f"{place}.items")
    elif items is not None and kind == "set":
        _type(items, f"{place}.items")
    properties = raw.get("properties")
    if isinstance(properties, Mapping):
        for name, part in properties.items():
            _attribute(part, f"{place}.properties.{name}")


def _index(raw: Any, place: str) -> None:
    if not isinstance(raw, Mapping):
        return
    _options(raw, place, _INDEX)
    for half in ("pk", "sk"):
        if isinstance(raw.get(half), Mapping):
            _options(raw[half], f"{place}.{half}", _KEY)


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
