"""The lines of a file, and what each of them holds.

A raw line is an item with typed AttributeValues. A record line says its entity beside the record:
`{"entity": "task", "record": {"task_id": "t1", ...}}`; where the entity is known anyhow, the
record alone does.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, Protocol

from attrs import evolve, frozen

from leyden import Entity, Service
from leyden._text import did_you_mean
from leyden.cli.output.json_text import json_text
from leyden.cli.transfer.raw_items import item_from_json
from leyden.cli.values.json_values import read_json, value_from_json
from leyden.cli.values.pairs import attribute_named
from leyden.errors import DecodeError, InputError, ItemTooLargeError
from leyden.operations.overflow.format import is_part, record_in_place
from leyden.operations.put import Put
from leyden.operations.size import refuse_oversize
from leyden.operations.transfer import IMPORT
from leyden.program import Item


@frozen
class Line:
    """One line of a file, counted from 1, with its line break."""

    number: int
    content: bytes

    @property
    def is_blank(self) -> bool:
        """Whether there is nothing in it."""
        return not self.content.strip()

    def json(self) -> Any:
        """What it says. Raises ValueError."""
        try:
            text = self.content.decode("utf-8-sig" if self.number == 1 else "utf-8")
        except UnicodeDecodeError as error:
            raise ValueError(f"no UTF-8 text at byte {error.start + 1}") from None
        return read_json(text)


def lines_of(stream: Iterable[bytes]) -> Iterator[Line]:
    """The lines of a file, one after the other."""
    for number, content in enumerate(stream, 1):
        yield Line(number, content)


def record_line(entity: Entity, record: dict[str, Any]) -> str:
    """The line of a plain record."""
    return json_text({"entity": entity.spec.alias, "record": record})


def record_values(entity: Entity, record: Any) -> dict[str, Any]:
    """The values of a plain record. Raises ValueError, UnknownAttributeError, ValidationError."""
    if not isinstance(record, dict):
        raise ValueError('a record is a JSON object, as in {"task_id": "t1"}')
    return {n: value_from_json(attribute_named(entity, n), v) for n, v in record.items()}


@frozen
class Found:
    """The item of a line. `foreign`: it belongs to no entity. None in `item`: not wanted here.

    `write` is the put of a record, with all its conditions.
    """

    item: Item | None
    foreign: bool = False
    write: Put | None = None


class LineReader(Protocol):
    """Reads lines of one form."""

    def read(self, line: Line) -> Found:
        """The item in a line. Raises ValueError or LeydenError for a line that is not good."""


@frozen
class RawReader:
    """Reads raw lines: items pass as they are, once they are known to fit.

    An item of an entity must fit its schema; with an `entity`, others are not wanted.
    """

    service: Service
    entity: Entity | None = None

    def read(self, line: Line) -> Found:
        """The item in a line."""
        item = item_from_json(line.json())
        _refuse_keyless(self.service, item)
        try:
            owner = self.service.entity_of(item)
        except DecodeError:
            owner = None
        part = owner is None and self._is_part(item)
        whose = owner.name if owner is not None else None
        if self.entity is not None and whose != self.entity.name and not part:
            return Found(None)
        if owner is not None:
            # Values outside of the item have lines of their own.
            record_in_place(owner.conversions.entity, item)
        try:
            refuse_oversize(item)
        except ItemTooLargeError as error:
            error.operation, error.entity = IMPORT, whose
            raise
        return Found(item, owner is None and not part)

    def _is_part(self, item: Item) -> bool:
        """Whether it is a part of a large value of what is imported."""
        entities = [self.entity] if self.entity is not None else self.service.entities.values()
        return is_part(item, {entity.name for entity in entities})


@frozen
class RecordReader:
    """Reads record lines, checks the records as a put does, and makes items of them."""

    service: Service
    entity: Entity | None = None

    def read(self, line: Line) -> Found:
        """The item that the record in a line makes."""
        content = line.json()
        owner, record = self._owner(content)
        if self.entity is not None and owner.name != self.entity.name:
            return Found(None)
        values = record_values(owner, record)
        write = evolve(owner.put(**values), verbatim=True)
        params = write.params()
        if "Item" not in params:
            raise InputError(
                "the record has values too large for an item, which an import of records cannot "
                "spread over several; write it with `leyden put`, or export with --raw",
                operation=IMPORT,
                entity=owner.name,
            )
        item: Item = params["Item"]
        counted = owner.spec.version_attribute
        if counted is not None and values.get(counted) is not None:
            # What is brought back is what was there, and no newer version of it.
            attribute = owner.conversions.entity.compiled.attributes[counted]
            item[attribute.spec.field] = attribute.encode(values[counted])
        return Found(item, write=write)

    def _owner(self, content: Any) -> tuple[Entity, Any]:
        if isinstance(content, dict) and set(content) == {"entity", "record"}:
            alias = content["entity"]
            known = self.service.entities
            if not isinstance(alias, str) or alias not in known:
                hint = did_you_mean(alias, known) if isinstance(alias, str) else ""
                raise ValueError(f"the service has no such entity{hint}; known: {', '.join(known)}")
            return known[alias], content["record"]
        if self.entity is None:
            raise InputError(
                'this is no record with its entity, as in {"entity": "task", "record": {...}}; '
                "--entity says it for all lines, --raw reads items with typed values"
            )
        return self.entity, content


def _refuse_keyless(service: Service, item: Item) -> None:
    """Raise ValueError where an item does not have the table's own key."""
    definition = service.table_definition
    for name in (definition.hash, definition.range):
        if name is None:
            continue
        kind = definition.types[name]
        if set(item.get(name, ())) != {kind}:
            raise ValueError(f'the item lacks the key field "{name}" of the table (type {kind})')
        if not item[name][kind]:
            raise ValueError(f'the key field "{name}" is empty')
