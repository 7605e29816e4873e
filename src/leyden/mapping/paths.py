"""Places inside an entity's items: `detail.effort`, `history[0]`, `detail["any key"]`."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any, Final, NoReturn

from leyden._attrs import frozen
from leyden._text import a, did_you_mean
from leyden.errors import InvalidExpressionError, UnknownAttributeError
from leyden.mapping.attribute import CompiledAttribute
from leyden.mapping.building import undeclared
from leyden.types.base import MAX_DEPTH

_STEP: Final = re.compile(
    r"""
    \.?(?P<name>[^.\[\]"']+)
    | \[(?P<index>\d{1,9})\]
    | \[(?P<quote>["'])(?P<quoted>[^"']+)(?P=quote)\]
    """,
    re.VERBOSE,
)


@frozen
class ResolvedPath:
    """A place in an entity's items.

    `root` is the attribute's name, `leaf` what stands at the place, `segments` the document
    path by stored names in PynamoDB's form: `("history[0]", "x")`.
    """

    path: str
    root: str
    leaf: CompiledAttribute
    segments: tuple[str, ...]


def unknown_attribute(name: str, known: Mapping[str, Any], entity: str) -> UnknownAttributeError:
    """The error for a name that the entity does not have."""
    # Who asks for a name may give anything.
    hint = did_you_mean(str(name), known)
    return UnknownAttributeError(f'"{entity}" has no attribute "{name}"{hint}', entity=entity)


def resolve_path(
    path: str, attributes: Mapping[str, CompiledAttribute], entity: str
) -> ResolvedPath:
    """Find what stands at `path`.

    Raises InvalidExpressionError for text that is no path or leads into a value that has no
    parts, UnknownAttributeError for a name that is not there.
    """
    alone = attributes.get(path)
    if alone is not None and path.isidentifier():
        return ResolvedPath(path, path, alone, (alone.spec.field,))
    steps = list(islice(_steps(path, entity), MAX_DEPTH + 2))
    if len(steps) > MAX_DEPTH + 1:
        raise InvalidExpressionError(
            f"the path leads deeper than the {MAX_DEPTH} lists and maps that DynamoDB stores",
            entity=entity,
        )
    root = steps[0]
    if not isinstance(root, str):
        raise InvalidExpressionError(f'"{path}" does not start with an attribute', entity=entity)
    leaf = attributes.get(root)
    if leaf is None:
        raise unknown_attribute(root, attributes, entity)
    segments: tuple[str, ...] = (leaf.spec.field,)
    walked = root
    for step in steps[1:]:
        leaf, segments, walked = step_into(leaf, segments, walked, step)
    return ResolvedPath(path, root, leaf, segments)


def _steps(path: str, entity: str) -> Iterator[str | int]:
    position = 0
    while position < len(path) or position == 0:
        match = _STEP.match(path, position)
        starts_with_dot = match is not None and match[0].startswith(".")
        if match is None or ((position == 0) is starts_with_dot and match["name"]):
            raise InvalidExpressionError(
                f'"{path}" is no path; write it as in detail.effort, history[0].text or '
                'detail["any key"]',
                entity=entity,
            )
        if match["index"] is not None:
            yield int(match["index"])
        else:
            yield match["name"] or match["quoted"]
        position = match.end()


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
    reason = attribute.type.without_parts or f"is {a(attribute.spec.type)} and {reason}"
    raise InvalidExpressionError(f'"{path}" {reason}', entity=attribute.entity)
