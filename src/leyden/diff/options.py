"""Compare the options of an attribute that compute its values, require them, or hide them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Final

from leyden.diff.changes import BACKFILL, COLLIDE, ORPHANS, READERS, WRITERS, Change
from leyden.diff.keys import moving
from leyden.diff.places import IN_PLACE, Place
from leyden.schema import AttributeSpec

MAKES: Final = ("derive", "on_write", "set", "get")
"""The options that compute a value, rather than take or return it unchanged."""


def required_changed(place: Place, old: AttributeSpec, new: AttributeSpec) -> Iterator[Change]:
    """Yield the change of a value that becomes required, or optional."""
    if not new.required:
        yield place.change(
            "attribute.optional", {READERS},
            "it is optional now: old code will read items without it, which it does not "
            "expect and cannot put back",
            new,
        )  # fmt: skip
        return
    makes = new.default is not None or new.derive is not None or new.on_write is not None
    yield place.change(
        "attribute.required", {BACKFILL, WRITERS},
        "it is required: stored items without it cannot be put again, and writes without "
        "it are refused",
        new,
        migration={"defaults": [place.root]} if new.default is not None and not place.part else {},
        prepare="" if makes else f"always set {place.subject}",
        decide=None if makes and not place.part
        else f"what items without it get; {IN_PLACE}" if place.part
        else f"what items without it get: give it a `default`, and say `defaults: [{place.root}]`",
    )  # fmt: skip


def default_changed(place: Place, old: AttributeSpec, new: AttributeSpec) -> Iterator[Change]:
    """Yield the change of the value that items without one get."""
    if old.default is None:
        yield place.change(
            "attribute.default_added", {BACKFILL},
            "it has a default, which stored items and those of old code lack until it is written "
            "into them",
            new, migration={} if place.part else {"defaults": [place.root]},
        )  # fmt: skip
    elif new.default is None:
        lost = {WRITERS} if new.required else {READERS}
        effect = (
            "writes without it are refused"
            if new.required
            else "items that are written without it have none, which old code does not expect"
        )
        yield place.change(
            "attribute.default_removed", lost, f"it no longer has a default: {effect}", new,
            prepare=f"always set {place.subject}",
        )  # fmt: skip
    else:
        yield place.change(
            "attribute.default", (),
            "new items without a value get another default; stored items keep theirs",
            new,
        )  # fmt: skip


def made_otherwise(
    option: str,
) -> Callable[[Place, AttributeSpec, AttributeSpec], Iterator[Change]]:
    """Return the comparison of one of the options that compute a value."""
    added_, changed, gone = {
        "derive": (
            ({BACKFILL, WRITERS}, "it is computed from others now: stored values are as callers "
             "set them, and writes that set it are refused"),
            ({BACKFILL, READERS}, "it is computed from others in a different way: stored values "
             "keep the old result until they are written again"),
            ({READERS, WRITERS}, "it is no longer computed from others: callers that relied on "
             "that must set it, and it does not follow changes"),
        ),
        "on_write": (
            ({WRITERS}, "every write sets it now: `.set()` of it is refused, and old code writes "
             "items without setting it"),
            ((), "the next write of an item sets another value"),
            ({READERS}, "writes no longer set it: it keeps its value, and old code takes "
             "it for the latest"),
        ),
        "set": (
            ({BACKFILL, READERS}, "a function changes it before it is stored: stored values are "
             "as callers set them, and old code reads changed ones"),
            ({BACKFILL, READERS}, "another function changes it before it is stored: stored values "
             "are the results of the old one"),
            ({BACKFILL, READERS}, "no function changes it before it is stored: stored values are "
             "results of the old one, and old code reads values that are not"),
        ),
        "get": (
            ({BACKFILL, WRITERS}, "a function changes what is read: records show other values "
             "than are stored, and cannot be put back without a function in `set`"),
            ({BACKFILL}, "another function changes what is read: records show other values of "
             "the same items"),
            ({BACKFILL}, "no function changes what is read: records show what is stored"),
        ),
    }[option]  # fmt: skip

    def compared(place: Place, old: AttributeSpec, new: AttributeSpec) -> Iterator[Change]:
        before, after = getattr(old, option), getattr(new, option)
        word, (classes, text) = (
            ("added", added_)
            if before is None
            else ("removed", gone)
            if after is None
            else ("changed", changed)
        )
        migrates = BACKFILL in classes and option == "derive"
        yield place.change(
            f"attribute.{option}_{word}", classes, text, new,
            migration={} if BACKFILL in classes else None,
            decide=None if migrates or BACKFILL not in classes
            else f"what becomes of stored values; {IN_PLACE}",
            prepare=f"do not set {place.subject}"
            if WRITERS in classes and option != "get" and after is not None else "",
        )  # fmt: skip

    return compared


def simple(
    option: str,
    on: tuple[Collection[str], str],
    off: tuple[Collection[str], str],
    prepare: str = "",
) -> Callable[[Place, AttributeSpec, AttributeSpec], Iterator[Change]]:
    """Return the comparison of an option that is on or off: classes and words for both changes.

    `prepare` says what callers have to do before it is turned on.
    """

    def compared(place: Place, old: AttributeSpec, new: AttributeSpec) -> Iterator[Change]:
        is_on = bool(getattr(new, option))
        classes, text = on if is_on else off
        yield place.change(
            f"attribute.{option}{'' if is_on else '_off'}", classes, text, new,
            migration={} if BACKFILL in classes else None,
            prepare=f"{prepare} {place.subject}" if prepare and is_on else "",
        )  # fmt: skip

    return compared


def normalize_changed(place: Place, old: AttributeSpec, new: AttributeSpec) -> Iterator[Change]:
    """Yield the change of the normal form of texts."""
    keyed = [] if place.part else place.pair.using(place.root)
    unique = not place.part and place.pair.is_unique(place.root)
    if not new.normalize:
        yield place.change(
            "attribute.normalize_off", {READERS},
            "texts are stored unchanged: old code looks for their normal form, and does "
            "not find others",
            new,
        )  # fmt: skip
        return
    classes, effect = {BACKFILL, READERS}, []
    if keyed:
        also, text = moving(place.pair, keyed)
        classes |= also
        effect.append(text)
    if unique or any(index.index is None for index in keyed):
        classes.add(COLLIDE)
        effect.append("two texts with one normal form become one value")
    name = place.pair.attributes.get(place.root, place.root)
    # A migration gives the normal form to values that it computes, not to those that it keeps.
    made = place.value(name) if place.tells(old, new) else {}
    yield place.change(
        "attribute.normalize", classes,
        "; ".join(["new code looks for the normal form, which stored texts only get when they are "
                   "written again", *effect]),
        new, migration=made,
        decide=None if made else f"how stored texts get their normal form; {IN_PLACE}",
    )  # fmt: skip


def watch_changed(place: Place, old: AttributeSpec, new: AttributeSpec) -> Iterator[Change]:
    """Yield the change of the attributes whose changes compute the value again."""
    if not all(
        place.pair.same_source(getattr(old, option), getattr(new, option)) for option in MAKES
    ):
        # The change of the option itself already says so.
        return
    named = {place.pair.attributes.get(name, name) for name in new.watch}
    if named != {*old.watch}:
        yield place.change(
            "attribute.watch", {BACKFILL},
            f"changes of these attributes compute it again: {', '.join(new.watch) or 'none'}; "
            "stored values may differ from what would be computed now",
            new, migration={}, decide=f"whether to compute stored values again; {IN_PLACE}",
        )  # fmt: skip


OPTIONS: Final[
    Mapping[str, Callable[[Place, AttributeSpec, AttributeSpec], Iterator[Change]]]
] = {
    "required": required_changed,
    "default": default_changed,
    **{option: made_otherwise(option) for option in MAKES},
    "watch": watch_changed,
    "normalize": normalize_changed,
    "read_only": simple(
        "read_only",
        ({WRITERS}, "it is set when an item is created and never again: updates of it are refused"),
        ((), "it may be changed after the item is created"),
        "do not update",
    ),
    "hidden": simple(
        "hidden",
        ({READERS, WRITERS}, "records no longer show it, and cannot be put back unless you pass it "
         "beside them"),
        ((), "records show it now, also where your code passes them on: check where that is"),
        "do not read from records",
    ),
    "deferred": simple(
        "deferred",
        ({READERS}, "reads that do not name it leave it out, and asking a record for it then "
         "raises NotReadError"),
        ((), "every read shows it"),
        "name in `attributes`, where you read it,",
    ),
    "overflow": simple(
        "overflow",
        ({READERS, WRITERS}, "large values may be outside of their items: old code does not find "
         "them, and leaves their parts behind when it writes"),
        ({BACKFILL, ORPHANS}, "new code does not read values outside of their items; write large "
         "items again before you deploy it"),
    ),
}  # fmt: skip
"""How the other options are compared, in order."""
