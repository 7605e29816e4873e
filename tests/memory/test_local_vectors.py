"""Vectors in memory are searched exactly, with NumPy and without, and from several threads."""

from __future__ import annotations

import math
import threading
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from leyden.memory import LocalVectors, Vector
from leyden.memory.filters import conditions_of
from tests.memory.kits import KITS
from tests.memory.reference import fits

SCALARS = st.sampled_from(["a", "b", "", 1, 0, 1.0, 2.5, True, False])
METADATA = st.dictionaries(
    st.sampled_from(["x", "y", "z"]),
    SCALARS | st.none() | st.lists(SCALARS, max_size=3) | st.just({"a": 1}),
    max_size=3,
)
FILTERS = st.dictionaries(
    st.sampled_from(["x", "y"]),
    SCALARS | st.lists(SCALARS, max_size=3).map(lambda values: {"in": values}),
    max_size=2,
)
NUMBERS = st.floats(-4, 4, width=16).filter(lambda number: number == 0 or abs(number) > 1e-3)
VALUES = st.lists(NUMBERS, min_size=3, max_size=3).filter(any)


@pytest.fixture(params=["numpy", "plain"], scope="module")
def way(request: pytest.FixtureRequest) -> Iterator[None]:
    with KITS[request.param]():
        yield


def measured(metric: str, one: list[float], other: list[float]) -> float:
    if metric == "euclidean":
        return 1 / (1 + math.dist(one, other))
    product = sum(a * b for a, b in zip(one, other, strict=True))
    if metric == "cosine":
        product /= math.hypot(*one) * math.hypot(*other)
    return min(max((1 + product) / 2, 0.0), 1.0)


@pytest.mark.usefixtures("way")
@settings(deadline=None)
@given(
    steps=st.lists(
        st.tuples(st.integers(0, 9), st.one_of(st.tuples(VALUES, METADATA), FILTERS, st.none())),
        max_size=25,
    ),
    sought=VALUES,
    filter=FILTERS,
    metric=st.sampled_from(["cosine", "euclidean", "dot_product"]),
    top_k=st.integers(1, 12),
)
def test_after_any_writes_a_query_finds_what_a_look_at_every_vector_does(
    steps: list[Any], sought: list[float], filter: Any, metric: str, top_k: int
) -> None:
    store, held = LocalVectors(), dict[str, Any]()
    store.create_index("x", 3, metric)
    for number, step in steps:
        id = f"m{number}"
        if isinstance(step, tuple):
            store.upsert("x", [Vector(id, *step)])
            held[id] = step
        elif step:
            store.delete("x", filter=step)
            conditions = conditions_of(step)
            held = {key: one for key, one in held.items() if not fits(conditions, one[1])}
        else:
            store.delete("x", ids=[id])
            held.pop(id, None)
    expected = {
        id: measured(metric, sought, values)
        for id, (values, metadata) in held.items()
        if fits(conditions_of(filter), metadata)
    }
    matches = store.query("x", sought, top_k=top_k, filter=filter)
    assert len(matches) == min(top_k, len(expected))
    assert len({match.id for match in matches}) == len(matches)
    best = sorted(expected.values(), reverse=True)[:top_k]
    for match, score in zip(matches, best, strict=True):
        assert match.score == pytest.approx(score, abs=1e-5)
        assert expected[match.id] == pytest.approx(score, abs=1e-5)
        assert match.metadata == held[match.id][1]


@pytest.mark.usefixtures("way")
def test_what_callers_do_to_their_objects_does_not_reach_what_is_stored() -> None:
    store, metadata, values = LocalVectors(), {"tags": ["a"]}, [1.0, 0.0]
    store.create_index("x", 2)
    store.upsert("x", [Vector("m", values, metadata)])
    metadata["tags"].append("b")
    values[0] = 0.0
    store.query("x", [1.0, 0.0])[0].metadata["tags"].append("c")
    assert [match.metadata for match in store.query("x", [1.0, 0.0])] == [{"tags": ["a"]}]
    assert len(store.query("x", [1.0, 0.0], filter={"tags": "c"})) == 0


def test_numpy_arrays_are_vectors() -> None:
    store = LocalVectors()
    store.create_index("x", 2)
    for row in np.eye(2, dtype=np.float32):
        store.upsert("x", [Vector(str(row[0]), row, {})])
    assert [match.id for match in store.query("x", np.array([1.0, 0.1]))] == ["1.0", "0.0"]


def test_an_upsert_writes_all_or_nothing() -> None:
    store = LocalVectors()
    store.create_index("x", 2)
    with pytest.raises(ValueError, match="dimensions"):
        store.upsert("x", [Vector("a", [1.0, 0.0], {}), Vector("b", [1.0], {})])
    assert store.describe("x").count == 0


@pytest.mark.usefixtures("way")
def test_threads_can_write_and_search_at_once() -> None:
    store, failed = LocalVectors(), []
    store.create_index("x", 8)

    def work(mine: int) -> None:
        try:
            for turn in range(60):
                values = [float((mine + turn + n) % 7 - 3) or 0.5 for n in range(8)]
                store.upsert("x", [Vector(f"{mine}-{turn}", values, {"mine": mine})])
                matches = store.query("x", values, top_k=70, filter={"mine": mine})
                first = turn - turn % 10
                assert {match.id for match in matches} == {
                    f"{mine}-{each}" for each in range(first, turn + 1)
                }
                if turn % 10 == 9:
                    store.delete("x", filter={"mine": mine})
        except BaseException as error:
            failed.append(error)

    threads = [threading.Thread(target=work, args=(mine,)) for mine in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []
