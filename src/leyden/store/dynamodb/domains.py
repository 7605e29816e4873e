"""The domains of `DynamoDBStore`.

Written by tools/facades.py from the interface; change that, and write this again.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Literal

from leyden.store.dynamodb.calls import Domain
from leyden.store.dynamodb.programs.evals import EvalPrograms
from leyden.store.dynamodb.programs.memory import MemoryPrograms
from leyden.store.dynamodb.programs.scores import ScorePrograms
from leyden.store.dynamodb.programs.traces import TracePrograms
from leyden.store.dynamodb.programs.workflows import WorkflowPrograms
from leyden.store.interface import Given, OrderBy
from leyden.store.pages import (
    ClonedThread,
    CopiedThread,
    EvalPage,
    MessagePage,
    ScorePage,
    ThreadPage,
    TracePage,
    WorkflowRunPage,
)
from leyden.store.records import (
    JSON,
    DateRange,
    Eval,
    Include,
    Message,
    Resource,
    Score,
    Thread,
    Trace,
    WorkflowRun,
)


class DynamoDBMemory(Domain[MemoryPrograms]):
    """Threads, their messages, and what is remembered of resources.

    Messages are in the order of their times, those of the same millisecond by id: the same on
    every read, page size and direction.
    """

    __slots__ = ()

    def get_thread_by_id(self, thread_id: str, *, resource_id: str | None = None) -> Thread | None:
        """The thread; None where there is none, or it is not `resource_id`'s."""
        program = self._programs.get_thread_by_id(thread_id, resource_id=resource_id)
        return self._run("memory.get_thread_by_id", program)

    def save_thread(self, thread: Thread | Given) -> Thread:
        """Write a thread, over what is stored of it but for its time of creation.

        An empty title becomes `Thread ID`.
        """
        program = self._programs.save_thread(thread)
        return self._run("memory.save_thread", program)

    def update_thread(
        self, id: str, *, title: str | None = None, metadata: Mapping[str, JSON] | None = None
    ) -> Thread:
        """Change the title, and merge keys into the metadata; what is omitted stays.

        Concurrent updates lose nothing. Raises NotFoundError.
        """
        program = self._programs.update_thread(id, title=title, metadata=metadata)
        return self._run("memory.update_thread", program)

    def delete_thread(self, thread_id: str) -> None:
        """Delete all messages of the thread, then the thread. Safe to run again."""
        program = self._programs.delete_thread(thread_id)
        self._run("memory.delete_thread", program)

    def list_threads(
        self,
        *,
        resource_id: str | None = None,
        metadata: Mapping[str, JSON] | None = None,
        page: int = 0,
        per_page: int | None = 100,
        order_by: OrderBy = ("created_at", "desc"),
        cursor: str | None = None,
        include_total: bool = False,
    ) -> ThreadPage:
        """The threads of a resource, or of all, whose metadata has all these values."""
        program = self._programs.list_threads(
            resource_id=resource_id,
            metadata=metadata,
            page=page,
            per_page=per_page,
            order_by=order_by,
            cursor=cursor,
            include_total=include_total,
        )
        return self._run("memory.list_threads", program)

    def copy_thread(
        self,
        source_thread_id: str,
        *,
        new_thread_id: str | None = None,
        resource_id: str | None = None,
        title: str | None = None,
        metadata: Mapping[str, JSON] | None = None,
        message_limit: int | None = None,
        start_date: datetime | None = None,
        end_date: datetime | None = None,
        message_ids: Sequence[str] | None = None,
    ) -> CopiedThread:
        """Copy a thread and its messages into a new one; the source stays as it is.

        `message_limit` takes the newest of those that the dates (both part of the range) and ids
        let through. The copies have new ids and keep their times; the new thread's metadata says
        of what it is a copy, under `clone`. Raises NotFoundError, and InputError where
        there is a thread `new_thread_id` already.
        """
        program = self._programs.copy_thread(
            source_thread_id,
            new_thread_id=new_thread_id,
            resource_id=resource_id,
            title=title,
            metadata=metadata,
            message_limit=message_limit,
            start_date=start_date,
            end_date=end_date,
            message_ids=message_ids,
        )
        return self._run("memory.copy_thread", program)

    def clone_thread(
        self,
        source_thread_id: str,
        *,
        new_thread_id: str | None = None,
        resource_id: str | None = None,
        title: str | None = None,
        metadata: Mapping[str, JSON] | None = None,
        message_limit: int | None = None,
        start_date: datetime | None = None,
        end_date: datetime | None = None,
        message_ids: Sequence[str] | None = None,
    ) -> ClonedThread:
        """`copy_thread`, giving the copied messages as well."""
        program = self._programs.clone_thread(
            source_thread_id,
            new_thread_id=new_thread_id,
            resource_id=resource_id,
            title=title,
            metadata=metadata,
            message_limit=message_limit,
            start_date=start_date,
            end_date=end_date,
            message_ids=message_ids,
        )
        return self._run("memory.clone_thread", program)

    def update_thread_resource_id(self, thread_id: str, resource_id: str) -> Thread:
        """Give the thread and all of its messages to another resource.

        Nothing is done where the thread is that resource's already. The thread is changed last,
        so it is safe to run again after a crash. Raises NotFoundError.
        """
        program = self._programs.update_thread_resource_id(thread_id, resource_id)
        return self._run("memory.update_thread_resource_id", program)

    def save_messages(
        self, messages: Sequence[Message | Given], *, atomic: bool = False
    ) -> list[Message]:
        """Write messages, each over what has its id, also where that is in another thread.

        Messages without `created_at` keep the order in which they are given: each gets a
        millisecond of its own, from now on and behind all that this store saved before. Of an id
        that is given twice the last counts.

        Sets `updated_at` of their threads. With `atomic` all messages are written or none, at
        most 100 of them. Raises KeyCollisionError where an id differs from a stored one by the
        case of its letters only, and SaveIncompleteError, which says what was saved and what was
        not.
        """
        program = self._programs.save_messages(messages, atomic=atomic)
        return self._run("memory.save_messages", program)

    def list_messages(
        self,
        thread_id: str | Sequence[str],
        *,
        resource_id: str | None = None,
        page: int = 0,
        per_page: int | None = 40,
        cursor: str | None = None,
        order_by: OrderBy = ("created_at", "asc"),
        date_range: DateRange | Given | None = None,
        metadata: Mapping[str, JSON] | None = None,
        include: Sequence[Include | Given] = (),
        include_total: bool = False,
    ) -> MessagePage:
        """A page of the messages of a thread, or of several threads as if they were one.

        `metadata` is compared with `content.metadata`, and `per_page=None` gives all. `include`
        adds messages with their neighbours, which count neither for the page nor for its total,
        and which a cursor does not give again; with `per_page=0` they are all that is read. The
        cost follows the page, however long the thread is; `include_total` counts it through.
        """
        program = self._programs.list_messages(
            thread_id,
            resource_id=resource_id,
            page=page,
            per_page=per_page,
            cursor=cursor,
            order_by=order_by,
            date_range=date_range,
            metadata=metadata,
            include=include,
            include_total=include_total,
        )
        return self._run("memory.list_messages", program)

    def list_messages_by_resource_id(
        self,
        resource_id: str,
        *,
        page: int = 0,
        per_page: int | None = 40,
        cursor: str | None = None,
        order_by: OrderBy = ("created_at", "asc"),
        date_range: DateRange | Given | None = None,
        metadata: Mapping[str, JSON] | None = None,
        include: Sequence[Include | Given] = (),
        include_total: bool = False,
    ) -> MessagePage:
        """A page of the resource's messages in all threads of the resource."""
        program = self._programs.list_messages_by_resource_id(
            resource_id,
            page=page,
            per_page=per_page,
            cursor=cursor,
            order_by=order_by,
            date_range=date_range,
            metadata=metadata,
            include=include,
            include_total=include_total,
        )
        return self._run("memory.list_messages_by_resource_id", program)

    def list_messages_by_id(self, message_ids: Sequence[str]) -> list[Message]:
        """The messages with these ids, each once, in order; those that are missing are left out."""
        program = self._programs.list_messages_by_id(message_ids)
        return self._run("memory.list_messages_by_id", program)

    def update_messages(self, messages: Sequence[Given]) -> list[Message]:
        """Change messages: mappings of `id` and the fields to change.

        Of `content`, `metadata` is merged key by key, and `content` and `parts` are replaced; a
        `thread_id` moves the message. Concurrent updates lose nothing. Sets `updated_at` of the
        threads. Gives the messages that were there, changed; missing ones are left out. Raises
        ItemTooLargeError, which names the message and has changed none, and SaveIncompleteError
        where some were changed; doing it again is safe.
        """
        program = self._programs.update_messages(messages)
        return self._run("memory.update_messages", program)

    def delete_messages(self, message_ids: Sequence[str]) -> None:
        """Delete messages, and set `updated_at` of their threads. Missing ones are no error."""
        program = self._programs.delete_messages(message_ids)
        self._run("memory.delete_messages", program)

    def get_resource_by_id(self, resource_id: str) -> Resource | None:
        """The resource, or None."""
        program = self._programs.get_resource_by_id(resource_id)
        return self._run("memory.get_resource_by_id", program)

    def save_resource(self, resource: Resource | Given) -> Resource:
        """Write a resource, over what is stored of it but for its time of creation."""
        program = self._programs.save_resource(resource)
        return self._run("memory.save_resource", program)

    def update_resource(
        self,
        resource_id: str,
        *,
        working_memory: str | None = None,
        metadata: Mapping[str, JSON] | None = None,
    ) -> Resource:
        """Set the working memory, and merge keys into the metadata; what is omitted stays.

        Makes the resource where there is none. Concurrent updates lose nothing.
        """
        program = self._programs.update_resource(
            resource_id, working_memory=working_memory, metadata=metadata
        )
        return self._run("memory.update_resource", program)


class DynamoDBWorkflows(Domain[WorkflowPrograms]):
    """Snapshots of workflow runs."""

    __slots__ = ()

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
        """Write the state of a run; its time of creation, and its resource unless given, stay."""
        program = self._programs.persist_workflow_snapshot(
            workflow_name,
            run_id,
            snapshot,
            resource_id=resource_id,
            created_at=created_at,
            updated_at=updated_at,
        )
        self._run("workflows.persist_workflow_snapshot", program)

    def load_workflow_snapshot(self, workflow_name: str, run_id: str) -> dict[str, JSON] | None:
        """The state of a run, or None."""
        program = self._programs.load_workflow_snapshot(workflow_name, run_id)
        return self._run("workflows.load_workflow_snapshot", program)

    def update_workflow_results(
        self,
        workflow_name: str,
        run_id: str,
        *,
        step_id: str,
        result: JSON,
        request_context: Mapping[str, JSON] | None = None,
    ) -> dict[str, JSON]:
        """Put a step's result into the run's context, and give the whole context.

        Begins a pending run where there is none. Concurrent updates lose nothing.
        """
        program = self._programs.update_workflow_results(
            workflow_name, run_id, step_id=step_id, result=result, request_context=request_context
        )
        return self._run("workflows.update_workflow_results", program)

    def update_workflow_state(
        self,
        workflow_name: str,
        run_id: str,
        opts: Mapping[str, JSON],
        *,
        expected_status: str | Sequence[str] | None = None,
    ) -> dict[str, JSON] | None:
        """Set fields of the run's state, such as `status`, and give the state.

        None, and nothing changed, where there is no run or its status is none of
        `expected_status`. Concurrent updates lose nothing.
        """
        program = self._programs.update_workflow_state(
            workflow_name, run_id, opts, expected_status=expected_status
        )
        return self._run("workflows.update_workflow_state", program)

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
        """The runs of a workflow in the order of their ids, or of all workflows by scanning.

        The dates are those of creation, both part of the range.
        """
        program = self._programs.list_workflow_runs(
            workflow_name=workflow_name,
            resource_id=resource_id,
            status=status,
            from_date=from_date,
            to_date=to_date,
            page=page,
            per_page=per_page,
            cursor=cursor,
            include_total=include_total,
        )
        return self._run("workflows.list_workflow_runs", program)

    def get_workflow_run_by_id(
        self, run_id: str, *, workflow_name: str | None = None
    ) -> WorkflowRun | None:
        """The run, found by an index where its workflow is not named; or None."""
        program = self._programs.get_workflow_run_by_id(run_id, workflow_name=workflow_name)
        return self._run("workflows.get_workflow_run_by_id", program)

    def delete_workflow_run_by_id(self, run_id: str, workflow_name: str) -> None:
        """Delete the run. A missing one is no error."""
        program = self._programs.delete_workflow_run_by_id(run_id, workflow_name)
        self._run("workflows.delete_workflow_run_by_id", program)


class DynamoDBScores(Domain[ScorePrograms]):
    """What scorers said of runs."""

    __slots__ = ()

    def save_score(self, score: Score | Given) -> Score:
        """Write a score, with a new id unless one is given. Raises ValidationError."""
        program = self._programs.save_score(score)
        return self._run("scores.save_score", program)

    def get_score_by_id(self, id: str) -> Score | None:
        """The score, or None."""
        program = self._programs.get_score_by_id(id)
        return self._run("scores.get_score_by_id", program)

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
        """A scorer's scores, the newest first.

        `filters` are an `organization_id` and a `project_id`, which the scores must have; so in the
        other listings. One that is None lets all through.
        """
        program = self._programs.list_scores_by_scorer_id(
            scorer_id,
            entity_id=entity_id,
            entity_type=entity_type,
            source=source,
            filters=filters,
            page=page,
            per_page=per_page,
            cursor=cursor,
            include_total=include_total,
        )
        return self._run("scores.list_scores_by_scorer_id", program)

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
        """A run's scores, the newest first."""
        program = self._programs.list_scores_by_run_id(
            run_id,
            filters=filters,
            page=page,
            per_page=per_page,
            cursor=cursor,
            include_total=include_total,
        )
        return self._run("scores.list_scores_by_run_id", program)

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
        """The scores of what was scored, the newest first."""
        program = self._programs.list_scores_by_entity_id(
            entity_id,
            entity_type,
            filters=filters,
            page=page,
            per_page=per_page,
            cursor=cursor,
            include_total=include_total,
        )
        return self._run("scores.list_scores_by_entity_id", program)

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
        """The scores of one span of a trace, the newest first."""
        program = self._programs.list_scores_by_span(
            trace_id,
            span_id,
            filters=filters,
            page=page,
            per_page=per_page,
            cursor=cursor,
            include_total=include_total,
        )
        return self._run("scores.list_scores_by_span", program)


class DynamoDBTraces(Domain[TracePrograms]):
    """Spans of traces."""

    __slots__ = ()

    def batch_trace_insert(self, records: Sequence[Trace | Given]) -> None:
        """Write spans, each over what has its id. Raises SaveIncompleteError."""
        program = self._programs.batch_trace_insert(records)
        self._run("traces.batch_trace_insert", program)

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
        """Spans by name or scope, or all by scanning, the newest start first.

        Starts of 13 digits and more are times, and compared digit by digit, so that milliseconds
        and finer units are in the order of time. Smaller numbers come behind them.

        The dates are those of creation, both part of the range.
        """
        program = self._programs.get_traces(
            name=name,
            scope=scope,
            from_date=from_date,
            to_date=to_date,
            page=page,
            per_page=per_page,
            cursor=cursor,
            include_total=include_total,
        )
        return self._run("traces.get_traces", program)


class DynamoDBEvals(Domain[EvalPrograms]):
    """Results of metrics on agents' answers."""

    __slots__ = ()

    def insert_evals(self, records: Sequence[Eval | Given]) -> None:
        """Write evaluations, each over what has its run id. Raises SaveIncompleteError."""
        program = self._programs.insert_evals(records)
        self._run("evals.insert_evals", program)

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
        """Evaluations of an agent, or all by scanning, the newest first.

        `test` are those with test information that has a path, `live` the others. The dates are
        those of creation, both part of the range.
        """
        program = self._programs.get_evals(
            agent_name=agent_name,
            type=type,
            from_date=from_date,
            to_date=to_date,
            page=page,
            per_page=per_page,
            cursor=cursor,
            include_total=include_total,
        )
        return self._run("evals.get_evals", program)

    def get_evals_by_agent_name(
        self, agent_name: str, *, type: Literal["test", "live"] | None = None
    ) -> list[Eval]:
        """All evaluations of an agent, the newest first."""
        program = self._programs.get_evals_by_agent_name(agent_name, type=type)
        return self._run("evals.get_evals_by_agent_name", program)
