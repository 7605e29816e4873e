"""What a recall costs: trips, requests and reading, however long the thread is."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import pytest

from leyden.events import Event, ResponseReceived
from leyden.memory import Memory, Recall, SemanticRecall
from leyden.program import Gather, Program, Request
from leyden.store import DynamoDBStore
from tests.conftest import _new_table_name, _start
from tests.memory.bags import Words

START: Final = datetime(2026, 3, 1, tzinfo=UTC)
SIZES: Final = {"short": 60, "long": 1200}
HITS: Final = 4


class Trips:
    """Runs programs as a driver does, and counts how often they wait for DynamoDB."""

    def __init__(self, driver: Any) -> None:
        self.driver = driver
        self.count = 0

    def run(self, program: Program[Any]) -> Any:
        return self.driver.run(self.counted(program))

    def counted(self, program: Program[Any]) -> Program[Any]:
        answer: Any = None
        while True:
            try:
                step = program.send(answer)
            except StopIteration as end:
                return end.value
            asked = step.requests if isinstance(step, Gather) else (step,)
            requests = [one for one in asked if isinstance(one, Request)]
            self.count += bool(requests)
            if isinstance(step, Gather):
                # All of them go at once.
                assert len(requests) <= step.concurrency
            answer = yield step


@pytest.fixture(scope="module")
def memory() -> Iterator[Memory]:
    """A memory with a short and a long thread."""
    with (
        _start("embedded") as engine,
        DynamoDBStore(
            table_name=_new_table_name("memory-costs"),
            endpoint_url=engine.endpoint_url,
            region=engine.region,
            credentials=engine.credentials,
        ) as store,
    ):
        store.app.create_table()
        made = Memory(store, embedder=Words(64), semantic_recall=True, working_memory=True)
        made.init()
        for thread, size in SIZES.items():
            made.create_thread(thread_id=thread, resource_id=thread)
            # Four of the earlier messages, apart from each other, are about the same thing.
            about = {size // 8 * part: "capybara" for part in range(1, HITS + 1)}
            made.save_messages(
                [
                    {
                        "id": f"{thread}-{number:05}",
                        "role": "user",
                        "content": f"{about.get(number, 'weather')} {number % 3}",
                        "created_at": START + timedelta(seconds=number),
                    }
                    for number in range(size)
                ],
                thread_id=thread,
            )
        yield made


def recalled(memory: Memory, thread: str, **options: Any) -> tuple[Recall, int]:
    trips = Trips(memory._runner)
    memory._runner = trips
    try:
        return memory.recall(thread, resource_id=thread, search="capybara", **options), trips.count
    finally:
        memory._runner = trips.driver


def test_a_recall_is_three_trips_and_two_requests_a_hit_however_long_the_thread_is(
    memory: Memory,
) -> None:
    costs = []
    for thread, size in SIZES.items():
        heard: list[ResponseReceived] = []

        def hear(event: Event, heard: list[ResponseReceived] = heard) -> None:
            if isinstance(event, ResponseReceived):
                heard.append(event)

        with memory.store.app.driver.listen(hear):
            recall, trips = recalled(memory, thread)
        step = size // 8
        assert sorted(recall.scores) == [f"{thread}-{step * n:05}" for n in range(1, HITS + 1)]
        around = {step * n + beside for n in range(1, HITS + 1) for beside in (-1, 0, 1)}
        last = set(range(size - 10, size))
        assert [m.id for m in recall.messages] == [
            f"{thread}-{n:05}" for n in sorted(around | last)
        ]
        assert trips == 3
        assert len(heard) == recall.cost.requests == 3 + 2 * HITS
        assert [event.api for event in heard].count("SearchVectors") == 1
        assert recall.cost.consumed == sum(event.consumed or 0 for event in heard)
        assert recall.cost.bytes_searched
        costs.append((recall.cost.requests, sum(event.scanned_count or 0 for event in heard)))
    assert costs[0] == costs[1]


def test_without_neighbours_the_hits_are_one_request(memory: Memory) -> None:
    recall, trips = recalled(memory, "long", semantic_recall=SemanticRecall(message_range=0))
    assert len(recall.scores) == HITS
    assert recall.cost.requests == 4
    assert trips == 3


def test_without_a_search_it_is_two_requests(memory: Memory) -> None:
    recall, trips = recalled(memory, "long", semantic_recall=False)
    assert (recall.cost.requests, trips) == (2, 2)
    assert recall.cost.bytes_searched is None


def test_vectors_that_lead_to_nothing_cost_a_look_more(memory: Memory) -> None:
    # As when a process was killed between the message and its vector.
    memory.store.memory.delete_messages(["short-00007"])
    try:
        recall, trips = recalled(memory, "short")
        assert sorted(recall.scores) == ["short-00014", "short-00021", "short-00028"]
        assert trips == 4
        assert recall.cost.requests == 3 + 2 * HITS + 1
    finally:
        memory.reindex(thread_id="short")


def test_a_context_reads_working_memory_beside_the_rest(memory: Memory) -> None:
    trips = Trips(memory._runner)
    memory._runner = trips
    try:
        context = memory.context("long", resource_id="long", search="capybara")
    finally:
        memory._runner = trips.driver
    assert trips.count == 3
    assert context.recall.cost.requests == 4 + 2 * HITS
