"""The codec of an entity: encodes values into an item, and decodes an item into values or a record.

The codec is generated source with the expression of each attribute's type inlined, so reading an
item needs neither a loop over attributes nor a call for each value. The functions assume that every
value fits its type. If one does not, `decode_leniently` reads it again and says what is wrong.
"""

from __future__ import annotations

import linecache
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import Any, Final, TypeAlias

from leyden._attrs import frozen
from leyden._code import code_of, digest_of
from leyden.errors import UnknownAttributeError
from leyden.mapping.attribute import CompiledAttribute, decode_leniently
from leyden.mapping.lack import WHOLE, Lack, part_class, withhold, without
from leyden.mapping.record import blank_class
from leyden.types import TYPES
from leyden.types.anything import decode_any, encode_any, encode_any_set
from leyden.types.base import Item
from leyden.types.lacking import LackingMap, has_properties, lacking_properties, places_lacking

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
"""Makes the function that is called for a map that may hold more than these properties."""


class Writer:
    """Collects lines of source, and the objects that they use.

    `lacking` handles a map that may hold more than the schema knows.
    """

    def __init__(self, lacking: Lacking = lacking_properties) -> None:
        self.lines: list[str] = []
        self._lacking = lacking
        self.namespace: dict[str, Any] = dict(_NAMESPACE)
        self._maps: dict[int, str] = {}

    def name(self, stem: str, value: Any) -> str:
        """Return a global name for an object that the source uses."""
        name = f"{stem}_{len(self.namespace)}"
        self.namespace[name] = value
        return name

    def encode(self, attribute: CompiledAttribute, value: str, level: int = 0) -> str:
        """Return the expression for the AttributeValue of the accepted value named `value`."""
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
        if attribute.variants is not None:
            return f"encode_{self._union(attribute)}({value})"
        if spec.type == "map":
            return f"{{'M': {{key: encode_any({item}) for key, {item} in {value}.items()}}}}"
        return f"encode_any({value})"

    def decode(self, attribute: CompiledAttribute, stored: str, level: int = 0) -> str:
        """Return the expression for the value of the AttributeValue named `stored`."""
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
        if attribute.variants is not None:
            return f"decode_{self._union(attribute)}({stored})"
        if spec.type == "map":
            return f"{{key: decode_any({item}) for key, {item} in {inner}.items()}}"
        return f"decode_any({stored})"

    def _map(self, attribute: CompiledAttribute) -> str:
        """Write both functions of a typed map, once, and return the name that they share."""
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
        # Most maps hold only what the schema knows, and comparing sizes is enough to tell.
        lacking = self.name("lacking", self._lacking(attribute.properties))
        reads.append(f"    return value if len(value) == len(stored) else {lacking}(value, stored)")
        self.lines += [*writes, "    return {'M': stored}", "", *reads, ""]
        return name

    def _union(self, attribute: CompiledAttribute) -> str:
        """Write both functions of a union, once, and return the name that they share.

        A value without a known tag raises, so that `decode_leniently` reads it.
        """
        known = self._maps.get(id(attribute))
        if known is not None:
            return known
        assert attribute.variants is not None
        assert attribute.tag is not None
        maps = {tag: self._map(variant) for tag, variant in attribute.variants.items()}
        name = f"union_{len(self._maps)}"
        self._maps[id(attribute)] = name
        word, stored_word = attribute.spec.tag, attribute.tag.spec.field
        for way in ("encode", "decode"):
            chosen = ", ".join(f"{tag!r}: {way}_{one}" for tag, one in maps.items())
            self.lines.append(f"{way}_variants_of_{name} = {{{chosen}}}")
        self.lines += [
            f"def encode_{name}(value):",
            f"    return encode_variants_of_{name}[value[{word!r}]](value)",
            "",
            f"def decode_{name}(stored):",
            f"    tag = stored['M'][{stored_word!r}]['S']",
            f"    return decode_variants_of_{name}[tag](stored)",
            "",
        ]
        return name


def run(writer: Writer, title: str) -> Mapping[str, Any]:
    """Run the collected source, and return its functions by name."""
    source = "\n".join(writer.lines) + "\n"
    # The same source has the same name, so compiling a schema again adds no entry to linecache.
    filename = f"<leyden {title} {digest_of(source)[:12]}>"
    code = code_of(source, filename)
    if code.co_filename == filename:
        linecache.cache[filename] = (len(source), None, source.splitlines(keepends=True), filename)
    namespace = {**writer.namespace, "__name__": f"leyden.mapping.{title}"}
    exec(code, namespace)
    return namespace


@frozen
class Codec:
    """The three generated functions of an entity."""

    encode: Callable[[Mapping[str, Any]], Item]
    decode: Callable[..., Any]
    decode_values: Callable[[Item], dict[str, Any]]


def compile_codec(
    attributes: Mapping[str, CompiledAttribute],
    record: type[Any],
    slots: Mapping[str, str],
    known_fields: frozenset[str],
    *,
    title: str,
) -> Codec:
    """Write and run the source of an entity's codec, and set each attribute's own functions.

    `slots` maps the attributes that records show to their slots. `known_fields` are all fields that
    the schema knows.
    """
    writer = Writer()
    everywhere = list(all_attributes(attributes.values()))
    written: dict[str, str] = {}
    """The function for each expression. Most attributes are texts, and share one."""

    def function_of(verb: str, value: str, expression: str) -> str:
        name = written.get(expression)
        if name is None:
            name = written[expression] = f"{verb}_{len(written)}"
            writer.lines += [f"def {name}({value}):", f"    return {expression}", ""]
        return name

    functions_of = [
        (
            attribute,
            function_of("encode", "value", writer.encode(attribute, "value")),
            function_of("decode", "stored", writer.decode(attribute, "stored")),
        )
        for attribute in everywhere
    ]

    def check_names(values: Mapping[str, Any]) -> None:
        for name in values:
            if name not in attributes:
                raise UnknownAttributeError(f'there is no attribute "{name}" to store')

    writer.lines += ["def encode(values):", "    item = {}", "    get = values.get"]
    for name, attribute in attributes.items():
        writer.lines += [
            f"    value = get({name!r})",
            "    if value is not None:",
            f"        item[{attribute.spec.field!r}] = {writer.encode(attribute, 'value')}",
        ]
    writer.lines += [
        "    if len(item) != len(values):",
        f"        {writer.name('check_names', check_names)}(values)",
        "    return item",
        "",
        "def decode_values(item):",
        "    values = {}",
    ]
    for name, attribute in attributes.items():
        writer.lines.append(f"    if {attribute.spec.field!r} in item:")
        _write_reading(writer, attribute, "value")
        writer.lines += [
            "        if value is not None:",
            f"            values[{name!r}] = value",
        ]
    writer.lines += ["    return values", ""]
    _write_decode(writer, attributes, record, slots, known_fields)
    functions = run(writer, title)
    for attribute, encode, decode in functions_of:
        attribute.encode = functions[encode]
        attribute.read = functions[decode]
    deferred = {slots[name]: attributes[name] for name in slots if attributes[name].spec.deferred}
    decode_all = functions["decode"]
    if deferred:
        watched = {name for name in slots for name in attributes[name].spec.watch}
        # Hooks that watch deferred attributes see them anyway, so they must be decoded.
        seen = "*" in watched or any(attributes[name].spec.deferred for name in watched)
        fields = {slot: attribute.spec.field for slot, attribute in deferred.items()}
        decode_all = _deferring(decode_all, fields, seen=seen)
    return Codec(functions["encode"], decode_all, functions["decode_values"])


def _deferring(
    decode: Callable[[Item], Any], fields: Mapping[str, str], *, seen: bool
) -> Callable[..., Any]:
    """Return a `decode` that leaves out of records the slots whose fields the item has."""

    def decode_rest(item: Item, deferred: bool = False) -> Any:
        left = () if deferred else tuple(slot for slot in fields if fields[slot] in item)
        if not left:
            return decode(item)
        rest = item
        if not seen:
            rest = dict(item)
            for slot in left:
                del rest[fields[slot]]
        record = decode(rest)
        kind = without(type(record), left)
        for slot in left:
            object.__delattr__(record, slot)
        object.__setattr__(record, "__class__", kind)
        return record

    return decode_rest


def all_attributes(attributes: Iterable[CompiledAttribute]) -> Iterable[CompiledAttribute]:
    """Yield the attributes, their elements and their properties, at any depth."""
    for attribute in attributes:
        yield attribute
        if attribute.items is not None:
            yield from all_attributes([attribute.items])
        if attribute.properties is not None:
            yield from all_attributes(attribute.properties.values())
        if attribute.variants is not None and attribute.tag is not None:
            yield from all_attributes([attribute.tag, *attribute.variants.values()])


def _write_reading(writer: Writer, attribute: CompiledAttribute, target: str) -> None:
    """Write the lines that read one field into `target`, if the item has it."""
    field = attribute.spec.field
    recover = writer.name("recover", partial(decode_leniently, attribute, where=field))
    writer.lines += [
        "        try:",
        f"            {target} = {writer.decode(attribute, f'item[{field!r}]')}",
        "        except Exception:",
        f"            {target} = {recover}(item[{field!r}])",
    ]


def _write_decode(
    writer: Writer,
    attributes: Mapping[str, CompiledAttribute],
    record: type[Any],
    slots: Mapping[str, str],
    known_fields: frozenset[str],
) -> None:
    whole = part_class(record, WHOLE)
    make, final = writer.name("make", blank_class(record)), writer.name("record", whole)
    writer.lines += ["def decode(item, deferred=False):", f"    record = {make}()"]
    reveals = {name: attributes[name].apply_get for name in slots if attributes[name].apply_get}
    for name, slot in slots.items():
        attribute = attributes[name]
        writer.lines.append(f"    if {attribute.spec.field!r} in item:")
        _write_reading(writer, attribute, f"record.{slot}")
        writer.lines += ["    else:", f"        record.{slot} = None"]
    if reveals:
        writer.lines.append("    values = decode_values(item)")
    # Hooks that watch other attributes run last, and see the others as records show them.
    specs = {name: attributes[name].spec for name in reveals}
    watching = {name for name, spec in specs.items() if spec.watch and spec.get is not None}
    mixed = 0 < len(watching) < len(reveals)
    if mixed:
        writer.lines.append("    shown = dict(values)")
    for name, reveal in sorted(reveals.items(), key=lambda pair: pair[0] in watching):
        function = writer.name("apply_get", reveal)
        seen = "shown" if mixed and name in watching else "values"
        condition = _shown_when(attributes[name])
        indent = "    "
        if condition:
            writer.lines.append(f"    if {condition}:")
            indent = "        "
        writer.lines.append(
            f"{indent}record.{slots[name]} = {function}(values.get({name!r}), {seen})"
        )
        if mixed and name not in watching:
            writer.lines.append(f"{indent}shown[{name!r}] = record.{slots[name]}")
    writer.lines.append(f"    record.__class__ = {final}")
    visible = {name: attributes[name] for name in slots}
    aware = writer.name("aware", _awareness(visible, slots, known_fields))
    values = "values" if reveals else "{}"
    writer.lines += [
        f"    if {' or '.join(_signs(writer, visible, slots, known_fields))}:",
        f"        return {aware}(record, item, {values})",
        "    return record",
        "",
    ]


def _signs(
    writer: Writer,
    shown: Mapping[str, CompiledAttribute],
    slots: Mapping[str, str],
    known_fields: frozenset[str],
) -> list[str]:
    """Return the conditions for a record that does not show all of its item; usually none holds."""
    signs = [f"not {writer.name('known', known_fields)}.issuperset(item)"]
    for name, attribute in shown.items():
        value = f"record.{slots[name]}"
        if attribute.properties is not None and not any(
            map(has_properties, attribute.properties.values())
        ):
            signs.append(f"{value}.__class__ is {writer.name('lacking_map', LackingMap)}")
        elif has_properties(attribute):
            lacks = writer.name("lacks", partial(places_lacking, attribute))
            signs.append(f"({value} is not None and next({lacks}({value}), None) is not None)")
        if _only_shown(attribute):
            stored = f"values.get({name!r})"
            signs.append(f"({stored} is not None and {value} != {stored})")
    return signs


def _only_shown(attribute: CompiledAttribute) -> bool:
    """Return whether a `get` hook changes the value and no `set` hook converts it back."""
    if attribute.spec.get is not None and attribute.spec.set is None:
        return True
    for parts in (attribute.properties, attribute.variants):
        if parts is not None:
            return any(map(_only_shown, parts.values()))
    return attribute.items is not None and _only_shown(attribute.items)


def _awareness(
    shown: Mapping[str, CompiledAttribute], slots: Mapping[str, str], known_fields: frozenset[str]
) -> Callable[[Any, Item, Mapping[str, Any]], Any]:
    """Return the function that notes on a record what it does not show of its item."""
    mapped = [(slots[n], attribute) for n, attribute in shown.items() if has_properties(attribute)]
    hooked = [(n, slots[n]) for n, attribute in shown.items() if _only_shown(attribute)]

    def aware(record: Any, item: Item, values: Mapping[str, Any]) -> Any:
        inside: dict[str, None] = {}
        for slot, attribute in mapped:
            inside |= dict.fromkeys(places_lacking(attribute, getattr(record, slot)))
        lack = Lack(
            fields=tuple(sorted(item.keys() - known_fields)),
            inside=tuple(inside),
            reworked=tuple(
                name
                for name, slot in hooked
                if values.get(name) is not None and getattr(record, slot) != values[name]
            ),
        )
        return record if lack == WHOLE else withhold(record, lack)

    return aware


def _shown_when(attribute: CompiledAttribute) -> str:
    """Return the condition for an attribute's hooks: it, or one that it watches, is stored."""
    name = attribute.spec.name
    if attribute.spec.get is None:
        return f"{name!r} in values"
    watched = attribute.spec.watch
    if "*" in watched:
        return ""
    return " or ".join(f"{other!r} in values" for other in (name, *watched))
