"""The names and the types that a generated module declares, collected while it is written."""

from __future__ import annotations

import keyword
import re
from collections.abc import Iterable, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from leyden.mapping.record import camel_case
from leyden.schema.spec import AttributeSpec, EntitySpec, ServiceSpec
from leyden.typed.writing.layout import block, literal_type, typed_dict
from leyden.types import type_of

if TYPE_CHECKING:
    from collections.abc import Iterator

TAKEN: Final = frozenset(
    {
        *("Any", "AsyncService", "Collections", "Decimal", "Entities", "Generic", "Literal", "M"),
        *("Mapping", "NotRequired", "Protocol", "Schemas", "Self", "Sequence", "Service"),
        *("TYPE_CHECKING", "TypedDict", "Unpack", "attrs", "datetime", "load", "load_async"),
        *("overload", "typed"),
    }
)
"""What the module itself needs; a record class of such a name gets an underscore behind it."""


_BUILT_IN: Final = frozenset(
    {"bool", "bytearray", "bytes", "dict", "float", "frozenset", "int", "list", "memoryview"}
    | {"str", "tuple", "type"}
)


class Names:
    """The names of one module, each given once, and what its types import and declare.

    It is the `Static` that the classes of `leyden.types` write their text with.
    """

    def __init__(self, service: ServiceSpec) -> None:
        self._used = set(TAKEN)
        self._imports: dict[str, set[str]] = {}
        self._path: list[str] = []
        self._parts: dict[tuple[str, str], str] = {}
        self._choices: dict[int, str] = {}
        self._shapes: dict[tuple[int, bool], str] = {}
        self._places: dict[int, str] = {}
        self._kept: list[object] = []
        self.aliases: dict[str, str] = {}
        """Second names, as statements, of types that something in the module is called as well."""
        self.literals: list[str] = []
        """The literal types, as statements."""
        self.declared: list[str] = []
        """The classes that were declared since this was last emptied."""
        self.records = {
            alias: self.new(camel_case(entity.alias)) for alias, entity in service.entities.items()
        }
        """The record classes by the aliases of their entities; they have the first choice."""

    def new(self, name: str) -> str:
        """A name that nothing else in the module has: this one where it can be."""
        while name in self._used or keyword.iskeyword(name):
            name += "_"
        self._used.add(name)
        return name

    def of(self, record: str, part: str) -> str:
        """The name of a class that belongs to a record's: `OrderKey`."""
        if (record, part) not in self._parts:
            self._parts[record, part] = self.new(record + part)
        return self._parts[record, part]

    def imports(self) -> list[str]:
        """The import statements for what the types name."""
        return [
            f"from {module} import {', '.join(sorted(names))}"
            for module, names in sorted(self._imports.items())
        ]

    def shielded(self, declared: Iterable[str], text: str) -> str:
        """The text of a class, in which the names that it declares do not hide types.

        Of an attribute called `datetime` or `list`, annotations behind it would mean the attribute.
        """
        known = {*TAKEN, *_BUILT_IN}.union(*self._imports.values())
        for name in declared:
            if name in known:
                # As a type, and not where it is declared, or given a default.
                found = rf"(?<![\w.\"'])(?<!def ){name}(?![\w\"']|\s*[:=])"
                text, count = re.subn(found, f"_{name}", text)
                if count:
                    self.aliases[name] = f"_{name} = {name}"
        return text

    @contextmanager
    def inside(self, *path: str) -> Iterator[None]:
        """Write the types of what stands at a path; new names are made of it."""
        self._path += path
        try:
            yield
        finally:
            del self._path[-len(path) :]

    def imported(self, module: str, name: str) -> str:
        """The text that names something of a module, which is imported for it."""
        self._imports.setdefault(module, set()).add(name)
        return name

    def choice(self, spec: AttributeSpec) -> str:
        """The name of the literal type that an enum's values are."""
        found = self._choices.get(id(spec))
        if found is None:
            found = self._choices[id(spec)] = self._of_path()
            self.literals.append(f"{found} = {literal_type(spec.values)}")
        return found

    def shape(self, spec: AttributeSpec, *, given: bool) -> str:
        """The name of the dict type that a map's properties are."""
        found = self._shapes.get((id(spec), given))
        if found is None:
            fields = self._fields(spec, given=given)
            if given and fields == self._fields(spec, given=False):
                found = self.shape(spec, given=False)
            else:
                found = self._of_path("Given" if given else "")
                self.declared.append(self.shielded(fields, typed_dict(found, fields)))
            self._shapes[id(spec), given] = found
        return found

    def places(self, spec: AttributeSpec, properties: Mapping[str, AttributeSpec]) -> str:
        """The name of the class that an attribute with these properties is in conditions."""
        found = self._places.get(id(spec))
        if found is None:
            # What is known by its identity must not go away.
            self._kept.append(properties)
            parts = {name: self.operand(part) for name, part in properties.items()}
            found = self._places[id(spec)] = self._of_path("Places")
            kind = type_of(spec).static_given(spec, self)
            fields = [
                f"{name}: {kind}"
                for name, kind in parts.items()
                if name.isidentifier() and not keyword.iskeyword(name)
            ]
            text = block(f"class {found}(typed.Properties[{kind}]):", fields)
            self.declared.append(self.shielded(parts, text))
        return found

    def part(self, spec: AttributeSpec, *, given: bool = False, name: str | None = None) -> str:
        """The type of an attribute, or of a part of one; `given` as calls take it.

        What a hook makes of a value, nobody knows but the hook.
        """
        if (spec.set if given else spec.get) is not None:
            return self.imported("typing", "Any")
        kind = type_of(spec)
        with self.inside(name or spec.name):
            return kind.static_given(spec, self) if given else kind.static(spec, self)

    def operand(self, spec: AttributeSpec) -> str:
        """The class of an attribute, or of a part of one, in conditions."""
        if spec.encrypt:
            return "typed.Encrypted"
        with self.inside(spec.name):
            return type_of(spec).static_operand(spec, self)

    def _fields(self, spec: AttributeSpec, *, given: bool) -> dict[str, tuple[str, bool]]:
        """The properties of a map with their types, and whether each must be there."""
        return {
            name: (self.part(part, given=given), part.required and (not given or not part.default))
            for name, part in (spec.properties or {}).items()
            if given or not part.hidden
        }

    def _of_path(self, ending: str = "") -> str:
        words = [camel_case(word) for word in self._path if word.strip("_").isidentifier()]
        return self.new("".join(words) + ending)


def is_optional(spec: EntitySpec, name: str) -> bool:
    """Whether records may lack an attribute: not the required ones and those of the own key."""
    return not spec.attributes[name].required and name not in spec.primary.composites


def optional(kind: str) -> str:
    """The type of what may be None."""
    return kind if kind == "Any" else f"{kind} | None"


def together(kinds: Iterable[str]) -> str:
    """The type of what is one of several."""
    return " | ".join(dict.fromkeys(kinds)) or "None"
