"""Compare the table: its key, its indexes, and its settings."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, Final

from attrs import fields

from leyden.diff.changes import (
    BACKFILL,
    INDEX,
    ORPHANS,
    READERS,
    WRITERS,
    Change,
    in_order,
)
from leyden.diff.pairing import pair_entities
from leyden.schema import IndexSpec, SearchSpec, ServiceSpec, Span, TableSettings
from leyden.tables import TableDefinition, table_definition

_READ_BY_OTHERS: Final = frozenset({"stream", "replicas"})
"""Settings that programs of other people rely on."""

_ANEW: Final = {"gsi": "rename_index", "vector": "rename_index", "lsi": "create_table"}
"""The phase that rebuilds an index of each kind."""


def compare_tables(old: ServiceSpec, new: ServiceSpec) -> Iterator[Change]:
    """Yield the changes of the table that all entities of a service share."""
    if not old.entities or not new.entities:
        # Without entities there is no table yet.
        return
    before, after = table_definition(old), table_definition(new)
    place = _place(new, None)
    if before.table != after.table:
        yield _change(
            "table.name", {BACKFILL, READERS, WRITERS}, "table",
            f"the default table is {after.table or 'none'} instead of "
            f"{before.table or 'none'}: new code does not see the items of old code there. If your "
            "code names the table itself, nothing changes; otherwise copy the items",
            place, "create_table", after.table or "",
        )  # fmt: skip
    was, now = (_key_of(one, (one.hash, *filter(None, [one.range]))) for one in (before, after))
    if was != now:
        yield _change(
            "table.key", {BACKFILL, READERS, WRITERS, INDEX}, "table",
            f"the table's own key is {now} instead of {was}: DynamoDB cannot change a table's key, "
            "so the items must be copied into another table",
            place, "create_table", now,
        )  # fmt: skip
    yield from indexes_changed(new, before, after)
    for name in (*before.indexes, *before.vectors):
        if name not in after.indexes and name not in after.vectors:
            yield _change(
                "table.index_removed", {INDEX}, f"table.indexes.{name}",
                "no access pattern uses the index any more; it costs money until you remove it",
                _place(old, name), "drop_index", name, is_old=True,
            )  # fmt: skip
    yield from settings_changed(old, new, before, after)
    yield from projections_changed(old, new, before, after)


def _place(service: ServiceSpec, index: str | None) -> Span:
    """Return where the schemas describe the table: in table.yaml, or else in an access pattern.

    That is the first pattern of the index, or for None the first one of the table's own key.
    """
    if service.table.span.is_written:
        return service.table.span
    patterns: list[IndexSpec | SearchSpec] = []
    for entity in service.entities.values():
        patterns += [*entity.indexes.values(), *entity.searches.values()]
    return next(one.span for one in patterns if one.index == index)


def indexes_changed(
    new: ServiceSpec, before: TableDefinition, after: TableDefinition
) -> Iterator[Change]:
    """Yield the changes of indexes that are new, or have another key or projection."""
    for name, index in after.indexes.items():
        place = _place(new, name)
        if name not in before.indexes:
            lsi = index.kind == "lsi"
            yield _change(
                "table.index_added", {INDEX}, f"table.indexes.{name}",
                "a new local index, which DynamoDB only creates with a table: create another table"
                if lsi
                else "a new index; DynamoDB fills it from the key fields that items have",
                place, "create_table" if lsi else "add_index", name,
            )  # fmt: skip
            continue
        other = before.indexes[name]
        was, now = (
            f"{one.kind} by {_key_of(of, (*one.hash, *one.range))}"
            for of, one in ((before, other), (after, index))
        )
        if was != now:
            yield _change(
                "table.index_key", {INDEX, READERS}, f"table.indexes.{name}",
                f"it is a {now} instead of a {was}: {_anew(index.kind)}",
                place, _ANEW[index.kind], name,
            )  # fmt: skip
        if other.projection != index.projection:
            narrower = narrows(other.projection, index.projection)
            yield _change(
                "table.projection", {INDEX, *([READERS] if narrower else [])},
                f"table.indexes.{name}",
                f"it holds {_said(index.projection)} instead of {_said(other.projection)}: "
                + _anew(index.kind)
                + ("" if narrows(index.projection, other.projection)
                   else ". An index that holds more than it needs also works"),
                place, _ANEW[index.kind], name,
            )  # fmt: skip
    for name, vectors in after.vectors.items():
        place = _place(new, name)
        if name not in before.vectors:
            yield _change(
                "table.vector_index_added", {INDEX}, f"table.indexes.{name}",
                "a new vector index; DynamoDB fills it from the vectors that items have",
                place, "add_index", name,
            )  # fmt: skip
        elif vectors != before.vectors[name]:
            yield _change(
                "table.vector_index", {INDEX, READERS}, f"table.indexes.{name}",
                f"its vector, dimensions, metric or filters are different: {_anew('vector')}",
                place, _ANEW["vector"], name,
            )  # fmt: skip


def projections_changed(
    old: ServiceSpec, new: ServiceSpec, before: TableDefinition, after: TableDefinition
) -> Iterator[Change]:
    """Yield changes of what records from an index show, although the index itself is the same."""
    for entity, earlier in pair_entities(new.entities, old.entities):
        for pattern in entity.indexes.values():
            earlier_one = earlier.indexes.get(pattern.name)
            if earlier_one is None or pattern.index != earlier_one.index:
                continue
            if pattern.projection == earlier_one.projection:
                continue
            held = (one.indexes.get(pattern.index or "") for one in (before, after))
            if len({one and one.projection for one in held}) == 1:
                narrower = narrows(earlier_one.projection or "all", pattern.projection or "all")
                yield Change(
                    "pattern.projection", in_order([READERS] if narrower else []),
                    f"{entity.alias}.indexes.{pattern.name}",
                    f"its records show {_said(pattern.projection or 'all')} instead of "
                    f"{_said(earlier_one.projection or 'all')}; the table's index is the same",
                    pattern.span, entity=entity.alias,
                    about=(("prepare", f"do not read more by {entity.alias}.{pattern.name}"),)
                    if narrower else (),
                )  # fmt: skip


def settings_changed(
    old: ServiceSpec, new: ServiceSpec, before: TableDefinition, after: TableDefinition
) -> Iterator[Change]:
    """Yield changes of time to live and of the other settings in table.yaml."""
    place = _place(new, None)
    if before.ttl != after.ttl:
        lost = {ORPHANS, INDEX} if after.ttl else {INDEX, READERS}
        effect = (
            f'DynamoDB deletes items by their field "{after.ttl}" from now on, also stored items '
            "whose time is over"
            if after.ttl
            else "items no longer expire, and old code finds some that should be gone"
        )
        yield _change(
            "table.ttl", lost, "table.ttl",
            f"time to live reads {after.ttl or 'nothing'} instead of {before.ttl or 'nothing'}: "
            f"{effect}",
            place, "set_table", "time to live",
        )  # fmt: skip
    for option in (one.name for one in fields(TableSettings)):
        was, now = (getattr(one.table.settings, option) for one in (old, new))
        if was != now:
            word = option.replace("_", " ")
            yield _change(
                "table.setting", [READERS] if option in _READ_BY_OTHERS else [],
                f"table.{option}",
                f"the table's {word} changes; items stay as they are"
                + (", and programs that read it must know" if option in _READ_BY_OTHERS else ""),
                place, "set_table", word,
            )  # fmt: skip


def narrows(old: Any, new: Any) -> bool:
    """Return whether an index holds less with the new projection than with the old one."""
    if new == "all" or old == "keys_only":
        return False
    return old == "all" or new == "keys_only" or not {*old} <= {*new}


def _change(
    code: str,
    classes: Iterable[str],
    subject: str,
    message: str,
    span: Span,
    phase: str,
    about: str,
    *,
    is_old: bool = False,
) -> Change:
    return Change(
        code, in_order(classes), subject, message, span, is_old=is_old, about=((phase, about),)
    )


def _anew(kind: str) -> str:
    """Say what to do about an index that has to be rebuilt."""
    if kind == "lsi":
        return "DynamoDB only creates a local index with its table: create another table"
    what = "vector index" if kind == "vector" else "index"
    return (
        f"DynamoDB cannot change an existing {what}. Rename it, so that both exist while you deploy"
    )


def _key_of(definition: TableDefinition, names: Iterable[str]) -> str:
    return " and ".join(f"{name} ({definition.types[name]})" for name in names)


def _said(projection: Any) -> str:
    return projection if isinstance(projection, str) else ", ".join(projection)
