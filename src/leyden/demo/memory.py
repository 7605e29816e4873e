"""The demo's first half: an agent's memory that a TypeScript service wrote."""

from __future__ import annotations

import json
from collections import defaultdict
from importlib.resources import files
from typing import Any

import attrs

from leyden.demo.stage import Stage
from leyden.engine import LocalEngine
from leyden.operations.put import Create
from leyden.program import Item
from leyden.service.entity import Entity
from leyden.service.loading import load
from leyden.service.service import Service
from leyden.shipped import schemas_folder


def memory(stage: Stage, engine: LocalEngine) -> None:
    """Import the items, ask for them by access pattern, and write some."""
    stage.chapter(
        "An agent's memory, shared with TypeScript",
        """The schemas of the folder `memory` describe threads, messages, resources, workflow runs
        and scores in the item format of the TypeScript package @mastra/dynamodb.""",
    )
    stage.code('app = leyden.load(schemas_folder("memory"), engine=engine)')
    with load(schemas_folder("memory"), engine=engine) as app:
        _create(stage, app)
        _import(stage, app)
        _ask(stage, app)
        _write(stage, app)


def client_items() -> list[Item]:
    """The items that the TypeScript client wrote, in the raw form of the table."""
    lines = files("leyden.demo").joinpath("mastra-items.jsonl").read_text(encoding="utf-8")
    return [json.loads(line) for line in lines.splitlines()]


def _create(stage: Stage, app: Service) -> None:
    stage.step("The table, from the schemas")
    stage.code("app.create_table()")
    app.create_table()
    definition = app.table_definition
    keys = f"{definition.hash}, {definition.range}"
    stage.table(
        ("table", "key", "indexes", "time to live"),
        [(app.table, keys, ", ".join(definition.indexes), definition.ttl)],
    )


def _import(stage: Stage, app: Service) -> None:
    items = client_items()
    stage.step(f"{len(items)} items that the TypeScript client wrote: whose are they?")
    stage.code("entity = app.entity_of(item)\nrecord = app.parse(item)")
    records: dict[str, list[Any]] = defaultdict(list)
    for item in items:
        records[app.entity_of(item).spec.alias].append(app.parse(item))
    stage.table(
        ("entity", "items", "access patterns"),
        [
            (alias, len(found), ", ".join(app[alias].spec.indexes))
            for alias, found in records.items()
        ],
    )

    stage.step("The records, written by Leyden")
    stage.code("app[alias].put([attrs.asdict(record, recurse=False) for record in records]).go()")
    for alias, found in records.items():
        app[alias].put([attrs.asdict(record, recurse=False) for record in found]).go()
    stored = [
        item for alias in records for item in app[alias].scan.go(pages="all", data="raw").items
    ]
    same = sum(item in stored for item in items)
    stage.say(
        f"""Decoded into records, encoded again, written, and read back raw: {same} of {len(items)}
        items are what they are in the file, their keys included."""
    )


def threads_of_alice(thread: Entity) -> Any:
    """The threads of a resource."""
    return thread.query.by_resource(entity="thread", resource_id="alice")


def messages_of_thread(message: Entity) -> Any:
    """The messages of a thread."""
    return message.query.by_thread(entity="message", thread_id="boiling-points")


def runs_of_workflow(workflow_snapshot: Entity) -> Any:
    """The runs of a workflow."""
    return workflow_snapshot.query.primary(entity="workflow_snapshot", workflow_name="weather")


def scores_of_run(score: Entity) -> Any:
    """What scorers said of a run."""
    return score.query.by_run(entity="score", run_id="run-0")


def _ask(stage: Stage, app: Service) -> None:
    entities = app.entities
    threads = stage.go("The threads of alice, oldest first", threads_of_alice, entities.thread)
    stage.table(
        ("id", "title", "created_at", "updated_at"),
        [(r.id, r.title, r.created_at, r.updated_at) for r in threads],
    )
    messages = stage.go(
        "The newest three messages of a thread",
        messages_of_thread,
        entities.message,
        order="desc",
        limit=3,
    )
    stage.table(
        ("id", "role", "created_at", "text"),
        [(r.id, r.role, r.created_at, _text(r.content)) for r in messages],
    )
    runs = stage.go("The runs of a workflow", runs_of_workflow, entities.workflow_snapshot)
    stage.table(
        ("run_id", "status", "updated_at", "resource_id"),
        [(r.run_id, r.snapshot["status"], r.updated_at, r.resource_id) for r in runs],
    )
    scores = stage.go("The scores of a run", scores_of_run, entities.score)
    stage.table(
        ("scorer_id", "score", "reason", "created_at"),
        [(r.scorer_id, r.score, r.reason, r.created_at) for r in scores],
    )


def new_thread(thread: Entity) -> Create:
    """A thread that does not exist yet."""
    return thread.create(
        id="leyden-jars", resource_id="alice", title="Leyden jars", metadata={"lang": "en"}
    )


def new_message(message: Entity) -> Create:
    """A message in it."""
    return message.create(
        id="leyden-jars-m0",
        thread_id="leyden-jars",
        resource_id="alice",
        role="user",
        content="Who charged the first one?",
    )


def messages_of_new_thread(message: Entity) -> Any:
    """The message, by access pattern."""
    return message.query.by_thread(entity="message", thread_id="leyden-jars")


def _write(stage: Stage, app: Service) -> None:
    thread, message = app.entities.thread, app.entities.message
    written = stage.go("A thread of our own", new_thread, thread)
    stage.table(
        ("id", "title", "created_at", "updated_at"),
        [(written.id, written.title, written.created_at, written.updated_at)],
    )
    stage.go("A message in it", new_message, message, request=False)
    found = stage.go("Read back", messages_of_new_thread, message, request=False)
    stage.table(
        ("id", "thread_id", "role", "text"),
        [(r.id, r.thread_id, r.role, _text(r.content)) for r in found],
    )
    again = stage.go("All threads of alice", threads_of_alice, thread, request=False)
    stage.table(("id", "title"), [(r.id, r.title) for r in again])


def _text(content: str) -> str:
    """What a message says: plain text, or the text inside a JSON content."""
    return str(json.loads(content)["content"]) if content.startswith("{") else content
