"""Reading one item by its key."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from leyden._attrs import field, frozen
from leyden._text import did_you_mean
from leyden.errors import UnknownAttributeError
from leyden.operations.bound import BoundEntity, refuse_no_mapping
from leyden.operations.explain import Explanation, show_key
from leyden.operations.expression import Expressions
from leyden.operations.guard import Marks, bears, identity_marks, owns
from leyden.operations.operation import Operation
from leyden.operations.options import GET, Options
from leyden.operations.overflow.reading import join_items, joining_for, reading_notes
from leyden.operations.projection import project, shown_slots
from leyden.operations.shape import shape
from leyden.program import Item, Params, Program
from leyden.results import Result, add_units, consumed_units


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


@frozen(eq=False, repr=False)
class Get(Operation):
    """`task.get(...)`: the record with this key, or None.

    An item of another entity, or one that shares the key but has other key attributes, counts
    as none; `ignore_ownership=True` reads it all the same.
    """

    given: Mapping[str, Any] = field(factory=dict)

    verb: ClassVar[str] = "get"
    api: ClassVar[str] = "GetItem"
    allowed: ClassVar[frozenset[str]] = GET

    def _build(self, options: Options) -> Params:
        return self._reading(read_key(self.entity, self.given), options, telling=False)

    def _reading(self, values: Mapping[str, Any], options: Options, *, telling: bool) -> Params:
        params: Params = {
            "TableName": self.entity.table,
            "Key": self.entity.primary_key(values),
        }
        if options.consistent:
            params["ConsistentRead"] = True
        expressions = Expressions()
        project(self.entity, params, options, expressions, telling=telling)
        expressions.write_to(params)
        return params

    def marks(self) -> Marks:
        """What tells the item meant from others under its key."""
        return self._marks(read_key(self.entity, self.given))

    def _marks(self, values: Mapping[str, Any]) -> Marks:
        return identity_marks(self.entity, self.entity.compiled.encode_few(values))

    def _program(self, options: Options) -> Program[Any]:
        values = read_key(self.entity, self.given)
        request = self._request(self._reading(values, options, telling=True), options)
        marks = self._marks(values)

        def mine(found: Item) -> bool:
            return is_mine(self.entity, found, marks, options)

        shown = shown_slots(self.entity, options)
        table = request.params["TableName"]
        joining = joining_for(self.entity, self.name, table, options, mine)

        def program() -> Program[Any]:
            response = yield request
            consumed = consumed_units(response)
            found = response.get("Item")
            item = None
            if found and mine(found):
                joined = yield from join_items(joining, [found])
                consumed = add_units(consumed, joined.consumed)
                whole = joined.items[0]
                item = None if whole is None else shape(self.entity, whole, options, shown)
            if options.data == "result":
                return Result(item, consumed, response)
            return item

        return program()

    def _explain(self, params: Params, options: Options) -> Explanation:
        return Explanation(
            self.name,
            self.api,
            params["TableName"],
            None,
            self.entity.keys.primary.spec.name,
            False,
            show_key(params["Key"]),
            "",
            ("reads one item", *reading_notes(self.entity, options)),
        )
