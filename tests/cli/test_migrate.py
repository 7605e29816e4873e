"""`leyden migrate`: a plan, a question, a run that goes on, and the way back."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final

import pytest

import leyden
from leyden.cli.commands import migrate as command
from tests.cli.conftest import OnTable, leyden_command

OLD: Final = """
entity: tasks
alias: task
version: "1"
service: taskapp
attributes:
  project: {type: string, required: true}
  id: {type: string, required: true}
  employee: string
  points: number
  pin: {type: string, hidden: true}
indexes:
  tasks:
    pk: {field: pk, composite: [project]}
    sk: {field: sk, composite: [id]}
"""
NEW: Final = OLD.replace("employee: string", "assignee: string").replace(
    "points: number", "points: {type: number, min: 1}"
)
FILE: Final = """
migration: assignee
from: assignee.from
entities:
  task:
    attributes:
      assignee: {from: employee}
"""


@pytest.fixture
def folder(tmp_path: Path, on_table: OnTable) -> Path:
    """The new schemas, the migration with the old ones beside it, and a table of old items."""
    (tmp_path / "schemas").mkdir()
    (tmp_path / "schemas" / "task.yaml").write_text(NEW)
    (tmp_path / "assignee.from").mkdir()
    (tmp_path / "assignee.from" / "task.yaml").write_text(OLD)
    (tmp_path / "assignee.yaml").write_text(FILE)
    app = leyden.load(OLD, table=on_table.table, engine=on_table.engine)
    tasks = [
        {"project": "p", "id": f"t{n:02}", "employee": f"e{n}", "points": 5, "pin": "4711"}
        for n in range(12)
    ]
    app["task"].put(tasks).go()
    return tmp_path


def run(folder: Path, on_table: OnTable, *options: str, stdin: str | None = None) -> Any:
    return leyden_command(
        "migrate",
        str(folder / "schemas"),
        str(folder / "assignee.yaml"),
        *on_table.place,
        *options,
        stdin=stdin,
    )


def employees(folder: Path, on_table: OnTable, name: str) -> list[Any]:
    schemas = OLD if name == "employee" else folder / "schemas"
    app = leyden.load(schemas, table=on_table.table, engine=on_table.engine)
    found = app["task"].query.tasks(project="p").go(pages="all")
    return [getattr(record, name) for record in found]


@pytest.mark.parametrize("how", ["--dry-run", "--yes", "--rollback", "--commit"])
def test_a_file_that_asks_something_is_refused(folder: Path, on_table: OnTable, how: str) -> None:
    asking = "  task:\n    decide: [whether it is the same]\n"
    (folder / "assignee.yaml").write_text(FILE.replace("  task:\n", asking))
    result = run(folder, on_table, how)
    assert (result.exit_code, result.stdout) == (1, "")
    assert "assignee.yaml:6:14: migration.undecided: still to decide: whether" in result.stderr
    assert employees(folder, on_table, "employee") == [f"e{n}" for n in range(12)]


def test_a_dry_run_says_everything_and_changes_nothing(folder: Path, on_table: OnTable) -> None:
    result = run(folder, on_table, "--dry-run", "--rate", "10")
    assert result.exit_code == 0, result.output
    assert "assignee: move 12 items of the table" in result.stdout
    assert "task    0        12        0              0" in result.stdout
    assert "about" in result.stdout
    assert "capacity units" in result.stdout
    assert "at 10 a second" in result.stdout
    assert result.stdout.count("employee: ") == 10, "ten samples"
    assert 'employee: "e0" -> (none)' in result.stdout
    assert 'assignee: (none) -> "e0"' in result.stdout
    assert "4711" not in result.output
    assert employees(folder, on_table, "employee") == [f"e{n}" for n in range(12)]


def test_without_a_terminal_it_asks_for_yes(folder: Path, on_table: OnTable) -> None:
    result = run(folder, on_table)
    assert result.exit_code == 2
    assert "add --yes" in result.stderr


def test_on_a_terminal_it_shows_the_plan_and_asks(
    folder: Path, on_table: OnTable, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(command, "can_ask", lambda: True)
    result = run(folder, on_table, stdin="n\n")
    assert result.exit_code == 1
    assert "Move 12 items?" in result.stderr
    assert "nothing was changed" in result.stderr
    assert employees(folder, on_table, "employee") == [f"e{n}" for n in range(12)]
    result = run(folder, on_table, stdin="y\n")
    assert result.exit_code == 0, result.output
    assert "moved 12 items, 2 passes" in result.stderr
    assert employees(folder, on_table, "assignee") == [f"e{n}" for n in range(12)]
    result = run(folder, on_table, "--commit", stdin="n\n")
    assert "with no way back?" in result.stderr
    assert result.exit_code == 1


def test_it_runs_rolls_back_and_commits(folder: Path, on_table: OnTable) -> None:
    result = run(folder, on_table, "--yes")
    assert result.exit_code == 0, result.output
    assert "all items are in the new form" in result.stderr
    result = run(folder, on_table, "--rollback", "--json")
    assert result.exit_code == 0, result.output
    said = json.loads(result.stdout)
    assert (said["phase"], said["moved"], said["complete"]) == ("rolled_back", 12, True)
    assert employees(folder, on_table, "employee") == [f"e{n}" for n in range(12)]
    result = run(folder, on_table, "--commit")
    assert result.exit_code == 1
    assert "it was rolled back; run it until all items are verified" in result.stderr
    run(folder, on_table, "--yes")
    result = run(folder, on_table, "--commit")
    assert result.exit_code == 0, result.output
    assert "this can no longer be rolled back" in result.stderr
    result = run(folder, on_table, "--rollback")
    assert result.exit_code == 1
    assert "migration.refused" in result.stderr


def test_a_plan_is_refused_as_the_run_would_be(folder: Path, on_table: OnTable) -> None:
    for options in (("--dry-run",), ("--yes",)):
        refused = run(folder, on_table, "--commit", *options)
        assert refused.exit_code == 1
        assert "it has not run; run it until all items are verified" in refused.stderr


def test_old_schemas_that_fit_no_item_are_told_of(folder: Path, on_table: OnTable) -> None:
    old, new = folder / "assignee.from" / "task.yaml", folder / "schemas" / "task.yaml"
    for path, text in ((old, OLD), (new, NEW)):
        path.write_text(text.replace("service: taskapp", "service: another"))
    said = "no item of the table belongs to the migration's entities"
    planned = run(folder, on_table, "--dry-run")
    assert said in planned.stdout
    done = run(folder, on_table, "--yes")
    assert said in done.stderr
    assert "all items are in the new form" not in done.stderr


def test_items_that_cannot_be_moved_are_listed_and_the_exit_code_is_1(
    folder: Path, on_table: OnTable
) -> None:
    file = folder / "assignee.yaml"
    file.write_text(FILE + "      points: {value: points}\n")
    schema = folder / "schemas" / "task.yaml"
    schema.write_text(NEW.replace('version: "1"', 'version: "2"'))
    app = leyden.load(OLD, table=on_table.table, engine=on_table.engine)
    app["task"].put(project="p", id="t99", points=0).go()
    result = run(folder, on_table, "--dry-run")
    assert result.exit_code == 1
    result = run(folder, on_table, "--yes")
    assert result.exit_code == 1
    assert "$tasks_1#id_t99" in result.stdout
    assert '"points" must be at least 1' in result.stdout
    assert "left 1 item that cannot be moved" in result.stderr
    said = json.loads(run(folder, on_table, "--yes", "--json").stdout)
    assert said["failed"] == 1
    assert said["failures"][0]["key"]["sk"] == {"S": "$tasks_1#id_t99"}


def test_a_plan_is_data_as_well(folder: Path, on_table: OnTable) -> None:
    said = json.loads(run(folder, on_table, "--dry-run", "--json").stdout)
    assert (said["writes"], said["phase"], said["direction"]) == (12, None, "forward")
    assert said["samples"][0]["changes"][0]["after"] == {"S": "e0"}
    assert len(said["samples"]) == 10


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--rollback", "--commit"), "only one of --rollback and --commit"),
        (("--dry-run", "--yes"), "only one of --dry-run and --yes"),
    ],
)
def test_wrong_usage(folder: Path, on_table: OnTable, options: tuple[str, ...], said: str) -> None:
    result = run(folder, on_table, *options)
    assert result.exit_code == 2
    assert said in result.stderr


def test_a_copy_says_that_it_does_not_follow_deletions(folder: Path, on_table: OnTable) -> None:
    other = f"{on_table.table}-copy"
    leyden.load(NEW, table=other, engine=on_table.engine).create_table()
    file = folder / "assignee.yaml"
    file.write_text(f"{FILE}copy: {{table: {other}}}\n")
    done = run(folder, on_table, "--yes")
    assert done.exit_code == 0
    assert f"all items are in the table {other}. What was deleted here" in done.stderr
    assert "--commit" not in done.stderr
    report = json.loads(run(folder, on_table, "--yes", "--json").stdout)
    assert (report["copied_to"], report["complete"]) == (other, True)
