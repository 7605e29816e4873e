"""Answers with vectors are read as any others are, or left to the careful way."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leyden.drivers.lean.answers import read_body
from leyden.drivers.lean.exchange import write_body
from leyden.mapping.answers import UnusualItemError, vector_reader
from leyden.types.vector import StoredVector, accept_vector, plain_item, vector_texts

FIELDS = frozenset({"near", 'f"é'})


def reader() -> Any:
    found = vector_reader(FIELDS)
    assert found is not None
    return found


def stored(numbers: list[float]) -> dict[str, Any]:
    return {"L": [{"N": text} for text in vector_texts(accept_vector(numbers, "x"))]}


vectors = st.lists(st.floats(-1, 1), max_size=3).map(stored)
others = st.sampled_from(
    [
        {"S": '"near":{"L":[{"N":"1"}]}'},
        {"S": "a"},
        {"NULL": True},
        {"M": {"near": {"L": [{"N": "1"}]}}},
        {"L": [{"M": {"near": {"L": [{"N": "1"}]}}}]},
        {"L": [{"N": "1"}, {"L": [{"N": "2"}]}]},
        {"L": [{"N": "1"}, {"S": "2"}]},
        {"L": []},
        {"N": "1"},
        {"B": b"a"},
        {"SS": ["a"]},
    ]
)
items = st.dictionaries(st.sampled_from(["id", "near", 'f"é', "n"]), vectors | others, max_size=4)
answers = st.one_of(
    st.lists(items, max_size=3).map(
        lambda found: {"Items": found, "Count": len(found), "ScannedCount": len(found)}
    ),
    items.map(lambda found: {"Item": found}),
    st.lists(items, max_size=3).map(lambda found: {"Responses": {"t": found}}),
    st.lists(items, max_size=3).map(lambda found: {"Responses": [{"Item": i} for i in found]}),
    st.lists(items, max_size=3).map(
        lambda found: {"SearchResults": [{"Item": i, "Score": 0.5} for i in found]}
    ),
)


@given(answer=answers, spaced=st.booleans())
def test_an_answer_says_the_same_or_is_left_alone(answer: dict[str, Any], spaced: bool) -> None:
    content = write_body(answer)
    if spaced:
        content = json.dumps(json.loads(content)).encode()
    try:
        found = reader()(content)
    except UnusualItemError:
        return
    assert found == read_body(content)


def test_every_shape_of_answer_has_its_vectors_found() -> None:
    item = {"id": {"S": "a"}, "near": stored([0.5, 1]), 'f"é': stored([2])}
    for answer in (
        {"Items": [item, {"id": {"S": "b"}}], "Count": 2, "ScannedCount": 2},
        {"Item": item, "ConsumedCapacity": {"TableName": "t"}},
        {"Responses": {"t": [item], "u": [item]}, "UnprocessedKeys": {}},
        {"Responses": [{"Item": item}, {}]},
        {"SearchResults": [{"Item": item, "Score": 0.25}]},
    ):
        content = write_body(answer)
        found = reader()(content)
        assert found == read_body(content)
        assert str(found).count("numbers>") == content.count(b'"near"') * 2


@pytest.mark.parametrize(
    "content",
    [
        b'{"Item":{"id":{"S":"a"}}}',
        b'{"Item":{"near":{"L":[{"N":"1"}]},"x":{"B":"YQ=="}}}',
        b'{"Item":{"near":{"L":[{"N":"1"}',
        b'{"Item":{"x":{"M":{"near":{"L":[{"N":"1"}]}}}}}',
        b'{"Other":{"near":{"L":[{"N":"1"}]}}}',
        b'{"Item":{"near":{"L":[{"N":"1"},{"L":[{"N":"2"}]}]}}}',
        b"{}",
        b"",
    ],
)
def test_what_is_unusual_is_left_to_the_careful_way(content: bytes) -> None:
    with pytest.raises(UnusualItemError):
        reader()(content)


def test_nothing_is_read_in_this_way_where_there_are_no_vectors() -> None:
    assert vector_reader(frozenset()) is None


def test_an_item_on_an_error_holds_plain_data() -> None:
    item = {"near": {"L": StoredVector(write_body(stored([0.5])))}, "id": {"S": "a"}}
    assert json.dumps(plain_item(item)) == '{"near": {"L": [{"N": "0.5"}]}, "id": {"S": "a"}}'
    other = {"id": {"S": "a"}, "x": {"L": []}}
    assert plain_item(other) is other
