"""The store behind a network that fails, with calls that end midway: nothing is lost or wrong."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from typing import Any

import pytest
from attrs import define, field
from langgraph.store.base import GetOp, PutOp

from leyden.agents.langgraph import LeydenStore
from leyden.agents.langgraph.matching import labels_of
from leyden.agents.langgraph.registry import GRACE, LEASE
from tests.agents.chaos import Dead, dies_after
from tests.agents.langgraph.stores import Clock, new_store
from tests.faults.bank import Clock as Waits
from tests.faults.proxy import Fault, FaultProxy, Forward, Reset, running, throttled

pytestmark = pytest.mark.once

NAMESPACES = [("n", "a b"), ("n",), ("m",), ("n", "a"), ("n", "a", "b"), ("o", "a")]
TASKS = 4
ROUNDS = 12


@define(eq=False)
class Failing(FaultProxy):
    """A proxy that throttles a fifth of all requests, and loses the answers of another fifth."""

    chance: random.Random = field(factory=random.Random)
    met: Counter[str] = field(factory=Counter)

    def next_fault(self, api: str, params: dict[str, Any]) -> Fault:
        super().next_fault(api, params)
        with self._lock:
            fault = self.chance.choice(
                [throttled(), Reset(forward=True), Forward(), Forward(), Forward()]
            )
            self.met[type(fault).__name__] += 1
            return fault


@define(eq=False)
class Task:
    """What one task does, with a store and keys of its own in namespaces that all tasks share.

    `may_be` has the values that each of its items may have by now, None for an item that is gone.
    """

    number: int
    store: LeydenStore
    chance: random.Random
    may_be: dict[tuple[tuple[str, ...], str], list[Any]] = field(factory=dict)
    died: int = 0

    async def act(self, round_: int) -> None:
        """Write some items, and list namespaces beside; now and then, this ends midway."""
        there = [place for place, values in self.may_be.items() if values != [None]]
        keys = [f"{self.number}/{n}" for n in range(self.chance.choice((1, 1, 4)))]
        value = self.chance.choice([{"n": round_}, {"n": round_, "long": "x" * 9000}])
        if there and self.chance.random() < 0.6:
            # So that namespaces become empty again and again.
            writes = [PutOp(*place, None) for place in there]
        else:
            # Two new ones in each round, which several tasks find at the same time.
            place = NAMESPACES[(round_ + self.chance.randrange(2)) % len(NAMESPACES)]
            writes = [PutOp(place, key, value) for key in keys]
        known = {place[0] for place, values in self.may_be.items() if None not in values}
        dying = self.chance.random() < 0.5
        try:
            with dies_after(self.store._backend, self.chance.randint(0, 5) if dying else 1000):
                listed = await self.store.alist_namespaces()
                await self.store.abatch(writes)
        except Dead:
            self.died += 1
            for write in writes:
                self.may_be.setdefault((write.namespace, write.key), [None]).append(write.value)
            return
        assert known <= {*listed} <= {*NAMESPACES}
        self.may_be |= {(write.namespace, write.key): [write.value] for write in writes}
        found = await self.store.abatch([GetOp(*place) for place in self.may_be])
        for one, values in zip(found, self.may_be.values(), strict=True):
            assert (one and one.value) in values
            values[:] = [one and one.value]


def test_throttles_lost_answers_and_deaths_change_nothing(
    embedded: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = Clock()
    direct = new_store(embedded, clock=clock)
    proxy = Failing(embedded.endpoint_url, chance=random.Random(3))

    async def main() -> list[Task]:
        keys = {"access_key_id": "local", "secret_access_key": "local"}
        where: Any = {"endpoint_url": proxy.url, "region": "us-east-1", "credentials": keys}
        stores = [LeydenStore(direct.app.table, clock=clock, **where) for _ in range(TASKS)]
        tasks = [Task(n, store, random.Random(n)) for n, store in enumerate(stores)]
        for round_ in range(ROUNDS):
            await asyncio.gather(*(task.act(round_) for task in tasks))
            # A search of everything would believe the list of namespaces.
            items = direct.app.entities.item.scan.go(pages="all")
            with_items = {(one.root, *labels_of(one.path)) for one in items}
            assert {*direct.list_namespaces()} == with_items
            clock.now += random.Random(round_).choice([LEASE * 0, LEASE * 0.3, LEASE, GRACE])
        for store in stores:
            await store.aclose()
        return tasks

    # No attempts are used up, and waiting takes no time.
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "20")
    Waits().install(monkeypatch)
    with running(proxy):
        tasks = asyncio.run(main())
    assert min(proxy.met["Refuse"], proxy.met["Reset"]) > 20
    assert sum(task.died for task in tasks) > 2
    found = {(one.namespace, one.key): one.value for one in direct.search((), limit=1000)}
    for task in tasks:
        for place, values in task.may_be.items():
            assert found.pop(place, None) in values
    assert found == {}
    clock.now += GRACE
    listed = direct.list_namespaces()
    entries = direct.app.entities.namespace.query.namespaces().go(pages="all")
    assert [labels_of(one.path) for one in entries] == listed
