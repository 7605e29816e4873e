"""Records that are written back: refused where that would erase what they do not show."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any, Final

from leyden import _attrs as attrs
from leyden.compile.partial import Lack, listed
from leyden.errors import InputError
from leyden.operations.bound import BoundEntity

_KEEP_OTHERS: Final = frozenset({"upsert"})
"""The verbs that leave the other fields of a stored item alone."""


def refuse_incomplete(
    entity: BoundEntity, record: Any, named: Mapping[str, Any], verb: str
) -> None:
    """Raise InputError for a record that does not show all that is stored in its item.

    `named` are the attributes that are given beside it: nothing of these is lost.
    """
    why = _why(entity, record, named, verb)
    if why is not None:
        raise InputError(why, operation=entity.operation(verb), entity=entity.spec.entity)


def _why(entity: BoundEntity, record: Any, named: Mapping[str, Any], verb: str) -> str | None:
    lack: Lack = type(record).__leyden_lack__
    if lack.read is not None:
        shown = listed(part.name for part in attrs.fields(type(record)))
        does = "would erase" if verb == "put" else "cannot write"
        return (
            f"this record shows {shown or 'nothing'} of its item, and .{verb}() {does} the "
            "rest. Read the whole item, or change it with .patch()"
        )
    hidden = [n for n, a in entity.spec.attributes.items() if a.hidden and n not in named]
    if hidden:
        return (
            f"a record does not show the hidden {', '.join(hidden)}, which would be lost; "
            "give it by name beside the record"
        )
    slots = entity.compiled.slots

    def written(name: str) -> bool:
        return name not in named and getattr(record, slots[name], None) is not None

    inside = [place for place in lack.inside if written(_root(place))]
    if inside:
        roots = _quoted(map(_root, inside))
        return (
            f"the record does not show {listed(inside)}, which .{verb}() would erase. Give "
            f"{roots} by name beside the record, or change what must change with .patch()"
        )
    reworked = [name for name in lack.reworked if written(name)]
    if reworked:
        return (
            f"the record shows {_quoted(reworked)} as its `get` hook makes it, which .{verb}() "
            "would store in place of the stored value. Give it by name beside the record, "
            "declare a `set` hook that turns it back, or change the item with .patch()"
        )
    if lack.fields and verb not in _KEEP_OTHERS:
        return (
            f"the stored item has fields that the schema does not know ({listed(lack.fields)}), "
            f"which .{verb}() would erase. .patch() and .upsert() keep them; "
            f".{verb}(**attributes) writes the item without them"
        )
    return None


def _root(place: str) -> str:
    return re.split(r"[.\[]", place, maxsplit=1)[0]


def _quoted(names: Iterable[str]) -> str:
    return ", ".join(f'"{name}"' for name in dict.fromkeys(names))
