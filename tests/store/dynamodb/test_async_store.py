"""The asynchronous store does what the blocking one does, on event loops."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import boto3
import pytest

from leyden.errors import (
    CallStyleError,
    InvalidOptionError,
    KeyCollisionError,
    NotFoundError,
    TableNotFoundError,
)
from leyden.events import Event, RequestSent
from leyden.store import AsyncDynamoDBStore, DynamoDBStore
from leyden.store.dynamodb import store
from tests.store.dynamodb.test_methods import DOMAINS
from tests.store.dynamodb.test_scores import SCORE
from tests.store.dynamodb.test_traces_and_evals import evaluation, span

Run = Callable[[Callable[[AsyncDynamoDBStore], Coroutine[Any, Any, Any]]], Any]


@pytest.fixture
def run(embedded: Any, module_table_name: str, request: pytest.FixtureRequest) -> Run:
    """Runs a coroutine function with a store on a table of its own."""

    def with_store(body: Callable[[AsyncDynamoDBStore], Coroutine[Any, Any, Any]]) -> Any:
        async def main() -> Any:
            name = f"{module_table_name}-{abs(hash(request.node.name)) % 10**8}"
            async with AsyncDynamoDBStore(table_name=name, client=embedded) as store:
                await store.app.create_table()
                return await body(store)

        return asyncio.run(main())

    return with_store


def test_it_is_made_and_called_as_the_blocking_one() -> None:
    made = inspect.signature(DynamoDBStore)
    assert inspect.signature(AsyncDynamoDBStore) == made
    for name in DOMAINS:
        blocking = getattr(store, f"DynamoDB{name}")
        awaited = getattr(store, f"AsyncDynamoDB{name}")
        methods = [method for method in dir(blocking) if method[0] != "_"]
        assert methods == [method for method in dir(awaited) if method[0] != "_"]
        for method in methods:
            found = getattr(awaited, method)
            assert inspect.iscoroutinefunction(found)
            assert inspect.signature(found) == inspect.signature(getattr(blocking, method))


def test_what_is_saved_is_read_in_every_domain(run: Run, embedded: Any) -> None:
    async def body(store: AsyncDynamoDBStore) -> None:
        await store.init()
        await store.init()
        memory = store.memory
        thread = await memory.save_thread({"id": "t1", "resource_id": "alice"})
        messages = await memory.save_messages(
            [
                {"id": f"m{n}", "thread_id": "t1", "role": "user", "content": f"hi {n}"}
                for n in range(60)
            ]
        )
        page = await memory.list_messages("t1", per_page=None)
        assert {m.id for m in page.messages} == {m.id for m in messages}
        await store.workflows.persist_workflow_snapshot("w", "r", {"status": "running"})
        score = await store.scores.save_score(SCORE)
        assert (await store.scores.list_scores_by_run_id("run-1")).scores == (score,)
        await store.traces.batch_trace_insert([span("s1"), span("s2")])
        assert (await store.traces.get_traces(include_total=True)).total == 2
        await store.evals.insert_evals([evaluation("e1")])
        assert (await store.evals.get_evals(include_total=True)).total == 1
        with DynamoDBStore(table_name=store.table_name, client=embedded) as blocking:
            assert blocking.memory.list_messages("t1", include_total=True).total == 60
            found = blocking.memory.get_thread_by_id("t1")
            assert found is not None
            assert found.title == thread.title
        await store.clear("memory")
        assert (await memory.list_threads(include_total=True)).total == 0
        assert await store.workflows.load_workflow_snapshot("w", "r") == {"status": "running"}

    run(body)


def test_no_change_is_lost_where_many_tasks_update_one_run_and_one_thread(run: Run) -> None:
    async def body(store: AsyncDynamoDBStore) -> None:
        await store.memory.save_thread({"id": "t1", "resource_id": "alice"})
        calls: list[Any] = []
        for n in range(12):
            calls.append(
                store.workflows.update_workflow_results("w", "r", step_id=f"s{n}", result=n)
            )
            calls.append(store.memory.update_thread("t1", metadata={f"k{n}": n}))
        await asyncio.gather(*calls)
        state = await store.workflows.load_workflow_snapshot("w", "r")
        assert state is not None
        assert state["context"] == {f"s{n}": n for n in range(12)}
        thread = await store.memory.get_thread_by_id("t1")
        assert thread is not None
        assert thread.metadata == {f"k{n}": n for n in range(12)}

    run(body)


def test_errors_are_those_of_the_blocking_store(run: Run, embedded: Any) -> None:
    async def body(store: AsyncDynamoDBStore) -> None:
        with pytest.raises(NotFoundError) as caught:
            await store.memory.update_thread("nobody", title="x")
        assert caught.value.operation == "store.memory.update_thread"
        await store.scores.save_score({**SCORE, "id": "s"})
        with pytest.raises(KeyCollisionError):
            await store.scores.save_score({**SCORE, "id": "S"})
        async with AsyncDynamoDBStore(table_name="not-there", client=embedded) as other:
            with pytest.raises(TableNotFoundError, match="leyden table"):
                await other.init()

    run(body)


def test_it_is_not_used_as_a_blocking_one(embedded: Any) -> None:
    store = AsyncDynamoDBStore(table_name="memory", client=embedded)
    with pytest.raises(CallStyleError), store:
        pass
    client = boto3.client("dynamodb", region_name="eu-west-1")
    with pytest.raises(InvalidOptionError, match="an engine"):
        AsyncDynamoDBStore(table_name="memory", client=client)
    assert repr(store) == "<AsyncDynamoDBStore dynamodb on table memory>"


def test_tasks_that_begin_at_once_check_the_table_once(embedded: Any, table_name: str) -> None:
    asked: list[str] = []

    def listen(event: Event) -> None:
        if isinstance(event, RequestSent):
            asked.append(event.api)

    async def main() -> None:
        async with AsyncDynamoDBStore(table_name=table_name, client=embedded) as store:
            with store.app.driver.listen(listen):
                # Each is told what is wrong, also where another one was told so before.
                outcomes = await asyncio.gather(
                    *(store.init() for _ in range(3)), return_exceptions=True
                )
                assert [type(one) for one in outcomes] == [TableNotFoundError] * 3
            await store.app.create_table()
            asked.clear()
            with store.app.driver.listen(listen):
                tasks = [asyncio.create_task(store.init()) for _ in range(5)]
                while not asked:
                    await asyncio.sleep(0)
                # Who checks is canceled: another one does it, for all that wait.
                tasks[0].cancel()
                outcomes = await asyncio.gather(*tasks, return_exceptions=True)
                assert isinstance(outcomes[0], asyncio.CancelledError)
                assert outcomes[1:] == [None] * 4
            assert asked == ["DescribeTable"] * 2

    asyncio.run(main())


def test_a_store_that_two_loops_wait_for_serves_both(embedded: Any, table_name: str) -> None:
    store = AsyncDynamoDBStore(table_name=table_name, client=embedded)

    async def main() -> None:
        outcomes = await asyncio.gather(*(store.init() for _ in range(3)), return_exceptions=True)
        assert [type(one) for one in outcomes] == [TableNotFoundError] * 3
        await store.app.create_table()

    async def again() -> None:
        await asyncio.gather(*(store.init() for _ in range(3)))
        await store.close()

    asyncio.run(main())
    with ThreadPoolExecutor(2) as threads:
        for ended in [threads.submit(asyncio.run, again()) for _ in range(2)]:
            ended.result(30)
