"""What the filters of a search compare, and that LangGraph's store in memory agrees."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from langgraph.store.memory import InMemoryStore

from leyden.agents.langgraph.matching import fits
from tests.agents.langgraph.stores import new_store

OPERATORS = ("$eq", "$ne", "$gt", "$gte", "$lt", "$lte")
VALUES: list[Any] = [
    *(None, True, False, 0, 1, -1, 1.0, 1.5, 2**70, float("inf")),
    *("", "a", "b", "1", "1.5", "10", "9", "true", "None"),
    *([], [1], [1.0], [True], ["1"], [[1]], [1, 2], [None]),
    *({}, {"a": 1}, {"a": None}, {"b": 1}, {"a": {"b": [1, {"c": 2}]}}),
]
WANTED: list[Any] = [
    *(*VALUES, Decimal(1), Decimal("1.5"), (1,), (1, 2), {"a": {"$gt": 0}}),
    *({"a": {"b": [1, {"c": {"$lte": 2}}]}}, [{"$gte": 1}], {"$eq": 1, "$gt": 0}, {"a": {}}),
]


def in_memory(value: dict[str, Any], filter: dict[str, Any]) -> bool | None:
    """Whether LangGraph's own store finds a value; None if it cannot compare it."""
    store = InMemoryStore()
    store.put(("f",), "k", value)
    try:
        return bool(store.search(("f",), filter=filter))
    except (TypeError, ValueError):
        return None


def test_values_of_all_types_compare_as_they_do_in_memory() -> None:
    compared = 0
    asked = [*WANTED, *({one: other} for one, other in itertools.product(OPERATORS, WANTED))]
    for value, wanted in itertools.product([{"v": one} for one in VALUES] + [{}], asked):
        theirs = in_memory(value, {"v": wanted})
        if theirs is not None:
            compared += 1
            assert fits(value.get("v"), wanted) == theirs, (value, wanted)
    assert compared > 3000


@pytest.mark.parametrize(
    ("value", "wanted", "does"),
    [
        # In memory, these raise an error.
        (None, {"$gt": 0}, False),
        ([1], {"$lte": 1}, False),
        ("2026-11-30", {"$gt": "2026-02"}, True),
        ("2026-11-30", {"$lt": 2026}, False),
        ("Nan", {"$gte": "Nan"}, True),
        (10**400, {"$gt": 10**399}, True),
        # And these are as good as equal, as they are for a float.
        (1_764_468_000_000_000_001, {"$gt": 1_764_468_000_000_000_000}, True),
        (1_764_468_000_000_000_001, {"$lte": 1_764_468_000_000_000_000}, False),
        (float("nan"), {"$gte": float("nan")}, False),
    ],
)
def test_more_is_compared_than_in_memory(value: Any, wanted: Any, does: bool) -> None:
    assert fits(value, wanted) is does


@pytest.mark.parametrize(
    ("filter", "found"),
    [
        ({"n": 1}, "ab"),
        ({"n": {"$eq": 1}, "tag": "x"}, "a"),
        ({"n": {"$ne": 1}}, "cd"),
        ({"n": {"$gt": 1}}, "c"),
        ({"n": {"$gte": 1, "$lt": 2.5}}, "ab"),
        ({"n": {"$lte": 2.5}}, "abc"),
        ({"deep": {"er": {"$gt": 3}}}, "a"),
        ({"deep": {"er": 4, "list": [1, {"$gt": 1}]}}, "a"),
        ({"tag": {"$gt": "w"}}, "ab"),
        ({"deep": [1]}, ""),
        ({"deep": {"missing": None}}, "a"),
        ({"missing": {"$gt": 0}}, ""),
        ({}, "abcd"),
    ],
)
def test_filters_compare_values(embedded: Any, filter: dict[str, Any], found: str) -> None:
    store = new_store(embedded)
    store.put(("f",), "a", {"n": 1, "tag": "x", "deep": {"er": 4, "list": [1, 2]}})
    store.put(("f",), "b", {"n": 1.0, "tag": "y"})
    store.put(("f",), "c", {"n": 2.5, "tag": "a"})
    store.put(("f",), "d", {"tag": None})
    assert "".join(one.key for one in store.search(("f",), filter=filter)) == found


def test_an_unknown_operator_is_refused(embedded: Any) -> None:
    store = new_store(embedded)
    store.put(("f",), "a", {"n": 1})
    with pytest.raises(ValueError, match=r'\$gt, \$gte, \$lt and \$lte, not "\$like"'):
        store.search(("f",), filter={"n": {"$like": 1}})


@pytest.mark.parametrize("wanted", [None, [1], {"a": 1}, datetime(2026, 11, 30, tzinfo=UTC)])
def test_what_nothing_can_be_greater_than_is_refused(embedded: Any, wanted: Any) -> None:
    store = new_store(embedded)
    store.put(("f",), "a", {"at": "2026-11-30"})
    with pytest.raises(ValueError, match=r'"\$gt" of a filter takes a number or a text, not '):
        store.search(("f",), filter={"at": {"$gt": wanted}})
