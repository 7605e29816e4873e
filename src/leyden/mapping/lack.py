"""What records do not show of their items.

A record may show only a part of its item: a read may leave out attributes, and items may have
fields that the schema does not know. The `Lack` of a record says what it leaves out. The record's
class holds it, so whole records, which are most, cost nothing for it. Each lack has a class of its
own, a subclass of the entity's class, which is made with the first such record. Records that a
caller changed or constructed are marked in the same way, because attrs, pickle and copies keep the
class.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from leyden._attrs import DESCRIBED, evolve, fields, frozen
from leyden.errors import NotReadError

_MOST_CLASSES: Final = 256
"""The number of classes of partial records that are cached per entity."""

_MOST_NAMES: Final = 8
"""The number of names in a message."""


@frozen
class Lack:
    """What a record does not show of its item, and which of its values are not stored ones.

    * `read`: the slots that were read, None for all.
    * `fields`: stored fields that the schema does not know.
    * `inside`: places in values that are left out, such as hidden properties of maps
      (`card.number`).
    * `reworked`: attributes that a `get` hook shows differently than they are stored, and that no
      `set` hook converts back.
    * `deferred`: slots of an otherwise whole record that are stored, but were left out because the
      read did not name them.
    * `changed`: slots that a caller has set since the record was read, with `attrs.evolve` or the
      like; for a record that a caller constructed, the slots that it was constructed with.
    * `made`: whether a caller constructed the record, so that it was never read.
    """

    read: frozenset[str] | None = None
    fields: tuple[str, ...] = ()
    inside: tuple[str, ...] = ()
    reworked: tuple[str, ...] = ()
    deferred: tuple[str, ...] = ()
    changed: frozenset[str] = frozenset()
    made: bool = False


WHOLE: Final = Lack()
"""Nothing is left out."""


def lack_of(record: Any) -> Lack | None:
    """Return what a record leaves out; None for anything but a record."""
    lack: Lack | None = getattr(type(record), "__leyden_lack__", None)
    return lack


def root_of(kind: type[Any]) -> type[Any]:
    """Return the entity's own record class. The class of each record is a subclass of it."""
    root: type[Any] = kind.__leyden_root__
    return root


def part_class(root: type[Any], lack: Lack) -> type[Any]:
    """Return the class of an entity's records with this lack, or the class of whole records."""
    if lack == WHOLE:
        whole: type[Any] = root.__leyden_whole__
        return whole
    return _part_class(root, lack)


def class_of_whole(root: type[Any]) -> type[Any]:
    """Make the class of an entity's whole records."""
    return type(root.__name__, (root,), _body(root, WHOLE))


def _body(root: type[Any], lack: Lack) -> dict[str, Any]:
    return {
        "__slots__": (),
        "__module__": root.__module__,
        "__doc__": root.__doc__,
        "__leyden_lack__": lack,
        # msgspec looks for it in the class itself, not in its bases.
        "__attrs_attrs__": DESCRIBED,
    }


def _part_class(root: type[Any], lack: Lack) -> type[Any]:
    classes: dict[Lack, type[Any]] = root.__leyden_parts__
    found = classes.get(lack)
    if found is None:
        if len(classes) >= _MOST_CLASSES:
            classes.clear()
        body = _body(root, lack)
        if lack.read is not None:
            body |= {
                "__leyden_fields__": [part for part in fields(root) if part.name in lack.read],
                "__getattr__": _refuse,
                "__leyden_values__": None,
            }
        found = classes[lack] = type(root.__name__, (root,), body)
    return found


def narrow(record: Any, read: frozenset[str]) -> Any:
    """Change a record so that it shows only these slots, which were read, and return it."""
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
    """Change a record so that it knows this lack, and return it."""
    object.__setattr__(record, "__class__", part_class(root_of(type(record)), lack))
    return record


def without(kind: type[Any], deferred: tuple[str, ...]) -> type[Any]:
    """Return the class for records of this class that leave out these deferred slots."""
    known: dict[Any, Any] = kind.__leyden_narrowed__
    found: type[Any] | None = known.get((kind, deferred))
    if found is None:
        read = frozenset(part.name for part in fields(kind) if part.name not in deferred)
        lack = evolve(kind.__leyden_lack__, read=read, deferred=deferred)
        found = known[kind, deferred] = part_class(root_of(kind), lack)
    return found


def _refuse(record: Any, name: str) -> Any:
    """Raise the error for a slot that was not read, or for an unknown name, as `__getattr__`."""
    kind = type(record)
    if all(part.name != name for part in fields(root_of(kind))):
        raise AttributeError(f"'{kind.__name__}' object has no attribute '{name}'")
    if name in kind.__leyden_lack__.deferred:
        raise NotReadError(
            f'"{name}" was not read: the schema defers it, so reads leave it out unless they name '
            f'it, as in .get(...).go(attributes=["{name}"])',
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
    """Return names for a message; if there are many, only the first ones."""
    every = list(names)
    some = ", ".join(every[:_MOST_NAMES])
    return f"{some} and {len(every) - _MOST_NAMES} more" if len(every) > _MOST_NAMES else some
