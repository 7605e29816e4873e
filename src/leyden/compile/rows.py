"""The quick way from the JSON of many items to records, with nothing in between but structs.

A query's answer holds one small mapping for each attribute of each item. For a page of plain
records these are never made: the JSON is read into a struct of the entity's fields, in which
each value is a struct of its type. What is in any way unusual, such as a value of another type
than the schema's, or an item that does not say whose it is, is left to the careful way.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

import msgspec

from leyden._attrs import frozen
from leyden.compile.attribute import CompiledAttribute
from leyden.compile.row_values import Text, value_struct, write_value
from leyden.compile.source import Writer, run

__all__ = ["RowReader", "UnusualItemError", "compile_rows"]


class UnusualItemError(ValueError):
    """An answer that is to be read the careful way."""


class _Skipped(msgspec.Struct, frozen=True, gc=False):
    """A value that is not looked at."""


_ENTITY: Final = "entity_"
_VERSION: Final = "version_"


@frozen
class RowReader:
    """Reads answers of Query and Scan that are all of one entity's table.

    `fields` are the stored fields that it looks at, with the struct type of each, or None.
    """

    fields: Mapping[str, tuple[str, type[msgspec.Struct] | None]]
    _may_hold_bytes: bool
    _read: Callable[[bytes], Any]
    _records: Callable[..., list[Any]]

    def read(
        self, content: bytes, entity: str, version: str, marks: Mapping[str, Mapping[str, Any]]
    ) -> dict[str, Any]:
        """The response in a body, its `Items` the records of the entity that bear the marks.

        Raises UnusualItemError where the answer is to be read the careful way.
        """
        if self._may_hold_bytes and (b'"B"' in content or b'"BS"' in content):
            raise UnusualItemError
        try:
            answer = self._read(content)
            if answer.LastEvaluatedKey is not None:
                _refuse_bytes(answer.LastEvaluatedKey)
            wanted = [self._mark(field, value) for field, value in marks.items()]
            records = self._records(answer.Items, entity, version, wanted)
        except UnusualItemError:
            raise
        except Exception as error:
            # Whatever is wrong, the careful way finds it too, and has the words for it.
            raise UnusualItemError from error
        response = {"Items": records, "Count": answer.Count, "ScannedCount": answer.ScannedCount}
        if answer.LastEvaluatedKey is not None:
            response["LastEvaluatedKey"] = answer.LastEvaluatedKey
        if answer.ConsumedCapacity is not None:
            response["ConsumedCapacity"] = answer.ConsumedCapacity
        return response

    def _mark(self, field: str, value: Mapping[str, Any]) -> tuple[str, Any]:
        slot, kind = self.fields[field]
        return slot, value if kind is None else kind(**value)


def compile_rows(
    attributes: Mapping[str, CompiledAttribute],
    record: type[Any],
    slots: Mapping[str, str],
    key_fields: frozenset[str],
    identifiers: tuple[str, str],
    *,
    title: str,
) -> RowReader | None:
    """The reader of an entity; None where its records are more than what is stored.

    `slots` maps the attributes that records show to their slots; `key_fields` are the fields of
    the entity's keys, whose values are passed over; `identifiers` those of its name and version.
    """
    if any(attributes[name].reveal for name in slots):
        return None
    writer = Writer(lacking=_unusual)
    kinds = {name: value_struct(attribute) for name, attribute in attributes.items()}
    fields = {
        attribute.spec.field: (f"field_{number}", kinds[name])
        for number, (name, attribute) in enumerate(attributes.items())
    }
    if not fields.keys().isdisjoint(identifiers):
        return None
    keys = {f"key_{n}": name for n, name in enumerate(sorted(key_fields - fields.keys()))}
    row = msgspec.defstruct(
        "Row",
        [
            *((slot, (kind or dict[str, Any]) | None, None) for slot, kind in fields.values()),
            (_ENTITY, Text | None, None),
            (_VERSION, Text | None, None),
            *((slot, _Skipped, None) for slot in keys),
        ],
        rename={
            **{slot: field for field, (slot, _) in fields.items()},
            **dict(zip((_ENTITY, _VERSION), identifiers, strict=True)),
            **keys,
        },
        gc=False,
        # A record must know that its item holds what the schema does not know.
        forbid_unknown_fields=True,
    )
    answer = msgspec.defstruct(
        "Answer",
        [
            ("Items", list[row]),  # type: ignore[valid-type]
            ("Count", int),
            ("ScannedCount", int),
            ("LastEvaluatedKey", dict[str, Any] | None, None),
            ("ConsumedCapacity", Any, None),
        ],
    )
    _write_records(writer, attributes, fields, record, slots)
    functions = run(writer, f"{title} rows")
    return RowReader(
        fields,
        any(map(_may_hold_bytes, attributes.values())),
        msgspec.json.Decoder(answer).decode,
        functions["records"],
    )


def _unusual(_: object) -> Callable[[object, object], Any]:
    """What is called for a map that may hold more than the schema knows."""

    def leave_it(value: object, stored: object) -> Any:
        raise UnusualItemError

    return leave_it


def _may_hold_bytes(attribute: CompiledAttribute) -> bool:
    """Whether bytes, which are base64 text in JSON, can be in a value without being an error."""
    if attribute.items is not None:
        return _may_hold_bytes(attribute.items)
    if attribute.properties is not None:
        return any(map(_may_hold_bytes, attribute.properties.values()))
    return attribute.kind not in ("S", "N", "BOOL")


def _refuse_bytes(key: Mapping[str, Any]) -> None:
    if any("B" in value for value in key.values()):
        raise UnusualItemError


def _write_records(
    writer: Writer,
    attributes: Mapping[str, CompiledAttribute],
    fields: Mapping[str, tuple[str, Any]],
    record: type[Any],
    slots: Mapping[str, str],
) -> None:
    blank = type(f"_Blank{record.__name__}", (), {"__slots__": tuple(slots.values())})
    make, final = writer.name("make", blank), writer.name("record", record)
    unusual = writer.name("unusual", UnusualItemError)
    bears = writer.name("bears", _bears)
    body: list[str] = []
    for name, slot in slots.items():
        attribute = attributes[name]
        field, kind = fields[attribute.spec.field]
        body += [
            f"        part = row.{field}",
            f"        record.{slot} = None if part is None else "
            f"{write_value(writer, attribute, kind)}",
        ]
    lines = [
        "def records(rows, entity, version, marks):",
        "    found = []",
        "    shared = {}.setdefault",
        "    for row in rows:",
        f"        if row.{_ENTITY} is None or row.{_VERSION} is None:",
        f"            raise {unusual}",
        f"        if row.{_ENTITY}.S != entity or row.{_VERSION}.S != version:",
        "            continue",
        f"        if marks and not {bears}(row, marks):",
        "            continue",
        f"        record = {make}()",
        *body,
        f"        record.__class__ = {final}",
        "        found.append(record)",
        "    return found",
    ]
    # Functions of typed maps, if any, were written while the expressions were.
    writer.lines += lines


def _bears(row: Any, marks: Sequence[tuple[str, Any]]) -> bool:
    for slot, value in marks:
        part = getattr(row, slot)
        if part is not None and part != value:
            return False
    return True
