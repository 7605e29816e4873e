"""Items in the form that `data` and `select` ask for."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

from leyden._late import Late
from leyden.compile.partial import narrow
from leyden.errors import DecodeError, HookError, InvalidExpressionError
from leyden.operations.bound import BoundEntity
from leyden.operations.item_id import name_item
from leyden.operations.options import Options
from leyden.operations.plan.projection import inputs_of
from leyden.program import Item

if TYPE_CHECKING:
    from jmespath import exceptions
else:
    exceptions = Late("jmespath.exceptions")

T = TypeVar("T")


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
    except (exceptions.JMESPathError, RecursionError, TypeError) as error:
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
