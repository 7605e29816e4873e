"""What records do not show of their items.

A record may show a part of its item: some attributes were read, some fields no schema knows. What
it leaves out is its `Lack`, which its class holds, so that whole records, which are most, carry
nothing for it; a class for each lack is made when the first such record is, as a subclass of the
entity's own. A record that a caller changed, or made, is told from one that was read in the same
way: the class goes along wherever attrs, pickle and copies make another record of it.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from leyden._attrs import DESCRIBED, evolve, fields, frozen
from leyden.errors import NotReadError

_MOST_CLASSES: Final = 256
"""So many classes of one entity's partial records are kept for further use."""

_MOST_NAMES: Final = 8
"""So many names stand in a message."""


@frozen
class Lack:
    """What a record does not show of its item, and what in it is not from there.

    `read` are the slots that were read, None for all. `fields` are stored fields that the schema
    does not know. `inside` are places in values that are left out, such as hidden properties of
    maps (`card.number`). `reworked` are the attributes of which a `get` hook shows something else
    than is stored, and no `set` hook turns it back. `deferred` are the slots of a record that is
    otherwise whole which are stored, and were left out since no one asked for them.

    `changed` are the slots that a caller set since the record was read, by `attrs.evolve` or the
    like; of one that was `made` by hand, and never read, those that it was made with.
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
    """What a record leaves out; None for anything that is no record."""
    lack: Lack | None = getattr(type(record), "__leyden_lack__", None)
    return lack


def root_of(kind: type[Any]) -> type[Any]:
    """The entity's own record class, of which each record has a subclass."""
    root: type[Any] = kind.__leyden_root__
    return root


def part_class(root: type[Any], lack: Lack) -> type[Any]:
    """The class of an entity's records that leave this out, whole ones among them."""
    if lack == WHOLE:
        whole: type[Any] = root.__leyden_whole__
        return whole
    return _part_class(root, lack)


def class_of_whole(root: type[Any]) -> type[Any]:
    """A class of its own for the whole records of an entity."""
    return type(root.__name__, (root,), _body(root, WHOLE))


def _body(root: type[Any], lack: Lack) -> dict[str, Any]:
    return {
        "__slots__": (),
        "__module__": root.__module__,
        "__doc__": root.__doc__,
        "__leyden_lack__": lack,
        # msgspec looks for it in the class itself.
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
