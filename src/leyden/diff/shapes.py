"""Compare the values of an attribute: type, limits, and parts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from leyden.diff.changes import BACKFILL, ORPHANS, READERS, WRITERS, Change
from leyden.diff.keys import moving
from leyden.diff.options import OPTIONS
from leyden.diff.places import IN_PLACE, Place, added, removed
from leyden.diff.values import CONVERSIONS, GIVEN, limits_changed, reads, stored_kind
from leyden.schema import AttributeSpec


def compare_one(place: Place, old: AttributeSpec, new: AttributeSpec) -> Iterator[Change]:
    """Yield all changes of the values of an attribute, a property or an element."""
    if old.encrypt != new.encrypt:
        yield encryption_changed(place, old, new)
    elif old.type != new.type:
        yield type_changed(place, old, new)
    else:
        yield from parts_changed(place, old, new)
    yield from values_limited(place, old, new)
    for option, compared in OPTIONS.items():
        before, after = getattr(old, option), getattr(new, option)
        if before != after and not place.pair.same_source(before, after):
            yield from compared(place, old, new)


def encryption_changed(place: Place, old: AttributeSpec, new: AttributeSpec) -> Change:
    """Return the change of values that are encrypted from now on, or no longer."""
    now = "encrypted" if new.encrypt else "readable"
    return place.change(
        "attribute.encrypt", {BACKFILL, READERS, WRITERS},
        f"values are stored {now} from now on: new code refuses stored values, and old "
        "code those of new code. Declare a new attribute beside it, or migrate; what was readable "
        "stays readable in backups",
        new, migration={}, prepare="have the keys ready for `encryption_keys=`",
    )  # fmt: skip


def type_changed(place: Place, old: AttributeSpec, new: AttributeSpec) -> Change:
    """Return the change of a type, which may or may not read stored values."""
    classes: set[str] = set()
    said = []
    same = stored_kind(old) == stored_kind(new) or "any" in (old.type, new.type)
    if not reads(old, new):
        classes |= {BACKFILL, WRITERS}
        said.append(
            "stored values that do not fit the new type cannot be read, or cannot be put again"
            if same
            else f"values are stored as {stored_kind(old) or 'anything'}, which the new type does "
            "not read"
        )
    if not reads(new, old):
        classes.add(READERS)
        said.append("old code cannot read, or cannot put back, what new code writes")
    if (old.type, new.type) not in GIVEN:
        classes.add(WRITERS)
        said.append("callers that pass or expect values of the old type must change")
    keys, effect = moving(place.pair, place.pair.with_cause("type", place.root))
    if keys and not place.part:
        classes |= keys
        said.append(effect)
    name = place.pair.attributes.get(place.root, place.root)
    forth, back = (
        CONVERSIONS[pair].format(text) if pair in CONVERSIONS else None
        for pair, text in (((old.type, new.type), name), ((new.type, old.type), place.root))
    )
    migration = None
    if BACKFILL in classes:
        migration = place.value(forth, back) if forth else {}
    return place.change(
        "attribute.type", classes,
        f"its type is {new.type} instead of {old.type}: {'; '.join(said)}",
        new, migration=migration,
        prepare=f"pass and expect {new.type} in {place.subject}" if WRITERS in classes else "",
        decide=f"what a stored {old.type} becomes"
        + (f"; {IN_PLACE}" if same or place.part else f": `{place.root}: {{value: ...}}`")
        if migration == {} else None,
    )  # fmt: skip


def parts_changed(place: Place, old: AttributeSpec, new: AttributeSpec) -> Iterator[Change]:
    """Yield the changes inside of a list, a set, a map, a union or a vector."""
    if (old.items is None) != (new.items is None):
        yield opened(place, new, "elements of any type", to_open=new.items is None)
    elif old.items is not None and new.items is not None:
        yield from compare_one(place.inside("[]"), old.items, new.items)
    if (old.properties is None) != (new.properties is None):
        yield opened(place, new, "any properties", to_open=new.properties is None)
    elif old.properties is not None and new.properties is not None:
        yield from properties_changed(place, old.properties, new.properties)
    if old.tag != new.tag:
        yield place.change(
            "attribute.tag", {BACKFILL, READERS, WRITERS},
            f'the property "{new.tag}" names a value\'s variant instead of "{old.tag}": '
            "neither code recognizes the values of the other",
            new, migration={}, decide=f"how a stored value becomes one with {new.tag}; {IN_PLACE}",
        )  # fmt: skip
    elif new.variants is not None and old.variants is not None:
        yield from variants_changed(place, old.variants, new.variants)
    if old.dimensions != new.dimensions:
        yield place.change(
            "attribute.dimensions", {BACKFILL, READERS, WRITERS},
            f"a vector of {new.dimensions} numbers instead of {old.dimensions}: stored "
            "vectors are not in the new index, and cannot be put again. Vectors of another model "
            "belong in another attribute, with its own index",
            new, migration={}, decide=f"which vectors stored items get; {IN_PLACE}",
        )  # fmt: skip


def opened(place: Place, spec: AttributeSpec, what: str, *, to_open: bool) -> Change:
    """Return the change of a container that takes anything from now on, or no longer does."""
    if to_open:
        return place.change(
            "attribute.opened", {READERS},
            f"it allows {what}: old code cannot read, or does not show, what is new in it",
            spec,
        )  # fmt: skip
    return place.change(
        "attribute.closed", {BACKFILL, WRITERS},
        f"it allowed {what}, and has a schema now: stored values that do not fit it cannot be "
        "read, or cannot be put again",
        spec, migration={}, decide=f"what becomes of stored values that do not fit; {IN_PLACE}",
    )  # fmt: skip


def properties_changed(
    place: Place, old: Mapping[str, AttributeSpec], new: Mapping[str, AttributeSpec]
) -> Iterator[Change]:
    """Yield the changes of a map's properties, which fields identify as they do attributes."""
    before = {spec.field: spec for spec in old.values()}
    by_name = {spec.name: spec for spec in old.values()}
    known = set()
    for name, spec in new.items():
        inside = place.inside(f".{name}")
        was = before.get(spec.field) or by_name.get(name)
        if was is None:
            yield from added(inside, spec)
            continue
        known.add(was.field)
        if was.field != spec.field:
            yield inside.change(
                "attribute.field", {BACKFILL, READERS, WRITERS},
                f'it is stored as "{spec.field}" in the map instead of "{was.field}"',
                spec, migration={},
            )  # fmt: skip
        elif was.name != spec.name:
            yield inside.change(
                "attribute.renamed", (), f'its name in Python was "{was.name}" before', spec
            )
        yield from compare_one(inside, was, spec)
    for name, spec in old.items():
        if spec.field not in known:
            yield removed(place.inside(f".{name}"), spec)


def variants_changed(
    place: Place, old: Mapping[str, AttributeSpec], new: Mapping[str, AttributeSpec]
) -> Iterator[Change]:
    """Yield the changes of a union's variants."""
    for name, spec in new.items():
        was = old.get(name)
        if was is None:
            yield place.inside(f"<{name}>").change(
                "attribute.variant_added", {READERS},
                f'a new variant "{name}": old code reads its values as their tag alone, and '
                "refuses to put them back",
                spec,
            )  # fmt: skip
        else:
            yield from properties_changed(
                place.inside(f"<{name}>"), was.properties or {}, spec.properties or {}
            )
    for name, spec in old.items():
        if name not in new:
            yield place.inside(f"<{name}>").change(
                "attribute.variant_removed", {BACKFILL, WRITERS, ORPHANS},
                f'the variant "{name}" is gone: its stored values are read as their tag alone, '
                "and cannot be put again",
                spec, migration={}, is_old=True,
                decide=f'what becomes of stored values of "{name}"; {IN_PLACE}',
            )  # fmt: skip


def values_limited(place: Place, old: AttributeSpec, new: AttributeSpec) -> Iterator[Change]:
    """Yield the changes of limits, which refuse more or less than before."""
    in_keys = [] if place.part else place.pair.using(place.root)
    constant = place.root in place.pair.old.constants and not place.part
    for limit in limits_changed(old, new):
        classes, said = set(), [limit.text]
        if limit.wider and not limit.narrower and old.type != new.type:
            # The change of the type already says so.
            continue
        if limit.narrower:
            classes |= {BACKFILL, WRITERS}
            said.append("stored values beyond it can be read, but not put again")
            ranged = any(index.sk and place.root in index.sk.composite for index in in_keys)
            if ranged and limit.code in ("attribute.min", "attribute.max"):
                said.append("ranges of keys rely on it")
        if limit.wider:
            classes.add(READERS)
            said.append("old code reads new values, but refuses to put them back")
        if constant and limit.code == "attribute.enum_added":
            classes.add(WRITERS)
            said.append("it had only one value, so keys filled it in; now callers must pass it")
        yield place.change(
            limit.code, classes, "; ".join(said), new,
            migration={} if limit.narrower else None,
            decide=f"what becomes of stored values that are refused now; {IN_PLACE}"
            if limit.narrower else None,
        )  # fmt: skip
