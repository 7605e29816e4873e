"""Conditions on a sort key: what a query asks of the index, and what an item must meet.

`sort_condition` compares keys as texts, as ElectroDB does, and `comparisons` is what its option
`compare` filters by; `ranges` has the ranges that mean what they say of the attributes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal
from typing import Any, Final, TypeAlias

from leyden._attrs import evolve, frozen
from leyden.errors import InvalidExpressionError, ValidationError
from leyden.keys import IndexKeys, KeyForm, KeyValue
from leyden.mapping.entity import typed_key
from leyden.operations.bound import BoundEntity
from leyden.operations.plan.expressions import Expressions
from leyden.program import Item

Values = Mapping[str, Any]

COMPARISONS: Final = {"gt": ">", "gte": ">=", "lt": "<", "lte": "<="}

Comparison: TypeAlias = tuple[str, str, Any]
"""An attribute, an operator, and the value beside it."""

_FILTERS: Final[dict[str, dict[str, str]]] = {
    "keys": {},
    "attributes": {"gt": ">", "gte": ">=", "lt": "<", "lte": "<=", "between": ">="},
    "v2": {"gt": ">", "lte": "<="},
}
_SHIFTED: Final = {">": ">=", "<=": "<"}


_BEHIND_ALL: Final = "#\U0010ffff"
"""Behind every key that holds a value, and in front of those of greater ones."""

_HOLDS: Final[dict[str, Callable[[Any, Any], bool]]] = {
    "=": lambda key, low: bool(key == low),
    ">": lambda key, low: bool(key > low),
    ">=": lambda key, low: bool(key >= low),
    "<": lambda key, low: bool(key < low),
    "<=": lambda key, low: bool(key <= low),
    "begins_with": lambda key, low: str(key).startswith(str(low)),
}


@frozen
class Range:
    """A condition on the sort key behind the values that are given as equal."""

    operator: str
    start: Values
    end: Values | None = None


@frozen
class SortCondition:
    """A condition on one sort-key field."""

    field: str
    operator: str
    low: KeyValue
    high: KeyValue | None = None

    def expression(self, expressions: Expressions) -> str:
        """The condition as part of a KeyConditionExpression."""
        name = expressions.name(self.field)
        low = expressions.value(typed_key(self.low))
        if self.operator == "begins_with":
            return f"begins_with({name}, {low})"
        if self.high is not None:
            return f"{name} BETWEEN {low} AND {expressions.value(typed_key(self.high))}"
        return f"{name} {self.operator} {low}"

    def holds(self, item: Item) -> bool:
        """Whether a stored item's key meets the condition."""
        stored = item.get(self.field, {})
        key: Any = stored.get("S")
        low: Any = self.low
        high: Any = self.high
        if not isinstance(low, str):
            key, low, high = _decimal(stored.get("N")), _decimal(low), _decimal(high)
        if key is None:
            return True
        if high is not None:
            return bool(low <= key <= high)
        return _HOLDS[self.operator](key, low)


def _decimal(number: Any) -> Decimal | None:
    return None if number is None else Decimal(str(number))


def sort_condition(
    entity: BoundEntity, form: KeyForm, values: Values, limits: Range | None
) -> SortCondition | None:
    """The condition for these values and this range; None where all sort keys will do.

    Raises ValidationError, InvalidExpressionError.
    """
    if limits is None:
        key = _made(entity, form, lambda: form.build(values))
        if key is None or key == "":
            return None
        return SortCondition(form.field, "begins_with" if form.missing(values) else "=", key)
    start = {**values, **limits.start}
    if limits.operator == "begins":
        # The postfix of a clustered key would close the last value, which may be a beginning.
        key = _made(entity, form, lambda: form.stem(start, closed=False))
        if not isinstance(key, str):
            raise InvalidExpressionError(
                f'the sort key "{form.field}" is a number, which has no beginning; use .between()',
                entity=entity.spec.entity,
            )
        return SortCondition(form.field, "begins_with", key)
    low = _made(entity, form, lambda: form.stem(start))
    assert low is not None
    if limits.end is None and form.strict and form.missing(start):
        return _strict_partial(form, limits.operator, str(low))
    if limits.end is None:
        return SortCondition(form.field, COMPARISONS[limits.operator], low)
    end = {**values, **limits.end}
    high = _made(entity, form, lambda: form.stem(end))
    if form.strict and form.missing(end):
        high = str(high) + _BEHIND_ALL
    if low > high:  # type: ignore[operator]
        raise InvalidExpressionError(
            f'.between() of "{form.field}" starts behind its end, which DynamoDB refuses; '
            "ElectroDB's ranges compare keys as text, and so numbers that are not padded",
            entity=entity.spec.entity,
        )
    return SortCondition(form.field, "BETWEEN", low, high)


def _strict_partial(form: KeyForm, operator: str, stem: str) -> SortCondition:
    """A comparison by the first values of a strict key, whatever the others are.

    Behind a value stands `#` in the keys that hold it, and at least `$` in those of greater ones.
    """
    if operator == "gt":
        return SortCondition(form.field, ">=", f"{stem}$")
    if operator == "lte":
        return SortCondition(form.field, "<", f"{stem}$")
    return SortCondition(form.field, COMPARISONS[operator], stem)


def _made(
    entity: BoundEntity, form: KeyForm, make: Callable[[], KeyValue | None]
) -> KeyValue | None:
    try:
        return make()
    except ValueError as error:
        raise ValidationError(
            f'the key field "{form.field}" cannot be made: {error}', entity=entity.spec.entity
        ) from error


def comparisons(
    keys: IndexKeys,
    values: Mapping[str, Any],
    limits: Range | None,
    compare: str | None,
    shared: tuple[str, ...] | None = None,
) -> Iterator[Comparison]:
    """The comparisons that ElectroDB filters by, beside the condition on the key.

    `shared` are the attributes of the sort key that the members of a collection share. A
    multi-attribute index has none: its attributes are its key, which DynamoDB does not filter by.
    """
    spec = keys.spec
    if compare in (None, "keys") or spec.sk is None or spec.type == "composite":
        return
    assert compare is not None
    names = spec.sk.composite if shared is None else shared
    several = len(names) > 1
    if several:
        partition = {name for name in spec.pk.composite if name not in names}
        yield from ((n, "=", v) for n, v in values.items() if n not in partition)
    if limits is None or (keys.sk is not None and keys.sk.bare):
        return
    operator = _FILTERS[compare].get(limits.operator)
    if operator is not None and (several or limits.operator != "gte"):
        yield from ((name, operator, value) for name, value in limits.start.items())
    if limits.end is not None:
        yield from ((name, "<=", value) for name, value in limits.end.items())


def shifted(condition: SortCondition) -> SortCondition:
    """The condition as `compare="v2"` has it: an end moves on by its last character.

    So `gt` leaves out what goes on behind its value, and `lte` takes it.
    """
    if not isinstance(condition.low, str):
        return condition
    if condition.operator == "BETWEEN":
        return evolve(condition, high=_shift(str(condition.high)))
    operator = _SHIFTED.get(condition.operator)
    if operator is None:
        return condition
    return evolve(condition, operator=operator, low=_shift(condition.low))


def _shift(text: str) -> str:
    """The text with its last UTF-16 unit one higher, as JavaScript counts characters."""
    units = text.encode("utf-16-le", "surrogatepass")
    if not units:
        return text
    last = chr(int.from_bytes(units[-2:], "little") + 1).encode("utf-16-le", "surrogatepass")
    return (units[:-2] + last).decode("utf-16-le", "replace")
