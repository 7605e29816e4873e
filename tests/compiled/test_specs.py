"""Specs as source: what the source makes is the spec, in all its parts."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from leyden._attrs import fields
from leyden.compiled.specs import SpecWriter
from leyden.compiled.writing import compiled_source
from leyden.schema import load_checked
from leyden.schema.spec import AttributeSpec, EntitySpec, Literal, ServiceSpec
from tests.compiled.support import precompiled, run
from tests.interop.gatherings import gatherings
from tests.interop.leyden_side import to_service
from tests.interop.models import key_text_models, models
from tests.interop.test_hooks import hooked_models
from tests.mapping.strategies import entities_with_values

ROOT = Path(__file__).parents[2]
FOLDERS = sorted({file.parent for file in (ROOT / "schemas").rglob("table.yaml")})
SERVICE = """
entity: jar
version: "1"
service: lab
description: 'It says "jar", \\ and ä'
attributes:
  jar_id: {type: string, required: true, default: {generate: uuid7}}
  size: {type: decimal, default: 1.50, min: 0, max: 99.5}
  share: {type: number, default: 1.0e-7}
  filled_at: {type: timestamp, default: "2026-02-03T09:15:00+02:00"}
  kept_until: {type: ttl, default: {after: 90 days}}
  day: {type: string, derive: {bucket: day, of: filled_at}}
  name: {type: string, normalize: [trim, lower]}
  slug: {type: string, derive: {slug: name}}
  rank: {type: integer, min: 0, max: 9999, padding: {length: 5, char: "0"}}
  state: {type: [open, "shut\\nfast"], default: open}
  note: {type: json, default: "{}"}
  open: {type: boolean, default: false, set: {call: settle, always: true}, watch: [state]}
  parts:
    type: list
    items: {type: map, properties: {sku: string, count: {type: integer, default: 0}}}
  tags: {type: set, items: string}
  recipe: {type: string, encrypt: true}
  shape: {type: vector, dimensions: 3, deferred: true}
  notes: {type: json, overflow: chunk}
  lid:
    type: union
    tag: kind
    variants:
      screwed: {properties: {turns: {type: integer, required: true}}}
      corked: {properties: {cork: {type: map, properties: {tree: string}}}}
  label: {type: string, derive: "join(' ', [state, jar_id])", validate: "length(@) > `0`"}
indexes:
  jar:
    pk: {field: pk, composite: [jar_id]}
    sk: {field: sk, template: "JAR#${state}"}
  by_state:
    index: gsi1
    when: {call: is_open, reads: [state]}
    absent: out
    pk: {field: gsi1pk, composite: [state], casing: none}
    sk: {field: gsi1sk, composite: [size], cast: number}
unique: [[label], [state, size]]
"""


FEW = settings(max_examples=settings.default.max_examples // 4)


def kinds(value: Any) -> Any:
    """A value with the classes of all its parts: 1, 1.0 and True are equal, and not the same."""
    if isinstance(value, Mapping):
        return type(value), [(key, kinds(held)) for key, held in value.items()]
    if isinstance(value, tuple | list):
        return type(value), [kinds(one) for one in value]
    if hasattr(type(value), "__leyden_fields__"):
        return type(value), [(p.name, kinds(getattr(value, p.name))) for p in fields(type(value))]
    return type(value), repr(value)


def assert_same(spec: Any) -> None:
    writer = SpecWriter()
    source = writer.text(spec)
    again = eval(source, {**writer.classes})
    assert again == spec
    assert kinds(again) == kinds(spec)


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_shipped_schemas_come_back_with_their_places(folder: Path) -> None:
    spec = load_checked(folder)[0]
    assert_same(spec)
    assert precompiled(spec).spec == spec


def test_every_option_comes_back() -> None:
    hooks = {"settle": bool, "is_open": bool}
    spec, noted = load_checked(SERVICE, hooks=hooks)
    assert_same(spec)
    compiled = run(compiled_source(spec, noted))
    assert compiled.hooks == ("is_open", "settle")
    assert compiled.fits(hooks)
    assert not compiled.fits({"settle": bool})
    assert not compiled.fits({**hooks, "settle": "no function"})


@FEW
@given(entities_with_values())
def test_attributes_of_every_type_come_back(made: tuple[EntitySpec, dict[str, Any]]) -> None:
    entity, _ = made
    assert_same(ServiceSpec(entity.service, {entity.alias: entity}))


@FEW
@given(models() | key_text_models())
def test_generated_schemas_come_back(model: dict[str, Any]) -> None:
    assert_same(load_checked(to_service({"thing": model}))[0])


@FEW
@given(gatherings())
def test_generated_collections_come_back(entities: dict[str, Any]) -> None:
    assert_same(load_checked(to_service(entities))[0])


@FEW
@given(hooked_models())
def test_generated_schemas_with_hooks_come_back(model: dict[str, Any]) -> None:
    assert_same(load_checked(to_service({"thing": model}), hooks={"tell": print})[0])


_VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.text()
    | st.binary(max_size=9)
    | st.decimals(allow_nan=False)
    | st.datetimes(timezones=st.sampled_from([UTC, timezone(timedelta(hours=-3.5))])).map(
        lambda instant: instant.replace(fold=0)
    ),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.lists(inner, max_size=3).map(tuple)
        | st.dictionaries(st.text(max_size=3), inner, max_size=3)
    ),
    max_leaves=6,
)


@given(_VALUES)
def test_any_literal_comes_back(value: Any) -> None:
    assert_same(AttributeSpec("a", "any", "a", "a", default=Literal(value)))


@pytest.mark.parametrize("value", [object(), {1, 2}, datetime(2026, 1, 1), 1j])
def test_a_value_without_source_is_refused(value: Any) -> None:
    with pytest.raises(TypeError, match="which SpecWriter cannot write"):
        SpecWriter().text(Literal(value))


def test_an_exact_number_stays_exact() -> None:
    assert SpecWriter().text(Decimal("1.50")) == "Decimal('1.50')"
