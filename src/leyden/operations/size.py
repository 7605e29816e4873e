"""The size of an item, as DynamoDB counts it."""

from __future__ import annotations

from typing import Any, Final

from msgspec.json import encode

from leyden.errors import ItemTooLargeError
from leyden.program import AttributeValue, Item, Params

ITEM_LIMIT: Final = 400 * 1024
"""The largest item that DynamoDB stores, in bytes, names included."""

SET_HAS: Final = "what is set has"
"""How a refusal begins where only a part of the item is known."""

_CONTAINER_OVERHEAD: Final = 3
_ELEMENT_OVERHEAD: Final = 1


def item_size(item: Item) -> int:
    """The item's size in bytes: names and values, in UTF-8."""
    total = 0
    for name, value in item.items():
        total += len(name) if name.isascii() else _text_size(name)
        text = value.get("S")
        # Most fields are ASCII text; spelled out, since every write is measured.
        if text is not None and text.isascii():
            total += len(text)
        else:
            total += value_size(value)
    return total


def value_size(value: AttributeValue) -> int:
    """The size of one typed value in bytes."""
    ((kind, content),) = value.items()
    return int(_MEASURES[kind](content))


def request_size(params: Params) -> int:
    """The bytes that a write counts for in a transaction."""
    values = params.get("ExpressionAttributeValues", {}).values()
    own = params.get("Item") or params.get("Key", {})
    return item_size(own) + sum(map(value_size, values))


def refuse_oversize(*parts: Item, has: str = "the item has") -> None:
    """Raise ItemTooLargeError where DynamoDB would refuse the item of these parts.

    `has` begins the message, for an item of which these fields are not all.
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
            f"{has} {size:,} bytes and DynamoDB stores at most {ITEM_LIMIT:,}; its largest "
            f'field is "{name}" with {largest:,} bytes',
            size=size,
            limit=ITEM_LIMIT,
        )


def _fit_surely(parts: tuple[Item, ...]) -> bool:
    """Whether the parts fit, told by the length of their JSON: never less than they count for.

    That text is made in a fraction of the time in which an item is measured.
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
