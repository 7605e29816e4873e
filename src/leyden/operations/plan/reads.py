"""The plans of reads, their explanations, and the read of one item.

A chain holds one of the objects here or in `queries`, and asks it for `params()`, `go()` and
`explain()`. `describe` builds the request, and `plan` adds what `go()` does with the answers.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final, TypeAlias, TypeVar

from leyden._attrs import frozen
from leyden._late import Late
from leyden.errors import ConversionError, DecodeError, HookError, InvalidExpressionError
from leyden.operations.bound import BoundEntity, Identity, matches, name_item, reader_of
from leyden.operations.companions.overflow.reading import OverflowRead, joining_for, reading_notes
from leyden.operations.options import DEFAULT, Options, finish
from leyden.operations.plan.expressions import Expressions
from leyden.operations.plan.identity import inputs_of, project, shown_slots
from leyden.program import Item, Params, Program, Request
from leyden.results import WriteCost

PLACEHOLDER = re.compile(r"[#:]\w+")
# PynamoDB writes a space after the names of functions.
_FUNCTION = re.compile(r"\b(attribute_\w+|contains|begins_with|size) \(")


_MEANINGS: Final = {
    **dict.fromkeys(("Query", "Scan"), "filtered after reading"),
    "SearchVectors": "filtered after the search",
}
"""What a condition does in calls that do not write."""


@frozen
class Explanation:
    """What an operation does: `str()` gives it in words, the fields as data.

    `index` is None for the table's own key. `scans` is true where the whole table or index is read,
    however little matches. `key` and `condition` show the expressions with names and values filled
    in. For a search by meaning, `key` has the conditions that the vector index itself filters by.

    >>> print(task.query.project(project_id="p1").explain())  # doctest: +SKIP
    """

    operation: str
    api: str
    table: str
    index: str | None
    access_pattern: str | None
    """The access pattern, or the collection, that the operation uses."""
    scans: bool
    key: str
    condition: str
    notes: tuple[str, ...] = ()
    cost: WriteCost | None = None
    """What a write costs; None for reads, and while a migration decides what else is written."""

    def __str__(self) -> str:
        place = f'index "{self.index}"' if self.index else "the table's own key"
        kind = "collection" if self.operation.startswith("collections.") else "access pattern"
        pattern = f' ({kind} "{self.access_pattern}")' if self.access_pattern else ""
        lines = [f'{self.operation}: {self.api} on table "{self.table}"']
        if self.scans:
            lines.append(f"  scans all of {place}{pattern}: the cost follows the table's size")
        else:
            lines.append(f"  served by {place}{pattern}")
        if self.key:
            what = "among" if self.api == "SearchVectors" else "key"
            lines.append(f"  {what}: {self.key}")
        if self.condition:
            meaning = _MEANINGS.get(self.api, "only if")
            lines.append(f"  {meaning}: {self.condition}")
        if self.cost is not None:
            lines.append(f"  costs: {self.cost}")
        lines += [f"  note: {note}" for note in self.notes]
        return "\n".join(lines)


def show(expression: str, params: Params) -> str:
    """Return an expression with its placeholders replaced by names and values."""
    names: dict[str, str] = params.get("ExpressionAttributeNames", {})
    values: dict[str, Any] = params.get("ExpressionAttributeValues", {})
    known = {**names, **{placeholder: _literal(value) for placeholder, value in values.items()}}
    text = PLACEHOLDER.sub(lambda found: known.get(found[0], found[0]), expression)
    return _FUNCTION.sub(r"\1(", text)


def show_key(key: Params) -> str:
    """Return a key as `pk = "..." and sk = "..."`."""
    return " and ".join(f"{field} = {_literal(value)}" for field, value in key.items())


def _literal(value: Any) -> str:
    ((kind, content),) = value.items()
    if kind == "S":
        return f'"{content}"'
    if kind in ("SS", "NS", "BS") and isinstance(content, Sequence):
        return "{" + ", ".join(map(str, content)) + "}"
    return str(content)


if TYPE_CHECKING:
    from jmespath import exceptions
else:
    exceptions = Late("jmespath.exceptions")

T = TypeVar("T")


def shape(
    entity: BoundEntity, item: Item, options: Options, shown: frozenset[str] | None = None
) -> Any:
    """Return an item in the form that `data` and `select` ask for.

    `shown` are the slots that were read of it, as `shown_slots` returns them; None for all. Raises
    DecodeError and HookError, which name the item.
    """
    try:
        return _shaped(entity, item, options, shown)
    except (DecodeError, HookError) as error:
        name_item(error, entity, item)
        raise


def attempt_to(
    shaped: Callable[[T], Any], item: T, options: Options, operation: str
) -> tuple[Any, Any]:
    """Return the shaped item and None, or None and the error that it cannot be read.

    Raises that error unless the option is `unreadable="collect"`.
    """
    try:
        return shaped(item), None
    except (ConversionError, DecodeError, HookError) as error:
        error.operation = error.operation or operation
        if options.unreadable != "collect":
            raise
        return None, error


def _shaped(entity: BoundEntity, item: Item, options: Options, shown: frozenset[str] | None) -> Any:
    if options.attributes:
        item = _asked(entity, item, options)
    if options.data == "raw":
        shaped: Any = item
    elif options.data == "include_keys":
        shaped = {**_visible(entity, item, shown), **_keys(entity, item)}
    elif options.select is not None:
        shaped = _visible(entity, item, shown)
    else:
        return entity.record_of(item, shown)
    if options.select is None:
        return shaped
    try:
        return options.select.search(shaped if options.data == "raw" else _plain(entity, shaped))
    except (exceptions.JMESPathError, RecursionError, TypeError) as error:
        # JMESPath's own message would quote the item.
        raise InvalidExpressionError(
            f"the expression in `select` cannot be evaluated over an item of "
            f'"{entity.spec.entity}": {type(error).__name__}',
            entity=entity.spec.entity,
        ) from error


def _asked(entity: BoundEntity, item: Item, options: Options) -> Item:
    """Return the item without what was read only to identify it."""
    raw = options.data == "raw"
    attributes = entity.spec.attributes
    # Each member of a collection has only some of the attributes.
    names = [name for name in options.attributes if name in attributes]
    asked = {attributes[name].field for name in names} if raw else inputs_of(entity, names)
    keys = _key_fields(entity) if options.data in ("include_keys", "raw") else ()
    if entity.mapping.sealer is not None:
        # The item's own key is needed to decrypt its encrypted attributes.
        asked = {*asked, *entity.key_fields}
    return {field: value for field, value in item.items() if field in asked or field in keys}


def _visible(
    entity: BoundEntity, item: Item, shown: frozenset[str] | None = None
) -> dict[str, Any]:
    record = entity.decode(item, shown)
    slots = entity.mapping.slots.items()
    values = {n: getattr(record, slot, None) for n, slot in slots if shown is None or slot in shown}
    return {name: value for name, value in values.items() if value is not None}


def _plain(entity: BoundEntity, values: dict[str, Any]) -> dict[str, Any]:
    known = {n: v for n, v in values.items() if n in entity.spec.attributes}
    return {**values, **entity.mapping.plain(known)}


def _keys(entity: BoundEntity, item: Item) -> dict[str, Any]:
    return {
        field: next(iter(item[field].values())) for field in _key_fields(entity) if field in item
    }


def _key_fields(entity: BoundEntity) -> list[str]:
    forms = [form for keys in entity.keys.values() for form in keys.forms]
    return [*dict.fromkeys(form.field for form in forms), *entity.identifiers]


Keep: TypeAlias = Callable[[Item], bool]
Shape: TypeAlias = Callable[[Item], Any]


@frozen
class ReadPlan:
    """How to read: the first request, which items to keep, and how to shape them.

    `key_fields` are the fields of a cursor: the table's own key and the index's.
    """

    request: Request
    options: Options
    key_fields: Sequence[str]
    primary_fields: Sequence[str]
    keep: Keep
    shape: Shape
    joining: OverflowRead | None = None
    """How to read the values that are stored outside the items."""
    asked: str = ""
    """What is asked beyond the request. Cursors are tied to it."""
    keep_whole: Keep | None = None
    """Which hydrated items to keep, where `keep` alone does not decide."""
    reading: Callable[[Any], Program[Any]] | None = None
    """The program to run where one request is not enough; it returns a get's answer or a page."""


@frozen(eq=False)
class GetReading:
    """The read of one item by its key."""

    entity: BoundEntity
    given: Mapping[str, Any]

    @property
    def name(self) -> str:
        """The operation's name in errors and events, such as `task.get`."""
        return self.entity.operation("get")

    @property
    def is_moving(self) -> bool:
        """Whether the item may be in an earlier form."""
        return self.entity.moving is not None

    def describe(
        self, options: Options, values: Mapping[str, Any] | None = None, *, telling: bool = False
    ) -> Params:
        """Return the request. With `telling` it also reads the fields that identify the item.

        `values` are the accepted key attributes, where they are known.
        """
        mapping = self.entity.mapping
        key = mapping.primary_key(mapping.own_values(self.given) if values is None else values)
        params: Params = {"TableName": self.entity.table, "Key": key}
        if options.consistent:
            params["ConsistentRead"] = True
        if options.attributes:
            expressions = Expressions()
            project(self.entity, params, options, expressions, telling=telling)
            expressions.write_to(params)
        return params

    def plan(self, options: Options) -> ReadPlan:
        """Return the plan that `go()` runs. Raises the errors of bad input."""
        entity = self.entity
        values = entity.mapping.own_values(self.given)
        params = self.describe(options, values, telling=True)
        if options is not DEFAULT:
            finish(params, options)
        identity = entity.identity_by(values)

        def mine(found: Item) -> bool:
            return is_mine(entity, found, identity, options)

        shown = shown_slots(entity, options) if options.attributes else None
        reader = reader_of([entity], options.data) if entity.mapping.vectors else None
        return ReadPlan(
            Request("GetItem", params, self.name, entity.spec.entity, reader),
            options,
            entity.key_fields,
            entity.key_fields,
            mine,
            lambda item: shape(entity, item, options, shown),
            joining_for(entity, self.name, params["TableName"], options, mine)
            if entity.mapping.overflow
            else None,
        )

    def identity(self) -> Identity:
        """Return what tells the intended item from others with the same key."""
        return self.entity.identity_by(self.entity.mapping.own_values(self.given))

    def explain(self, options: Options) -> Explanation:
        """Explain the read in words."""
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


def is_mine(entity: BoundEntity, item: Item, identity: Identity, options: Options) -> bool:
    """Whether an item that was read is the intended one."""
    return options.ignore_ownership or (entity.owns(item) and matches(item, identity))
