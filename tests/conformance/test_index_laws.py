"""Whatever verbs brought an item there, its index keys are those of a put, and queries find it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import leyden
from leyden.errors import (
    ConditionFailedError,
    InputError,
    InvalidExpressionError,
    LeydenError,
    MissingCompositeError,
)
from leyden.mapping.index_keys import put_keys
from leyden.program import Item

HEAD: Final = """
entity: thing
version: "1"
service: laws
KEYS
attributes:
  org: {type: string, required: true}
  id:  {type: string, required: true}
  a:   string
  b:   string
  c:   {type: string, label: see}
  n:   {type: integer, padding: {length: 3, char: "0"}}
  s:   {type: [open, shut], default: open}
  d:   {type: string, derive: "c && join('-', [c, b || '?'])"}
  f:   {type: integer, derive: "length(c || 'none')"}
  u:   {type: timestamp, on_write: {generate: now}}
indexes:
  own: {pk: {field: pk, composite: [org]}, sk: {field: sk, composite: [id]}}
"""

INDEXES: Final = {
    "plain": "{index: gsi1, pk: {field: p1, composite: [a]}, sk: {field: s1, composite: [b]}}",
    "sorted by two": (
        "{index: gsi1, pk: {field: p1, composite: [a]}, sk: {field: s1, composite: [b, n]}}"
    ),
    "sorted by its id": (
        "{index: gsi1, pk: {field: p1, composite: [a]}, sk: {field: s1, composite: [id]}}"
    ),
    "partly its own": (
        "{index: gsi1, pk: {field: p1, composite: [org]}, sk: {field: s1, composite: [id, b]}}"
    ),
    "its own partition": (
        "{index: gsi1, pk: {field: p1, composite: [org]}, sk: {field: s1, composite: [n]}}"
    ),
    "of a tenant": (
        "{index: gsi1, absent: out, pk: {field: p1, composite: [org, a]}, "
        "sk: {field: s1, composite: [b]}}"
    ),
    "of a tenant, sparse": (
        "{index: gsi1, when: \"a && s != 'shut'\", pk: {field: p1, composite: [org, a]}, "
        "sk: {field: s1, composite: [s]}}"
    ),
    "sparse where something is absent": (
        '{index: gsi1, when: "!c", pk: {field: p1, composite: [org]}, sk: {field: s1, '
        "composite: [n]}}"
    ),
    "sparse and out": (
        "{index: gsi1, when: \"s == 'open'\", absent: out, pk: {field: p1, composite: [a]}, "
        "sk: {field: s1, composite: [b]}}"
    ),
    "derived": "{index: gsi1, pk: {field: p1, composite: [d]}, sk: {field: s1, composite: [id]}}",
    "derived with a fallback": (
        "{index: gsi1, pk: {field: p1, composite: [org]}, sk: {field: s1, composite: [f]}}"
    ),
    "clustered": (
        "{index: gsi1, type: clustered, pk: {field: p1, composite: [a]}, "
        "sk: {field: s1, composite: [b]}}"
    ),
    "templates": (
        '{index: gsi1, pk: {field: p1, template: "A#${a}"}, sk: {field: s1, template: "B#${b}"}}'
    ),
    "a number": (
        "{index: gsi1, pk: {field: p1, composite: [a]}, "
        "sk: {field: s1, composite: [n], cast: number}}"
    ),
    "an attribute itself": (
        "{index: gsi1, pk: {field: a, composite: [a]}, sk: {field: s1, composite: [b]}}"
    ),
    "an attribute itself, sparse": (
        "{index: gsi1, when: \"s == 'open'\", pk: {field: a, composite: [a]}, "
        "sk: {field: s1, composite: [b]}}"
    ),
    "attributes with text around": (
        '{index: gsi1, pk: {field: a, template: "A#${a}"}, sk: {field: b, template: "B#${b}"}}'
    ),
    "without a sort key": "{index: gsi1, pk: {field: p1, composite: [a]}}",
    "two that share a partition key": (
        "{index: gsi1, pk: {field: p1, composite: [a]}, sk: {field: s1, composite: [b]}}\n"
        "  other: {index: gsi2, when: \"s == 'open'\", pk: {field: p1, composite: [a]}, "
        "sk: {field: s2, composite: [n]}}"
    ),
    "local": "{index: gsi1, pk: {field: pk, composite: [org]}, sk: {field: s1, composite: [b]}}",
}

KEY: Final = {"org": "o"}
TEXT: Final = st.sampled_from(["", "x", "y"])
PARTS: Final = st.fixed_dictionaries(
    {},
    optional={
        "a": TEXT,
        "b": TEXT,
        "c": TEXT,
        "n": st.integers(0, 12),
        "s": st.sampled_from(["open", "shut"]),
    },
)
NAMES: Final = ("a", "b", "c", "n", "s")
STEP: Final = st.tuples(
    st.sampled_from(["put", "create", "upsert", "update", "patch", "delete", "put back", "batch"]),
    st.sampled_from(["1", "2"]),
    PARTS,
    st.lists(st.sampled_from(NAMES), unique=True, max_size=2),
    st.booleans(),
)


def schema(name: str, keys: str) -> str:
    text = HEAD.replace("KEYS", f"keys: {keys}" if keys == "strict" else "")
    return f"{text}  found: {INDEXES[name]}\n"


def run(entity: leyden.Entity, step: tuple[Any, ...]) -> None:
    """One write; what Leyden refuses to do is no part of a law."""
    verb, number, values, removed, telling = step
    key = {**KEY, "id": number}
    stored = entity.get(**key).go(consistent=True)
    told: dict[str, Any] = {}
    if telling:
        told = {name: getattr(stored, name, None) for name in NAMES}
    try:
        if verb == "put back":
            if stored is not None:
                entity.put(stored).go()
        elif verb == "batch":
            entity.put([{**key, **values}]).go()
        elif verb == "delete":
            entity.delete(**key).go()
        elif verb == "upsert":
            write = entity.upsert(**key, **values)
            write.composite(**{n: v for n, v in told.items() if n not in values}).go()
        elif verb in ("update", "patch"):
            chain = getattr(entity, verb)(**key).set(**values)
            gone = [name for name in removed if name not in values]
            chain = chain.remove(*gone) if gone else chain
            chain.composite(**{n: v for n, v in told.items() if n not in (*values, *gone)}).go()
        else:
            getattr(entity, verb)(**key, **values).go()
    except (MissingCompositeError, ConditionFailedError, InputError, InvalidExpressionError):
        pass


def raw_items(entity: leyden.Entity) -> list[Item]:
    return [dict(item) for item in entity.scan.go(consistent=True, data="raw")]


@pytest.fixture
def opened(open_service: Callable[..., leyden.Service]) -> Callable[[str, str], leyden.Entity]:
    services: dict[tuple[str, str], leyden.Entity] = {}

    def start(name: str, keys: str) -> leyden.Entity:
        if (name, keys) not in services:
            services[name, keys] = open_service(schema(name, keys))["thing"]
        return services[name, keys]

    return start


def check(entity: leyden.Entity) -> None:
    bound = entity._bound
    items = raw_items(entity)
    values = [bound.mapping.decode_values(item) for item in items]
    for item, held in zip(items, values, strict=True):
        present = {name: value for name, value in held.items() if value is not None}
        has_keys_of_a_put(bound, item, present)
    for name, keys in bound.keys.items():
        if name != "own":
            answers_as_a_scan(entity, keys, values)


def has_keys_of_a_put(bound: Any, item: Item, values: Mapping[str, Any]) -> None:
    try:
        expected = {**bound.mapping.encode(values), **put_keys(bound.mapping, values)}
    except LeydenError:
        # An update may make an item that a put would refuse; queries find it all the same.
        return
    for keys in bound.keys.secondary:
        if keys.pk.missing(values):
            continue
        for form in keys.forms:
            assert item.get(form.field) == expected.get(form.field), (form.field, item)


def answers_as_a_scan(entity: leyden.Entity, keys: Any, values: list[dict[str, Any]]) -> None:
    names = keys.spec.composites
    kept = entity.mapping
    for one in values:
        for count in range(len(keys.spec.pk.composite), len(names) + 1):
            wanted = {name: one.get(name) for name in names[:count]}
            if None in wanted.values():
                continue
            alike = [v for v in values if all(v.get(n) == w for n, w in wanted.items())]
            ids = sorted(v["id"] for v in alike)
            assert sorted(r.id for r in entity.match(**wanted).go(pages="all")) == ids
            if keys.spec.when is not None:
                condition = kept.condition(keys.spec.name)
                alike = [
                    v
                    for v in alike
                    if condition.holds({n: w for n, w in v.items() if w is not None})
                ]
            # Keys that are numbers, or attributes themselves, cannot be without.
            ids = sorted(v["id"] for v in alike if all(v.get(n) is not None for n in keys.demanded))
            found = getattr(entity.query, keys.spec.name)(**wanted).go(pages="all")
            assert sorted(r.id for r in found) == ids, (wanted, values)


@pytest.mark.parametrize("name", INDEXES)
@pytest.mark.parametrize("keys", ["electrodb", "strict"])
def test_items_are_in_an_index_whatever_verbs_brought_them_there(
    opened: Callable[[str, str], leyden.Entity], name: str, keys: str
) -> None:
    if keys == "strict" and "template:" in INDEXES[name]:
        return
    entity = opened(name, keys)

    @settings(
        max_examples=5,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        database=None,
    )
    @given(st.lists(STEP, min_size=1, max_size=5))
    def law(steps: list[tuple[Any, ...]]) -> None:
        for number in ("1", "2"):
            entity.delete(**KEY, id=number).go()
        for step in steps:
            run(entity, step)
        check(entity)

    law()
