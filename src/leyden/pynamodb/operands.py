"""Operands of PynamoDB's expressions that check and encode values by the schema."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Set as AbstractSet
from decimal import Decimal
from typing import Any, Final, TypeVar

from pynamodb.attributes import Attribute
from pynamodb.constants import ATTRIBUTE_TYPES
from pynamodb.expressions import condition as pynamodb
from pynamodb.expressions.condition import (
    BeginsWith,
    Between,
    Comparison,
    Condition,
    Contains,
    In,
    IsType,
)
from pynamodb.expressions.operand import Path, Value, _IfNotExists, _Operand, _Size
from pynamodb.expressions.update import AddAction, DeleteAction, SetAction

from leyden._calls import fitting
from leyden._text import a
from leyden.errors import ArgumentError, InvalidExpressionError
from leyden.mapping.attribute import CompiledAttribute
from leyden.types.anything import accept_any, encode_any
from leyden.types.base import refuse, wrong_type
from leyden.types.text import accept_binary

Any_Condition = TypeVar("Any_Condition", bound=Condition)


class _Joinable(Condition):
    """A condition that `&`, `|` and `~` combine, and that has no truth value."""

    def __and__(self, other: Any) -> Any:
        return _And(self, _joined(other, "&"))

    def __rand__(self, other: Any) -> Any:
        # As in PynamoDB, None & condition is the condition.
        return self if other is None else _And(_joined(other, "&"), self)

    def __or__(self, other: Any) -> Any:
        return _Or(self, _joined(other, "|"))

    def __ror__(self, other: Any) -> Any:
        return _Or(_joined(other, "|"), self)

    def __invert__(self) -> Any:
        return _Not(self)

    def __bool__(self) -> bool:
        raise ArgumentError(
            "a condition is neither true nor false here: `and`, `or`, `not`, `in`, `if` and "
            "comparisons in a chain do not work on it. Join conditions with &, | and ~, each in "
            "parentheses: (task.attr.points > 3) & ~(task.attr.points > 9), or .between(3, 9)"
        )


class _Comparison(_Joinable, pynamodb.Comparison):
    pass


class _Between(_Joinable, pynamodb.Between):
    pass


class _In(_Joinable, pynamodb.In):
    pass


class _Exists(_Joinable, pynamodb.Exists):
    pass


class _NotExists(_Joinable, pynamodb.NotExists):
    pass


class _IsType(_Joinable, pynamodb.IsType):
    pass


class _BeginsWith(_Joinable, pynamodb.BeginsWith):
    pass


class _Contains(_Joinable, pynamodb.Contains):
    pass


class _And(_Joinable, pynamodb.And):
    pass


class _Or(_Joinable, pynamodb.Or):
    pass


class _Not(_Joinable, pynamodb.Not):
    pass


_OWN: Final[dict[type[Condition], type[Condition]]] = {
    kind.__mro__[2]: kind
    for kind in (
        _Comparison,
        _Between,
        _In,
        _Exists,
        _NotExists,
        _IsType,
        _BeginsWith,
        _Contains,
        _And,
        _Or,
        _Not,
    )
}


def own(condition: Any_Condition) -> Any_Condition:
    """Turn a condition that PynamoDB made into one that raises Leyden's errors."""
    condition.__class__ = _OWN[type(condition)]  # type: ignore[assignment]
    return condition


def _joined(other: Any, operator: str) -> Condition:
    if not isinstance(other, Condition):
        raise ArgumentError(
            f"{operator} joins conditions, and {type(other).__name__} is not one; put each "
            f"condition in parentheses: (task.attr.points > 3) {operator} (task.attr.points < 9)"
        )
    return other


_KINDS: Final = {
    "N": "numbers",
    "L": "lists",
    **dict.fromkeys(("SS", "NS", "BS"), "sets"),
    **dict.fromkeys(("S", "B"), "text and bytes"),
}
"""The types of values that PynamoDB's operators need, in words."""

# PynamoDB's condition classes have untyped constructors.
_begins_with: Callable[..., BeginsWith] = BeginsWith
_contains: Callable[..., Contains] = Contains
_comparison: Callable[..., Comparison] = Comparison
_between: Callable[..., Between] = Between


def encrypted(compiled: CompiledAttribute, place: str) -> InvalidExpressionError:
    """Return the error for an encrypted attribute, whose value the table cannot compare."""
    return InvalidExpressionError(
        f'"{place}" is encrypted, so the table cannot compare or change its value. Use .exists() '
        "or .does_not_exist(); compare the value in Python after you read it, and write the whole "
        "value",
        entity=compiled.entity,
    )


class TypedPath(Path):
    """The document path of a `LeydenAttribute`, whose codec checks and encodes the operands."""

    def __init__(self, attribute: Any) -> None:
        super().__init__(attribute)
        self.compiled = attribute.compiled
        self.place = attribute.place

    def _to_operand(self, value: Any) -> Any:
        if isinstance(value, _Operand | Attribute):
            compiled = getattr(value, "compiled", None)
            for one in (self.compiled, compiled):
                if one is not None and one.key_text is not None:
                    one.key_text.refuse_operand(self.place)
            if compiled is not None and isinstance(value, Attribute):
                if compiled.spec.encrypt:
                    raise encrypted(compiled, getattr(value, "place", compiled.path))
                return TypedPath(value)
        return super()._to_operand(value)

    def _to_value(self, value: Any) -> Value:
        return self._typed(value, constraints=False)

    def _type_check(self, *kinds: str) -> None:
        if self.attr_type and self.attr_type not in kinds:
            wanted = " or ".join(dict.fromkeys(_KINDS[kind] for kind in kinds))
            raise ArgumentError(
                f'"{self.place}" is of type {self.compiled.spec.type}, but this works on {wanted}',
                entity=self.compiled.entity,
            )

    def compare(self, operator: str, other: Any) -> Condition:
        """Return a condition that compares the stored value with another one."""
        condition: Condition = _comparison(operator, self, self._to_operand(other))
        key_text = self.compiled.key_text
        if key_text is None or operator in ("=", "<>"):
            return condition
        key_text.refuse_order(self.place)
        if operator in ("<", "<=") and key_text.absent is not None:
            # A key without a value sorts before all others, but is not a smaller value.
            condition = condition & _comparison(">", self, Value({"S": key_text.absent}))
        return condition

    def between(self, lower: Any, upper: Any) -> Between:
        """Return a condition for values from `lower` to `upper`, including both."""
        if self.compiled.key_text is not None:
            self.compiled.key_text.refuse_order(self.place)
        return _between(self, self._to_operand(lower), self._to_operand(upper))

    def is_there(self) -> Condition:
        """Return a condition that there is a value."""
        absent = self._absent()
        there: Condition = super().exists()
        return there if absent is None else there & _comparison("<>", self, absent)

    def is_not_there(self) -> Condition:
        """Return a condition that there is no value."""
        absent = self._absent()
        missing: Condition = super().does_not_exist()
        return missing if absent is None else missing | _comparison("=", self, absent)

    def _absent(self) -> Value | None:
        key_text = self.compiled.key_text
        absent = None if key_text is None else key_text.absent
        return None if absent is None else Value({"S": absent})

    def _typed(self, value: Any, *, constraints: bool) -> Value:
        if value is None and self.compiled.spec.type != "any":
            raise wrong_type(
                self.place,
                a(self.compiled.spec.type),
                value,
                "; use .exists() or .does_not_exist()",
            )
        accepted = self.compiled.accept(value, self.place, constraints=constraints)
        return Value(self.compiled.encode(accepted))

    def set(self, value: Any) -> Any:
        """Return the action that sets the attribute; the value must also meet its constraints."""
        if isinstance(value, _Operand | Attribute):
            return super().set(value)
        return SetAction(self, self._typed(value, constraints=True))

    def add(self, *values: Any) -> AddAction:
        """Return the action that adds to a number, or adds members to a set."""
        return AddAction(self, self._members(values))

    def delete(self, *values: Any) -> DeleteAction:
        """Return the action that removes members of a set."""
        return DeleteAction(self, self._members(values))

    def _members(self, values: tuple[Any, ...]) -> Any:
        single = len(values) == 1
        if single and (
            self.compiled.spec.type != "set"
            or isinstance(values[0], AbstractSet | list | tuple | _Operand | Attribute)
        ):
            return self._to_operand(values[0])
        try:
            members = frozenset(values)
        except TypeError:
            raise refuse(
                self.place, "takes members of a set, of a type that a set may have"
            ) from None
        return self._to_value(members)

    def append(self, other: Any) -> Any:
        """Return the list with the elements of `other` at its end."""
        self._type_check("L")
        return super().append(other)

    def prepend(self, other: Any) -> Any:
        """Return the list with the elements of `other` at its start."""
        self._type_check("L")
        return super().prepend(other)

    def is_type(self, attr_type: str) -> IsType:
        """Return a condition on the stored type (`S`, `N`, ...)."""
        if attr_type not in ATTRIBUTE_TYPES:
            raise ArgumentError(f"is_type() takes one of {', '.join(ATTRIBUTE_TYPES)}")
        return super().is_type(attr_type)

    def startswith(self, prefix: str) -> BeginsWith:
        """Return a condition for text or bytes that begin with `prefix`."""
        kind = self.compiled.kind
        if kind not in ("S", "B", ""):
            raise refuse(
                self.place,
                f"is {a(self.compiled.spec.type)}, and only text and bytes have a beginning",
            )
        key_text = self.compiled.key_text
        if key_text is not None and not isinstance(prefix, _Operand | Attribute):
            text = self.compiled.part(prefix, self.place, at_start=True)
            return _begins_with(self, Value({"S": key_text.beginning(text)}))
        return _begins_with(self, self._part(prefix, at_start=True))

    def contains(self, item: Any) -> Contains:
        """Return a condition for a member of a set, an element of a list, or a part of a text."""
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
        raise refuse(
            self.place,
            f"is {a(compiled.spec.type)}, and contains() takes text, bytes, lists and sets",
        )

    def _part(self, value: Any, *, at_start: bool = False) -> Any:
        if isinstance(value, _Operand | Attribute):
            return self._to_operand(value)
        if self.compiled.kind == "B" or isinstance(value, bytes | bytearray | memoryview):
            if self.compiled.kind == "S":
                raise wrong_type(self.place, "a str", value)
            return Value({"B": accept_binary(value, self.place)})
        text = self.compiled.part(value, self.place, at_start=at_start)
        key_text = self.compiled.key_text
        return Value({"S": text if key_text is None else key_text.part(text, self.place)})

    def __getitem__(self, item: int | str) -> Any:
        attribute: Any = self.attribute
        return attribute[item]

    def __or__(self, other: Any) -> TypedIfNotExists:
        return TypedIfNotExists(self, self._to_operand(other))


class TypedSize(_Size):
    """The size of a value, without the text of its key that may be stored around it."""

    def __eq__(self, other: Any) -> Comparison:  # type: ignore[override]
        return own(super().__eq__(other))

    def __ne__(self, other: Any) -> Comparison:  # type: ignore[override]
        return own(super().__ne__(other))

    def __lt__(self, other: Any) -> Comparison:
        return own(super().__lt__(other))

    def __le__(self, other: Any) -> Comparison:
        return own(super().__le__(other))

    def __gt__(self, other: Any) -> Comparison:
        return own(super().__gt__(other))

    def __ge__(self, other: Any) -> Comparison:
        return own(super().__ge__(other))

    __hash__ = None  # type: ignore[assignment]

    @fitting(".size().between(1, 9)")
    def between(self, lower: Any, upper: Any) -> Between:
        """Return a condition for values from `lower` to `upper`, including both."""
        return own(super().between(lower, upper))

    @fitting(".size().is_in(1, 9)")
    def is_in(self, *values: Any) -> In:
        """Return a condition for any of `values`."""
        return own(super().is_in(*values))

    def __init__(self, path: TypedPath) -> None:
        super().__init__(path)
        if path.compiled.kind in ("N", "BOOL"):
            # DynamoDB would silently match no item.
            raise refuse(path.place, f"is of type {path.compiled.spec.type}, and has no size")
        self._around = 0
        key_text = path.compiled.key_text
        if key_text is not None and key_text.is_framed:
            around = key_text.before + key_text.after
            if not around.isascii():
                key_text.refuse_operand(path.place)
            self._around = len(around)

    def _to_operand(self, value: Any) -> Any:
        if not isinstance(value, _Operand | Attribute) and (
            isinstance(value, bool) or not isinstance(value, int | float | Decimal)
        ):
            raise ArgumentError(f"size() is compared with a number, not {type(value).__name__}")
        if self._around and isinstance(value, int | float):
            value += self._around
        return super()._to_operand(value)  # type: ignore[no-untyped-call]


class TypedIfNotExists(_IfNotExists):
    """`attribute | value`, whose further operands have the attribute's type."""

    def __init__(self, path: TypedPath, value: Any) -> None:
        super().__init__(path, value)
        self._path = path

    def _to_value(self, value: Any) -> Value:
        return self._path._to_value(value)
