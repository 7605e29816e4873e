"""Port the attributes of PynamoDB models."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final

from pynamodb import attributes as known
from pynamodb.constants import DATETIME_FORMAT

from leyden.porting.context import Context, ModelError, Place, python_names

_BY_CLASS: Final[Mapping[type, str]] = {
    known.VersionAttribute: "integer",
    known.TTLAttribute: "ttl",
    known.JSONAttribute: "json",
    known.UnicodeAttribute: "string",
    known.NumberAttribute: "number",
    known.BooleanAttribute: "boolean",
    known.BinaryAttribute: "binary",
    known.UTCDateTimeAttribute: "string",
}
"""The types of attributes with one value, by the class that serializes them."""

_SETS: Final[Mapping[type, str]] = {
    known.UnicodeSetAttribute: "string",
    known.NumberSetAttribute: "number",
    known.BinarySetAttribute: "binary",
}
"""The types of the members of sets."""

_BY_LETTER: Final[Mapping[str, Any]] = {
    "S": "string",
    "N": "number",
    "B": "binary",
    "BOOL": "boolean",
    "SS": {"type": "set", "items": "string"},
    "NS": {"type": "set", "items": "number"},
    "BS": {"type": "set", "items": "binary"},
    "L": "list",
    "M": "map",
}
"""The stored types of attributes that somebody else's class serializes."""

_ENCODE: Final = "lambda value, values: base64.b64encode(value)"
_DECODE: Final = "lambda value, values: base64.b64decode(value)"


def in_order(container: Any) -> dict[str, Any]:
    """Return the attributes of a model or a map in the order of their declarations."""
    declared = [name for kind in reversed(container.__mro__) for name in vars(kind)]
    found = container.get_attributes()
    return {name: found[name] for name in dict.fromkeys((*declared, *found)) if name in found}


class Attributes:
    """Ports the attributes of one model."""

    def __init__(self, model: type, context: Context, timestamps: bool) -> None:
        self.model = model
        self.context = context
        self.timestamps = timestamps

    def declared(self, attribute: Any, place: Place, name: str) -> Any:
        """Return the schema of a model's attribute or of a map's property."""
        said = self.shape(attribute, place)
        if attribute.attr_name != name:
            said["field"] = attribute.attr_name
        needed = not attribute.null or attribute.is_hash_key or attribute.is_range_key
        if needed and not isinstance(attribute, known.VersionAttribute):
            said["required"] = True
        default = attribute.default if attribute.default is not None else attribute.default_for_new
        if default is not None:
            said.update(self._default(default, said, place))
        return said["type"] if said.keys() == {"type"} and isinstance(said["type"], str) else said

    def shape(self, attribute: Any, place: Place) -> dict[str, Any]:
        """Return the type of an attribute, with what is inside."""
        if isinstance(attribute, known.DiscriminatorAttribute):
            return self._discriminator(attribute, place)
        if isinstance(attribute, known.MapAttribute):
            return self._map(type(attribute), place)
        if isinstance(attribute, known.ListAttribute):
            return self._list(attribute, place)
        kind = self._serialised_by(attribute)
        if kind is None:
            return self._foreign(attribute, place)
        if kind is known.UTCDateTimeAttribute:
            return self._time(place)
        legacy = getattr(attribute, "legacy_encoding", False)
        one: Any = {"type": {**_BY_CLASS, **_SETS}[kind]}
        if legacy:
            one["set"] = self.context.hook(
                place.at("legacy_encoding", "set"), _ENCODE, "which encodes bytes as base64"
            )
            one["get"] = self.context.hook(
                place.at("legacy_encoding", "get"), _DECODE, "which decodes base64"
            )
        if kind in _SETS:
            return {"type": "set", "items": one if legacy else one["type"]}
        return dict(one)

    def _serialised_by(self, attribute: Any) -> type | None:
        """Return the PynamoDB class that writes and reads the values; None for any other."""
        for kind in type(attribute).__mro__:
            if kind in _BY_CLASS or kind in _SETS:
                return kind
            if {"serialize", "deserialize", "get_value"} & vars(kind).keys():
                return None
        return None

    def _foreign(self, attribute: Any, place: Place) -> dict[str, Any]:
        """Port an attribute that a class of the user's serializes: as the value that is stored."""
        kind = type(attribute)
        said = _BY_LETTER.get(attribute.attr_type, "any")
        self.context.adapt(
            place,
            f"{kind.__module__}.{kind.__qualname__} serializes the value",
            "records show what is stored; write functions for `get` and `set` that do the same",
        )
        return dict(said) if isinstance(said, Mapping) else {"type": said}

    def _time(self, place: Place) -> dict[str, Any]:
        if self.timestamps:
            self.context.adapt(
                place,
                "a UTCDateTimeAttribute, as a timestamp",
                "PynamoDB does not read what is written here, and microseconds are cut to "
                "milliseconds",
            )
            return {"type": "timestamp"}
        self.context.adapt(
            place,
            "a UTCDateTimeAttribute, whose text is not that of a timestamp",
            "records show the text, 2026-02-03T09:15:00.000000+0000; a timestamp reads it too, so "
            "declare one as soon as no PynamoDB code reads the table",
        )
        return {"type": "string"}

    def _discriminator(self, attribute: Any, place: Place) -> dict[str, Any]:
        value = attribute.get_discriminator(self.model)
        if not isinstance(value, str):
            raise ModelError(
                f"the discriminator of {self.model.__name__} is not text", place=str(place)
            )
        self.context.adapt(
            place,
            f'a discriminator: items of this model have "{value}"',
            "until items name their entity, a query also returns items of the other models under "
            "the same keys; filter by this value with .where()",
        )
        return {"type": [value], "default": value, "read_only": True}

    def _list(self, attribute: Any, place: Place) -> dict[str, Any]:
        of = attribute.element_type
        if of is None:
            return {"type": "list"}
        legacy = issubclass(of, known.BinaryAttribute | known.BinarySetAttribute)
        element = of(legacy_encoding=False) if legacy else of()
        inside = self.shape(element, place.at("of", "items"))
        return {"type": "list", "items": inside["type"] if inside.keys() == {"type"} else inside}

    def _map(self, kind: type, place: Place) -> dict[str, Any]:
        if kind is known.MapAttribute:
            return {"type": "map"}
        inside = in_order(kind)
        if issubclass(kind, known.DynamicMapAttribute):
            self.context.adapt(
                place,
                f"{kind.__name__} takes properties that it does not declare",
                "the map allows any property here",
            )
            return {"type": "map"}
        mark = next(
            (one for one in inside.values() if isinstance(one, known.DiscriminatorAttribute)), None
        )
        if mark is None:
            return {"type": "map", "properties": self._properties(inside, place)}
        variants = {
            str(value): {"properties": self._properties(in_order(of), place, without=mark)}
            for of, value in mark._class_map.items()
            if issubclass(of, kind)
        }
        return {"type": "union", "tag": mark.attr_name, "variants": variants}

    def _properties(
        self, inside: Mapping[str, Any], place: Place, without: Any = None
    ) -> dict[str, Any]:
        parts = {
            name: one
            for name, one in inside.items()
            if without is None or one.attr_name != without.attr_name
        }
        names = python_names(parts, snake=False)
        within = place.at("properties")
        return {
            names[name]: self.declared(one, within.at(name, names[name]), names[name])
            for name, one in parts.items()
        }

    def _default(self, default: Any, said: Mapping[str, Any], place: Place) -> dict[str, Any]:
        """Return the schema of a default: a literal, a duration, or a function."""
        kind = said["type"]
        if isinstance(default, timedelta) and kind == "ttl":
            return {"default": {"after": f"{int(default.total_seconds())} seconds"}}
        if isinstance(default, datetime) and kind == "string":
            return {"default": default.strftime(DATETIME_FORMAT)}
        plain = {"string": (str,), "boolean": (bool,), "number": (int, float), "integer": (int,)}
        if isinstance(kind, str) and type(default) in plain.get(kind, ()):
            return {"default": default}
        if not callable(default):
            self.context.adapt(
                place.at("default"), "a default that YAML cannot express", "set it in your code"
            )
            return {}
        try:
            source = inspect.getsource(default).strip()
        except (OSError, TypeError):
            source = getattr(default, "__qualname__", repr(default))
        return {"default": self.context.hook(place.at("default"), source)}
