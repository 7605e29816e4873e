"""An entity that sends nothing: every test here looks at requests, none at a network."""

from __future__ import annotations

from typing import Any

import pytest

import leyden

TASKS = """
entity: tasks
alias: task
version: "1"
service: taskapp
attributes:
  task_id: {type: string, required: true, field: taskId, label: taskId}
  project_id: {type: string, required: true}
  employee_id: string
  status: {type: [open, closed], default: open}
  points: {type: number, min: 0}
  tags: {type: set, items: string}
  history: {type: list, items: string}
  detail: {type: map, properties: {owner: string, effort: number}}
  made_at: {type: timestamp, read_only: true}
  title: {type: string, required: true, default: untitled}
  headline: {type: string, derive: "join(' ', [status, title])"}
  area: string
  rank: {type: integer, min: 0, padding: {length: 4, char: "0"}}
indexes:
  project:
    pk: {field: pk, composite: [project_id]}
    sk: {field: sk, composite: [task_id]}
  assigned:
    index: gsi1
    when: "status == 'open'"
    pk: {field: gsi1pk, composite: [employee_id]}
    sk: {field: gsi1sk, composite: []}
  ranked:
    index: gsi2
    pk: {field: gsi2pk, composite: [area]}
    sk: {field: gsi2sk, composite: [rank, made_at]}
"""


@pytest.fixture(scope="session")
def task() -> leyden.Entity:
    return leyden.load(TASKS, table="tasks").entities.task


@pytest.fixture(scope="session")
def shown() -> Any:
    """An UpdateExpression, or any other, with its names and values in place."""
    from leyden.operations.plan.reads import show

    return lambda params, which: show(params[which], params)
