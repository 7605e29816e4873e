"""Key conditions: from a query's attributes to the part of an index that it reads.

The values of the caller are checked first. The condition is then built as ElectroDB builds it,
which compares keys as text. `comparisons` are the filters that ElectroDB's option `compare` adds.
`ranges` has the ranges that compare attributes by value.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal
from typing import Any, Final, TypeAlias

from leyden._attrs import evolve, frozen
from leyden.errors import InvalidExpressionError, MissingCompositeError
from leyden.keys import Beginning, IndexKeys, KeyForm, KeyValue
from leyden.mapping.entity import refuse_no_mapping, typed_key
from leyden.operations.bound import BoundEntity
from leyden.operations.plan.expressions import Expressions
from leyden.program import Item

Values = Mapping[str, Any]

COMPARISONS: Final = {"gt": ">", "gte": ">=", "lt": "<", "lte": "<="}

Comparison: TypeAlias = tuple[str, str, Any]
"""An attribute, an operator, and the value that the attribute is compared with."""

_FILTERS: Final[dict[str, dict[str, str]]] = {
    "keys": {},
    "attributes": {"gt": ">", "gte": ">=", "lt": "<", "lte": "<=", "between": ">="},
    "v2": {"gt": ">", "lte": "<="},
}
_SHIFTED: Final = {">": ">=", "<=": "<"}


_BEHIND_ALL: Final = "#\U0010ffff"
"""Sorts after every key that holds a value, and before the keys of greater values."""

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
    """A condition on the sort key after the values that are given as equal."""

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
        """Return the condition as part of a KeyConditionExpression."""
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


def read_composites(entity: BoundEntity, keys: IndexKeys, given: Values) -> dict[str, Any]:
    """Return a query's accepted values: the partition key, and sort-key ones in order.

    Raises UnknownAttributeError, MissingCompositeError, InvalidExpressionError.
    """
    spec = keys.spec
    for name in given:
        if name not in entity.spec.attributes:
            raise entity.mapping.unknown(name)
        if name not in keys.composites:
            raise InvalidExpressionError(
                f'"{name}" is not part of the access pattern "{spec.name}", which is made of '
                f"{', '.join(keys.composites)}; filter with .where(), or use .match()",
                entity=entity.spec.entity,
            )
    values = entity.mapping.sought(entity.mapping.completed(given, keys.composites))
    missing = tuple(name for name in spec.pk.composite if name not in values)
    if missing:
        raise entity.mapping.missing(missing, keys)
    refuse_gap(entity, keys, values)
    return values


def refuse_gap(
    entity: BoundEntity, keys: IndexKeys, values: Values, *, of: str | None = None
) -> None:
    """Raise MissingCompositeError where a sort-key attribute follows one that is not given."""
    absent = None
    for name in keys.sort_names:
        if values.get(name) is None:
            absent = absent or name
        elif absent is not None:
            raise MissingCompositeError(
                f'the sort key of "{of or keys.spec.name}" has "{absent}" before "{name}"; '
                f'give "{absent}" as well, or filter on "{name}" with .where()',
                missing=(absent,),
                entity=entity.spec.entity,
            )


def read_range(
    entity: BoundEntity,
    keys: IndexKeys,
    values: Values,
    operator: str,
    start: Values,
    end: Values | None,
) -> Range:
    """Return a checked range. Raises the errors of bad input."""
    spec = keys.spec
    if spec.sk is None:
        raise InvalidExpressionError(
            f'the access pattern "{spec.name}" has no sort key, so it has no .{operator}()',
            entity=entity.spec.entity,
        )
    accepted = []
    both = (start, end) if operator == "between" else (start,)
    for limit in both:
        refuse_no_mapping(limit, entity.spec.entity)
        assert limit is not None
        for name in limit:
            if name not in entity.spec.attributes:
                raise entity.mapping.unknown(name)
            if name not in spec.sk.composite or name in values:
                why = (
                    "was given as equal already"
                    if name in values
                    else "is not in the sort key; filter on it with .where()"
                )
                raise InvalidExpressionError(
                    f'.{operator}() cannot use "{name}" of "{spec.name}": it {why}',
                    entity=entity.spec.entity,
                )
        limit_values = accept_limit(entity, limit, operator)
        if not limit_values:
            raise InvalidExpressionError(
                f".{operator}() needs a value of the sort key of "
                f'"{spec.name}": {", ".join(n for n in spec.sk.composite if n not in values)}',
                entity=entity.spec.entity,
            )
        refuse_gap(entity, keys, {**values, **limit_values})
        accepted.append({n: limit_values[n] for n in spec.sk.composite if n in limit_values})
    return Range(operator, accepted[0], accepted[1] if end is not None else None)


def accept_limit(entity: BoundEntity, given: Values, operator: str) -> dict[str, Any]:
    """Return the values of a limit. With `begins`, a text may be the beginning of a value."""
    if operator != "begins":
        return entity.mapping.sought(given)
    beginnings: dict[str, str] = {}
    for name, value in given.items():
        attribute = entity.mapping.attributes[name]
        if isinstance(value, str) and attribute.type.begins_as_text:
            beginnings[name] = Beginning(attribute.part(value, name, at_start=True))
        elif isinstance(value, str) and attribute.has_form:
            beginnings[name] = attribute.part(value, name, at_start=True)
    rest = {name: value for name, value in given.items() if name not in beginnings}
    return {**entity.mapping.sought(rest), **beginnings}


def key_condition(
    entity: BoundEntity,
    keys: IndexKeys,
    values: Values,
    limits: Range | None,
    expressions: Expressions,
    compare: str | None = None,
) -> str:
    """Return the KeyConditionExpression of a query as ElectroDB builds it."""
    if keys.pk is None:
        return _multi_attribute(entity, keys, values, limits, expressions)
    partition = partition_condition(entity, keys.pk, values, expressions)
    sort = sort_condition(entity, keys.sk, values, limits) if keys.sk else None
    if sort is None:
        return partition
    if compare == "v2" and limits is not None:
        sort = shifted(sort)
    return f"{partition} AND {sort.expression(expressions)}"


def partition_condition(
    entity: BoundEntity, form: KeyForm, values: Values, expressions: Expressions
) -> str:
    """Return the equality on the partition key, as part of a KeyConditionExpression."""
    return expressions.equal(form.field, typed_key(entity.mapping.build_key(form, values)))


def _multi_attribute(
    entity: BoundEntity,
    keys: IndexKeys,
    values: Values,
    limits: Range | None,
    expressions: Expressions,
) -> str:
    """Return a key condition on an index whose keys are the attributes themselves.

    DynamoDB takes a range over the last attribute only, with those before it equal.
    """
    attributes = entity.mapping.attributes
    equal = [(name, values[name]) for name in keys.spec.composites if name in values]
    if limits is not None:
        equal += [*limits.start.items()][:-1]
    parts = [expressions.compare(attributes[name], "=", value) for name, value in equal]
    if limits is None:
        return " AND ".join(parts)
    last, low = [*limits.start.items()][-1]
    attribute = attributes[last]
    if limits.end is not None:
        if [*limits.start] != [*limits.end] or any(
            limits.end[name] != value for name, value in limits.start.items() if name != last
        ):
            raise InvalidExpressionError(
                f'.between() on the multi-attribute index of "{keys.spec.name}" needs the same '
                "attributes on both sides, and equal values for all but the last",
                entity=entity.spec.entity,
            )
        parts.append(expressions.between(attribute, low, limits.end[last]))
    elif limits.operator == "begins":
        field, value = attribute.spec.field, attribute.encode(low)
        parts.append(f"begins_with({expressions.name(field)}, {expressions.value(value)})")
    else:
        parts.append(expressions.compare(attribute, COMPARISONS[limits.operator], low))
    return " AND ".join(parts)


def sort_condition(
    entity: BoundEntity, form: KeyForm, values: Values, limits: Range | None
) -> SortCondition | None:
    """Return the condition for these values and this range; None where every sort key matches.

    Raises ValidationError, InvalidExpressionError.
    """
    if limits is None:
        key = entity.mapping.made(form, lambda: form.build(values))
        if key is None or key == "":
            return None
        return SortCondition(form.field, "begins_with" if form.missing(values) else "=", key)
    start = {**values, **limits.start}
    if limits.operator == "begins":
        # The postfix of a clustered key would close the last value, but that may be a beginning.
        key = entity.mapping.made(form, lambda: form.stem(start, closed=False))
        if not isinstance(key, str):
            raise InvalidExpressionError(
                f'the sort key "{form.field}" is a number, which has no beginning; use .between()',
                entity=entity.spec.entity,
            )
        return SortCondition(form.field, "begins_with", key)
    low = entity.mapping.made(form, lambda: form.stem(start))
    assert low is not None
    if limits.end is None:
        if form.strict and form.missing(start):
            return _strict_partial(form, limits.operator, str(low))
        return SortCondition(form.field, COMPARISONS[limits.operator], low)
    end = {**values, **limits.end}
    high = entity.mapping.made(form, lambda: form.stem(end))
    if form.strict and form.missing(end):
        high = str(high) + _BEHIND_ALL
    if low > high:  # type: ignore[operator]
        raise InvalidExpressionError(
            f'.between() of "{form.field}" starts after its end, which DynamoDB refuses; '
            "ElectroDB's ranges compare keys as text, and with them numbers that are not padded",
            entity=entity.spec.entity,
        )
    return SortCondition(form.field, "BETWEEN", low, high)


def _strict_partial(form: KeyForm, operator: str, stem: str) -> SortCondition:
    """Return a comparison by the first values of a strict key, whatever the others are.

    In the keys that hold a value, `#` follows it; in the keys of greater values, `$` or more.
    """
    if operator == "gt":
        return SortCondition(form.field, ">=", f"{stem}$")
    if operator == "lte":
        return SortCondition(form.field, "<", f"{stem}$")
    return SortCondition(form.field, COMPARISONS[operator], stem)


def comparisons(
    keys: IndexKeys,
    values: Mapping[str, Any],
    limits: Range | None,
    compare: str | None,
    shared: tuple[str, ...] | None = None,
) -> Iterator[Comparison]:
    """Yield the comparisons that ElectroDB filters by, besides the condition on the key.

    `shared` are the sort-key attributes that the members of a collection share. A multi-attribute
    index has no comparisons: its attributes are its key, and DynamoDB cannot filter by a key.
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
    """Return the condition that `compare="v2"` sends: its end moved on by the last character.

    So `gt` leaves out longer keys that begin with its value, and `lte` includes them.
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
    """Return the text with its last UTF-16 unit one higher, as JavaScript counts characters."""
    units = text.encode("utf-16-le", "surrogatepass")
    if not units:
        return text
    last = chr(int.from_bytes(units[-2:], "little") + 1).encode("utf-16-le", "surrogatepass")
    return (units[:-2] + last).decode("utf-16-le", "replace")
