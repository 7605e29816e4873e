"""Record classes: what a read gives back.

A class is made when a schema is loaded, so pickle cannot find it by a name in a module. A pickled
record says instead which entity's it is, with which attributes, and finds the class of the schema
that is loaded where it is read. Loading one schema twice gives one class.
"""

from __future__ import annotations

import copy
import threading
from collections.abc import Callable, Mapping
from functools import wraps
from operator import attrgetter
from typing import Any, TypeAlias
from weakref import WeakValueDictionary

from leyden._attrs import field, fields, frozen, wrap_init
from leyden.arguments import misplaced
from leyden.compile.names import camel_case
from leyden.compile.partial import WHOLE, Lack, lack_of, part_class, root_of, unknown_slot
from leyden.errors import DecodeError
from leyden.schema.spec import AttributeSpec, EntitySpec
from leyden.types import type_of

__all__ = ["record_class"]


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
        "__repr__": _repr,
        "__module__": __name__,
        "__copy__": _copy,
        "__deepcopy__": _deepcopy,
        "__reduce__": _reduced,
        # What attrs would write compares classes, and reads slots that a partial record lacks.
        "__eq__": _equal,
        "__hash__": _hash,
        "__leyden_shape__": shape,
        "__leyden_lack__": WHOLE,
        "__leyden_parts__": {},
        "__leyden_values__": _values_of(tuple(slots.values())),
        "__annotations__": {},
    }
    for name, slot in slots.items():
        kind = _annotation(spec.attributes[name])
        body["__annotations__"][slot] = kind if kind is Any else kind | None
        # The alias keeps the leading underscores of the argument's name.
        body[slot] = field(default=None, kw_only=True, alias=slot)
    made = type(camel_case(spec.alias), (), body)
    record = frozen(made, weakref_slot=False)
    wrap_init(record, lambda init: _taking(init, tuple(slots.values()), spec))
    return record


def _taking(init: Callable[..., None], slots: tuple[str, ...], spec: EntitySpec) -> Any:
    """The constructor, with the package's own errors for arguments that do not fit."""

    @wraps(init)
    def take(self: Any, /, *wrong: Any, **given: Any) -> None:
        try:
            init(self, *wrong, **given)
        except TypeError:
            if wrong:
                form = f"{spec.alias}.record({slots[0] if slots else ''}=...)"
                raise misplaced("record", form, len(wrong)) from None
            for name in given:
                if name not in slots:
                    raise unknown_slot(name, slots, spec.entity) from None
            raise

    return take


def _values_of(slots: tuple[str, ...]) -> Callable[[Any], Any]:
    """The function that takes the values out of a record with all its slots, to compare them."""
    return staticmethod(attrgetter(*slots)) if slots else staticmethod(lambda record: ())


def _equal(record: Any, other: Any) -> Any:
    """Whether both are records of one entity that show the same attributes with equal values."""
    kind, other_kind = record.__class__, other.__class__
    if kind is not other_kind and root_of(kind) is not _root_or_none(other_kind):
        return NotImplemented
    values, other_values = kind.__leyden_values__, other_kind.__leyden_values__
    if values is not None and other_values is not None:
        return values(record) == other_values(other)
    return _state(record) == _state(other)


def _root_or_none(kind: type[Any]) -> type[Any] | None:
    return root_of(kind) if hasattr(kind, "__leyden_lack__") else None


def _hash(record: Any) -> int:
    values = record.__leyden_values__
    root = root_of(type(record))
    shown = tuple(_state(record).items()) if values is None else values(record)
    return hash((root, shown))


_Shape: TypeAlias = tuple[str, str, str, tuple[tuple[str, str], ...]]
"""The service, the entity, its version, and the slots with their types."""

_lock = threading.Lock()
_classes: WeakValueDictionary[tuple[Any, ...], type[Any]] = WeakValueDictionary()
_latest: WeakValueDictionary[_Shape, type[Any]] = WeakValueDictionary()


def _reduced(record: Any) -> tuple[Any, ...]:
    lack = lack_of(record)
    plain = (record.__leyden_shape__, _state(record))
    return _restored, (plain if lack is WHOLE else (*plain, lack))


def _restored(shape: _Shape, state: dict[str, Any], lack: Lack = WHOLE) -> Any:
    """The record that was pickled, of the class that the loaded schema has for it."""
    record = _latest.get(shape)
    if record is None:
        service, entity, version, _ = shape
        raise DecodeError(
            f'a pickled record of "{entity}" (version {version}, service "{service}") needs its '
            "schema: load that first, with leyden.load(), and with the attributes that it had",
            entity=entity,
        )
    return part_class(record, lack)(**state)


def _state(record: Any) -> dict[str, Any]:
    """What a record shows, by slot."""
    return {part.name: getattr(record, part.name) for part in fields(type(record))}


def _copy(record: Any) -> Any:
    return type(record)(**_state(record))


def _deepcopy(record: Any, memo: dict[int, Any]) -> Any:
    return type(record)(**copy.deepcopy(_state(record), memo))


def _repr(record: Any) -> str:
    parts = []
    for part in fields(type(record)):
        value = getattr(record, part.name)
        if value is not None:
            parts.append(f"{part.name}={value!r}")
    return f"{type(record).__name__}({', '.join(parts)})"


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
