"""Generated Python source: the functions that turn values into items and items into records.

For each entity one small module is written and run, in which every attribute is spelled out:
no loop over attributes and no look-up of types is left at run time. The source is registered
with `linecache`, so that tracebacks and debuggers show its lines.
"""

from __future__ import annotations

import linecache
from collections.abc import Callable, Mapping
from hashlib import sha256
from typing import Any, Final, TypeAlias

from leyden.compile.attribute import CompiledAttribute
from leyden.types import TYPES
from leyden.types.anything import decode_any, encode_any, encode_any_set
from leyden.types.lacking import lacking_properties

__all__ = ["Writer", "run"]

_NAMESPACE: Final[dict[str, Any]] = {
    "decode_any": decode_any,
    "encode_any": encode_any,
    "encode_any_set": encode_any_set,
}
for _type in TYPES.values():
    _NAMESPACE.update(_type.source_names)

Lacking: TypeAlias = Callable[
    [Mapping[str, CompiledAttribute]],
    Callable[[dict[str, Any], Mapping[str, Any]], dict[str, Any]],
]
"""Makes what is called for a map of these properties that may hold others as well."""


class Writer:
    """Collects lines of source, and the objects that they name.

    `lacking` says what becomes of a map that may hold more than the schema knows.
    """

    def __init__(self, lacking: Lacking = lacking_properties) -> None:
        self.lines: list[str] = []
        self._lacking = lacking
        self.namespace: dict[str, Any] = dict(_NAMESPACE)
        self._maps: dict[int, str] = {}

    def name(self, stem: str, value: Any) -> str:
        """A global name for an object that the source uses."""
        name = f"{stem}_{len(self.namespace)}"
        self.namespace[name] = value
        return name

    def encode(self, attribute: CompiledAttribute, value: str, level: int = 0) -> str:
        """The expression for the AttributeValue of the accepted value that `value` names."""
        spec = attribute.spec
        if attribute.key_text is not None:
            write = self.name("write_key_text", attribute.key_text.write)
            return f"{{'S': {write}({value})}}"
        if attribute.type.write:
            return f"{{{attribute.kind!r}: {attribute.type.write.format(value)}}}"
        item = f"item_{level}"
        if spec.type == "list":
            if attribute.items is None:
                inner = f"encode_any({item})"
            else:
                inner = self.encode(attribute.items, item, level + 1)
            return f"{{'L': [{inner} for {item} in {value}]}}"
        if spec.type == "set":
            if attribute.items is None:
                return f"encode_any_set({value})"
            if attribute.items.type.write == "{0}":
                return f"{{{attribute.kind!r}: sorted({value})}}"
            text = attribute.items.type.write.format(item)
            return f"{{{attribute.kind!r}: [{text} for {item} in sorted({value})]}}"
        if attribute.properties is not None:
            return f"encode_{self._map(attribute)}({value})"
        if spec.type == "map":
            return f"{{'M': {{key: encode_any({item}) for key, {item} in {value}.items()}}}}"
        return f"encode_any({value})"

    def decode(self, attribute: CompiledAttribute, stored: str, level: int = 0) -> str:
        """The expression for the value of the AttributeValue that `stored` names."""
        spec = attribute.spec
        inner = f"{stored}[{attribute.kind!r}]"
        if attribute.key_text is not None:
            return f"{self.name('read_key_text', attribute.key_text.read)}({inner})"
        if attribute.type.read:
            return attribute.type.read_source(spec, inner, self)
        item = f"item_{level}"
        if spec.type == "list":
            if attribute.items is None:
                return f"[decode_any({item}) for {item} in {inner}]"
            return f"[{self.decode(attribute.items, item, level + 1)} for {item} in {inner}]"
        if spec.type == "set":
            if attribute.items is None:
                return f"decode_any({stored})"
            text = attribute.items.type.read_source(attribute.items.spec, item, self)
            if text == item:
                return f"frozenset({inner})"
            return f"frozenset([{text} for {item} in {inner}])"
        if attribute.properties is not None:
            return f"decode_{self._map(attribute)}({stored})"
        if spec.type == "map":
            return f"{{key: decode_any({item}) for key, {item} in {inner}.items()}}"
        return f"decode_any({stored})"

    def _map(self, attribute: CompiledAttribute) -> str:
        """Write both functions of a typed map, once; the name that they share."""
        known = self._maps.get(id(attribute))
        if known is not None:
            return known
        name = f"map_{len(self._maps)}"
        self._maps[id(attribute)] = name
        assert attribute.properties is not None
        writes = [f"def encode_{name}(value):", "    stored = {}"]
        reads = [
            f"def decode_{name}(stored):",
            "    stored = stored['M']",
            "    value = {}",
        ]
        for key, part in attribute.properties.items():
            field = part.spec.field
            writes += [
                f"    part = value.get({key!r})",
                "    if part is not None:",
                f"        stored[{field!r}] = {self.encode(part, 'part')}",
            ]
            reads += [
                f"    if {field!r} in stored:",
                f"        part = stored[{field!r}]",
                f"        value[{key!r}] = {self.decode(part, 'part')}",
            ]
            if part.type.holds_anything:
                reads += [
                    f"        if value[{key!r}] is None:",
                    f"            del value[{key!r}]",
                ]
        # Most maps hold what the schema knows and nothing else: a look at their sizes tells.
        lacking = self.name("lacking", self._lacking(attribute.properties))
        reads.append(f"    return value if len(value) == len(stored) else {lacking}(value, stored)")
        self.lines += [*writes, "    return {'M': stored}", "", *reads, ""]
        return name


def run(writer: Writer, title: str) -> Mapping[str, Any]:
    """Run the collected source; its functions by name."""
    source = "\n".join(writer.lines) + "\n"
    # The same source has the same name: compiling a schema again does not pile up entries.
    filename = f"<leyden {title} {sha256(source.encode()).hexdigest()[:12]}>"
    code = compile(source, filename, "exec")
    linecache.cache[filename] = (len(source), None, source.splitlines(keepends=True), filename)
    namespace = {**writer.namespace, "__name__": f"leyden.compile.{title}"}
    exec(code, namespace)
    return namespace
