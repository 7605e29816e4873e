"""The memory store in memory: its other domains, and the store itself."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from types import TracebackType
from typing import Any, Final, Literal, Self

from attrs import evolve

from leyden.store import given
from leyden.store.domains import (
    TEXTS,
    Change,
    EvalMethods,
    RunKey,
    RunListing,
    ScoreMethods,
    TraceMethods,
    WorkflowMethods,
    kind_of,
)
from leyden.store.in_memory.memory import InMemory, InMemoryMemory, Locked, RecordTable, at_once
from leyden.store.interface import Evals, Given, Scores, Traces, Workflows
from leyden.store.order import (
    by_name,
    newest_first,
    newest_start_first,
    run_mark,
    start_mark,
    time_marks,
)
from leyden.store.pages import Asked, Listed, of_all
from leyden.store.records import Eval, Score, Trace, WorkflowRun
from leyden.store.values import Clock, Span, as_it_reads, system_clock

__all__ = ["InMemoryStore"]

_DOMAINS: Final = ("memory", "workflows", "scores", "traces", "evals")


class InMemoryWorkflows(WorkflowMethods, InMemory, Workflows):
    """The workflow runs of an `InMemoryStore`; see `Workflows`."""

    def __init__(self, runner: Locked, clock: Clock) -> None:
        super().__init__(runner, clock)
        self._runs: RecordTable[WorkflowRun] = RecordTable("workflow_snapshot")
        self._tables = (self._runs,)

    @at_once
    def _save(self, run: WorkflowRun, now: datetime) -> None:
        old = self._runs.get(_text(run_mark(run)))
        if old is not None:
            owner = run.resource_id or old.resource_id
            run = evolve(run, created_at=old.created_at, resource_id=owner)
        self._runs.put({_text(run_mark(run)): run})

    @at_once
    def _get(self, key: RunKey) -> WorkflowRun | None:
        return self._runs.get(_text(key))

    @at_once
    def _find(self, run_id: str) -> WorkflowRun | None:
        runs = sorted(self._runs, key=lambda run: by_name(run_mark(run)))
        return next((run for run in runs if run.run_id == run_id), None)

    @at_once
    def _change(self, key: RunKey, change: Change) -> WorkflowRun | None:
        run, now = self._runs.get(_text(key)), self._now()
        state = change(run, now)
        if state is None:
            return run
        if run is None:
            run = WorkflowRun(
                workflow_name=key[0], run_id=key[1], snapshot=state, created_at=now, updated_at=now
            )
        else:
            run = evolve(run, snapshot=state, updated_at=self._after(run.updated_at))
        self._runs.put({_text(key): run})
        return run

    @at_once
    def _list(self, listing: RunListing) -> Listed[WorkflowRun]:
        runs = [
            run
            for run in self._runs
            if listing.workflow in (None, run.workflow_name)
            and listing.resource in (None, run.resource_id)
            and run.created_at in listing.span
            and listing.lets_through(run)
        ]
        return of_all(runs, run_mark, by_name, listing.page)

    @at_once
    def _delete(self, key: RunKey) -> None:
        self._runs.remove([_text(key)])


def _text(key: Any) -> str:
    return json.dumps(list(key), ensure_ascii=False)


class InMemoryScores(ScoreMethods, InMemory, Scores):
    """The scores of an `InMemoryStore`; see `Scores`."""

    def __init__(self, runner: Locked, clock: Clock) -> None:
        super().__init__(runner, clock)
        self._scores: RecordTable[Score] = RecordTable("score")
        self._tables = (self._scores,)

    @at_once
    def _save(self, score: Score, texts: Mapping[str, str]) -> None:
        self._scores.put({str(score.id): score})

    @at_once
    def _get(self, id: str) -> Score | None:
        return self._scores.get(id)

    @at_once
    def _list(self, asked: Asked, pattern: str, of: Given, wanted: Given) -> Listed[Score]:
        sought = {**of, **wanted}
        scores = [
            score
            for score in self._scores
            if all(getattr(score, name) == value for name, value in sought.items())
        ]
        return of_all(scores, time_marks("id"), newest_first, asked)


class InMemoryTraces(TraceMethods, InMemory, Traces):
    """The spans of an `InMemoryStore`; see `Traces`."""

    def __init__(self, runner: Locked, clock: Clock) -> None:
        super().__init__(runner, clock)
        self._traces: RecordTable[Trace] = RecordTable("trace")
        self._tables = (self._traces,)

    @at_once
    def _save(self, spans: Mapping[str, Trace], now: datetime) -> None:
        self._traces.put(spans)

    @at_once
    def _list(self, asked: Asked, name: str | None, scope: str | None, span: Span) -> Listed[Trace]:
        traces = [
            trace
            for trace in self._traces
            if name in (None, trace.name)
            and scope in (None, trace.scope)
            and trace.created_at in span
        ]
        return of_all(traces, start_mark, newest_start_first, asked)


class InMemoryEvals(EvalMethods, InMemory, Evals):
    """The evaluations of an `InMemoryStore`; see `Evals`."""

    def __init__(self, runner: Locked, clock: Clock) -> None:
        super().__init__(runner, clock)
        self._evals: RecordTable[Eval] = RecordTable("eval")
        self._tables = (self._evals,)

    @at_once
    def _save(self, evals: Mapping[str, Eval], now: datetime) -> None:
        self._evals.put(
            {
                id: evolve(one, **{name: as_it_reads(getattr(one, name)) for name in TEXTS})
                for id, one in evals.items()
            }
        )

    @at_once
    def _list(self, asked: Asked, agent: str | None, kind: str | None, span: Span) -> Listed[Eval]:
        evals = [
            one
            for one in self._evals
            if agent in (None, one.agent_name)
            and kind in (None, kind_of(one.test_info))
            and one.created_at in span
        ]
        return of_all(evals, time_marks("run_id"), newest_first, asked)


class InMemoryStore:
    """A memory store that lives and dies with this process, for tests and trials.

    It behaves like every other backend, with the same errors, and runs one call at a time. `clock`
    returns the time as an aware datetime; the default is the system's clock.

    >>> store = InMemoryStore()
    >>> store.memory.save_thread({"id": "t1", "resource_id": "alice"}).title
    'Thread t1'
    """

    def __init__(self, *, clock: Clock = system_clock) -> None:
        runner = Locked()
        self.memory: Final = InMemoryMemory(runner, clock)
        self.workflows: Final = InMemoryWorkflows(runner, clock)
        self.scores: Final = InMemoryScores(runner, clock)
        self.traces: Final = InMemoryTraces(runner, clock)
        self.evals: Final = InMemoryEvals(runner, clock)
        self._runner = runner

    def init(self) -> None:
        """Do nothing: no table can be missing."""

    def clear(self, domain: Literal["memory", "workflows", "scores", "traces", "evals"]) -> None:
        """Delete everything in a domain."""
        name = given.choice(domain, "domain", _DOMAINS)
        self._runner.run(_cleared(getattr(self, name)._tables))

    def close(self) -> None:
        """Do nothing: the store holds no connections."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


@at_once
def _cleared(tables: tuple[RecordTable[Any], ...]) -> None:
    for table in tables:
        table.clear()
