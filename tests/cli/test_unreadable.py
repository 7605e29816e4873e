"""Items that cannot be read, on the command line: an error, or named at the end."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from leyden.program import Request
from tests.cli.conftest import OnTable

READS = (
    ("query", "task.project", "project_id=p1"),
    ("query", "collections.overview", "project_id=p1"),
    ("scan", "task"),
)


@pytest.fixture
def spoilt(on_table: OnTable) -> OnTable:
    """A table with three tasks, of which `t001` has text for points."""
    on_table.put_tasks(3)
    with on_table.service as app:
        task = app.entities.task
        (item,) = task.query.project(project_id="p1", task_id="t001").go(data="raw")
        item = {**item, "points": {"S": "hush"}}
        app.driver.send(Request("PutItem", {"TableName": on_table.table, "Item": item}))  # type: ignore[attr-defined]
    return on_table


@pytest.mark.parametrize("read", READS)
def test_reads_name_the_item_and_go_on_where_asked_to(
    spoilt: OnTable, read: tuple[str, ...]
) -> None:
    refused = spoilt(*read, "--json")
    assert refused.exit_code == 1
    assert refused.stdout == ""
    assert "taskid_t001" in refused.stderr.replace("\n", "")
    collected = spoilt(*read, "--json", "--unreadable", "collect")
    assert collected.exit_code == 1
    items = json.loads(collected.stdout)["items"]
    assert [item.get("record", item)["task_id"] for item in items] == ["t000", "t002"]
    assert "unreadable [item.unreadable]" in collected.stderr
    assert "taskid_t001" in collected.stderr
    assert "hush" not in collected.stderr + refused.stderr


def test_an_export_of_records_leaves_the_item_out_and_names_it(
    spoilt: OnTable, tmp_path: Path
) -> None:
    file = tmp_path / "tasks.jsonl"
    refused = spoilt("export", "--to", str(file), "--records")
    assert refused.exit_code == 1
    assert "taskid_t001" in refused.stderr.replace("\n", "")
    collected = spoilt(
        "export", "--to", str(file), "--records", "--overwrite", "--unreadable", "collect"
    )
    assert collected.exit_code == 1
    assert len(file.read_text().splitlines()) == 2
    assert "taskid_t001" in collected.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["tasks.jsonl"]


def test_what_can_be_read_ends_with_0(on_table: OnTable) -> None:
    on_table.put_tasks(2)
    assert on_table("scan", "task", "--unreadable", "collect").exit_code == 0
    assert on_table("export", "--to", "-", "--records", "--unreadable", "collect").exit_code == 0
