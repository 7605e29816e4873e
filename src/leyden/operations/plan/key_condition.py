"""Key conditions: from composite attributes to the part of an index that a query reads."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from leyden.errors import InvalidExpressionError, MissingCompositeError
from leyden.keys import Beginning, IndexKeys
from leyden.mapping.entity import refuse_no_mapping, typed_key
from leyden.operations.bound import BoundEntity
from leyden.operations.plan.expressions import Expressions
from leyden.operations.plan.ranges import ExactRange, RangeTest
from leyden.operations.plan.sort_keys import COMPARISONS, Range, shifted, sort_condition

Values = Mapping[str, Any]


def read_composites(entity: BoundEntity, keys: IndexKeys, given: Values) -> dict[str, Any]:
    """The accepted values of a query: all partition-key attributes, and sort-key ones in order.

    Raises UnknownAttributeError, MissingCompositeError, InvalidExpressionError.
    """
    spec = keys.spec
    for name in given:
        if name not in entity.spec.attributes:
            raise entity.mapping.unknown(name)
        if name not in spec.composites:
            raise InvalidExpressionError(
                f'"{name}" is no part of the access pattern "{spec.name}", which is made of '
                f"{', '.join(spec.composites)}; filter with .where(), or use .match()",
                entity=entity.spec.entity,
            )
    values = entity.mapping.sought(entity.mapping.completed(given, spec.composites))
    missing = tuple(name for name in spec.pk.composite if name not in values)
    if missing:
        raise entity.mapping.missing(missing, keys)
    refuse_gap(entity, keys, values)
    return values


def refuse_gap(entity: BoundEntity, keys: IndexKeys, values: Values) -> None:
    """Raise where a sort-key attribute is given behind one that is not."""
    gap = first_gap(keys, values)
    if gap is not None:
        absent, behind = gap
        raise MissingCompositeError(
            f'the sort key of "{keys.spec.name}" has "{absent}" in front of "{behind}"; give '
            f'"{absent}" as well, or filter on "{behind}" with .where()',
            missing=(absent,),
            entity=entity.spec.entity,
        )


def first_gap(keys: IndexKeys, values: Values) -> tuple[str, str] | None:
    """The first sort-key attribute that is missing in front of a given one, and that one."""
    absent = None
    for name in dict.fromkeys(keys.spec.sk.composite) if keys.spec.sk else ():
        if values.get(name) is None:
            absent = absent or name
        elif absent is not None:
            return absent, name
    return None


def read_range(
    entity: BoundEntity,
    keys: IndexKeys,
    values: Values,
    operator: str,
    start: Values,
    end: Values | None,
) -> Range:
    """A checked range. Raises the errors of bad input."""
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
                why = "was given as equal already" if name in values else "is not in the sort key"
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
    """The values of a limit; a beginning may be text that is no whole value yet."""
    if operator != "begins":
        return entity.mapping.sought(given)
    beginnings = {
        name: Beginning(value)
        for name, value in given.items()
        if isinstance(value, str) and entity.mapping.attributes[name].type.begins_as_text
    }
    rest = {name: value for name, value in given.items() if name not in beginnings}
    return {**entity.mapping.sought(rest), **beginnings}


def key_condition(
    entity: BoundEntity,
    keys: IndexKeys,
    values: Values,
    limits: Range | None,
    expressions: Expressions,
    compare: str | None = None,
    exact: ExactRange | None = None,
) -> str:
    """The KeyConditionExpression of a query: of an exact range, or as ElectroDB builds it."""
    if keys.pk is None and exact is not None:
        return _multi_attribute_bounds(exact.whole, expressions)
    if keys.pk is None:
        return _multi_attribute(entity, keys, values, limits, expressions)
    partition = typed_key(entity.mapping.build_key(keys.pk, values))
    condition = expressions.equal(keys.pk.field, partition)
    if exact is not None:
        sort = exact.condition
    else:
        sort = sort_condition(entity, keys.sk, values, limits) if keys.sk else None
        if sort is not None and compare == "v2" and limits is not None:
            sort = shifted(sort)
    return f"{condition} AND {sort.expression(expressions)}" if sort else condition


def _multi_attribute(
    entity: BoundEntity,
    keys: IndexKeys,
    values: Values,
    limits: Range | None,
    expressions: Expressions,
) -> str:
    """A key condition on an index whose keys are the attributes themselves."""

    def compare(name: str, operator: str, value: Any) -> str:
        attribute = entity.mapping.attributes[name]
        field = expressions.name(attribute.spec.field)
        return f"{field} {operator} {expressions.value(attribute.encode(value))}"

    parts = [compare(n, "=", values[n]) for n in keys.spec.composites if n in values]
    if limits is None:
        return " AND ".join(parts)
    *equal, last = limits.start
    if limits.end is not None:
        _refuse_unequal(entity, keys, limits)
    parts += [compare(name, "=", limits.start[name]) for name in equal]
    if limits.operator == "begins":
        attribute = entity.mapping.attributes[last]
        field = expressions.name(attribute.spec.field)
        value = expressions.value(attribute.encode(limits.start[last]))
        parts.append(f"begins_with({field}, {value})")
    elif limits.end is not None:
        attribute = entity.mapping.attributes[last]
        field = expressions.name(attribute.spec.field)
        low = expressions.value(attribute.encode(limits.start[last]))
        high = expressions.value(attribute.encode(limits.end[last]))
        parts.append(f"{field} BETWEEN {low} AND {high}")
    else:
        parts.append(compare(last, COMPARISONS[limits.operator], limits.start[last]))
    return " AND ".join(parts)


def _multi_attribute_bounds(test: RangeTest, expressions: Expressions) -> str:
    """The key condition of an exact range on an index whose keys are the attributes themselves.

    DynamoDB takes a range over the last attribute only, with those before it equal. A range over
    several is bounded by the first of them.
    """
    attributes = test.entity.mapping.attributes

    def compare(name: str, operator: str, value: Any) -> str:
        field = expressions.name(attributes[name].spec.field)
        return f"{field} {operator} {expressions.value(attributes[name].encode(value))}"

    names = test.keys.spec.composites
    parts = [compare(name, "=", test.equal[name]) for name in names if name in test.equal]
    ends = [
        None if end is None else next(iter(end.values.items())) for end in (test.low, test.high)
    ]
    low, high = ends
    if low is not None and high is not None:
        name, bottom = low
        field = expressions.name(attributes[name].spec.field)
        values = [expressions.value(attributes[name].encode(v)) for v in (bottom, high[1])]
        parts.append(f"{field} BETWEEN {values[0]} AND {values[1]}")
    elif test.low is not None and low is not None:
        alone = len(test.low.values) == 1
        parts.append(compare(low[0], ">" if alone and not test.low.included else ">=", low[1]))
    elif test.high is not None and high is not None:
        alone = len(test.high.values) == 1
        parts.append(compare(high[0], "<" if alone and not test.high.included else "<=", high[1]))
    return " AND ".join(parts)


def _refuse_unequal(entity: BoundEntity, keys: IndexKeys, limits: Range) -> None:
    """DynamoDB takes a range over the last attribute only, with those before it equal."""
    assert limits.end is not None
    *equal, _ = limits.start
    same = list(limits.start) == list(limits.end)
    if not same or any(limits.start[name] != limits.end[name] for name in equal):
        raise InvalidExpressionError(
            f'.between() on the multi-attribute index of "{keys.spec.name}" needs the same '
            "attributes on both sides, and equal values for all but the last",
            entity=entity.spec.entity,
        )
