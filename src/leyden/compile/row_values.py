"""The structs that stored values are read into, and the source that makes values of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, TypeAlias

import msgspec

from leyden.compile.attribute import CompiledAttribute
from leyden.compile.source import Writer

__all__ = ["Text", "ValueStruct", "value_struct", "write_value"]

ValueStruct: TypeAlias = type[msgspec.Struct]


class Text(msgspec.Struct, gc=False, forbid_unknown_fields=True):
    """Text as it is stored."""

    S: str


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
