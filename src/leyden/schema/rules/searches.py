"""Rules of access patterns by meaning: what a vector index can hold, and how entities share it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from leyden._text import a, did_you_mean, listed, quoted
from leyden.schema.entities import EntityDraft, SearchDraft, TableDraft
from leyden.schema.language import RESERVED_FIELDS
from leyden.schema.rules.indexes import INDEX_NAME, NAMES_OF_INDEXES
from leyden.schema.spec import AttributeSpec, SearchSpec
from leyden.schema.vectors import (
    FILTER_KINDS,
    MOST_FILTERS,
    MOST_INDEXES,
    MOST_PROJECTED,
    differences,
    filters_of,
    projection_of,
)
from leyden.types import type_of


def check_searches(entity: EntityDraft) -> None:
    """Check the attributes of an entity's vector indexes, and that each index is used once."""
    first: dict[str, SearchSpec] = {}
    for draft in entity.searches:
        search = draft.search
        if not INDEX_NAME.fullmatch(search.index):
            message = f"{quoted(search.index)} cannot be the name of an index: {NAMES_OF_INDEXES}"
            draft.at("index").error("index.name", message)
        other = first.setdefault(search.index, search)
        if other is not search:
            draft.at("index").error(
                "index.duplicate",
                f"{quoted(search.name)} uses the index {quoted(search.index)}, as "
                f"{quoted(other.name)} in {other.span} does; an entity can use an index only once",
            )
        _check_vector(draft)
        _check_conditions(draft)


def _named(draft: SearchDraft, name: str, *path: str | int) -> AttributeSpec | None:
    """Return the attribute of this name if its type is known; report it if there is none."""
    known = draft.entity.spec.attributes
    if name in known:
        return known[name] if known[name].type else None
    outer = re.split(r"[.\[]", name)[0]
    hint = did_you_mean(name, known)
    if outer in known and outer != name:
        hint = f"; an index sees whole attributes, not parts of {quoted(outer)}"
    draft.at(*path).error(
        "search.unknown_attribute",
        f"{draft.where}.{path[0]}: there is no attribute {quoted(name)}{hint}",
    )
    return None


def _check_vector(draft: SearchDraft) -> None:
    spec = _named(draft, draft.search.attribute, "attribute")
    if spec is None or spec.type == "vector":
        return
    vectors = [one.name for one in draft.entity.spec.attributes.values() if one.type == "vector"]
    meant = f"; did you mean {listed(vectors, 'or')}?" if vectors else ""
    draft.at("attribute").error(
        "search.not_a_vector",
        f"{draft.where}.attribute: {quoted(spec.name)} is of the type {quoted(spec.type)}, and a "
        'search by meaning needs a "vector"'
        + (meant or ", such as {type: vector, dimensions: 1536}"),
    )


def _check_conditions(draft: SearchDraft) -> None:
    """Check the attributes that a search compares: the partition and the filters."""
    search = draft.search
    seen: dict[str, str] = {search.attribute: "is the vector itself"}
    if search.partition is not None:
        _check_condition(draft, search.partition, seen, "partition")
        seen[search.partition] = "is the partition, which every search names anyway"
    for i, name in enumerate(search.filters):
        _check_condition(draft, name, seen, "filters", i)
        seen.setdefault(name, "is listed twice")


def _check_condition(
    draft: SearchDraft, name: str, seen: Mapping[str, str], *path: str | int
) -> None:
    spec = _named(draft, name, *path)
    if spec is None:
        return
    kind, problem = type_of(spec).kind, ""
    if name in seen:
        problem = seen[name]
    elif kind not in FILTER_KINDS:
        problem = (
            f"is of the type {quoted(spec.type)}, and a vector index compares text, numbers and "
            "binary values only"
        )
    elif spec.overflow is not None:
        problem = "may be stored outside of its item (`overflow`), where no index sees it"
    else:
        folded = _key_in_field(draft, spec.field)
        if folded:
            problem = (
                f"is stored in {quoted(spec.field)} as {folded} writes it, which is not its "
                "value; give the attribute a field of its own"
            )
    if problem:
        message = f"{draft.where}.{path[0]}: {quoted(name)} {problem}"
        draft.at(*path).error("search.condition", message)


def _key_in_field(draft: SearchDraft, field: str) -> str:
    """Return the key that stores something else than the attribute's own value in this field."""
    entity = draft.entity
    kept = ("none", "default") if entity.spec.keys == "strict" else ("none",)
    for key in [key for pattern in entity.patterns for key in pattern.halves]:
        is_value = key.is_lone and (key.is_numeric or key.spec.casing in kept)
        if key.spec.field == field and not is_value:
            return key.where
    return ""


def check_vector_indexes(entities: Sequence[EntityDraft], table: TableDraft | None) -> None:
    """Check that entities agree about vector indexes, and that a table can have them all."""
    uses: dict[str, list[SearchDraft]] = {}
    for draft in [draft for entity in entities for draft in entity.searches]:
        same = uses.setdefault(draft.search.index, [])
        if not any(one.entity is draft.entity for one in same):
            same.append(draft)
    for name, drafts in uses.items():
        _check_agreement(name, [draft for draft in drafts if draft.use is not None])
    for drafts in [*uses.values()][MOST_INDEXES:]:
        drafts[0].at("index").error(
            "search.limit",
            f"{quoted(drafts[0].search.index)} is one vector index too many: DynamoDB takes "
            f"{MOST_INDEXES} in a table",
        )
    if uses:
        _check_names(uses, entities, table)
        _check_fields(uses, entities)


def _check_agreement(name: str, drafts: Sequence[SearchDraft]) -> None:
    """Check that the entities of a vector index agree, and together keep to its limits."""
    together = []
    full = False
    for draft in drafts:
        use, first = draft.use, drafts[0].use
        assert use is not None
        assert first is not None
        for option, mine, theirs in differences(use, first):
            if option == "attribute" and use.field == first.field:
                # `_check_fields` reports different dimensions of one field.
                continue
            draft.at(option).error(
                "search.mismatch",
                f"the {option} of the vector index {quoted(name)} is {mine} here, and {theirs} in "
                f"{first.search.span}; all entities must agree about an index",
            )
        together.append(use)
        filters = len(filters_of(together))
        key = [half.spec.field for half in draft.entity.primary_halves]
        listing = projection_of(together, key)
        projected = 1 + filters + (len(listing) if isinstance(listing, tuple) else 0)
        if full:
            continue
        full = True
        others = " with those of the entities before it" if len(together) > 1 else ""
        if filters > MOST_FILTERS:
            draft.at("filters").error(
                "search.limit",
                f"the vector index {quoted(name)} has {filters} filters{others}, and DynamoDB "
                f"takes {MOST_FILTERS}; two of them say which entity an item is of",
            )
        elif isinstance(listing, tuple) and projected > MOST_PROJECTED:
            draft.at("projection").error(
                "search.limit",
                f"the vector index {quoted(name)} holds {projected} fields beside keys{others}, "
                f"and DynamoDB takes {MOST_PROJECTED}: the vector, {filters} filters (two of them "
                "say which entity an item is of), and the projection; `projection: all` holds more",
            )
        else:
            full = False


def _check_names(
    uses: Mapping[str, Sequence[SearchDraft]],
    entities: Sequence[EntityDraft],
    table: TableDraft | None,
) -> None:
    """Check that no vector index has the name of a secondary index."""
    secondary = {
        index.index: index.span
        for entity in reversed(entities)
        for index in entity.spec.indexes.values()
    }
    described = table.spec.indexes if table is not None else {}
    for name, drafts in uses.items():
        if name in secondary:
            drafts[0].at("index").error(
                "search.index_taken",
                f"{quoted(name)} is a secondary index as well, by {secondary[name]}; give the "
                "vector index another name",
            )
        elif name in described:
            drafts[0].at("index").error(
                "search.index_taken",
                f"{quoted(name)} is a secondary index in the table's description "
                f"({described[name].span}); do not list vector indexes there: entities "
                "declare them",
            )


def _check_fields(
    uses: Mapping[str, Sequence[SearchDraft]], entities: Sequence[EntityDraft]
) -> None:
    """Check that every entity stores in the fields of a vector index what the index reads there.

    DynamoDB refuses all items of the table that hold something else there, even if they are not in
    the index.
    """
    asked: dict[str, tuple[str, SearchDraft]] = {}
    for use, draft in [(draft.use, draft) for drafts in uses.values() for draft in drafts]:
        if use is not None and use.vector.type == "vector" and use.dimensions:
            asked.setdefault(use.field, (f"{use.dimensions} numbers", draft))
        for field, kind in use.kinds.items() if use is not None else ():
            asked.setdefault(field, (FILTER_KINDS.get(kind, ""), draft))
    for entity in entities:
        for field, what, path in _stored(entity):
            wanted, reader = asked.get(field, ("", None))
            if reader is None or "" in (wanted, what) or wanted == what:
                continue
            search = reader.search
            entity.at(*path).error(
                "search.field",
                f"{quoted(field)} holds {what} here, and the vector index {quoted(search.index)} "
                f"({search.span}) needs {wanted} there in every item of the table; give one of the "
                "two another `field`",
            )


def _stored(entity: EntityDraft) -> Iterator[tuple[str, str, tuple[str, ...]]]:
    """Yield what an entity stores: the field, its value in words, and the path in the schema."""
    keys = {
        key.spec.field: (key, "a number" if key.is_numeric else "text")
        for pattern in entity.patterns
        for key in pattern.halves
        if pattern.is_known
    }
    for name, spec in entity.spec.attributes.items():
        what = FILTER_KINDS.get(type_of(spec).kind, "") if spec.type else ""
        if spec.type == "vector":
            what = f"{spec.dimensions} numbers"
        elif spec.type and not what:
            what = f"{a(spec.type)}" if spec.type != "any" else "any value"
        if spec.field not in keys and spec.field not in RESERVED_FIELDS:
            yield spec.field, what, ("attributes", name)
    for field, (key, what) in keys.items():
        if not (key.is_lone and type_of(key.attributes[0]).kind == "B"):
            yield field, what, ("indexes", key.pattern.index.name, key.half, "field")
