"""The UpdateExpression of a request, clause by clause."""

from __future__ import annotations

from collections.abc import Collection

from leyden.operations.plan.expressions import Expressions
from leyden.operations.size import value_size
from leyden.operations.update_steps import Step
from leyden.program import AttributeValue, Item


class UpdateExpression:
    """Collects what an update does, and writes it as DynamoDB wants it."""

    __slots__ = ("_clauses", "_expressions", "_sets", "assigned", "grown")

    def __init__(self, expressions: Expressions) -> None:
        self._expressions = expressions
        self.assigned: Item = {}
        """The whole fields that it sets."""
        self.grown = 0
        """The bytes by which what else it does may make the item larger."""
        self._sets: list[str] = []
        self._clauses = {"SET": self._sets, "REMOVE": [], "ADD": [], "DELETE": []}

    def add_step(self, step: Step) -> None:
        """What the caller asked for."""
        clause, text = step.write(self._expressions)
        self._clauses[clause].append(text)
        self.grown += 0 if step.encoded is None else value_size(step.encoded)

    def set(self, field: str, value: AttributeValue) -> None:
        """Set a whole field."""
        self.assigned[field] = value
        self._sets.append(self._expressions.equal(field, value))

    def set_all(self, fields: Item, once: Collection[str] = ()) -> None:
        """Set several whole fields; those in `once` only where the item does not have them."""
        texts = self._expressions.equal_all(fields)
        self.assigned.update(fields)
        for field in once:
            if field in fields:
                del self.assigned[field]
                place = [*fields].index(field)
                name, equals, value = texts[place].partition(" = ")
                texts[place] = f"{name}{equals}if_not_exists({name}, {value})"
        self._sets += texts

    def set_if_absent(self, field: str, value: AttributeValue) -> None:
        """Set a whole field where the item does not have it."""
        name = self._expressions.name(field)
        placeholder = self._expressions.value(value)
        self._clauses["SET"].append(f"{name} = if_not_exists({name}, {placeholder})")

    def count(self, field: str) -> None:
        """Add one to a whole field, counting from 0."""
        name = self._expressions.name(field)
        zero = self._expressions.value({"N": "0"})
        one = self._expressions.value({"N": "1"})
        self._clauses["SET"].append(f"{name} = if_not_exists({name}, {zero}) + {one}")

    def remove(self, field: str) -> None:
        """Remove a whole field."""
        self._clauses["REMOVE"].append(self._expressions.name(field))

    def copy_onto(self, expressions: Expressions) -> UpdateExpression:
        """The same clauses, to add others to; `expressions` are those of the whole request."""
        copy = UpdateExpression(expressions)
        for clause, parts in self._clauses.items():
            copy._clauses[clause] += parts
        copy.assigned, copy.grown = dict(self.assigned), self.grown
        return copy

    def text(self) -> str:
        """The expression, in the order SET, REMOVE, ADD, DELETE."""
        return " ".join(
            [f"{clause} {', '.join(parts)}" for clause, parts in self._clauses.items() if parts]
        )
