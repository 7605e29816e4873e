"""How moto handles items: values pass through unchanged, and writes are complete or undone.

moto changes items in place, and copies a whole table before each transaction. It also reads and
writes each value by the model of the service, with ten look-ups per value, which takes half a
second for a vector.
"""

from __future__ import annotations

import base64
import copy
from collections.abc import Callable
from functools import lru_cache, wraps
from typing import Any, Final

_IN_REQUESTS: Final = frozenset(("SS", "NS", "NULL", "BOOL"))
"""Types beside numbers, texts, lists and maps that pass unchanged; moto decodes binary values."""
_IN_ANSWERS: Final = _IN_REQUESTS | {"B", "BS"}

_PLAIN: Final = frozenset(("S", "B"))
"""Types whose values are compared as they are."""
_WHOLE: Final = _PLAIN | {"N", "BOOL", "NULL"}
"""Types whose values nothing changes in place."""


@lru_cache(maxsize=1)
def carry_values() -> None:
    """Let values pass unchanged where moto parses a request and where it writes an answer.

    Anything that is not a value in DynamoDB's form still goes moto's way.
    """
    from moto.core.parse import JSONParser
    from moto.core.serialize import JSONSerializer
    from moto.dynamodb import responses as of_moto
    from moto.dynamodb.models.dynamo_type import DynamoType

    parser: Any = JSONParser
    serializer: Any = JSONSerializer
    parse, serialize = parser._parse_structure, serializer._serialize_type_structure

    @wraps(parse)
    def parsed(self: Any, shape: Any, value: Any) -> Any:
        if shape.name == "AttributeValue" and _is_value(value, _IN_REQUESTS):
            return value
        return parse(self, shape, value)

    @wraps(serialize)
    def serialized(self: Any, into: Any, value: Any, shape: Any, key: str) -> None:
        if shape.name == "AttributeValue" and key and _is_value(value, _IN_ANSWERS):
            into[key] = _in_json(value)
        else:
            serialize(self, into, value, shape, key)

    responses: Any = of_moto
    to_dict = responses.dynamo_to_dict

    @wraps(to_dict)
    def to_values(answer: Any) -> Any:
        kind = type(answer)
        if kind is str:
            return answer
        if isinstance(answer, dict):
            return {name: to_values(each) for name, each in answer.items()}
        if kind is list:
            return [*map(to_values, answer)]
        if kind is DynamoType and answer.type not in ("B", "BS"):
            return {answer.type: to_values(answer.value)}
        return to_dict(answer)

    responses.dynamo_to_dict = to_values
    parser._parse_structure = parsed
    serializer._serialize_type_structure = serialized


@lru_cache(maxsize=1)
def take_texts_as_they_are() -> None:
    """Let moto compare, measure and copy strings directly, and measure a new item once.

    moto makes up to five checks of a value's type before it uses the value, and a query compares
    the key of every item. For each attribute of a new item, moto measures all attributes before it.
    """
    from moto.dynamodb.models.dynamo_type import DynamoType, Item

    values: Any = DynamoType
    items: Any = Item
    cast, size = values.cast_value.fget, values.size
    equal, unequal = values.__eq__, values.__ne__
    copy_value, make = values.__deepcopy__, items.__init__

    @wraps(cast)
    def cast_value(value: Any) -> Any:
        return value.value if value.type in _PLAIN else cast(value)

    @wraps(equal)
    def is_equal(one: Any, other: Any) -> Any:
        if one.type in _PLAIN:
            return one.type == other.type and one.value == other.value
        return equal(one, other)

    @wraps(unequal)
    def is_unequal(one: Any, other: Any) -> Any:
        if one.type in _PLAIN:
            return one.type != other.type or one.value != other.value
        return unequal(one, other)

    @wraps(size)
    def measured(value: Any) -> int:
        content = value.value
        if value.type == "S" and content.isascii():
            return len(content)
        found: int = size(value)
        return found

    @wraps(copy_value)
    def copied(value: Any, memo: dict[int, Any]) -> Any:
        if value.type not in _WHOLE:
            return copy_value(value, memo)
        made = object.__new__(DynamoType)
        made.type, made.value = value.type, value.value
        return made

    @wraps(make)
    def made_of(item: Any, hash_key: Any, range_key: Any, attrs: dict[str, Any]) -> None:
        make(item, hash_key, range_key, {})
        dict.update(item.attrs, {name: DynamoType(value) for name, value in attrs.items()})
        if attrs:
            # moto measures the whole item when it sets the last attribute again.
            name, value = item.attrs.popitem()
            item.attrs[name] = value

    values.cast_value = property(cast_value)
    values.__eq__, values.__ne__, values.size = is_equal, is_unequal, measured
    values.__deepcopy__ = copied
    items.__init__ = made_of


def _is_value(value: Any, kinds: frozenset[str]) -> bool:
    """Return whether it is a value of one of these types, with only such values inside."""
    if type(value) is not dict or len(value) != 1:
        return False
    ((kind, content),) = value.items()
    if kind in ("N", "S"):
        return type(content) is str
    if kind == "L":
        return type(content) is list and all(_is_value(each, kinds) for each in content)
    if kind == "M":
        return type(content) is dict and all(_is_value(each, kinds) for each in content.values())
    return kind in kinds and content is not None


def _in_json(value: dict[str, Any]) -> dict[str, Any]:
    ((kind, content),) = value.items()
    if kind == "L":
        return {kind: [*map(_in_json, content)]}
    if kind == "M":
        return {kind: {name: _in_json(each) for name, each in content.items()}}
    if kind == "B":
        return {kind: _in_base64(content)}
    return {kind: [*map(_in_base64, content)]} if kind == "BS" else value


def _in_base64(content: str | bytes) -> str:
    return base64.b64encode(content.encode() if isinstance(content, str) else content).decode()


Refuse = Callable[[Any, Any, bool], None]
"""Raises if a table cannot have these attributes; the bool says if an expression made them."""
Written = Callable[[Any, tuple[Any, Any], Any, Any], None]
"""Called after a write with the table, the key, and the item before and after (or None)."""


@lru_cache(maxsize=1)
def watch_writes(refuse: Refuse, written: Written) -> None:
    """Call two functions for each write of an item, whichever operation makes it.

    moto changes items in place, so an update that is refused at its end would be half done; and it
    copies all items of a table before a transaction. Here an update changes a copy of the item.
    Copying a table is then cheap, because both can share the same items.
    """
    from moto.dynamodb.models import DynamoDBBackend
    from moto.dynamodb.models.table import Table

    tables: Any = Table
    backends: Any = DynamoDBBackend
    put_item, delete_item = tables.put_item, tables.delete_item
    update_item = backends.update_item

    @wraps(put_item)
    def put(table: Any, item_attrs: dict[str, Any], *rest: Any, **options: Any) -> Any:
        refuse(table, item_attrs, False)
        old = stored(table, *_key(table, item_attrs))
        new = put_item(table, item_attrs, *rest, **options)
        written(table, (new.hash_key, new.range_key), old, new)
        return new

    @wraps(delete_item)
    def delete(table: Any, hash_key: Any, range_key: Any) -> Any:
        old = delete_item(table, hash_key, range_key)
        if old is not None:
            written(table, (old.hash_key, old.range_key), old, None)
        return old

    @wraps(update_item)
    def update(
        backend: Any, table_name: str, key: dict[str, Any], *rest: Any, **options: Any
    ) -> Any:
        table = backend.get_table(table_name)
        keys = _key(table, key)
        old = stored(table, *keys)
        records = None if table.stream_shard is None else len(table.stream_shard.items)
        if old is not None:
            _store(table, *keys, copy.deepcopy(old))
        try:
            new = update_item(backend, table_name, key, *rest, **options)
            refuse(table, new.attrs, bool(options.get("update_expression")))
        except BaseException:
            _store(table, *keys, old)
            if records is not None:
                del table.stream_shard.items[records:]
            raise
        written(table, (new.hash_key, new.range_key), old, new)
        return new

    tables.put_item, tables.delete_item, backends.update_item = put, delete, update
    tables.__deepcopy__ = _with_the_same_items


def stored(table: Any, hash_key: Any, range_key: Any) -> Any:
    """Return the item with this key in one of moto's tables, or None."""
    found = table.items.get(hash_key)
    return found.get(range_key) if found is not None and table.has_range_key else found


def _key(table: Any, attributes: dict[str, Any]) -> tuple[Any, Any]:
    """Return the key in attributes, with None for missing parts, which moto reports."""
    from moto.dynamodb.models.dynamo_type import DynamoType

    hash_key, range_key = (
        DynamoType(attributes[name]) if name and name in attributes else None
        for name in (table.hash_key_attr, table.range_key_attr)
    )
    return hash_key, range_key


def _store(table: Any, hash_key: Any, range_key: Any, item: Any) -> None:
    """Replace the stored item, or remove it if the new one is None."""
    holder, key = table.items, hash_key
    if table.has_range_key:
        holder, key = table.items.get(hash_key, {}), range_key
    if item is None:
        holder.pop(key, None)
    else:
        holder[key] = item


def _with_the_same_items(table: Any, memo: dict[int, Any]) -> Any:
    copied = memo[id(table)] = object.__new__(type(table))
    for name, value in vars(table).items():
        if name == "items":
            value = copy.copy(value)
            if table.has_range_key:
                value.update({hash_key: dict(found) for hash_key, found in value.items()})
        elif name == "stream_shard" and value is not None:
            value = copy.copy(value)
            value.items, value.table = list(value.items), copied
        else:
            value = copy.deepcopy(value, memo)
        setattr(copied, name, value)
    return copied
