"""Operands of PynamoDB's expressions that take and write values as the schema says."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Set as AbstractSet
from typing import TYPE_CHECKING, Any

from pynamodb.attributes import Attribute
from pynamodb.expressions.condition import BeginsWith, Contains
from pynamodb.expressions.operand import Path, Value, _IfNotExists, _Operand
from pynamodb.expressions.update import AddAction, DeleteAction, SetAction

from leyden.compile.anything import accept_any, encode_any
from leyden.compile.faults import refuse, wrong_type
from leyden.compile.texts import accept_binary, accept_string

if TYPE_CHECKING:
    from leyden.compile.pynamodb_attributes import LeydenAttribute

__all__ = ["TypedIfNotExists", "TypedPath"]

# PynamoDB's condition classes have untyped constructors.
_begins_with: Callable[..., BeginsWith] = BeginsWith
_contains: Callable[..., Contains] = Contains


class TypedPath(Path):
    """A document path whose operands are accepted and written by the attribute's own codec."""

    def __init__(self, attribute: LeydenAttribute) -> None:
        super().__init__(attribute)
        self.compiled = attribute.compiled
        self.place = attribute.place

    def _to_value(self, value: Any) -> Value:
        return self._typed(value, constraints=False)

    def _typed(self, value: Any, *, constraints: bool) -> Value:
        if value is None and self.compiled.spec.type != "any":
            raise wrong_type(
                self.place,
                f"a {self.compiled.spec.type}",
                value,
                "; ask with .exists() or .does_not_exist()",
            )
        accepted = self.compiled.accept(value, self.place, constraints=constraints)
        return Value(self.compiled.encode(accepted))

    def set(self, value: Any) -> Any:
        """The action that sets the attribute; the value must also meet its constraints."""
        if isinstance(value, _Operand | Attribute):
            return super().set(value)
        return SetAction(self, self._typed(value, constraints=True))

    def add(self, *values: Any) -> AddAction:
        """The action that adds to a number, or members to a set."""
        return AddAction(self, self._members(values))

    def delete(self, *values: Any) -> DeleteAction:
        """The action that takes members out of a set."""
        return DeleteAction(self, self._members(values))

    def _members(self, values: tuple[Any, ...]) -> Any:
        single = len(values) == 1
        if single and (
            self.compiled.spec.type != "set"
            or isinstance(values[0], AbstractSet | list | tuple | _Operand | Attribute)
        ):
            return self._to_operand(values[0])
        return self._to_value(frozenset(values))

    def startswith(self, prefix: str) -> BeginsWith:
        """A condition on how stored text, or bytes, begin."""
        kind = self.compiled.kind
        if kind not in ("S", "B", ""):
            raise refuse(
                self.place, f"is a {self.compiled.spec.type}, and only text and bytes begin so"
            )
        return _begins_with(self, self._part(prefix))

    def contains(self, item: Any) -> Contains:
        """A condition on a member of a set, an element of a list, or a part of text or bytes."""
        if isinstance(item, _Operand | Attribute):
            return _contains(self, self._to_operand(item))
        compiled = self.compiled
        element = compiled.items
        if element is not None:
            accepted = element.accept(item, f"{self.place}[]", constraints=False)
            return _contains(self, Value(element.encode(accepted)))
        if compiled.kind in ("S", "B"):
            return _contains(self, self._part(item))
        if compiled.spec.type in ("any", "list", "set"):
            return _contains(self, Value(encode_any(accept_any(item, f"{self.place}[]"))))
        raise refuse(self.place, f"is a {compiled.spec.type}, and contains nothing")

    def _part(self, value: Any) -> Any:
        if isinstance(value, _Operand | Attribute):
            return self._to_operand(value)
        if self.compiled.kind == "B" or isinstance(value, bytes | bytearray | memoryview):
            if self.compiled.kind == "S":
                raise wrong_type(self.place, "a str", value)
            return Value({"B": accept_binary(value, self.place)})
        text = accept_string(value, self.place)
        return Value({"S": self.compiled.fold(text) if self.compiled.fold else text})

    def __getitem__(self, item: int | str) -> Any:
        attribute: Any = self.attribute
        return attribute[item]

    def __or__(self, other: Any) -> TypedIfNotExists:
        return TypedIfNotExists(self, self._to_operand(other))


class TypedIfNotExists(_IfNotExists):
    """`attribute | value`, whose further operands are typed as the attribute's are."""

    def __init__(self, path: TypedPath, value: Any) -> None:
        super().__init__(path, value)
        self._path = path

    def _to_value(self, value: Any) -> Value:
        return self._path._to_value(value)
