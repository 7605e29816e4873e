"""The two laws of strict keys: no two lists of values make one key, and keys sort as values do."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import leyden
from leyden.keys import entity_keys
from leyden.operations.plan.key_condition import read_range, sort_condition
from leyden.types.numbers import parse_number, sortable_number
from leyden.types.text import escape, unescape
from leyden.types.times import from_epoch_seconds
from tests.keys.specs import attribute, entity

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=12) | st.text(
    "#$_ab !~\x00", max_size=6
)
decimals = st.decimals(
    allow_nan=False, allow_infinity=False, places=4, min_value=-(10**9), max_value=10**9
)
numbers = (
    st.integers(-(10**37), 10**37)
    | st.floats(allow_nan=False, allow_infinity=False, min_value=-1e120, max_value=1e120).filter(
        lambda x: x == 0 or abs(x) > 1e-120
    )
    | decimals
)
VALUES: dict[str, st.SearchStrategy[Any]] = {
    "string": texts,
    "number": st.integers(-(10**15), 10**15) | st.floats(-1e15, 1e15, allow_subnormal=False),
    "integer": st.integers(-(10**37), 10**37),
    "decimal": decimals,
    "boolean": st.booleans(),
    "timestamp": st.datetimes(timezones=st.just(UTC)).map(
        lambda t: t.replace(microsecond=t.microsecond // 1000 * 1000)
    ),
    "ttl": st.integers(0, 4 * 10**9).map(from_epoch_seconds),
}
kinds = st.lists(st.sampled_from(sorted(VALUES)), min_size=1, max_size=3)


@given(texts, texts)
def test_escaped_texts_sort_as_the_texts_do(a: str, b: str) -> None:
    assert (escape(a) < escape(b)) == (a < b)


@given(texts)
def test_an_escaped_text_can_be_read_back_and_holds_nothing_as_low_as_the_separator(
    text: str,
) -> None:
    assert unescape(escape(text)) == text
    assert all(character > "#" for character in escape(text))


@given(numbers, numbers)
def test_number_texts_sort_as_the_numbers_do(a: Any, b: Any) -> None:
    x, y = (
        Decimal(repr(a)) if isinstance(a, float) else Decimal(a),
        (Decimal(repr(b)) if isinstance(b, float) else Decimal(b)),
    )
    assert (sortable_number(a) < sortable_number(b)) == (x < y)
    assert (sortable_number(a) == sortable_number(b)) == (x == y)


@given(numbers)
def test_a_number_text_can_be_read_back(number: Any) -> None:
    exact = Decimal(repr(number)) if isinstance(number, float) else Decimal(number)
    assert parse_number(sortable_number(number)) == exact


@pytest.mark.parametrize("text", ["", "2", "1", "15", "-", "1500a", "-x~", "$", "a$\x7f"])
def test_what_no_strict_key_holds_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"strict key|could not|not a number"):
        unescape(text) if "$" in text else parse_number(text)


@given(
    kinds.flatmap(
        lambda ks: st.tuples(
            st.just(ks), *[st.lists(st.tuples(*[VALUES[k] for k in ks]), min_size=2, max_size=2)]
        )
    )
)
def test_strict_sort_keys_are_injective_and_keep_the_order_of_values(case: Any) -> None:
    names, (first, second) = case
    attributes = [attribute(f"a{i}", kind) for i, kind in enumerate(names)]
    spec = entity([attribute("p"), *attributes], ["p"], [a.name for a in attributes], keys="strict")
    form = entity_keys(spec).primary.sk
    assert form is not None
    a, b = (
        form.build(dict(zip((x.name for x in attributes), values, strict=True)))
        for values in (first, second)
    )
    assert (a == b) == (first == second)
    assert (a < b) == (first < second)  # type: ignore[operator]


@given(kinds.flatmap(lambda ks: st.tuples(st.just(ks), st.tuples(*[VALUES[k] for k in ks]))))
def test_a_strict_key_reads_back_as_exactly_what_built_it(case: Any) -> None:
    names, values = case
    attributes = [attribute(f"a{i}", kind) for i, kind in enumerate(names)]
    spec = entity([attribute("p"), *attributes], ["p"], [a.name for a in attributes], keys="strict")
    form = entity_keys(spec).primary.sk
    assert form is not None
    given_values = dict(zip((a.name for a in attributes), values, strict=True))
    key = form.build(given_values)
    assert key is not None
    assert form.parse(key) == given_values
    assert not form.is_ambiguous(given_values)
    assert not form.can_collide


def test_strict_keys_keep_case_and_sort_numbers_by_value() -> None:
    spec = entity(
        [attribute("p"), attribute("at", "timestamp"), attribute("n", "integer")],
        ["p"],
        ["at", "n"],
        keys="strict",
    )
    keys = entity_keys(spec).primary
    values = {"p": "Ann", "at": datetime(2026, 1, 2, tzinfo=UTC), "n": -3}
    assert keys.pk is not None
    assert keys.sk is not None
    assert keys.pk.build(values) == "$shop#p_Ann"
    assert keys.sk.build(values) == "$things_1#at_2026-01-02T00:00:00.000Z#n_-4996~"


@given(st.lists(st.tuples(texts, st.integers(-5, 5)), min_size=1, max_size=6), texts)
def test_a_range_over_the_first_strict_value_is_a_range_of_values(
    stored: list[tuple[str, int]], limit: str
) -> None:
    schema = {
        "entity": "things",
        "version": "1",
        "service": "shop",
        "keys": "strict",
        "attributes": {"p": "string", "s": "string", "n": "integer"},
        "indexes": {
            "main": {
                "pk": {"field": "pk", "composite": ["p"]},
                "sk": {"field": "sk", "composite": ["s", "n"]},
            }
        },
    }
    things = leyden.load(schema, table="t").entities.things
    bound = things._bound
    keys = bound.keys.primary
    form = keys.sk
    assert form is not None
    for operator, holds in {
        "gt": lambda s: s > limit,
        "gte": lambda s: s >= limit,
        "lt": lambda s: s < limit,
        "lte": lambda s: s <= limit,
    }.items():
        limits = read_range(bound, keys, {"p": "p"}, operator, {"s": limit}, None)
        condition = sort_condition(bound, form, {"p": "p"}, limits)
        assert condition is not None
        for s, n in stored:
            item = {"sk": {"S": form.build({"s": s, "n": n})}}
            assert condition.holds(item) == holds(s)
