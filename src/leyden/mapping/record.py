"""Record classes, whose instances reads return and callers construct.

A class is made when a schema is loaded, so pickle cannot find it by a name in a module. Instead, a
pickled record names its entity and attributes, and unpickling finds the class of the schema that is
loaded in that process. Loading a schema twice makes one class.
"""

from __future__ import annotations

import copy
import keyword
import re
import sys
import threading
from collections.abc import Callable, Iterable, Mapping
from operator import attrgetter
from typing import TYPE_CHECKING, Any, ClassVar, Protocol, TypeAlias
from weakref import WeakValueDictionary

from leyden._attrs import field, fields, frozen
from leyden._calls import misplaced, shorten
from leyden.errors import ArgumentError, DecodeError, LeydenError
from leyden.mapping.handmade import Kept, alike, made_anew, make, replaced, state_of, with_state
from leyden.mapping.lack import WHOLE, Lack, class_of_whole, part_class, root_of
from leyden.mapping.showing import SECRET, Writers, json_line, json_writers, plain_values
from leyden.schema.spec import AttributeSpec, EntitySpec
from leyden.types import type_of


class _Serializer:
    """`__pydantic_serializer__`, which Pydantic uses for records without an annotation."""

    def __get__(self, instance: object, kind: type[Any]) -> Any:
        from leyden.mapping.validating import serializer

        made = serializer(root_of(kind) if kind is not Record else kind)
        type.__setattr__(kind, "__pydantic_serializer__", made)
        return made


class Record:
    """The base of all record classes, for annotations and `isinstance`.

    A record is a frozen attrs object with an attribute for each attribute of the entity, None if
    the item does not have it. A record that shows only a part of its item has only that part in all
    methods, and in `attrs.asdict`, `pickle`, `==` and `repr`; other attributes raise NotReadError.
    """

    # The methods of attrs would compare classes, and read slots that a partial record lacks.
    __slots__ = ()
    __leyden_attributes__: ClassVar[Mapping[str, AttributeSpec]]
    """The attribute of each slot."""
    __leyden_secret__: ClassVar[frozenset[str]]
    """The slots whose values are not printed."""
    __leyden_alias__: ClassVar[str]
    __leyden_lack__: ClassVar[Lack]
    __leyden_shape__: ClassVar[_Shape]
    __leyden_values__: ClassVar[Any]
    """Returns the values of a record with all its slots; None if some were not read."""
    __leyden_mapping__: ClassVar[Callable[[], Any] | None] = None
    """Returns the mapping of the entity, which checks values."""

    def __replace__(self, /, **changes: Any) -> Any:
        """Return a copy with other values, for `copy.replace`; None for no value."""
        try:
            return replaced(self, changes)
        except LeydenError as error:
            self.__leyden_name__(error)
            raise

    def __attrs_post_init__(self) -> None:
        """Check a record that a library made without its constructor, as for attrs objects."""
        made_anew(self)

    __post_init__ = __attrs_post_init__
    """The same, for libraries that make dataclasses without their constructor, such as msgspec."""

    def __leyden_name__(self, error: LeydenError) -> None:
        shorten(error)
        error.operation = error.operation or f"{self.__leyden_alias__}.record"

    def to_dict(self, *, json: bool = False) -> dict[str, Any]:
        """Return the attributes by name, without those that are absent or were not read.

        The values are those of the record itself. With `json`, they have JSON types only, as
        `leyden get --json` shows them: times are ISO 8601 text, sets are sorted lists, bytes are
        base64 text. A decimal is an int or a float if one of them is exact, else text.

        >>> order.to_dict()                                         # doctest: +SKIP
        {'order_id': 'o1', 'total': Decimal('19.9'), 'placed_at': datetime.datetime(...)}
        >>> order.to_dict(json=True)                                # doctest: +SKIP
        {'order_id': 'o1', 'total': 19.9, 'placed_at': '2026-02-03T09:15:00.000Z'}
        """
        state = state_of(self)
        if json:
            return plain_values(_writers_of(type(self)), state)
        names = self.__leyden_attributes__
        return {names[slot].name: value for slot, value in state.items() if value is not None}

    def to_json(self) -> str:
        """Return the record as JSON text on one line. A decimal is a number with all its digits.

        >>> order.to_json()                                         # doctest: +SKIP
        '{"order_id":"o1","total":19.9,"placed_at":"2026-02-03T09:15:00.000Z"}'
        """
        return json_line(_writers_of(type(self)), state_of(self))

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: Any) -> Any:
        """Return Pydantic's schema for records of this class; see `leyden.mapping.validating`."""
        from leyden.mapping.validating import core_schema

        return core_schema(cls)

    if not TYPE_CHECKING:
        __pydantic_serializer__ = _Serializer()

        @property
        def __dict__(self) -> dict[str, Any]:
            """The result of `vars()`, which encoders use for objects that they do not know."""
            return self.to_dict(json=True)

    def __repr__(self) -> str:
        secret = self.__leyden_secret__
        shown = [
            f"{name}={_secret(value) if name in secret else repr(value)}"
            for name, value in state_of(self).items()
            if value is not None
        ]
        return f"{type(self).__name__}({', '.join(shown)})"

    def __eq__(self, other: object) -> Any:
        """Return whether both are records of one entity that show the same, equal attributes."""
        kind, other_kind = self.__class__, other.__class__
        if kind is not other_kind and not (
            issubclass(other_kind, Record) and root_of(kind) is root_of(other_kind)
        ):
            return NotImplemented
        values, other_values = kind.__leyden_values__, other_kind.__leyden_values__
        if values is not None and other_values is not None:
            return values(self) == other_values(other)
        return state_of(self) == state_of(other)

    def __hash__(self) -> int:
        values = self.__leyden_values__
        shown = tuple(state_of(self).items()) if values is None else values(self)
        return hash((root_of(type(self)), shown))

    def __copy__(self) -> Any:
        return with_state(type(self), state_of(self))

    def __deepcopy__(self, memo: dict[int, Any]) -> Any:
        return with_state(type(self), copy.deepcopy(state_of(self), memo))

    def __reduce__(self) -> tuple[Any, ...]:
        lack = self.__leyden_lack__
        plain = (self.__leyden_shape__, state_of(self))
        return _restored, (plain if lack is WHOLE else (*plain, lack))


class Changes:
    """An annotation for Pydantic and FastAPI: a body of changes, in which nothing is required.

    The body becomes a record, which you can pass to `patch`.

    >>> def change(order_id: str, changes: Annotated[Order, leyden.Changes]): ...  # doctest: +SKIP
    """

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: Any) -> Any:
        """Return Pydantic's schema. Raises ArgumentError if the class is not a record class."""
        from leyden.mapping.validating import core_schema

        if not hasattr(source, "__leyden_attributes__"):
            raise ArgumentError(
                "leyden.Changes annotates the class of an entity's records, as in "
                f"Annotated[Order, leyden.Changes] or Annotated[Order, leyden.Changes] | None, not "
                f"{getattr(source, '__name__', None) or source}"
            )
        return core_schema(source, partial=True)


class _Signature:
    """`__signature__` of a record class: a keyword argument for each attribute."""

    def __get__(self, instance: object, kind: type[Any]) -> Any:
        from inspect import Parameter, Signature

        how = Parameter.KEYWORD_ONLY
        return Signature(
            [Parameter(p.name, how, default=None, annotation=p.type) for p in fields(kind)]
        )


class _DataclassFields:
    """`__dataclass_fields__` of an entity's record class, which the classes of instances lack.

    FastAPI takes a parameter as the body of a request if its class is a dataclass. But it also
    serializes instances of dataclasses in a way of its own, which fails for bytes.
    """

    def __get__(self, instance: object, kind: type[Any]) -> Any:
        root = root_of(kind)
        if kind is not root:
            raise AttributeError("__dataclass_fields__")
        found = root.__dict__.get("__leyden_dataclass__")
        if found is None:
            from dataclasses import make_dataclass

            parts = [(part.name, part.type, None) for part in fields(root)]
            twin: Any = make_dataclass(root.__name__, parts, kw_only=True, init=False)
            found = twin.__dataclass_fields__
            type.__setattr__(root, "__leyden_dataclass__", found)
        return found


def _init(self: Any, /, *wrong: Any, **given: Any) -> None:
    """The constructor of record classes for callers; decoding does not use it."""
    try:
        if wrong:
            shown = next(iter(self.__leyden_attributes__), "")
            form = f"{self.__leyden_alias__}.record({f'{shown}=...' if shown else ''})"
            raise misplaced("record", form, len(wrong))
        make(self, given, sys._getframe(1))
    except LeydenError as error:
        self.__leyden_name__(error)
        raise


_Shape: TypeAlias = tuple[str, str, str, tuple[tuple[str, str], ...]]
"""The service, the entity, its version, and the slots with their types."""


def blank_class(record: type[Any]) -> type[Any]:
    """Return a class whose instances become records when their `__class__` is assigned.

    Setting a slot of a frozen class needs object.__setattr__, once per attribute. A class with the
    same layout that is not frozen takes plain assignments, and one assignment of `__class__` turns
    its instance into a record.
    """
    slots = tuple(part.name for part in fields(record))
    return type(f"_Blank{record.__name__}", (Record,), {"__slots__": slots})


def record_slots(spec: EntitySpec) -> dict[str, str]:
    """Return the slots of an entity's records, by the attributes that they show."""
    return python_names(name for name, one in spec.attributes.items() if not one.hidden)


def record_class(spec: EntitySpec, slots: Mapping[str, str]) -> type[Any]:
    """Return a frozen attrs class with the `slots` (attribute name: slot name).

    All arguments of its constructor are keyword-only and default to None. Its repr leaves out None.
    The same schema always has the same class.
    """
    kinds = tuple((slot, str(_annotation(spec.attributes[name]))) for name, slot in slots.items())
    shape: _Shape = (spec.service, spec.entity, spec.version, kinds)
    whole = (*shape, camel_case(spec.alias), _doc(spec, slots))
    with _lock:
        record = _classes.get(whole)
        attributes = (spec.attributes[name] for name in slots)
        if (
            record is None
            or record.__leyden_secret__ != _secret_slots(spec, slots)
            or not alike(attributes, record.__leyden_attributes__.values())
        ):
            record = _classes[whole] = _make(spec, slots, shape)
        _latest[shape] = _named[shape[:3]] = record
    return record


def _annotation(spec: AttributeSpec) -> Any:
    """Return the Python type of an attribute's values in records."""
    return type_of(spec).annotation(spec)


def _secret_slots(spec: EntitySpec, slots: Mapping[str, str]) -> frozenset[str]:
    """Return the slots whose values must not appear in logs and tracebacks.

    They are encrypted attributes, and attributes whose `get` hook watches an encrypted one.
    """
    secret = {name for name, one in spec.attributes.items() if one.encrypt}
    return frozenset(
        slot
        for name, slot in slots.items()
        if secret
        and (name in secret or not {"*", *secret}.isdisjoint(_watched(spec.attributes[name])))
    )


def _watched(spec: AttributeSpec) -> tuple[str, ...]:
    return spec.watch if spec.get is not None else ()


def _secret(value: object) -> str:
    return SECRET


def _make(spec: EntitySpec, slots: Mapping[str, str], shape: _Shape) -> type[Any]:
    secret = _secret_slots(spec, slots)
    body: dict[str, Any] = {
        "__doc__": _doc(spec, slots),
        "__module__": __name__,
        "__leyden_shape__": shape,
        "__leyden_lack__": WHOLE,
        "__init__": _init,
        "__signature__": _Signature(),
        "__dataclass_fields__": _DataclassFields(),
        "__leyden_alias__": spec.alias,
        "__leyden_attributes__": {slot: spec.attributes[name] for name, slot in slots.items()},
        "__leyden_secret__": secret,
        "__leyden_parts__": {},
        "__leyden_narrowed__": {},
        "__leyden_values__": staticmethod(
            attrgetter(*slots.values()) if slots else lambda record: ()
        ),
        "__annotations__": {},
    }
    for name, slot in slots.items():
        kind = _annotation(spec.attributes[name])
        body["__annotations__"][slot] = kind if kind is Any else kind | None
        # The alias keeps the leading underscores of the argument's name.
        # Libraries that print attrs classes field by field call the field's `repr`.
        printed = _secret if slot in secret else repr
        body[slot] = field(default=None, kw_only=True, alias=Kept(slot), repr=printed)
    made = type(camel_case(spec.alias), (Record,), body)
    record: Any = frozen(made, eq=False, repr=False, weakref_slot=False)
    record.__leyden_root__ = record
    record.__leyden_whole__ = class_of_whole(record)
    root: type[Any] = record
    return root


_lock = threading.Lock()
_classes: WeakValueDictionary[tuple[Any, ...], type[Any]] = WeakValueDictionary()
_latest: WeakValueDictionary[_Shape, type[Any]] = WeakValueDictionary()
_named: WeakValueDictionary[tuple[str, str, str], type[Any]] = WeakValueDictionary()
"""The latest class by service, entity and version, regardless of its attributes."""
_promised: WeakValueDictionary[tuple[str, str, str], Promised] = WeakValueDictionary()
"""The latest loaded entity, by service, entity and version."""


class Promised(Protocol):
    """An entity of a loaded schema, whose record class is made at first use."""

    @property
    def spec(self) -> EntitySpec: ...  # noqa: D102
    @property
    def record(self) -> type[Any]: ...  # noqa: D102


def promise_class(entity: Promised) -> None:
    """Register an entity, so that pickled records find its class before it was made.

    If a class for this entity exists or is promised already, the entity makes its class now,
    because the latest loaded entity must check the records that callers construct.
    """
    spec = entity.spec
    name = (spec.service, spec.entity, spec.version)
    before = _promised.get(name)
    _promised[name] = entity
    if before is not None:
        _ = before.record
    if name in _named:
        _ = entity.record


def loaded_class(shape: _Shape) -> type[Any] | None:
    """Return the class of the latest loaded entity of this shape, even if it was not used yet."""
    promised = _promised.get(shape[:3])
    if promised is not None:
        _ = promised.record
    return _latest.get(shape)


def _restored(shape: _Shape, state: dict[str, Any], lack: Lack = WHOLE) -> Any:
    """Unpickle a record, as an instance of the loaded schema's class."""
    record = loaded_class(shape)
    if record is None:
        service, entity, version, _ = shape
        raise DecodeError(
            f'a pickled record of "{entity}" (version {version}, service "{service}") needs its '
            "schema: load it first, with leyden.load(), with the same attributes as before",
            entity=entity,
        )
    return with_state(part_class(record, lack), state)


def _writers_of(kind: type[Any]) -> Writers:
    """Return the functions that write the slots of an entity's records as JSON."""
    root = root_of(kind)
    found: Writers | None = root.__dict__.get("__leyden_writers__")
    if found is None:
        found = json_writers(root.__leyden_attributes__)
        type.__setattr__(root, "__leyden_writers__", found)
    return found


def _doc(spec: EntitySpec, slots: Mapping[str, str]) -> str:
    lines = [
        spec.description or f'An item of the entity "{spec.entity}".',
        "",
        "Attributes (None if the item does not have them):",
        "",
    ]
    for name, slot in slots.items():
        attribute = spec.attributes[name]
        kind = " | ".join(attribute.values) if attribute.values else attribute.type
        note = f": {attribute.description}" if attribute.description else ""
        lines.append(f"* `{slot}` ({kind}){note}")
    return "\n".join(lines) + "\n"


def camel_case(alias: str) -> str:
    """Return a class name: `ThreadMessage` for `thread_message`."""
    words = [word for word in re.split(r"[^0-9A-Za-z]+", alias) if word]
    name = "".join(word[0].upper() + word[1:] for word in words) or "Record"
    return f"_{name}" if name[0].isdigit() else name


def python_names(names: Iterable[str], taken: Iterable[str] = ("self",)) -> dict[str, str]:
    """Return an identifier for each name: the name itself if possible.

    Keywords and names in `taken` get an underscore at their end. Characters that are not allowed in
    identifiers become underscores.
    """
    used = set(taken)
    found = {}
    for name in names:
        python = name if name.isidentifier() else re.sub(r"\W", "_", name)
        if not python.isidentifier() or (python.startswith("__") and python.endswith("__")):
            python = f"a_{python.strip('_')}"
        while keyword.iskeyword(python) or python in used:
            python += "_"
        used.add(python)
        found[name] = python
    return found
