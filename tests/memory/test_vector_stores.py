"""The same cases for every vector store: what one promises, all keep."""

from __future__ import annotations

import math
import random
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from leyden.errors import (
    InputError,
    VectorIndexMismatchError,
    VectorIndexNotFoundError,
    VectorInputError,
    VectorStoreError,
)
from leyden.memory import Filter, Vector, VectorIndex, VectorStore
from leyden.memory.base import BaseVectors
from leyden.memory.filters import conditions_of
from tests.memory.kits import KITS, REMOTE, Kit
from tests.memory.reference import fits

NAME = "tests-of-messages"


@pytest.fixture(params=KITS)
def kit(request: pytest.FixtureRequest) -> Iterator[Kit]:
    with KITS[request.param]() as kit:
        yield kit


@pytest.fixture
def store(kit: Kit) -> BaseVectors:
    kit.store.create_index(NAME, 3)
    return kit.store


def found(store: VectorStore, vector: list[float], **options: Any) -> list[str]:
    return [match.id for match in store.query(NAME, vector, **options)]


THREE = [
    Vector("m1#0", [1.0, 0.0, 0.0], {"thread_id": "t1", "role": "user", "n": 1, "new": True}),
    Vector("m2#0", [0.8, 0.6, 0.0], {"thread_id": "t1", "role": "assistant", "n": 2.5}),
    Vector("m3#0", [0.0, 0.0, 1.0], {"thread_id": "t2", "role": "user", "tags": ["a", "b"]}),
]


def test_a_store_has_what_the_protocol_asks_for(kit: Kit) -> None:
    assert isinstance(kit.store, VectorStore)
    assert kit.store.separator in ("_", "-")


def test_the_nearest_come_first_with_scores_from_0_to_1_and_their_metadata(
    store: BaseVectors,
) -> None:
    store.upsert(NAME, THREE)
    matches = store.query(NAME, [1.0, 0.0, 0.0])
    assert [match.id for match in matches] == ["m1#0", "m2#0", "m3#0"]
    assert [match.score for match in matches] == pytest.approx([1.0, 0.9, 0.5])
    assert [match.metadata for match in matches] == [one.metadata for one in THREE]
    assert found(store, [0.0, 0.0, 2.0], top_k=1) == ["m3#0"]
    assert len(matches) == 3
    assert matches.requests >= 1


@pytest.mark.parametrize("metric", ["euclidean", "dot_product"])
def test_scores_of_other_metrics_put_the_best_first_too(kit: Kit, metric: str) -> None:
    if metric not in kit.store.metrics:
        with pytest.raises(VectorInputError, match='"cosine" and "euclidean", not "dot_product"'):
            kit.store.create_index(NAME, 2, metric)
        return
    kit.store.create_index(NAME, 2, metric)
    kit.store.upsert(NAME, [Vector("a", [0.0, 1.0], {}), Vector("b", [0.6, 0.8], {})])
    matches = kit.store.query(NAME, [0.0, 1.0])
    expected = [1.0, 1 / (1 + math.hypot(0.6, 0.2))] if metric == "euclidean" else [1.0, 0.9]
    assert [match.id for match in matches] == ["a", "b"]
    assert [match.score for match in matches] == pytest.approx(expected)


def test_an_index_is_made_once_and_only_alike(store: BaseVectors) -> None:
    store.upsert(NAME, THREE)
    store.create_index(NAME, 3)
    store.create_index(NAME, 3, "cosine")
    assert found(store, [1.0, 0.0, 0.0], top_k=1) == ["m1#0"]
    for dimensions, metric in [(4, "cosine"), (3, "euclidean")]:
        with pytest.raises(VectorIndexMismatchError, match="3 dimensions") as caught:
            store.create_index(NAME, dimensions, metric)
        assert caught.value.index == NAME


def test_an_index_that_another_process_makes_at_the_same_time_is_taken(
    store: BaseVectors, monkeypatch: pytest.MonkeyPatch
) -> None:
    look, answers = store._look, [None]
    monkeypatch.setattr(store, "_look", lambda name: answers.pop() if answers else look(name))
    store.create_index(NAME, 3)
    answers.append(None)
    with pytest.raises(VectorIndexMismatchError):
        store.create_index(NAME, 4)


def test_indexes_are_listed_and_described(store: BaseVectors) -> None:
    assert store.list() == [NAME]
    store.create_index("a-second-one", 2, "euclidean")
    assert store.list() == ["a-second-one", NAME]
    store.upsert(NAME, THREE)
    described = store.describe(NAME)
    assert described.count in (3, None)
    assert described == VectorIndex(NAME, 3, "cosine", described.count, True)
    assert store.describe("a-second-one").metric == "euclidean"


def test_an_upsert_of_the_same_id_replaces_the_vector_and_its_metadata(
    store: BaseVectors,
) -> None:
    store.upsert(NAME, THREE)
    store.upsert(NAME, [Vector("m1#0", [0.0, 0.0, 1.0], {"thread_id": "t9"})])
    (match,) = store.query(NAME, [0.0, 0.0, 1.0], filter={"thread_id": "t9"})
    assert (match.id, match.metadata) == ("m1#0", {"thread_id": "t9"})
    assert found(store, [1.0, 0.0, 0.0], filter={"thread_id": "t1"}) == ["m2#0"]
    assert len(store.query(NAME, [1.0, 0.0, 0.0])) == 3


def test_the_last_of_two_vectors_with_one_id_is_kept(store: BaseVectors) -> None:
    store.upsert(NAME, [*THREE, Vector("m1#0", [0.0, 1.0, 0.0], {"n": 7})])
    assert [match.metadata for match in store.query(NAME, [0.0, 1.0, 0.0], top_k=1)] == [{"n": 7}]


@pytest.mark.parametrize(
    ("filter", "expected"),
    [
        ({"thread_id": "t1"}, {"m1#0", "m2#0"}),
        ({"thread_id": "t1", "role": "user"}, {"m1#0"}),
        ({"thread_id": {"in": ["t2", "t1"]}, "role": {"in": ["user"]}}, {"m1#0", "m3#0"}),
        ({"and": [{"thread_id": "t1"}, {"and": [{"role": "assistant"}]}]}, {"m2#0"}),
        ({"thread_id": "t1", "and": [{"thread_id": "t2"}]}, set()),
        ({"tags": "a"}, {"m3#0"}),
        ({"tags": {"in": ["b", "c"]}}, {"m3#0"}),
        ({"n": 1}, {"m1#0"}),
        ({"n": 1.0}, {"m1#0"}),
        ({"n": {"in": [2.5, "x"]}}, {"m2#0"}),
        ({"new": True}, {"m1#0"}),
        ({"n": True}, set()),
        ({"new": 1}, set()),
        ({"role": {"in": []}}, set()),
        ({"nobody": "x"}, set()),
        ({"thread_id": "T1"}, set()),
        ({}, {"m1#0", "m2#0", "m3#0"}),
        (None, {"m1#0", "m2#0", "m3#0"}),
    ],
)
def test_filters_let_through_what_they_say(
    store: BaseVectors, filter: Filter | None, expected: set[str]
) -> None:
    store.upsert(NAME, THREE)
    assert set(found(store, [1.0, 1.0, 1.0], filter=filter)) == expected


def test_a_filter_leaves_the_best_of_the_rest(store: BaseVectors) -> None:
    store.upsert(
        NAME,
        [
            Vector(f"m{n}", [1.0, n / 40, 0.0], {"thread_id": "own" if n % 10 == 9 else "other"})
            for n in range(40)
        ],
    )
    assert found(store, [1.0, 0.0, 0.0], top_k=2, filter={"thread_id": "own"}) == ["m9", "m19"]


@pytest.mark.parametrize("filter", [{"n": {"gt": 1}}, {"role": {"$in": ["user"]}}, {"or": []}])
def test_other_operators_are_refused_by_name(store: BaseVectors, filter: Filter) -> None:
    for call in (
        lambda: store.query(NAME, [1.0, 0.0, 0.0], filter=filter),
        lambda: store.delete(NAME, filter=filter),
    ):
        with pytest.raises(VectorInputError, match=f'"{next(iter(filter))}"'):
            call()


def test_vectors_are_deleted_by_their_ids(store: BaseVectors) -> None:
    store.upsert(NAME, THREE)
    store.delete(NAME, ids=["m1#0", "m3#0", "never there"])
    assert found(store, [1.0, 0.0, 0.0]) == ["m2#0"]
    store.delete(NAME, ids=[])
    store.delete(NAME, ids=["m1#0"])
    assert found(store, [1.0, 0.0, 0.0]) == ["m2#0"]


def test_vectors_are_deleted_by_a_filter(store: BaseVectors) -> None:
    store.upsert(NAME, [*THREE, *(Vector(f"x{n}", [1, 1, 1], {"role": "x"}) for n in range(8))])
    store.delete(NAME, filter={"role": "x"})
    store.delete(NAME, filter={"thread_id": "t1", "role": {"in": ["user", "tool"]}})
    assert set(found(store, [1.0, 0.0, 0.0])) == {"m2#0", "m3#0"}
    store.delete(NAME, filter={"tags": "b"})
    store.delete(NAME, filter={"role": {"in": []}})
    store.delete(NAME, filter={"role": "nobody's"})
    assert found(store, [1.0, 0.0, 0.0]) == ["m2#0"]


def test_a_deletion_names_ids_or_a_filter_and_never_everything(store: BaseVectors) -> None:
    store.upsert(NAME, THREE)
    for given in ({}, {"ids": ["m1#0"], "filter": {"n": 1}}, {"filter": {}}, {"ids": "m1#0"}):
        with pytest.raises(VectorInputError):
            store.delete(NAME, **given)  # type: ignore[arg-type]
    assert len(store.query(NAME, [1.0, 0.0, 0.0])) == 3


def test_an_empty_index_finds_nothing_and_deletes_nothing(store: BaseVectors) -> None:
    assert found(store, [1.0, 0.0, 0.0]) == []
    assert found(store, [1.0, 0.0, 0.0], filter={"thread_id": "t1"}) == []
    store.delete(NAME, filter={"thread_id": "t1"})
    store.delete(NAME, ids=["m1#0"])
    store.upsert(NAME, [])
    assert store.describe(NAME).count in (0, None)


def test_an_index_that_is_not_there_is_named(kit: Kit) -> None:
    store = kit.store
    for call in (
        lambda: store.upsert("missing", THREE),
        lambda: store.query("missing", [1.0, 0.0, 0.0]),
        lambda: store.delete("missing", ids=["m1#0"]),
        lambda: store.delete("missing", filter={"n": 1}),
        lambda: store.describe("missing"),
    ):
        with pytest.raises(VectorIndexNotFoundError, match='"missing"') as caught:
            call()
        assert caught.value.index == "missing"
    with pytest.raises(VectorIndexNotFoundError) as caught:
        store.upsert("missing", THREE)
    assert caught.value.unsaved == ("m1#0", "m2#0", "m3#0")
    assert store.list() == []


@pytest.mark.parametrize(
    "id",
    ["ünïcode#0", "日本語#1", "🙂#0", "a b#0", "50%", "%C3%BC", "x/y?z&w=1", "'; --", "a" * 200],
)
def test_ids_can_be_any_text(store: BaseVectors, id: str) -> None:
    store.upsert(NAME, [Vector(id, [1.0, 0.0, 0.0], {"message_id": id}), *THREE])
    assert found(store, [1.0, 0.0, 0.0], filter={"message_id": id}) == [id]
    store.delete(NAME, ids=[id])
    assert sorted(found(store, [1.0, 0.0, 0.0])) == ["m1#0", "m2#0", "m3#0"]


def test_a_uuid_is_an_id_like_any_other(store: BaseVectors) -> None:
    id = "3f2b8c1e-9a4d-4e8b-8f1a-2b6c7d8e9f01"
    store.upsert(NAME, [Vector(id, [1.0, 0.0, 0.0], {}), Vector(id.upper(), [0.0, 1.0, 0.0], {})])
    assert found(store, [1.0, 0.0, 0.0]) == [id, id.upper()]
    store.delete(NAME, ids=[id])
    assert found(store, [1.0, 0.0, 0.0]) == [id.upper()]


def test_texts_of_metadata_come_back_as_they_were(store: BaseVectors) -> None:
    metadata = {"content": "line\n\t\"quoted\" ünï 🙂 'x' %s {y}", "größe": "ß", "empty": ""}
    store.upsert(NAME, [Vector("m1#0", [1.0, 0.0, 0.0], metadata)])
    assert [match.metadata for match in store.query(NAME, [1.0, 0.0, 0.0])] == [metadata]
    assert found(store, [1.0, 0.0, 0.0], filter={"größe": "ß", "empty": ""}) == ["m1#0"]


def test_nested_metadata_is_kept_or_becomes_text(store: BaseVectors) -> None:
    metadata = {"thread_id": "t1", "deep": {"a": [1, None]}, "list": [1, 2], "none": None}
    store.upsert(NAME, [Vector("m1#0", [1.0, 0.0, 0.0], metadata)])
    (match,) = store.query(NAME, [1.0, 0.0, 0.0], filter={"thread_id": "t1"})
    flat = {"thread_id": "t1", "deep": '{"a": [1, null]}', "list": "[1, 2]"}
    assert match.metadata in (metadata, flat)


@pytest.mark.parametrize(
    ("vector", "words"),
    [
        ([1.0, 0.0], "has 2 dimensions; the index .* has 3"),
        ([1.0, 0.0, 0.0, 0.0], "has 4 dimensions"),
        ([], "has 0 dimensions"),
        ([1.0, math.nan, 0.0], "not finite"),
        ([math.inf, 0.0, 0.0], "not finite"),
        ([1e39, 0.0, 0.0], "too large for 32 bits"),
        ([0.0, 0.0, 0.0], "only zeros"),
        ([1e-60, 0.0, 0.0], "only zeros"),
        (["a", "b", "c"], "not a sequence of numbers"),
        ("abc", "not a sequence of numbers"),
        (None, "not a sequence of numbers"),
        (b"123456789012345678901234", "not a sequence of numbers"),
    ],
)
def test_vectors_that_do_not_fit_are_refused_before_anything_is_written(
    store: BaseVectors, vector: Any, words: str
) -> None:
    with pytest.raises(VectorInputError, match=words) as caught:
        store.upsert(NAME, [THREE[0], Vector("bad#0", vector, {})])
    assert '"bad#0"' in str(caught.value)
    assert caught.value.unsaved == ("m1#0", "bad#0")
    assert isinstance(caught.value, InputError)
    with pytest.raises(VectorInputError, match=words):
        store.query(NAME, vector)
    assert found(store, [1.0, 0.0, 0.0]) == []


@pytest.mark.parametrize("top_k", [0, -1, 1.5, True, "3", None])
def test_top_k_is_a_number_of_at_least_one(store: BaseVectors, top_k: Any) -> None:
    with pytest.raises(VectorInputError, match="top_k must be an integer of at least 1"):
        store.query(NAME, [1.0, 0.0, 0.0], top_k=top_k)


def test_a_store_says_how_many_it_finds_at_most(store: BaseVectors) -> None:
    assert found(store, [1.0, 0.0, 0.0], top_k=store.most or 20_000) == []
    if store.most is not None:
        with pytest.raises(VectorInputError, match=f"finds at most {store.most} at once"):
            store.query(NAME, [1.0, 0.0, 0.0], top_k=store.most + 1)


@pytest.mark.parametrize(
    ("id", "metadata"), [("", {}), (None, {}), (1, {}), ("a", None), ("a", {"x": object()})]
)
def test_ids_are_texts_and_metadata_is_json(store: BaseVectors, id: Any, metadata: Any) -> None:
    with pytest.raises(VectorInputError):
        store.upsert(NAME, [Vector(id, [1.0, 0.0, 0.0], metadata)])
    with pytest.raises(VectorInputError, match="upsert takes Vector objects"):
        store.upsert(NAME, [{"id": "a"}])  # type: ignore[list-item]


@pytest.mark.parametrize(
    "given", [("", 3, "cosine"), (NAME, 0, "cosine"), (NAME, 3.0, "cosine"), (NAME, 3, "cosin")]
)
def test_what_no_index_can_be_is_refused(kit: Kit, given: Any) -> None:
    with pytest.raises(VectorInputError) as caught:
        kit.store.create_index(*given)
    assert "cosin" not in given or 'did you mean "cosine"?' in str(caught.value)
    assert kit.store.list() == []


def test_fields_of_metadata_have_any_name(store: BaseVectors) -> None:
    names = ["a.b", "a b", 'a"b', "a[0]", "a[]", "a%s", "{a}", "a:b", "größe", "and", "in"]
    for number, name in enumerate(names):
        store.upsert(NAME, [Vector(f"m{number}", [1.0, 0.0, 0.0], {name: "x", "other": "x"})])
    names.remove("and")  # That is the list of further filters.
    if store.service == "Qdrant":
        names.remove('a"b')
        with pytest.raises(VectorInputError, match="which has a quote"):
            store.query(NAME, [1.0, 0.0, 0.0], filter={'a"b': "x"})
    for name in names:
        (match,) = store.query(NAME, [1.0, 0.0, 0.0], filter={name: "x"})
        assert match.metadata == {name: "x", "other": "x"}


def test_threads_can_share_a_store(store: BaseVectors) -> None:
    failed: list[BaseException] = []

    def work(mine: int) -> None:
        try:
            for turn in range(4):
                ids = [f"{mine}-{turn}-{number}" for number in range(3)]
                vectors = [Vector(id, [1.0, 0.5, 0.0], {"mine": str(mine)}) for id in ids]
                store.upsert(NAME, vectors)
                assert sorted(found(store, [1.0, 0.0, 0.0], filter={"mine": str(mine)})) == ids
                if turn % 2:
                    store.delete(NAME, filter={"mine": str(mine)})
                else:
                    store.delete(NAME, ids=ids)
        except BaseException as error:
            failed.append(error)

    threads = [threading.Thread(target=work, args=(mine,)) for mine in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []


def test_many_vectors_go_in_several_requests_and_all_arrive(store: BaseVectors) -> None:
    store.batch_size = 7
    drawn = random.Random(3)
    vectors = [
        Vector(f"m{n}", [drawn.gauss(0, 1) for _ in range(3)], {"n": n % 5}) for n in range(50)
    ]
    store.upsert(NAME, vectors)
    assert set(found(store, [1.0, 0.0, 0.0], top_k=60)) == {one.id for one in vectors}
    for filter in ({"n": 3}, {"n": {"in": [1, 4]}}):
        expected = {one.id for one in vectors if fits(conditions_of(filter), one.metadata)}
        assert set(found(store, [1.0, 0.0, 0.0], top_k=60, filter=filter)) == expected


@pytest.mark.parametrize("name", REMOTE)
def test_an_upsert_that_ends_half_way_names_the_ids_that_are_not_written(name: str) -> None:
    with KITS[name]() as kit:
        kit.store.create_index(NAME, 3)
        kit.store.batch_size = 2
        assert kit.refuse is not None
        kit.refuse("m5")
        vectors = [Vector(f"m{n}", [1.0, n / 10, 0.0], {}) for n in range(9)]
        with pytest.raises(VectorStoreError) as caught:
            kit.store.upsert(NAME, vectors)
        assert caught.value.unsaved == ("m4", "m5", "m6", "m7", "m8")
        assert caught.value.index == NAME
        assert caught.value.__cause__ is not None
        assert found(kit.store, [1.0, 0.0, 0.0]) == ["m0", "m1", "m2", "m3"]


@pytest.mark.parametrize("name", REMOTE)
def test_a_store_that_is_down_says_so_with_the_cause(name: str) -> None:
    with KITS[name]() as kit:
        assert kit.down is not None
        store = kit.down()
        for call in (
            lambda: store.create_index(NAME, 3),
            lambda: store.query(NAME, [1.0, 0.0, 0.0]),
            lambda: store.delete(NAME, ids=["m1#0"]),
            lambda: store.list(),
            lambda: store.describe(NAME),
        ):
            with pytest.raises(VectorStoreError, match=store.service) as caught:
                call()
            assert caught.value.__cause__ is not None
            assert not isinstance(caught.value, VectorIndexNotFoundError)
        with pytest.raises(VectorStoreError) as caught:
            store.upsert(NAME, THREE)
        assert caught.value.unsaved == ("m1#0", "m2#0", "m3#0")


def test_large_metadata_makes_smaller_requests(store: BaseVectors) -> None:
    store.batch_bytes = 5000
    vectors = [Vector(f"m{n}", [1.0, 0.0, 0.0], {"content": "x" * 2000}) for n in range(6)]
    sent: list[int] = []
    write = store._write

    def counted(index: str, batch: Any) -> None:
        sent.append(len(batch))
        write(index, batch)

    store._write = counted  # type: ignore[method-assign]
    store.upsert(NAME, [*vectors, Vector("large", [1.0, 0.0, 0.0], {"content": "x" * 9000})])
    assert sent == [2, 2, 2, 1]
