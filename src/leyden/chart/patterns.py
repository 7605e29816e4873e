"""The access patterns on a board: the shapes of their keys, and their calls in Python."""

from __future__ import annotations

import json
import keyword
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any, Final

from leyden import Service
from leyden.chart.contents import Call, KeyShape, Pattern, Row
from leyden.chart.examples import Example, Examples
from leyden.chart.questions import (
    heat_of,
    question_of,
    question_of_collection,
    question_of_search,
)
from leyden.keys import IndexKeys
from leyden.schema import EntitySpec, KeySpec
from leyden.types import epoch_seconds, timestamp_text, type_of

Partitions = Sequence[Sequence[Row]]

_UNKNOWN: Final = "..."
"""What stands for a value that no example has."""


def patterns_of(
    drawn: Service, examples: Examples, index: str | None, partitions: Partitions
) -> tuple[Pattern, ...]:
    """Return the access patterns and collections on an index; None is the table's own key."""
    found = []
    for alias, entity in drawn.entities.items():
        for keys in entity.mapping.keys.values():
            if keys.spec.index == index:
                spec = keys.spec
                pattern = Pattern(
                    alias=alias,
                    name=spec.name,
                    members=(alias,),
                    partition=_shape(spec.pk, keys.pk.shape if keys.pk else None),
                    sort=_shape(spec.sk, keys.sk.shape if keys.sk else None) if spec.sk else None,
                    kind=spec.type,
                    scope=spec.scope,
                    collections=spec.collection,
                    when=spec.when.text if spec.when else None,
                    calls=_calls(entity.spec, keys, examples.of(alias), partitions),
                    question=question_of(entity.spec, spec),
                    heat=heat_of(entity.spec, spec.pk.composite),
                )
                found.append(pattern)
    for name, members in drawn.collections.__members__.items():
        if members[0].keys.spec.index == index:
            entities = [member.entity.spec for member in members]
            found.append(_collection(name, entities, members[0].keys, examples, partitions))
    return tuple(found)


def searches_of(
    drawn: Service, examples: Examples, index: str, partitions: Partitions
) -> tuple[Pattern, ...]:
    """Return the access patterns by meaning on a vector index."""
    found = []
    for alias, entity in drawn.entities.items():
        for search in entity.spec.searches.values():
            if search.index != index:
                continue
            spec, parted = entity.spec, search.partition
            named = () if parted is None else (parted,)
            inside = [one for one in examples.of(alias) if _beside(one, partitions)]
            given = _arguments(spec, named, inside[0].values if inside else None)
            start = f".{search.name}" if _is_name(search.name) else f"[{_quoted(search.name)}]"
            near = f"vector, {given}" if given else "vector"
            call = f"{_entity_text(alias)}.search{start}({near}).go()"
            partition = KeyShape("", "", "all items")
            if parted is not None:
                partition = KeyShape(spec.attributes[parted].field, "=", f"{{{parted}}}")
            pattern = Pattern(
                alias=alias,
                name=search.name,
                members=(alias,),
                partition=partition,
                sort=KeyShape("", "", f"nearest to {{{search.attribute}}}"),
                kind="vector",
                scope=None,
                collections=(),
                when=None,
                calls=(Call(call, _beside(inside[0], partitions) if inside else ()),),
                question=question_of_search(spec, search),
                heat=heat_of(spec, named) if named else None,
            )
            found.append(pattern)
    return tuple(found)


def _calls(
    entity: EntitySpec, keys: IndexKeys, examples: Sequence[Example], partitions: Partitions
) -> tuple[Call, ...]:
    spec = keys.spec
    beside = {example.name: _beside(example, partitions) for example in examples}
    # The example that finds most comes first.
    inside = sorted(
        (example for example in examples if beside[example.name]),
        key=lambda example: -len(beside[example.name]),
    )
    values = inside[0].values if inside else None
    found = beside[inside[0].name] if inside else ()
    sort = spec.sk.composite if spec.sk else ()
    if spec.index is None:
        got = (inside[0].name,) if inside else ()
        given = _arguments(entity, entity.primary.composites, values)
        calls = [Call(f"{_entity_text(entity.alias)}.get({given}).go()", got)]
        # A partition can only hold several items if a sort key attribute can have several values.
        if any(len(entity.attributes[name].values) != 1 for name in sort):
            calls.append(Call(_query_call(entity, spec.name, spec.pk.composite, values), found))
        return tuple(calls)
    calls = [Call(_query_call(entity, spec.name, spec.pk.composite, values), found)]
    call = _query_call(entity, spec.name, (*spec.pk.composite, *sort), values)
    if sort and call != calls[0].text:
        same = tuple(
            example.name
            for example in inside
            if example.name in found
            and all(example.values.get(name) == (values or {}).get(name) for name in sort)
        )
        calls.append(Call(call, same))
    return tuple(calls)


def _beside(example: Example, partitions: Partitions) -> tuple[str, ...]:
    """Return the examples of its entity in the same partition, with itself."""
    alias = example.entity.spec.alias
    rows = next((p for p in partitions if any(row.example == example.name for row in p)), ())
    return tuple(row.example for row in rows if row.alias == alias)


def _collection(
    name: str,
    members: Sequence[EntitySpec],
    keys: IndexKeys,
    examples: Examples,
    partitions: Partitions,
) -> Pattern:
    entity = members[0]
    aliases = tuple(spec.alias for spec in members)
    most = (0, 0)
    best: tuple[str, ...] = ()
    values: Mapping[str, Any] | None = None
    for rows in partitions:
        inside = [row for row in rows if row.alias in aliases]
        ours = [row.example for row in inside if row.alias == entity.alias]
        # Choose the partition where most of the members meet.
        score = (len({row.alias for row in inside}), len(inside))
        if ours and score > most:
            most, best = score, tuple(row.example for row in inside)
            values = next(e.values for e in examples.items if e.name == ours[0])
    spec = keys.spec
    stem = keys.collection_stem(name) if keys.sk and keys.collection_prefix else None
    given = _arguments(entity, spec.pk.composite, values)
    reached = f"getattr(app.collections, {_quoted(name)})"
    if _is_name(name):
        reached = f"app.collections.{name}"
    return Pattern(
        alias=None,
        name=name,
        members=aliases,
        partition=_shape(spec.pk, keys.pk.shape if keys.pk else None),
        sort=KeyShape(keys.sk.field if keys.sk else "", "begins with", stem) if stem else None,
        kind=spec.type,
        scope=spec.scope,
        collections=(),
        when=None,
        calls=(Call(f"{reached}({given}).go()", best),),
        question=question_of_collection(members, spec),
    )


def _shape(key: KeySpec, shape: str | None) -> KeyShape:
    if shape is None:
        return KeyShape("", "", ", ".join(f"{{{name}}}" for name in key.composite))
    return KeyShape(key.field, "=", shape)


# ---- Python


def _query_call(
    entity: EntitySpec, pattern: str, names: Iterable[str], values: Mapping[str, Any] | None
) -> str:
    """Return a call such as `task.query.assigned(employee_id="ada").go()`."""
    start = f".{pattern}" if _is_name(pattern) else f"[{_quoted(pattern)}]"
    given = _arguments(entity, names, values)
    return f"{_entity_text(entity.alias)}.query{start}({given}).go()"


def _entity_text(alias: str) -> str:
    """Return how code reaches the entity: `task` if that can be a variable."""
    return alias if _is_name(alias) else f"app[{_quoted(alias)}]"


def _arguments(entity: EntitySpec, names: Iterable[str], values: Mapping[str, Any] | None) -> str:
    """Return attributes as keyword arguments, without those that can have only one value."""
    given = {}
    for name in dict.fromkeys(names):
        attribute = entity.attributes[name]
        if len(attribute.values) == 1:
            continue
        value = None if values is None else values.get(name)
        if value is None:
            given[name] = _UNKNOWN
        elif isinstance(value, str):
            given[name] = _quoted(value)
        elif isinstance(value, Decimal):
            given[name] = f'Decimal("{value}")'
        elif not isinstance(value, datetime):
            given[name] = repr(value)
        elif type_of(attribute).expires:
            given[name] = str(epoch_seconds(value))
        else:
            given[name] = _quoted(timestamp_text(value))
    if all(_is_name(name) for name in given):
        return ", ".join(f"{name}={text}" for name, text in given.items())
    inner = ", ".join(f"{_quoted(name)}: {text}" for name, text in given.items())
    return f"**{{{inner}}}"


def _quoted(text: str) -> str:
    # JSON's escapes are also Python's, except for characters beyond the BMP, which stay unescaped.
    return json.dumps(text, ensure_ascii=False)


def _is_name(text: str) -> bool:
    return text.isidentifier() and not keyword.iskeyword(text)
