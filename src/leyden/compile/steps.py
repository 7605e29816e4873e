"""One step from a value into a part of it."""

from __future__ import annotations

from typing import NoReturn

from leyden._text import did_you_mean
from leyden.compile.attribute import CompiledAttribute
from leyden.errors import InvalidExpressionError, UnknownAttributeError

__all__ = ["step_into"]


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
    from leyden.compile.tree import undeclared

    depth = sum(1 + segment.count("[") for segment in segments)
    return undeclared(name, path, segments, depth, entity)


def _refuse(attribute: CompiledAttribute, path: str, reason: str) -> NoReturn:
    reason = attribute.type.without_parts or f"is a {attribute.spec.type} and {reason}"
    raise InvalidExpressionError(f'"{path}" {reason}', entity=attribute.entity)
