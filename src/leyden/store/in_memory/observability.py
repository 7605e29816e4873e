"""The domains of scores, traces and evaluations, in memory."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from threading import RLock
from typing import Literal
from uuid import uuid4

from attrs import evolve

from leyden.store import checks, given
from leyden.store.in_memory.base import Domain, RecordTable, locked_domain
from leyden.store.interface import Given
from leyden.store.order import newest_first, newest_start_first, time_mark
from leyden.store.pages import Asked, ends, of_all
from leyden.store.records import JSON, Eval, EvalPage, Score, ScorePage, Trace, TracePage
from leyden.store.times import Clock, known
from leyden.store.values import as_it_reads, is_within, kind_of


@locked_domain("scores")
class InMemoryScores(Domain):
    """Scores of an `InMemoryStore`; see `Scores`."""

    def __init__(self, lock: RLock, clock: Clock) -> None:
        super().__init__(lock, clock)
        self._scores: RecordTable[Score] = RecordTable("score")

    def save_score(self, score: Score | Given) -> Score:
        """See `Scores.save_score`."""
        new, now = given.score(score), self._now()
        id = new.id or str(uuid4())
        saved = evolve(
            new,
            id=id,
            input=_read(new.input),
            output=_read(new.output),
            created_at=now,
            updated_at=now,
        )
        self._scores.put(id, saved)
        return saved

    def get_score_by_id(self, id: str) -> Score | None:
        """See `Scores.get_score_by_id`."""
        return self._scores.get(checks.identifier(id, "id"))

    def list_scores_by_scorer_id(
        self,
        scorer_id: str,
        *,
        entity_id: str | None = None,
        entity_type: str | None = None,
        source: str | None = None,
        filters: Mapping[str, str | None] | None = None,
        page: int = 0,
        per_page: int | None = 100,
        cursor: str | None = None,
        include_total: bool = False,
    ) -> ScorePage:
        """See `Scores.list_scores_by_scorer_id`."""
        wanted = {
            "scorer_id": checks.identifier(scorer_id, "scorer_id"),
            "entity_id": checks.optional(checks.identifier, entity_id, "entity_id"),
            "entity_type": checks.optional(checks.word, entity_type, "entity_type"),
            "source": checks.optional(checks.source, source, "source"),
        }
        return self._page(wanted, filters, (page, per_page, cursor, include_total))

    def list_scores_by_run_id(
        self,
        run_id: str,
        *,
        filters: Mapping[str, str | None] | None = None,
        page: int = 0,
        per_page: int | None = 100,
        cursor: str | None = None,
        include_total: bool = False,
    ) -> ScorePage:
        """See `Scores.list_scores_by_run_id`."""
        wanted = {"run_id": checks.identifier(run_id, "run_id")}
        return self._page(wanted, filters, (page, per_page, cursor, include_total))

    def list_scores_by_entity_id(
        self,
        entity_id: str,
        entity_type: str,
        *,
        filters: Mapping[str, str | None] | None = None,
        page: int = 0,
        per_page: int | None = 100,
        cursor: str | None = None,
        include_total: bool = False,
    ) -> ScorePage:
        """See `Scores.list_scores_by_entity_id`."""
        kind = checks.word(entity_type, "entity_type")
        wanted = {"entity_id": checks.identifier(entity_id, "entity_id"), "entity_type": kind}
        return self._page(wanted, filters, (page, per_page, cursor, include_total))

    def list_scores_by_span(
        self,
        trace_id: str,
        span_id: str,
        *,
        filters: Mapping[str, str | None] | None = None,
        page: int = 0,
        per_page: int | None = 100,
        cursor: str | None = None,
        include_total: bool = False,
    ) -> ScorePage:
        """See `Scores.list_scores_by_span`."""
        wanted = {
            "trace_id": checks.identifier(trace_id, "trace_id"),
            "span_id": checks.identifier(span_id, "span_id"),
        }
        return self._page(wanted, filters, (page, per_page, cursor, include_total))

    def _page(
        self,
        wanted: Mapping[str, str | None],
        filters: Mapping[str, str | None] | None,
        paging: tuple[int, int | None, str | None, bool],
    ) -> ScorePage:
        sought = {**wanted, **checks.tenancy(filters)}
        scores = [
            score
            for score in self._scores
            if all(value in (None, getattr(score, name)) for name, value in sought.items())
        ]
        found = of_all(
            scores,
            lambda score: time_mark(known(score.created_at), known(score.id)),
            newest_first,
            Asked.of(["scores", sought], *paging),
        )
        return found.page(ScorePage, scores=found.entries)

    def _clear(self) -> None:
        self._scores.clear()


@locked_domain("traces")
class InMemoryTraces(Domain):
    """Spans of an `InMemoryStore`; see `Traces`."""

    def __init__(self, lock: RLock, clock: Clock) -> None:
        super().__init__(lock, clock)
        self._traces: RecordTable[Trace] = RecordTable("trace")

    def batch_trace_insert(self, records: Sequence[Trace | Given]) -> None:
        """See `Traces.batch_trace_insert`."""
        now = self._now()
        traces = {trace.id: trace for trace in given.traces(records)}
        self._traces.check(traces)
        for id, trace in traces.items():
            self._traces.put(
                id,
                evolve(
                    trace,
                    created_at=trace.created_at or now,
                    updated_at=trace.updated_at or now,
                ),
            )

    def get_traces(
        self,
        *,
        name: str | None = None,
        scope: str | None = None,
        from_date: datetime | None = None,
        to_date: datetime | None = None,
        page: int = 0,
        per_page: int | None = 100,
        cursor: str | None = None,
        include_total: bool = False,
    ) -> TracePage:
        """See `Traces.get_traces`."""
        wanted_name = checks.optional(checks.identifier, name, "name")
        wanted_scope = checks.optional(checks.identifier, scope, "scope")
        dates = checks.dates(from_date, to_date)
        query = ["traces", wanted_name, wanted_scope, ends(dates)]
        asked = Asked.of(query, page, per_page, cursor, include_total)
        traces = [
            trace
            for trace in self._traces
            if wanted_name in (None, trace.name)
            and wanted_scope in (None, trace.scope)
            and is_within(known(trace.created_at), dates)
        ]
        found = of_all(
            traces, lambda trace: [trace.start_time, trace.id], newest_start_first, asked
        )
        return found.page(TracePage, traces=found.entries)

    def _clear(self) -> None:
        self._traces.clear()


@locked_domain("evals")
class InMemoryEvals(Domain):
    """Evaluations of an `InMemoryStore`; see `Evals`."""

    def __init__(self, lock: RLock, clock: Clock) -> None:
        super().__init__(lock, clock)
        self._evals: RecordTable[Eval] = RecordTable("eval")

    def insert_evals(self, records: Sequence[Eval | Given]) -> None:
        """See `Evals.insert_evals`."""
        now = self._now()
        evals = {record.run_id: record for record in given.evals(records)}
        self._evals.check(evals)
        for run_id, record in evals.items():
            self._evals.put(
                run_id,
                evolve(
                    record,
                    input=as_it_reads(record.input),
                    output=as_it_reads(record.output),
                    created_at=record.created_at or now,
                ),
            )

    def get_evals(
        self,
        *,
        agent_name: str | None = None,
        type: Literal["test", "live"] | None = None,
        from_date: datetime | None = None,
        to_date: datetime | None = None,
        page: int = 0,
        per_page: int | None = 100,
        cursor: str | None = None,
        include_total: bool = False,
    ) -> EvalPage:
        """See `Evals.get_evals`."""
        agent = checks.optional(checks.identifier, agent_name, "agent_name")
        kind = None if type is None else checks.choice(type, "type", ("test", "live"))
        dates = checks.dates(from_date, to_date)
        asked = Asked.of(["evals", agent, kind, ends(dates)], page, per_page, cursor, include_total)
        evals = [
            one
            for one in self._evals
            if agent in (None, one.agent_name)
            and kind in (None, kind_of(one.test_info))
            and is_within(known(one.created_at), dates)
        ]
        found = of_all(
            evals, lambda one: time_mark(known(one.created_at), one.run_id), newest_first, asked
        )
        return found.page(EvalPage, evals=found.entries)

    def get_evals_by_agent_name(
        self, agent_name: str, *, type: Literal["test", "live"] | None = None
    ) -> list[Eval]:
        """See `Evals.get_evals_by_agent_name`."""
        agent = checks.identifier(agent_name, "agent_name")
        return list(self.get_evals(agent_name=agent, type=type, per_page=None).evals)

    def _clear(self) -> None:
        self._evals.clear()


def _read(value: JSON) -> JSON:
    read = as_it_reads(value)
    return None if read == "null" else read
