"""Compute the contents of a chart from a service and its examples."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any, Final

from attrs import evolve

from leyden import Service
from leyden._html import plural
from leyden.chart.contents import (
    Absent,
    Band,
    Board,
    Chart,
    Collection,
    Group,
    KeyText,
    Piece,
    Row,
    Shown,
)
from leyden.chart.dictionary import entry_of
from leyden.chart.examples import (
    Example,
    Examples,
    Given,
    Hooks,
    Other,
    examples_of,
    stored_items,
    unconnected,
)
from leyden.chart.patterns import patterns_of, searches_of
from leyden.keys import KeyForm
from leyden.program import AttributeValue, Item
from leyden.schema import OVERFLOW_FIELD, ServiceSpec
from leyden.tables import IndexDefinition, VectorIndexDefinition
from leyden.types import decode_any, json_ready, plain_numbers, timestamp_text, vector_excerpt

_OWN: Final = ""
"""The name that stands for the table itself among the indexes."""


def chart_of(
    service: Service | ServiceSpec,
    examples: Given,
    hooks: Hooks | None = None,
    *,
    items: Iterable[Item] | None = None,
) -> Chart:
    """Compute what to draw: examples, or stored items if `items` are given.

    Raises InvalidOptionError, InputError for examples that do not fit, and DecodeError for anything
    but items.
    """
    spec = service.spec if isinstance(service, Service) else service
    drawn = unconnected(spec, hooks)
    writes: Mapping[str, str] = {}
    if items is None:
        found = examples_of(drawn, examples, spec.entities)
        writes = _writes(unconnected(spec, hooks, guarded=True), found)
    else:
        found = stored_items(drawn, items)
    definition = drawn.table_definition
    own_range = (definition.range,) if definition.range else ()
    own = IndexDefinition(_OWN, "table", (definition.hash,), own_range)
    indexes = [own, *definition.indexes.values()]
    places = {index.name: place for place, index in enumerate(indexes)}
    # Collections in the order of the boards, the outer ones first.
    collections = []
    for name, members in drawn.collections.__members__.items():
        index = members[0].keys.spec
        aliases = tuple(member.entity.spec.alias for member in members)
        order = (places[index.index or _OWN], index.collection.index(name), name)
        collections.append((order, Collection(name, index.index, aliases)))
    return Chart(
        service=spec.service,
        table=service.table if isinstance(service, Service) else spec.table.table,
        ttl=definition.ttl,
        entities=tuple(entry_of(one, writes.get(alias)) for alias, one in spec.entities.items()),
        collections=tuple(one for _, one in sorted(collections, key=lambda pair: pair[0])),
        boards=(
            *(_board(drawn, found, index, own, definition.ttl) for index in indexes),
            *(_vector_board(drawn, found, one, own) for one in definition.vectors.values()),
        ),
        unsampled=found.missing,
    )


def _writes(service: Service, examples: Examples) -> dict[str, str]:
    """Describe what creating the first example of each entity costs."""
    said = {}
    for alias, entity in service.entities.items():
        example = next(iter(examples.of(alias)), None)
        if example is not None:
            said[alias] = str(entity.create(dict(example.values)).explain().cost)
    return said


def _board(
    drawn: Service,
    examples: Examples,
    index: IndexDefinition,
    own: IndexDefinition,
    ttl: str | None,
) -> Board:
    name = index.name or None
    key = (*index.hash, *index.range)
    # Show the index's own keys in any case.
    fields = _held(index.projection, (*own.hash, *own.range))
    rows: list[tuple[Any, Row]] = []
    absent: list[Absent] = []
    for alias, entity in drawn.entities.items():
        for keys in entity.mapping.keys.values():
            if keys.spec.index != name:
                continue
            out = []
            for example in examples.of(alias):
                if all(field in example.item for field in key):
                    order = [_order_of(example.item[field]) for field in key]
                    row = _row(example, keys.forms, keys.spec.composites, index, fields, ttl)
                    rows.append((order, row))
                else:
                    out.append(example.name)
            if out:
                when = keys.spec.when.text if keys.spec.when else None
                absent.append(Absent(alias, keys.spec.name, tuple(out), when))
    for other in examples.others:
        if all(field in other.item for field in key):
            order = [_order_of(other.item[field]) for field in key]
            rows.append((order, _other_row(other, index, fields)))
    # Partitions have no order in DynamoDB; sort them as text.
    by_partition: dict[tuple[str, ...], list[Row]] = {}
    for _, row in sorted(rows, key=lambda pair: pair[0]):
        by_partition.setdefault(tuple(field.text for field in row.partition), []).append(row)
    return Board(
        index=name,
        kind=index.kind,
        hash=index.hash,
        range=index.range,
        projection=index.projection,
        groups=tuple(
            Group(tuple(members), tuple(_bands(members, drawn, name)))
            for members in by_partition.values()
        ),
        patterns=patterns_of(drawn, examples, name, list(by_partition.values())),
        absent=tuple(absent),
    )


def _held(projection: str | tuple[str, ...], keys: Iterable[str]) -> frozenset[str] | None:
    """Return the fields that an index holds, with `keys` in any case; None means all."""
    if projection == "all":
        return None
    return frozenset((*keys, *(() if isinstance(projection, str) else projection)))


def _vector_board(
    drawn: Service, examples: Examples, index: VectorIndexDefinition, own: IndexDefinition
) -> Board:
    """Return the board of a vector index: the items that have the vector, by partition."""
    parted = (index.hash,) if index.hash is not None else ()
    drawn_as = IndexDefinition(index.name, "vector", parted, (), index.projection)
    groups: dict[tuple[str, ...], list[Row]] = {}
    absent: list[Absent] = []
    for alias, entity in drawn.entities.items():
        attributes = entity.spec.attributes
        for search in entity.spec.searches.values():
            if search.index != index.name:
                continue
            held = _held(index.projection, (*own.hash, *own.range, *index.read))
            fields = held or {attribute.field for attribute in attributes.values()}
            out = []
            for example in examples.of(alias):
                if all(field in example.item for field in (index.field, *parted)):
                    # A search does not return the vector.
                    shown = frozenset(fields - {index.field})
                    named = (search.partition,) if search.partition is not None else ()
                    row = _row(example, (), named, drawn_as, shown, None)
                    if not parted:
                        row = evolve(row, partition=(KeyText("", (Piece("all items"),)),))
                    groups.setdefault(tuple(key.text for key in row.partition), []).append(row)
                else:
                    out.append(example.name)
            if out:
                absent.append(Absent(alias, search.name, tuple(out), None))
    return Board(
        index=index.name,
        kind="vector",
        hash=parted,
        range=(),
        projection=index.projection,
        groups=tuple(Group(tuple(rows), ()) for rows in groups.values()),
        patterns=searches_of(drawn, examples, index.name, list(groups.values())),
        absent=tuple(absent),
    )


def _row(
    example: Example,
    key_forms: Iterable[KeyForm],
    composites: Sequence[str],
    index: IndexDefinition,
    fields: frozenset[str] | None,
    ttl: str | None,
) -> Row:
    forms = {form.field: form for form in key_forms}

    def key(field: str) -> KeyText:
        text = stored_text(example.item[field])
        form = forms.get(field)
        if form is None:
            # A multi-attribute key consists of the attributes' own fields.
            specs = example.entity.spec.attributes
            named = (n for n in composites if specs[n].field == field)
            return KeyText(field, (Piece(text, next(named, None)),))
        if "S" not in example.item[field]:
            return KeyText(field, (Piece(text, form.names[0] if form.names else None),))
        return KeyText(field, tuple(_pieces(text, form, example.values)) or (Piece(text),))

    partition, sort = tuple(map(key, index.hash)), tuple(map(key, index.range))
    seen = {piece.name: piece.text for one in (*partition, *sort) for piece in one.pieces}
    plain = _texts(example)
    attributes = [
        Shown(name, spec.field, plain[name], spec.field == ttl, _is_seen(example, name, seen))
        for name, spec in example.entity.spec.attributes.items()
        if name in plain and not spec.hidden and (fields is None or spec.field in fields)
    ]
    unknown = example.entity.unknown_fields(example.item)
    attributes += _raw(unknown, fields, {OVERFLOW_FIELD})
    return Row(
        example=example.name,
        alias=example.entity.spec.alias,
        partition=partition,
        sort=sort,
        attributes=tuple(attributes),
    )


def _is_seen(example: Example, name: str, seen: Mapping[str | None, str]) -> bool:
    """Return whether keys show a value unchanged; for times, the case does not matter."""
    if name not in seen:
        return False
    spec = example.entity.spec.attributes[name]
    stored = stored_text(example.item[spec.field])
    return seen[name] == (stored.lower() if spec.type == "timestamp" else stored)


def _other_row(other: Other, index: IndexDefinition, fields: frozenset[str] | None) -> Row:
    def key(field: str) -> KeyText:
        return KeyText(field, (Piece(stored_text(other.item[field])),))

    return Row(
        example=other.name,
        alias=other.label,
        partition=tuple(map(key, index.hash)),
        sort=tuple(map(key, index.range)),
        attributes=tuple(_raw(other.item, fields, {*index.hash, *index.range, *other.identifiers})),
        is_known=False,
    )


def _raw(item: Item, fields: frozenset[str] | None, without: set[str]) -> list[Shown]:
    """Return fields that no schema knows, as they are stored."""
    return [
        Shown(field, field, stored_text(value))
        for field, value in sorted(item.items())
        if field not in without and (fields is None or field in fields)
    ]


def _texts(example: Example) -> dict[str, str]:
    """Return an item's values as text by attribute; unreadable ones as they are stored."""
    attributes = example.entity.spec.attributes
    texts = {
        name: stored_text(example.item[spec.field])
        for name, spec in attributes.items()
        if spec.field in example.item
    }
    for name, value in example.entity.mapping.plain(example.values).items():
        texts[name] = (
            value if value and isinstance(value, str) else json.dumps(value, ensure_ascii=False)
        )
    for name, value in example.values.items():
        if attributes[name].type == "vector":
            texts[name] = vector_excerpt(value)
        if isinstance(value, datetime):
            # Show times as text rather than as seconds since 1970.
            texts[name] = timestamp_text(value).replace(":00.000Z", "Z")
    for name, spec in attributes.items():
        apart = example.item.get(OVERFLOW_FIELD, {}).get("M", {}).get(spec.field)
        if apart is not None:
            parts = int(apart["M"]["parts"]["N"])
            texts[name] = f"({plural(parts, 'part')})" if parts else "(compressed)"
    return texts


def stored_text(value: AttributeValue) -> str:
    """Return a stored value for people: texts and numbers unchanged, everything else as JSON."""
    ((kind, content),) = value.items()
    if kind == "B":
        return f"0x{bytes(content).hex()}"
    if kind in ("S", "N"):
        return str(content)
    return json.dumps(plain_numbers(json_ready(decode_any(value))), ensure_ascii=False)


def _pieces(key: str, form: KeyForm, values: Mapping[str, Any]) -> Iterable[Piece]:
    """Split a key at its values; keep it in one piece if that is ambiguous."""
    cuts: list[tuple[int, int, str]] = []
    known: dict[str, Any] = {}
    for segment in form.segments:
        if values.get(segment.name) is None:
            break
        known[segment.name] = values[segment.name]
        until = form.stem(known, closed=False)
        text = segment.text(values[segment.name])
        size = len(form.fold(text) if form.fold else text)
        if not isinstance(until, str) or not key.startswith(until):
            return [Piece(key)]
        cuts.append((max(len(until) - size, 0), len(until), segment.name))
    pieces: list[Piece] = []
    done = 0
    for start, end, name in cuts:
        if start < done:
            return [Piece(key)]
        pieces += [Piece(key[done:start]), Piece(key[start:end], name)]
        done = end
    pieces.append(Piece(key[done:]))
    return [piece for piece in pieces if piece.text]


def _order_of(value: AttributeValue) -> tuple[str, Any]:
    """Return the sort order of keys in DynamoDB: text and binary by bytes, numbers by value."""
    ((kind, stored),) = value.items()
    if kind == "N":
        return kind, Decimal(stored)
    return kind, stored.encode("utf-8", "surrogatepass") if isinstance(stored, str) else stored


def _bands(rows: list[Row], drawn: Service, index: str | None) -> Iterable[Band]:
    """Yield the collections in a partition: runs of neighboring rows whose entities are members."""
    levels: dict[str, tuple[int, set[str]]] = {}
    for name, members in drawn.collections.__members__.items():
        for member in members:
            spec = member.keys.spec
            if spec.index == index:
                level, aliases = levels.setdefault(name, (spec.collection.index(name), set()))
                aliases.add(member.entity.spec.alias)
    for name, (level, aliases) in levels.items():
        start: int | None = None
        for place, row in enumerate((*rows, None)):
            inside = row is not None and row.alias in aliases
            if inside and start is None:
                start = place
            elif not inside and start is not None:
                yield Band(name, level, start, place)
                start = None
