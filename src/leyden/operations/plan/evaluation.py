"""Evaluate conditions on items that were read, as DynamoDB evaluates them.

A search of a vector index takes only equality on the fields that the index filters by, so Leyden
applies `where()` to its matches itself.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from decimal import Decimal
from typing import Any, Final

from pynamodb.expressions.condition import Condition
from pynamodb.expressions.operand import Path, Value, _Operand, _Size

from leyden.program import AttributeValue, Item

_ORDERS: Final[dict[str, Callable[[Any, Any], bool]]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
_ORDERED: Final = frozenset({"S", "N", "B"})
"""The kinds of values that have an order."""
_COUNTED: Final = frozenset({"S", "B", "SS", "NS", "BS", "L", "M"})
"""The kinds of values that have a size."""


def holds(condition: Condition, item: Item) -> bool:
    """Whether a condition holds for a raw item."""
    first, *others = condition.values
    match condition.operator:
        case "AND":
            return holds(first, item) and holds(others[0], item)
        case "OR":
            return holds(first, item) or holds(others[0], item)
        case "NOT":
            return not holds(first, item)
    value = _value_of(first, item)
    beside = [_value_of(one, item) for one in others]
    match condition.operator:
        case "attribute_exists":
            return value is not None
        case "attribute_not_exists":
            return value is None
        case "<>":
            return not same(value, beside[0])
        case "=" | "IN":
            return any(same(value, one) for one in beside)
        case "BETWEEN":
            return _compare(">=", value, beside[0]) and _compare("<=", value, beside[1])
        case "attribute_type":
            return value is not None and beside[0] == {"S": next(iter(value))}
        case "begins_with":
            return _begins(value, beside[0])
        case "contains":
            return _contains(value, beside[0])
    return _compare(condition.operator, value, beside[0])


def orders_the_unordered(condition: Condition) -> bool:
    """Whether a condition compares by order a given value of a kind that has no order.

    DynamoDB refuses such a filter as a whole, whatever the items are.
    """
    if condition.operator in ("AND", "OR", "NOT"):
        return any(map(orders_the_unordered, condition.values))
    return (condition.operator in _ORDERS or condition.operator == "BETWEEN") and any(
        isinstance(one, Value) and next(iter(one.value)) not in _ORDERED for one in condition.values
    )


def same(one: AttributeValue | None, other: AttributeValue | None) -> bool:
    """Whether two values are present and equal, however their numbers and sets are written."""
    return one is not None and other is not None and _plain(one) == _plain(other)


def _plain(value: AttributeValue) -> Any:
    """Return a form that equal values share."""
    ((kind, content),) = value.items()
    match kind:
        case "N":
            return kind, Decimal(content)
        case "NS":
            return kind, frozenset(map(Decimal, content))
        case "SS" | "BS":
            return kind, frozenset(content)
        case "L":
            return kind, [*map(_plain, content)]
        case "M":
            return kind, {name: _plain(part) for name, part in content.items()}
    return kind, content


def _compare(sign: str, one: AttributeValue | None, other: AttributeValue | None) -> bool:
    """Whether two values have the same ordered kind and compare so."""
    if one is None or other is None:
        return False
    (kind, low), (other_kind, high) = _plain(one), _plain(other)
    return kind == other_kind and kind in _ORDERED and _ORDERS[sign](low, high)


def _begins(value: AttributeValue | None, start: AttributeValue | None) -> bool:
    if value is None or start is None:
        return False
    (kind, content), (other_kind, beginning) = _plain(value), _plain(start)
    return kind == other_kind and kind in ("S", "B") and content.startswith(beginning)


def _contains(value: AttributeValue | None, part: AttributeValue | None) -> bool:
    if value is None or part is None:
        return False
    (kind, content), wanted = _plain(value), _plain(part)
    if kind == "L":
        return wanted in content
    # A string can contain a string; a set contains members: `S` may be in `S` and in `SS`.
    return (
        wanted[0] in ("S", "N", "B")
        and (kind == f"{wanted[0]}S" or (kind == wanted[0] and kind != "N"))
        and wanted[1] in content
    )


def _value_of(operand: _Operand, item: Item) -> AttributeValue | None:
    """Return the value of an operand; None where the item has none."""
    if isinstance(operand, Value):
        value: AttributeValue = operand.value
        return value
    if isinstance(operand, _Size):
        measured = _value_of(operand.values[0], item)
        if measured is None:
            return None
        ((kind, content),) = measured.items()
        if kind not in _COUNTED:
            return None
        # DynamoDB measures text in UTF-16 code units.
        size = len(content.encode("utf-16-le")) // 2 if kind == "S" else len(content)
        return {"N": str(size)}
    assert isinstance(operand, Path)
    found: AttributeValue | None = {"M": item}
    for segment in operand.path:
        name, *indexes = segment.replace("]", "").split("[")
        found = found.get("M", {}).get(name) if found is not None else None
        for index in indexes:
            elements = found.get("L", ()) if found is not None else ()
            found = elements[int(index)] if int(index) < len(elements) else None
    return found
