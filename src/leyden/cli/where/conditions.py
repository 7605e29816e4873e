"""From the tree of a condition to a condition on an entity's items."""

from __future__ import annotations

import operator
from collections.abc import Callable
from functools import partial
from typing import Any, Final

from pynamodb.expressions.condition import Condition

from leyden import Entity
from leyden.cli.values.json_values import read_json
from leyden.cli.values.text_values import value_from_text
from leyden.cli.where.grammar import COMPARISONS, Both, Not, Path, Test, Tree, Value, parse
from leyden.cli.where.tokens import pointed
from leyden.errors import LeydenError, ValidationError
from leyden.schema.spec import AttributeSpec

_COMPARE: Final[dict[str, Callable[[Any, Any], Any]]] = {
    "=": operator.eq,
    "<>": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
assert set(_COMPARE) == set(COMPARISONS.values())


def read_condition(entity: Entity, text: str) -> Condition:
    """The condition that `text` says, in the grammar of `leyden.cli.where`.

    Raises click's BadParameter for text that cannot be read, and UnknownAttributeError,
    InvalidExpressionError or ValidationError for what does not fit the entity; all of them
    point at the place.
    """
    condition: Condition = _Builder(entity, text).build(parse(text))
    return condition


class _Builder:
    def __init__(self, entity: Entity, text: str) -> None:
        self._entity = entity
        self._text = text

    def build(self, tree: Tree) -> Any:
        if isinstance(tree, Not):
            return ~self.build(tree.of)
        if isinstance(tree, Both):
            left, right = self.build(tree.left), self.build(tree.right)
            return left & right if tree.word == "and" else left | right
        return self._test(tree)

    def _test(self, test: Test) -> Any:
        operand = self._at(test.path.start, lambda: self._operand(test.path))
        spec: AttributeSpec = operand.compiled.spec
        place: str = operand.place
        if test.operator == "exists":
            return operand.exists()
        if test.operator == "missing":
            return operand.does_not_exist()
        start = test.values[0].start
        if test.operator == "contains":
            item = self._at(start, lambda: _member(spec, test.values[0], place))
            return self._at(test.path.start, lambda: operand.contains(item))
        if test.operator == "begins":
            return self._at(test.path.start, lambda: operand.startswith(test.values[0].text))
        if test.of_size:
            values = [self._at(v.start, partial(_count, v)) for v in test.values]
            operand = operand.size()
        else:
            values = [self._at(v.start, partial(_value, spec, v, place)) for v in test.values]
        return self._at(start, lambda: _compared(operand, test.operator, values))

    def _operand(self, path: Path) -> Any:
        operand: Any = self._entity.attr[str(path.steps[0])]
        for step in path.steps[1:]:
            operand = operand[step]
        return operand

    def _at(self, position: int, make: Callable[[], Any]) -> Any:
        """What `make` gives; an error of it then shows the place."""
        try:
            return make()
        except LeydenError as error:
            error.message = f"--where: {error.message}{pointed(self._text, position)}"
            raise


def _compared(operand: Any, comparison: str, values: list[Any]) -> Any:
    if comparison == "between":
        return operand.between(*values)
    if comparison == "in":
        return operand.is_in(*values)
    return _COMPARE[comparison](operand, values[0])


def _value(spec: AttributeSpec, value: Value, place: str) -> Any:
    if spec.type in ("any", "json"):
        return _of_any_type(value)
    return value_from_text(spec, value.text, place)


def _member(spec: AttributeSpec, value: Value, place: str) -> Any:
    if spec.items is not None:
        return value_from_text(spec.items, value.text, f"{place}[]")
    return _of_any_type(value) if spec.type in ("any", "list", "set") else value.text


def _of_any_type(value: Value) -> Any:
    """Quoted: text. Else what JSON says, and text where it says nothing."""
    if value.quoted:
        return value.text
    try:
        return read_json(value.text)
    except ValueError:
        return value.text


def _count(value: Value) -> int:
    if not value.text.isdecimal():
        raise ValidationError("a size is a whole number")
    return int(value.text)
