"""The memory interface: what any backend of the store does.

`DynamoDBStore` and `InMemoryStore` have these domains; the same tests run over both. Methods
that take a record take a mapping of its fields as well, in snake_case. Bad input raises
InputError before anything is sent; what is not there is None where a method says so, and
NotFoundError otherwise. A failure is always an error, never an empty list.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Literal, Protocol, TypeAlias

from leyden.store.records import (
    JSON,
    ClonedThread,
    CopiedThread,
    DateRange,
    Eval,
    EvalPage,
    Include,
    Message,
    MessagePage,
    Resource,
    Score,
    ScorePage,
    Thread,
    ThreadPage,
    Trace,
    TracePage,
    WorkflowRun,
    WorkflowRunPage,
)

Direction: TypeAlias = Literal["asc", "desc"]
OrderBy: TypeAlias = tuple[Literal["created_at", "updated_at"], Direction]
Given: TypeAlias = Mapping[str, Any]
"""A record's fields by name."""


class Memory(Protocol):
    """Threads, their messages, and what is remembered of resources.

    Messages are in the order of their times, those of the same millisecond by id: the same on
    every read, page size and direction.
    """

    def get_thread_by_id(self, thread_id: str, *, resource_id: str | None = None) -> Thread | None:
        """The thread; None where there is none, or it is not `resource_id`'s."""
        ...

    def save_thread(self, thread: Thread | Given) -> Thread:
        """Write a thread, over what is stored of it but for its time of creation.

        An empty title becomes `Thread ID`.
        """
        ...

    def update_thread(
        self, id: str, *, title: str | None = None, metadata: Mapping[str, JSON] | None = None
    ) -> Thread:
        """Change the title, and merge keys into the metadata; what is omitted stays.

        Concurrent updates lose nothing. Raises NotFoundError.
        """
        ...

    def delete_thread(self, thread_id: str) -> None:
        """Delete all messages of the thread, then the thread. Safe to run again."""
        ...

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
        ...

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
        ...

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
        ...

    def update_thread_resource_id(self, thread_id: str, resource_id: str) -> Thread:
        """Give the thread and all of its messages to another resource.

        Nothing is done where the thread is that resource's already. The thread is changed last,
        so it is safe to run again after a crash. Raises NotFoundError.
        """
        ...

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
        ...

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
        ...

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
        ...

    def list_messages_by_id(self, message_ids: Sequence[str]) -> list[Message]:
        """The messages with these ids, each once, in order; those that are missing are left out."""
        ...

    def update_messages(self, messages: Sequence[Given]) -> list[Message]:
        """Change messages: mappings of `id` and the fields to change.

        Of `content`, `metadata` is merged key by key, and `content` and `parts` are replaced; a
        `thread_id` moves the message. Concurrent updates lose nothing. Sets `updated_at` of the
        threads. Gives the messages that were there, changed; missing ones are left out. Raises
        ItemTooLargeError, which names the message and has changed none, and SaveIncompleteError
        where some were changed; doing it again is safe.
        """
        ...

    def delete_messages(self, message_ids: Sequence[str]) -> None:
        """Delete messages, and set `updated_at` of their threads. Missing ones are no error."""
        ...

    def get_resource_by_id(self, resource_id: str) -> Resource | None:
        """The resource, or None."""
        ...

    def save_resource(self, resource: Resource | Given) -> Resource:
        """Write a resource, over what is stored of it but for its time of creation."""
        ...

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
        ...


class Workflows(Protocol):
    """Snapshots of workflow runs."""

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
        ...

    def load_workflow_snapshot(self, workflow_name: str, run_id: str) -> dict[str, JSON] | None:
        """The state of a run, or None."""
        ...

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
        ...

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
        ...

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
        ...

    def get_workflow_run_by_id(
        self, run_id: str, *, workflow_name: str | None = None
    ) -> WorkflowRun | None:
        """The run, found by an index where its workflow is not named; or None."""
        ...

    def delete_workflow_run_by_id(self, run_id: str, workflow_name: str) -> None:
        """Delete the run. A missing one is no error."""
        ...


class Scores(Protocol):
    """What scorers said of runs."""

    def save_score(self, score: Score | Given) -> Score:
        """Write a score, with a new id unless one is given. Raises ValidationError."""
        ...

    def get_score_by_id(self, id: str) -> Score | None:
        """The score, or None."""
        ...

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
        ...

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
        ...

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
        ...

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
        ...


class Traces(Protocol):
    """Spans of traces."""

    def batch_trace_insert(self, records: Sequence[Trace | Given]) -> None:
        """Write spans, each over what has its id. Raises SaveIncompleteError."""
        ...

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
        ...


class Evals(Protocol):
    """Results of metrics on agents' answers."""

    def insert_evals(self, records: Sequence[Eval | Given]) -> None:
        """Write evaluations, each over what has its run id. Raises SaveIncompleteError."""
        ...

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
        ...

    def get_evals_by_agent_name(
        self, agent_name: str, *, type: Literal["test", "live"] | None = None
    ) -> list[Eval]:
        """All evaluations of an agent, the newest first."""
        ...


class Store(Protocol):
    """A backend: its domains, and its life."""

    @property
    def memory(self) -> Memory:
        """Threads, messages and resources."""
        ...

    @property
    def workflows(self) -> Workflows:
        """Snapshots of workflow runs."""
        ...

    @property
    def scores(self) -> Scores:
        """What scorers said."""
        ...

    @property
    def traces(self) -> Traces:
        """Spans of traces."""
        ...

    @property
    def evals(self) -> Evals:
        """Results of metrics."""
        ...

    def init(self) -> None:
        """Check that the backend can be used."""
        ...

    def clear(self, domain: Literal["memory", "workflows", "scores", "traces", "evals"]) -> None:
        """Delete everything of a domain."""
        ...

    def close(self) -> None:
        """Give back what the store holds."""
        ...
