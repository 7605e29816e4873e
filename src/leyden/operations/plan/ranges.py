"""Ranges that compare attributes by value: what is read, and which items are in the range.

An item's own values decide whether it is in a range, each compared in the order of its type.
Numbers compare as numbers, times as times, and text as the key holds it: padded, and folded where
the key folds. Where the index does not hold the values, they are parsed from the item's keys.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from decimal import Decimal
from functools import cached_property
from typing import Any, Final, TypeAlias

from leyden._attrs import evolve, frozen
from leyden.errors import DecodeError, InvalidExpressionError
from leyden.keys import Bounds, IndexKeys, KeyForm, Limit, bounds_of
from leyden.mapping.attribute import CompiledAttribute
from leyden.operations.bound import BoundEntity
from leyden.operations.options import Options
from leyden.operations.plan.expressions import Expressions
from leyden.operations.plan.identity import held_fields, identifiers_projected, is_always_there
from leyden.operations.plan.key_condition import Range, SortCondition, partition_condition
from leyden.program import AttributeValue, Item

Place: TypeAlias = Any
"""The rank of a value among those of its attribute: a number, a text, or a boolean."""

_OPERATORS: Final = {
    (True, True): ">=",
    (True, False): ">",
    (False, True): "<=",
    (False, False): "<",
}


@frozen
class Ordered:
    """An attribute of a sort key, in the order that ranges compare it by."""

    attribute: CompiledAttribute
    form: KeyForm | None
    """The key; None for a multi-attribute index, whose keys are the attributes themselves."""

    @property
    def field(self) -> str:
        """The field that stores the attribute."""
        return self.attribute.spec.field

    def place(self, value: Any) -> Place | None:
        """Return the rank of an accepted value; None for another member's value or type."""
        try:
            return self.place_of_stored(self.attribute.encode(value))
        except (TypeError, ValueError, ArithmeticError, AttributeError):
            return None

    def place_of_stored(self, stored: AttributeValue) -> Place | None:
        """Return the rank of a stored value; None for a type that the attribute does not have."""
        ((kind, content),) = stored.items()
        spec, own = self.attribute.spec, self.attribute.type
        if kind != own.kind:
            return None
        if kind == "N":
            return Decimal(content)
        if kind == "BOOL" or own.keeps_order or self.form is None:
            return content
        if self.form.numeric:
            try:
                return self.form.number({spec.name: content})
            except ValueError:
                return None
        text = next(s.text for s in self.form.segments if s.name == spec.name)(content)
        return self.form.fold(text) if self.form.fold else text

    @property
    def is_filterable(self) -> bool:
        """Whether DynamoDB orders the stored values in the same way."""
        spec = self.attribute.spec
        kind = self.attribute.type
        if kind.kind == "N" or kind.keeps_order:
            return True
        if not kind.is_text or self.form is None or self.form.numeric:
            return False
        return self.form.strict or (self.form.fold is None and spec.padding is None)


@frozen
class _Parsed:
    """The values in an item's keys, and the key fields of those that could not be parsed."""

    values: Mapping[str, Any]
    unreadable: Mapping[str, str]


class _UnreadableKeyError(Exception):
    """A value that decides is in a key that cannot be parsed."""

    def __init__(self, field: str, name: str) -> None:
        super().__init__(field)
        self.field = field
        self.name = name


@frozen(slots=False)
class RangeTest:
    """Tests whether items are in a range over a sort key, after values that are given as equal."""

    entity: BoundEntity
    keys: IndexKeys
    equal: Mapping[str, Any]
    low: Limit | None
    high: Limit | None
    hydrates: bool = False
    """Whether an item of which only keys were read will be tested again as a whole."""
    is_whole: bool = False
    """Whether the items are whole, so that a missing field means an absent attribute."""

    @cached_property
    def of_whole(self) -> RangeTest:
        """The test of whole items."""
        return evolve(self, is_whole=True)

    @cached_property
    def ordered(self) -> dict[str, Ordered]:
        """The attributes of the sort key, by name."""
        attributes = self.entity.mapping.attributes
        return {name: Ordered(attributes[name], self.keys.sk) for name in self.keys.sort_names}

    @cached_property
    def _equal(self) -> list[tuple[str, Place]]:
        ordered = self.ordered
        return [(n, ordered[n].place(v)) for n, v in self.equal.items() if n in ordered]

    def _places(self, limit: Limit | None) -> list[tuple[str, Place]]:
        if limit is None:
            return []
        return [
            (name, self.ordered[name].place(value) if name in self.ordered else None)
            for name, value in limit.values.items()
        ]

    @cached_property
    def _low(self) -> list[tuple[str, Place]]:
        return self._places(self.low)

    @cached_property
    def _high(self) -> list[tuple[str, Place]]:
        return self._places(self.high)

    def describe(self) -> str:
        """Return the range as text that is the same for equal ranges."""
        return repr((self._equal, self._low, self.low and self.low.included, self._high))

    def holds(self, item: Item) -> bool:
        """Whether the item is in the range. Without a value that decides, it is not.

        Raises DecodeError where only a key has the value, and that key cannot be parsed.
        """
        try:
            return self._holds(item)
        except _UnreadableKeyError as error:
            if self.hydrates:
                return True
            raise DecodeError(
                f'the key field "{error.field}" of an item cannot be parsed, and the index '
                f'"{self.keys.spec.index}" does not hold "{error.name}", so Leyden cannot tell '
                "whether the item is in the range; read with `hydrate=True`",
                entity=self.entity.spec.entity,
            ) from error

    def _holds(self, item: Item) -> bool:
        value = self._reader(item)
        if any(value(name) != place for name, place in self._equal):
            return False
        if self.low is not None:
            above = _compare(value, self._low)
            if above is None or above < 0 or (above == 0 and not self.low.included):
                return False
        if self.high is not None:
            above = _compare(value, self._high)
            if above is None or above > 0 or (above == 0 and not self.high.included):
                return False
        return True

    def _reader(self, item: Item) -> Callable[[str], Place | None]:
        parsed: _Parsed | None = None

        def value(name: str) -> Place | None:
            nonlocal parsed
            ordered = self.ordered.get(name)
            if ordered is None:
                return None
            stored = item.get(ordered.field)
            if stored is not None:
                return ordered.place_of_stored(stored)
            if self.is_whole or not self._may_be_in_keys(item, ordered.field):
                return None
            if parsed is None:
                parsed = self._parsed(item)
            given = parsed.values.get(name)
            if given is None and name in parsed.unreadable:
                raise _UnreadableKeyError(parsed.unreadable[name], name)
            doubted = given == "" and not (self.hydrates or is_always_there(self.entity, name))
            if given is None or (doubted and self._ends_keys(name)):
                # A key without a value ends where the value would begin.
                return None
            return ordered.place(given)

        return value

    def _may_be_in_keys(self, item: Item, field: str) -> bool:
        """Whether the keys may have the value of a field that was not read."""
        if self.entity.spec.identifiers[0] not in item:
            return True
        held = held_fields(self.entity, self.keys)
        narrow = held is not None and field not in held
        return narrow and identifiers_projected(self.entity, self.keys)

    def _ends_keys(self, name: str) -> bool:
        """Whether nothing follows the value in the sort key, not even for ""."""
        form = self.keys.sk
        return form is not None and form.names[-1] == name and not (form.suffix or form.postfix)

    def refuse_doubt(self) -> None:
        """Raise InvalidExpressionError where the range has empty texts that no key shows.

        An item with "" at the end of its key has the same key as an item without the value.
        """
        form = self.keys.sk
        if form is None or form.numeric or self.hydrates:
            return
        name = form.names[-1]
        attribute = self.entity.spec.attributes[name]
        held = held_fields(self.entity, self.keys)
        if held is None or attribute.field in held or attribute.type != "string":
            return
        low = self.low.values if self.low is not None else {}
        high = self.high.values if self.high is not None else {}
        begins_empty = low.get(name) == "" and self.low is not None and self.low.included
        ends_above = name in high and (name not in low or len(low) > 1)
        if not (begins_empty or ends_above) or is_always_there(self.entity, name):
            return
        if self._ends_keys(name) and form.segments[-1].text("") == "":
            raise InvalidExpressionError(
                f'the index "{self.keys.spec.index}" does not hold "{name}", so an empty text '
                "cannot be told from no value there, and the range includes the empty text; read "
                f'with `hydrate=True`, or start the range after it, as in .gt({name}="")',
                entity=self.entity.spec.entity,
            )

    def _parsed(self, item: Item) -> _Parsed:
        found: dict[str, Any] = {}
        unreadable: dict[str, str] = {}
        for form in (*self.entity.keys.primary.forms, *self.keys.forms):
            stored = item.get(form.field)
            if stored is None:
                continue
            ((kind, content),) = stored.items()
            key = Decimal(content) if kind == "N" else content
            # The key ends before the first value that the item does not have.
            for parse in (form.parse, form.parse_beginning):
                with suppress(ValueError):
                    found.update(parse(key))
                    break
            else:
                unreadable.update(dict.fromkeys(form.names, form.field))
        return _Parsed(found, unreadable)

    @cached_property
    def names(self) -> tuple[str, ...]:
        """The attributes that the range is over."""
        both = (*(n for n, _ in self._low), *(n for n, _ in self._high))
        return tuple(dict.fromkeys(both))

    @cached_property
    def is_filterable(self) -> bool:
        """Whether DynamoDB itself can filter by the range, using fields outside the index's key."""
        held = held_fields(self.entity, self.keys)
        own = self.keys.fields
        return bool(self.keys.forms) and all(
            ordered.is_filterable
            and ordered.field not in own
            and (held is None or ordered.field in held)
            for ordered in (self.ordered[name] for name in self.names)
        )

    def expression(self, expressions: Expressions) -> str:
        """Return the range as a part of a FilterExpression."""
        parts = [
            self._beyond(expressions, list(limit.values.items()), is_low, limit.included)
            for limit, is_low in ((self.low, True), (self.high, False))
            if limit is not None
        ]
        return " AND ".join(f"({part})" if " OR " in part else part for part in parts)

    def _beyond(
        self,
        expressions: Expressions,
        limits: list[tuple[str, Any]],
        is_low: bool,
        included: bool,
    ) -> str:
        (name, value), *rest = limits
        attribute = self.ordered[name].attribute
        field = expressions.name(attribute.spec.field)
        wanted = expressions.value(attribute.encode(value))
        if not rest:
            return f"{field} {_OPERATORS[is_low, included]} {wanted}"
        behind = self._beyond(expressions, rest, is_low, included)
        behind = f"({behind})" if " OR " in behind else behind
        return f"{field} {_OPERATORS[is_low, False]} {wanted} OR ({field} = {wanted} AND {behind})"


def _compare(value: Callable[[str], Place | None], limits: list[tuple[str, Place]]) -> int | None:
    """Compare an item's values with a limit: -1, 0 or 1; None if a deciding value is unknown."""
    for name, wanted in limits:
        found = value(name)
        if found is None or type(found) is not type(wanted):
            return None
        if found != wanted:
            return -1 if found < wanted else 1
    return 0


@frozen
class ExactRange:
    """A range over a sort key: the condition on the key, and the test of items after reading."""

    whole: RangeTest
    bounds: Bounds
    condition: SortCondition | None

    @property
    def test(self) -> RangeTest | None:
        """The test of items that were read; None where the key's bounds are exactly the range."""
        return None if self.bounds.exact else self.whole

    def key_condition(self, expressions: Expressions) -> str:
        """Return the KeyConditionExpression."""
        test = self.whole
        keys, equal = test.keys, test.equal
        if keys.pk is not None:
            partition = partition_condition(test.entity, keys.pk, equal, expressions)
            if self.condition is None:
                return partition
            return f"{partition} AND {self.condition.expression(expressions)}"
        # Here the keys are the attributes themselves. DynamoDB takes a range over the last one
        # only, with those before it equal, so the first of several bounds what is read.
        attributes = test.entity.mapping.attributes
        named = [name for name in keys.spec.composites if name in equal]
        parts = [expressions.compare(attributes[name], "=", equal[name]) for name in named]
        ends = [(sign, end) for sign, end in ((">", test.low), ("<", test.high)) if end is not None]
        firsts = [next(iter(end.values.items())) for _, end in ends]
        if len(ends) == 2:
            (name, low), (_, high) = firsts
            parts.append(expressions.between(attributes[name], low, high))
        else:
            for (sign, end), (name, value) in zip(ends, firsts, strict=True):
                alone = len(end.values) == 1 and not end.included
                operator = sign if alone else f"{sign}="
                parts.append(expressions.compare(attributes[name], operator, value))
        return " AND ".join(parts)

    def filters(self, options: Options) -> bool:
        """Whether DynamoDB filters out the items in the bounds that are outside the range.

        It can where it orders the stored values as the range does. A read that hydrates may use an
        index without the attributes, so its items are tested after reading.
        """
        test = self.test
        return (
            test is not None and not options.hydrate and self.bounds.parted and test.is_filterable
        )

    def notes(self) -> list[str]:
        """Say what is read beyond the range."""
        listed = ", ".join(f'"{name}"' for name in self.whole.names)
        if self.bounds.exact:
            return [f"the bounds of the key are the range of {listed}"]
        if self.bounds.unordered is not None:
            return [
                f'keys do not sort "{self.bounds.unordered}" by its value, so they cannot bound '
                f"it: items outside the range of {listed} are read, and left out"
            ]
        return [
            f"the bounds of the key let through more than the range of {listed}: the rest is left "
            "out after reading"
        ]


def limits_of(limits: Range) -> tuple[Limit | None, Limit | None]:
    """Return the lower and the upper end of a range."""
    match limits.operator:
        case "gt" | "gte":
            return Limit(limits.start, limits.operator == "gte"), None
        case "lt" | "lte":
            return None, Limit(limits.start, limits.operator == "lte")
    assert limits.end is not None
    return Limit(limits.start, included=True), Limit(limits.end, included=True)


def range_test(
    entity: BoundEntity, keys: IndexKeys, values: Mapping[str, Any], limits: Range
) -> RangeTest:
    """Return the test of a range. Raises InvalidExpressionError if it starts after its end."""
    low, high = limits_of(limits)
    equal = {**values}
    if low is not None and high is not None:
        test = RangeTest(entity, keys, equal, low, high)
        low, high, equal = _without_what_is_shared(test, low, high, equal)
    return RangeTest(entity, keys, equal, low, high)


def _without_what_is_shared(
    test: RangeTest, low: Limit, high: Limit, equal: dict[str, Any]
) -> tuple[Limit | None, Limit | None, dict[str, Any]]:
    """Return both ends without the values that they begin with in common, which become equal."""
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
                    f'.between() of "{name}" starts after its end; give the lower value first',
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


def exact_range(
    entity: BoundEntity, keys: IndexKeys, values: Mapping[str, Any], limits: Range
) -> ExactRange:
    """Return the range of a query of one entity.

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
    """Return the part of the keys to read. Raises ValidationError."""
    always = entity.keys.primary.composites
    return entity.mapping.made(
        forms[0], lambda: bounds_of(forms, test.equal, test.low, test.high, always)
    )


def condition_of(field: str, bounds: Bounds) -> SortCondition | None:
    """Return the bounds as a condition on the key field; None where all keys are read."""
    if bounds.operator is None:
        return None
    return SortCondition(field, bounds.operator, bounds.low, bounds.high)
