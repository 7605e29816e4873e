"""Filters say the same for every store, and what none of them takes is refused by name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from leyden.errors import InputError, VectorInputError, VectorStoreError
from leyden.memory.filters import Condition, conditions_of
from tests.memory.reference import fits

THREAD = Condition("thread_id", ("t1",))
ROLE = Condition("role", ("user", "assistant"), is_in=True)


@pytest.mark.parametrize(
    "given",
    [
        {"thread_id": "t1", "role": {"in": ["user", "assistant"]}},
        {"and": [{"thread_id": "t1"}, {"role": {"in": ["user", "assistant"]}}]},
        {"thread_id": "t1", "and": [{"and": ({"role": {"in": ("user", "assistant")}},)}, {}]},
    ],
)
def test_nested_filters_are_one_conjunction(given: Any) -> None:
    assert conditions_of(given) == (THREAD, ROLE)


def test_no_filter_has_no_conditions_and_lets_everything_through() -> None:
    assert conditions_of(None) == conditions_of({}) == conditions_of({"and": []}) == ()
    assert fits((), {})


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"role": {"$in": ["user"]}}, ['"role"', '"$in"', '{"in": [values]}']),
        ({"n": {"gt": 1}}, ['"n"', '"gt"']),
        ({"n": {"in": [1], "gt": 1}}, ['"n"', '"gt"']),
        ({"n": {}}, ['"n"', "no operator"]),
        ({"role": {"in": "user"}}, ['"role"', "list of values"]),
        ({"and": {"role": "user"}}, ['"and"', "list of filters"]),
        ({"and": [None]}, ['"and"', "one of them is None"]),
        ({"and": ["role"]}, ["mapping", "str"]),
        ({"role": None}, ['"role"', "None"]),
        ({"n": float("nan")}, ['"n"', "finite"]),
        ({"role": {"in": [["user"]]}}, ['"role"', "list"]),
        ({1: "x"}, ["each a text"]),
        ("role", ["mapping"]),
    ],
)
def test_what_is_no_filter_is_refused_and_the_field_is_named(given: Any, words: list[str]) -> None:
    with pytest.raises(VectorInputError) as caught:
        conditions_of(given)
    assert isinstance(caught.value, InputError)
    assert isinstance(caught.value, VectorStoreError)
    assert [word for word in words if word not in str(caught.value)] == []


@pytest.mark.parametrize(
    ("metadata", "expected"),
    [
        ({"thread_id": "t1", "role": "user"}, True),
        ({"thread_id": "t1", "role": "tool"}, False),
        ({"thread_id": "t2", "role": "user"}, False),
        ({"role": "user"}, False),
        ({"thread_id": ["t0", "t1"], "role": ["assistant"]}, True),
        ({"thread_id": [], "role": "user"}, False),
        ({"thread_id": None, "role": "user"}, False),
    ],
)
def test_metadata_must_meet_every_condition(metadata: Mapping[str, Any], expected: bool) -> None:
    assert fits((THREAD, ROLE), metadata) is expected


def test_true_is_not_one_but_one_is_one() -> None:
    assert fits(conditions_of({"n": 1}), {"n": 1.0})
    assert not fits(conditions_of({"n": 1}), {"n": True})
    assert not fits(conditions_of({"n": True}), {"n": 1})
    assert not fits(conditions_of({"n": {"in": []}}), {"n": 1})
