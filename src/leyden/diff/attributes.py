"""Compare an entity's attributes: which are new or gone, their names, and their fields."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from leyden.diff.changes import BACKFILL, ORPHANS, READERS, WRITERS, Change
from leyden.diff.keys import moving
from leyden.diff.pairing import Pair
from leyden.diff.places import Place, added, removed
from leyden.diff.shapes import compare_one
from leyden.schema import AttributeSpec


def compare_attributes(pair: Pair) -> Iterator[Change]:
    """Yield the changes of an entity's attributes, those of removed ones last."""
    for name, new in pair.new.attributes.items():
        place = Place(pair, name)
        if name not in pair.attributes:
            yield from added(place, new)
            continue
        old = pair.old.attributes[pair.attributes[name]]
        yield from identity_changed(place, old, new)
        yield from compare_one(place, old, new)
    for name, old in pair.old.attributes.items():
        if name not in pair.attributes.values():
            yield removed(Place(pair, name), old)


def identity_changed(place: Place, old: AttributeSpec, new: AttributeSpec) -> Iterator[Change]:
    """Yield changes of an attribute's name, field, label and padding."""
    pair = place.pair
    if place.root in pair.guessed:
        yield place.change(
            "attribute.replaced", {BACKFILL, READERS, WRITERS},
            f'it seems to be "{old.name}" under another name, stored in "{new.field}" instead of '
            f'"{old.field}": new code finds no value in stored items, old code none in new items',
            new, migration={"attributes": {place.root: {"from": old.name}}},
            decide=f'whether "{place.root}" is what "{old.name}" was',
        )  # fmt: skip
    elif old.field != new.field:
        bound = "; encrypted values are bound to their field" if new.encrypt else ""
        yield place.change(
            "attribute.field", {BACKFILL, READERS, WRITERS},
            f'it is stored in "{new.field}" instead of "{old.field}": new code finds no value in '
            f"stored items, old code none in new items{bound}",
            new, migration={},
        )  # fmt: skip
    elif old.name != new.name:
        yield place.change(
            "attribute.renamed", (),
            f'its name in Python was "{old.name}" before; it is still stored in '
            f'"{new.field}"',
            new,
        )  # fmt: skip
    if pair.is_unique(place.root) and (
        old.field != new.field or old.type != new.type or old.normalize != new.normalize
    ):
        yield place.change(
            "attribute.unique_form", {BACKFILL, WRITERS, ORPHANS},
            "it is in a unique constraint, whose guards contain its field and its text: the "
            "stored guards protect nothing until new ones are written",
            new, migration={"unique": True},
        )  # fmt: skip
    for option in ("label", "padding"):
        before, after = getattr(old, option), getattr(new, option)
        if before == after:
            continue
        classes, effect = moving(pair, pair.with_cause(option, place.root))
        if not classes:
            continue
        words = (_padding(before), _padding(after)) if option == "padding" else (before, after)
        yield place.change(
            f"attribute.{option}", classes,
            f"its {option} in keys is {words[1]} instead of {words[0]}: {effect}",
            new, migration={},
        )  # fmt: skip


def _padding(padding: Any) -> str:
    return "none" if padding is None else f'{padding.length} of "{padding.char}"'
