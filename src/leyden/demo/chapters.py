"""The demo's two halves: an agent's memory that a TypeScript service wrote, and our own service.

Each operation is a function, so that the demo runs exactly the code that it shows.
"""

from __future__ import annotations

import json
from collections import defaultdict
from importlib.resources import files
from typing import Any, Final

import attrs

from leyden import Entity, LocalEngine, Service, load, schemas_folder
from leyden.demo.stage import Stage

_TASKS: Final = (
    ("t1", "Wind the coil", 3),
    ("t2", "Fill the jar", 5),
    ("t3", "Ground it", 2),
    ("t4", "Charge it", 8),
    ("t5", "Discharge it", 1),
)


def memory(stage: Stage, engine: LocalEngine) -> None:
    """Import the items, query them by access pattern, and write some."""
    stage.chapter(
        "An agent's memory, shared with TypeScript",
        """The schemas of the folder `memory` describe threads, messages, resources, workflow runs
        and scores in the item format of the TypeScript package @mastra/dynamodb.""",
    )
    stage.code('app = leyden.load(schemas_folder("memory"), engine=engine)')
    with load(schemas_folder("memory"), engine=engine) as app:
        _take_over(stage, app)
        _ask_and_write(stage, app.entities)


def client_items() -> list[dict[str, Any]]:
    """Return the items that the TypeScript client wrote, in raw form."""
    lines = files("leyden.demo").joinpath("mastra-items.jsonl").read_text(encoding="utf-8")
    return [json.loads(line) for line in lines.splitlines()]


def _take_over(stage: Stage, app: Service) -> None:
    stage.step("The table, from the schemas")
    stage.code("app.create_table()")
    app.create_table()
    definition = app.table_definition
    keys = f"{definition.hash}, {definition.range}"
    stage.table(
        ("table", "key", "indexes", "time to live"),
        [(app.table, keys, ", ".join(definition.indexes), definition.ttl)],
    )

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
        items are exactly as in the file, including their keys."""
    )


def _ask_and_write(stage: Stage, entities: Any) -> None:
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

    written = stage.go("A thread of our own", new_thread, entities.thread)
    stage.table(
        ("id", "title", "created_at", "updated_at"),
        [(written.id, written.title, written.created_at, written.updated_at)],
    )
    stage.go("A message in it", new_message, entities.message, request=False)
    found = stage.go("Read back", messages_of_new_thread, entities.message, request=False)
    stage.table(
        ("id", "thread_id", "role", "text"),
        [(r.id, r.thread_id, r.role, _text(r.content)) for r in found],
    )
    again = stage.go("All threads of alice", threads_of_alice, entities.thread, request=False)
    stage.table(("id", "title"), [(r.id, r.title) for r in again])


def threads_of_alice(thread: Entity) -> Any:
    """Find the threads of a resource."""
    return thread.query.by_resource(entity="thread", resource_id="alice")


def messages_of_thread(message: Entity) -> Any:
    """Find the messages of a thread."""
    return message.query.by_thread(entity="message", thread_id="boiling-points")


def runs_of_workflow(workflow_snapshot: Entity) -> Any:
    """Find the runs of a workflow."""
    return workflow_snapshot.query.primary(entity="workflow_snapshot", workflow_name="weather")


def scores_of_run(score: Entity) -> Any:
    """Find the scores of a run."""
    return score.query.by_run(entity="score", run_id="run-0")


def new_thread(thread: Entity) -> Any:
    """Create a new thread."""
    return thread.create(
        id="leyden-jars", resource_id="alice", title="Leyden jars", metadata={"lang": "en"}
    )


def new_message(message: Entity) -> Any:
    """Create a message in the new thread."""
    return message.create(
        id="leyden-jars-m0",
        thread_id="leyden-jars",
        resource_id="alice",
        role="user",
        content="Who charged the first one?",
    )


def messages_of_new_thread(message: Entity) -> Any:
    """Find the new message by access pattern."""
    return message.query.by_thread(entity="message", thread_id="leyden-jars")


def _text(content: str) -> str:
    """Return a message's text: its content, or the text inside JSON content."""
    return str(json.loads(content)["content"]) if content.startswith("{") else content


def taskapp(stage: Stage, engine: LocalEngine) -> None:
    """Write, query a collection, change on a condition, collide, page, and explain."""
    stage.chapter(
        "A service of your own",
        """The schemas of the folder `taskapp` are the tutorial's: employees, projects' members
        and tasks in one table, with two collections, a sparse index and a derived attribute.""",
    )
    stage.code('app = leyden.load(schemas_folder("taskapp"), engine=engine)')
    with load(schemas_folder("taskapp"), engine=engine) as app:
        app.create_table()
        _write_and_change(stage, app)
        _collide_and_page(stage, app.entities.task)


def _write_and_change(stage: Stage, app: Service) -> None:
    entities = app.entities
    stage.go("An employee", new_employee, entities.employee, request=False)
    stage.go("A member of a project", new_member, entities.project_member, request=False)
    stage.step("Five tasks: status, times and headline are filled in")
    tasks = [new_task(entities.task, *values).go() for values in _TASKS]
    stage.table(
        ("task_id", "title", "status", "points", "headline", "created_at"),
        [(t.task_id, t.title, t.status, t.points, t.headline, t.created_at) for t in tasks],
    )
    page = stage.go(
        "Everything about an employee: three entities, one query", everything_of, app.collections
    )
    stage.table(
        ("entity", "record"),
        [(alias, getattr(record, "title", None) or record.name) for alias, record in page.entries],
    )
    closed = stage.go(
        "Close a task, on a condition: it leaves the sparse index, its headline is derived again",
        close_task,
        entities.task,
        response="all_new",
    )
    stage.table(
        ("task_id", "status", "points", "headline", "updated_at"),
        [(closed.task_id, closed.status, closed.points, closed.headline, closed.updated_at)],
    )
    left = stage.go("The open tasks of 3 points or more", open_tasks, entities.task, request=False)
    stage.table(("task_id", "title", "points"), [(t.task_id, t.title, t.points) for t in left])


def _collide_and_page(stage: Stage, task: Entity) -> None:
    stage.refused(
        "Keys fold case, so T1 has the key of t1: refused, not overwritten", upper_case, task
    )
    first = stage.go("A page of three", tasks_of_project, task, limit=3, request=False)
    _show(stage, first)
    second = stage.go(
        "The next page, with the first page's cursor",
        tasks_of_project,
        task,
        limit=3,
        cursor=first.cursor,
        request=False,
    )
    _show(stage, second)
    stage.step("What would it cost? explain() says it without a request")
    for chain in (by_status, by_project_and_status):
        stage.explain(chain, task)


def new_employee(employee: Entity) -> Any:
    """Create an employee."""
    return employee.create(
        organization_id="acme", employee_id="e1", name="Ada", team="jupiter", salary=90_000
    )


def new_member(project_member: Entity) -> Any:
    """Make the employee a member of the project."""
    return project_member.create(project_id="p1", employee_id="e1", name="Ada")


def new_task(task: Entity, task_id: str, title: str, points: int) -> Any:
    """Create a task that is assigned to the employee."""
    return task.create(
        task_id=task_id, project_id="p1", employee_id="e1", title=title, points=points
    )


def everything_of(collections: Any) -> Any:
    """Find everything that concerns an employee."""
    return collections.contributions(employee_id="e1")


def close_task(task: Entity) -> Any:
    """Close a task if it still has fewer than 9 points."""
    return (
        task.patch(project_id="p1", task_id="t4")
        .set(status="closed", points=7)
        .composite(employee_id="e1")
        .where(task.attr.points < 9)
    )


def open_tasks(task: Entity) -> Any:
    """Find the open tasks of at least 3 points."""
    return task.query.assigned(employee_id="e1").where(task.attr.points >= 3)


def upper_case(task: Entity) -> Any:
    """Create a task whose id differs only by case, so that it has the same key."""
    return task.create(project_id="p1", task_id="T1", employee_id="e1", title="Another task")


def tasks_of_project(task: Entity) -> Any:
    """Find the tasks of a project."""
    return task.query.project(project_id="p1")


def by_status(task: Entity) -> Any:
    """Match by status, with which no access pattern begins."""
    return task.match(status="open")


def by_project_and_status(task: Entity) -> Any:
    """Match by project and status; one access pattern begins with the project."""
    return task.match(project_id="p1", status="open")


def _show(stage: Stage, page: Any) -> None:
    stage.table(
        ("tasks", "cursor"),
        [(", ".join(t.task_id for t in page), page.cursor or "none: this is the end")],
    )
