"""Records that do not show the whole of their item, and know it.

A record of a whole item is of its entity's record class. One that shows less is of a subclass of
that, made for what is left out: the class knows it, so that whole records pay nothing, and what
`attrs.evolve`, a copy or a pickle makes of such a record knows it too. Slots that were not read
stay unset, and Python asks `__getattr__` only for these.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from leyden._attrs import DESCRIBED, evolve, fields, frozen
from leyden._text import did_you_mean
from leyden.errors import ArgumentError, NotReadError

__all__ = ["WHOLE", "Lack", "lack_of", "narrow", "part_class", "root_of", "withhold"]

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
    than is stored, and no `set` hook turns it back.
    """

    read: frozenset[str] | None = None
    fields: tuple[str, ...] = ()
    inside: tuple[str, ...] = ()
    reworked: tuple[str, ...] = ()


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
        found = classes[lack] = _make(root, lack)
    return found


def narrow(record: Any, read: frozenset[str]) -> Any:
    """The same record, which from now on shows these slots only: those that were read."""
    kind = type(record)
    for part in fields(kind):
        if part.name not in read:
            object.__delattr__(record, part.name)
    lack = evolve(kind.__leyden_lack__, read=read, fields=())
    object.__setattr__(record, "__class__", part_class(root_of(kind), lack))
    return record


def withhold(record: Any, lack: Lack) -> Any:
    """The same record, which from now on knows that it leaves this out."""
    object.__setattr__(record, "__class__", part_class(root_of(type(record)), lack))
    return record


def _make(root: type[Any], lack: Lack) -> type[Any]:
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
    return type(root.__name__, (root,), body)


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
        more = part_class(root, evolve(lack, read=frozenset(read)))
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
