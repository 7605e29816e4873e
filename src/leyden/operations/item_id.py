"""Which item of which table a key names: to compare keys, and to look items up by them."""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from decimal import Decimal
from typing import TypeAlias

from leyden.errors import InputError
from leyden.operations.request import Item

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
