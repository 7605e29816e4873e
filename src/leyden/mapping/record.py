"""Record classes: what a read gives back, and what a record knows that it does not show.

A record may show a part of its item: some attributes were read, some fields no schema knows. What
it leaves out is its `Lack`, which its class holds, so that whole records, which are most, carry
nothing for it; a class for each lack is made when the first such record is, as a subclass of the
entity's own.

A class is made when a schema is loaded, so pickle cannot find it by a name in a module. A pickled
record says instead which entity's it is, with which attributes, and finds the class of the schema
that is loaded where it is read. Loading one schema twice gives one class.
"""

from __future__ import annotations

import copy
import keyword
import re
import threading
from collections.abc import Callable, Iterable, Mapping
from functools import wraps
from operator import attrgetter
from typing import TYPE_CHECKING, Any, ClassVar, Final, Protocol, TypeAlias
from weakref import WeakSet, WeakValueDictionary

from leyden._attrs import DESCRIBED, evolve, field, fields, frozen, wrap_init
from leyden._calls import misplaced
from leyden._text import did_you_mean
from leyden.errors import ArgumentError, DecodeError, NotReadError
from leyden.mapping.showing import Writers, json_line, json_writers, plain_values
from leyden.schema.spec import AttributeSpec, EntitySpec
from leyden.types import type_of

_MOST_CLASSES: Final = 256
"""So many classes of one entity's partial records are kept for further use."""

_MOST_NAMES: Final = 8
"""So many names stand in a message."""


@frozen
class Lack:
    """What a record does not show of its item.

    `read` are the slots that were read, None for all. `fields` are stored fields that the schema
    does not know. `inside` are places in values that are left out, such as hidden properties of
    maps (`card.number`). `reworked` are the attributes of which a `get` hook shows something else
    than is stored, and no `set` hook turns it back. `deferred` are the slots of a record that is
    otherwise whole which are stored, and were left out since no one asked for them.
    """

    read: frozenset[str] | None = None
    fields: tuple[str, ...] = ()
    inside: tuple[str, ...] = ()
    reworked: tuple[str, ...] = ()
    deferred: tuple[str, ...] = ()


WHOLE: Final = Lack()
"""Nothing is left out."""


def lack_of(record: Any) -> Lack | None:
    """What a record leaves out; None for anything that is no record."""
    lack: Lack | None = getattr(type(record), "__leyden_lack__", None)
    return lack


def root_of(kind: type[Any]) -> type[Any]:
    """The entity's own record class, of which partial records have a subclass."""
    return kind if kind.__leyden_lack__ is WHOLE else kind.__mro__[1]


def part_class(root: type[Any], lack: Lack) -> type[Any]:
    """The class of an entity's records that leave this out."""
    if lack == WHOLE:
        return root
    classes: dict[Lack, type[Any]] = root.__leyden_parts__
    found = classes.get(lack)
    if found is None:
        if len(classes) >= _MOST_CLASSES:
            classes.clear()
        body: dict[str, Any] = {
            "__slots__": (),
            "__module__": root.__module__,
            "__doc__": root.__doc__,
            "__leyden_lack__": lack,
        }
        if lack.read is not None:
            body |= {
                "__leyden_fields__": [part for part in fields(root) if part.name in lack.read],
                "__attrs_attrs__": DESCRIBED,
                "__init__": _init,
                "__getattr__": _refuse,
                "__leyden_values__": None,
            }
        found = classes[lack] = type(root.__name__, (root,), body)
    return found


def narrow(record: Any, read: frozenset[str]) -> Any:
    """The same record, which from now on shows these slots only: those that were read."""
    kind = record.__class__
    known: dict[Any, Any] = kind.__leyden_narrowed__
    found = known.get((kind, read))
    if found is None:
        if len(known) >= _MOST_CLASSES:
            known.clear()
        lack = evolve(kind.__leyden_lack__, read=read, fields=(), deferred=())
        hidden = [part.name for part in fields(kind) if part.name not in read]
        found = known[kind, read] = part_class(root_of(kind), lack), hidden
    narrower, hidden = found
    for slot in hidden:
        object.__delattr__(record, slot)
    object.__setattr__(record, "__class__", narrower)
    return record


def withhold(record: Any, lack: Lack) -> Any:
    """The same record, which from now on knows that it leaves this out."""
    object.__setattr__(record, "__class__", part_class(root_of(type(record)), lack))
    return record


def without(kind: type[Any], deferred: tuple[str, ...]) -> type[Any]:
    """The class of records of a kind once they leave out these slots, for being deferred."""
    known: dict[Any, Any] = kind.__leyden_narrowed__
    found: type[Any] | None = known.get((kind, deferred))
    if found is None:
        read = frozenset(part.name for part in fields(kind) if part.name not in deferred)
        lack = evolve(kind.__leyden_lack__, read=read, deferred=deferred)
        found = known[kind, deferred] = part_class(root_of(kind), lack)
    return found


def _init(record: Any, /, **values: Any) -> None:
    """Set what was read, and what is given beyond that: `attrs.evolve` may add to a record."""
    kind = type(record)
    root, lack = root_of(kind), kind.__leyden_lack__
    slots = {part.name for part in fields(root)}
    for slot in values:
        if slot not in slots:
            raise unknown_slot(slot, slots, kind.__leyden_shape__[1])
    read = lack.read | values.keys()
    for slot in read:
        object.__setattr__(record, slot, values.get(slot))
    if read != lack.read:
        deferred = tuple(slot for slot in lack.deferred if slot not in read)
        # Once it has all that was deferred, it is as whole as any.
        now = None if lack.deferred and not deferred else frozenset(read)
        more = part_class(root, evolve(lack, read=now, deferred=deferred))
        object.__setattr__(record, "__class__", more)


def unknown_slot(name: str, slots: Iterable[str], entity: str) -> ArgumentError:
    """The error for an argument of a record that is none of its attributes."""
    message = f'"{entity}" has no attribute "{name}"{did_you_mean(name, sorted(slots))}'
    return ArgumentError(message, entity=entity)


def _refuse(record: Any, name: str) -> Any:
    """What Python asks for a slot that is not set, and for a name that is no slot."""
    kind = type(record)
    if all(part.name != name for part in fields(root_of(kind))):
        raise AttributeError(f"'{kind.__name__}' object has no attribute '{name}'")
    if name in kind.__leyden_lack__.deferred:
        raise NotReadError(
            f'"{name}" was not read: the schema defers it, so that reads leave it out unless they '
            f'name it, as in .get(...).go(attributes=["{name}"])',
            attribute=name,
            entity=kind.__leyden_shape__[1],
        )
    shown = [part.name for part in fields(kind)]
    raise NotReadError(
        f'"{name}" was not read: this record shows {listed(shown) or "nothing"} of its item. '
        f"Read the whole item (.get() without `attributes`, `hydrate=True` on a query), name "
        f'"{name}" in `attributes`, or let a write return it with response="all_new"',
        attribute=name,
        entity=kind.__leyden_shape__[1],
    )


def listed(names: Iterable[str]) -> str:
    """Names for a message, some of them where they are many."""
    every = list(names)
    some = ", ".join(every[:_MOST_NAMES])
    return f"{some} and {len(every) - _MOST_NAMES} more" if len(every) > _MOST_NAMES else some


class Record:
    """What the record classes of all entities share: for annotations, and for `isinstance`.

    A record is a frozen attrs object. A record that shows a part of its item has what it shows in
    all that follows, and so in `attrs.asdict`, `pickle`, `==` and `repr`.
    """

    # What attrs would write compares classes, and reads slots that a partial record lacks.
    __slots__ = ()
    __leyden_attributes__: ClassVar[Mapping[str, AttributeSpec]]
    """The attribute of each slot."""
    __leyden_lack__: ClassVar[Lack]
    __leyden_shape__: ClassVar[_Shape]
    __leyden_values__: ClassVar[Any]
    """Takes the values out of a record with all its slots; None where some were not read."""

    def to_dict(self, *, json: bool = False) -> dict[str, Any]:
        """Its attributes by name: what the item has, without what is absent or was not read.

        The values are those of the record itself. With `json` they are what JSON has types for,
        as `leyden get --json` shows them: times as ISO 8601 text, sets as sorted lists, bytes as
        base64 text. A decimal is an int or a float where one says exactly the same, else text.

        >>> order.to_dict()                                         # doctest: +SKIP
        {'order_id': 'o1', 'total': Decimal('19.9'), 'placed_at': datetime.datetime(...)}
        >>> order.to_dict(json=True)                                # doctest: +SKIP
        {'order_id': 'o1', 'total': 19.9, 'placed_at': '2026-02-03T09:15:00.000Z'}
        """
        state = _state(self)
        if json:
            return plain_values(_writers_of(type(self)), state)
        names = self.__leyden_attributes__
        return {names[slot].name: value for slot, value in state.items() if value is not None}

    def to_json(self) -> str:
        """Its JSON text, on one line; a decimal is a number with all its digits.

        >>> order.to_json()                                         # doctest: +SKIP
        '{"order_id":"o1","total":19.9,"placed_at":"2026-02-03T09:15:00.000Z"}'
        """
        return json_line(_writers_of(type(self)), _state(self))

    if not TYPE_CHECKING:

        @property
        def __dict__(self) -> dict[str, Any]:
            """What `vars()` gives, by which encoders take objects that they do not know."""
            return self.to_dict(json=True)

    def __repr__(self) -> str:
        shown = [f"{name}={value!r}" for name, value in _state(self).items() if value is not None]
        return f"{type(self).__name__}({', '.join(shown)})"

    def __eq__(self, other: object) -> Any:
        """Whether both are records of one entity that show the same attributes, equal ones."""
        kind, other_kind = self.__class__, other.__class__
        if kind is not other_kind and not (
            issubclass(other_kind, Record) and root_of(kind) is root_of(other_kind)
        ):
            return NotImplemented
        values, other_values = kind.__leyden_values__, other_kind.__leyden_values__
        if values is not None and other_values is not None:
            return values(self) == other_values(other)
        return _state(self) == _state(other)

    def __hash__(self) -> int:
        values = self.__leyden_values__
        shown = tuple(_state(self).items()) if values is None else values(self)
        return hash((root_of(type(self)), shown))

    def __copy__(self) -> Any:
        kind: Any = type(self)
        return kind(**_state(self))

    def __deepcopy__(self, memo: dict[int, Any]) -> Any:
        kind: Any = type(self)
        return kind(**copy.deepcopy(_state(self), memo))

    def __reduce__(self) -> tuple[Any, ...]:
        lack = self.__leyden_lack__
        plain = (self.__leyden_shape__, _state(self))
        return _restored, (plain if lack is WHOLE else (*plain, lack))


_Shape: TypeAlias = tuple[str, str, str, tuple[tuple[str, str], ...]]
"""The service, the entity, its version, and the slots with their types."""


def blank_class(record: type[Any]) -> type[Any]:
    """A class whose instances become records when `__class__` says so.

    Setting the slots of a frozen class goes through object.__setattr__, once for each attribute.
    A class of the same layout that is not frozen takes plain assignments, and its instances become
    the record's own by assigning their class, once.
    """
    slots = tuple(part.name for part in fields(record))
    return type(f"_Blank{record.__name__}", (Record,), {"__slots__": slots})


def record_class(spec: EntitySpec, slots: Mapping[str, str]) -> type[Any]:
    """A frozen attrs class with one slot for each entry of `slots` (attribute name: slot name).

    Every argument of its constructor is by keyword and None by default. Its repr leaves out
    what is None. The same schema has the same class.
    """
    kinds = tuple((slot, str(_annotation(spec.attributes[name]))) for name, slot in slots.items())
    shape: _Shape = (spec.service, spec.entity, spec.version, kinds)
    whole = (*shape, camel_case(spec.alias), _doc(spec, slots))
    with _lock:
        record = _classes.get(whole)
        if record is None:
            record = _classes[whole] = _make(spec, slots, shape)
        _latest[shape] = record
    return record


def _annotation(spec: AttributeSpec) -> Any:
    """The Python type of an attribute's values in records."""
    return type_of(spec).annotation(spec)


def _make(spec: EntitySpec, slots: Mapping[str, str], shape: _Shape) -> type[Any]:
    body: dict[str, Any] = {
        "__doc__": _doc(spec, slots),
        "__module__": __name__,
        "__leyden_shape__": shape,
        "__leyden_lack__": WHOLE,
        "__leyden_attributes__": {slot: spec.attributes[name] for name, slot in slots.items()},
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
        body[slot] = field(default=None, kw_only=True, alias=slot)
    made = type(camel_case(spec.alias), (Record,), body)
    record = frozen(made, eq=False, repr=False, weakref_slot=False)
    shown = tuple(slots.values())

    def refusing(init: Callable[..., None]) -> Any:
        """The constructor, with the package's own errors for arguments that do not fit."""

        @wraps(init)
        def take(self: Any, /, *wrong: Any, **given: Any) -> None:
            try:
                init(self, *wrong, **given)
            except TypeError:
                if wrong:
                    form = f"{spec.alias}.record({shown[0] if shown else ''}=...)"
                    raise misplaced("record", form, len(wrong)) from None
                for name in given:
                    if name not in shown:
                        raise unknown_slot(name, shown, spec.entity) from None
                raise

        return take

    wrap_init(record, refusing)
    return record


_lock = threading.Lock()
_classes: WeakValueDictionary[tuple[Any, ...], type[Any]] = WeakValueDictionary()
_latest: WeakValueDictionary[_Shape, type[Any]] = WeakValueDictionary()
_promised: WeakSet[Promised] = WeakSet()


class Promised(Protocol):
    """An entity of a loaded schema, whose record class is made when it is first asked for."""

    @property
    def spec(self) -> EntitySpec: ...  # noqa: D102
    @property
    def record(self) -> type[Any]: ...  # noqa: D102


def promise_class(entity: Promised) -> None:
    """Let pickled records find the class of an entity that may not have made it yet."""
    _promised.add(entity)


def _restored(shape: _Shape, state: dict[str, Any], lack: Lack = WHOLE) -> Any:
    """The record that was pickled, of the class that the loaded schema has for it."""
    record = _latest.get(shape) or _kept_promise(shape)
    if record is None:
        service, entity, version, _ = shape
        raise DecodeError(
            f'a pickled record of "{entity}" (version {version}, service "{service}") needs its '
            "schema: load that first, with leyden.load(), and with the attributes that it had",
            entity=entity,
        )
    return part_class(record, lack)(**state)


def _writers_of(kind: type[Any]) -> Writers:
    """What makes JSON of the values of a class's slots, for all records of an entity."""
    root = root_of(kind)
    found: Writers | None = root.__dict__.get("__leyden_writers__")
    if found is None:
        found = json_writers(root.__leyden_attributes__)
        type.__setattr__(root, "__leyden_writers__", found)
    return found


def _kept_promise(shape: _Shape) -> type[Any] | None:
    """The class of this shape, of an entity that is loaded and was not used yet."""
    for entity in list(_promised):
        spec = entity.spec
        if (spec.service, spec.entity, spec.version) == shape[:3]:
            made = entity.record
            if made.__leyden_shape__ == shape:
                return made
    return None


def _state(record: Any) -> dict[str, Any]:
    """What a record shows, by slot."""
    return {part.name: getattr(record, part.name) for part in fields(type(record))}


def _doc(spec: EntitySpec, slots: Mapping[str, str]) -> str:
    lines = [
        spec.description or f'An item of the entity "{spec.entity}".',
        "",
        "Attributes (None where the item does not have them):",
        "",
    ]
    for name, slot in slots.items():
        attribute = spec.attributes[name]
        kind = " | ".join(attribute.values) if attribute.values else attribute.type
        note = f": {attribute.description}" if attribute.description else ""
        lines.append(f"* `{slot}` ({kind}){note}")
    return "\n".join(lines) + "\n"


def camel_case(alias: str) -> str:
    """A class name: `thread_message` is `ThreadMessage`."""
    words = [word for word in re.split(r"[^0-9A-Za-z]+", alias) if word]
    name = "".join(word[0].upper() + word[1:] for word in words) or "Record"
    return f"_{name}" if name[0].isdigit() else name


def python_names(names: Iterable[str], taken: Iterable[str] = ("self",)) -> dict[str, str]:
    """An identifier for each name: the name itself wherever that can be one.

    Keywords and names in `taken` get an underscore behind them; characters that identifiers do
    not have become underscores.
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
