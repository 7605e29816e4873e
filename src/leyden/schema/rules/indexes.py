"""Rules of an entity's access patterns, each alone and beside each other."""

from __future__ import annotations

import re
from functools import partial
from typing import Final

from leyden._text import listed, quoted
from leyden.schema.entities import EntityDraft, KeyDraft
from leyden.schema.expressions import ExpressionError, parse_expression
from leyden.schema.spec import IndexSpec, Judge, KeySpec, Slug

_MOST_KEY_ATTRIBUTES: Final = 4
INDEX_NAME: Final = re.compile(r"[a-zA-Z0-9_.-]{3,255}")
NAMES_OF_INDEXES: Final = (
    "DynamoDB takes 3 to 255 letters (a to z), digits, dots, hyphens and underscores"
)


def check_primary(entity: EntityDraft) -> None:
    """Check that exactly one access pattern uses the table's own key, and has no index options."""
    primaries = [pattern for pattern in entity.patterns if pattern.index.index is None]
    if not primaries and entity.whole and entity.spec.indexes:
        entity.at("indexes").error(
            "index.primary_missing",
            "no access pattern uses the table's own key; one must have no `index`",
        )
    for pattern in primaries[1:]:
        first = primaries[0].index
        pattern.at().error(
            "index.primary_duplicate",
            f"{quoted(pattern.index.name)} uses the table's own key, as {quoted(first.name)} in "
            f"{first.span} does; say with `index` which of the table's indexes it uses",
        )
    for pattern in primaries[:1]:
        for option in ("when", "absent", "projection"):
            if getattr(pattern.index, option) is not None:
                pattern.at(option).error(
                    "index.primary_option",
                    f"{pattern.where}: the table's own key holds every item whole, so it "
                    f"has no `{option}`",
                )
        if pattern.index.type == "composite":
            pattern.at("type").error(
                "index.primary_option",
                f"{pattern.where}: the table's own key cannot be of the type composite; "
                "only a global index can",
            )


def check_index_names(entity: EntityDraft) -> None:
    """Check that DynamoDB accepts the names of indexes, and that the entity uses each one once."""
    first: dict[str, IndexSpec] = {}
    for pattern in entity.patterns:
        index, at_name = pattern.index, partial(pattern.at, "index")
        if index.index is None:
            continue
        if not INDEX_NAME.fullmatch(index.index):
            # Only a warning: such a schema may come from a model whose table is never created.
            message = f"{quoted(index.index)} cannot be the name of an index: {NAMES_OF_INDEXES}"
            if INDEX_NAME.fullmatch(f"{index.index}---"):
                at_name().warning("index.short_name", message)
            else:
                at_name().error("index.name", message)
        other = first.setdefault(index.index, index)
        if other is not index:
            at_name().error(
                "index.duplicate",
                f"{quoted(index.name)} uses the index {quoted(index.index)}, as "
                f"{quoted(other.name)} in {other.span} does; an entity can use an index only once",
            )


def check_multi_attribute(entity: EntityDraft) -> None:
    """Check the indexes with DynamoDB's multi-attribute keys."""
    for pattern in entity.patterns:
        if pattern.index.type != "composite":
            continue
        for option in ("when", "absent", "scope"):
            if getattr(pattern.index, option) is not None:
                message = f"{pattern.where}: an index of the type composite has no `{option}`"
                pattern.at(option).error("index.multi_attribute", message)
        for key in pattern.halves:
            for option in ("field", "template", "cast", "casing"):
                if getattr(key.spec, option) not in (None, "", "default"):
                    key.at(option).error(
                        "index.multi_attribute",
                        f"{key.where}: an index of the type composite keeps its attributes as "
                        f"they are, so it has no `{option}`",
                    )
            count = len(key.spec.composite)
            if not 1 <= count <= _MOST_KEY_ATTRIBUTES:
                key.at("composite").error(
                    "index.multi_attribute",
                    f"{key.where} has {count} attributes; an index of the type composite "
                    f"takes 1 to {_MOST_KEY_ATTRIBUTES} in each key",
                )


def check_sparse(entity: EntityDraft) -> None:
    """Refuse a condition that cannot keep items out, because they keep all fields of the key."""
    for pattern in entity.patterns:
        if not pattern.index.when or not pattern.index.index:
            continue
        kept = {spec.field for spec in entity.spec.attributes.values()}
        for other in entity.patterns:
            if other.index is not pattern.index and not (other.index.index and other.index.when):
                kept.update(key.spec.field for key in other.halves)
        if all(key.spec.field in kept for key in pattern.halves):
            pattern.at("when").error(
                "index.never_out",
                f"{pattern.where}: `when` cannot leave an item out of the index, since the item "
                "keeps all fields of its key, as attributes or for another access pattern; store a "
                "half of the key in a field of its own",
            )


def check_memberships(entity: EntityDraft) -> None:
    """Check that access patterns can be in their collections, each collection by one pattern."""
    first: dict[str, IndexSpec] = {}
    for pattern in entity.patterns:
        index = pattern.index
        if index.collection and index.sk is None:
            pattern.at("collection").error(
                "collection.sort_key_missing",
                f"{pattern.where}: a collection needs a sort key, which tells its members "
                "apart; add `sk`",
            )
        if len(index.collection) > 1 and index.type != "isolated":
            pattern.at("collection").error(
                "collection.type",
                f"{pattern.where}: only an isolated index has sub-collections, and this one is "
                f"{index.type}; name one collection",
            )
        for i, name in enumerate(index.collection):
            other = first.setdefault(name, index)
            if name in index.collection[:i]:
                message = f"{pattern.where} lists the collection {quoted(name)} twice"
                pattern.at("collection", i).error("collection.repeated", message)
            elif other is not index:
                pattern.at("collection", i).error(
                    "collection.repeated",
                    f"{quoted(index.name)} joins the collection {quoted(name)}, as "
                    f"{quoted(other.name)} in {other.span} does; an entity can join it only once",
                )


def check_shared_fields(entity: EntityDraft) -> None:
    """Check that keys which share a field are the same key."""
    first: dict[str, KeyDraft] = {}
    patterns = [one for one in entity.patterns if one.index.type != "composite"]
    for key in [key for pattern in patterns for key in pattern.halves]:
        other = first.setdefault(key.spec.field, key)
        if other.pattern is key.pattern:
            continue
        field, there = quoted(key.spec.field), f"{other.where} ({other.spec.span})"
        if any(
            getattr(key.spec, option) != getattr(other.spec, option)
            for option in ("composite", "template", "cast")
        ):
            key.at("field").error(
                "index.field_conflict",
                f"{key.where} is stored in {field}, which {there} builds from "
                f"{_made_of(other.spec)}, and this from {_made_of(key.spec)}; give it another "
                "field, or make both the same",
            )
        elif key.casing != other.casing:
            key.at("casing").error(
                "key.casing_mismatch",
                f"{key.where} writes {field} with the casing {quoted(key.spec.casing)}, and "
                f"{there} with {quoted(other.spec.casing)}; a field has one casing",
            )
        elif key.spec.template is None:
            option = _differing_prefix(key, other)
            if option:
                key.pattern.at(option).error(
                    "index.field_conflict",
                    f"{key.where} shares the field {field} with {there}, but has another "
                    f"`{option}`, which is part of the key; make both the same",
                )


def _made_of(key: KeySpec) -> str:
    if key.template is not None:
        return f"the template {quoted(key.template)}"
    made = listed(key.composite) or "its prefix alone"
    return f"{made} as a {key.cast}" if key.cast else made


def _differing_prefix(key: KeyDraft, other: KeyDraft) -> str:
    """Return the option that would make the prefixes of two keys in one field differ."""
    mine, theirs, alike = key.pattern.index, other.pattern.index, key.half == other.half
    if key.half == "pk":
        return "scope" if mine.scope != (theirs.scope if alike else None) else ""
    if mine.collection != (theirs.collection if alike else ()):
        return "collection"
    return "type" if alike and mine.type != theirs.type else ""


def check_optional(entity: EntityDraft) -> None:
    """Warn if items may lack part of an index key whose other part they always have."""
    there = _always_there(entity)
    for pattern in entity.patterns:
        index = pattern.index
        if index.index is None or index.type == "composite":
            continue
        if there.isdisjoint(index.composites):
            continue
        lacking = {*index.composites} - there - _asked_for(index)
        leaves_out = entity.spec.leaves_out(index)
        for key in pattern.halves:
            names = [name for name in dict.fromkeys(key.spec.composite) if name in lacking]
            if names and not (key.half == "pk" and leaves_out):
                means = _meaning(key, half_is_there=not there.isdisjoint(key.spec.composite))
                key.at("composite" if key.spec.template is None else "template").warning(
                    "index.optional_composite",
                    f"{key.where}: an item without {listed(names, 'or')} {means}",
                )


def _always_there(entity: EntityDraft) -> set[str]:
    """Return the attributes that every item has which Leyden writes."""
    attributes = entity.spec.attributes
    there = {
        name
        for name, spec in attributes.items()
        if any((spec.required, spec.default, spec.on_write, len(spec.values) == 1))
        or name == entity.spec.version_attribute
    }
    primary = (index for index in entity.spec.indexes.values() if index.index is None)
    own = {name for index in primary for name in index.composites}
    there |= own
    for name, spec in attributes.items():
        made = spec.derive or spec.default
        of = getattr(made, "of", None)
        if of is None or spec.required or name in own:
            continue
        # A time always has a bucket, but a text may have no character for a slug.
        if of in there and not isinstance(made, Slug):
            there.add(name)
        else:
            there.discard(name)
    return there


def _asked_for(index: IndexSpec) -> frozenset[str]:
    """Return what the condition of a sparse index reads: it decides about items without these."""
    if index.when is None:
        return frozenset()
    if isinstance(index.when, Judge):
        return frozenset(index.when.reads)
    try:
        roots = parse_expression(index.when.text).roots
    except ExpressionError:
        roots = None
    return frozenset(index.composites) if roots is None else roots


def _meaning(key: KeyDraft, *, half_is_there: bool) -> str:
    """Say what happens to an item that lacks attributes of a key, and what to do about it."""
    if half_is_there:
        return (
            "is refused, because half of a key cannot be written; make it required, give it "
            "a default, or choose the items of the index with `when`"
        ) + (" or `absent: out`" if key.half == "pk" else "")
    if key.half == "pk":
        return (
            "is in the index under one partition key with all others like it; say "
            "`absent: out` to leave such items out of the index"
        )
    return (
        "comes before those that have it, and no value or range finds it; if you do not "
        "want such items in the index, say with `when` which ones are in it"
    )
