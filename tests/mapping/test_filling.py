"""The generated way into a new item accepts and refuses what each attribute does by itself."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from enum import StrEnum
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leyden.errors import LeydenError, RequiredAttributeError
from leyden.mapping import EntityMapping, compile_entity
from leyden.schema.spec import Generate
from leyden.schema.spec import Literal as Fixed
from tests.mapping.schemas import entity
from tests.mapping.strategies import VALUES, entities_with_values

NOW = datetime(2026, 2, 3, 4, 5, 6, 789000, tzinfo=UTC)


class Color(StrEnum):
    RED = "red"


class Count(int):
    """An int that is not exactly one."""


UNUSUAL = st.sampled_from(
    [
        *("", "é", "\ud800", "red", "RED", Color.RED, "2026-02-03T04:05:06Z", "no time"),
        *(0, 1, -5, True, False, Count(7), 10**38, 10**38 - 1, 1 - 10**38, 10**37 * 12, 10**126),
        *(1.5, 2.0, 1e23, float("nan"), float("inf"), 1e-140, Decimal("1.50"), Decimal("NaN")),
        *(b"x", bytearray(b"y"), memoryview(b"z"), [], [1], ["a"], (1, 2), {}, {"a": 1}, {1: 2}),
        *(set(), {"a"}, frozenset({1, 2}), object(), date(2026, 2, 3), None),
        NOW,
        NOW.replace(microsecond=789123),
        NOW.replace(microsecond=0),
        NOW.replace(tzinfo=None),
        NOW.astimezone(timezone(timedelta(hours=5, minutes=30))),
        datetime(1, 1, 1, tzinfo=timezone(timedelta(hours=5))),
    ]
)


def _slowly(compiled: EntityMapping, values: Mapping[str, Any]) -> dict[str, Any]:
    """What a new item holds, one attribute after the other, each by its own check."""
    accepted, missing = {}, []
    for name, attribute in compiled.attributes.items():
        value = values.get(name)
        if value is None:
            value = compiled.default_values(NOW).get(name)
        if value is not None:
            accepted[name] = attribute.accept(value)
        elif attribute.spec.required:
            missing.append(name)
    if missing:
        raise RequiredAttributeError(", ".join(missing))
    return accepted


def _outcome(make: Any) -> Any:
    try:
        return {name: (type(value), repr(value)) for name, value in make().items()}
    except RequiredAttributeError as error:
        # In which words many are missing is not what is compared here.
        return type(error)
    except LeydenError as error:
        return type(error), error.message, getattr(error, "path", None)


@given(entities_with_values(), st.data())
def test_new_items_are_what_each_attribute_accepts_by_itself(
    made: Any, data: st.DataObject
) -> None:
    spec, values = made
    for name in spec.attributes:
        if data.draw(st.integers(0, 3)) == 0:
            values[name] = data.draw(UNUSUAL)
    compiled = compile_entity(spec)
    quick = _outcome(lambda: compiled.prepare_create(values, now=NOW))
    assert quick == _outcome(lambda: _slowly(compiled, values))


CHECKED = compile_entity(
    entity(
        {
            "word": {"pattern": "^[a-z]+$", "required": True},
            "short": {"max_length": 3, "default": Fixed("abc")},
            "color": {"type": "enum", "values": VALUES, "default": Fixed("red")},
            "amount": {"type": "number", "min": 0, "max": 10, "default": Fixed(3)},
            "ratio": {"type": "number", "default": Fixed(0.5)},
            "whole": {"type": "integer", "min": -1},
            "made": {"type": "timestamp", "default": Generate("now")},
            "touched": {"type": "ttl", "default": Generate("now")},
            "labels": {"type": "list", "items": "string", "default": Fixed(["a"])},
            "fixed": {"type": "boolean", "default": Fixed(True)},
            "late": {"type": "ttl", "required": True},
        }
    )
)
_SOME = st.none() | UNUSUAL | st.integers(-3, 13) | st.sampled_from(["abc", "abcd", "green"])


@given(st.fixed_dictionaries({}, optional=dict.fromkeys(CHECKED.attributes, _SOME)))
def test_defaults_and_constraints_hold_on_the_quick_way_too(values: dict[str, Any]) -> None:
    quick = _outcome(lambda: CHECKED.prepare_create(values, now=NOW))
    assert quick == _outcome(lambda: _slowly(CHECKED, values))


@pytest.mark.parametrize("value", [NOW.replace(tzinfo=None), NOW.replace(microsecond=5)])
def test_the_instant_that_is_given_for_now_is_checked_as_any_other(value: datetime) -> None:
    given_values = {"word": "a", "late": NOW}
    if value.tzinfo is None:
        with pytest.raises(LeydenError, match="without a time zone"):
            CHECKED.prepare_create(given_values, now=value)
    else:
        made = CHECKED.prepare_create(given_values, now=value)
        assert made["made"] == made["touched"] == NOW.replace(microsecond=0)
