"""Vectors: what is taken for one, which digits are stored, and how their JSON is read."""

from __future__ import annotations

import copy
import json
import math
import pickle
import struct
from array import array
from decimal import Decimal
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from leyden.errors import ValidationError
from leyden.types.base import UnreadableError
from leyden.types.vector import (
    StoredVector,
    accept_vector,
    vector_of_json,
    vector_texts,
    vector_value,
)

FINITE = {"allow_nan": False, "allow_infinity": False}
singles = st.lists(st.floats(width=32, **FINITE), max_size=20)
most = struct.unpack("f", struct.pack("I", 0x7F7FFFFF))[0]
numbers = st.lists(st.floats(-most, most, **FINITE) | st.integers(-(10**38), 10**38), max_size=20)


def digits(text: str) -> int:
    return len(Decimal(text).normalize().as_tuple().digits)


@given(singles)
def test_a_32_bit_float_comes_back_as_itself(values: list[float]) -> None:
    accepted = accept_vector(values, "x")
    assert array("f", accepted) == array("f", values)
    stored = [{"N": text} for text in vector_texts(accepted)]
    assert vector_value(stored) == accepted
    assert all(digits(part["N"]) <= 9 for part in stored)


@given(numbers)
def test_what_was_accepted_is_accepted_as_it_is(values: list[float]) -> None:
    accepted = accept_vector(values, "x")
    assert accept_vector(accepted, "x") == accept_vector(list(accepted), "x") == accepted
    assert array("f", accepted) == array("f", map(float, values))
    texts = vector_texts(accepted)
    assert not any(text.endswith(".0") or text == "-0" for text in texts)
    assert [float(text) for text in texts] == list(accepted)


@given(st.lists(st.decimals(-1, 1, places=9, **FINITE), max_size=9))
def test_nine_digits_are_stored_as_they_are_given(values: list[Decimal]) -> None:
    accepted = accept_vector([float(value) for value in values], "x")
    assert accepted == tuple(map(float, values))
    assert accept_vector(values, "x") == accepted


@pytest.mark.parametrize(
    ("value", "stored"),
    [
        (0.1, "0.1"),
        (0.10000000149011612, "0.1"),
        (1, "1"),
        (-2.0, "-2"),
        (-0.0, "0"),
        (0.123456789012, "0.12345679"),
        (1e-7, "1e-7"),
        (1e-50, "0"),
        (123456789.0, "123456789"),
        (16777217, "16777217"),
        (3.4e38, "3.4e38"),
    ],
)
def test_how_a_number_is_stored(value: float, stored: str) -> None:
    assert vector_texts(accept_vector([value], "x")) == [stored]


class OfItsOwn:
    """An array of a library, as NumPy's and tensors are: it knows how to become a list."""

    def __init__(self, values: Any) -> None:
        self.values = values

    def tolist(self) -> Any:
        return self.values


@pytest.mark.parametrize(
    "value",
    [
        [0.5, 2],
        (0.5, 2.0),
        array("f", [0.5, 2]),
        array("d", [0.5, 2]),
        OfItsOwn([0.5, 2.0]),
        memoryview(array("f", [0.5, 2])),
        [Decimal("0.5"), 2],
    ],
)
def test_any_sequence_of_numbers_is_taken(value: Any) -> None:
    assert accept_vector(value, "x", 2) == (0.5, 2.0)


def test_arrays_of_numpy_are_taken() -> None:
    numpy = pytest.importorskip("numpy")
    for kind in ("float16", "float32", "float64", "int64"):
        found = accept_vector(numpy.array([0.5, 2], dtype=kind), "x", 2)
        assert found == tuple(map(float, numpy.array([0.5, 2], dtype=kind)))
    assert accept_vector(list(numpy.array([0.1, 2], dtype="float32")), "x") == (0.1, 2.0)
    for wrong in (numpy.array([[0.5, 2]]), numpy.array(0.5), numpy.array([True, False])):
        with pytest.raises(ValidationError, match="must be a"):
            accept_vector(wrong, "x")


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ([1.0], '"x" must have 2 numbers, not 1'),
        ([1.0] * 1536, '"x" must have 2 numbers, not 1,536'),
        ([1.0, "2"], '"x[1]" must be a number, not str'),
        ([True, 1.0], '"x[0]" must be a number, not bool'),
        ([None, 1.0], '"x[0]" must be a number, not None'),
        ([[1.0], [2.0]], '"x[0]" must be a number, not list'),
        ([1.0, math.nan], '"x[1]" must be a finite number'),
        ([-math.inf, 1.0], '"x[0]" must be a finite number'),
        ([Decimal("NaN"), 1.0], '"x[0]" must be a finite number'),
        ([0, 1e39], '"x[1]" is beyond the numbers that a 32-bit float can hold'),
        ([0, 10**400], '"x[1]" is beyond the numbers that a 32-bit float can hold'),
        ([Decimal("1e400"), 0], '"x[0]" must be a finite number'),
        ("ab", '"x" must be a sequence of numbers, not str'),
        (b"ab", '"x" must be a sequence of numbers, not bytes'),
        ({1.0, 2.0}, '"x" must be a sequence of numbers, not set'),
        ({1.0: 1, 2.0: 2}, '"x" must be a sequence of numbers, not dict'),
        (iter([1.0, 2.0]), '"x" must be a sequence of numbers, not list_iterator'),
        (1.5, '"x" must be a sequence of numbers, not float'),
        (OfItsOwn(1.0), '"x" must be a sequence of numbers, not OfItsOwn'),
    ],
)
def test_what_is_no_vector_is_refused_by_its_place(value: Any, said: str) -> None:
    with pytest.raises(ValidationError) as caught:
        accept_vector(value, "x", 2)
    assert said in str(caught.value)
    assert caught.value.path.startswith("x")


@given(numbers, st.sampled_from([None, 0, 2]), st.booleans())
def test_any_spelling_of_its_json_is_read_alike(
    values: list[float], indent: int | None, plain: bool
) -> None:
    accepted = accept_vector(values, "x")
    stored = {"L": [{"N": text} for text in vector_texts(accepted)]}
    separators = (",", ":") if plain else (" ,", ": ")
    content = json.dumps(stored, indent=indent, separators=separators).encode()
    assert vector_of_json(content) == accepted
    lazy = StoredVector(content)
    assert vector_value(lazy) == accepted
    assert lazy == stored["L"] == [*lazy] == copy.deepcopy(lazy) == pickle.loads(pickle.dumps(lazy))
    assert StoredVector(json.dumps(stored).encode()) == lazy
    assert len(lazy) == len(values)
    assert lazy[:1] == stored["L"][:1]


def test_long_numbers_of_other_clients_are_read_with_all_their_digits() -> None:
    texts = ["0.10000000149011612", "1.50", "1E-7", "+2", "-0", "12345678901234567890"]
    expected = (0.10000000149011612, 1.5, 1e-7, 2.0, 0.0, 12345678901234567890.0)
    assert vector_value([{"N": text} for text in texts]) == expected
    assert vector_of_json(json.dumps({"L": [{"N": t} for t in texts]}).encode()) == expected


@pytest.mark.parametrize(
    "stored",
    [
        [{"S": "1"}],
        [{"N": "x"}],
        [{"N": "1,2"}],
        [{"N": "nan"}],
        [{"N": "1_0"}],
        [{"N": "1"}, {"L": [{"N": "2"}]}],
        [{"N": "1"}, {"NULL": True}],
        [1.0],
        "ab",
    ],
)
def test_what_is_no_list_of_numbers_cannot_be_read(stored: Any) -> None:
    content = json.dumps({"L": stored}, separators=(",", ":")).encode()
    for read in (lambda: vector_value(stored), lambda: vector_value(StoredVector(content))):
        with pytest.raises(UnreadableError, match="is no"):
            read()
    with pytest.raises((msgspec.DecodeError, UnreadableError)):
        vector_of_json(content)
