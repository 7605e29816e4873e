"""Ranges that mean what they say of the attributes: which keys are read, and what is left out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from leyden._attrs import frozen
from leyden.errors import InvalidExpressionError, ValidationError
from leyden.keys import Bounds, IndexKeys, KeyForm, Limit, bounds_of
from leyden.operations.bound import BoundEntity
from leyden.operations.options import Options
from leyden.operations.range_test import RangeTest
from leyden.operations.sort_condition import Range, SortCondition

Values = Mapping[str, Any]


@frozen
class ExactRange:
    """A range over a sort key: the condition on the key, and what an item must meet beside it."""

    whole: RangeTest
    bounds: Bounds
    condition: SortCondition | None

    @property
    def test(self) -> RangeTest | None:
        """What the items read must meet; None where the key's bounds are the range."""
        return None if self.bounds.exact else self.whole

    def filters(self, options: Options) -> bool:
        """Whether DynamoDB leaves out what the bounds let through too much.

        It does where it orders the stored values as the range does. What is read to be hydrated
        may hold no attributes, so that is looked at later.
        """
        test = self.test
        return (
            test is not None and not options.hydrate and self.bounds.parted and test.is_filterable
        )

    def notes(self) -> list[str]:
        """What is read beyond the range, in words."""
        listed = ", ".join(f'"{name}"' for name in self.whole.names)
        if self.bounds.exact:
            return [f"the bounds of the key are the range of {listed}"]
        if self.bounds.unordered is not None:
            return [
                f'keys do not sort "{self.bounds.unordered}" by its value, so they cannot bound '
                f"it: what lies outside of the range of {listed} is read, and left out"
            ]
        return [
            f"the bounds of the key let through more than the range of {listed}: the rest is left "
            "out after reading"
        ]


def limits_of(limits: Range) -> tuple[Limit | None, Limit | None]:
    """The lower and the upper end of a range."""
    match limits.operator:
        case "gt" | "gte":
            return Limit(limits.start, limits.operator == "gte"), None
        case "lt" | "lte":
            return None, Limit(limits.start, limits.operator == "lte")
    assert limits.end is not None
    return Limit(limits.start, included=True), Limit(limits.end, included=True)


def range_test(entity: BoundEntity, keys: IndexKeys, values: Values, limits: Range) -> RangeTest:
    """The test of a range. Raises InvalidExpressionError for one that starts behind its end."""
    low, high = limits_of(limits)
    equal = {**values}
    if low is not None and high is not None:
        test = RangeTest(entity, keys, equal, low, high)
        low, high, equal = _without_what_is_shared(test, low, high, equal)
    return RangeTest(entity, keys, equal, low, high)


def _without_what_is_shared(
    test: RangeTest, low: Limit, high: Limit, equal: dict[str, Any]
) -> tuple[Limit | None, Limit | None, dict[str, Any]]:
    """Both ends without the values that begin both, which are given as equal then."""
    starts, ends = dict(low.values), dict(high.values)
    while starts and ends:
        name = next(iter(starts))
        ordered = test.ordered.get(name)
        if ordered is None or name not in ends:
            break
        start, end = ordered.place(starts[name]), ordered.place(ends[name])
        if start != end:
            if start is not None and end is not None and start > end:
                raise InvalidExpressionError(
                    f'.between() of "{name}" starts behind its end; give the lower value first',
                    entity=test.entity.spec.entity,
                )
            break
        if len(starts) == len(ends) == 1:
            break
        equal[name] = starts.pop(name)
        del ends[name]
    return (
        Limit(starts, included=True) if starts else None,
        Limit(ends, included=True) if ends else None,
        equal,
    )


def exact_range(entity: BoundEntity, keys: IndexKeys, values: Values, limits: Range) -> ExactRange:
    """The range of a query of one entity.

    Raises InvalidExpressionError, ValidationError.
    """
    test = range_test(entity, keys, values, limits)
    form = keys.sk
    if form is None:
        several = any(end is not None and len(end.values) > 1 for end in (test.low, test.high))
        return ExactRange(test, Bounds(None, exact=not several), None)
    bounds = key_bounds(entity, [form], test)
    return ExactRange(test, bounds, condition_of(form.field, bounds))


def key_bounds(entity: BoundEntity, forms: Sequence[KeyForm], test: RangeTest) -> Bounds:
    """The part of the keys to read. Raises ValidationError."""
    always = entity.keys.primary.composites
    try:
        return bounds_of(forms, test.equal, test.low, test.high, always)
    except ValueError as error:
        raise ValidationError(
            f'the key field "{forms[0].field}" cannot be made: {error}', entity=entity.spec.entity
        ) from error


def condition_of(field: str, bounds: Bounds) -> SortCondition | None:
    """The bounds as a condition on the key field; None where all keys are read."""
    if bounds.operator is None:
        return None
    return SortCondition(field, bounds.operator, bounds.low, bounds.high)
