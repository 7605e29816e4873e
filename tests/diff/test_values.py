"""What a diff believes of types holds for values: what is stored by the one reads as the other."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, Final

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from leyden.diff.values import CONVERSIONS, FITS, GIVEN
from leyden.errors import LeydenError
from leyden.mapping import compile_entity
from leyden.schema.spec import AttributeSpec
from tests.mapping.schemas import entity
from tests.mapping.strategies import values_of

OPTIONS: Final[dict[str, dict[str, Any]]] = {
    "enum": {"values": ["red", "green"]},
    "vector": {"dimensions": 2},
    "set": {"items": "string"},
    "union": {"tag": "kind", "variants": {"a": {"properties": {"x": "string"}}, "b": {}}},
}


def spec_of(kind: str) -> AttributeSpec:
    """An attribute `x` of a type."""
    return entity({"x": {"type": kind, **OPTIONS.get(kind, {})}}).attributes["x"]


def mapping_of(kind: str) -> Any:
    """The mapping of an entity with an attribute `x` of a type."""
    return compile_entity(entity({"x": {"type": kind, **OPTIONS.get(kind, {})}}))


def numbers(value: Any) -> Any:
    """Stored values with their numbers as DynamoDB has them, however they are spelt."""
    if isinstance(value, dict):
        return {
            # A map may have a property that is called "N"; its value is no text.
            name: Decimal(inner) if name == "N" and isinstance(inner, str) else numbers(inner)
            for name, inner in value.items()
        }
    return [numbers(inner) for inner in value] if isinstance(value, list) else value


@pytest.mark.parametrize("pair", sorted(FITS), ids=" to ".join)
@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_what_fits_reads_and_is_stored_again_as_it_was(
    pair: tuple[str, str], data: st.DataObject
) -> None:
    old, new = (mapping_of(kind) for kind in pair)
    value = data.draw(values_of(spec_of(pair[0])))
    stored = old.encode(old.prepare_create({"id": "1", "x": value}))
    read = new.decode(stored)
    again = new.encode(new.prepare_create({"id": "1", "x": read.x}))
    assert numbers(again) == numbers(stored)


@pytest.mark.parametrize("pair", sorted(GIVEN), ids=" to ".join)
@settings(max_examples=10)
@given(data=st.data())
def test_what_callers_gave_they_may_give_still(pair: tuple[str, str], data: st.DataObject) -> None:
    old, new = (mapping_of(kind) for kind in pair)
    value = data.draw(values_of(spec_of(pair[0])))
    made = old.prepare_create({"id": "1", "x": value})
    same = new.prepare_create({"id": "1", "x": made["x"]})
    assert numbers(new.encode(same)) == numbers(old.encode(made))


def test_no_pair_fits_both_ways() -> None:
    assert not any((new, old) in FITS for old, new in FITS)
    assert not CONVERSIONS.keys() & FITS


@pytest.mark.parametrize(
    ("pair", "value"),
    [
        (("number", "integer"), 1.5),
        (("string", "timestamp"), "x"),
        (("string", "json"), "{"),
        (("any", "string"), 1),
        (("list", "vector"), ["x"]),
        (("decimal", "number"), "1.00000000000000000000001"),
        (("string", "number"), "1"),
    ],
    ids=str,
)
def test_what_does_not_fit_is_not_read(pair: tuple[str, str], value: Any) -> None:
    assert pair not in FITS
    old, new = (mapping_of(kind) for kind in pair)
    given = Decimal(value) if pair[0] == "decimal" else value
    stored = old.encode(old.prepare_create({"id": "1", "x": given}))
    with pytest.raises(LeydenError):
        _ = new.decode(stored).x
