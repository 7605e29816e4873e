"""The lines of a file, and what each of them holds.

A raw line is an item with typed AttributeValues, in the form that AWS's own tools read and write. A
record line names its entity beside the record: `{"entity": "task", "record": {"task_id": "t1",
...}}`. If the entity is known anyway, the record alone is enough.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Collection, Iterable, Iterator
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any, Final, Protocol

from attrs import evolve, frozen

from leyden._late import Late
from leyden._text import did_you_mean
from leyden.cli.values import attribute_named, json_text, read_json
from leyden.errors import (
    DecodeError,
    InputError,
    ItemTooLargeError,
    UnknownAttributeError,
    ValidationError,
)
from leyden.program import AttributeValue, Item
from leyden.types import accept_decimal, value_from_json

if TYPE_CHECKING:
    from leyden import Entity, Put, Service, tables
else:
    # Completion imports this module for the command's options, and should not wait for more.
    tables = Late("leyden.tables")

_DEEPEST: Final = 32
"""The maximum depth of nested lists and maps in DynamoDB."""

_FORMS: Final = {
    "S": "a string",
    "N": "a number in a string",
    "B": "base64 in a string",
    "BOOL": "true or false",
    "NULL": "true",
    "L": "an array",
    "M": "an object",
    "SS": "an array that is not empty",
    "NS": "an array that is not empty",
    "BS": "an array that is not empty",
}
"""The JSON value of each of DynamoDB's types."""


# ---- raw items


def item_to_json(item: Item) -> dict[str, Any]:
    """Return a raw item with sorted fields and set members, and with bytes as base64."""
    return {name: _to_json(item[name]) for name in sorted(item)}


def _to_json(value: AttributeValue) -> AttributeValue:
    ((kind, content),) = value.items()
    if kind == "B":
        return {kind: base64.b64encode(bytes(content)).decode()}
    if kind == "BS":
        return {kind: [base64.b64encode(bytes(member)).decode() for member in sorted(content)]}
    if kind == "SS":
        return {kind: sorted(content)}
    if kind == "NS":
        return {kind: sorted(content, key=Decimal)}
    if kind == "L":
        return {kind: [_to_json(element) for element in content]}
    if kind == "M":
        return {kind: {name: _to_json(content[name]) for name in sorted(content)}}
    return value


def is_typed_item(value: Any, keys: Collection[str] = ()) -> bool:
    """Return whether a JSON value is an item with typed values rather than a record.

    If it has the table's key fields, one typed value is enough.
    """
    if not isinstance(value, dict) or not value:
        return False
    if {*value} == {"Item"} and isinstance(value["Item"], dict):
        return True
    typed = [isinstance(v, dict) and len(v) == 1 and {*v} <= _FORMS.keys() for v in value.values()]
    return all(typed) or (any(typed) and bool(keys) and value.keys() >= {*keys})


def item_from_json(value: Any) -> Item:
    """Return the raw item in a JSON object, also in the form `{"Item": {...}}` of exports to S3.

    Raises ValueError, which names the place, if it is not an item.
    """
    if isinstance(value, dict) and set(value) == {"Item"}:
        inner = value["Item"]
        # "Item" may also be the name of a field.
        if isinstance(inner, dict) and not (len(inner) == 1 and set(inner) <= _FORMS.keys()):
            value = inner
    if not isinstance(value, dict):
        raise ValueError('a raw item is a JSON object, as in {"pk": {"S": "..."}}')
    return {name: _from_json(content, name, 0) for name, content in value.items()}


def _from_json(value: Any, path: str, depth: int) -> AttributeValue:
    if not isinstance(value, dict) or len(value) != 1:
        raise ValueError(f'"{path}" is not a typed value, as in {{"S": "text"}}')
    ((kind, content),) = value.items()
    if depth > _DEEPEST:
        raise ValueError(f'"{path}" is nested deeper than DynamoDB stores')
    if kind not in _FORMS:
        raise ValueError(
            f'"{path}" has a type that DynamoDB does not have; known: {", ".join(_FORMS)}'
        )
    if kind == "L" and isinstance(content, list):
        return {kind: [_from_json(v, f"{path}[{i}]", depth + 1) for i, v in enumerate(content)]}
    if kind == "M" and isinstance(content, dict):
        return {kind: {n: _from_json(v, f"{path}.{n}", depth + 1) for n, v in content.items()}}
    if kind in ("SS", "NS", "BS") and isinstance(content, list) and content:
        members = [_scalar(kind[0], member, path) for member in content]
        distinct = {Decimal(m) for m in members} if kind == "NS" else set(members)
        if len(distinct) < len(members):
            raise ValueError(f'"{path}" is a set that has a member twice')
        return {kind: members}
    return {kind: _scalar(kind, content, path)}


def _scalar(kind: str, content: Any, path: str) -> Any:
    """Return the value as DynamoDB has it. Raises ValueError if it does not fit its type."""
    if isinstance(content, str):
        if kind == "S":
            return content
        try:
            if kind == "B":
                return base64.b64decode(content, validate=True)
            if kind == "N":
                accept_decimal(Decimal(content), path)
                return content
        except binascii.Error:
            pass
        except (InvalidOperation, ValidationError):
            raise ValueError(
                f'"{path}" is of type N, but not a number that DynamoDB stores'
            ) from None
    if isinstance(content, bool) and (kind == "BOOL" or (kind == "NULL" and content)):
        return content
    raise ValueError(f'"{path}" is of type {kind}, so its value must be {_FORMS[kind]}')


# ---- lines


@frozen
class Line:
    """A line of a file with its line break, counted from 1; or an item of a document."""

    number: int
    content: bytes
    what: str = "line"

    @property
    def place(self) -> str:
        """What follows the name of the file in messages: `:7`, or `: item 7`."""
        return f":{self.number}" if self.what == "line" else f": {self.what} {self.number}"

    def place_of(self, error: Exception) -> str:
        """Return the place with the column of an error, as far as the error shows it."""
        column = getattr(error, "column", None)
        named = getattr(error, "path", None)
        if isinstance(error, UnknownAttributeError):
            named = error.name
        if column is None and isinstance(named, str):
            root = json.dumps(named.partition(".")[0].partition("[")[0], ensure_ascii=False)
            found = self.text.find(f"{root}:")
            column = found + 1 if found >= 0 else None
        return self.place if column is None or self.what != "line" else f"{self.place}:{column}"

    @property
    def text(self) -> str:
        """The line as text, with a mark in place of invalid bytes."""
        encoding = "utf-8-sig" if self.number == 1 else "utf-8"
        return self.content.decode(encoding, errors="replace")

    @property
    def is_blank(self) -> bool:
        """Whether the line is empty."""
        return not self.content.strip()

    def json(self) -> Any:
        """Return the line's JSON value. Raises ValueError."""
        try:
            text = self.content.decode("utf-8-sig" if self.number == 1 else "utf-8")
        except UnicodeDecodeError as error:
            raise ValueError(f"this is not UTF-8 text, at byte {error.start + 1}") from None
        return read_json(text.rstrip("\r\n"))


def lines_of(stream: Iterable[bytes]) -> Iterator[Line]:
    """Return the lines of a file, one after the other."""
    return (Line(number, content) for number, content in enumerate(stream, 1))


def record_line(entity: Entity, record: dict[str, Any]) -> str:
    """Return the line of a plain record."""
    return json_text({"entity": entity.spec.alias, "record": record})


def record_values(entity: Entity, record: Any) -> dict[str, Any]:
    """Return a plain record's values. Raises ValueError, UnknownAttributeError, ValidationError."""
    if is_typed_item(record):
        raise ValueError(
            "this is an item with typed values, not a record: `leyden import` writes such items"
        )
    if not isinstance(record, dict):
        raise ValueError('a record is a JSON object, as in {"task_id": "t1"}')
    return {n: value_from_json(attribute_named(entity, n), v) for n, v in record.items()}


@frozen
class Found:
    """The item of a line. `foreign` means that it belongs to no entity.

    `write` is the put of a record, with all its conditions.
    """

    line: Line
    item: Item
    foreign: bool = False
    write: Put | None = None


class LineReader(Protocol):
    """Reads lines of one form."""

    def read(self, line: Line) -> Found | None:
        """Return the item in a line; None if it belongs to another entity.

        Raises ValueError or LeydenError for a bad line.
        """


@frozen
class RawReader:
    """Reads raw lines, whose items are written unchanged after a check.

    An item of an entity must fit its schema. With an `entity`, items of others are skipped.
    """

    service: Service
    entity: Entity | None = None

    def read(self, line: Line) -> Found | None:
        """Return the item in a line."""
        value = line.json()
        if (
            isinstance(value, dict)
            and value
            and not any(isinstance(v, dict) for v in value.values())
        ):
            raise ValueError(
                f"the {line.what} is a record, not an item with typed values; leave out --raw"
            )
        item = item_from_json(value)
        definition = self.service.table_definition
        for name in filter(None, (definition.hash, definition.range)):
            kind = definition.types[name]
            if set(item.get(name, ())) != {kind}:
                raise ValueError(
                    f'the item lacks the key field "{name}" of the table (type {kind})'
                )
            if not item[name][kind]:
                raise ValueError(f'the key field "{name}" is empty')
        try:
            owner = self.service.entity_of(item)
        except DecodeError:
            owner = None
        along = owner is None and goes_along(item, self.service, self.entity)
        whose = owner.name if owner is not None else None
        if self.entity is not None and whose != self.entity.name and not along:
            return None
        if owner is not None:
            # Values stored outside of the item have lines of their own.
            owner.parse(item, apart="keep", deferred=True)
        try:
            tables.check_size(item)
        except ItemTooLargeError as error:
            error.operation, error.entity = tables.IMPORT, whose
            raise
        return Found(line, item, owner is None and not along)


def goes_along(item: Item, service: Service, entity: Entity | None) -> bool:
    """Return whether an item is a companion of the service's items, or of one entity's.

    Companions are the parts of large values, and the guards of unique ones.
    """
    entities = [entity] if entity is not None else service.entities.values()
    return any(one.owns_part(item) or one.owns_guard(item) for one in entities)


@frozen
class RecordReader:
    """Reads record lines, checks the records as a put does, and builds their items."""

    service: Service
    entity: Entity | None = None

    def read(self, line: Line) -> Found | None:
        """Return the item of the record in a line."""
        owner, record = self.entity, line.json()
        if is_typed_item(record):
            raise ValueError(
                f"the {line.what} is an item with typed values, not a record; leave out --records"
            )
        if isinstance(record, dict) and set(record) == {"entity", "record"}:
            alias, known = record["entity"], self.service.entities
            if not isinstance(alias, str) or alias not in known:
                hint = did_you_mean(alias, known) if isinstance(alias, str) else ""
                raise ValueError(f"the service has no such entity{hint}; known: {', '.join(known)}")
            owner, record = known[alias], record["record"]
        if owner is None:
            raise InputError(
                'the line does not name its entity, as {"entity": "task", "record": {...}} does; '
                "pass --entity for all lines, or --raw for items with typed values"
            )
        if self.entity is not None and owner.name != self.entity.name:
            return None
        values = record_values(owner, record)
        write = evolve(owner.put(**values), verbatim=True)
        params = write.params()
        if "Item" not in params:
            raise InputError(
                "the record has values too large for one item, and an import of records cannot "
                "split them; write it with `leyden put`, or export with --raw",
                operation=tables.IMPORT,
                entity=owner.name,
            )
        item: Item = params["Item"]
        counted = owner.spec.version_attribute
        if counted is not None and values.get(counted) is not None:
            # Restore the version that was exported, not the next one.
            attribute = owner.mapping.attributes[counted]
            item[attribute.spec.field] = attribute.encode(values[counted])
        return Found(line, item, write=write)
