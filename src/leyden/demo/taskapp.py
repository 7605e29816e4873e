"""The demo's second half: the schemas of the tutorial, one feature after the other."""

from __future__ import annotations

from typing import Any

from leyden.demo.stage import Stage
from leyden.engine import LocalEngine
from leyden.operations.put import Create
from leyden.operations.update import Patch
from leyden.service.entity import Entity
from leyden.service.loading import load
from leyden.service.service import Collections, Service
from leyden.shipped import schemas_folder

_TASKS = (
    ("t1", "Wind the coil", 3),
    ("t2", "Fill the jar", 5),
    ("t3", "Ground it", 2),
    ("t4", "Charge it", 8),
    ("t5", "Discharge it", 1),
)


def taskapp(stage: Stage, engine: LocalEngine) -> None:
    """Write, query by collection, change under a condition, collide, page, explain."""
    stage.chapter(
        "A service of your own",
        """The schemas of the folder `taskapp` are the tutorial's: employees, projects' members
        and tasks in one table, with two collections, a sparse index and a derived attribute.""",
    )
    stage.code('app = leyden.load(schemas_folder("taskapp"), engine=engine)')
    with load(schemas_folder("taskapp"), engine=engine) as app:
        app.create_table()
        _write(stage, app)
        _collect(stage, app)
        _change(stage, app.entities.task)
        _collide(stage, app.entities.task)
        _page(stage, app.entities.task)
        _explain(stage, app.entities.task)


def new_employee(employee: Entity) -> Create:
    """Somebody to do the work."""
    return employee.create(
        organization_id="acme", employee_id="e1", name="Ada", team="jupiter", salary=90_000
    )


def new_member(project_member: Entity) -> Create:
    """A place in the project."""
    return project_member.create(project_id="p1", employee_id="e1", name="Ada")


def new_task(task: Entity, task_id: str, title: str, points: int) -> Create:
    """A task, assigned."""
    return task.create(
        task_id=task_id, project_id="p1", employee_id="e1", title=title, points=points
    )


def _write(stage: Stage, app: Service) -> None:
    entities = app.entities
    stage.go("An employee", new_employee, entities.employee, request=False)
    stage.go("A member of a project", new_member, entities.project_member, request=False)
    stage.step("Five tasks: status, times and headline are filled in")
    tasks = [new_task(entities.task, *values).go() for values in _TASKS]
    stage.table(
        ("task_id", "title", "status", "points", "headline", "created_at"),
        [(t.task_id, t.title, t.status, t.points, t.headline, t.created_at) for t in tasks],
    )


def everything_of(collections: Collections) -> Any:
    """All that an employee has to do with."""
    return collections.contributions(employee_id="e1")


def _collect(stage: Stage, app: Service) -> None:
    page = stage.go(
        "Everything of an employee: three entities, one query", everything_of, app.collections
    )
    stage.table(
        ("entity", "record"),
        [(alias, getattr(record, "title", None) or record.name) for alias, record in page.entries],
    )


def close_task(task: Entity) -> Patch:
    """Close a task, if it is still worth what we think."""
    return (
        task.patch(project_id="p1", task_id="t4")
        .set(status="closed", points=7)
        .composite(employee_id="e1")
        .where(task.attr.points < 9)
    )


def open_tasks(task: Entity) -> Any:
    """What is left to do."""
    return task.query.assigned(employee_id="e1").where(task.attr.points >= 3)


def _change(stage: Stage, task: Entity) -> None:
    closed = stage.go(
        "Close a task, on a condition: it leaves the sparse index, its headline is derived again",
        close_task,
        task,
        response="all_new",
    )
    stage.table(
        ("task_id", "status", "points", "headline", "updated_at"),
        [(closed.task_id, closed.status, closed.points, closed.headline, closed.updated_at)],
    )
    left = stage.go("What is left to do, from 3 points up", open_tasks, task, request=False)
    stage.table(("task_id", "title", "points"), [(t.task_id, t.title, t.points) for t in left])


def upper_case(task: Entity) -> Create:
    """Another id, the same key: keys fold case."""
    return task.create(project_id="p1", task_id="T1", employee_id="e1", title="Another task")


def _collide(stage: Stage, task: Entity) -> None:
    stage.refused(
        "Keys fold case, so T1 has the key of t1: refused, not overwritten", upper_case, task
    )


def tasks_of_project(task: Entity) -> Any:
    """The tasks of a project."""
    return task.query.project(project_id="p1")


def _page(stage: Stage, task: Entity) -> None:
    first = stage.go("A page of three", tasks_of_project, task, limit=3, request=False)
    _show(stage, first)
    second = stage.go(
        "The next page, by the first one's cursor",
        tasks_of_project,
        task,
        limit=3,
        cursor=first.cursor,
        request=False,
    )
    _show(stage, second)


def _show(stage: Stage, page: Any) -> None:
    stage.table(
        ("tasks", "cursor"),
        [(", ".join(t.task_id for t in page), page.cursor or "none: this is the end")],
    )


def by_status(task: Entity) -> Any:
    """No access pattern has the status in front."""
    return task.match(status="open")


def by_project_and_status(task: Entity) -> Any:
    """One has the project."""
    return task.match(project_id="p1", status="open")


def _explain(stage: Stage, task: Entity) -> None:
    stage.step("What would it cost? Asked before anything is sent")
    for chain in (by_status, by_project_and_status):
        stage.explain(chain, task)
