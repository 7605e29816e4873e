"""How long items of the store live, and what reads see and cost when items have expired."""

from __future__ import annotations

import os
from typing import Any

import pytest
from langgraph.store.base import GetOp, PutOp, SearchOp

from leyden.errors import InvalidOptionError
from tests.agents.chaos import each_death
from tests.agents.langgraph.conftest import sent
from tests.agents.langgraph.stores import Clock, index, new_store, places


def test_items_expire_and_live_anew_when_they_are_read(engine: Any) -> None:
    clock = Clock()
    with new_store(engine, clock=clock, ttl={"default_ttl": 10}) as store:
        store.put(("t",), "own", {"n": 1}, ttl=2)
        store.put(("t",), "default", {"n": 2})
        store.put(("t",), "ever", {"n": 3}, ttl=None)
        for _ in range(3):
            clock.move(minutes=1.5)
            assert store.get(("t",), "own") is not None
        clock.move(minutes=5)
        assert places(store.search(("t",))) == [(("t",), "default"), (("t",), "ever")]
        clock.move(minutes=6)
        assert store.get(("t",), "default", refresh_ttl=False) is not None
        clock.move(minutes=6)
        assert store.get(("t",), "default") is None
        assert places(store.search(("t",))) == [(("t",), "ever")]
        assert len(store.app.entities.item.scan.go().items) == 3
        store.put(("t",), "default", {"n": 4})
        assert len(store.search(("t",))) == 2


def test_a_read_renews_what_has_lost_a_hundredth_of_its_life(embedded: Any) -> None:
    clock = Clock()
    store = new_store(embedded, clock=clock, ttl={"default_ttl": 100})
    store.put(("t",), "a", {"n": 1})
    store.put(("t",), "b", {"n": 1})
    clock.move(seconds=50)
    with sent() as sending:
        store.search(("t",))
    assert sending.apis == {"Query": 1}
    clock.move(seconds=20)
    with sent() as sending:
        store.batch([SearchOp(("t",)), GetOp(("t",), "a"), SearchOp(("t",), refresh_ttl=False)])
    assert sending.apis == {"Query": 2, "GetItem": 1, "UpdateItem": 2}
    clock.move(minutes=99)
    assert len(store.search(("t",), refresh_ttl=False)) == 2


def test_what_reads_renew_and_show_can_be_configured(embedded: Any) -> None:
    clock = Clock()
    store = new_store(embedded, clock=clock, ttl={"default_ttl": 10, "refresh_on_read": False})
    store.put(("t",), "k", {})
    clock.move(minutes=9)
    assert store.get(("t",), "k") is not None
    clock.move(minutes=2)
    assert store.get(("t",), "k") is None
    assert store.list_namespaces() == []
    showing = new_store(embedded, store.app.table, clock=clock, ttl={"omit_expired": False})
    assert showing.list_namespaces() == [("t",)]
    assert len(showing.search(())) == 1


def test_a_large_value_lives_anew_with_its_parts(engine: Any) -> None:
    clock = Clock()
    with new_store(engine, clock=clock) as store:
        value = {"noise": os.urandom(300_000).hex()}
        store.put(("t",), "k", value, ttl=10)
        for _ in range(3):
            clock.move(minutes=9)
            found = store.get(("t",), "k")
            assert found is not None
            assert found.value == value


def test_a_search_does_not_ask_for_one_item_after_the_other_where_many_have_expired(
    embedded: Any,
) -> None:
    clock = Clock()
    store = new_store(embedded, clock=clock)
    store.batch([PutOp(("t",), f"{n:03}", {"n": n}, ttl=1) for n in range(200)])
    store.batch([PutOp(("t",), "alive", {}), PutOp(("t",), "well", {})])
    with sent() as sending:
        assert len(store.search(("t",))) == 10
        assert len(store.search(("t",), limit=1)) == 1
    assert sending.apis == {"Query": 2}
    clock.move(minutes=2)
    for limit, filter in ((1, None), (10, None), (10, {"n": {"$gte": 0}})):
        with sent() as sending:
            found = store.search(("t",), limit=limit, filter=filter)
        assert [one.key for one in found] == ([] if filter else ["alive", "well"][:limit])
        assert sending.apis["Query"] <= 5


@pytest.mark.parametrize("minutes", [0.01, 0.5, 1 / 3, 90])
def test_a_time_to_live_may_be_a_part_of_a_minute(embedded: Any, minutes: float) -> None:
    clock = Clock()
    store = new_store(embedded, clock=clock)
    store.put(("t",), "k", {}, ttl=minutes)
    clock.move(minutes=minutes, seconds=-1)
    assert store.get(("t",), "k", refresh_ttl=False) is not None
    clock.move(seconds=1)
    assert store.get(("t",), "k") is None


@pytest.mark.parametrize("minutes", [0, -1, "60", True, 10**10, float("nan")])
def test_what_is_no_time_to_live_is_refused(embedded: Any, minutes: Any) -> None:
    with pytest.raises(InvalidOptionError, match="default_ttl takes minutes, more than 0 and up"):
        new_store(embedded, ttl={"default_ttl": minutes})


def test_wherever_a_read_dies_the_next_one_renews_an_item_with_its_vectors(embedded: Any) -> None:
    clock = Clock()
    store = new_store(embedded, clock=clock, index=index())
    store.put(("t",), "k", {"text": "tea"}, ttl=100)

    def begin() -> None:
        clock.move(minutes=50)

    for died in each_death(store._backend, begin, lambda: store.get(("t",), "k")):
        (item,) = store.app.entities.item.scan.go()
        (vector,) = store.app.entities.item_vector.scan.go()
        assert item.expires_at <= vector.expires_at
        if died:
            store.get(("t",), "k")
