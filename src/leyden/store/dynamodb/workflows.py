"""Workflow runs: one item a run, its state as one JSON text."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from operator import itemgetter
from typing import Any

from leyden import Entity
from leyden.errors import DecodeError, KeyCollisionError
from leyden.operations.chains.reads import Query, Scan
from leyden.program import Program
from leyden.store import checks
from leyden.store.dynamodb.merging import insisting, merge
from leyden.store.dynamodb.methods import Domain, method
from leyden.store.dynamodb.streams import Indexed, from_all, from_index, within
from leyden.store.interface import Workflows
from leyden.store.order import Mark, by_name
from leyden.store.pages import Asked, ends
from leyden.store.records import JSON, WorkflowRun, WorkflowRunPage
from leyden.store.values import pending

State = dict[str, JSON]


class WorkflowMethods(Domain):
    """The methods of `leyden.store.interface.Workflows`."""

    _interface = Workflows

    @property
    def _entity(self) -> Entity:
        return self._app.entities.workflow_snapshot

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
        """Set the state over whatever is stored."""
        key = _key(workflow_name, run_id)
        resource = checks.optional(checks.identifier, resource_id, "resource_id")
        now = self._now()
        state = {
            "snapshot": checks.mapping(snapshot, "snapshot"),
            "created_at": checks.optional(checks.instant, created_at, "created_at") or now,
            "updated_at": checks.optional(checks.instant, updated_at, "updated_at") or now,
            **({} if resource is None else {"resource_id": resource}),
            **self._ttl.fields(self._entity.spec.alias, now),
        }
        write = self._entity.upsert(**key, **state)
        yield from insisting(lambda: write.program(response="none"))

    @method
    def load_workflow_snapshot(self, workflow_name: str, run_id: str) -> Program[State | None]:
        """Read one item."""
        stored = yield from self._entity.get(**_key(workflow_name, run_id)).program(consistent=True)
        return None if stored is None else _state(stored)

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
        """Merge a step's result into what is stored."""
        key = _key(workflow_name, run_id)
        step = checks.identifier(step_id, "step_id")
        outcome = checks.json(result, "result")
        added = checks.optional(checks.mapping, request_context, "request_context") or {}

        def change(stored: Any) -> Mapping[str, Any]:
            now = self._now()
            state = pending(key["run_id"], now) if stored is None else dict(_state(stored))
            state["context"] = {**_part(state, "context"), step: outcome}
            state["requestContext"] = {**_part(state, "requestContext"), **added}
            return self._changed(state, stored, now)

        merged = yield from self._merge(key, change, "update_workflow_results")
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
        """Merge fields into what is stored, if its status is as expected."""
        key = _key(workflow_name, run_id)
        fields = checks.mapping(opts, "opts")
        expected = checks.statuses(expected_status, "expected_status")
        refused = False

        def change(stored: Any) -> Mapping[str, Any] | None:
            nonlocal refused
            state = {} if stored is None else _state(stored)
            as_expected = expected is None or state.get("status") in expected
            refused = stored is None or not as_expected
            return None if refused else self._changed({**state, **fields}, stored, self._now())

        merged = yield from self._merge(key, change, "update_workflow_state")
        return None if refused else _state(merged)

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
        """Read a workflow's runs as far as the page goes, or all; look at their status here."""
        wanted = checks.optional(checks.word, status, "status")
        resource = checks.optional(checks.identifier, resource_id, "resource_id")
        dates = checks.dates(from_date, to_date)
        workflow = checks.optional(checks.identifier, workflow_name, "workflow_name")
        query = ["runs", workflow, resource, wanted, ends(dates)]
        asked = Asked.of(query, page, per_page, cursor, include_total)
        owned = None if resource is None else self._entity.attr.resource_id == resource

        def meant(reading: Query | Scan) -> Any:
            mine = reading if owned is None else reading.where(owned)
            return within(mine, self._entity.attr.created_at, dates)

        def read(record: Any) -> Any:
            return record if wanted is None or _state(record).get("status") == wanted else None

        if workflow is None:
            found = yield from from_all(meant(self._entity.scan), read, _mark, by_name, asked)
        else:
            runs = meant(self._entity.query.primary(workflow_name=workflow))
            index = Indexed(
                query=runs,
                descending=False,
                read=read,
                mark=_mark,
                order=by_name,
                begin=lambda mark: runs.gte(run_id=mark[1]),
                tie=itemgetter(1),
                compare="keys",
            )
            found = yield from from_index(
                index, asked, concurrency=self._concurrency, told_here=wanted is not None
            )
        return found.page(WorkflowRunPage, runs=tuple(map(_run, found.entries)))

    @method
    def get_workflow_run_by_id(
        self, run_id: str, *, workflow_name: str | None = None
    ) -> Program[WorkflowRun | None]:
        """Read one item, by its key or by the index of runs."""
        run = checks.identifier(run_id, "run_id")
        if workflow_name is not None:
            stored = yield from self._entity.get(**_key(workflow_name, run)).program(
                consistent=True
            )
            return None if stored is None else _run(stored)
        found = yield from self._entity.query.by_run(run_id=run).program(count=1)
        return _run(found[0]) if found else None

    @method
    def delete_workflow_run_by_id(self, run_id: str, workflow_name: str) -> Program[None]:
        """Delete one item."""
        deletion = self._entity.delete(**_key(workflow_name, run_id))
        try:
            yield from insisting(lambda: deletion.program(response="none"))
        except KeyCollisionError:
            # What is stored under the key is another run's: this one is not there.
            return

    def _changed(self, state: State, stored: Any, now: datetime) -> Mapping[str, Any]:
        """The attributes of a changed state; `updated_at` is the merge's."""
        times = {"created_at": now} if stored is None else {}
        return {"snapshot": state, **times, **self._ttl.fields(self._entity.spec.alias, now)}

    def _merge(
        self, key: Mapping[str, str], change: Callable[[Any], Any], method: str
    ) -> Program[Any]:
        operation = f"store.workflows.{method}"
        return merge(self._entity, key, change, now=self._now, operation=operation)


def _key(workflow_name: Any, run_id: Any) -> dict[str, str]:
    return {
        "workflow_name": checks.identifier(workflow_name, "workflow_name"),
        "run_id": checks.identifier(run_id, "run_id"),
    }


def _state(stored: Any) -> State:
    if not isinstance(stored.snapshot, dict):
        raise DecodeError(
            "the stored snapshot is no JSON object", field="snapshot", entity="workflow_snapshot"
        )
    return stored.snapshot


def _part(state: State, name: str) -> dict[str, JSON]:
    part = state.get(name)
    return part if isinstance(part, dict) else {}


def _mark(stored: Any) -> Mark:
    return [stored.workflow_name, stored.run_id]


def _run(stored: Any) -> WorkflowRun:
    return WorkflowRun(
        workflow_name=stored.workflow_name,
        run_id=stored.run_id,
        snapshot=stored.snapshot,
        resource_id=stored.resource_id,
        created_at=stored.created_at,
        updated_at=stored.updated_at,
    )
