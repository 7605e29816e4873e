"""Strategies for attribute specs of every type, and for values that they accept."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from attrs import evolve
from hypothesis import strategies as st

from leyden.schema.spec import AttributeSpec, EntitySpec
from tests.mapping.schemas import attribute, entity

SCALARS = (
    "string",
    "number",
    "integer",
    "decimal",
    "boolean",
    "binary",
    "enum",
    "json",
    "timestamp",
    "ttl",
    "vector",
)
SET_MEMBERS = ("string", "number", "integer", "decimal", "binary", "enum", "timestamp")
VALUES = ("red", "green", "light blue")

names = st.from_regex(r"[a-z][a-z0-9_]{0,6}", fullmatch=True)
texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
keys = texts.filter(bool)
whole = st.integers(-(10**38) + 1, 10**38 - 1)
floats = st.floats(allow_nan=False, allow_infinity=False).filter(
    lambda x: x == 0 or 1e-130 <= abs(x) < 1e126
)
decimals = st.builds(
    lambda digits, exponent: Decimal(digits).scaleb(exponent),
    st.integers(-(10**27), 10**27),
    st.integers(-90, 80),
)
instants = st.datetimes(
    datetime(1, 1, 3), datetime(9999, 12, 29), timezones=st.just(UTC)
) | st.datetimes(timezones=st.timezones(), allow_imaginary=False).filter(
    lambda d: timedelta(days=2) < d.replace(tzinfo=None) - datetime.min < timedelta(days=3652000)
)
halves = st.text(st.characters(categories=["Cs", "Lu"]), max_size=4)
jsons = st.recursive(
    st.none() | st.booleans() | st.integers() | floats | texts | halves,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=6,
)
anythings = st.recursive(
    st.none()
    | st.booleans()
    | whole
    | floats
    | decimals
    | texts
    | st.binary(max_size=6)
    | st.frozensets(texts, min_size=1, max_size=3)
    | st.frozensets(whole | floats | decimals, min_size=1, max_size=3)
    | st.frozensets(st.binary(max_size=4), min_size=1, max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(keys, inner, max_size=3),
    max_leaves=6,
)

_SCALAR_VALUES: dict[str, st.SearchStrategy[Any]] = {
    "string": texts,
    "number": whole | floats,
    "integer": whole,
    "decimal": decimals | whole,
    "boolean": st.booleans(),
    "binary": st.binary(max_size=8),
    "json": jsons,
    "timestamp": instants,
    "ttl": instants | st.integers(0, 10**10),
    "vector": st.lists(
        st.floats(width=32, allow_nan=False, allow_infinity=False) | st.floats(-1, 1),
        min_size=2,
        max_size=2,
    ),
}

_OPTIONS: dict[str, dict[str, Any]] = {"enum": {"values": VALUES}, "vector": {"dimensions": 2}}
"""The options that go with a type."""


def _named(name: str, kind: str) -> AttributeSpec:
    return attribute(name, kind, field=f"{name}F", **_OPTIONS.get(kind, {}))


@st.composite
def attribute_specs(draw: st.DrawFn, name: str = "x", depth: int = 2) -> AttributeSpec:
    """An attribute of any type, stored under another name than its own."""
    kinds = [*SCALARS, "set", "any", *(("list", "map", "union") if depth else ())]
    kind = draw(st.sampled_from(kinds))
    field = f"{name}F"
    if kind == "set":
        member = draw(st.none() | st.sampled_from(SET_MEMBERS).map(lambda k: _named("", k)))
        return AttributeSpec(name, "set", field, name, items=member)
    if kind == "list":
        item = draw(st.none() | attribute_specs("", depth - 1))
        return AttributeSpec(name, "list", field, name, items=item)
    if kind == "map":
        inside = draw(st.none() | st.lists(names, unique=True, max_size=3))
        parts = None if inside is None else {k: draw(attribute_specs(k, depth - 1)) for k in inside}
        return AttributeSpec(name, "map", field, name, properties=parts)
    if kind == "union":
        tags = draw(st.lists(keys, unique=True, min_size=1, max_size=3))
        word = draw(keys)
        used = names.filter(lambda part: word not in (part, f"{part}F"))
        variants = {
            tag: {
                part: draw(attribute_specs(part, depth - 1))
                for part in draw(st.lists(used, unique=True, max_size=3))
            }
            for tag in tags
        }
        return _union(name, word, variants)
    named = _named(name, kind)
    if kind in ("string", "enum"):
        forms = st.sampled_from([(), (), ("trim", "lower"), ("nfkc", "collapse", "trim")])
        return evolve(named, normalize=draw(forms))
    return named


def _union(name: str, word: str, variants: dict[str, dict[str, AttributeSpec]]) -> AttributeSpec:
    maps = {
        tag: AttributeSpec(
            name,
            "map",
            name,
            name,
            properties={word: attribute(word, "enum", values=[tag], required=True), **parts},
        )
        for tag, parts in variants.items()
    }
    return AttributeSpec(name, "union", f"{name}F", name, tag=word, variants=maps)


def values_of(spec: AttributeSpec) -> st.SearchStrategy[Any]:
    """Values that an attribute accepts."""
    if spec.type == "enum":
        return st.sampled_from(spec.values)
    if spec.type in _SCALAR_VALUES:
        return _SCALAR_VALUES[spec.type]
    if spec.type == "set":
        if spec.items is None:
            return st.frozensets(texts, min_size=1, max_size=3) | st.frozensets(
                whole | floats, min_size=1, max_size=3
            )
        return st.frozensets(values_of(spec.items), min_size=1, max_size=4)
    if spec.type == "list":
        return st.lists(anythings if spec.items is None else values_of(spec.items), max_size=3)
    if spec.type == "map":
        if spec.properties is None:
            return st.dictionaries(keys, anythings, max_size=3)
        parts = {name: values_of(part) for name, part in spec.properties.items()}
        needed = {name: parts.pop(name) for name, p in spec.properties.items() if p.required}
        return st.fixed_dictionaries(needed, optional=parts)
    if spec.type == "union":
        return st.one_of([values_of(variant) for variant in (spec.variants or {}).values()])
    return anythings


@st.composite
def entities_with_values(draw: st.DrawFn) -> tuple[EntitySpec, dict[str, Any]]:
    """An entity of up to five attributes, and values for some of them."""
    keys = draw(st.lists(names.filter(lambda n: n != "id"), unique=True, min_size=1, max_size=5))
    specs = {key: draw(attribute_specs(key)) for key in keys}
    made = entity({})
    whole_spec = EntitySpec(
        entity=made.entity,
        alias=made.alias,
        version=made.version,
        service=made.service,
        attributes={**made.attributes, **specs},
        indexes=made.indexes,
    )
    given = {key: draw(values_of(spec)) for key, spec in specs.items() if draw(st.booleans())}
    return whole_spec, given
