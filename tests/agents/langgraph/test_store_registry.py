"""Which namespaces a store lists, whoever writes, deletes and dies meanwhile; and many at once."""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import random
import time
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from langgraph.store.base import GetOp, ListNamespacesOp, MatchCondition, PutOp
from langgraph.store.memory import InMemoryStore

import leyden
from leyden.agents.langgraph import LeydenStore, registry
from leyden.agents.langgraph.batching import Batches
from leyden.agents.langgraph.items import Items
from leyden.agents.langgraph.registry import GRACE, LEASE
from leyden.program import Program
from tests.agents.chaos import each_death
from tests.agents.engines import Stalls
from tests.agents.langgraph.conftest import sent
from tests.agents.langgraph.stores import Clock, new_store
from tests.agents.weaving import Slow, Weaving

pytestmark = pytest.mark.once

PROCESSES = 8


def fresh(store: LeydenStore, clock: Clock) -> LeydenStore:
    """The store of another process, on the same table."""
    return new_store(store._backend._bound["engine"], store.app.table, clock=clock)


def entries(store: LeydenStore) -> list[str]:
    return [one.path for one in store.app.entities.namespace.query.namespaces().go(pages="all")]


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def store(embedded: Any, clock: Clock) -> Iterator[LeydenStore]:
    with new_store(embedded, clock=clock) as store:
        yield store


def test_a_namespace_is_listed_while_it_has_items(store: LeydenStore, clock: Clock) -> None:
    store.put(("a",), "1", {})
    store.put(("a",), "2", {})
    store.put(("b",), "1", {}, ttl=60)
    store.put(("a", "c"), "1", {})
    assert store.list_namespaces() == [("a",), ("a", "c"), ("b",)]
    store.delete(("a",), "1")
    assert store.list_namespaces() == [("a",), ("a", "c"), ("b",)]
    store.delete(("a",), "2")
    assert store.list_namespaces() == [("a", "c"), ("b",)]
    clock.move(minutes=61)
    assert store.list_namespaces() == [("a", "c")]


def test_an_empty_namespace_is_forgotten_after_a_time(store: LeydenStore, clock: Clock) -> None:
    store.put(("a",), "1", {})
    store.delete(("a",), "1")
    clock.move(minutes=119)
    assert store.list_namespaces() == []
    assert entries(store) == ["a "]
    clock.move(minutes=1)
    assert store.list_namespaces() == []
    assert entries(store) == []
    store.put(("a",), "1", {})
    assert fresh(store, clock).list_namespaces() == [("a",)]


def test_an_entry_is_written_once_an_hour(store: LeydenStore, clock: Clock) -> None:
    for minutes, requests in ((0, 3), (59, 1), (2, 3), (30, 1)):
        clock.move(minutes=minutes)
        with sent() as sending:
            store.put(("a",), "k", {"n": minutes})
        assert len(sending) == requests


@pytest.mark.parametrize("ops", [1, 60])
def test_wherever_a_put_dies_its_namespace_is_listed_if_it_has_items(
    embedded: Any, ops: int
) -> None:
    clock = Clock()
    store = new_store(embedded, clock=clock)
    number = 0
    namespace = ("n", "0")

    def begin() -> None:
        nonlocal number, namespace
        number, namespace = number + 1, ("n", str(number + 1))

    def act() -> None:
        writer = fresh(store, clock)
        writer._backend._named = store._backend._named  # type: ignore[method-assign]
        writer.batch([PutOp(namespace, str(n), {"n": n}) for n in range(ops)])

    for died in each_death(store._backend, begin, act):
        found = fresh(store, clock).search(namespace, limit=100)
        listed = fresh(store, clock).list_namespaces(prefix=namespace)
        assert listed == ([namespace] if found else [])
        assert all(one.value == {"n": int(one.key)} for one in found)
        assert died or len(found) == ops
    clock.now += GRACE
    with_items = {one.namespace for one in store.search((), limit=10_000)}
    assert {*store.list_namespaces(limit=1000)} == with_items
    assert len(entries(store)) == len(with_items)


def test_who_was_held_up_longer_than_its_lease_touches_the_entry_again(
    store: LeydenStore, clock: Clock
) -> None:
    send = store.app.driver.send  # type: ignore[attr-defined]
    writer = fresh(store, clock)
    slow = Slow(send, writer._batches.batch([PutOp(("a",), "k", {})]))
    slow.go(2)
    assert entries(store) == ["a "]
    clock.now += GRACE + timedelta(seconds=1)
    assert store.list_namespaces() == []
    assert entries(store) == []
    slow.end()
    assert store.list_namespaces() == [("a",)]


def test_an_entry_that_is_touched_meanwhile_is_not_deleted(
    store: LeydenStore, clock: Clock
) -> None:
    send = store.app.driver.send  # type: ignore[attr-defined]
    store.put(("a",), "k", {})
    store.delete(("a",), "k")
    clock.now += GRACE
    slow = Slow(send, fresh(store, clock)._batches.batch([ListNamespacesOp()]))
    slow.go(3)
    fresh(store, clock).put(("a",), "k", {})
    assert slow.end() == [[]]
    assert store.list_namespaces() == [("a",)]


@pytest.mark.parametrize("page", [1, 3])
def test_namespaces_that_are_cut_are_those_in_memory_wherever_pages_end(
    store: LeydenStore, monkeypatch: pytest.MonkeyPatch, page: int
) -> None:
    monkeypatch.setattr(registry, "PAGE", page)
    memory = InMemoryStore()
    chance = random.Random(page)
    # Labels that sort close to each other, and to what stands behind a label.
    labels = ["a", "a!", "a b", "a!x", "ab", "\x01", "!"]
    puts = [
        PutOp((*chance.choices(labels[:3]), *chance.choices(labels, k=depth)), "k", {})
        for depth in (0, 1, 2, 2, 3)
        for _ in range(6)
    ]
    store.batch(puts)
    gone = [op._replace(value=None) for op in chance.sample(puts, 6)]
    store.batch(gone)
    memory.batch(op for op in puts if op._replace(value=None) not in gone)
    for _ in range(25):
        prefix = MatchCondition("prefix", (*chance.choices([*labels[:3], "*"], k=2),))
        suffix = MatchCondition("suffix", (chance.choice(labels),))
        conditions = chance.choice([(), (), (prefix,), (prefix._replace(path=prefix.path[:1]),)])
        conditions += chance.choice([(), (), (suffix,)])
        depth, limit = chance.choice([0, 1, 1, 2, 3, -1]), chance.choice([1, 4, 100])
        op = ListNamespacesOp(conditions, depth, limit, chance.choice([0, 1]))
        assert store.batch([op]) == memory.batch([op])


NAMESPACES = [("a",), ("a", "b"), ("c",)]


def scripts_of(chance: random.Random) -> list[list[tuple[str, Any]]]:
    """What a few processes do, each with a store of its own."""

    def call(number: int) -> tuple[str, Any]:
        name = chance.choice(["put", "put", "delete", "delete", "list", "wait"])
        place = (chance.choice(NAMESPACES), chance.choice("kl"))
        ops: dict[str, list[Any]] = {
            "put": [PutOp(*place, {"n": number})],
            "delete": [PutOp(namespace, key, None) for namespace in NAMESPACES for key in "kl"],
            "list": [ListNamespacesOp()],
            "wait": [GetOp(*place)],
        }
        return name, (number, ops[name])

    return [[call(number) for _ in range(chance.randint(2, 6))] for number in range(3)]


@pytest.mark.parametrize("dying", [0.0, 0.05])
@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 2**32))
def test_namespaces_are_those_with_items_however_requests_meet(dying: float, seed: int) -> None:
    chance = random.Random(seed)
    clock = Clock()
    store = new_store(WOVEN, clock=clock)
    processes = [Batches(Items(store._backend, shows_expired=False), None) for _ in range(3)]
    send = store.app.driver.send  # type: ignore[attr-defined]
    # Old entries, with items and without, that everyone relies on at first.
    for process in processes:
        Slow(send, process.batch([PutOp(namespace, "k", {}) for namespace in NAMESPACES])).end()
    store.batch([PutOp(namespace, "k", None) for namespace in NAMESPACES[:2]])
    clock.now += chance.choice([timedelta(0), LEASE * 0.9, LEASE, GRACE])

    def begin(name: str, given: Any) -> Program[Any]:
        number, ops = given
        if name == "wait" and not dying:
            # However long a writer is held up. One that dies as well is more than is promised.
            clock.now += chance.choice([LEASE * 0.6, LEASE, GRACE])
        return processes[number].batch(ops)

    Weaving(send, begin, chance, losing=0.1, dying=dying).run(scripts_of(chance))
    with_items = {one.namespace for one in store.search((), limit=100)}
    everything = [(one.root, one.path) for one in store.app.entities.item.scan.go(pages="all")]
    assert {root for root, _ in everything} == {namespace[0] for namespace in with_items}
    assert {*store.list_namespaces()} == with_items
    clock.now += GRACE
    assert {*store.list_namespaces()} == with_items
    assert len(entries(store)) == len(with_items)


WOVEN = leyden.local()


def _work(table: str, url: str, number: int) -> None:
    store = LeydenStore(
        table,
        endpoint_url=url,
        region="us-east-1",
        credentials={"access_key_id": "local", "secret_access_key": "local"},
    )
    chance = random.Random(number)
    for n in range(30):
        namespace = ("shared", str(chance.randrange(5)))
        store.put(namespace, f"{number}/{n}", {"n": n, "large": "x" * 100 * n})
        if n % 3 == 0:
            store.delete(namespace, f"{number}/{n}")
        store.put(("last",), "writer", {"number": number, "n": n})
        store.list_namespaces()


def test_eight_processes_write_side_by_side_and_nothing_is_lost(real: Any) -> None:
    store = new_store(real)
    fork = multiprocessing.get_context("fork")
    workers = [
        fork.Process(target=_work, args=(store.app.table, real.endpoint_url, number))
        for number in range(PROCESSES)
    ]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert [worker.exitcode for worker in workers] == [0] * PROCESSES
    found = store.search(("shared",), limit=1000)
    kept = {f"{number}/{n}" for number in range(PROCESSES) for n in range(30) if n % 3}
    assert {one.key for one in found} == kept
    assert all(one.value["n"] == int(one.key.partition("/")[2]) for one in found)
    last = store.get(("last",), "writer")
    assert last is not None
    assert last.value["n"] == 29
    assert {*store.list_namespaces()} == {one.namespace for one in found} | {("last",)}


def test_an_event_loop_goes_on_while_three_megabytes_are_written_and_read(real: Any) -> None:
    table = new_store(real).app.table
    value = {"noise": os.urandom(1_000_000).hex(), "words": ["a word and another"] * 50_000}
    stalls = Stalls(time.thread_time)

    async def write_and_read() -> None:
        async with LeydenStore(table, engine=real) as store:
            await store.aget(("t",), "k")
            async with stalls:
                for _ in range(2):
                    await store.aput(("t",), "k", value)
                    found = await store.aget(("t",), "k")
                    assert found is not None
                    assert found.value == value
                    (searched,) = await store.asearch(("t",), filter={"noise": value["noise"]})
                    assert searched.value == value

    asyncio.run(write_and_read())
    assert stalls.longest < 0.05
