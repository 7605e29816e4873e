"""A service on an event loop: the names of the blocking one, awaited."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

import leyden
from leyden.errors import (
    BatchIncompleteError,
    CallStyleError,
    ConditionFailedError,
    InvalidOptionError,
    SchemaError,
    TableMismatchError,
    TableNotFoundError,
    TransactionCanceledError,
)
from leyden.events import Event, RequestSent

SCHEMA = """
entity: tasks
alias: task
version: "1"
service: work
attributes:
  project: {type: string, required: true}
  id: {type: string, required: true}
  points: {type: integer, default: 0}
  email: string
indexes:
  project:
    collection: everything
    pk: {field: pk, composite: [project]}
    sk: {field: sk, composite: [id]}
---
entity: people
alias: person
version: "1"
service: work
unique: [[email]]
attributes:
  project: {type: string, required: true}
  name: {type: string, required: true}
  email: string
indexes:
  project:
    collection: everything
    pk: {field: pk, composite: [project]}
    sk: {field: sk, composite: [name]}
"""

Within = Callable[[Callable[[leyden.AsyncService], Awaitable[None]]], None]


@pytest.fixture
def within(engine: Any, table_name: str) -> Within:
    """Runs a function of a service on a loop, on a new table."""

    def run(work: Callable[[leyden.AsyncService], Awaitable[None]]) -> None:
        async def main() -> None:
            async with await leyden.load_async(
                SCHEMA,
                table=table_name,
                endpoint_url=engine.endpoint_url,
                region=engine.region,
                credentials=engine.credentials,
            ) as app:
                assert (await app.create_table()).created
                await app.check_table()
                await work(app)

        asyncio.run(main())

    return run


def test_single_items_are_written_read_and_deleted(within: Within) -> None:
    async def work(app: leyden.AsyncService) -> None:
        task = app.entities.task
        made = await task.create(project="p", id="a", points=3).go()
        assert await task.get(project="p", id="a").go() == made
        with pytest.raises(ConditionFailedError):
            await task.create(project="p", id="a").go()
        changed = await task.patch(project="p", id="a").add(points=2).go(response="all_new")
        assert changed.points == 5
        await app["task"].upsert(project="p", id="a", points=7).go()
        await task.delete(project="p", id="a").go()
        assert await task.get(project="p", id="a").go() is None
        with pytest.raises(ConditionFailedError):
            await task.remove(project="p", id="a").go()

    within(work)


def test_pages_are_read_and_gone_over(within: Within) -> None:
    async def work(app: leyden.AsyncService) -> None:
        task = app.entities.task
        result = await task.put([{"project": "p", "id": f"{n:03}"} for n in range(60)]).go()
        assert len(result) == 60
        ids = [f"{n:03}" for n in range(60)]
        chain = task.query.project(project="p")
        page = await chain.go(limit=7)
        assert [record.id for record in page] == ids[:7]
        page = await chain.go(limit=7, cursor=page.cursor)
        assert page[0].id == "007"
        assert [record.id async for record in chain] == ids
        assert [r.id async for r in chain.iter(order="desc", limit=11)] == ids[::-1]
        assert sorted([r.id async for r in task.scan.iter(segments=3, limit=10)]) == ids
        assert len(await task.scan.go(segments=2)) == 60
        records = chain.iter(limit=25)
        assert (await anext(records)).id == "000"
        assert [r.id async for r in records] == ids[1:]
        read = await task.get([{"project": "p", "id": "005"}, {"project": "p", "id": "x"}]).go()
        assert [record and record.id for record in read] == ["005", None]
        assert [r async for r in task.query.project(project="nobody")] == []

    within(work)


def test_entities_go_together(within: Within) -> None:
    async def work(app: leyden.AsyncService) -> None:
        task, person = app.entities.task, app.entities.person
        await app.transact_write(
            [
                task.create(project="p", id="a"),
                person.create(project="p", name="ada", email="a@example.com"),
            ]
        ).go()
        with pytest.raises(TransactionCanceledError):
            await app.transact_write(
                [person.create(project="p", name="bob", email="a@example.com")]
            ).go()
        found = await app.transact_get([task.get(project="p", id="a")]).go()
        assert found[0].id == "a"
        await app.batch_write([task.put(project="p", id="b"), task.put(project="p", id="c")]).go()
        both = await app.batch_get(
            [task.get(project="p", id="b"), person.get(project="p", name="ada")]
        ).go()
        assert (both[0].id, both[1].name) == ("b", "ada")
        page = await app.collections.everything(project="p").go()
        assert [one.id for one in page.task] == ["a", "b", "c"]
        names = [type(r).__name__ async for r in app.collections.everything(project="p")]
        assert names == ["Person", "Task", "Task", "Task"]
        adoption = await person.adopt_unique()
        assert (adoption.checked, adoption.kept) == (1, 1)

    within(work)


def test_many_tasks_work_at_the_same_time(within: Within) -> None:
    async def work(app: leyden.AsyncService) -> None:
        task = app.entities.task

        async def visit(n: int) -> int:
            await task.put(project="p", id=str(n), points=n).go()
            return int((await task.get(project="p", id=str(n)).go()).points)

        assert await asyncio.gather(*map(visit, range(80))) == [*range(80)]

    within(work)


def test_a_batch_that_is_not_awaited_to_its_end_can_be_canceled(within: Within) -> None:
    async def work(app: leyden.AsyncService) -> None:
        task = app.entities.task
        batch = task.put([{"project": "p", "id": f"{n:04}"} for n in range(2000)])
        sent: list[int] = []

        def hear(event: Event) -> None:
            if isinstance(event, RequestSent) and event.api == "BatchWriteItem":
                sent.extend(map(len, event.params["RequestItems"].values()))

        with leyden.events.listen(hear):
            with pytest.raises((TimeoutError, BatchIncompleteError)):
                async with asyncio.timeout(0.02):
                    await batch.go(concurrency=2)
            before = list(sent)
            await asyncio.sleep(0.2)
            # What was under way may have been written; nothing more is, and the service goes on.
            assert sent == before
        assert len(await task.scan.go(pages="all")) <= sum(sent) < 2000

    within(work)


def test_what_blocks_is_refused_in_words(within: Within) -> None:
    async def work(app: leyden.AsyncService) -> None:
        chain = app.entities.task.query.project(project="p")
        for wrong in (
            lambda: iter(chain),
            lambda: next(chain.iter()),
            lambda: iter(app.collections.everything(project="p")),
            lambda: app.entities.task.model,
            lambda: app.__enter__(),
        ):
            with pytest.raises(CallStyleError):
                wrong()

    within(work)


def test_a_table_that_is_missing_or_differs_is_an_error(engine: Any, table_name: str) -> None:
    async def main() -> None:
        where = {
            "endpoint_url": engine.endpoint_url,
            "region": engine.region,
            "credentials": engine.credentials,
        }
        async with await leyden.load_async(SCHEMA, table=table_name, **where) as app:
            with pytest.raises(TableNotFoundError):
                await app.check_table()
            await app.create_table()
        other = SCHEMA.replace("field: sk", "field: other")
        async with await leyden.load_async(other, table=table_name, **where) as app:
            with pytest.raises(TableMismatchError):
                await app.check_table()

    asyncio.run(main())


def test_async_for_over_a_blocking_service_is_refused_in_words() -> None:
    app = leyden.load(SCHEMA, table="t", region="eu-west-1")
    with pytest.raises(CallStyleError, match="load_async"):
        aiter(app.entities.task.scan)


def test_faults_of_the_schema_are_found_when_loading() -> None:
    with pytest.raises(SchemaError):
        asyncio.run(leyden.load_async("entity: x", table="t"))
    with pytest.raises(InvalidOptionError):
        asyncio.run(leyden.load_async(SCHEMA))
