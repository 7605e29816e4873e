"""What operations give back: results, pages, and what they cost."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, TypeVar

from attrs import field, frozen
from jmespath.exceptions import JMESPathError

from leyden.compile.partial import narrow
from leyden.errors import DecodeError, HookError, InvalidExpressionError
from leyden.operations.bound import BoundEntity
from leyden.operations.item_id import name_item
from leyden.operations.options import Options
from leyden.operations.projection import inputs_of
from leyden.operations.request import Item, Response

T = TypeVar("T")


@frozen
class Result:
    """One operation's item with its cost; what `data="result"` gives.

    `item` is what the operation gives without that option. `consumed` is in capacity units,
    None where the engine does not say. `response` is the service's own answer.
    """

    item: Any
    consumed: float | None
    response: Response


@frozen
class Page(Sequence[Any]):
    """What a query or a scan found, and where to go on.

    `cursor` is None at the end of the results. `consumed` is in capacity units, None where the
    engine does not say. `scanned` counts the items that were read, `requests` the requests made.
    `unreadable` has the errors of items that could not be read, with `unreadable="collect"`.

    >>> page = task.query.project(project_id="p1").go(limit=10)     # doctest: +SKIP
    >>> page.items, page.cursor, len(page)                          # doctest: +SKIP
    """

    items: tuple[Any, ...]
    cursor: str | None
    consumed: float | None
    scanned: int
    requests: int
    unreadable: tuple[DecodeError | HookError, ...] = field(default=(), repr=False)

    def __len__(self) -> int:
        return len(self.items)

    def __getitem__(self, index: Any) -> Any:
        return self.items[index]

    def __iter__(self) -> Iterator[Any]:
        return iter(self.items)


def join_pages(pages: Sequence[Page]) -> Page:
    """Pages put together, as one at the end of the results."""
    consumed: float | None = None
    for page in pages:
        consumed = add_units(consumed, page.consumed)
    return Page(
        tuple(item for page in pages for item in page.items),
        None,
        consumed,
        sum(page.scanned for page in pages),
        sum(page.requests for page in pages),
        tuple(error for page in pages for error in page.unreadable),
    )


def consumed_units(response: Response) -> float | None:
    """The capacity units that a response reports, over all its tables; None where it does not."""
    reported = response.get("ConsumedCapacity")
    if not reported:
        return None
    entries = [reported] if isinstance(reported, Mapping) else reported
    return sum(float(entry.get("CapacityUnits") or 0) for entry in entries)


def add_units(total: float | None, more: float | None) -> float | None:
    """The sum of two costs, where one of them is known."""
    if more is None:
        return total
    return more if total is None else total + more


def shape(
    entity: BoundEntity, item: Item, options: Options, shown: frozenset[str] | None = None
) -> Any:
    """An item in the form that `data` and `select` ask for.

    `shown` are the slots of what was read of it, as `shown_slots` gives them; None for all.
    Raises DecodeError and HookError, which name the item.
    """
    try:
        return _shaped(entity, item, options, shown)
    except (DecodeError, HookError) as error:
        name_item(error, entity, item)
        raise


def attempt_to(
    shaped: Callable[[T], Any], item: T, options: Options, operation: str
) -> tuple[Any, DecodeError | HookError | None]:
    """What is made of an item, and why it cannot be read.

    That is raised unless `unreadable="collect"` was said.
    """
    try:
        return shaped(item), None
    except (DecodeError, HookError) as error:
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
    elif shown is None:
        return entity.compiled.decode(item)
    else:
        return narrow(entity.compiled.decode(item), shown)
    if options.select is None:
        return shaped
    try:
        return options.select.search(shaped if options.data == "raw" else _plain(entity, shaped))
    except (JMESPathError, RecursionError, TypeError) as error:
        # Its own message would quote the item.
        raise InvalidExpressionError(
            f"the expression in `select` cannot be evaluated over an item of "
            f'"{entity.spec.entity}": {type(error).__name__}',
            entity=entity.spec.entity,
        ) from error


def _asked(entity: BoundEntity, item: Item, options: Options) -> Item:
    """The item without what was read only to tell whose it is."""
    raw = options.data == "raw"
    attributes = entity.spec.attributes
    # Of a collection's attributes, each member has but some.
    names = [name for name in options.attributes if name in attributes]
    asked = {attributes[name].field for name in names} if raw else inputs_of(entity, names)
    keys = _key_fields(entity) if options.data in ("include_keys", "raw") else ()
    return {field: value for field, value in item.items() if field in asked or field in keys}


def _visible(
    entity: BoundEntity, item: Item, shown: frozenset[str] | None = None
) -> dict[str, Any]:
    record = entity.compiled.decode(item)
    slots = entity.compiled.slots.items()
    values = {n: getattr(record, slot) for n, slot in slots if shown is None or slot in shown}
    return {name: value for name, value in values.items() if value is not None}


def _plain(entity: BoundEntity, values: dict[str, Any]) -> dict[str, Any]:
    known = {n: v for n, v in values.items() if n in entity.spec.attributes}
    return {**values, **entity.compiled.plain(known)}


def _keys(entity: BoundEntity, item: Item) -> dict[str, Any]:
    return {
        field: next(iter(item[field].values())) for field in _key_fields(entity) if field in item
    }


def _key_fields(entity: BoundEntity) -> list[str]:
    forms = [form for keys in entity.keys.values() for form in keys.forms]
    return [*dict.fromkeys(form.field for form in forms), *entity.identity]
