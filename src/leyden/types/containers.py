"""`list`, `set` and `map`, with or without a schema for their elements."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import TYPE_CHECKING, Any, Final

from leyden._attrs import evolve
from leyden._text import did_you_mean
from leyden.errors import RequiredAttributeError, UnknownAttributeError
from leyden.types.anything import (
    accept_any,
    accept_any_element,
    accept_any_set,
    accept_key,
    check_depth,
    plain_any,
)
from leyden.types.base import (
    Accept,
    AttributeType,
    Compiled,
    Likely,
    PartSchema,
    Static,
    refuse,
    type_of,
    wrong_type,
)
from leyden.types.lacking import refuse_lacking

if TYPE_CHECKING:
    from leyden.schema.spec import AttributeSpec

_GROUPS: Final = frozenset({frozenset, list, set, tuple})
_PARTS: Final = frozenset({"min_length", "max_length"})


class ListType(AttributeType):
    """`list`: values in order, of one type or of any type."""

    name = "list"
    meaning = "Values in order: a `list`."
    example = "{type: list, items: string}"
    also_called = ("array",)
    options = _PARTS | {"items", "overflow"}
    in_expressions = "a list"
    kind = "L"
    operators = frozenset({"append"})
    typed_as_json = True
    json_hint = """write a list as '["a", "b"]'"""

    def annotation(self, spec: AttributeSpec) -> Any:
        """Return `list` of the element type."""
        if spec.items is None:
            return list[Any]
        return list[type_of(spec.items).annotation(spec.items)]  # type: ignore[misc]

    def check(self, attribute: Compiled, depth: int) -> Accept:
        """Accept a list or a tuple."""
        element = attribute.items
        accept: Callable[[Any, str], Any]
        if element is None:

            def accept(value: Any, path: str) -> Any:
                return accept_any(value, path, depth + 1)
        else:
            accept = element.accept

        def check(value: Any, path: str) -> list[Any]:
            if value.__class__ is not list:
                if not isinstance(value, list | tuple):
                    raise wrong_type(path, "a list", value)
                refuse_lacking(value, path)
            check_depth(depth, path)
            return [accept(item, f"{path}[{i}]") for i, item in enumerate(value)]

        return check

    def plain(self, attribute: Compiled) -> Callable[[Any], Any]:
        """Return a list; None stays None."""
        if attribute.items is None:
            return plain_any
        plain_item = attribute.items.plain
        return lambda value: [None if item is None else plain_item(item) for item in value]

    def static(self, spec: AttributeSpec, text: Static) -> str:
        """Return the type in records, as source text."""
        return f"list[{_part(spec, text)}]"

    def static_given(self, spec: AttributeSpec, text: Static) -> str:
        """Return the type in calls, as source text."""
        sequence = text.imported("collections.abc", "Sequence")
        return f"{sequence}[{_part(spec, text, given=True)}]"

    def static_operand(self, spec: AttributeSpec, text: Static) -> str:
        """Return the class in conditions, as source text."""
        inner = "typed.Anything" if spec.items is None else text.operand(spec.items)
        return f"typed.Elements[{self.static_given(spec, text)}, {inner}]"

    def json_schema(self, spec: AttributeSpec, part: PartSchema) -> dict[str, Any]:
        """Describe an array."""
        lengths = {"minItems": spec.min_length, "maxItems": spec.max_length}
        return {"type": "array", "items": spec.items and part(spec.items), **lengths}

    def sample(self, spec: AttributeSpec, like: Likely) -> Any:
        """Return two elements, or as many as its length requires."""
        return _members(spec, like)


class SetType(AttributeType):
    """`set`: strings, numbers or bytes, each once."""

    name = "set"
    meaning = "Strings, numbers or bytes, each once: a `frozenset`."
    example = "{type: set, items: string}"
    options = _PARTS | {"items"}
    in_expressions = "a list"
    operators = frozenset({"add", "delete"})
    without_parts = "is a set, whose members have no place of their own; use .contains()"
    typed_as_json = True
    json_hint = """write a set as '["a", "b"]'"""

    def stored_kind(self, spec: AttributeSpec) -> str:
        """Return `SS`, `NS` or `BS`; empty if the members decide."""
        return f"{type_of(spec.items).kind}S" if spec.items is not None else ""

    def annotation(self, spec: AttributeSpec) -> Any:
        """Return `frozenset` of the member type."""
        if spec.items is None:
            return frozenset[Any]
        return frozenset[type_of(spec.items).annotation(spec.items)]  # type: ignore[misc]

    def check(self, attribute: Compiled, depth: int) -> Accept:
        """Accept a set, or a list without duplicates."""
        element = attribute.items
        accept = accept_any_element if element is None else element.accept

        def check(value: Any, path: str) -> frozenset[Any]:
            # Compare classes first, because isinstance with an abstract class takes as long as
            # all the rest.
            if value.__class__ not in _GROUPS and not isinstance(value, AbstractSet | list | tuple):
                raise wrong_type(path, "a set, or a list without duplicates", value)
            if not value:
                raise refuse(
                    path, "is an empty set, which DynamoDB cannot store; leave it out or remove it"
                )
            members = frozenset([accept(member, path) for member in value])
            # Two texts with the same normal form are one member.
            doubles = element is None or not element.spec.normalize
            if doubles and len(members) != len(value) and isinstance(value, Sequence):
                raise refuse(path, "is a list with duplicates, and a set has none")
            return members if element is not None else accept_any_set(members, path)

        return check

    def plain(self, attribute: Compiled) -> Callable[[Any], Any]:
        """Return a sorted list."""
        if attribute.items is None:
            return plain_any
        plain_item = attribute.items.plain
        return lambda value: sorted(plain_item(item) for item in value)

    def static(self, spec: AttributeSpec, text: Static) -> str:
        """Return the type in records, as source text."""
        return f"frozenset[{_part(spec, text)}]"

    def static_given(self, spec: AttributeSpec, text: Static) -> str:
        """Return the type in calls, as source text."""
        return f"typed.Group[{_part(spec, text, given=True)}]"

    def static_operand(self, spec: AttributeSpec, text: Static) -> str:
        """Return the class in conditions, as source text."""
        part = _part(spec, text, given=True)
        return f"typed.Members[{self.static_given(spec, text)}, {part}]"

    def json_schema(self, spec: AttributeSpec, part: PartSchema) -> dict[str, Any]:
        """Describe an array without duplicates, with at least one member."""
        inner = spec.items and part(spec.items)
        least = {"minItems": spec.min_length or 1, "maxItems": spec.max_length}
        return {"type": "array", "items": inner, "uniqueItems": True, **least}

    def sample(self, spec: AttributeSpec, like: Likely) -> Any:
        """Return two members, or as many as its length requires."""
        return frozenset(_members(spec, like))


class MapType(AttributeType):
    """`map`: properties by name, with or without a schema."""

    name = "map"
    meaning = "Properties by name: a `dict`."
    example = "{type: map, properties: {owner: string, effort: number}}"
    also_called = ("object", "dict")
    options = _PARTS | {"properties", "overflow"}
    in_expressions = "a map"
    kind = "M"
    python = dict[str, Any]
    typed_as_json = True
    json_hint = """write a map as '{"a": 1}'"""

    def check(self, attribute: Compiled, depth: int) -> Accept:
        """Accept a dict; with declared properties, one without others."""
        if attribute.properties is None:
            return _open_map(depth)
        return _map(attribute.properties, attribute.path, attribute.entity, depth)

    def plain(self, attribute: Compiled) -> Callable[[Any], Any]:
        """Return a dict without None."""
        properties = attribute.properties
        if properties is None:
            return plain_any
        return lambda value: {
            name: properties[name].plain(item) if name in properties else plain_any(item)
            for name, item in value.items()
            if item is not None
        }

    def static(self, spec: AttributeSpec, text: Static) -> str:
        """Return the type in records, as source text."""
        if spec.properties is not None:
            return text.shape(spec, given=False)
        return f"dict[str, {text.imported('typing', 'Any')}]"

    def static_given(self, spec: AttributeSpec, text: Static) -> str:
        """Return the type in calls, as source text."""
        if spec.properties is not None:
            return text.shape(spec, given=True)
        mapping = text.imported("collections.abc", "Mapping")
        return f"{mapping}[str, {text.imported('typing', 'Any')}]"

    def static_operand(self, spec: AttributeSpec, text: Static) -> str:
        """Return the class in conditions, as source text."""
        if spec.properties is None:
            return "typed.Anything"
        return text.places(spec, spec.properties)

    def json_schema(self, spec: AttributeSpec, part: PartSchema) -> dict[str, Any]:
        """Describe an object."""
        if spec.properties is None:
            lengths = {"minProperties": spec.min_length, "maxProperties": spec.max_length}
            return {"type": "object", **lengths}
        return object_schema(spec.properties, part)

    def sample(self, spec: AttributeSpec, like: Likely) -> Any:
        """Return a sample for each property."""
        if spec.properties is None:
            return {"note": "example"}
        return {name: like.part(part) for name, part in spec.properties.items()}


def _part(spec: AttributeSpec, text: Static, *, given: bool = False) -> str:
    """Return the static type of the elements of a list or a set."""
    if spec.items is None:
        return text.imported("typing", "Any")
    return text.part(spec.items, given=given)


def object_schema(properties: Mapping[str, AttributeSpec], part: PartSchema) -> dict[str, Any]:
    """Return the JSON Schema of an object with exactly these properties, without hidden ones.

    Properties that a write fills in are not required.
    """
    shown = {name: spec for name, spec in properties.items() if not spec.hidden}
    needed = [
        name
        for name, spec in shown.items()
        if spec.required and not (spec.default or spec.on_write or spec.derive)
    ]
    return {
        "type": "object",
        "properties": {name: part(spec) for name, spec in shown.items()},
        "required": needed or None,
        "additionalProperties": False,
    }


def _members(spec: AttributeSpec, like: Likely) -> list[Any]:
    places = range(max(spec.min_length or 1, min(2, spec.max_length or 2)))
    if spec.items is None:
        return [f"{spec.name}-{like.number + place + 1}" for place in places]
    # An element has no name of its own.
    named = evolve(spec.items, name=spec.name)
    return [like.part(named, place) for place in places]


def _open_map(depth: int) -> Accept:
    def check(value: Any, path: str) -> dict[str, Any]:
        if value.__class__ is not dict:
            if not isinstance(value, Mapping):
                raise wrong_type(path, "a dict", value)
            refuse_lacking(value, path)
        check_depth(depth, path)
        return {
            accept_key(key, path): accept_any(item, f"{path}.{key}", depth + 1)
            for key, item in value.items()
        }

    return check


def _map(properties: Mapping[str, Compiled], own: str, entity: str, depth: int) -> Accept:
    required = [name for name, part in properties.items() if part.spec.required]

    def check(value: Any, path: str) -> dict[str, Any]:
        if value.__class__ is not dict:
            if not isinstance(value, Mapping):
                raise wrong_type(path, "a dict", value)
            refuse_lacking(value, path)
        check_depth(depth, path)
        for name in value:
            if name not in properties:
                raise UnknownAttributeError(
                    f'"{path}" has no property "{name}"{did_you_mean(str(name), properties)}',
                    entity=entity,
                )
        accepted = {}
        for name, part in properties.items():
            given = value.get(name)
            if given is not None:
                # A part knows its own path, except inside lists.
                accepted[name] = part.accept(given, None if path == own else f"{path}.{name}")
        for name in required:
            if name not in accepted:
                place = f"{path}.{name}"
                raise RequiredAttributeError(f'"{place}" is required', path=place, entity=entity)
        return accepted

    return check
