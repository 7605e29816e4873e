"""Entities for PynamoDB: attributes as operands of conditions, and items as a model.

This package imports PynamoDB only when an operand or a model is used, because most processes that
load a service use neither.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from leyden._calls import shorten
from leyden._late import imported
from leyden.mapping.attribute import CompiledAttribute
from leyden.mapping.paths import unknown_attribute

if TYPE_CHECKING:
    from leyden.pynamodb.attributes import LeydenAttribute

__all__ = ["AttributePaths", "is_operand"]


class AttributePaths:
    """The attributes of an entity as operands of conditions: `task.attr.points > 3`.

    Reach parts of maps and lists by name or by index: `task.attr.detail.effort`,
    `task.attr.detail["effort"]`, `task.attr.history[0]`. If a property has the name of a method of
    PynamoDB's attributes (`set`, `exists`, `contains`), only the index reaches it. Raises
    UnknownAttributeError for a name that the entity does not have.
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


def is_operand(value: object) -> bool:
    """Return whether the value is an attribute as an operand, such as `task.attr.points`.

    If operands are not imported, no value is one.
    """
    module = imported("leyden.pynamodb.attributes")
    return module is not None and isinstance(value, module.LeydenAttribute)
