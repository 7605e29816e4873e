"""Type checks: any Python value into the normal form of an attribute's type, or refused."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import Any, Final

from leyden._text import did_you_mean
from leyden.compile.anything import (
    accept_any,
    accept_any_element,
    accept_any_set,
    accept_key,
    check_depth,
)
from leyden.compile.attribute import Accept, CompiledAttribute
from leyden.compile.faults import refuse, wrong_type
from leyden.compile.lacking import refuse_lacking
from leyden.compile.numbers import accept_decimal, accept_integer, accept_number
from leyden.compile.texts import accept_binary, accept_boolean, accept_json, accept_string
from leyden.compile.times import accept_timestamp, accept_ttl
from leyden.errors import RequiredAttributeError, UnknownAttributeError
from leyden.schema.spec import AttributeSpec

__all__ = ["build_check"]

_SIMPLE: Final[dict[str, Accept]] = {
    "string": accept_string,
    "number": accept_number,
    "integer": accept_integer,
    "decimal": accept_decimal,
    "boolean": accept_boolean,
    "binary": accept_binary,
    "json": accept_json,
    "timestamp": accept_timestamp,
    "ttl": accept_ttl,
}
_GROUPS: Final = frozenset({frozenset, list, set, tuple})


def build_check(attribute: CompiledAttribute, depth: int) -> Accept:
    """The check of one attribute's type; `depth` counts the containers around it, and itself."""
    kind = attribute.spec.type
    if kind in _SIMPLE:
        return _SIMPLE[kind]
    if kind == "enum":
        return _enum(attribute.spec)
    if kind == "list":
        return _list(attribute.items, depth)
    if kind == "set":
        return _set(attribute.items)
    if kind == "map":
        if attribute.properties is None:
            return _open_map(depth)
        return _map(attribute.properties, attribute.path, attribute.entity, depth)
    return lambda value, path: accept_any(value, path, depth)


def _enum(spec: AttributeSpec) -> Accept:
    values = {value: value for value in spec.values}
    wanted = ", ".join(f'"{value}"' for value in spec.values)

    def check(value: Any, path: str) -> str:
        if isinstance(value, str):
            known = values.get(value)
            if known is not None:
                return known
            raise refuse(path, f"takes one of {wanted}{did_you_mean(value, values)}")
        raise wrong_type(path, f"one of {wanted}", value)

    return check


def _list(element: CompiledAttribute | None, depth: int) -> Accept:
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


def _set(element: CompiledAttribute | None) -> Accept:
    accept = accept_any_element if element is None else element.accept

    def check(value: Any, path: str) -> frozenset[Any]:
        # The classes themselves first: to ask an abstract one takes as long as the rest.
        if value.__class__ not in _GROUPS and not isinstance(value, AbstractSet | list | tuple):
            raise wrong_type(path, "a set, or a list without duplicates", value)
        if not value:
            raise refuse(
                path, "is an empty set, which DynamoDB cannot store; leave it out or remove it"
            )
        members = frozenset([accept(member, path) for member in value])
        if len(members) != len(value) and isinstance(value, Sequence):
            raise refuse(path, "is a list with duplicates, and a set has none")
        return members if element is not None else accept_any_set(members, path)

    return check


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


def _map(properties: Mapping[str, CompiledAttribute], own: str, entity: str, depth: int) -> Accept:
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
                # A part knows its own path, but for what stands inside of lists.
                accepted[name] = part.accept(given, None if path == own else f"{path}.{name}")
        for name in required:
            if name not in accepted:
                place = f"{path}.{name}"
                raise RequiredAttributeError(f'"{place}" is required', path=place, entity=entity)
        return accepted

    return check
