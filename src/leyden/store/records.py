"""The records of the store: threads, messages, resources, runs, scores, traces and evaluations.

All records are frozen. Times are aware datetimes, cut to milliseconds as they are stored. Wherever
a method takes a record, it also takes a mapping of its fields, in snake_case. Listings return pages
of records.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, TypeAlias

from attrs import field, frozen

JSON: TypeAlias = Any
"""A JSON value: None, bool, int, float, str, or a list or dict (with str keys) of these."""


@frozen(kw_only=True)
class Thread:
    """A conversation, which belongs to a resource: a user, or whoever owns it.

    An empty `title` is made from the id. Without `created_at` and `updated_at`, the store sets the
    current time. `archived_at` is None unless the thread is archived.
    """

    id: str
    resource_id: str
    title: str | None = None
    metadata: Mapping[str, JSON] | None = None
    created_at: datetime | None = None
    updated_at: datetime | None = None
    archived_at: datetime | None = None


@frozen(kw_only=True)
class Message:
    """A message of a thread, in either format.

    `content` is a mapping with `parts` (type `v2`), or a text or a list of parts (the earlier
    format, which also uses the `tool_...` fields).
    """

    id: str
    thread_id: str
    role: str
    content: JSON = field(repr=False)
    type: str = "v2"
    resource_id: str | None = None
    created_at: datetime | None = None
    updated_at: datetime | None = None
    tool_call_ids: JSON = None
    tool_call_args: JSON = field(default=None, repr=False)
    tool_names: JSON = None


@frozen(kw_only=True)
class Resource:
    """What an agent remembers about a resource across its threads."""

    id: str
    working_memory: str | None = field(default=None, repr=False)
    metadata: Mapping[str, JSON] | None = None
    created_at: datetime | None = None
    updated_at: datetime | None = None


@frozen(kw_only=True)
class WorkflowRun:
    """One run of a workflow, with its state."""

    workflow_name: str
    run_id: str
    snapshot: JSON = field(repr=False)
    resource_id: str | None = None
    created_at: datetime | None = None
    updated_at: datetime | None = None


@frozen(kw_only=True)
class Score:
    """The score that a scorer gave to one run.

    `scorer` describes the scorer and has an `id`. `entity` describes what was scored, and
    `entity_id` and `entity_type` (`AGENT`, `WORKFLOW`, ...) identify it. `source` is `LIVE` or
    `TEST`. `organization_id` and `project_id` say whom the score belongs to; `batch_id`,
    `dataset_id` and `dataset_item_id` say what it was made for. The store sets `id` if it is None,
    and always `created_at` and `updated_at`.
    """

    scorer_id: str
    run_id: str
    entity_id: str
    source: str
    score: float
    scorer: Mapping[str, JSON]
    output: JSON = field(repr=False)
    input: JSON = field(default=None, repr=False)
    id: str | None = None
    entity: JSON = None
    entity_type: str | None = None
    reason: str | None = field(default=None, repr=False)
    trace_id: str | None = None
    span_id: str | None = None
    resource_id: str | None = None
    thread_id: str | None = None
    organization_id: str | None = None
    project_id: str | None = None
    batch_id: str | None = None
    dataset_id: str | None = None
    dataset_item_id: str | None = None
    metadata: JSON = None
    additional_context: JSON = field(default=None, repr=False)
    request_context: JSON = field(default=None, repr=False)
    extract_step_result: JSON = field(default=None, repr=False)
    preprocess_step_result: JSON = field(default=None, repr=False)
    analyze_step_result: JSON = field(default=None, repr=False)
    extract_prompt: str | None = field(default=None, repr=False)
    preprocess_prompt: str | None = field(default=None, repr=False)
    analyze_prompt: str | None = field(default=None, repr=False)
    reason_prompt: str | None = field(default=None, repr=False)
    generate_score_prompt: str | None = field(default=None, repr=False)
    generate_reason_prompt: str | None = field(default=None, repr=False)
    created_at: datetime | None = None
    updated_at: datetime | None = None


@frozen(kw_only=True)
class Trace:
    """One span of a trace; `start_time` and `end_time` are numbers in the tracer's unit."""

    id: str
    trace_id: str
    name: str
    scope: str
    kind: int
    start_time: int | float
    end_time: int | float
    parent_span_id: str | None = None
    attributes: JSON = field(default=None, repr=False)
    status: JSON = None
    events: JSON = field(default=None, repr=False)
    links: JSON = field(default=None, repr=False)
    other: str | None = field(default=None, repr=False)
    created_at: datetime | None = None
    updated_at: datetime | None = None


@frozen(kw_only=True)
class Eval:
    """The result of one metric for an agent's answer."""

    run_id: str
    global_run_id: str
    agent_name: str
    metric_name: str
    instructions: str = field(repr=False)
    input: JSON = field(repr=False)
    output: JSON = field(repr=False)
    result: JSON = field(repr=False)
    test_info: JSON = None
    created_at: datetime | None = None


@frozen(kw_only=True)
class DateRange:
    """The times from `start` to `end`; each end is included unless it is exclusive."""

    start: datetime | None = None
    end: datetime | None = None
    start_exclusive: bool = False
    end_exclusive: bool = False


@frozen(kw_only=True)
class Include:
    """A message to add to a page, with this many of its neighbors before and after it.

    The neighbors come from the message's own thread. With both `thread_id` and `created_at`, a
    store can read the message and its neighbors in one go, without looking the message up first.
    If the message has moved since, it is still found.
    """

    id: str
    thread_id: str | None = None
    with_previous_messages: int = 0
    with_next_messages: int = 0
    created_at: datetime | None = None


def _entries_first(cls: type, fields: list[Any]) -> list[Any]:
    return sorted(fields, key=lambda field: field.inherited)


@frozen(kw_only=True)
class Page:
    """The fields that every page of a listing has beside its entries.

    `total` counts all entries that match; it is None unless you asked for it. `per_page` is None if
    you asked for all entries. `cursor` continues after the page's last entry, and is None at the
    end. Reading on by cursor costs one page, whereas `page=` reads all pages before it as well.
    """

    total: int | None
    page: int
    per_page: int | None
    has_more: bool
    cursor: str | None = None


@frozen(kw_only=True, field_transformer=_entries_first)
class ThreadPage(Page):
    """A page of threads."""

    threads: tuple[Thread, ...]


@frozen(kw_only=True, field_transformer=_entries_first)
class MessagePage(Page):
    """A page of messages in order, including those that `include` added."""

    messages: tuple[Message, ...]


@frozen(kw_only=True, field_transformer=_entries_first)
class WorkflowRunPage(Page):
    """A page of workflow runs."""

    runs: tuple[WorkflowRun, ...]


@frozen(kw_only=True, field_transformer=_entries_first)
class ScorePage(Page):
    """A page of scores, newest first."""

    scores: tuple[Score, ...]


@frozen(kw_only=True, field_transformer=_entries_first)
class TracePage(Page):
    """A page of spans, newest start first."""

    traces: tuple[Trace, ...]


@frozen(kw_only=True, field_transformer=_entries_first)
class EvalPage(Page):
    """A page of evaluations, newest first."""

    evals: tuple[Eval, ...]


@frozen(kw_only=True)
class CopiedThread:
    """A copy of a thread, and a map from each source message's id to its copy's id."""

    thread: Thread
    message_id_map: Mapping[str, str]


@frozen(kw_only=True)
class ClonedThread:
    """A copy of a thread, with the copied messages and a map from source ids to copied ids."""

    thread: Thread
    cloned_messages: tuple[Message, ...]
    message_id_map: Mapping[str, str]
