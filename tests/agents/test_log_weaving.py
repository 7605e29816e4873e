"""What callers of one log see of each other, however their requests meet."""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Any, Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import leyden
from leyden.agents.backend import Backend
from leyden.agents.logs import Log
from leyden.program import Program
from tests.agents.weaving import Call, Weaving

LARGE: Final = random.Random(1).randbytes(400_000).hex()
"""An item with it does not fit in one of the table, also compressed."""


@pytest.fixture(scope="module")
def backend() -> Iterator[Backend]:
    backend = Backend("agents/openai_agents", "Log", "weaving", engine=leyden.local())
    backend.app.create_table()
    yield backend
    backend.close()


def items_of(add: int, count: int) -> list[Any]:
    """The items of an add; of every fifth a large one is the last."""
    items: list[Any] = [[add, place] for place in range(count)]
    return [*items[:-1], [add, count - 1, LARGE]] if add % 5 == 4 else items


def scripts_of(chance: random.Random) -> list[list[tuple[str, Any]]]:
    """What three or four callers do, each a few calls."""
    adds = iter(range(1000))
    names = ["add"] * 4 + ["pop"] * 3 + ["get"] * 2 + ["clear"]

    def call() -> tuple[str, Any]:
        name = chance.choice(names)
        given: Any = None
        if name == "add":
            given = items_of(next(adds), chance.choice([1, 1, 2, 3, 230]))
        elif name == "get":
            given = chance.choice([None, 1, 3, 200])
        return name, given

    return [[call() for _ in range(chance.randint(2, 5))] for _ in range(chance.choice([2, 3, 4]))]


def before(one: Call, other: Call) -> bool:
    """Whether a call had ended when the other began."""
    return one.ended is not None and one.ended <= other.began


def check(calls: list[Call]) -> None:
    """Compare what the calls came to with what a log promises."""
    adds = {call.given[0][0]: call for call in calls if call.name == "add"}
    pops = [call for call in calls if call.name == "pop"]
    popped = [tuple(call.result[:2]) for call in pops if call.result is not None]
    assert len(popped) == len(set(popped))
    silent = sum(call.died for call in pops)
    clears = [call for call in calls if call.name == "clear"]
    for get in (call for call in calls if call.name == "get" and not call.died):
        check_get(get, adds, pops, clears, silent)


def check_get(
    get: Call, adds: dict[int, Call], pops: list[Call], clears: list[Call], silent: int
) -> None:
    seen = [tuple(item[:2]) for item in get.result]
    assert len(seen) == len(set(seen))
    assert get.given is None or len(seen) <= get.given
    order = list(dict.fromkeys(number for number, _ in seen))
    # Nothing stands between items that were added together, and they are in their order.
    assert seen == [one for number in order for one in seen if one[0] == number]
    gone = {tuple(pop.result[:2]) for pop in pops if pop.result and before(pop, get)}
    assert gone.isdisjoint(seen)
    may_be_gone = {tuple(pop.result[:2]) for pop in pops if pop.result and pop.began < get.ended}
    for number in order:
        places = [place for one, place in seen if one == number]
        whole = len(adds[number].given)
        assert places == [*range(places[0], places[0] + len(places))]
        if number != order[0] or get.given is None or len(seen) < get.given:
            assert places[0] == 0
        missing = {(number, place) for place in range(places[-1] + 1, whole)} - may_be_gone
        assert len(missing) <= silent
        assert not any(before(adds[number], clear) and before(clear, get) for clear in clears)
        for earlier in order[: order.index(number)]:
            assert not before(adds[number], adds[earlier])
    if get.given is None and not any(clear.began < get.ended for clear in clears):
        for add in adds.values():
            if before(add, get):
                missing = {tuple(item[:2]) for item in add.given} - {*seen} - may_be_gone
                assert len(missing) <= silent


@settings(max_examples=settings().max_examples // 2)
@given(st.integers(0, 2**32), st.sampled_from([0.0, 0.2]), st.sampled_from([0.0, 0.0, 0.03]))
def test_nothing_is_lost_or_seen_in_part_or_popped_twice(
    backend: Backend, seed: int, losing: float, dying: float
) -> None:
    chance = random.Random(seed)
    log: Log[Any] = Log(backend, {"session_id": f"{seed}"})

    def begin(name: str, given: Any) -> Program[Any]:
        method = getattr(log, name)
        program: Program[Any] = method(given) if name in ("add", "get") else method()
        return program

    def weaving(**more: float) -> Weaving:
        return Weaving(backend.app.driver.send, begin, chance, **more)

    wild = weaving(losing=losing, dying=dying)
    wild.run(scripts_of(chance))
    # What is left when nobody works on it any more.
    wild.losing = wild.dying = 0.0
    check(wild.run([[("get", None), ("get", 3)]]))
    *_, whole, newest = wild.calls
    assert newest.result == whole.result[-3:]
    wild.run([[("clear", None), ("get", None)]])
    assert wild.calls[-1].result == []
    everything = backend.app.entities.batch.scan.go(data="raw", ignore_ownership=True)
    assert everything.items == ()
