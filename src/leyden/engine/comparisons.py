"""What moto's comparisons lack of DynamoDB's: values of two types have no order."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache, wraps
from typing import Any, Final

_ORDERED: Final = ("S", "N", "B")
_MEASURED: Final = ("S", "SS", "NS", "B", "BS", "L", "M")


@lru_cache(maxsize=1)
def compare_within_types() -> None:
    """Make moto's comparisons false where one value is a text and the other a number, say.

    moto compares what Python makes of the values, and fails where Python does.
    """
    from moto.dynamodb import comparisons
    from moto.dynamodb.models.dynamo_type import DynamoType

    kinds: Any = comparisons
    for kind in (
        kinds.OpLessThan,
        kinds.OpGreaterThan,
        kinds.OpLessThanOrEqual,
        kinds.OpGreaterThanOrEqual,
    ):
        kind.expr = _if_ordered(kind.expr, lambda op: (op.lhs, op.rhs))
    kinds.FuncBetween.expr = _if_ordered(
        kinds.FuncBetween.expr, lambda op: (op.attr, op.start, op.end)
    )
    kinds.OpEqual.expr = _same(kinds.OpEqual.expr)
    kinds.OpNotEqual.expr = _not_same(kinds.OpNotEqual.expr)
    kinds.FuncIn.expr = _among
    stored: Any = DynamoType
    stored.compare = _compare(stored.compare)
    for name in ("__lt__", "__le__", "__gt__", "__ge__"):
        setattr(stored, name, _in_order(getattr(stored, name)))


def _type_of(operand: Any, item: Any) -> str | None:
    """The type of what an operand gives, None where it gives nothing.

    moto's `size()` says none, and fails where there is nothing to measure.
    """
    asked = getattr(operand, "get_type", None)
    if asked is not None:
        kind: str | None = asked(item)
        return kind
    return "N" if operand.attr.get_type(item) in _MEASURED else None


def _if_ordered(compare: Callable[[Any, Any], bool], operands: Callable[[Any], Any]) -> Any:
    @wraps(compare)
    def within(op: Any, item: Any) -> bool:
        types = {_type_of(operand, item) for operand in operands(op)}
        return len(types) == 1 and types <= set(_ORDERED) and compare(op, item)

    return within


def _same(compare: Callable[[Any, Any], bool]) -> Any:
    @wraps(compare)
    def same(op: Any, item: Any) -> bool:
        # What both lack is not the same.
        given = _type_of(op.lhs, item) is not None
        return given and _alike(op.lhs, op.rhs, item) and compare(op, item)

    return same


def _not_same(compare: Callable[[Any, Any], bool]) -> Any:
    @wraps(compare)
    def other(op: Any, item: Any) -> bool:
        return not _alike(op.lhs, op.rhs, item) or compare(op, item)

    return other


def _among(op: Any, item: Any) -> bool:
    return any(
        _alike(op.attr, value, item) and op.attr.expr(item) == value.expr(item)
        for value in op.possible_values
    )


def _alike(one: Any, other: Any, item: Any) -> bool:
    return _type_of(one, item) == _type_of(other, item)


def _compare(compare: Callable[[Any, str, list[Any]], bool]) -> Any:
    @wraps(compare)
    def within(value: Any, comparison: str, others: list[Any]) -> bool:
        if comparison in ("NE", "!="):
            return any(value.type != other.type for other in others) or compare(
                value, comparison, others
            )
        if comparison == "IN":
            others = [other for other in others if other.type == value.type]
        elif "CONTAINS" not in comparison and any(other.type != value.type for other in others):
            return False
        return compare(value, comparison, others)

    return within


def _in_order(compare: Callable[[Any, Any], bool]) -> Any:
    """The order of stored values, which must be total: moto sorts by it."""

    @wraps(compare)
    def ordered(one: Any, other: Any) -> bool:
        if one.type == other.type:
            return compare(one, other)
        less = one.type < other.type
        return less if compare.__name__ in ("__lt__", "__le__") else not less

    return ordered
