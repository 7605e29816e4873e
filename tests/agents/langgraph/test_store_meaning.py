"""The store's search by meaning: what it finds, in which order, and what it costs."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from langgraph.store.base import GetOp, PutOp, SearchOp

import leyden
from leyden.agents.langgraph import LeydenStore
from leyden.agents.langgraph.batching import Batches
from leyden.errors import InputError, InvalidOptionError, LeydenError, TableError
from tests.agents.chaos import each_death
from tests.agents.langgraph.conftest import sent
from tests.agents.langgraph.stores import WORDS, Clock, aembed, index, new_store, places
from tests.agents.weaving import Slow, Weaving

WOVEN = leyden.local()


@pytest.fixture
def store(embedded: Any) -> Iterator[LeydenStore]:
    with new_store(embedded, index=index()) as store:
        yield store


def vectors(store: LeydenStore) -> list[Any]:
    return [*store.app.entities.item_vector.scan.go(pages="all")]


def keys(found: Any) -> str:
    return "".join(one.key for one in found)


def test_the_nearest_come_first_with_their_similarity(store: LeydenStore) -> None:
    store.put(("m",), "a", {"text": "tea and tea by the river"})
    store.put(("m",), "b", {"text": "tea"})
    store.put(("m", "x"), "c", {"text": "bread"})
    found = store.search(("m",), query="a cup of tea")
    assert keys(found) == "bac"
    assert [round(one.score or 0, 3) for one in found] == [1, 0.894, 0]
    assert keys(store.search(("m",), query="tea", limit=1, offset=1)) == "a"
    assert keys(store.search(("m", "x"), query="tea")) == "c"
    assert keys(store.search((), query="tea", filter={"text": "bread"})) == "c"
    assert store.search(("n",), query="tea") == []


def test_a_search_takes_two_requests_where_the_index_finds_enough(store: LeydenStore) -> None:
    store.batch([PutOp(("m",), f"{n:02}", {"text": "tea " * (n + 1)}) for n in range(40)])
    with sent() as sending:
        assert len(store.search(("m",), query="tea")) == 10
    assert sending.apis == {"SearchVectors": 1, "BatchGetItem": 1}
    with sent() as sending:
        store.put(("m",), "00", {"text": "bread"})
    assert sending.apis == {"BatchWriteItem": 1, "UpdateItem": 1}


def test_items_without_a_vector_come_last_without_a_score(store: LeydenStore) -> None:
    store.put(("m",), "a", {"text": "tea"}, index=False)
    store.put(("m",), "b", {"text": "no word that is known"})
    store.put(("m",), "c", {"other": "tea"})
    store.put(("m",), "d", {"text": "river"})
    store.put(("m",), "e", {"text": ["tea", "bread"], "other": "tea"}, index=["other", "text[*]"])
    found = store.search(("m",), query="tea")
    assert [(one.key, one.score) for one in found] == [
        ("e", 1),
        ("d", 0),
        ("a", None),
        ("b", None),
        ("c", None),
    ]
    assert keys(store.search(("m",), query="tea", limit=3, offset=1)) == "dab"
    # A query without a direction, or none, is a search by keys.
    assert keys(store.search(("m",), query="what?")) == "abcde"
    assert len(vectors(store)) == 4


def test_a_whole_value_is_embedded_unless_fields_are_named(embedded: Any) -> None:
    store = new_store(embedded, index=index(fields=None))
    store.put(("m",), "a", {"x": {"y": "tea"}})
    store.put(("m",), "b", {"x": {"y": "tea"}, "z": "bread"}, index=["z"])
    store.put(("m",), "c", {"x": "river"}, index=["$"])
    assert [round(one.score or 0) for one in store.search(("m",), query="tea")] == [1, 0, 0]


def test_labels_deeper_than_the_index_filters_are_exact(store: LeydenStore) -> None:
    near = [PutOp(("a", "b", "c", "d", "near"), f"{n:03}", {"text": "tea"}) for n in range(120)]
    far = [PutOp(("a", "b", "c", "d", "far"), str(n), {"text": "river tea bread"}) for n in (1, 2)]
    store.batch([*near, *far])
    found = store.search(("a", "b", "c", "d", "far"), query="tea")
    assert places(found) == [(("a", "b", "c", "d", "far"), key) for key in "12"]
    assert [round(one.score or 0, 3) for one in found] == [0.577, 0.577]


def test_a_filter_and_an_offset_beyond_the_index_are_exact(store: LeydenStore) -> None:
    values = [{"text": "tea " + "bread " * n, "rare": n >= 128} for n in range(130)]
    store.batch([PutOp(("m",), f"{n:03}", value) for n, value in enumerate(values)])
    found = store.search(("m",), query="tea", filter={"rare": True})
    assert [one.key for one in found] == ["128", "129"]
    assert found[0].score is not None
    assert 0 < found[0].score < 0.01
    found = store.search(("m",), query="tea", offset=110, limit=30)
    assert [one.key for one in found] == [f"{n:03}" for n in range(110, 130)]


def test_many_vectors_of_few_items_hide_no_others(store: LeydenStore) -> None:
    store.put(("m",), "many", {"text": ["tea" + "!" * n for n in range(150)]}, index=["text[*]"])
    store.put(("m",), "one", {"text": "tea bread"})
    assert keys(store.search(("m",), query="tea")) == "manyone"


def test_what_is_replaced_or_deleted_leaves_no_vectors(embedded: Any) -> None:
    clock = Clock()
    store = new_store(embedded, index=index(), clock=clock)
    store.put(("m",), "a", {"text": ["tea", "bread"]}, index=["text[*]"])
    store.put(("m",), "b", {"text": "tea"})
    store.put(("m",), "c", {"text": "tea"})
    clock.move(minutes=2)
    store.put(("m",), "a", {"text": "river"})
    assert len(vectors(store)) == 3
    clock.move(minutes=2)
    store.batch([PutOp(("m",), key, {"text": "night"}) for key in "abcd"])
    assert {one.key for one in vectors(store)} == {*"abcd"}
    clock.move(minutes=2)
    store.put(("m",), "a", {"text": "tea"}, index=False)
    store.delete(("m",), "b")
    store.batch([PutOp(("m",), key, None) for key in "bcde"])
    assert vectors(store) == []
    assert [(one.key, one.score) for one in store.search(("m",), query="tea")] == [("a", None)]


def test_what_is_replaced_at_once_goes_when_a_search_comes_across_it(embedded: Any) -> None:
    clock = Clock()
    store = new_store(embedded, index=index(), clock=clock)
    for word in WORDS:
        store.put(("m",), "k", {"text": word})
    store.put(("m",), "gone", {"text": "tea"})
    store.delete(("m",), "gone")
    assert len(vectors(store)) == 5
    for _ in range(2):
        (found,) = store.search(("m",), query="tea river bread")
        assert (found.value, found.score) == ({"text": WORDS[-1]}, 0)
        clock.move(minutes=16)
    assert len(vectors(store)) == 1


def test_vectors_live_as_long_as_their_items(embedded: Any) -> None:
    clock = Clock()
    store = new_store(embedded, index=index(), clock=clock, ttl={"default_ttl": 10})
    store.put(("m",), "a", {"text": "tea"})
    store.put(("m",), "b", {"text": "tea"}, ttl=None)
    clock.move(minutes=9)
    assert store.get(("m",), "a") is not None
    clock.move(minutes=9)
    assert keys(store.search(("m",), query="tea")) == "ab"
    items = {one.key: one.expires_at for one in store.app.entities.item.scan.go()}
    assert {one.key: one.expires_at for one in vectors(store)} == items
    assert items["b"] is None
    clock.move(minutes=11)
    assert keys(store.search(("m",), query="tea")) == "b"


def test_wherever_a_put_dies_the_old_value_or_the_new_one_is_found(embedded: Any) -> None:
    clock = Clock()
    store = new_store(embedded, index=index(), clock=clock)
    outcomes = []
    namespace = ("m", "begin")

    def begin() -> None:
        nonlocal namespace
        namespace = ("m", f"d{len(outcomes)}")
        store.put(namespace, "k", {"text": ["tea", "tea bread"]}, index=["text[*]"])

    def act() -> None:
        store.put(namespace, "k", {"text": "river"})

    for died in each_death(store._backend, begin, act):
        (tea,) = store.search(namespace, query="tea")
        (river,) = store.search(namespace, query="river")
        old = {"text": ["tea", "tea bread"]}
        assert (tea.value, tea.score, river.score) in [(old, 1, 0), ({"text": "river"}, 0, 1)]
        assert died or tea.value != old
        outcomes.append(tea.value == old)
    assert {*outcomes} == {True, False}
    # What the dead have left goes when a search comes across it, once nobody can be writing it.
    left = len(vectors(store))
    assert left > len(outcomes)
    clock.move(minutes=16)
    for n in range(len(outcomes)):
        store.search(("m", f"d{n}"), query="tea")
    items = {one.path: one.version for one in store.app.entities.item.scan.go()}
    assert {(one.path, one.version) for one in vectors(store)} == {*items.items()}


def test_an_awaited_embedder_is_awaited(embedded: Any) -> None:
    async def use() -> None:
        store = new_store(embedded, index=index(embed=aembed))
        async with store:
            await store.aput(("m",), "a", {"text": "tea"})
            await store.aput(("m",), "b", {"text": "bread"})
            found: Any = await store.abatch(
                [SearchOp(("m",), query=word) for word in ("tea", "bread")] + [GetOp(("m",), "a")]
            )
            assert [keys(one) for one in found[:2]] == ["ab", "ba"]
        with pytest.raises(ValueError, match="async function"):
            store.search(("m",), query="tea")

    asyncio.run(use())


def test_an_embedder_that_fails_leaves_everything_as_it_was(embedded: Any) -> None:
    def failing(texts: Any) -> Any:
        raise ConnectionError("no model")

    store = new_store(embedded, index=index(embed=failing))
    with sent() as sending, pytest.raises(ConnectionError, match="no model"):
        store.put(("m",), "a", {"text": "tea"})
    assert sending == []
    wrong = new_store(embedded, index=index(embed=lambda texts: [[1.0] for _ in texts]))
    with pytest.raises(LeydenError, match="must have 4 numbers, not 1"):
        wrong.put(("m",), "a", {"text": "tea"})


@pytest.mark.parametrize("paths", ["text", True, [1]])
def test_what_to_embed_is_a_list_of_paths(store: LeydenStore, paths: Any) -> None:
    # The letters of a text would be paths that no value has, and nothing would be found.
    with sent() as sending, pytest.raises(InputError, match=r'such as \["text"\], not '):
        store.put(("m",), "a", {"text": "tea"}, index=paths)
    assert sending == []
    engine = store._backend._bound["engine"]
    with pytest.raises(InputError, match=r'such as \["text"\], not '):
        new_store(engine, index=index(fields=paths))
    with pytest.raises(InvalidOptionError, match="index takes a mapping"):
        new_store(engine, index=paths)


def test_setup_adds_the_index_to_a_table_that_has_items(embedded: Any) -> None:
    plain = new_store(embedded)
    plain.put(("m",), "a", {"text": "tea"})
    store = new_store(embedded, plain.app.table, index=index())
    store.setup()
    store.setup()
    store.put(("m",), "b", {"text": "tea"})
    assert [(one.key, one.score) for one in store.search(("m",), query="tea")] == [
        ("b", 1),
        ("a", None),
    ]
    # A store without an index goes on as before.
    assert keys(plain.search(("m",), query="tea")) == "ab"
    plain.put(("m",), "b", {"text": "tea"})
    assert [one.score for one in store.search(("m",), query="tea")] == [None, None]


def test_an_engine_without_vector_indexes_says_so(real: Any) -> None:
    with pytest.raises(TableError, match="which has vector indexes"):
        new_store(real, index=index())


@pytest.mark.once
@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 2**32))
def test_a_value_is_found_by_its_meaning_whoever_wrote_beside_it(seed: int) -> None:
    chance = random.Random(seed)
    store = new_store(WOVEN, index=index(), clock=Clock())
    processes = [Batches(store._batches._items, store._batches._meaning) for _ in range(3)]

    def call(number: int) -> tuple[str, Any]:
        text: Any = chance.sample(WORDS, chance.randint(1, 2))
        value = chance.choice([{"text": text}, {"text": text}, None])
        return "put", (number, PutOp(("m",), "k", value, index=["text[*]"]))

    scripts = [[call(number) for _ in range(chance.randint(1, 4))] for number in range(3)]
    send = store.app.driver.send  # type: ignore[attr-defined]
    weaving = Weaving(
        send, lambda _, given: processes[given[0]].batch([given[1]]), chance, losing=0.2
    )
    weaving.run(scripts)
    found = store.get(("m",), "k")
    for word in WORDS:
        scores = [one.score for one in store.search(("m",), query=word)]
        # Without vectors, there would be no score.
        assert scores == ([] if found is None else [1.0 if word in found.value["text"] else 0.0])


def test_a_put_that_is_repeated_comes_back_with_its_vectors(store: LeydenStore) -> None:
    store.put(("m",), "k", {"text": "night"})
    send = store.app.driver.send  # type: ignore[attr-defined]
    slow = Slow(send, store._batches.batch([PutOp(("m",), "k", {"text": "tea"})]))
    slow.go()
    slow.lose()
    store.put(("m",), "k", {"text": "river"})
    slow.end()
    (found,) = store.search(("m",), query="tea")
    assert (found.value, found.score) == ({"text": "tea"}, 1)
