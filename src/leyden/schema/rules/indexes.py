"""Rules of the access patterns of one entity, alone and beside each other."""

from __future__ import annotations

import re
from collections.abc import Iterator

from leyden._text import listed, quoted
from leyden.schema.entities import EntityDraft
from leyden.schema.expressions import ExpressionError, parse_expression
from leyden.schema.faults import Report
from leyden.schema.rules.keys import casing_of, halves
from leyden.schema.spec import AttributeSpec, IndexSpec, Judge, KeySpec

_MOST_KEY_ATTRIBUTES = 4
_INDEX_NAME = re.compile(r"[a-zA-Z0-9_.-]{3,255}")


def check_indexes(entity: EntityDraft, report: Report) -> None:
    """Check the access patterns of one entity."""
    _primary(entity, report)
    _names(entity, report)
    _once_each(entity, report)
    for index in entity.spec.indexes.values():
        if index.type == "composite":
            _multi_attribute(entity, index, report)
        _never_out(entity, index, report)
        _collections(entity, index, report)
    _shared_fields(entity, report)
    _one_pattern_a_collection(entity, report)


def _never_out(entity: EntityDraft, index: IndexSpec, report: Report) -> None:
    """Refuse a condition that could not keep items out: they keep all fields of the key."""
    kept = {spec.field for spec in entity.spec.attributes.values()}
    for other in entity.spec.indexes.values():
        if other is not index and (other.index is None or other.when is None):
            kept.update(key.field for _, key in halves(other))
    if index.when and index.index and all(key.field in kept for _, key in halves(index)):
        report.error(
            entity.at("indexes", index.name, "when"),
            "index.never_out",
            f"indexes.{index.name}: `when` cannot leave an item out of the index, since the item "
            "keeps all fields of its key, as attributes or for another access pattern; store a "
            "half of the key in a field of its own",
        )


def _primary(entity: EntityDraft, report: Report) -> None:
    primaries = [index for index in entity.spec.indexes.values() if index.index is None]
    if not primaries and entity.whole and entity.spec.indexes:
        report.error(
            entity.at("indexes"),
            "index.primary_missing",
            "no access pattern uses the table's own key; one must have no `index`",
        )
    for index in primaries[1:]:
        report.error(
            index.span,
            "index.primary_duplicate",
            f"{quoted(index.name)} uses the table's own key, as {quoted(primaries[0].name)} in "
            f"{primaries[0].span} does; name the table's index that it uses with `index`",
        )
    for index in primaries[:1]:
        for option, given in (
            ("when", index.when),
            ("absent", index.absent),
            ("projection", index.projection),
        ):
            if given is not None:
                report.error(
                    entity.at("indexes", index.name, option),
                    "index.primary_option",
                    f"indexes.{index.name}: the table's own key holds every item whole, so it "
                    f"has no `{option}`",
                )
        if index.type == "composite":
            report.error(
                entity.at("indexes", index.name, "type"),
                "index.primary_option",
                f"indexes.{index.name}: the table's own key cannot be of the type composite; "
                "only a global index can",
            )


def _names(entity: EntityDraft, report: Report) -> None:
    for index in entity.spec.indexes.values():
        if index.index is None or _INDEX_NAME.fullmatch(index.index):
            continue
        place = entity.at("indexes", index.name, "index")
        message = (
            f"{quoted(index.index)} cannot be the name of an index: DynamoDB takes 3 to 255 "
            "letters (a to z), digits, dots, hyphens and underscores"
        )
        if _INDEX_NAME.fullmatch(f"{index.index}---"):
            # A model whose table is never made may have one.
            report.warning(place, "index.short_name", message)
        else:
            report.error(place, "index.name", message)


def _once_each(entity: EntityDraft, report: Report) -> None:
    first: dict[str, IndexSpec] = {}
    for index in entity.spec.indexes.values():
        if index.index is None:
            continue
        other = first.setdefault(index.index, index)
        if other is not index:
            report.error(
                entity.at("indexes", index.name, "index"),
                "index.duplicate",
                f"{quoted(index.name)} uses the index {quoted(index.index)}, as "
                f"{quoted(other.name)} in {other.span} does; an entity uses an index once",
            )


def _multi_attribute(entity: EntityDraft, index: IndexSpec, report: Report) -> None:
    where = f"indexes.{index.name}"

    def refuse(message: str, *path: str) -> None:
        report.error(
            entity.at("indexes", index.name, *path), "index.multi_attribute", f"{where}{message}"
        )

    for option, given in (
        ("when", index.when),
        ("absent", index.absent),
        ("scope", index.scope),
    ):
        if given is not None:
            refuse(f": an index of the type composite has no `{option}`", option)
    for half, key in halves(index):
        given_options = (
            ("field", key.field),
            ("template", key.template),
            ("cast", key.cast),
            ("casing", key.casing if key.casing != "default" else None),
        )
        for option, value in given_options:
            if value:
                refuse(
                    f".{half}: an index of the type composite keeps its attributes as they are, "
                    f"so it has no `{option}`",
                    half,
                    option,
                )
        if not 1 <= len(key.composite) <= _MOST_KEY_ATTRIBUTES:
            refuse(
                f".{half} has {len(key.composite)} attributes; an index of the type composite "
                f"takes 1 to {_MOST_KEY_ATTRIBUTES} in each key",
                half,
                "composite",
            )


def _collections(entity: EntityDraft, index: IndexSpec, report: Report) -> None:
    if not index.collection:
        return
    place = entity.at("indexes", index.name, "collection")
    if index.sk is None:
        report.error(
            place,
            "collection.sort_key_missing",
            f"indexes.{index.name}: a collection needs a sort key, which tells its members "
            "apart; add `sk`",
        )
    if len(index.collection) > 1 and index.type != "isolated":
        report.error(
            place,
            "collection.type",
            f"indexes.{index.name}: only an isolated index has sub-collections, and this one is "
            f"{index.type}; name one collection",
        )


def _one_pattern_a_collection(entity: EntityDraft, report: Report) -> None:
    first: dict[str, IndexSpec] = {}
    for index in entity.spec.indexes.values():
        for i, name in enumerate(index.collection):
            place = entity.at("indexes", index.name, "collection", i)
            if name in index.collection[:i]:
                message = f"indexes.{index.name} lists the collection {quoted(name)} twice"
                report.error(place, "collection.repeated", message)
                continue
            other = first.setdefault(name, index)
            if other is not index:
                report.error(
                    place,
                    "collection.repeated",
                    f"{quoted(index.name)} joins the collection {quoted(name)}, as "
                    f"{quoted(other.name)} in {other.span} does; an entity joins it once",
                )


def _keys_by_field(entity: EntityDraft) -> Iterator[tuple[IndexSpec, str, KeySpec]]:
    for index in entity.spec.indexes.values():
        if index.type != "composite":
            for half, key in halves(index):
                yield index, half, key


def _shared_fields(entity: EntityDraft, report: Report) -> None:
    """Keys in one field must be one key: what is written first holds for all."""
    first: dict[str, tuple[IndexSpec, str, KeySpec]] = {}
    for index, half, key in _keys_by_field(entity):
        other_index, other_half, other = first.setdefault(key.field, (index, half, key))
        if other is key or other_index is index:
            continue
        there = f"indexes.{other_index.name}.{other_half} ({other.span})"
        if (key.composite, key.template, key.cast) != (
            other.composite,
            other.template,
            other.cast,
        ):
            report.error(
                entity.at("indexes", index.name, half, "field"),
                "index.field_conflict",
                f"indexes.{index.name}.{half} is stored in {quoted(key.field)}, which {there} "
                f"makes of {_made_of(other)}, and this of {_made_of(key)}; give it another "
                "field, or make both the same",
            )
        elif casing_of(key) != casing_of(other):
            report.error(
                entity.at("indexes", index.name, half, "casing"),
                "key.casing_mismatch",
                f"indexes.{index.name}.{half} writes {quoted(key.field)} with the casing "
                f"{quoted(key.casing)}, and {there} with {quoted(other.casing)}; "
                "a field has one casing",
            )
        else:
            option = _differing_prefix(index, half, other_index, other_half)
            if option and key.template is None:
                report.error(
                    entity.at("indexes", index.name, option),
                    "index.field_conflict",
                    f"indexes.{index.name}.{half} shares the field {quoted(key.field)} with "
                    f"{there}, but has another `{option}`, which is part of the key; "
                    "make both the same",
                )


def _made_of(key: KeySpec) -> str:
    if key.template is not None:
        return f"the template {quoted(key.template)}"
    made = listed(key.composite) or "its prefix alone"
    return f"{made} as a {key.cast}" if key.cast else made


def _differing_prefix(index: IndexSpec, half: str, other: IndexSpec, other_half: str) -> str:
    """The option by which the prefixes of two keys in one field would differ."""
    if half == "sk" and index.collection != (other.collection if other_half == "sk" else ()):
        return "collection"
    if half == other_half == "sk" and index.type != other.type:
        return "type"
    if half == "pk" and index.scope != (other.scope if other_half == "pk" else None):
        return "scope"
    return ""


def check_optional(entity: EntityDraft, report: Report) -> None:
    """Note what an item may lack of an index of which it always has the rest."""
    primary = {
        name
        for index in entity.spec.indexes.values()
        if index.index is None
        for name in index.composites
    }
    there = {
        name
        for name, spec in entity.spec.attributes.items()
        if name in primary or _always_there(entity, spec)
    }
    for index in entity.spec.indexes.values():
        if index.index is None or index.type == "composite":
            continue
        lacking = [name for name in dict.fromkeys(index.composites) if name not in there]
        if lacking and any(name in there for name in index.composites):
            _note(entity, index, set(lacking) - _asked_for(index), there, report)


def _always_there(entity: EntityDraft, spec: AttributeSpec) -> bool:
    return (
        spec.required
        or spec.default is not None
        or spec.on_write is not None
        or spec.name == entity.spec.version_attribute
        or (len(spec.values) == 1)
    )


def _asked_for(index: IndexSpec) -> frozenset[str]:
    """What the condition of a sparse index reads: it decides on items without these."""
    if index.when is None:
        return frozenset()
    if isinstance(index.when, Judge):
        return frozenset(index.when.reads)
    try:
        roots = parse_expression(index.when.text).roots
    except ExpressionError:
        roots = None
    return frozenset(index.composites) if roots is None else roots


def _left_out(entity: EntityDraft, index: IndexSpec) -> bool:
    """Whether an item that lacks an attribute of the partition key is not in the index."""
    return index.absent == "out" if index.absent else entity.spec.keys == "strict"


def _note(
    entity: EntityDraft, index: IndexSpec, lacking: set[str], there: set[str], report: Report
) -> None:
    for half, key in halves(index):
        names = [name for name in dict.fromkeys(key.composite) if name in lacking]
        if not names or (half == "pk" and _left_out(entity, index)):
            continue
        option = "composite" if key.template is None else "template"
        which = listed(names, "or")
        if any(name in there for name in key.composite):
            means = (
                "is refused, as half of a key cannot be written; make it required, give it a "
                "default, or say which items are in the index with `when`"
                + (" or `absent: out`" if half == "pk" else "")
            )
        elif half == "pk":
            means = (
                "is in the index under one partition key with all others like it; say "
                "`absent: out` to leave such items out of the index"
            )
        else:
            means = (
                "is in the index in front of those that have it, and no range or value finds it; "
                "say with `when` which items are in the index where that is not meant"
            )
        report.warning(
            entity.at("indexes", index.name, half, option),
            "index.optional_composite",
            f"indexes.{index.name}.{half}: an item without {which} {means}",
        )
