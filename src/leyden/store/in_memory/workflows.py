"""The workflows domain, in memory."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from threading import RLock

from attrs import evolve

from leyden.store import checks
from leyden.store.in_memory.base import Domain, RecordTable, locked_domain
from leyden.store.order import Mark, by_name
from leyden.store.pages import Asked, ends, of_all
from leyden.store.records import JSON, WorkflowRun, WorkflowRunPage
from leyden.store.times import Clock, known
from leyden.store.values import is_within, pending


@locked_domain("workflows")
class InMemoryWorkflows(Domain):
    """Workflow runs of an `InMemoryStore`; see `Workflows`."""

    def __init__(self, lock: RLock, clock: Clock) -> None:
        super().__init__(lock, clock)
        self._runs: RecordTable[WorkflowRun] = RecordTable("workflow_snapshot")

    def persist_workflow_snapshot(
        self,
        workflow_name: str,
        run_id: str,
        snapshot: Mapping[str, JSON],
        *,
        resource_id: str | None = None,
        created_at: datetime | None = None,
        updated_at: datetime | None = None,
    ) -> None:
        """See `Workflows.persist_workflow_snapshot`."""
        name, id = _key(workflow_name, run_id)
        now = self._now()
        new = WorkflowRun(
            workflow_name=name,
            run_id=id,
            snapshot=checks.mapping(snapshot, "snapshot"),
            resource_id=checks.optional(checks.identifier, resource_id, "resource_id"),
            created_at=checks.optional(checks.instant, created_at, "created_at") or now,
            updated_at=checks.optional(checks.instant, updated_at, "updated_at") or now,
        )
        old = self._get(name, id)
        if old is not None:
            new = evolve(
                new, created_at=old.created_at, resource_id=new.resource_id or old.resource_id
            )
        self._put(new)

    def load_workflow_snapshot(self, workflow_name: str, run_id: str) -> dict[str, JSON] | None:
        """See `Workflows.load_workflow_snapshot`."""
        run = self._get(*_key(workflow_name, run_id))
        return None if run is None else run.snapshot

    def update_workflow_results(
        self,
        workflow_name: str,
        run_id: str,
        *,
        step_id: str,
        result: JSON,
        request_context: Mapping[str, JSON] | None = None,
    ) -> dict[str, JSON]:
        """See `Workflows.update_workflow_results`."""
        name, id = _key(workflow_name, run_id)
        step = checks.identifier(step_id, "step_id")
        outcome = checks.json(result, "result")
        context = checks.optional(checks.mapping, request_context, "request_context") or {}
        run = self._get(name, id)
        if run is None:
            now = self._now()
            run = WorkflowRun(
                workflow_name=name,
                run_id=id,
                snapshot=pending(id, now),
                created_at=now,
                updated_at=now,
            )
        else:
            run = evolve(run, updated_at=self._after(known(run.updated_at)))
        run.snapshot["context"] = {**(run.snapshot.get("context") or {}), step: outcome}
        run.snapshot["requestContext"] = {
            **(run.snapshot.get("requestContext") or {}),
            **context,
        }
        self._put(run)
        results: dict[str, JSON] = run.snapshot["context"]
        return results

    def update_workflow_state(
        self,
        workflow_name: str,
        run_id: str,
        opts: Mapping[str, JSON],
        *,
        expected_status: str | Sequence[str] | None = None,
    ) -> dict[str, JSON] | None:
        """See `Workflows.update_workflow_state`."""
        name, id = _key(workflow_name, run_id)
        fields = checks.mapping(opts, "opts")
        expected = checks.statuses(expected_status, "expected_status")
        run = self._get(name, id)
        if run is None or (expected is not None and run.snapshot.get("status") not in expected):
            return None
        run = evolve(
            run,
            snapshot={**run.snapshot, **fields},
            updated_at=self._after(known(run.updated_at)),
        )
        self._put(run)
        snapshot: dict[str, JSON] = run.snapshot
        return snapshot

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
    ) -> WorkflowRunPage:
        """See `Workflows.list_workflow_runs`."""
        name = checks.optional(checks.identifier, workflow_name, "workflow_name")
        owner = checks.optional(checks.identifier, resource_id, "resource_id")
        wanted = checks.optional(checks.word, status, "status")
        dates = checks.dates(from_date, to_date)
        query = ["runs", name, owner, wanted, ends(dates)]
        asked = Asked.of(query, page, per_page, cursor, include_total)
        runs = [
            run
            for run in self._runs
            if name in (None, run.workflow_name)
            and owner in (None, run.resource_id)
            and wanted in (None, run.snapshot.get("status"))
            and is_within(known(run.created_at), dates)
        ]
        found = of_all(runs, _mark, by_name, asked)
        return found.page(WorkflowRunPage, runs=found.entries)

    def get_workflow_run_by_id(
        self, run_id: str, *, workflow_name: str | None = None
    ) -> WorkflowRun | None:
        """See `Workflows.get_workflow_run_by_id`."""
        id = checks.identifier(run_id, "run_id")
        name = checks.optional(checks.identifier, workflow_name, "workflow_name")
        if name is not None:
            return self._get(name, id)
        return next(
            (
                run
                for run in sorted(self._runs, key=lambda run: by_name(_mark(run)))
                if run.run_id == id
            ),
            None,
        )

    def delete_workflow_run_by_id(self, run_id: str, workflow_name: str) -> None:
        """See `Workflows.delete_workflow_run_by_id`."""
        name, id = _key(workflow_name, run_id)
        self._runs.remove(_one_text(name, id))

    def _clear(self) -> None:
        self._runs.clear()

    def _get(self, workflow_name: str, run_id: str) -> WorkflowRun | None:
        return self._runs.get(_one_text(workflow_name, run_id))

    def _put(self, run: WorkflowRun) -> None:
        self._runs.put(_one_text(run.workflow_name, run.run_id), run)


def _key(workflow_name: str, run_id: str) -> tuple[str, str]:
    return checks.identifier(workflow_name, "workflow_name"), checks.identifier(run_id, "run_id")


def _one_text(workflow_name: str, run_id: str) -> str:
    return json.dumps([workflow_name, run_id], ensure_ascii=False)


def _mark(run: WorkflowRun) -> Mark:
    return [run.workflow_name, run.run_id]
