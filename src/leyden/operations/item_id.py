"""Which item of which table a key names: to compare keys, and to look items up by them."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping
from decimal import Decimal
from typing import Final, TypeAlias

from leyden.errors import DecodeError, HookError, InputError
from leyden.operations.bound import BoundEntity
from leyden.program import Item

ItemId: TypeAlias = Hashable
"""Equal for equal keys of one table, however the service writes them."""


def item_id(table: str, key: Item) -> ItemId:
    """The identity of the item that a key names, in any order of its fields."""
    parts = []
    for name, value in sorted(key.items()):
        ((kind, content),) = value.items()
        # The service writes numbers out in digits of its own; Decimals of one value are equal.
        parts.append((name, kind, Decimal(content) if kind == "N" else content))
    return (table, *parts)


_LONGEST_SHOWN: Final = 120
"""So much of a key's text stands in a message, in characters."""


def name_item(error: DecodeError | HookError, entity: BoundEntity, item: Item) -> None:
    """Put the item that cannot be read on the error, and its key into the message.

    The key alone: what else is in an item stays out of messages.
    """
    if error.item is not None:
        return
    error.item = item
    error.key = {f.field: item[f.field] for f in entity.keys.primary.forms if f.field in item}
    error.entity = error.entity or entity.spec.entity
    if error.key:
        shown = ", ".join(f"{field}={_shown(value)}" for field, value in error.key.items())
        error.message += f" (the item {shown})"


def _shown(value: object) -> str:
    content = next(iter(value.values()), "") if isinstance(value, Mapping) else value
    text = repr(content)
    return text if len(text) <= _LONGEST_SHOWN else f"{text[:_LONGEST_SHOWN]}..."


def refuse_duplicates(operation: str, ids: Iterable[ItemId]) -> None:
    """Raise InputError where two entries name one item of one table."""
    ids = [*ids]
    if len({*ids}) == len(ids):
        return
    seen: dict[ItemId, int] = {}
    for position, one in enumerate(ids):
        first = seen.setdefault(one, position)
        if first != position:
            raise InputError(
                f"entries {first} and {position} have the same key, and each item can be in "
                "there once (keys fold the case of letters unless told otherwise)",
                operation=operation,
            )
