"""The domains of workflow runs, scores, spans and evaluations: their methods check all input.

The methods are the same in every store. Each domain lists the steps that a backend implements.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final, Literal, TypeAlias
from uuid import uuid4

from attrs import evolve, frozen

from leyden.errors import DecodeError
from leyden.program import Program
from leyden.store import given
from leyden.store.interface import Evals, Given, Scores, Traces, Workflows
from leyden.store.methods import Domain, method
from leyden.store.pages import Asked, Listed
from leyden.store.records import (
    JSON,
    Eval,
    EvalPage,
    Score,
    ScorePage,
    Trace,
    TracePage,
    WorkflowRun,
    WorkflowRunPage,
)
from leyden.store.values import Span, stored_text, value_of
from leyden.types import epoch_milliseconds

State: TypeAlias = dict[str, JSON]
RunKey: TypeAlias = tuple[str, str]
"""The names of a workflow and of one of its runs."""

Change: TypeAlias = Callable[[Any, datetime], State | None]
"""Return the new state of a run (None if there is no run); a state of None changes nothing."""

TEXTS: Final = ("input", "output")
"""The fields that scores and evaluations store as text."""

_KINDS: Final = ("test", "live")


@frozen
class RunListing:
    """A checked request for a page of workflow runs."""

    page: Asked
    workflow: str | None
    resource: str | None
    status: str | None
    span: Span

    def lets_through(self, run: Any) -> bool:
        """Return whether the run has the status that was asked for."""
        return self.status is None or state_of(run).get("status") == self.status


def state_of(run: Any) -> State:
    """Return the state of a run. Raises DecodeError if the stored state is not a JSON object."""
    if not isinstance(run.snapshot, dict):
        raise DecodeError(
            "the stored snapshot is not a JSON object", field="snapshot", entity="workflow_snapshot"
        )
    return run.snapshot


def _pending(run_id: str, now: datetime) -> State:
    """Return the state of a new run, as the TypeScript client begins it."""
    return {
        "context": {},
        "activePaths": [],
        "timestamp": epoch_milliseconds(now),
        "suspendedPaths": {},
        "activeStepsPath": {},
        "resumeLabels": {},
        "serializedStepGraph": [],
        "status": "pending",
        "value": {},
        "waitingPaths": {},
        "runId": run_id,
        "requestContext": {},
    }


class WorkflowMethods(Domain):
    """The methods of `leyden.store.interface.Workflows`, and the steps of a backend."""

    _interface = Workflows
    _called = "store.workflows"

    _save: Callable[[WorkflowRun, datetime], Program[None]]
    """Write a run. The stored creation time stays, as does the resource if the run has none."""
    _get: Callable[[RunKey], Program[WorkflowRun | None]]
    """Return the run, or None."""
    _find: Callable[[str], Program[WorkflowRun | None]]
    """Return the run with this id in any workflow, or None."""
    _change: Callable[[RunKey, Change], Program[Any]]
    """Apply a change to the state of a run; return what is stored afterwards."""
    _list: Callable[[RunListing], Program[Listed[WorkflowRun]]]
    """Return a page of runs."""
    _delete: Callable[[RunKey], Program[None]]
    """Delete the run if it exists."""

    @method
    def persist_workflow_snapshot(
        self,
        workflow_name: str,
        run_id: str,
        snapshot: Mapping[str, JSON],
        *,
        resource_id: str | None = None,
        created_at: datetime | None = None,
        updated_at: datetime | None = None,
    ) -> Program[None]:
        """Replace the stored state."""
        name, id = _key(workflow_name, run_id)
        now = self._now()
        run = WorkflowRun(
            workflow_name=name,
            run_id=id,
            snapshot=given.mapping(snapshot, "snapshot"),
            resource_id=given.optional(given.identifier, resource_id, "resource_id"),
            created_at=given.optional(given.instant, created_at, "created_at") or now,
            updated_at=given.optional(given.instant, updated_at, "updated_at") or now,
        )
        yield from self._save(run, now)

    @method
    def load_workflow_snapshot(self, workflow_name: str, run_id: str) -> Program[State | None]:
        """Read one run."""
        run = yield from self._get(_key(workflow_name, run_id))
        return None if run is None else state_of(run)

    @method
    def update_workflow_results(
        self,
        workflow_name: str,
        run_id: str,
        *,
        step_id: str,
        result: JSON,
        request_context: Mapping[str, JSON] | None = None,
    ) -> Program[dict[str, JSON]]:
        """Merge a step's result into the stored state."""
        key = _key(workflow_name, run_id)
        step = given.identifier(step_id, "step_id")
        outcome = given.json(result, "result")
        added = given.optional(given.mapping, request_context, "request_context") or {}

        def change(run: Any, now: datetime) -> State:
            state = _pending(key[1], now) if run is None else dict(state_of(run))
            for part, more in (("context", {step: outcome}), ("requestContext", added)):
                before = state.get(part)
                state[part] = {**(before if isinstance(before, dict) else {}), **more}
            return state

        merged = yield from self._change(key, change)
        context: dict[str, JSON] = merged.snapshot["context"]
        return context

    @method
    def update_workflow_state(
        self,
        workflow_name: str,
        run_id: str,
        opts: Mapping[str, JSON],
        *,
        expected_status: str | Sequence[str] | None = None,
    ) -> Program[State | None]:
        """Merge fields into the stored state if its status is an expected one."""
        key = _key(workflow_name, run_id)
        fields = given.mapping(opts, "opts")
        expected = given.statuses(expected_status, "expected_status")
        refused = False

        def change(run: Any, now: datetime) -> State | None:
            nonlocal refused
            state = {} if run is None else state_of(run)
            as_expected = expected is None or state.get("status") in expected
            refused = run is None or not as_expected
            return None if refused else {**state, **fields}

        merged = yield from self._change(key, change)
        return None if refused else state_of(merged)

    @method
    def list_workflow_runs(
        self,
        *,
        workflow_name: str | None = None,
        resource_id: str | None = None,
        status: str | None = None,
        from_date: datetime | None = None,
        to_date: datetime | None = None,
        page: int = 0,
        per_page: int | None = 10,
        cursor: str | None = None,
        include_total: bool = False,
    ) -> Program[WorkflowRunPage]:
        """Read a workflow's runs as far as the page needs, or all runs."""
        wanted = given.optional(given.word, status, "status")
        resource = given.optional(given.identifier, resource_id, "resource_id")
        span = given.dates(from_date, to_date)
        workflow = given.optional(given.identifier, workflow_name, "workflow_name")
        query = ["runs", workflow, resource, wanted, span.as_json()]
        asked = Asked.of(query, page, per_page, cursor, include_total)
        found = yield from self._list(RunListing(asked, workflow, resource, wanted, span))
        return found.page(WorkflowRunPage, runs=found.entries)

    @method
    def get_workflow_run_by_id(
        self, run_id: str, *, workflow_name: str | None = None
    ) -> Program[WorkflowRun | None]:
        """Read one run by its key, or by the index of runs."""
        id = given.identifier(run_id, "run_id")
        if workflow_name is None:
            return (yield from self._find(id))
        return (yield from self._get(_key(workflow_name, id)))

    @method
    def delete_workflow_run_by_id(self, run_id: str, workflow_name: str) -> Program[None]:
        """Delete one run."""
        yield from self._delete(_key(workflow_name, run_id))


def _key(workflow_name: Any, run_id: Any) -> RunKey:
    return (
        given.identifier(workflow_name, "workflow_name"),
        given.identifier(run_id, "run_id"),
    )


class ScoreMethods(Domain):
    """The methods of `leyden.store.interface.Scores`, and the steps of a backend."""

    _interface = Scores
    _called = "store.scores"

    _save: Callable[[Score, Mapping[str, str]], Program[None]]
    """Write a score; the mapping has its input and output as stored text."""
    _get: Callable[[str], Program[Score | None]]
    """Return the score, or None."""
    _list: Callable[[Asked, str, Given, Given], Program[Listed[Score]]]
    """Return a page of the scores that an access pattern finds by key values and filters."""

    @method
    def save_score(self, score: Score | Given) -> Program[Score]:
        """Write one score, replacing the stored one with its id."""
        checked = given.score(score)
        now = self._now()
        timed = evolve(checked, id=checked.id or str(uuid4()), created_at=now, updated_at=now)
        texts = {name: stored_text(getattr(timed, name)) for name in TEXTS}
        saved = evolve(timed, **{name: value_of(text) for name, text in texts.items()})
        yield from self._save(saved, texts)
        return saved

    @method
    def get_score_by_id(self, id: str) -> Program[Score | None]:
        """Read one score."""
        return (yield from self._get(given.identifier(id, "id")))

    @method
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
    ) -> Program[ScorePage]:
        """Read the scorer's scores."""
        of = {"scorer_id": given.identifier(scorer_id, "scorer_id")}
        wanted = {
            "entity_id": given.optional(given.identifier, entity_id, "entity_id"),
            "entity_type": given.optional(given.word, entity_type, "entity_type"),
            "source": given.optional(given.source, source, "source"),
            **given.tenancy(filters),
        }
        paging = (page, per_page, cursor, include_total)
        return (yield from self._page("by_scorer", of, wanted, paging))

    @method
    def list_scores_by_run_id(
        self,
        run_id: str,
        *,
        filters: Mapping[str, str | None] | None = None,
        page: int = 0,
        per_page: int | None = 100,
        cursor: str | None = None,
        include_total: bool = False,
    ) -> Program[ScorePage]:
        """Read the run's scores."""
        of = {"run_id": given.identifier(run_id, "run_id")}
        paging = (page, per_page, cursor, include_total)
        return (yield from self._page("by_run", of, given.tenancy(filters), paging))

    @method
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
    ) -> Program[ScorePage]:
        """Read the scores of one scored entity."""
        kind = given.word(entity_type, "entity_type")
        of = {"entity_id": given.identifier(entity_id, "entity_id")}
        paging = (page, per_page, cursor, include_total)
        wanted = {"entity_type": kind, **given.tenancy(filters)}
        return (yield from self._page("by_entity", of, wanted, paging))

    @method
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
    ) -> Program[ScorePage]:
        """Read the span's scores."""
        of = {
            "trace_id": given.identifier(trace_id, "trace_id"),
            "span_id": given.identifier(span_id, "span_id"),
        }
        paging = (page, per_page, cursor, include_total)
        return (yield from self._page("by_span", of, given.tenancy(filters), paging))

    def _page(
        self, pattern: str, of: Given, wanted: Given, paging: tuple[Any, Any, Any, Any]
    ) -> Program[ScorePage]:
        asked = Asked.of(["scores", of, wanted], *paging)
        meant = {name: value for name, value in wanted.items() if value is not None}
        found = yield from self._list(asked, pattern, of, meant)
        return found.page(ScorePage, scores=found.entries)


class TraceMethods(Domain):
    """The methods of `leyden.store.interface.Traces`, and the steps of a backend."""

    _interface = Traces
    _called = "store.traces"

    _save: Callable[[Mapping[str, Trace], datetime], Program[None]]
    """Write spans, keyed by id."""
    _list: Callable[[Asked, str | None, str | None, Span], Program[Listed[Trace]]]
    """Return a page of spans; a name or scope of None matches every span."""

    @method
    def batch_trace_insert(self, records: Sequence[Trace | Given]) -> Program[None]:
        """Write spans at the time of the call; if an id occurs twice, the last span counts."""
        now = self._now()
        spans = {
            span.id: evolve(
                span, created_at=span.created_at or now, updated_at=span.updated_at or now
            )
            for span in given.records(Trace, records, "records")
        }
        yield from self._save(spans, now)

    @method
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
    ) -> Program[TracePage]:
        """Read the spans of a name or scope as far as the page needs, or all spans."""
        named = given.optional(given.identifier, name, "name")
        scoped = given.optional(given.identifier, scope, "scope")
        span = given.dates(from_date, to_date)
        query = ["traces", named, scoped, span.as_json()]
        asked = Asked.of(query, page, per_page, cursor, include_total)
        found = yield from self._list(asked, named, scoped, span)
        return found.page(TracePage, traces=found.entries)


class EvalMethods(Domain):
    """The methods of `leyden.store.interface.Evals`, and the steps of a backend."""

    _interface = Evals
    _called = "store.evals"

    _save: Callable[[Mapping[str, Eval], datetime], Program[None]]
    """Write evaluations, keyed by run id."""
    _list: Callable[[Asked, str | None, str | None, Span], Program[Listed[Eval]]]
    """Return a page of evaluations; an agent or kind of None matches every evaluation."""

    @method
    def insert_evals(self, records: Sequence[Eval | Given]) -> Program[None]:
        """Write them at the time of the call; if a run id occurs twice, the last one counts."""
        now = self._now()
        evals = {
            one.run_id: evolve(one, created_at=one.created_at or now)
            for one in given.records(Eval, records, "records")
        }
        yield from self._save(evals, now)

    @method
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
    ) -> Program[EvalPage]:
        """Read an agent's evaluations as far as the page needs, or all evaluations."""
        agent = given.optional(given.identifier, agent_name, "agent_name")
        paging = (page, per_page, cursor, include_total)
        return (yield from self._page(agent, type, given.dates(from_date, to_date), paging))

    @method
    def get_evals_by_agent_name(
        self, agent_name: str, *, type: Literal["test", "live"] | None = None
    ) -> Program[list[Eval]]:
        """Read all evaluations of an agent."""
        agent = given.identifier(agent_name, "agent_name")
        found = yield from self._page(agent, type, Span(), (0, None, None, False))
        return list(found.evals)

    def _page(
        self, agent: str | None, type: Any, span: Span, paging: tuple[Any, Any, Any, Any]
    ) -> Program[EvalPage]:
        kind = None if type is None else given.choice(type, "type", _KINDS)
        asked = Asked.of(["evals", agent, kind, span.as_json()], *paging)
        found = yield from self._list(asked, agent, kind, span)
        return found.page(EvalPage, evals=found.entries)


def kind_of(test_info: JSON) -> str:
    """Return `test` if the test information has a path, and `live` otherwise."""
    return "test" if isinstance(test_info, dict) and test_info.get("testPath") else "live"
