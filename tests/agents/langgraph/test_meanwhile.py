"""Graphs run on a thread while others prune and delete it: what is there is whole, and stays so."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from attrs import define, field
from langgraph.checkpoint.base import empty_checkpoint

from leyden.agents.langgraph import LeydenSaver
from leyden.agents.langgraph.forms import Forms
from leyden.agents.langgraph.marks import GRACE, LEASE
from leyden.agents.langgraph.steps import Place
from leyden.errors import ConditionFailedError
from leyden.program import Program, Request
from tests.agents.langgraph.conftest import new_saver, sent
from tests.agents.langgraph.test_requests import at, put
from tests.agents.weaving import Slow, Weaving

pytestmark = pytest.mark.once

ESSAYS = tuple("".join(map(str, range(n, n + 900))) for n in range(3))
LATER = timedelta(seconds=GRACE + 60)


@define(eq=False)
class Thread:
    """Savers of several processes on one thread, and a clock that all of them have."""

    engine: Any
    processes: list[LeydenSaver] = field(init=False)
    now: datetime = field(init=False, factory=lambda: datetime.now(UTC))
    put: dict[str, Any] = field(init=False, factory=dict)
    """The values of each checkpoint that somebody began to write, by its id."""
    done: set[str] = field(init=False, factory=set)
    last: dict[int, Any] = field(init=False, factory=dict)
    """The config of what each process read or wrote last."""

    def __attrs_post_init__(self) -> None:
        first = new_saver(self.engine, clock=lambda: self.now)
        self.processes = [first, self.fresh(first), self.fresh(first)]

    def fresh(self, saver: LeydenSaver | None = None) -> LeydenSaver:
        saver = saver or self.processes[0]
        return LeydenSaver(saver.app.table, engine=self.engine, clock=lambda: self.now)

    def send(self, request: Request) -> Any:
        self.now += timedelta(seconds=1)
        return self.processes[0].app.driver.send(request)

    def program(self, name: str, given: Any) -> Program[Any]:
        process, chance = given
        saver = self.processes[process]
        steps, serde = saver._steps, saver.serde
        if name == "delete":
            return steps.delete_thread("t")
        if name == "prune":
            return steps.prune(serde, ["t"], "keep_latest")
        if name == "delete run":
            return steps.delete_for_runs([f"run {chance.randrange(4)}"])
        if name == "list":
            return self.listing(process)
        return self.turn(process, name, chance)

    def turn(self, process: int, name: str, chance: random.Random) -> Program[None]:
        """Go on from the newest checkpoint, from an old one, or from what is known unread."""
        saver = self.processes[process]
        steps, serde = saver._steps, saver.serde
        config, values = at("t"), {"letters": [], "essay": ESSAYS[0]}
        if name == "go on":
            config = self.last.get(process, config)
            values = self.put.get(config["configurable"].get("checkpoint_id"), values)
        else:
            if name == "fork" and self.done:
                config = at("t", chance.choice(sorted(self.done)))
            found = yield from steps.get(serde, Place.of(config))
            if found is None:
                config = at("t")
            else:
                self.check(found)
                config, values = found.config, found.checkpoint["channel_values"]
        run = f"run {chance.randrange(4)}"
        for _ in range(chance.randint(1, 3)):
            checkpoint = empty_checkpoint()
            letters = [*values["letters"], f"letter {chance.random()} " * 20]
            values = {"letters": letters[-6:], "essay": chance.choice((values["essay"], *ESSAYS))}
            checkpoint["channel_values"] = values
            checkpoint["channel_versions"] = dict.fromkeys(values, checkpoint["id"])
            self.put[checkpoint["id"]] = values
            putting = steps.put(serde, config, checkpoint, {"run_id": run})  # type: ignore[typeddict-unknown-key]
            try:
                config = yield from putting
            except ConditionFailedError:
                self.last.pop(process, None)
                return
            self.done.add(checkpoint["id"])
            self.last[process] = config

    def listing(self, process: int) -> Program[None]:
        saver = self.processes[process]
        listing = saver._steps.listing("t", Place("t", None, None), None)
        while not listing.done:
            for one in (yield from listing.next(Forms(saver.serde), None, {})):
                self.check(one)

    def check(self, found: Any) -> None:
        assert found.checkpoint["channel_values"] == self.put[found.checkpoint["id"]]

    def weave(self, chance: random.Random, names: list[str]) -> None:
        """Let the processes do things side by side, then wait."""
        scripts = [
            [(chance.choice(names), (n, chance)) for _ in range(2)]
            for n in range(len(self.processes))
        ]
        Weaving(self.send, self.program, chance).run(scripts)
        self.now += chance.choice([timedelta(0), timedelta(seconds=LEASE + 60), LATER])


def test_however_requests_meet_what_is_there_is_whole(embedded: Any) -> None:
    for seed in range(4):
        chance = random.Random(seed)
        thread = Thread(embedded)
        deleting = seed % 2 == 1
        names = ["turn", "turn", "fork", "go on", "prune", "list"]
        names += ["delete", "delete run"] if deleting else []
        for _ in range(4):
            thread.weave(chance, names)
        fresh = thread.fresh()
        for one in fresh.list(at("t")):
            thread.check(one)
        newest = fresh.get_tuple(at("t"))
        if not deleting:
            assert (newest and newest.checkpoint["id"]) == max(thread.done, default=None)
        # When nobody works on it any longer, only what the newest one needs is left.
        for _ in range(2):
            thread.now += LATER
            fresh.prune(["t"])
        pieces = fresh.app.entities.piece.query.pieces(thread_id="t").go(pages="all")
        read = thread.fresh().get_tuple(at("t"))
        assert (read and read.checkpoint) == (newest and newest.checkpoint)
        assert len(pieces) <= 8
        assert len([*fresh.list(at("t"))]) == (newest is not None)
        fresh.delete_thread("t")
        left = [fresh.app.entities[one].scan.go() for one in ("checkpoint", "writes", "piece")]
        assert [*map(len, left)] == [0, 0, 0]


@pytest.fixture
def thread(embedded: Any) -> Thread:
    return Thread(embedded)


def go_on(saver: LeydenSaver, config: Any, essay: str) -> Any:
    """Write the child of a checkpoint, with another essay in place of one of the two it has."""
    found = saver.get_tuple(config) if config["configurable"].get("checkpoint_id") else None
    values = found.checkpoint["channel_values"] if found else {"kept": "kept " * 200}
    return put(saver, "t", {**values, "essay": essay}, found and found.checkpoint["id"])


@pytest.mark.parametrize("reading", ["an old one", "the newest", "the newest a while ago"])
@pytest.mark.parametrize("times", [1, 2])
def test_a_graph_that_runs_while_its_thread_is_pruned_has_its_pieces(
    thread: Thread, reading: str, times: int
) -> None:
    graph, other, fresh = thread.processes
    old = go_on(other, at("t"), ESSAYS[0])
    if reading == "an old one":
        go_on(other, old, ESSAYS[1])
    thread.now += LATER
    known = graph.get_tuple(old if reading == "an old one" else at("t"))
    assert known is not None
    # Another graph goes on, so that what the first one began with is no longer the newest.
    go_on(other, other.get_tuple(at("t")).config, ESSAYS[2])  # type: ignore[union-attr]
    if reading == "the newest a while ago":
        thread.now += LATER
    for _ in range(times):
        other.prune(["t"])
    values = known.checkpoint["channel_values"]
    with sent() as sending:
        put(graph, "t", values, known.checkpoint["id"])
    found = fresh.get_tuple(at("t"))
    assert found is not None
    assert found.checkpoint["channel_values"] == values
    # What it relies on without a doubt costs no more than ever.
    assert (sending.apis == {"PutItem": 1}) == (reading == "the newest")


def test_a_branch_costs_its_head_if_nothing_was_deleted(thread: Thread) -> None:
    graph, other, _ = thread.processes
    old = go_on(other, at("t"), ESSAYS[0])
    go_on(other, old, ESSAYS[1])
    found = graph.get_tuple(old)
    assert found is not None
    with sent() as sending:
        put(graph, "t", found.checkpoint["channel_values"], found.checkpoint["id"])
    assert sending.apis == {"TransactWriteItems": 1}


def test_pruning_a_thread_that_rests_leaves_only_what_it_needs(thread: Thread) -> None:
    saver = thread.processes[0]
    config = at("t")
    for essay in ESSAYS:
        config = go_on(saver, config, essay)
    thread.now += LATER
    saver.prune(["t"])
    assert len(saver.app.entities.piece.scan.go()) == 2
    with sent() as sending:
        saver.prune(["t"])
    assert sending.apis == {"Query": 2}


def test_a_graph_that_runs_while_its_thread_is_deleted_does_not_bring_it_back(
    thread: Thread,
) -> None:
    graph, other, fresh = thread.processes
    first = go_on(graph, at("t"), ESSAYS[0])
    other.delete_thread("t")
    values = {"kept": "kept " * 200, "essay": ESSAYS[0]}
    child = put(graph, "t", values, first["configurable"]["checkpoint_id"])
    for saver in (graph, other, fresh):
        assert saver.get_tuple(at("t")) is None
        assert saver.get_tuple(child) is None
        assert [*saver.list({"configurable": {"thread_id": "t"}})] == []
    # Whoever begins anew is seen by all.
    anew = go_on(other, at("t"), ESSAYS[1])
    found = graph.get_tuple(at("t"))
    assert found is not None
    assert found.config == anew
    fresh.prune(["t"])
    assert len(fresh.app.entities.checkpoint.scan.go()) == 1
    assert fresh.get_tuple(anew) is not None


def test_a_graph_hears_of_it_if_its_thread_was_deleted_a_while_ago(thread: Thread) -> None:
    graph, other, fresh = thread.processes
    first = go_on(graph, at("t"), ESSAYS[0])["configurable"]["checkpoint_id"]
    other.delete_thread("t")
    thread.now += timedelta(seconds=LEASE + 1)
    with pytest.raises(ConditionFailedError, match="was deleted while a graph was running on it"):
        put(graph, "t", {"essay": ESSAYS[0]}, first)
    # A first checkpoint begins the thread anew, without a read as well.
    other_first = put(graph, "t", {"essay": ESSAYS[1]})
    other.delete_thread("t")
    again = put(graph, "t", {"essay": ESSAYS[1]})
    assert fresh.get_tuple(other_first) is None
    assert fresh.get_tuple(again) is not None


@pytest.mark.parametrize("deletes", ["the graph's own saver", "another, and the graph's reads"])
def test_a_graph_hears_of_a_deletion_that_its_process_knows_of(
    thread: Thread, deletes: str
) -> None:
    graph, other, fresh = thread.processes
    first = go_on(graph, at("t"), ESSAYS[0])["configurable"]["checkpoint_id"]
    if deletes == "the graph's own saver":
        graph.delete_thread("t")
    else:
        other.delete_thread("t")
        assert graph.get_tuple(at("t")) is None
    with pytest.raises(ConditionFailedError, match="was deleted while a graph was running on it"):
        put(graph, "t", {"essay": ESSAYS[0]}, first)
    assert fresh.get_tuple(at("t")) is None
    # Whoever begins anew, and goes on from there, is seen by all.
    anew = put(graph, "t", {"essay": ESSAYS[0]})["configurable"]["checkpoint_id"]
    child = put(graph, "t", {"essay": ESSAYS[0]}, anew)
    assert fresh.get_tuple(child) is not None


@pytest.mark.parametrize("namespace", ["", "child"])
def test_what_begins_after_a_read_of_a_deleted_namespace_is_there(
    thread: Thread, namespace: str
) -> None:
    graph, other, fresh = thread.processes

    def begin() -> Any:
        return graph.put(at("t", namespace=namespace), empty_checkpoint(), {}, {})

    begin()
    other.delete_thread("t")
    assert graph.get_tuple(at("t", namespace=namespace)) is None
    assert fresh.get_tuple(begin()) is not None


def test_a_branch_from_a_checkpoint_that_is_pruned_while_it_is_read_is_whole(
    thread: Thread,
) -> None:
    pruning, reading, fresh = thread.processes
    old = config = go_on(pruning, at("t"), ESSAYS[0])
    for essay in ESSAYS[1:]:
        config = go_on(pruning, config, essay)
    thread.now += LATER
    for essay in ESSAYS[1:]:
        config = go_on(pruning, config, essay * 2)
    get = Slow(reading.app.driver.send, reading._steps.get(reading.serde, Place.of(old)))
    prune = Slow(pruning.app.driver.send, pruning._steps.prune(pruning.serde, ["t"], "keep_latest"))
    get.go()
    # The checkpoint is deleted after it was read, and its pieces after they were.
    while not fresh.app.entities.generation.scan.go(consistent=True):
        prune.go()
    found = get.end()
    prune.end()
    values = found.checkpoint["channel_values"]
    child = put(reading, "t", values, old["configurable"]["checkpoint_id"])
    whole = fresh.get_tuple(child)
    assert whole is not None
    assert whole.checkpoint["channel_values"] == values
