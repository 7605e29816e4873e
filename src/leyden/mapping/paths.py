"""Places inside an entity's items: `detail.effort`, `history[0]`, `entity.attr.points`."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator, Mapping
from itertools import islice
from typing import TYPE_CHECKING, Any, Final

from leyden._attrs import frozen
from leyden._calls import shorten
from leyden._text import did_you_mean
from leyden.errors import InvalidExpressionError, UnknownAttributeError
from leyden.mapping.attribute import CompiledAttribute
from leyden.mapping.tree import step_into
from leyden.types.base import MAX_DEPTH

if TYPE_CHECKING:
    from leyden.pynamodb.attributes import LeydenAttribute


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

    @property
    def pynamodb(self) -> LeydenAttribute:
        """The place as an operand of PynamoDB's conditions and update actions."""
        from leyden.pynamodb.attributes import pynamodb_attribute

        return pynamodb_attribute(self.leaf, self.segments)


def is_operand(value: object) -> bool:
    """Whether it is an attribute as an operand: `task.attr.points`.

    Who has not imported those has none.
    """
    module = sys.modules.get("leyden.pynamodb.attributes")
    return module is not None and isinstance(value, module.LeydenAttribute)


def unknown_attribute(name: str, known: Mapping[str, Any], entity: str) -> UnknownAttributeError:
    """The error for a name that the entity does not have."""
    return UnknownAttributeError(
        f'"{entity}" has no attribute "{name}"{did_you_mean(name, known)}', entity=entity
    )


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


class AttributePaths:
    """The attributes of an entity as operands of conditions: `task.attr.points > 3`.

    Parts of maps and lists follow by name or by index: `task.attr.detail.effort`,
    `task.attr.detail["effort"]`, `task.attr.history[0]`. A property whose name is a method of
    PynamoDB's attributes (`set`, `exists`, `contains`) is reached by index only.
    """

    __slots__ = ("__attributes", "__entity")

    def __init__(self, attributes: Mapping[str, CompiledAttribute], entity: str) -> None:
        self.__attributes = attributes
        self.__entity = entity

    def __getattr__(self, name: str) -> LeydenAttribute:
        if name.startswith("__"):
            raise AttributeError(name)
        return self.__getitem__(name)

    def __getitem__(self, name: str) -> LeydenAttribute:
        attribute = self.__attributes.get(name)
        if attribute is None:
            error = unknown_attribute(name, self.__attributes, self.__entity)
            shorten(error)
            raise error
        if attribute.operand is None:
            from leyden.pynamodb.attributes import operand_of

            return operand_of(attribute)
        found: LeydenAttribute = attribute.operand
        return found

    def __iter__(self) -> Iterator[str]:
        return iter(self.__attributes)

    def __contains__(self, name: object) -> bool:
        return name in self.__attributes

    def __dir__(self) -> list[str]:
        return sorted(self.__attributes)

    def __repr__(self) -> str:
        return f"<attributes of {self.__entity}: {', '.join(self.__attributes)}>"
