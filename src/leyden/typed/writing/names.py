"""The names and types that a generated module declares, collected while it is written."""

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
"""Names that the module itself needs; a record class with such a name gets an underscore."""


_BUILT_IN: Final = frozenset(
    {"bool", "bytearray", "bytes", "dict", "float", "frozenset", "int", "list", "memoryview"}
    | {"str", "tuple", "type"}
)


class Names:
    """The names of one module, each used once, and what its types import and declare.

    The classes of `leyden.types` write their types with it, as their `Static`.
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
        """Second names, as statements, for types whose names the module also uses otherwise."""
        self.literals: list[str] = []
        """The literal types, as statements."""
        self.declared: list[str] = []
        """The classes declared since this list was last emptied."""
        self.records = {
            alias: self.new(camel_case(entity.alias)) for alias, entity in service.entities.items()
        }
        """The record classes by the aliases of their entities; they get to choose names first."""

    def new(self, name: str) -> str:
        """Return a name that nothing else in the module has: the given one if it is free."""
        while name in self._used or keyword.iskeyword(name):
            name += "_"
        self._used.add(name)
        return name

    def of(self, record: str, part: str) -> str:
        """Return the name of a class that belongs to a record's: `OrderKey`."""
        if (record, part) not in self._parts:
            self._parts[record, part] = self.new(record + part)
        return self._parts[record, part]

    def imports(self) -> list[str]:
        """Return the import statements that the types need."""
        return [
            f"from {module} import {', '.join(sorted(names))}"
            for module, names in sorted(self._imports.items())
        ]

    def shielded(self, declared: Iterable[str], text: str) -> str:
        """Return the text of a class in which its attributes' names do not hide types.

        After an attribute called `datetime` or `list`, annotations with that name would mean the
        attribute.
        """
        known = {*TAKEN, *_BUILT_IN}.union(*self._imports.values())
        for name in declared:
            if name in known:
                # Match it as a type, and not where it is declared or gets a default.
                found = rf"(?<![\w.\"'])(?<!def ){name}(?![\w\"']|\s*[:=])"
                text, count = re.subn(found, f"_{name}", text)
                if count:
                    self.aliases[name] = f"_{name} = {name}"
        return text

    @contextmanager
    def inside(self, *path: str) -> Iterator[None]:
        """Write types for what is at a path, from which new names are made."""
        self._path += path
        try:
            yield
        finally:
            del self._path[-len(path) :]

    def imported(self, module: str, name: str) -> str:
        """Import a name from a module, and return the text to use for it."""
        self._imports.setdefault(module, set()).add(name)
        return name

    def choice(self, spec: AttributeSpec) -> str:
        """Return the name of an enum's literal type."""
        found = self._choices.get(id(spec))
        if found is None:
            found = self._choices[id(spec)] = self._of_path()
            self.literals.append(f"{found} = {literal_type(spec.values)}")
        return found

    def shape(self, spec: AttributeSpec, *, given: bool) -> str:
        """Return the name of the dict type for a map's properties."""
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
        """Return the name of the class that an attribute with properties has in conditions."""
        found = self._places.get(id(spec))
        if found is None:
            # Keep a reference, because these specs are identified by their id.
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
        """Return the type of an attribute or a part of one; with `given`, as calls take it.

        If a hook converts the value, its type is unknown.
        """
        if (spec.set if given else spec.get) is not None:
            return self.imported("typing", "Any")
        kind = type_of(spec)
        with self.inside(name or spec.name):
            return kind.static_given(spec, self) if given else kind.static(spec, self)

    def operand(self, spec: AttributeSpec) -> str:
        """Return the class of an attribute, or a part of one, in conditions."""
        if spec.encrypt:
            return "typed.Encrypted"
        with self.inside(spec.name):
            return type_of(spec).static_operand(spec, self)

    def _fields(self, spec: AttributeSpec, *, given: bool) -> dict[str, tuple[str, bool]]:
        """Return a map's properties with their types, and whether each is required."""
        return {
            name: (self.part(part, given=given), part.required and (not given or not part.default))
            for name, part in (spec.properties or {}).items()
            if given or not part.hidden
        }

    def _of_path(self, ending: str = "") -> str:
        words = [camel_case(word) for word in self._path if word.strip("_").isidentifier()]
        return self.new("".join(words) + ending)


def is_optional(spec: EntitySpec, name: str) -> bool:
    """Return whether records may lack an attribute that is neither required nor in the key."""
    return not spec.attributes[name].required and name not in spec.primary.composites


def optional(kind: str) -> str:
    """Return the type of a value that may be None."""
    return kind if kind == "Any" else f"{kind} | None"


def together(kinds: Iterable[str]) -> str:
    """Return the union of types."""
    return " | ".join(dict.fromkeys(kinds)) or "None"
