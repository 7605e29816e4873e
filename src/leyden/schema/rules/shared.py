"""Rules of what entities share: the table's own key and its indexes."""

from __future__ import annotations

from collections.abc import Sequence

from leyden._attrs import frozen
from leyden._text import did_you_mean, listed, quoted
from leyden.schema.drafts import EntityDraft, TableDraft
from leyden.schema.faults import Report
from leyden.schema.language import RESERVED_FIELDS
from leyden.schema.rules.forms import halves, key_type
from leyden.schema.spec import EntitySpec, IndexSpec, Span
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
                f"the projection of the index {quoted(name)} is {_shown(said)} here, which is "
                f"more than {_shown(described.projection)} in {described.span}; an entity asks "
                "for what the table's index holds, or for a part of that",
            )
    if described.kind == "lsi":
        _local(name, uses, report)


def _within(asked: str | tuple[str, ...], held: str | tuple[str, ...]) -> bool:
    if held == "all" or asked == "keys_only":
        return True
    return asked != "all" and held != "keys_only" and set(asked) <= set(held)


def _shown(projection: str | tuple[str, ...]) -> str:
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
