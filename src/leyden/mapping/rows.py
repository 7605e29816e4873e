"""The quick way from the JSON of many items to records, with nothing in between but structs.

A query's answer holds one small mapping for each attribute of each item. For a page of plain
records these are never made: the JSON is read into a struct of the entity's fields, in which
each value is a struct of its type. What is in any way unusual, such as a value of another type
than the schema's, or an item that does not say whose it is, is left to the careful way.
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
    """Text as it is stored."""

    S: str


class _Skipped(msgspec.Struct, frozen=True, gc=False):
    """A value that is not looked at."""


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
"""Texts of at most so many characters are one object in all records of a page that have them.

Units, names and the keys of a partition come again and again, and would take 50 to 75 bytes each
time; sets of texts, which are shared as well, 230 and more. Ids mostly do not, and are longer.
"""


def value_struct(attribute: CompiledAttribute) -> ValueStruct | None:
    """The struct for the values of an attribute; None where they are read into mappings."""
    properties = attribute.properties
    if attribute.spec.type == "vector":
        # One that is deferred is not even looked at.
        return _Skipped if attribute.spec.deferred else msgspec.Raw
    if properties is None:
        return _BY_KIND.get(attribute.kind)
    if not properties or any(
        part.type.holds_anything or part.kind not in ("S", "N", "BOOL")
        for part in properties.values()
    ):
        return None
    # Properties that the schema does not know are left to the careful way, which marks the map.
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
    """The expression that makes the value of `part`: a struct of the kind, or a mapping."""
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
    """Write the function that makes the value of a typed map; its name."""
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
    """Reads answers of Query and Scan that are all of one entity's table.

    `fields` are the stored fields that it looks at, with the struct type of each, or None.
    """

    fields: Mapping[str, tuple[str, ValueStruct | None]]
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
            if any("B" in value for value in (answer.LastEvaluatedKey or {}).values()):
                raise UnusualItemError
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
    if any(attributes[name].apply_get for name in slots):
        return None
    if any(attribute.spec.encrypt for attribute in attributes.values()):
        return None

    def leave_it(value: object, stored: object) -> Any:
        # A map may hold more than the schema knows, and the careful way marks it.
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
            # As what it is, or left to the careful way: of raw JSON nothing is said to be null.
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


def _may_hold_bytes(attribute: CompiledAttribute) -> bool:
    """Whether bytes, which are base64 text in JSON, can be in a value without being an error."""
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
    # Functions of typed maps, if any, were written while the expressions were.
    writer.lines += lines


def _bears(row: Any, marks: Sequence[tuple[str, Any]]) -> bool:
    for slot, value in marks:
        part = getattr(row, slot)
        if part is not None and part != value:
            return False
    return True
