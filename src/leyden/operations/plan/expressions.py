"""Expressions of a request, with their placeholders for names and values.

The module also checks the conditions of `where()`, and measures items and values in bytes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import lru_cache, reduce
from operator import and_
from typing import Any, Final

from msgspec.json import encode
from pynamodb.expressions.condition import Condition, In
from pynamodb.expressions.operand import Path, _Operand, _Size

from leyden._steps import ITEM_LIMIT as ITEM_LIMIT
from leyden.errors import ArgumentError, InvalidExpressionError, ItemTooLargeError
from leyden.mapping.attribute import CompiledAttribute
from leyden.operations.bound import BoundEntity
from leyden.program import AttributeValue, Item, Params
from leyden.schema.spec import OVERFLOW_FIELD, EntitySpec

_FEW: Final = 64
_NAMES: Final = tuple(f"#{number}" for number in range(_FEW))
_VALUES: Final = tuple(f":{number}" for number in range(_FEW))
_EQUAL: Final = tuple(f"#{number} = :{number}" for number in range(_FEW))
"""The placeholders of most requests; a lookup is faster than formatting."""

_MOST_CHOICES: Final = 100
"""The most values that DynamoDB takes in an IN."""


SET_HAS: Final = "what is set has"
"""The beginning of a message where only a part of the item is known."""

_CONTAINER_OVERHEAD: Final = 3
_ELEMENT_OVERHEAD: Final = 1


class Expressions:
    """Collects the names and values of all expressions of one request.

    PynamoDB conditions serialize into the same two tables, so each name has one placeholder in the
    whole request.
    """

    __slots__ = ("names", "values")

    def __init__(self) -> None:
        self.names: dict[str, str] = {}
        self.values: dict[str, Any] = {}

    @classmethod
    def of(cls, params: Params) -> Expressions:
        """Return the names and values of a request, to add others to."""
        expressions = cls()
        names: dict[str, str] = params.get("ExpressionAttributeNames", {})
        expressions.names = {name: placeholder for placeholder, name in names.items()}
        expressions.values = dict(params.get("ExpressionAttributeValues", {}))
        return expressions

    def name(self, field: str) -> str:
        """Return the placeholder of a top-level field."""
        placeholder = self.names.get(field)
        if placeholder is None:
            number = len(self.names)
            placeholder = _NAMES[number] if number < _FEW else f"#{number}"
            self.names[field] = placeholder
        return placeholder

    def path(self, segments: Sequence[str]) -> str:
        """Return the placeholders of a path in PynamoDB's form: `["detail", "notes[0]"]`."""
        parts = []
        for segment in segments:
            field, bracket, indexes = segment.partition("[")
            parts.append(self.name(field) + bracket + indexes)
        return ".".join(parts)

    def value(self, value: AttributeValue) -> str:
        """Return a new placeholder for a typed value."""
        number = len(self.values)
        placeholder = _VALUES[number] if number < _FEW else f":{number}"
        self.values[placeholder] = value
        return placeholder

    def equal(self, field: str, value: AttributeValue) -> str:
        """Write `field = value`."""
        return f"{self.name(field)} = {self.value(value)}"

    def unchanged(self, field: str, value: AttributeValue | None) -> str:
        """Write the condition that a field still has the value that was seen; None for no value."""
        if value is None:
            return f"attribute_not_exists({self.name(field)})"
        return self.equal(field, value)

    def compare(self, attribute: CompiledAttribute, operator: str, value: Any) -> str:
        """Write `attribute operator value`, with an accepted value."""
        name = self.name(attribute.spec.field)
        return f"{name} {operator} {self.value(attribute.encode(value))}"

    def between(self, attribute: CompiledAttribute, low: Any, high: Any) -> str:
        """Write `attribute BETWEEN low AND high`, with accepted values."""
        return f"{self.compare(attribute, 'BETWEEN', low)} AND {self.value(attribute.encode(high))}"

    def equal_all(self, fields: Item) -> list[str]:
        """Write `field = value` for each field."""
        names, values = self.names, self.values
        if names or values or len(fields) > _FEW:
            return [self.equal(field, value) for field, value in fields.items()]
        # They are the first of the request, as most fields of an update are.
        places = zip(_NAMES, _VALUES, fields.items(), strict=False)
        for name, placeholder, (field, value) in places:
            names[field] = name
            values[placeholder] = value
        return [*_EQUAL[: len(names)]]

    def condition(self, condition: Condition) -> str:
        """Return a PynamoDB condition as text."""
        try:
            return str(condition.serialize(self.names, self.values))
        except RecursionError:
            raise InvalidExpressionError("the condition is nested too deeply") from None

    def write_to(self, params: Params) -> None:
        """Put the names and values into the request, where there are any."""
        if self.names:
            params["ExpressionAttributeNames"] = {
                placeholder: name for name, placeholder in self.names.items()
            }
        if self.values:
            params["ExpressionAttributeValues"] = self.values


def require(params: Params, write: Callable[[Expressions], str]) -> Params:
    """Return the request with one more condition, which `write` adds to the request's tables."""
    expressions = Expressions.of(params)
    added = write(expressions)
    stricter = dict(params)
    stricter["ConditionExpression"] = conjunction([params.get("ConditionExpression", ""), added])
    expressions.write_to(stricter)
    return stricter


def conjunction(parts: Iterable[str]) -> str:
    """Join all conditions by AND; "" where there are none."""
    texts = [part for part in parts if part]
    if len(texts) < 2:
        return texts[0] if texts else ""
    return " AND ".join([f"({text})" if _is_open_or(text) else text for text in texts])


@lru_cache(maxsize=1024)  # the same few shapes of conditions come again and again
def _is_open_or(text: str) -> bool:
    """Whether an OR stands outside all parentheses. DynamoDB refuses redundant parentheses."""
    if " OR " not in text:
        return False
    depth = 0
    for position, character in enumerate(text):
        if character == "(":
            depth += 1
        elif character == ")":
            depth -= 1
        elif depth == 0 and text.startswith(" OR ", position):
            return True
    return False


def fields_of(condition: Condition) -> frozenset[str]:
    """Return the top-level fields that a condition reads."""
    paths = (part for part in _parts_of(condition) if isinstance(part, Path))
    return frozenset(path.path[0].partition("[")[0] for path in paths)


def _parts_of(condition: Condition) -> Iterator[Condition | _Operand]:
    """Yield a condition, and all conditions and operands in it."""
    waiting: list[Any] = [condition]
    while waiting:
        part = waiting.pop()
        if isinstance(part, Condition | _Operand):
            yield part
            if not isinstance(part, Path):
                waiting += part.values


def read_conditions(
    entity: BoundEntity, operation: str, given: tuple[Any, ...], wrong: Mapping[str, Any]
) -> tuple[Condition, ...]:
    """Return the conditions given to `where()`.

    Raises InvalidExpressionError for anything else and for an `is_in` that DynamoDB would refuse,
    and ArgumentError for keywords.
    """
    if wrong:
        name, alias = next(iter(wrong)), entity.spec.alias
        raise ArgumentError(
            f"where() takes conditions, not keywords: write .where({alias}.attr.{name} == ...), "
            "and join several with &"
        )
    for condition in given:
        if not isinstance(condition, Condition):
            raise InvalidExpressionError(
                "where() takes conditions such as `task.attr.points > 3`, "
                f"not {type(condition).__name__}; join several with &, not with `and`",
                operation=operation,
            )
        for part in _parts_of(condition):
            if isinstance(part, In):
                _check_in(part, operation)
            elif type(part) is _Size:
                _check_size(part, operation)
    return given


def _check_in(condition: In, operation: str) -> None:
    path, *choices = condition.values
    if not choices:
        raise InvalidExpressionError(
            f"is_in() of {_shown(path)} needs at least one value; with no values it matches "
            "nothing, so leave out the operation",
            operation=operation,
        )
    if len(choices) > _MOST_CHOICES:
        raise InvalidExpressionError(
            f"is_in() of {_shown(path)} has {len(choices)} values, and DynamoDB takes at most "
            f"{_MOST_CHOICES}; join several with `|`",
            operation=operation,
        )


def _check_size(size: _Size, operation: str) -> None:
    """Refuse PynamoDB's own `size()` where it would count the text of a key as well."""
    attribute = size.values[0].attribute
    compiled = getattr(attribute, "compiled", None)
    if compiled is not None and compiled.key_text is not None and compiled.key_text.is_framed:
        raise InvalidExpressionError(
            f'"{attribute.place}" is stored with the text of its key around it; ask for its size '
            f"with .attr.{attribute.place}.size()",
            operation=operation,
        )


def _shown(path: Any) -> str:
    return f'"{".".join(path.path)}"' if isinstance(path, Path) else "a value"


def as_stored(spec: EntitySpec, item: Item, names: Iterable[str]) -> Condition:
    """Return the condition that attributes are stored as in a raw item; at least one name.

    It compares the whole stored value, so it holds whoever wrote the item. Values that are stored
    outside the item are compared by its manifest, which every write of such a value changes.

    >>> task.patch(id="t1").set(title="New").where(as_stored(spec, item, ["title"]))
    ... # doctest: +SKIP
    """
    attributes = [spec.attributes[name] for name in names]
    fields = [attribute.field for attribute in attributes]
    if any(attribute.overflow for attribute in attributes):
        fields.append(OVERFLOW_FIELD)
    together: Condition = reduce(and_, (_still(field, item) for field in fields))
    return together


def _still(field: str, item: Item) -> Condition:
    path = Path([field])
    return path == item[field] if field in item else path.does_not_exist()


def item_size(item: Item) -> int:
    """Return the item's size in bytes: names and values, in UTF-8."""
    total = 0
    for name, value in item.items():
        total += len(name) if name.isascii() else _text_size(name)
        text = value.get("S")
        # Most fields are ASCII text. They are measured inline, since every write is measured.
        if text is not None and text.isascii():
            total += len(text)
        else:
            total += value_size(value)
    return total


def value_size(value: AttributeValue) -> int:
    """Return the size of one typed value in bytes."""
    ((kind, content),) = value.items()
    return int(_MEASURES[kind](content))


def request_size(params: Params) -> int:
    """Return the bytes that a write adds to a transaction."""
    values = params.get("ExpressionAttributeValues", {}).values()
    own = params.get("Item") or params.get("Key", {})
    return item_size(own) + sum(map(value_size, values))


def refuse_oversize(*parts: Item, has: str = "the item has") -> None:
    """Raise ItemTooLargeError where DynamoDB would refuse the item of these parts.

    `has` begins the message, for an item that has more fields than these.
    """
    if _fit_surely(parts):
        return
    item = {name: value for part in parts for name, value in part.items()}
    size = item_size(item)
    if size > ITEM_LIMIT:
        name, largest = max(
            ((name, value_size(value)) for name, value in item.items()), key=lambda pair: pair[1]
        )
        raise ItemTooLargeError(
            f"{has} {size:,} bytes, and DynamoDB stores at most {ITEM_LIMIT:,}; its largest "
            f'field is "{name}" with {largest:,} bytes',
            size=size,
            limit=ITEM_LIMIT,
        )


def _fit_surely(parts: tuple[Item, ...]) -> bool:
    """Whether the parts surely fit: their JSON is at least as long as DynamoDB's measure.

    Encoding them takes a fraction of the time that measuring takes.
    """
    try:
        return len(encode(parts)) <= ITEM_LIMIT
    except (TypeError, ValueError):
        return False


def _text_size(text: str) -> int:
    return len(text) if text.isascii() else len(text.encode("utf-8"))


def _number_size(text: str) -> int:
    digits = text.lower().partition("e")[0].lstrip("-0.").replace(".", "")
    return (len(digits) + 1) // 2 + 1 + text.startswith("-")


def _list_size(values: list[AttributeValue]) -> int:
    return _CONTAINER_OVERHEAD + sum(_ELEMENT_OVERHEAD + value_size(value) for value in values)


def _map_size(values: dict[str, Any]) -> int:
    return (
        _CONTAINER_OVERHEAD
        + len(values) * _ELEMENT_OVERHEAD
        + sum(_text_size(name) + value_size(value) for name, value in values.items())
    )


_MEASURES: Final[dict[str, Any]] = {
    "S": _text_size,
    "N": _number_size,
    "B": len,
    "BOOL": lambda _: 1,
    "NULL": lambda _: 1,
    "SS": lambda values: sum(map(_text_size, values)),
    "NS": lambda values: sum(map(_number_size, values)),
    "BS": lambda values: sum(map(len, values)),
    "L": _list_size,
    "M": _map_size,
}
