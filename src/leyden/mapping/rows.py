"""The fast path from the JSON of many items to records, with only structs in between.

In a query's answer, each attribute of each item is a small mapping. For a page of plain records,
these mappings are never made: the JSON is parsed into a struct with the entity's fields, in which
each value is a struct of its type. Anything unusual, such as a value of another type than the
schema's, or an item without entity and version, is left to the general decoder.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, TypeAlias

import msgspec

from leyden._attrs import frozen
from leyden.mapping.answers import UnusualItemError
from leyden.mapping.attribute import CompiledAttribute
from leyden.mapping.codec import Writer, run
from leyden.mapping.lack import WHOLE, part_class, without
from leyden.mapping.record import blank_class
from leyden.types.vector import vector_of_json

ValueStruct: TypeAlias = type[msgspec.Struct] | type[msgspec.Raw]


class Text(msgspec.Struct, gc=False, forbid_unknown_fields=True):
    """A stored string."""

    S: str


class _Skipped(msgspec.Struct, frozen=True, gc=False):
    """A value that is skipped."""


class _Number(msgspec.Struct, gc=False, forbid_unknown_fields=True):
    N: str


class _Truth(msgspec.Struct, gc=False, forbid_unknown_fields=True):
    BOOL: bool


class _Texts(msgspec.Struct, gc=False, forbid_unknown_fields=True):
    SS: list[str]


class _Numbers(msgspec.Struct, gc=False, forbid_unknown_fields=True):
    NS: list[str]


_BY_KIND: Final[Mapping[str, ValueStruct]] = {
    "S": Text,
    "N": _Number,
    "BOOL": _Truth,
    "SS": _Texts,
    "NS": _Numbers,
}
_SHORT: Final = 24
"""Equal texts of at most this many characters share one object in all records of a page.

Units, names and partition keys are repeated often, and would take 50 to 75 bytes each time. Sets of
texts, which are shared as well, would take 230 and more. Ids are mostly unique, and longer.
"""


def value_struct(attribute: CompiledAttribute) -> ValueStruct | None:
    """Return the struct for the values of an attribute; None if they are read into mappings."""
    properties = attribute.properties
    if attribute.spec.type == "vector":
        # A deferred vector is skipped entirely.
        return _Skipped if attribute.spec.deferred else msgspec.Raw
    if properties is None:
        return _BY_KIND.get(attribute.kind)
    if not properties or any(
        part.type.holds_anything or part.kind not in ("S", "N", "BOOL")
        for part in properties.values()
    ):
        return None
    # Unknown properties are left to the general decoder, which marks the map.
    inner = msgspec.defstruct(
        "Properties",
        [
            (f"part_{number}", _BY_KIND[part.kind] | None, None)
            for number, part in enumerate(properties.values())
        ],
        rename={f"part_{n}": part.spec.field for n, part in enumerate(properties.values())},
        gc=False,
        forbid_unknown_fields=True,
    )
    return msgspec.defstruct("Map", [("M", inner)], gc=False, forbid_unknown_fields=True)


def write_value(writer: Writer, attribute: CompiledAttribute, kind: ValueStruct | None) -> str:
    """Return the expression for the value of `part`, which is a struct of the kind or a mapping."""
    if kind is None:
        return writer.decode(attribute, "part")
    if kind is msgspec.Raw:
        return f"{writer.name('vector_of_json', vector_of_json)}(bytes(part))"
    if attribute.properties is not None:
        return f"{_write_map(writer, attribute.properties)}(part.M)"
    made = writer.decode(attribute, "part").replace(
        f"part[{attribute.kind!r}]", f"part.{attribute.kind}"
    )
    if attribute.key_text is not None:
        return made
    if made == "part.S":
        return f"shared(text, text) if len(text := {made}) <= {_SHORT} else text"
    if attribute.kind == "SS":
        return f"shared(members := {made}, members)"
    return made


def _write_map(writer: Writer, properties: Mapping[str, CompiledAttribute]) -> str:
    """Write the function that makes the value of a typed map, and return its name."""
    name = f"read_map_{len(writer.lines)}"
    lines = [f"def {name}(parts):", "    value = {}"]
    for number, (key, attribute) in enumerate(properties.items()):
        made = writer.decode(attribute, "part").replace(
            f"part[{attribute.kind!r}]", f"part.{attribute.kind}"
        )
        lines += [
            f"    part = parts.part_{number}",
            "    if part is not None:",
            f"        value[{key!r}] = {made}",
        ]
    writer.lines += [*lines, "    return value", ""]
    return name


_ENTITY: Final = "entity_"
_VERSION: Final = "version_"


@frozen
class RowReader:
    """Reads answers of Query and Scan into records of one entity.

    `fields` are the stored fields that it reads, with their slots and struct types, or None.
    """

    fields: Mapping[str, tuple[str, ValueStruct | None]]
    _may_hold_bytes: bool
    _read: Callable[[bytes], Any]
    _records: Callable[..., list[Any]]

    def read(
        self, content: bytes, entity: str, version: str, marks: Mapping[str, Mapping[str, Any]]
    ) -> dict[str, Any]:
        """Return the response in a body, whose `Items` are the entity's records with the marks.

        Raises UnusualItemError if the general decoder must read the answer.
        """
        if self._may_hold_bytes and (b'"B"' in content or b'"BS"' in content):
            raise UnusualItemError
        try:
            answer = self._read(content)
            if any("B" in value for value in (answer.LastEvaluatedKey or {}).values()):
                raise UnusualItemError
            wanted = [self._mark(field, value) for field, value in marks.items()]
            records = self._records(answer.Items, entity, version, wanted)
        except UnusualItemError:
            raise
        except Exception as error:
            # The general decoder meets the same problem, and raises an error that explains it.
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
    """Return the reader of an entity; None if its records show more than what is stored.

    `slots` maps the attributes that records show to their slots. `key_fields` are the fields of the
    entity's keys, whose values are skipped. `identifiers` are the fields of its name and version.
    """
    if any(attributes[name].apply_get for name in slots):
        return None
    if any(attribute.spec.encrypt for attribute in attributes.values()):
        return None

    def leave_it(value: object, stored: object) -> Any:
        # The map holds more than the schema knows, and the general decoder marks it.
        raise UnusualItemError

    writer = Writer(lacking=lambda properties: leave_it)
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
            # A value of another type, such as NULL, fails to parse, so the general decoder reads
            # it. Raw JSON accepts anything, so it needs no None.
            *(
                (slot, kind if kind is msgspec.Raw else (kind or dict[str, Any]) | None, None)
                for slot, kind in fields.values()
            ),
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
        # A record must know about unknown fields, which only the general decoder notes.
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


def _may_hold_bytes(attribute: CompiledAttribute) -> bool:
    """Return whether a value can contain bytes, which are base64 text in JSON."""
    if attribute.items is not None:
        return _may_hold_bytes(attribute.items)
    for parts in (attribute.properties, attribute.variants):
        if parts is not None:
            return any(map(_may_hold_bytes, parts.values()))
    return attribute.kind not in ("S", "N", "BOOL") and attribute.spec.type != "vector"


def _write_records(
    writer: Writer,
    attributes: Mapping[str, CompiledAttribute],
    fields: Mapping[str, tuple[str, Any]],
    record: type[Any],
    slots: Mapping[str, str],
) -> None:
    whole = part_class(record, WHOLE)
    make, final = writer.name("make", blank_class(record)), writer.name("record", whole)
    unusual = writer.name("unusual", UnusualItemError)
    bears = writer.name("bears", _bears)
    body: list[str] = []
    deferred: dict[str, str] = {}
    for name, slot in slots.items():
        attribute = attributes[name]
        field, kind = fields[attribute.spec.field]
        if kind is _Skipped:
            deferred[slot] = field
            body += [f"        if row.{field} is None:", f"            record.{slot} = None"]
            continue
        body += [
            f"        part = row.{field}",
            f"        record.{slot} = None if part is None else "
            f"{write_value(writer, attribute, kind)}",
        ]
    if deferred:
        parts = ", ".join(f"({slot!r}, row.{field})" for slot, field in deferred.items())
        left = f"tuple([slot for slot, part in ({parts},) if part is not None])"
        kind = writer.name("without", without)
        final = f"{kind}({final}, left) if (left := {left}) else {final}"
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
    # The expressions above have written the functions of typed maps already.
    writer.lines += lines


def _bears(row: Any, marks: Sequence[tuple[str, Any]]) -> bool:
    for slot, value in marks:
        part = getattr(row, slot)
        if part is not None and part != value:
            return False
    return True
