"""What a read comes to: the plan of it, and the read of one item.

A chain holds one of the objects here or in `queries`. `params()`, `go()` and `explain()` ask it
for the same plan: `describe` makes the request, `plan` adds what `go()` does with the answers.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias

from leyden._attrs import frozen
from leyden._text import did_you_mean
from leyden.errors import UnknownAttributeError
from leyden.operations.bound import BoundEntity, refuse_no_mapping
from leyden.operations.guard import (
    Marks,
    bears,
    identity_marks,
    owns,
)
from leyden.operations.options import DEFAULT, Options, finish
from leyden.operations.overflow.reading import Joining, joining_for, reading_notes
from leyden.operations.plan.explain import Explanation, show_key
from leyden.operations.plan.expressions import Expressions
from leyden.operations.plan.projection import (
    project,
    shown_slots,
)
from leyden.operations.shape import shape
from leyden.program import Item, Params, Request

Keep: TypeAlias = Callable[[Item], bool]
Shape: TypeAlias = Callable[[Item], Any]


@frozen
class ReadPlan:
    """How to read: the first request, what to keep, and what to make of it.

    `key_fields` are the fields of a cursor: the table's own key and the index's.
    """

    request: Request
    options: Options
    key_fields: Sequence[str]
    primary_fields: Sequence[str]
    keep: Keep
    shape: Shape
    joining: Joining | None = None
    """How to read the values that are stored outside of the items."""
    asked: str = ""
    """What is asked beside the request, for cursors."""
    keep_whole: Keep | None = None
    """What hydrated items to keep, where that is more than `keep` says."""


@frozen(eq=False)
class GetReading:
    """The read of one item by its key."""

    entity: BoundEntity
    given: Mapping[str, Any]

    @property
    def name(self) -> str:
        """The operation's name in errors and events: `task.get`."""
        return self.entity.operation("get")

    def describe(self, options: Options) -> Params:
        """The request, without what `plan` reads to tell whose item it is."""
        return self._described(read_key(self.entity, self.given), options, telling=False)

    def plan(self, options: Options) -> ReadPlan:
        """What `go()` does. Raises the errors of bad input."""
        entity = self.entity
        values = read_key(entity, self.given)
        params = self._described(values, options, telling=True)
        if options is not DEFAULT:
            finish(params, options)
        marks = self._marks(values)

        def mine(found: Item) -> bool:
            return is_mine(entity, found, marks, options)

        shown = shown_slots(entity, options) if options.attributes else None
        primary = [form.field for form in entity.keys.primary.forms]
        return ReadPlan(
            Request("GetItem", params, self.name, entity.spec.entity),
            options,
            primary,
            primary,
            mine,
            lambda item: shape(entity, item, options, shown),
            joining_for(entity, self.name, params["TableName"], options, mine)
            if entity.overflow
            else None,
        )

    def marks(self) -> Marks:
        """What tells the item meant from others under its key."""
        return self._marks(read_key(self.entity, self.given))

    def explain(self, options: Options) -> Explanation:
        """The read in words."""
        params = finish(self.describe(options), options)
        return Explanation(
            self.name,
            "GetItem",
            params["TableName"],
            None,
            self.entity.keys.primary.spec.name,
            False,
            show_key(params["Key"]),
            "",
            ("reads one item", *reading_notes(self.entity, options)),
        )

    def _described(self, values: Mapping[str, Any], options: Options, *, telling: bool) -> Params:
        params: Params = {
            "TableName": self.entity.table,
            "Key": self.entity.primary_key(values),
        }
        if options.consistent:
            params["ConsistentRead"] = True
        if options.attributes:
            expressions = Expressions()
            project(self.entity, params, options, expressions, telling=telling)
            expressions.write_to(params)
        return params

    def _marks(self, values: Mapping[str, Any]) -> Marks:
        return identity_marks(self.entity, self.entity.compiled.encode_few(values))


def read_key(entity: BoundEntity, given: Mapping[str, Any]) -> dict[str, Any]:
    """The composite attributes of the table's own key, and nothing else.

    Raises UnknownAttributeError for names that are not among them, MissingCompositeError where
    one is missing.
    """
    names = entity.keys.primary.composites
    refuse_no_mapping(given, entity.spec.entity)
    for name in given:
        if name not in names:
            if name not in entity.spec.attributes:
                raise entity.unknown(name)
            wanted = ", ".join(f'"{n}"' for n in names)
            raise UnknownAttributeError(
                f'"{name}" is no part of the key, which is made of {wanted}'
                f"{did_you_mean(name, names)}",
                entity=entity.spec.entity,
            )
    values = entity.accept(entity.completed(given, names))
    if len(values) < len(names):
        missing = tuple(name for name in names if name not in values)
        raise entity.missing(missing, entity.keys.primary)
    return values


def is_mine(entity: BoundEntity, item: Item, marks: Marks, options: Options) -> bool:
    """Whether an item that was read is the one meant."""
    return options.ignore_ownership or (owns(entity, item) and bears(item, marks))
