"""The store: what LangGraph's interface says, and what other stores on DynamoDB get wrong."""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from langgraph.graph import START, StateGraph
from langgraph.store.base import (
    BaseStore,
    GetOp,
    InvalidNamespaceError,
    ListNamespacesOp,
    MatchCondition,
    PutOp,
    SearchOp,
)

from leyden.agents.langgraph import AsyncLeydenStore, LeydenSaver, LeydenStore
from leyden.errors import (
    DecodeError,
    InputError,
    InvalidOptionError,
    ItemTooLargeError,
    TableNotFoundError,
    ValidationError,
)
from tests.agents.langgraph.conftest import sent
from tests.agents.langgraph.stores import Clock, new_store, places
from tests.agents.langgraph.test_requests import at

LARGE = {"noise": os.urandom(4_500_000).hex()}


@pytest.fixture
def store(engine: Any) -> Iterator[LeydenStore]:
    with new_store(engine) as store:
        yield store


def test_a_search_below_a_namespace_finds_its_children(store: LeydenStore) -> None:
    store.put(("users",), "top", {"n": 0})
    store.put(("users", "ada"), "1", {"n": 1})
    store.put(("users", "ada", "travel"), "2", {"n": 2})
    store.put(("users", "bob"), "3", {"n": 3})
    store.put(("users2",), "4", {"n": 4})
    assert [one.value["n"] for one in store.search(("users",))] == [0, 1, 2, 3]
    assert [one.value["n"] for one in store.search(("users", "ada"))] == [1, 2]
    assert [one.value["n"] for one in store.search(())] == [0, 1, 2, 3, 4]
    assert store.search(("user",)) == []
    assert store.search(("users", "a")) == []


def test_a_limit_counts_what_the_filter_lets_through(store: LeydenStore) -> None:
    store.batch([PutOp(("n",), f"{n:03}", {"n": n, "even": n % 2 == 0}) for n in range(60)])
    found = store.search(("n",), filter={"n": {"$gte": 40}}, limit=3, offset=2)
    assert [one.value["n"] for one in found] == [42, 43, 44]
    found = store.search(("n",), filter={"n": {"$lt": 50}, "even": True}, limit=100, offset=20)
    assert [one.value["n"] for one in found] == [40, 42, 44, 46, 48]
    assert store.search(("n",), limit=0) == []


def test_labels_are_whole_and_any_text(store: LeydenStore) -> None:
    awkward = [
        ("a:b",),
        ("a", "b"),
        ("a#b",),
        ("a b",),
        ("a", "b c"),
        ("a", "b", "c"),
        ("A", "b"),
        ("a!Pb",),
        ("a!",),
        ("ü$", "\t\n/\\|"),
    ]
    for number, namespace in enumerate(awkward):
        store.put(namespace, "k#1", {"n": number})
        store.put(namespace, "K#1", {"n": -number})
    for number, namespace in enumerate(awkward):
        found = store.get(namespace, "k#1")
        assert found is not None
        assert (found.value, found.namespace) == ({"n": number}, namespace)
        below = [other for other in awkward if other[: len(namespace)] == namespace]
        assert {one.namespace for one in store.search(namespace, limit=99)} == {*below}
    assert store.list_namespaces() == sorted(awkward)


def test_numbers_and_all_of_json_come_back_as_they_were(store: LeydenStore) -> None:
    value = {
        "float": 1.0,
        "int": 1,
        "large": 10**40,
        "small": 5e-324,
        "text": "é\x00😀\ud800",
        "nothing": None,
        "list": [True, [], {}, [[1.5]]],
        "": {"$a.b[0]": -0.0},
    }
    store.put(("v",), "k", value)
    for found in (store.get(("v",), "k"), *store.search(("v",))):
        assert found is not None
        assert repr(found.value) == repr(value)
        assert type(found.value["int"]) is int


def test_a_value_of_any_size_is_stored(engine: Any) -> None:
    with new_store(engine) as store:
        for size in (3_000, 5_000, 410_000, 1_500_000):
            value = {"noise": os.urandom(size // 2).hex(), "n": size}
            store.put(("large", "one"), str(size), value)
            other = new_store(engine, store.app.table)
            found = other.get(("large", "one"), str(size))
            assert found is not None
            assert found.value == value
        assert len(store.search(("large",))) == 4
        store.put(("large", "one"), "1500000", {"n": 1})
        store.delete(("large", "one"), "410000")
        with sent() as sending:
            values = [one.value["n"] for one in store.search(("large",))]
        assert values == [1, 3_000, 5_000]
        assert sending.apis == {"Query": 1}


def test_a_put_replaces_the_value_and_keeps_when_it_was_created(engine: Any) -> None:
    clock = Clock()
    with new_store(engine, clock=clock) as store:
        begun = clock.now
        store.put(("t",), "k", {"a": 1, "b": "x" * 9000}, ttl=60)
        clock.move(seconds=5)
        store.put(("t",), "k", {"a": 2})
        found = store.get(("t",), "k")
        assert found is not None
        assert (found.created_at, found.updated_at) == (begun, clock.now)
        assert found.value == {"a": 2}
        clock.move(days=1)
        # Without a time to live, the second put let it live for ever.
        store.batch([PutOp(("t",), key, {"a": 3}) for key in ("k", "l", "m", "n")])
        found = store.get(("t",), "k")
        assert found is not None
        assert (found.created_at, found.updated_at, found.value) == (begun, clock.now, {"a": 3})
        store.delete(("t",), "k")
        assert store.get(("t",), "k") is None
        store.put(("t",), "k", {})
        found = store.get(("t",), "k")
        assert found is not None
        assert found.created_at == clock.now


def test_the_operations_of_a_batch_see_what_was_there_before_it(store: LeydenStore) -> None:
    store.put(("b",), "old", {"n": 1})
    results = store.batch(
        [
            PutOp(("b",), "new", {"n": 1}),
            GetOp(("b",), "new"),
            PutOp(("b",), "old", None),
            GetOp(("b",), "old"),
            SearchOp(("b",)),
            PutOp(("c",), "k", {"n": 1}),
            ListNamespacesOp(),
            PutOp(("b",), "new", {"n": 2}),
            GetOp((), "old"),
        ]
    )
    kinds = [type(one).__name__ for one in results]
    assert kinds == ["NoneType"] * 3 + ["Item", "list", "NoneType", "list"] + ["NoneType"] * 2
    found: Any = results[4]
    assert places(found) == [(("b",), "old")]
    assert results[6] == [("b",)]
    after: Any = store.batch([GetOp(("b",), "old"), GetOp(("b",), "new"), GetOp(("b",), "new")])
    assert [one and one.value for one in after] == [None, {"n": 2}, {"n": 2}]


def test_calls_take_as_few_requests_as_they_can(store: LeydenStore) -> None:
    def apis(act: Any) -> dict[str, int]:
        with sent() as sending:
            act()
        return dict(sending.apis)

    first = apis(lambda: store.put(("r",), "a", {"n": 1}))
    assert first == {"BatchGetItem": 1, "BatchWriteItem": 1, "UpdateItem": 1}
    assert apis(lambda: store.put(("r",), "a", {"n": 2})) == {"UpdateItem": 1}
    assert apis(lambda: store.get(("r",), "a")) == {"GetItem": 1}
    assert apis(lambda: store.delete(("r",), "a")) == {"DeleteItem": 1}
    puts = [PutOp(("r",), f"{n:02}", {"n": n}) for n in range(50)]
    # DynamoDB takes 25 items in a request. The second look is for parts of large values.
    assert apis(lambda: store.batch(puts)) == {"BatchGetItem": 2, "BatchWriteItem": 2}
    gets = [GetOp(("r",), f"{n:02}") for n in range(50)]
    assert apis(lambda: store.batch(gets)) == {"BatchGetItem": 1}
    assert apis(lambda: store.search(("r",), limit=20)) == {"Query": 1}
    # The item that the namespace was known by is gone, so another one is looked for, once.
    looking = {"Query": 2, "BatchGetItem": 1, "UpdateItem": 1}
    assert apis(lambda: store.list_namespaces()) == looking
    assert apis(lambda: store.list_namespaces()) == {"Query": 1, "BatchGetItem": 1}
    other = LeydenStore(store.app.table, engine=store._backend._bound["engine"])
    # Another process looks whether the namespace is known, which costs half a read unit.
    assert apis(lambda: other.put(("r",), "a", {})) == {"BatchGetItem": 1, "UpdateItem": 1}


def test_namespaces_are_listed_by_whole_labels(store: LeydenStore) -> None:
    namespaces = [("a", "b", "c"), ("a", "b", "d", "e"), ("a", "b", "d", "i"), ("a", "c", "f")]
    for namespace in namespaces:
        store.put(namespace, "k", {})
    assert store.list_namespaces() == namespaces
    assert store.list_namespaces(prefix=("a", "b"), max_depth=3) == [
        ("a", "b", "c"),
        ("a", "b", "d"),
    ]
    assert store.list_namespaces(prefix=("a", "*", "d")) == namespaces[1:3]
    assert store.list_namespaces(suffix=("*", "f")) == [("a", "c", "f")]
    assert store.list_namespaces(prefix=("a", "b"), suffix=("i",)) == [("a", "b", "d", "i")]
    assert store.list_namespaces(prefix=("a", "b", "c", "d")) == []
    assert store.list_namespaces(suffix=("x", "a", "b", "c")) == []
    assert store.list_namespaces(limit=2, offset=1) == namespaces[1:3]
    assert store.list_namespaces(max_depth=1) == [("a",)]
    with pytest.raises(ValueError, match='its "prefix" or its "suffix", not by its "infix"'):
        store.batch([ListNamespacesOp((MatchCondition("infix", ("a",)),))])  # type: ignore[arg-type]


def test_many_namespaces_are_listed_without_a_scan(embedded: Any) -> None:
    store = new_store(embedded)
    store.batch([PutOp(("users", f"{n:03}"), "k", {"n": n}) for n in range(250)])
    with sent() as sending:
        assert len(store.list_namespaces(limit=250)) == 250
    assert sending.apis == {"Query": 3, "BatchGetItem": 3}
    with sent() as sending:
        assert len(store.list_namespaces()) == 100
    assert sending.apis == {"Query": 1, "BatchGetItem": 1}
    store.put(("vets",), "k", {})
    with sent() as sending:
        assert len(store.search((), limit=300)) == 251
    # The labels below a first one are skipped.
    assert sending.apis == {"Query": 5}
    with sent() as sending:
        assert store.list_namespaces(max_depth=1) == [("users",), ("vets",)]
    assert sending.apis == {"Query": 2, "BatchGetItem": 2}
    with sent() as sending:
        assert store.list_namespaces(prefix=("users",), max_depth=1) == [("users",)]
    assert sending.apis == {"Query": 1, "BatchGetItem": 1}


def test_awaited_calls_do_the_same(engine: Any) -> None:
    async def use() -> None:
        store = AsyncLeydenStore("awaited", engine=engine)
        store.app.create_table()
        async with store:
            await store.asetup()
            await store.aput(("a", "b"), "k", {"n": 1})
            await asyncio.gather(*(store.aput(("a",), str(n), {"n": n}) for n in range(20)))
            found = await store.aget(("a", "b"), "k")
            assert found is not None
            assert found.value == {"n": 1}
            assert len(await store.asearch(("a",), limit=50)) == 21
            assert await store.alist_namespaces() == [("a",), ("a", "b")]
            await store.adelete(("a", "b"), "k")
            assert await store.alist_namespaces() == [("a",)]

    asyncio.run(use())


def test_a_graph_uses_it_beside_a_saver_on_the_same_table(engine: Any) -> None:
    store = new_store(engine)
    saver = LeydenSaver(store.app.table, engine=engine)

    def remember(state: dict[str, Any], *, store: BaseStore) -> dict[str, Any]:
        known = store.search(("facts", state["user"]))
        store.put(("facts", state["user"]), state["fact"], {"text": state["fact"]})
        return {"known": len(known)}

    class State(dict[str, Any]):
        pass

    builder = StateGraph(dict)
    builder.add_node("remember", remember)
    builder.add_edge(START, "remember")
    graph = builder.compile(checkpointer=saver, store=store)
    for number, fact in enumerate(("tea", "bread")):
        answer = graph.invoke({"user": "ada", "fact": fact}, at(f"thread-{number}"))
        assert answer["known"] == number
    assert [one.value["text"] for one in store.search(("facts",))] == ["bread", "tea"]


def test_threads_share_a_store(real: Any) -> None:
    with new_store(real) as store:

        def write(number: int) -> None:
            for n in range(10):
                store.put(("shared", str(n)), str(number), {"n": n})

        threads = [threading.Thread(target=write, args=(number,)) for number in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(store.search(("shared",), limit=100)) == 80
        assert len(store.list_namespaces()) == 10


def test_event_loops_share_a_store_and_a_task_that_is_cancelled_harms_no_other(
    embedded: Any,
) -> None:
    store = new_store(embedded)
    kept: list[tuple[tuple[str, ...], str]] = []

    async def use(number: int) -> None:
        async def write(n: int) -> tuple[tuple[str, ...], str]:
            place = ("loops", str(number)), str(n)
            await store.aput(*place, {"n": n})
            found = await store.aget(*place)
            assert found is not None
            assert found.value == {"n": n}
            return place

        tasks = [asyncio.create_task(write(n)) for n in range(12)]
        for n, task in enumerate(tasks):
            if n % 3 == 0:
                await asyncio.sleep(0)
                task.cancel()
        outcomes = await asyncio.gather(*tasks, return_exceptions=True)
        del outcomes[::3]
        kept.extend(one for one in outcomes if not isinstance(one, BaseException))

    threads = [threading.Thread(target=asyncio.run, args=(use(number),)) for number in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(kept) == 24
    assert {*kept} <= {*places(store.search(("loops",), limit=100))}
    assert len(store.list_namespaces()) == 3


def test_what_does_not_fit_is_refused_before_anything_is_sent(embedded: Any) -> None:
    store = new_store(embedded)
    refused: list[tuple[Any, type[Exception], str]] = [
        (PutOp((), "k", {}), InputError, "a namespace of at least one label"),
        (PutOp(("a", ""), "k", {}), InvalidNamespaceError, "not empty, not ''"),
        (GetOp(("a", 1), "k"), InvalidNamespaceError, "not empty, not 1"),  # type: ignore[arg-type]
        (SearchOp(("",)), InvalidNamespaceError, "not empty"),
        (SearchOp("abc"), InvalidNamespaceError, "a tuple of labels, not the text 'abc'"),  # type: ignore[arg-type]
        (PutOp("abc", "k", {}), InvalidNamespaceError, "a tuple of labels, not the text 'abc'"),  # type: ignore[arg-type]
        (PutOp(("a",), "k", [1]), InputError, "a value is a mapping, not list"),  # type: ignore[arg-type]
        (PutOp(("a",), "k", {"x": {1, 2}}), TypeError, "set is not JSON serializable"),
        (PutOp(("a",), "k", {}, ttl=-1), InputError, "minutes, from 0 to 1,000,000,000, not -1"),
        (PutOp(("a", "b" * 1100), "k", {}), ItemTooLargeError, '"sk" has 1,1.. bytes'),
        (PutOp(("a",), "k" * 1100, {}), ItemTooLargeError, '"sk" has 1,1.. bytes'),
        (PutOp(("a",), "\ud800", {}), ValidationError, "half of a surrogate pair"),
        (PutOp(("a",), "k", LARGE), ItemTooLargeError, "DynamoDB takes at most 4,194,304"),
        ("get", InputError, "operations of LangGraph, not str"),
    ]
    with sent() as sending:
        for op, error, message in refused:
            for beside in (1, 5):
                fine = [PutOp(("fine",), str(n), {}) for n in range(beside)]
                with pytest.raises(error, match=message):
                    store.batch([*fine, op])
    # At most it has looked whether the namespaces are known.
    assert sending.apis.keys() <= {"BatchGetItem"}
    with pytest.raises(InvalidNamespaceError):
        store.put(("langgraph",), "k", {})
    with pytest.raises(InvalidOptionError, match="ttl takes a mapping"):
        new_store(embedded, ttl=60)
    with pytest.raises(InvalidOptionError, match='"dims", from 1 to 4096, not None'):
        new_store(embedded, index={"embed": len})


def test_a_value_that_cannot_be_read_is_an_error(embedded: Any) -> None:
    store = new_store(embedded)
    store.put(("a",), "k", {})
    store.app.entities.item.patch(root="a", path="", key="k").set(value="{").go()
    with pytest.raises(DecodeError, match="the value of an item cannot be read"):
        store.get(("a",), "k")


def test_setup_checks_the_table(embedded: Any) -> None:
    with pytest.raises(TableNotFoundError, match=r"leyden table schemas/agents/langgraph"):
        LeydenStore("no-such-table", engine=embedded).setup()
    store = new_store(embedded, ttl={"default_ttl": 5})
    store.setup()
    assert repr(store) == f"<LeydenStore on table {store.app.table}>"
    assert store.embeddings is None
