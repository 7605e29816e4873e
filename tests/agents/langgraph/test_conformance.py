"""LangGraph's own conformance suite, over the awaited methods and over those that block."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from langgraph.checkpoint.conformance import checkpointer_test, validate

from leyden.agents.langgraph import LeydenSaver
from tests.agents.langgraph.conftest import new_saver

CASES = 81


class Blocking(LeydenSaver):
    """A saver whose awaited methods are the blocking ones: the suite calls the former only."""

    async def aget_tuple(self, config: Any) -> Any:
        return await asyncio.to_thread(self.get_tuple, config)

    async def alist(self, config: Any, **options: Any) -> Any:
        for one in await asyncio.to_thread(lambda: [*self.list(config, **options)]):
            yield one

    async def aput(self, *values: Any) -> Any:
        return await asyncio.to_thread(self.put, *values)

    async def aput_writes(
        self, config: Any, writes: Any, task_id: str, task_path: str = ""
    ) -> None:
        await asyncio.to_thread(self.put_writes, config, writes, task_id, task_path)

    async def adelete_thread(self, thread_id: str) -> None:
        await asyncio.to_thread(self.delete_thread, thread_id)

    async def adelete_for_runs(self, run_ids: Any) -> None:
        await asyncio.to_thread(self.delete_for_runs, run_ids)

    async def acopy_thread(self, source_thread_id: str, target_thread_id: str) -> None:
        await asyncio.to_thread(self.copy_thread, source_thread_id, target_thread_id)

    async def aprune(self, thread_ids: Any, *, strategy: str = "keep_latest") -> None:
        await asyncio.to_thread(lambda: self.prune(thread_ids, strategy=strategy))


@pytest.mark.parametrize(("kind", "where"), [(LeydenSaver, "real"), (Blocking, "embedded")])
def test_every_capability_is_detected_and_passed(
    request: pytest.FixtureRequest, kind: type[LeydenSaver], where: str
) -> None:
    engine = request.getfixturevalue(where)
    table = new_saver(engine).app.table

    @checkpointer_test(name="leyden")
    async def saver() -> Any:
        async with kind(table, engine=engine) as saver:
            yield saver

    report = asyncio.run(validate(saver))
    failures = {name: one.failures for name, one in report.results.items() if one.failures}
    assert failures == {}
    assert all(one.detected and one.passed for one in report.results.values())
    assert sum(one.tests_passed for one in report.results.values()) >= CASES
