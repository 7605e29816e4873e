"""The memory interface: what every backend of the store does.

`DynamoDBStore` and `InMemoryStore` both implement these domains, and the same tests run over both.
Wherever a method takes a record, it also takes a mapping of the record's fields, in snake_case. Bad
input raises InputError before any request is sent. A missing record is None where a method says so,
and raises NotFoundError otherwise. A failure always raises an error; it never looks like an empty
list.
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
    """Threads, their messages, and the working memory of resources.

    Messages are ordered by creation time, and by id within the same millisecond. That order is the
    same for every read, page size and direction.

    >>> from leyden.store import InMemoryStore
    >>> memory = InMemoryStore().memory
    >>> thread = memory.save_thread({"id": "t1", "resource_id": "alice", "title": "Travel"})
    >>> said = {"id": "m1", "thread_id": "t1", "role": "user", "content": "Where did we stay?"}
    >>> saved = memory.save_messages([said])
    >>> [message.content for message in memory.list_messages("t1").messages]
    ['Where did we stay?']
    """

    def get_thread_by_id(self, thread_id: str, *, resource_id: str | None = None) -> Thread | None:
        """Return the thread, or None if it does not exist or belongs to another resource."""
        ...

    def save_thread(self, thread: Thread | Given) -> Thread:
        """Write a thread, replacing the stored one but keeping its creation time.

        Fields that are None keep their stored value. An empty title becomes `Thread ID`.
        """
        ...

    def update_thread(
        self, id: str, *, title: str | None = None, metadata: Mapping[str, JSON] | None = None
    ) -> Thread:
        """Change the title and merge keys into the metadata; what you omit stays as it is.

        Concurrent updates lose nothing. Raises NotFoundError.
        """
        ...

    def delete_thread(self, thread_id: str) -> None:
        """Delete all messages of the thread, then the thread. It is safe to run this again."""
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
        """List the threads of a resource, or of all, whose metadata has all the given values."""
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
        """Copy a thread and its messages into a new thread; the source does not change.

        `start_date` and `end_date` (both inclusive) and `message_ids` select messages, and
        `message_limit` takes the newest of these. The copies have new ids and keep their creation
        times. The new thread's metadata names its source under `clone`. Raises NotFoundError, and
        InputError if the thread `new_thread_id` already exists.
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
        """Copy a thread as `copy_thread` does, and return the copied messages as well."""
        ...

    def update_thread_resource_id(self, thread_id: str, resource_id: str) -> Thread:
        """Give the thread and all its messages to another resource.

        Does nothing if the thread already belongs to that resource. The thread changes last, so it
        is safe to run this again after a crash. Raises NotFoundError.
        """
        ...

    def save_messages(
        self, messages: Sequence[Message | Given], *, atomic: bool = False
    ) -> list[Message]:
        """Write messages; each replaces the stored message with its id, even in another thread.

        Messages without `created_at` keep the order in which you give them: each gets a millisecond
        of its own, starting now and later than any time that this store gave before. If you give an
        id twice, the last message counts.

        Also sets `updated_at` of the threads. With `atomic`, either all messages are written or
        none, and there may be at most 100. Raises KeyCollisionError if an id differs from a stored
        one only by the case of its letters, and SaveIncompleteError, which lists the ids that were
        saved and those that were not.
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
        """List a page of the messages of one thread, or of several threads as if they were one.

        `metadata` is compared with `content.metadata`. `per_page=None` returns all messages.
        `include` adds messages with their neighbors. These count neither towards the page nor
        towards its total, and later pages of the cursor leave them out; with `per_page=0` nothing
        else is read. The cost depends on the page, however long the thread is, but
        `include_total` counts the whole thread.
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
        """List a page of the resource's messages, from all its threads."""
        ...

    def list_messages_by_id(self, message_ids: Sequence[str]) -> list[Message]:
        """Return the messages with these ids, each once and in order; missing ones are left out."""
        ...

    def update_messages(self, messages: Sequence[Given]) -> list[Message]:
        """Change messages; each change is a mapping of `id` and the fields to change.

        In `content`, `metadata` is merged key by key, while `content` and `parts` are replaced. A
        `thread_id` moves the message. Concurrent updates lose nothing. Also sets `updated_at` of
        the threads. Returns the changed messages, without those that do not exist.

        Raises ItemTooLargeError, which names the message and means that nothing was changed, and
        SaveIncompleteError if only some messages were changed; it is safe to run this again.
        """
        ...

    def delete_messages(self, message_ids: Sequence[str]) -> None:
        """Delete messages and set `updated_at` of their threads. Missing messages are no error."""
        ...

    def get_resource_by_id(self, resource_id: str) -> Resource | None:
        """Return the resource, or None."""
        ...

    def save_resource(self, resource: Resource | Given) -> Resource:
        """Write a resource, replacing the stored one but keeping its creation time.

        Fields that are None keep their stored value.
        """
        ...

    def update_resource(
        self,
        resource_id: str,
        *,
        working_memory: str | None = None,
        metadata: Mapping[str, JSON] | None = None,
    ) -> Resource:
        """Set the working memory and merge keys into the metadata; what you omit stays as it is.

        Creates the resource if it does not exist. Concurrent updates lose nothing.
        """
        ...


class Workflows(Protocol):
    """Snapshots of workflow runs.

    >>> from leyden.store import InMemoryStore
    >>> workflows = InMemoryStore().workflows
    >>> workflows.persist_workflow_snapshot("weather", "r1", {"status": "running"})
    >>> workflows.update_workflow_state(
    ...     "weather", "r1", {"status": "success"}, expected_status="running"
    ... )
    {'status': 'success'}
    """

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
        """Write the state of a run. Its creation time stays, as does a resource you do not give."""
        ...

    def load_workflow_snapshot(self, workflow_name: str, run_id: str) -> dict[str, JSON] | None:
        """Return the state of a run, or None."""
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
        """Put a step's result into the run's context, and return the whole context.

        If the run does not exist, it is created with the status `pending`. Concurrent updates lose
        nothing.
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
        """Set fields of the run's state, such as `status`, and return the state.

        Returns None and changes nothing if the run does not exist, or if `expected_status` is given
        and does not include its status. Concurrent updates lose nothing.
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
        """List the runs of a workflow by their ids, or scan the table for the runs of all.

        The dates are creation times, both inclusive.
        """
        ...

    def get_workflow_run_by_id(
        self, run_id: str, *, workflow_name: str | None = None
    ) -> WorkflowRun | None:
        """Return the run or None; without `workflow_name`, an index finds it by its id."""
        ...

    def delete_workflow_run_by_id(self, run_id: str, workflow_name: str) -> None:
        """Delete the run. A missing run is no error."""
        ...


class Scores(Protocol):
    """Scores that scorers gave to runs.

    >>> from leyden.store import InMemoryStore
    >>> scores = InMemoryStore().scores
    >>> saved = scores.save_score(
    ...     {
    ...         "scorer_id": "tone",
    ...         "run_id": "r1",
    ...         "entity_id": "helper",
    ...         "entity": {"id": "helper"},
    ...         "source": "LIVE",
    ...         "score": 0.8,
    ...         "scorer": {"id": "tone"},
    ...         "output": "Hello!",
    ...     }
    ... )
    >>> [score.score for score in scores.list_scores_by_run_id("r1").scores]
    [0.8]
    """

    def save_score(self, score: Score | Given) -> Score:
        """Write a score, with a new id unless it has one. Raises ValidationError."""
        ...

    def get_score_by_id(self, id: str) -> Score | None:
        """Return the score, or None."""
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
        """List a scorer's scores, newest first.

        `filters` takes an `organization_id` and a `project_id` that the scores must have, as in the
        other listings. A filter of None matches every score.
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
        """List a run's scores, newest first."""
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
        """List the scores of one scored entity, newest first."""
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
        """List the scores of one span of a trace, newest first."""
        ...


class Traces(Protocol):
    """Spans of traces."""

    def batch_trace_insert(self, records: Sequence[Trace | Given]) -> None:
        """Write spans; each replaces the stored span with its id. Raises SaveIncompleteError."""
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
        """List spans by name or scope, or scan the table for all; the newest start comes first.

        Starts of 13 or more digits are times. They are compared digit by digit, so milliseconds and
        finer units are in the order of time. Smaller numbers come after them.

        The dates are creation times, both inclusive.
        """
        ...


class Evals(Protocol):
    """Results of metrics on agents' answers."""

    def insert_evals(self, records: Sequence[Eval | Given]) -> None:
        """Write evaluations; each replaces the one with its run id. Raises SaveIncompleteError."""
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
        """List an agent's evaluations, or scan the table for all; the newest come first.

        The type `test` means evaluations whose test information has a path, and `live` all others.
        The dates are creation times, both inclusive.
        """
        ...

    def get_evals_by_agent_name(
        self, agent_name: str, *, type: Literal["test", "live"] | None = None
    ) -> list[Eval]:
        """Return all evaluations of an agent, newest first."""
        ...


class Store(Protocol):
    """A backend: its five domains, and how to check, clear and close it."""

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
        """Scores that scorers gave."""
        ...

    @property
    def traces(self) -> Traces:
        """Spans of traces."""
        ...

    @property
    def evals(self) -> Evals:
        """Results of metrics on agents' answers."""
        ...

    def init(self) -> None:
        """Check that the backend is ready for use."""
        ...

    def clear(self, domain: Literal["memory", "workflows", "scores", "traces", "evals"]) -> None:
        """Delete everything in a domain."""
        ...

    def close(self) -> None:
        """Release what the store holds, such as connections."""
        ...
