"""The place where an attribute changes, and the changes of new and removed attributes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from attrs import frozen

from leyden.diff.changes import BACKFILL, ORPHANS, READERS, WRITERS, Change, in_order
from leyden.diff.pairing import Pair, same_but_names
from leyden.schema import AttributeSpec

IN_PLACE: Final = (
    "an item must show whether that has happened to it, so store it in another `field`, or "
    "give the entity another version"
)
"""Why a migration cannot change a value in place, and what to do instead."""


@frozen
class Place:
    """Where an attribute changes: the entity, the attribute itself, and a part of it.

    `root` is the attribute's name in the new schema. `part` is empty for the attribute itself.
    """

    pair: Pair
    root: str
    part: str = ""

    @property
    def subject(self) -> str:
        """Its name in messages: `task.attributes.detail.effort`."""
        return f"{self.pair.new.alias}.attributes.{self.root}{self.part}"

    def inside(self, part: str) -> Place:
        """Return the place of a part: `.effort`, `[]`."""
        return Place(self.pair, self.root, f"{self.part}{part}")

    def tells(self, old: AttributeSpec, new: AttributeSpec) -> bool:
        """Return whether a stored item shows which schema its value was written with."""
        pair = self.pair
        return pair.old.version != pair.new.version or (not self.part and old.field != new.field)

    def change(
        self,
        code: str,
        classes: Iterable[str],
        message: str,
        spec: AttributeSpec,
        *,
        migration: Mapping[str, Any] | None = None,
        decide: str | None = None,
        prepare: str = "",
        is_old: bool = False,
    ) -> Change:
        """Return a change in this place; `prepare` says what to do before anything else."""
        return Change(
            code,
            in_order(classes),
            self.subject,
            message,
            spec.span,
            is_old=is_old,
            entity=self.pair.new.alias,
            about=(("prepare", prepare),) if prepare else (),
            migration=migration,
            decide=decide,
        )

    def value(self, text: str, back: str | None = None) -> Mapping[str, Any]:
        """Return a migration file's words for a new value; {} for a part, which people write."""
        if self.part:
            return {}
        said = {"value": text} if back is None else {"value": text, "back": back}
        return {"attributes": {self.root: said}}


def added(place: Place, new: AttributeSpec) -> Iterator[Change]:
    """Yield the change of a new attribute, or of a map's new property."""
    if place.pair.using(place.root) and not place.part:
        # The changes of keys say what that means; this is about the values.
        said = "a new attribute that is part of keys"
    else:
        said = "a new attribute" if not place.part else "a new property"
    forms = (form for keys in place.pair.old_keys.values() for form in keys.forms)
    if not place.part and new.field in {form.field for form in forms}:
        yield place.change(
            "attribute.added_over_key", {BACKFILL, READERS, WRITERS},
            f'{said} in the field "{new.field}", where stored items have a key: new code takes the '
            "key for its value, and old and new code overwrite each other's",
            new, migration={},
            decide=f'another `field` for it, since stored items have a key in "{new.field}"',
        )  # fmt: skip
    elif new.derive is not None:
        yield place.change(
            "attribute.added_derived", {BACKFILL, WRITERS},
            f"{said} that is computed from others: stored items lack it, and old code changes the "
            "others without updating it",
            new, migration={},
        )  # fmt: skip
    elif new.default is not None:
        yield place.change(
            "attribute.added_default", {BACKFILL},
            f"{said} with a default, which stored items and those of old code lack until it is "
            "written into them",
            new, migration={} if place.part else {"defaults": [place.root]},
            decide=f"whether stored ones get it; {IN_PLACE}" if place.part else None,
        )  # fmt: skip
    elif new.required:
        yield place.change(
            "attribute.added_required", {BACKFILL, WRITERS},
            f"{said} that is required: stored items lack it, so they read without it and cannot be "
            "put again, and writes without it are refused",
            new, migration={}, prepare=f"set {place.subject}",
            decide=f"what stored ones get; {IN_PLACE}" if place.part
            else f"what stored items get: `{place.root}: {{value: ...}}`",
        )  # fmt: skip
    elif new.on_write is not None:
        yield place.change(
            "attribute.added_on_write", {WRITERS},
            f"{said} that every write sets: old code writes items without setting it",
            new,
        )  # fmt: skip
    else:
        yield place.change(
            "attribute.added", (),
            f"{said} that is optional: stored items read without it. Old code cannot put back a "
            "whole record with it, and so loses nothing",
            new,
        )  # fmt: skip


def removed(place: Place, old: AttributeSpec) -> Change:
    """Return the change of a removed attribute, or of a map's removed property."""
    said = [
        "stored items keep the value, which new code does not show; a whole record with it "
        "cannot be put back until it is removed"
    ]
    classes = {ORPHANS}
    if old.required:
        classes.add(READERS)
        said.append("old code reads new items without it, though it is required there")
    if old.overflow is not None:
        said.append("parts of large values stay in the table")
    migration = {} if place.part else {"remove": [old.field]}
    message = f"the {'property' if place.part else 'attribute'} is gone: {'; '.join(said)}"
    alike = [
        name
        for name, new in place.pair.new.attributes.items()
        if name not in place.pair.attributes and same_but_names(old, new)
    ]
    decide = f"what is left of it; {IN_PLACE}" if place.part else None
    if len(alike) == 1 and not place.part:
        decide = f'whether "{alike[0]}" is what it was: `{alike[0]}: {{from: {old.name}}}`'
    return place.change(
        "attribute.removed", classes, message, old,
        migration=migration, decide=decide, is_old=True,
    )  # fmt: skip
