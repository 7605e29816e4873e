"""Rules of what entities share: indexes, and collections, whose members build keys alike."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from leyden._attrs import frozen
from leyden._text import did_you_mean, listed, quoted
from leyden.schema.entities import EntityDraft, TableDraft, Template
from leyden.schema.faults import Report
from leyden.schema.language import RESERVED_FIELDS
from leyden.schema.rules.keys import casing_of, halves, key_type, template_of
from leyden.schema.spec import AttributeSpec, EntitySpec, IndexSpec, KeySpec, Padding, Span
from leyden.types import type_of


@frozen
class _Use:
    """One entity's use of the table's own key or of an index."""

    entity: EntityDraft
    index: IndexSpec

    @property
    def place(self) -> Span:
        return self.index.span

    def option(self, *path: str) -> Span:
        return self.entity.at("indexes", self.index.name, *path)


def check_shared_indexes(
    entities: Sequence[EntityDraft], table: TableDraft | None, report: Report
) -> None:
    """Check that all entities agree about the indexes, and about the table's own key."""
    uses: dict[str | None, list[_Use]] = {}
    for entity in entities:
        for index in entity.spec.indexes.values():
            if not all(entity.spec.attributes[name].type for name in index.composites):
                # What type its keys have is not known.
                continue
            same = uses.setdefault(index.index, [])
            if not any(use.entity is entity for use in same):
                same.append(_Use(entity, index))
    _table_key(uses.pop(None, []), report)
    for name, same in uses.items():
        assert name is not None
        _index(name, same, table, report)
    _projections(entities, table, report)


def _table_key(uses: Sequence[_Use], report: Report) -> None:
    # Entities with different keys cannot be in one table, but a call can name its own table:
    # so this is no error until a table is to be made of them.
    for use in uses[1:]:
        half = _difference(use, uses[0])
        if half:
            report.warning(
                use.option(half, "field"),
                "table.key_mismatch",
                f"the table's own key is {_key(use)} here, and {_key(uses[0])} in "
                f"{uses[0].place}; these entities cannot be in one table",
            )


def _difference(use: _Use, other: _Use) -> str:
    """Which half of two keys differs physically: in its field, its type or its presence."""
    mine, theirs = _physical(use), _physical(other)
    if mine[0] != theirs[0]:
        return "pk"
    return "sk" if mine[1] != theirs[1] else ""


def _physical(use: _Use) -> tuple[tuple[tuple[str, str], ...], tuple[tuple[str, str], ...]]:
    """The fields of both keys with their types, as DynamoDB has them."""
    spec, index = use.entity.spec, use.index
    found: dict[str, tuple[tuple[str, str], ...]] = {}
    for half, key in halves(index):
        if index.type == "composite":
            found[half] = tuple(_native(spec, name) for name in key.composite)
        else:
            found[half] = ((key.field, key_type(spec, key)),)
    return found["pk"], found.get("sk", ())


def _native(spec: EntitySpec, name: str) -> tuple[str, str]:
    attribute = spec.attributes[name]
    return attribute.field, "N" if type_of(attribute).kind == "N" else "S"


def _key(use: _Use) -> str:
    pk, sk = _physical(use)
    kinds = {"S": "text", "N": "a number"}

    def half(fields: tuple[tuple[str, str], ...]) -> str:
        return ", ".join(f"{quoted(field)} ({kinds[kind]})" for field, kind in fields)

    return f"{half(pk)} with {half(sk)}" if sk else f"{half(pk)} without a sort key"


def _index(name: str, uses: Sequence[_Use], table: TableDraft | None, report: Report) -> None:
    first = uses[0]
    for use in uses[1:]:
        half = _difference(use, first)
        if half:
            report.error(
                use.option(half, "field"),
                "index.mismatch",
                f"the key of the index {quoted(name)} is {_key(use)} here, and {_key(first)} in "
                f"{first.place}; all entities must agree about an index",
            )
    described = table.spec.indexes.get(name) if table is not None else None
    if described is None:
        # The table's index then holds what any of them asks for.
        return
    for use in uses:
        said = use.index.projection
        if said is not None and not _within(said, described.projection):
            report.error(
                use.option("projection"),
                "index.mismatch",
                f"the projection of the index {quoted(name)} is {_said(said)} here, which is "
                f"more than {_said(described.projection)} in {described.span}; an entity asks "
                "for what the table's index holds, or for a part of that",
            )
    if described.kind == "lsi":
        _local(name, uses, report)


def _within(asked: str | tuple[str, ...], held: str | tuple[str, ...]) -> bool:
    if held == "all" or asked == "keys_only":
        return True
    return asked != "all" and held != "keys_only" and set(asked) <= set(held)


def _said(projection: str | tuple[str, ...]) -> str:
    return f"[{', '.join(projection)}]" if isinstance(projection, tuple) else projection


def _local(name: str, uses: Sequence[_Use], report: Report) -> None:
    for use in uses:
        primary = next((i for i in use.entity.spec.indexes.values() if i.index is None), None)
        if use.index.type == "composite":
            report.error(
                use.option("type"),
                "index.multi_attribute",
                f"indexes.{use.index.name}: the type composite is for global indexes, and "
                f"{quoted(name)} is a local one (kind: lsi)",
            )
        elif use.index.sk is None:
            report.error(
                use.place,
                "index.lsi_partition_key",
                f"indexes.{use.index.name}: {quoted(name)} is a local index (kind: lsi), which "
                "needs a sort key of its own; add `sk`",
            )
        elif primary is not None and use.index.pk.field != primary.pk.field:
            report.error(
                use.option("pk", "field"),
                "index.lsi_partition_key",
                f"indexes.{use.index.name}: {quoted(name)} is a local index (kind: lsi), so its "
                f"partition key must be the table's, {quoted(primary.pk.field)}, "
                f"not {quoted(use.index.pk.field)}",
            )


def _projections(entities: Sequence[EntityDraft], table: TableDraft | None, report: Report) -> None:
    everywhere = {*RESERVED_FIELDS}
    for entity in entities:
        known = {*RESERVED_FIELDS, *entity.spec.identifiers, *_fields(entity.spec)}
        everywhere |= known
        for index in entity.spec.indexes.values():
            if isinstance(index.projection, tuple) and entity.whole:
                for i, field in enumerate(index.projection):
                    place = entity.at("indexes", index.name, "projection", i)
                    where = f"indexes.{index.name}.projection"
                    _projected(field, known, [entity.spec], place, where, report)
    if table is None or not all(entity.whole for entity in entities):
        return
    specs = [entity.spec for entity in entities]
    for name, described in table.spec.indexes.items():
        if isinstance(described.projection, tuple):
            for i, field in enumerate(described.projection):
                place = table.given.at("indexes", name, "projection", i)
                where = f"indexes.{name}.projection"
                _projected(field, everywhere, specs, place, where, report)


def _fields(spec: EntitySpec) -> set[str]:
    found = {attribute.field for attribute in spec.attributes.values()}
    for index in spec.indexes.values():
        found |= {key.field for _, key in halves(index) if key.field}
    return found


def _projected(
    field: str,
    known: set[str],
    specs: Sequence[EntitySpec],
    place: Span,
    where: str,
    report: Report,
) -> None:
    if field in known:
        return
    stored = sorted({s.attributes[field].field for s in specs if field in s.attributes})
    if stored:
        hint = f"; the attribute {quoted(field)} is stored in {listed(stored)}: list that"
    else:
        hint = did_you_mean(field, known)
    report.error(place, "index.projection", f"{where}: no item has a field {quoted(field)}{hint}")


_A_SLIP: Final = 0.85
"""How alike the names of two collections are where one is probably a slip for the other."""


@frozen
class _Member:
    entity: EntityDraft
    index: IndexSpec


def check_collections(entities: Sequence[EntityDraft], report: Report) -> None:
    """Check the members of each collection against its first one."""
    members: dict[str, list[_Member]] = {}
    for entity in entities:
        for index in entity.spec.indexes.values():
            for name in dict.fromkeys(index.collection):
                same = members.setdefault(name, [])
                if not any(member.entity is entity for member in same):
                    same.append(_Member(entity, index))
    if all(entity.whole for entity in entities):
        _alone(members, report)
    for name, same in members.items():
        for member in same[1:]:
            _alike(name, member, same[0], report)
        _same_fields(name, [member.entity for member in same], report)


def _alone(members: Mapping[str, Sequence[_Member]], report: Report) -> None:
    """Note collections of one entity; one that is called nearly as another is a slip."""
    for name, same in members.items():
        if len(same) > 1:
            continue
        index = same[0].index
        place = same[0].entity.at("indexes", index.name, "collection", index.collection.index(name))
        others = [other for other in members if other != name]
        near = did_you_mean(name, others, closeness=_A_SLIP)
        said = f"the collection {quoted(name)} has this entity alone"
        if near:
            report.warning(
                place, "collection.misspelled", f"{said}, so no query reads it with others{near}"
            )
        else:
            report.warning(
                place,
                "collection.single_member",
                f"{said}; let others join it, or leave it out where none will: its name is part "
                "of the keys",
            )


def _alike(name: str, member: _Member, first: _Member, report: Report) -> None:
    index, other = member.index, first.index
    if index.index != other.index:
        report.error(
            member.entity.at("indexes", index.name, "collection"),
            "collection.index",
            f"the collection {quoted(name)} is on {_on(index)} here, and on {_on(other)} in "
            f"{other.span}; a collection is on one index",
        )
        return
    path, other_path = _path_to(name, index), _path_to(name, other)
    if path != other_path:
        report.error(
            member.entity.at("indexes", index.name, "collection"),
            "collection.order",
            f"the collection {quoted(name)} is {_under(path)} here, and {_under(other_path)} in "
            f"{other.span}; members list the collections above it alike",
        )
    for what, path_to, mine, theirs in _differences(member, first):
        report.error(
            member.entity.at("indexes", index.name, *path_to),
            "collection.members",
            f"{what} is {mine} here, and {theirs} in {other.span}; members of the collection "
            f"{quoted(name)} must agree, as they share a partition",
        )


def _same_fields(name: str, members: Sequence[EntityDraft], report: Report) -> None:
    """A condition names an attribute, and holds for all members that have it: in one field."""
    first: dict[str, AttributeSpec] = {}
    for member in members:
        for attribute in member.spec.attributes.values():
            other = first.setdefault(attribute.name, attribute)
            if other.field != attribute.field:
                report.error(
                    member.at("attributes", attribute.name, "field"),
                    "collection.members",
                    f"the field of {quoted(attribute.name)} is {quoted(attribute.field)} here, "
                    f"and {quoted(other.field)} in {other.span}; members of the collection "
                    f"{quoted(name)} store an attribute in one field, so that a condition on it "
                    "means the same in all",
                )


def _on(index: IndexSpec) -> str:
    return "the table's own key" if index.index is None else f"the index {quoted(index.index)}"


def _path_to(name: str, index: IndexSpec) -> tuple[str, ...]:
    return index.collection[: index.collection.index(name)]


def _under(path: tuple[str, ...]) -> str:
    return f"under {listed(path)}" if path else "at the top"


def _differences(member: _Member, first: _Member) -> list[tuple[str, tuple[str, ...], str, str]]:
    """What differs: its name, the path to its option, and both values, for messages."""
    mine, theirs = member.index, first.index
    found: list[tuple[str, tuple[str, ...], str, str]] = []

    def compare(what: str, path: tuple[str, ...], here: Any, there: Any) -> None:
        if here != there:
            found.append((what, path, _shown(here), _shown(there)))

    def compare_texts(name: str, path: tuple[str, ...], *, labelled: bool) -> None:
        """Compare how an attribute stands in the key."""
        here = member.entity.spec.attributes[name]
        there = first.entity.spec.attributes[name]
        if labelled:
            compare(f"the label of {quoted(name)}", path, here.label, there.label)
        compare(
            f"the padding of {quoted(name)}",
            path,
            here.padding and _padding(here.padding),
            there.padding and _padding(there.padding),
        )
        compare(f"the kind of {quoted(name)}", path, _kind(here), _kind(there))

    compare("the type of the index", ("type",), mine.type, theirs.type)
    compare("the scope", ("scope",), mine.scope, theirs.scope)
    compare(
        "the form of keys (`keys`)",
        (),
        member.entity.spec.keys,
        first.entity.spec.keys,
    )
    compare("the partition key's field", ("pk", "field"), mine.pk.field, theirs.pk.field)
    compare(
        "the partition key's casing", ("pk", "casing"), casing_of(mine.pk), casing_of(theirs.pk)
    )
    compare("the partition key's cast", ("pk", "cast"), mine.pk.cast, theirs.pk.cast)
    template, other_template = _templates(member, first, mine.pk, theirs.pk)
    compare("the partition key's template", ("pk", "template"), template, other_template)
    if mine.pk.composite != theirs.pk.composite:
        compare("the partition key", ("pk", "composite"), mine.pk.composite, theirs.pk.composite)
    else:
        for name in mine.pk.composite:
            compare_texts(name, ("pk", "composite"), labelled=template is None)
    if mine.sk is not None and theirs.sk is not None:
        compare("the sort key's field", ("sk", "field"), mine.sk.field, theirs.sk.field)
        compare("the sort key's casing", ("sk", "casing"), casing_of(mine.sk), casing_of(theirs.sk))
        template, other_template = _templates(member, first, mine.sk, theirs.sk)
        compare(
            "the form of the sort key", ("sk", "template"), _form(template), _form(other_template)
        )
        # In an isolated index each entity has a range of sort keys of its own.
        if mine.type != "isolated":
            compare(
                "the sort key's template", ("sk", "template"), *_apart(template, other_template)
            )
            for name, other in zip(mine.sk.composite, theirs.sk.composite, strict=False):
                if name != other:
                    break
                compare_texts(name, ("sk", "composite"), labelled=template is None)
    return found


def _templates(
    member: _Member, first: _Member, mine: KeySpec, theirs: KeySpec
) -> tuple[Template | None, Template | None]:
    return template_of(member.entity.spec, mine), template_of(first.entity.spec, theirs)


def _form(template: Template | None) -> str:
    return "a list of attributes" if template is None else "a template"


def _apart(mine: Template | None, theirs: Template | None) -> tuple[str, str]:
    """Two templates up to where they differ in text; twice nothing where they need not agree.

    They must agree in the text in front of the attributes that they share, and behind the last one
    where both end there.
    """
    if mine is None or theirs is None:
        return "", ""
    pairs = zip((*mine.names, None), (*theirs.names, None), strict=False)
    for i, (name, other) in enumerate(pairs):
        if name != other:
            break
        if mine.literals[i] != theirs.literals[i]:
            return mine.text, theirs.text
    return "", ""


def _kind(spec: AttributeSpec) -> str:
    """The kind of text that an attribute makes in a key."""
    return type_of(spec).in_keys or spec.type


def _padding(padding: Padding) -> str:
    return f"to {padding.length} with {quoted(padding.char)}"


def _shown(value: Any) -> str:
    if value is None:
        return "not given"
    if isinstance(value, Template):
        return quoted(value.text)
    if isinstance(value, tuple):
        return listed(value) or "empty"
    return value if '"' in value else quoted(value)
