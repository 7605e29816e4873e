"""The access patterns on a board: their key shapes, and the Python that uses them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from leyden.chart.calls import collection_call, get_call, query_call
from leyden.chart.contents import Call, KeyShape, Pattern, Row
from leyden.chart.examples import Example, Examples
from leyden.keys import IndexKeys
from leyden.schema.spec import EntitySpec, KeySpec
from leyden.service.service import Service

Partitions = Sequence[Sequence[Row]]


def patterns_of(
    drawn: Service, examples: Examples, index: str | None, partitions: Partitions
) -> tuple[Pattern, ...]:
    """The access patterns and the collections on an index; None: on the table's own key."""
    found = []
    for alias, entity in drawn.entities.items():
        bound = entity.conversions.entity
        for keys in bound.keys.values():
            if keys.spec.index == index:
                found.append(_pattern(entity.spec, keys, examples.of(alias), partitions))
    for name, members in drawn.collections.__members__.items():
        if members[0].keys.spec.index == index:
            pairs = [(member.entity.spec, member.keys) for member in members]
            found.append(_collection(name, pairs, examples, partitions))
    return tuple(found)


def _pattern(
    entity: EntitySpec, keys: IndexKeys, examples: Sequence[Example], partitions: Partitions
) -> Pattern:
    spec = keys.spec
    on_board = {row.example for rows in partitions for row in rows}
    # What finds most tells most.
    inside = sorted(
        (example for example in examples if example.name in on_board),
        key=lambda example: -len(_beside(example.name, entity.alias, partitions)),
    )
    values = inside[0].values if inside else None
    beside = _beside(inside[0].name, entity.alias, partitions) if inside else ()
    sort = spec.sk.composite if spec.sk else ()
    calls = []
    if spec.index is None:
        calls.append(Call(get_call(entity, values), (inside[0].name,) if inside else ()))
    if spec.index is not None or any(_varies(entity, name) for name in sort):
        calls.append(Call(query_call(entity, spec.name, spec.pk.composite, values), beside))
    if spec.index is not None and sort:
        same = tuple(
            example.name
            for example in inside
            if example.name in beside
            and all(example.values.get(name) == (values or {}).get(name) for name in sort)
        )
        call = query_call(entity, spec.name, (*spec.pk.composite, *sort), values)
        if call != calls[-1].text:
            calls.append(Call(call, same))
    return Pattern(
        alias=entity.alias,
        name=spec.name,
        members=(entity.alias,),
        partition=_shape(spec.pk, keys.pk.shape if keys.pk else None),
        sort=_shape(spec.sk, keys.sk.shape if keys.sk else None) if spec.sk else None,
        kind=spec.type,
        scope=spec.scope,
        collections=spec.collection,
        when=spec.when.text if spec.when else None,
        calls=tuple(calls),
    )


def _varies(entity: EntitySpec, name: str) -> bool:
    """Whether an attribute can have more than one value, so that a partition holds several."""
    return len(entity.attributes[name].values) != 1


def _beside(example: str, alias: str | None, partitions: Partitions) -> tuple[str, ...]:
    """The examples in one partition with this one; with `alias`, those of that entity."""
    rows = next((rows for rows in partitions if any(row.example == example for row in rows)), ())
    return tuple(row.example for row in rows if alias is None or row.alias == alias)


def _collection(
    name: str,
    members: Sequence[tuple[EntitySpec, IndexKeys]],
    examples: Examples,
    partitions: Partitions,
) -> Pattern:
    entity, keys = members[0]
    aliases = tuple(spec.alias for spec, _ in members)
    best: tuple[str, ...] = ()
    values: Mapping[str, Any] | None = None
    for rows in partitions:
        inside = [row for row in rows if row.alias in aliases]
        ours = [row.example for row in inside if row.alias == entity.alias]
        # The partition in which most of the members meet.
        score = (len({row.alias for row in inside}), len(inside))
        if ours and score > (len({_alias_of(examples, n) for n in best}), len(best)):
            best = tuple(row.example for row in inside)
            values = next(e.values for e in examples.items if e.name == ours[0])
    spec = keys.spec
    stem = keys.collection_stem(name) if keys.sk and keys.collection_prefix else None
    field = keys.sk.field if keys.sk else ""
    return Pattern(
        alias=None,
        name=name,
        members=aliases,
        partition=_shape(spec.pk, keys.pk.shape if keys.pk else None),
        sort=KeyShape(field, "begins with", stem) if stem else None,
        kind=spec.type,
        scope=spec.scope,
        collections=(),
        when=None,
        calls=(Call(collection_call(name, entity, spec.pk.composite, values), best),),
    )


def _alias_of(examples: Examples, name: str) -> str:
    return next(e.entity.spec.alias for e in examples.items if e.name == name)


def _shape(key: KeySpec, shape: str | None) -> KeyShape:
    if shape is None:
        return KeyShape("", "", ", ".join(f"{{{name}}}" for name in key.composite))
    return KeyShape(key.field, "=", shape)
