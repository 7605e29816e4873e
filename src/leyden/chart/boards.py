"""From a service and its examples to what a chart shows of them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from leyden import Service
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
from leyden.chart.examples import Example, Examples, Given, Hooks, examples_of, unconnected
from leyden.chart.patterns import patterns_of
from leyden.keys import IndexKeys, KeyForm
from leyden.mapping.table import IndexDefinition, TableDefinition
from leyden.program import AttributeValue
from leyden.schema.spec import IndexSpec, ServiceSpec
from leyden.types.times import timestamp_text


def chart_of(service: Service | ServiceSpec, examples: Given, hooks: Hooks | None = None) -> Chart:
    """Work out what to draw. Raises InvalidOptionError, InputError for examples that do not fit."""
    spec = service.spec if isinstance(service, Service) else service
    drawn = unconnected(spec, hooks)
    found = examples_of(drawn, examples, spec.entities)
    definition = drawn.table_definition
    ttl = definition.ttl
    boards = [_board(drawn, found, None, definition)]
    boards += [_board(drawn, found, index, definition) for index in definition.indexes.values()]
    return Chart(
        service=spec.service,
        table=service.table if isinstance(service, Service) else spec.table.table,
        ttl=ttl,
        entities=tuple(spec.entities.values()),
        collections=_collections(drawn, [board.index for board in boards]),
        boards=tuple(boards),
        unsampled=found.missing,
    )


def _collections(drawn: Service, boards: list[str | None]) -> tuple[Collection, ...]:
    """All collections, in the order of the boards, the outer ones first."""
    found = []
    for name, members in drawn.collections.__members__.items():
        index = members[0].keys.spec
        aliases = tuple(member.entity.spec.alias for member in members)
        order = (boards.index(index.index), index.collection.index(name), name)
        found.append((order, Collection(name, index.index, aliases)))
    return tuple(collection for _, collection in sorted(found, key=lambda pair: pair[0]))


def _board(
    drawn: Service, examples: Examples, index: IndexDefinition | None, table: TableDefinition
) -> Board:
    name = None if index is None else index.name
    hash_ = (table.hash,) if index is None else index.hash
    range_ = ((table.range,) if table.range else ()) if index is None else index.range
    projection = "all" if index is None else index.projection
    fields = _projected(table, index)
    rows: list[tuple[Any, Row]] = []
    absent: list[Absent] = []
    for alias, entity in drawn.entities.items():
        for keys in entity.conversions.entity.keys.values():
            if keys.spec.index != name:
                continue
            out = []
            for example in examples.of(alias):
                if all(field in example.item for field in (*hash_, *range_)):
                    row = _row(example, keys, hash_, range_, fields, table.ttl)
                    order = [_order_of(example.item[field]) for field in (*hash_, *range_)]
                    rows.append((order, row))
                else:
                    out.append(example.name)
            if out:
                when = keys.spec.when.text if keys.spec.when else None
                absent.append(Absent(alias, keys.spec.name, tuple(out), when))
    groups = tuple(_groups([row for _, row in sorted(rows, key=lambda pair: pair[0])], drawn, name))
    return Board(
        index=name,
        kind="table" if index is None else index.kind,
        hash=hash_,
        range=range_,
        projection=projection,
        groups=groups,
        patterns=patterns_of(drawn, examples, name, [group.rows for group in groups]),
        absent=tuple(absent),
    )


def _projected(table: TableDefinition, index: IndexDefinition | None) -> frozenset[str] | None:
    """The fields that an index carries beside its own keys; None for all."""
    if index is None or index.projection == "all":
        return None
    extra = () if isinstance(index.projection, str) else index.projection
    return frozenset({table.hash, *([table.range] if table.range else ()), *extra})


def _row(
    example: Example,
    keys: IndexKeys,
    hash_: Iterable[str],
    range_: Iterable[str],
    fields: frozenset[str] | None,
    ttl: str | None,
) -> Row:
    forms = {form.field: form for form in keys.forms}
    mapping = example.entity.conversions.entity.mapping
    plain = {
        name: value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
        for name, value in mapping.plain(example.values).items()
    }
    for name, value in example.values.items():
        if isinstance(value, datetime):
            # Seconds since 1970 tell people nothing.
            plain[name] = timestamp_text(value).replace(":00.000Z", "Z")
    attributes = [
        Shown(name, spec.field, plain[name], spec.field == ttl)
        for name, spec in example.entity.spec.attributes.items()
        if name in plain and not spec.hidden and (fields is None or spec.field in fields)
    ]

    def key(field: str) -> KeyText:
        return _key_text(example, keys.spec, field, forms.get(field))

    return Row(
        example=example.name,
        alias=example.entity.spec.alias,
        partition=tuple(key(field) for field in hash_),
        sort=tuple(key(field) for field in range_),
        attributes=tuple(attributes),
    )


def _key_text(example: Example, index: IndexSpec, field: str, form: KeyForm | None) -> KeyText:
    ((kind, stored),) = example.item[field].items()
    text = f"0x{stored.hex()}" if kind == "B" else str(stored)
    if form is None:
        # A multi-attribute key is made of the attributes' own fields.
        named = (n for n in index.composites if example.entity.spec.attributes[n].field == field)
        return KeyText(field, (Piece(text, next(named, None)),))
    if kind != "S":
        return KeyText(field, (Piece(text, form.names[0] if form.names else None),))
    return KeyText(field, tuple(_pieces(text, form, example.values)) or (Piece(text),))


def _pieces(key: str, form: KeyForm, values: Mapping[str, Any]) -> Iterable[Piece]:
    """Cut a key where the key layer put its values; in one piece where it cannot be told."""
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
    """The order of keys in DynamoDB: text and binary by bytes, numbers by value."""
    ((kind, stored),) = value.items()
    if kind == "N":
        return kind, Decimal(stored)
    return kind, stored.encode("utf-8", "surrogatepass") if isinstance(stored, str) else stored


def _groups(rows: Iterable[Row], drawn: Service, index: str | None) -> Iterable[Group]:
    """The rows of each partition together. Partitions have no order; theirs is that of the text."""
    by_partition: dict[tuple[str, ...], list[Row]] = {}
    for row in rows:
        by_partition.setdefault(tuple(key.text for key in row.partition), []).append(row)
    for members in by_partition.values():
        yield Group(tuple(members), tuple(_bands(members, drawn, index)))


def _bands(rows: list[Row], drawn: Service, index: str | None) -> Iterable[Band]:
    """The collections on a partition: runs of neighbouring rows whose entities are members."""
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
