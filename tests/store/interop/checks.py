"""What must be the same on both sides."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from leyden.store.order import id_key
from tests.store.interop import values
from tests.store.interop.scripts import Script, Step
from tests.store.interop.twins import OURS, SHARED, THEIRS, Twins
from tests.store.interop.words import Call


def run(twins: Twins, script: Script) -> None:
    """Make the calls on all three tables, and compare the answers and then the items.

    Each side makes all of them on a table of its own; on the shared one they take turns.
    """
    twins.clear()
    for step in script.steps:
        said_by_them = they_answer(twins, step, THEIRS)
        assert we_answer(twins, step, OURS) == said_by_them, step
        speak = we_answer if step.by == OURS else they_answer
        assert speak(twins, step, SHARED) == said_by_them, step
    items = twins.tables[THEIRS].items()
    assert twins.tables[OURS].items() == items
    assert twins.tables[SHARED].items() == items


def they_answer(twins: Twins, step: Step, on: str) -> Any:
    """What the client answers to a write, and of a thread or resource what it then reads."""
    said = twins.they(step.call, on, now=step.now)
    match step.call.name:
        case "save_thread":
            # It gives back what it was given, ours gives what is stored.
            key = {"thread_id": step.call.arguments["thread"]["id"]}
            return twins.they(Call("memory.get_thread_by_id", key), on)
        case "save_resource":
            key = {"resource_id": step.call.arguments["resource"]["id"]}
            return twins.they(Call("memory.get_resource_by_id", key), on)
    return _comparable(step, said)


def we_answer(twins: Twins, step: Step, on: str) -> Any:
    """What our store answers to a write."""
    return _comparable(step, twins.we(step.call, on, now=step.now))


def _comparable(step: Step, said: Any) -> Any:
    if step.call.name != "save_messages" or not isinstance(said, list):
        return said
    # The client gives what it was given, through its MessageList: in the order of the times,
    # and without `updated_at`.
    kept = [
        {name: value for name, value in message.items() if name != "updated_at"} for message in said
    ]
    return sorted(kept, key=lambda message: message["id"])


def compare_reads(twins: Twins, script: Script) -> None:
    """Ask both sides everything, of the shared table."""
    for call in reads(script):
        said_by_them, said_by_us = twins.they(call, SHARED), twins.we(call, SHARED)
        if call.name == "list_messages_by_id":
            # The client has those of the same time in the order of the question, ours always by id.
            said_by_them.sort(key=lambda message: (message["created_at"], id_key(message["id"])))
        assert said_by_us == said_by_them, call


def reads(script: Script) -> Iterator[Call]:
    """Calls that read all that a script may have written, and some that it has not."""
    yield from _thread_reads(script)
    if script.messages:
        ids = [*script.messages, "no such message", script.messages[0]]
        yield Call("memory.list_messages_by_id", {"message_ids": ids})
    if script.threads:
        for id in (*script.resources, "no such resource"):
            yield Call("memory.get_resource_by_id", {"resource_id": id})
    yield from _run_reads(script)


def _thread_reads(script: Script) -> Iterator[Call]:
    for thread in script.threads:
        yield Call("memory.get_thread_by_id", {"thread_id": thread})
        of = {"thread_id": thread}
        yield Call("memory.list_messages", of)
        yield Call("memory.list_messages", {**of, "per_page": None})
        yield Call("memory.list_messages", {**of, "per_page": 0})
        for direction in ("asc", "desc"):
            for page in (0, 1):
                order = {"order_by": ("created_at", direction), "per_page": 2, "page": page}
                yield Call("memory.list_messages", {**of, **order})
        yield Call("memory.list_messages", {**of, "resource_id": script.resources[0]})
        for exclusive in (False, True):
            span = {
                "start": values.START - timedelta(days=1),
                "end": values.START,
                "start_exclusive": exclusive,
                "end_exclusive": exclusive,
            }
            yield Call("memory.list_messages", {**of, "date_range": span})
        for message in script.messages[:1]:
            include = {"id": message, "with_previous_messages": 1, "with_next_messages": 2}
            yield Call("memory.list_messages", {**of, "per_page": 1, "include": [include]})
            yield Call("memory.list_messages", {**of, "per_page": 0, "include": [{"id": message}]})
    if script.threads:
        yield Call("memory.get_thread_by_id", {"thread_id": "no such thread"})
        yield Call("memory.list_threads", {})
        for name in ("created_at", "updated_at"):
            for direction in ("asc", "desc"):
                yield Call("memory.list_threads", {"order_by": (name, direction)})
        for resource in script.resources:
            yield Call("memory.list_threads", {"resource_id": resource})
            yield Call("memory.list_threads", {"resource_id": resource, "per_page": None})
            for page in (0, 1):
                paging = {"per_page": 1, "page": page, "order_by": ("created_at", "asc")}
                yield Call("memory.list_threads", {"resource_id": resource, **paging})
        for metadata in ({"a": 1}, {"lang": "", "a": None}):
            yield Call("memory.list_threads", {"metadata": metadata})


def _run_reads(script: Script) -> Iterator[Call]:
    if not script.runs:
        return
    workflows = sorted({workflow for workflow, _ in script.runs})
    for workflow, id in script.runs:
        key = {"workflow_name": workflow, "run_id": id}
        yield Call("workflows.load_workflow_snapshot", key)
        yield Call("workflows.get_workflow_run_by_id", key)
    for workflow in (*workflows, "no such workflow"):
        named = {"workflow_name": workflow}
        yield Call("workflows.list_workflow_runs", named)
        yield Call("workflows.list_workflow_runs", {**named, "per_page": 1, "page": 1})
        yield Call("workflows.list_workflow_runs", {**named, "status": "running"})
        yield Call("workflows.list_workflow_runs", {**named, "resource_id": script.resources[0]})
        for end in ("from_date", "to_date"):
            yield Call("workflows.list_workflow_runs", {**named, end: values.START})
