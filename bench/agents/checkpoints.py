"""Measure checkpointers of LangGraph: what calls and delta channels cost, and what holds."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Annotated, Any, Final, TypedDict

from attrs import frozen
from langgraph.channels.delta import DeltaChannel
from langgraph.checkpoint.base import BaseCheckpointSaver, empty_checkpoint
from langgraph.checkpoint.conformance import checkpointer_test, validate
from langgraph.graph import START, StateGraph
from langgraph.types import Send

from bench.agents.contestants import Contestant
from bench.agents.counting import middle, share
from bench.agents.stage import Stage
from bench.agents.texts import failure, text
from bench.measuring import Figures, Say

DELTA_TURNS: Final = 45
SEPARATORS: Final = ("#", "$", ":", "/")
LARGE: Final = 500_000


def at(thread_id: str, checkpoint_id: str | None = None, namespace: str = "") -> Any:
    """Return a configuration that names a thread, or a checkpoint."""
    named = {"thread_id": thread_id, "checkpoint_ns": namespace}
    return {"configurable": named | ({"checkpoint_id": checkpoint_id} if checkpoint_id else {})}


def put(saver: Any, config: Any, values: dict[str, Any]) -> Any:
    """Write a checkpoint with these values."""
    checkpoint = empty_checkpoint()
    checkpoint["channel_values"] = values
    versions = checkpoint["channel_versions"] = dict.fromkeys(values, checkpoint["id"])
    return saver.put(config, checkpoint, {"source": "loop", "step": 1}, versions)


def twelve(saver: Any, config: Any, task: str = "task-1") -> None:
    """Write what one task wrote to twelve channels."""
    saver.put_writes(config, [(f"c{n}", n) for n in range(12)], task)


def hundred(saver: Any, thread: str) -> None:
    """Write a hundred checkpoints of a thread."""
    for n in range(100):
        put(saver, at(thread), {"n": n})


# --- what a call takes


@frozen
class Case:
    """A call: `prepare` makes ready a thread, which is not counted, and `act` is measured."""

    name: str
    title: str
    times: int
    prepare: Callable[[Any, str], Any]
    act: Callable[[Any, str, Any], Any]


def _written(saver: Any, thread: str) -> Any:
    config = put(saver, at(thread), {"topic": "cats"})
    twelve(saver, config)
    saver.put_writes(config, [("c", "x")], "task-2")
    return config


CASES: Final = (
    Case(
        "put",
        "`put`",
        20,
        # A graph reads the newest state before it writes.
        lambda saver, thread: saver.get_tuple(at(thread)),
        lambda saver, thread, _: put(saver, at(thread), {"topic": "cats"}),
    ),
    Case(
        "put_writes",
        "`put_writes` of 12 writes",
        20,
        lambda saver, thread: put(saver, at(thread), {"topic": "cats"}),
        lambda saver, thread, config: twelve(saver, config),
    ),
    Case(
        "get_tuple",
        "`get_tuple` with 13 writes",
        20,
        _written,
        lambda saver, thread, _: saver.get_tuple(at(thread)),
    ),
    Case(
        "list",
        "`list(limit=10)` of 100 checkpoints",
        2,
        hundred,
        lambda saver, thread, _: [*saver.list(at(thread), limit=10)],
    ),
    Case(
        "delete_thread",
        "`delete_thread` of 100 checkpoints",
        1,
        hundred,
        lambda saver, thread, _: saver.delete_thread(thread),
    ),
)


def calls(here: Stage, savers: dict[str, Any], rounds: int, say: Say) -> Figures:
    """Let all savers make each call in turns; the first round does not count."""
    found: Figures = {name: {} for name in savers}
    for case in CASES:
        say(case.title)
        spent: dict[str, list[dict[str, float]]] = {name: [] for name in savers}
        for number in range(rounds + 1):
            for name in [*savers] if number % 2 else [*savers][::-1]:
                saver = savers[name]
                threads = [f"{case.name}-{number}-{n}" for n in range(case.times)]
                ready = [case.prepare(saver, thread) for thread in threads]
                with here.meter.counted() as one:
                    for thread, prepared in zip(threads, ready, strict=True):
                        case.act(saver, thread, prepared)
                if number:
                    spent[name].append(one.each(case.times))
        for name, each in spent.items():
            found[name][case.name] = middle(each) | {"ratio": share(spent["leyden"], each)}
    return found


# --- a channel that stores what each step adds


def _extended(state: list[Any], writes: Sequence[Any]) -> list[Any]:
    return [*(state or []), *(one for write in writes for one in write)]


class Notes(TypedDict):
    """A state whose notes are a delta channel: each step stores what it adds."""

    notes: Annotated[list[str], DeltaChannel(_extended, snapshot_frequency=20)]
    turn: int


def delta(here: Stage, saver: Any) -> Figures:
    """Let three tasks add to a delta channel in each turn; return the cost of the last turn."""
    graph = StateGraph(Notes)
    graph.add_node("begin", lambda state: {"turn": state.get("turn", 0) + 1})
    graph.add_node("note", lambda one: {"notes": [f"{one['turn']}: {one['name']} " * 20]})
    graph.add_edge(START, "begin")
    graph.add_conditional_edges(
        "begin",
        lambda state: [Send("note", {"turn": state["turn"], "name": n}) for n in range(3)],
        ["note"],
    )
    running = graph.compile(checkpointer=saver)
    for turn in range(1, DELTA_TURNS + 1):
        try:
            with here.meter.counted() as spent:
                running.invoke({"notes": [f"{turn} asked"]}, at("delta"))
        except Exception as error:
            return {"failure": failure(error)}
    notes = running.get_state(at("delta")).values["notes"]
    return {**spent.each(1), "complete": len(notes) == 4 * DELTA_TURNS, "failure": None}


# --- what holds


def order(saver: Any) -> list[int]:
    """Return the order in which the twelve writes of a task come back."""
    config = put(saver, at("order"), {"topic": "cats"})
    twelve(saver, config)
    return [value for _, _, value in saver.get_tuple(config).pending_writes]


def met(saver: Any, first: Any, second: Any, *, same: bool = False) -> str:
    """Write under one name, then under another: `apart` or `mixed`.

    Both write a checkpoint of their own, or one of the same id, which only the names tell apart.
    """
    checkpoints = [empty_checkpoint()] * 2 if same else [empty_checkpoint(), empty_checkpoint()]
    names = ((first, "first"), (second, "second"))
    for (config, of), checkpoint in zip(names, checkpoints, strict=True):
        if saver.get_tuple(config) is not None:
            return "mixed"
        values = {"channel_values": {"of": of}, "channel_versions": {"of": "1"}}
        written = saver.put(config, {**checkpoint, **values}, {"source": "loop"}, {"of": "1"})
        saver.put_writes(written, [("of", of)], "task")
    found = saver.get_tuple(first)
    kept = found is not None and found.checkpoint["channel_values"] == {"of": "first"}
    own = kept and [value for _, _, value in found.pending_writes] == ["first"]
    return "apart" if own else "mixed"


def _tried(saver: Any, first: Any, second: Any, *, same: bool = False) -> str:
    """Return what `met` does, or an error's name."""
    try:
        return met(saver, first, second, same=same)
    except Exception as error:
        return failure(error)


def isolation(make: Callable[[], Any]) -> Figures:
    """Try namespaces that begin alike, and names that are the same once they are joined."""
    saver = make()
    found: Figures = {"namespaces": {}, "threads": {}}
    for number, by in enumerate(SEPARATORS):
        found["namespaces"][by] = _tried(
            saver, at(f"t{number}", namespace=f"a{by}b"), at(f"t{number}", namespace="a")
        )
        found["threads"][by] = _tried(
            saver, at(f"p{by}q", namespace="r"), at("p", namespace=f"q{by}r"), same=True
        )
    return found


def large(here: Stage, table: str, saver: Any) -> Figures:
    """Write a state of 500 kB and read it; say what is left in the table where that fails."""
    value = text(LARGE)
    try:
        config = put(saver, at("large"), {"essay": value})
        found = saver.get_tuple(config)
    except Exception as error:
        return {"kept": False, "failure": failure(error), "left": here.items(table)}
    kept = found is not None and found.checkpoint["channel_values"]["essay"] == value
    return {"kept": kept, "failure": None, "left": 0}


def suite(make: Callable[[], Any]) -> Figures:
    """Run LangGraph's own conformance suite; says which capabilities a saver lacks."""

    @checkpointer_test(name="bench")
    async def saver() -> Any:
        yield make()

    report = asyncio.run(validate(saver))
    lacks = [name for name, one in report.results.items() if not one.detected]
    if type(make()).aget_delta_channel_history is BaseCheckpointSaver.aget_delta_channel_history:
        lacks.append("delta_channel_history")
    found = report.results.values()
    return {
        "passed": sum(one.tests_passed or 0 for one in found),
        "failed": sum(one.tests_failed or 0 for one in found),
        "absent": lacks,
    }


def measure(here: Stage, contestants: Sequence[Contestant], rounds: int, say: Say) -> Figures:
    """Measure all checkpointers."""
    savers = {one.name: one.open(here, here.table()) for one in contestants}
    found = {name: {"calls": costs} for name, costs in calls(here, savers, rounds, say).items()}
    for one in contestants:

        def make(one: Contestant = one) -> Any:
            return one.open(here, here.table())

        say(f"{one.title}: what holds")
        table = here.table()
        found[one.name] |= {
            "suite": suite(make),
            "order": order(make()),
            "isolation": isolation(make),
            "large": large(here, table, one.open(here, table)),
        }
        found[one.name]["delta"] = delta(here, make())
    return found
